/**
 * Decides when the write-ahead log is long enough to be folded into the database, and lets a worker do it.
 * The writer waits for it between two batches: a checkpoint beside a busy writer never catches up.
 */
import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

const STEP = 8 * 1_048_576;

export class Checkpointer {
  readonly #path: string;
  #worker: Worker | undefined;
  #threshold = STEP;

  constructor(path: string) {
    this.#path = path;
  }

  /** Waits for a checkpoint when the log has grown past the threshold; a busy reader postpones it by another step. */
  async whenLong(): Promise<void> {
    const size = statSync(`${this.#path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    if (size < this.#threshold) return;
    const { busy } = await this.#ask();
    this.#threshold = busy ? size + STEP : STEP;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#worker = undefined;
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage('close');
    await gone;
  }

  #ask(): Promise<{ busy: boolean }> {
    const file = new URL('./checkpoint-worker.mjs', import.meta.url);
    this.#worker ??= new Worker(file, { workerData: this.#path });
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', (message: { busy: boolean }) => {
        worker.off('error', reject);
        resolve(message);
      });
      worker.postMessage('checkpoint');
    });
  }
}
