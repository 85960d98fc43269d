/** The program `convene` as a process of its own, as an operator runs it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { LISTENERS, portName } from '../../src/config.ts';
import { packageRoot } from '../../src/package-root.ts';

const PROGRAM = join(packageRoot, 'bin', 'convene.js');

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunningServer {
  readonly process: ChildProcess;
  /** Standard output until the ready line, that line included. */
  readonly introduction: string;
  /** Of the plain listener. */
  readonly port: number;
  readonly ended: Promise<Ended>;
}

/** Only HTTP, on a free port, with nothing of the caller's own settings. */
export function environmentFor(data: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(CONVENE_|NODE_OPTIONS|TAP|_TAPJS)/.test(name));
  const settings = {
    ...Object.fromEntries(LISTENERS.map((listener) => [portName(listener), listener === 'http' ? '0' : ''])),
    CONVENE_DATA: data,
    CONVENE_DOMAIN: 'example.org',
    CONVENE_DNS_SERVERS: '127.0.0.1:9',
  };
  return { ...(Object.fromEntries(inherited) as Record<string, string>), ...settings, ...more };
}

/** Runs one command to its end. */
export function convene(words: readonly string[], environment: Record<string, string>, input = ''): Promise<Ended> {
  const child = spawn(process.execPath, [PROGRAM, ...words], { env: environment });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return endOf(child);
}

/** Starts a server and waits for its ready line. */
export async function startProgram(environment: Record<string, string>): Promise<RunningServer> {
  const child = spawn(process.execPath, [PROGRAM, 'serve'], { env: environment });
  const ended = endOf(child);
  let introduction = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      introduction += chunk.toString();
      if (/^convene ready.*\n/m.test(introduction)) resolve();
    });
    ended.then(({ code, err }) => reject(new Error(`the server ended with ${code}: ${err}`)), reject);
  });
  const port = Number(/^convene ready.*? http:\/\/[^ ]*:(\d+)\//m.exec(introduction)?.[1] ?? 0);
  return { process: child, introduction, port, ended };
}

function endOf(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve, reject) => {
    let out = '';
    let err = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, err }));
  });
}
