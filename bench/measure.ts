/** One measurement of one row: the load generator as a process, and the server's CPU, memory and event loop around it. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Floor, FloorName } from './floors.ts';
import type { Job, JobResult, Message } from './load.ts';
import { cpuMs, memoryMb } from './process-figures.ts';
import { median } from './statistics.ts';

/** What is measured: a process tree, and where it writes its event-loop delays if it can. */
export interface Measured {
  readonly pid: number;
  readonly loopFile?: string;
}

export interface RowResult extends JobResult {
  /** CPU of the server's process tree, per operation. */
  readonly cpuMs: number;
  readonly loopP99Ms: number | undefined;
  readonly loopMaxMs: number | undefined;
  readonly rssMb: number;
  readonly rounds: number;
}

const LOAD = fileURLToPath(new URL('./load.ts', import.meta.url));
const FLOORS = fileURLToPath(new URL('./floors.ts', import.meta.url));

async function loopDelay({ pid, loopFile }: Measured): Promise<{ p99: number; max: number } | undefined> {
  if (loopFile === undefined) return undefined;
  rmSync(loopFile, { force: true });
  process.kill(pid, 'SIGUSR2');
  for (let i = 0; i < 200 && !existsSync(loopFile); i++) await sleep(5);
  return JSON.parse(readFileSync(loopFile, 'utf8')) as { p99: number; max: number };
}

function nextMessage(child: ChildProcess): Promise<Message> {
  return Promise.race([
    once(child, 'message').then(([message]) => message as Message),
    once(child, 'exit').then(([code]): Message => ({ failed: `the load generator ended with ${code}` })),
  ]);
}

/** Runs a job once. */
export async function measureOnce(server: Measured, job: Job): Promise<RowResult> {
  const child = fork(LOAD, { execArgv: ['--import=tsx'] });
  try {
    child.send(job);
    const ready = await nextMessage(child);
    if (!('ready' in ready)) throw new Error('failed' in ready ? ready.failed : 'no answer');
    await loopDelay(server);
    const before = cpuMs(server.pid);
    child.send('go');
    const message = await nextMessage(child);
    const used = cpuMs(server.pid) - before;
    if (!('done' in message)) throw new Error('failed' in message ? message.failed : 'no answer');
    const loop = await loopDelay(server);
    return {
      ...message.done,
      cpuMs: used / message.done.requests,
      loopP99Ms: loop?.p99,
      loopMaxMs: loop?.max,
      rssMb: memoryMb(server.pid).rss,
      rounds: 1,
    };
  } finally {
    child.disconnect();
  }
}

/** The round with the median rate, with the worst loop delay of all; a wrong answer in any round makes the row wrong. */
export async function measureRow(server: Measured, jobs: readonly Job[]): Promise<RowResult> {
  const rounds: RowResult[] = [];
  for (const job of jobs) rounds.push(await measureOnce(server, job));
  const middle = median(rounds.map((round) => round.opsPerSecond));
  const [chosen] = [...rounds].sort((a, b) => Math.abs(a.opsPerSecond - middle) - Math.abs(b.opsPerSecond - middle));
  if (chosen === undefined) throw new Error('no rounds');
  const worst = (of: (round: RowResult) => number | undefined) => {
    const values = rounds.map(of).filter((value) => value !== undefined);
    return values.length === 0 ? undefined : Math.max(...values);
  };
  return {
    ...chosen,
    cpuMs: median(rounds.map((round) => round.cpuMs)),
    p99Ms: median(rounds.map((round) => round.p99Ms)),
    loopP99Ms: worst((round) => round.loopP99Ms),
    loopMaxMs: worst((round) => round.loopMaxMs),
    wrong: rounds.find((round) => round.wrong !== undefined)?.wrong,
    rounds: rounds.length,
  };
}

/** The floors, in a process of their own. */
export async function measureFloors(): Promise<Record<FloorName, Floor>> {
  const child = spawn(process.execPath, ['--import=tsx', FLOORS], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error('the floors could not be measured');
  return JSON.parse(Buffer.concat(pieces).toString()) as Record<FloorName, Floor>;
}
