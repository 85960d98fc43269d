/**
 * Preloaded into a server that is measured: on SIGUSR2 writes how long its event loop was kept from timers since the last
 * time, as JSON in milliseconds, to the file named by BENCH_LOOP_FILE, and starts anew.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const file = process.env.BENCH_LOOP_FILE;
const RESOLUTION = 2;

if (file) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  const milliseconds = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
  process.on('SIGUSR2', () => {
    const figures = { p99: milliseconds(delay.percentile(99)), max: milliseconds(delay.max) };
    delay.reset();
    writeFileSync(`${file}.new`, JSON.stringify(figures));
    renameSync(`${file}.new`, file);
  });
}
