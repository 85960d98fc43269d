/**
 * The real server as a process of its own, for what cannot be tested inside one: kills, power cuts, outside clients, load.
 * It gets a data folder, a free port and an environment of nothing else; people are added by the command line beforehand.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LISTENERS = ['HTTPS', 'IMAP', 'IMAPS', 'POP3', 'POP3S', 'SUBMISSION', 'SUBMISSIONS', 'SMTP', 'LMTP'];

export interface ServerProcessOptions {
  readonly data: string;
  /** Arguments of node that run the command line: from source by default, `built` for the compiled one. */
  readonly program?: readonly string[];
  /** 0 or missing: a free one. */
  readonly port?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Milliseconds until it must be ready; 30 s by default. */
  readonly patience?: number;
}

export interface ServerProcess {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly child: ChildProcess;
  /** Resolves with exit code and signal. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** What it printed so far. */
  output(): string;
  /** Milliseconds from its start to the ready line. */
  readonly startedIn: number;
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL after ten seconds. */
  stop(): Promise<void>;
}

/** node arguments for the command line of the source tree. */
export const FROM_SOURCE: readonly string[] = ['--import=tsx', join(ROOT, 'test/support/command-line.ts')];
/** node arguments for the program as people run it, which builds first when the source is newer. */
export const BUILT: readonly string[] = [join(ROOT, 'bin/convene.js')];

export interface Person {
  readonly name: string;
  readonly password: string;
}

/** `count` people user01, user02, … whose password is their name, as outside suites expect them. */
export function people(count: number): Person[] {
  return Array.from({ length: count }, (_, i) => {
    const name = `user${String(i + 1).padStart(2, '0')}`;
    return { name, password: name };
  });
}

function environmentOf(data: string, port: number, more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    TMPDIR: process.env['TMPDIR'],
    CONVENE_DATA: data,
    CONVENE_HOST: '127.0.0.1',
    CONVENE_DOMAIN: 'example.com',
    // Nothing answers there: no run asks the internet.
    CONVENE_DNS_SERVERS: '127.0.0.1:9',
    CONVENE_LOG_LEVEL: 'error',
    CONVENE_HTTP_PORT: String(port),
  };
  for (const name of LISTENERS) environment[`CONVENE_${name}_PORT`] = '';
  return { ...environment, ...more };
}

/** Adds people named like their addresses at example.com, display name "User NN". Uses a running server when there is one. */
export function addPeople(data: string, list: readonly Person[], program: readonly string[] = FROM_SOURCE): void {
  const file = `${data}.people.csv`;
  const lines = list.map(({ name, password }) => `${name}@example.com,${name},User ${name.slice(4)},${password}`);
  writeFileSync(file, ['address,name,display name,password', ...lines, ''].join('\n'));
  runCommand(data, ['user', 'import', file], program);
}

/** Runs one command of the command line; throws with what it printed when it fails. */
export function runCommand(data: string, words: readonly string[], program: readonly string[] = FROM_SOURCE): string {
  const result = spawnSync(process.execPath, [...program, ...words], {
    cwd: ROOT,
    env: environmentOf(data, 0),
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (result.status !== 0)
    throw new Error(`convene ${words.join(' ')} ended with ${result.status}:\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Starts the server and waits for its ready line. */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const port = options.port || (await freePort());
  const began = performance.now();
  const child = spawn(process.execPath, [...(options.program ?? FROM_SOURCE), 'serve'], {
    cwd: ROOT,
    env: environmentOf(options.data, port, options.environment),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pieces: string[] = [];
  let length = 0;
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  const ready = new Promise<void>((resolve) => {
    const keep = (chunk: Buffer) => {
      if (length < 1_000_000) pieces.push(chunk.toString());
      length += chunk.length;
      if (pieces.join('').includes('convene ready')) resolve();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
  });
  const output = () => pieces.join('');
  const timer = setTimeout(() => child.kill('SIGKILL'), options.patience ?? 30_000);
  await Promise.race([
    ready,
    ended.then(({ code, signal }) => {
      throw new Error(`the server ended before it was ready (${code ?? signal}):\n${output()}`);
    }),
  ]).finally(() => clearTimeout(timer));
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    child,
    ended,
    output,
    startedIn: performance.now() - began,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(late);
    },
  };
}
