/**
 * Decides when the write-ahead log is long enough to be folded into the database, and lets a worker do it.
 * The worker copies pages beside a busy writer. What was written meanwhile is little, and only for that the writer waits, so
 * that all of the log is in the database for a moment and the next commit begins at the head of it again. The file keeps its
 * length: a flush of a file that grows takes twice as long.
 */
import { Worker } from 'node:worker_threads';
import type { Database, Statement } from 'better-sqlite3';

/** Pages that are in the log alone and worth folding: 16 MB. */
const WORTH_FOLDING = 4_096;
/** The writer waits for so few pages: a flush and little more. */
const WORTH_WAITING = 128;
/** Rounds beside the writer; one that writes faster than they copy waits all the same. */
const ROUNDS = 3;
/** With so many pages in the log the writer waits for the worker, and a file longer than that is cut: 64 MB. */
const TOO_LONG = 16_384;
const PAGE_OCTETS = 4_096;
/** After a fold that failed, because the disk is full, so long until the next: room may come back at any time. */
const AFTER_FAILURE_MS = 500;

export class Checkpointer {
  readonly #path: string;
  readonly #state: Statement<[], { readonly log: number; readonly checkpointed: number }>;
  #worker: Worker | undefined;
  /** The round that is going on beside the writer. */
  #round: Promise<void> | undefined;
  #rounds = 0;
  #threshold = WORTH_FOLDING;
  /** When the last fold failed; undefined when it did not. */
  #failedAt: number | undefined;

  /** `writing` is the connection of the writer, from which the log is looked at. */
  constructor(path: string, writing: Database) {
    this.#path = path;
    writing.pragma(`journal_size_limit = ${TOO_LONG * PAGE_OCTETS}`);
    this.#state = writing.prepare('PRAGMA wal_checkpoint(NOOP)');
  }

  /** The writer calls it between two batches, and waits when little is left to fold, or far too much. */
  async betweenBatches(): Promise<void> {
    const log = this.#log();
    if (this.#round !== undefined) {
      if (log.length < TOO_LONG) return;
      await this.#round;
    }
    if (this.#failedAt !== undefined && performance.now() - this.#failedAt < AFTER_FAILURE_MS) return;
    const { alone } = this.#log();
    if (this.#rounds === 0 && alone < this.#threshold) return;
    if (this.#rounds < ROUNDS && alone > WORTH_WAITING) {
      this.#rounds++;
      this.#round = this.#fold().then(() => {
        this.#round = undefined;
      });
      return;
    }
    if (alone > 0) await this.#fold();
    this.#rounds = 0;
    // What a reader still needs is postponed by another step; what had no room is not: a log on a full disk cannot grow by one.
    this.#threshold = this.#failedAt === undefined ? this.#log().alone + WORTH_FOLDING : WORTH_FOLDING;
  }

  async close(): Promise<void> {
    await this.#round;
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#worker = undefined;
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage('close');
    await gone;
  }

  /** Pages in the log, and those of them that are not in the database yet. */
  #log(): { length: number; alone: number } {
    const { log, checkpointed } = this.#state.get() ?? { log: 0, checkpointed: 0 };
    return { length: log, alone: log - checkpointed };
  }

  /** Lets the worker fold what it can. Its failure is an uncaught exception: nobody may go on beside a log that only grows. */
  #fold(): Promise<void> {
    const file = new URL('./checkpoint-worker.mjs', import.meta.url);
    this.#worker ??= new Worker(file, { workerData: this.#path });
    const worker = this.#worker;
    return new Promise((resolve) => {
      worker.once('message', (done: boolean) => {
        this.#failedAt = done ? undefined : performance.now();
        resolve();
      });
      worker.postMessage('fold');
    });
  }
}
