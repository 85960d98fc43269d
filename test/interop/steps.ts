/**
 * What the interoperability scripts share: a fresh server with its own data folder and people, and steps that print one
 * line each. A script ends with the number of failed steps, and status 1 when there is one.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addPeople,
  freePort,
  type Person,
  people,
  type ServerProcess,
  startServerProcess,
} from '../support/server-process.ts';

export interface Steps {
  readonly server: ServerProcess;
  /** Its data folder. */
  readonly data: string;
  readonly persons: readonly Person[];
  /** A folder for what the clients keep; gone at the end. */
  readonly work: string;
  /** Runs a step and prints "ok NAME" or "FAIL NAME: why". Returns what it made, undefined after a failure. */
  step<T>(name: string, work: () => Promise<T> | T): Promise<T | undefined>;
}

export class StepFailed extends Error {
  override readonly name = 'StepFailed';
}

/** Fails the step with `why` unless `truth` holds. */
export function must(truth: unknown, why: string): asserts truth {
  if (!truth) throw new StepFailed(why);
}

/** Free ports for IMAP, as settings. */
export async function imapPorts(): Promise<{ imap: number; imaps: number; environment: Record<string, string> }> {
  const imap = await freePort();
  const imaps = await freePort();
  return { imap, imaps, environment: { CONVENE_IMAP_PORT: String(imap), CONVENE_IMAPS_PORT: String(imaps) } };
}

/** Starts a server for `count` people, runs the steps, stops everything and sets the exit status. */
export async function interop(
  title: string,
  count: number,
  run: (steps: Steps) => Promise<void>,
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const base = mkdtempSync(join(tmpdir(), 'convene-interop-'));
  const data = join(base, 'data');
  const work = join(base, 'work');
  mkdirSync(data);
  mkdirSync(work);
  const persons = people(count);
  let passed = 0;
  let failed = 0;
  try {
    addPeople(data, persons);
    const server = await startServerProcess({ data, environment });
    try {
      await run({
        server,
        data,
        persons,
        work,
        async step(name, work) {
          try {
            const made = await work();
            passed++;
            console.log(`ok   ${name}`);
            return made;
          } catch (error) {
            failed++;
            console.log(`FAIL ${name}: ${error instanceof Error ? error.message : String(error)}`);
            return undefined;
          }
        },
      });
    } finally {
      await server.stop();
      const complaints = server
        .output()
        .split('\n')
        .filter((line) => /"level":[56]0/.test(line));
      if (complaints.length > 0) console.log(`the server logged errors:\n${complaints.slice(0, 20).join('\n')}`);
    }
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
  console.log(`${title}: ${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}

export interface ProgramOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly folder?: string;
  /** Milliseconds; 120 s by default. */
  readonly patience?: number;
}

/** Runs a program; returns what it printed. Fails the step when it fails or is missing. */
export function program(command: string, words: readonly string[], options: ProgramOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, {
      cwd: options.folder,
      env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', ...options.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.patience ?? 120_000,
    });
    let output = '';
    let complaint = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.on('error', (error) => reject(new StepFailed(`${command} cannot be run: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output + complaint);
      else reject(new StepFailed(`${command} ended with ${code ?? signal}: ${lastLines(complaint || output)}`));
    });
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}

function lastLines(text: string): string {
  const lines = text.trim().split('\n');
  const errors = lines.filter((line) => /error|critical/i.test(line));
  return (errors.length > 0 ? errors : lines).slice(-3).join(' | ').slice(0, 500);
}
