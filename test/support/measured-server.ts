/**
 * The command line with a meter: on SIGUSR2 it prints how long its event loop was held at most since the last time, and how
 * much memory it takes. `measure` of a server process started with it reads that.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const delay = monitorEventLoopDelay({ resolution: 2 });
  delay.enable();
  process.on('SIGUSR2', () => {
    const longest = Math.round(delay.max / 1e5) / 10;
    const p99 = Math.round(delay.percentile(99) / 1e5) / 10;
    const rss = Math.round(process.memoryUsage.rss() / 1048576);
    const peak = Math.round(process.resourceUsage().maxRSS / 1024);
    delay.reset();
    console.log(`measured ${JSON.stringify({ longest, p99, rss, peak })}`);
  });
  await import('./command-line.ts');
}
