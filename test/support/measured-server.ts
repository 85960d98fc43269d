/**
 * The command line with a meter: on SIGUSR2 it prints how long its event loop was held at most since the last time, and how
 * much memory it takes. `measure` of a server process started with it reads that.
 * Where Linux tells it, the time in which the process was ready but other programs had the processors is not counted: then the
 * figure means the same on a busy machine.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ServerProcess } from './server-process.ts';

export interface Measured {
  /** Milliseconds. */
  readonly longest: number;
  readonly p99: number;
  /** Mebibytes resident now, and at most since the start. */
  readonly rss: number;
  readonly peak: number;
}

/** node arguments for a server with a meter. */
export const MEASURED: readonly string[] = ['--import=tsx', fileURLToPath(import.meta.url)];

/** What the meter of a server says since it was asked before. */
export async function measure(server: ServerProcess): Promise<Measured> {
  const before = server.output().length;
  server.child.kill('SIGUSR2');
  for (let waited = 0; waited < 5_000; waited += 20) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const line = /^measured (\{.*\})$/m.exec(server.output().slice(before));
    if (line !== null) return JSON.parse(line[1] ?? '{}') as Measured;
  }
  throw new Error('The server did not say what it measured.');
}

/** Milliseconds between two looks at the event loop. */
const RESOLUTION = 2;

let schedule: number | undefined;
const figures = Buffer.alloc(100);

/** Milliseconds that the main thread was ready and waited for a processor; 0 where that is not told. */
function waitedForProcessor(): number {
  try {
    schedule ??= openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
    const length = readSync(schedule, figures, 0, figures.length, 0);
    return Number(figures.toString('latin1', 0, length).split(' ')[1]) / 1e6;
  } catch {
    if (schedule !== undefined) closeSync(schedule);
    return 0;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const turns: number[] = [];
  let last = performance.now();
  let waited = waitedForProcessor();
  setInterval(() => {
    const now = performance.now();
    const waitedNow = waitedForProcessor();
    turns.push(Math.max(0, now - last - RESOLUTION - (waitedNow - waited)));
    last = now;
    waited = waitedNow;
  }, RESOLUTION).unref();
  process.on('SIGUSR2', () => {
    const sorted = turns.splice(0).sort((one, other) => one - other);
    const longest = Math.round((sorted.at(-1) ?? 0) * 10) / 10;
    const p99 = Math.round((sorted[Math.floor(sorted.length * 0.99)] ?? 0) * 10) / 10;
    const rss = Math.round(process.memoryUsage.rss() / 1048576);
    const peak = Math.round(process.resourceUsage().maxRSS / 1024);
    console.log(`measured ${JSON.stringify({ longest, p99, rss, peak })}`);
  });
  await import('./command-line.ts');
}
