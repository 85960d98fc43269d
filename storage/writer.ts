/**
 * The one writer: transactions that wait share one durable commit, without a timer.
 * It runs every queued transaction, each in a savepoint so that a failure undoes itself alone, yields once, runs what
 * arrived meanwhile, commits, and only then answers all of them; hints leave after it. A commit is on disk when it returns
 * (synchronous=FULL). Between batches it lets the checkpoint worker fold a long write-ahead log.
 */
import { setImmediate as yieldOnce } from 'node:timers/promises';
import type { ChangeNotes } from './accounts.ts';
import type { Checkpointer } from './checkpointer.ts';
import { attempt, type Connection } from './connection.ts';
import { type ChangeHint, StoreError, type Writes } from './store.ts';
import { writeTables } from './tables.ts';

/** A batch takes no further transaction after this many, or after this many milliseconds. */
const BATCH_TRANSACTIONS = 64;
const BATCH_MILLISECONDS = 10;

interface Job {
  readonly run: (write: Writes) => Promise<unknown>;
  readonly committed: ((value: unknown) => void) | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** How a transaction ended inside its batch; told to its caller after the commit. */
interface Outcome {
  readonly job: Job;
  readonly error?: unknown;
  readonly value?: unknown;
  readonly hints: ChangeHint[];
  readonly noted: number[];
}

export interface WriterOptions {
  readonly boot: number;
  readonly now: () => number;
  readonly onChange: (hint: ChangeHint) => void;
  /** A flush failed, or a transaction waited for something else: the process must end (it may not guess what is on disk). */
  readonly onFatal: (error: Error) => void;
}

export class Writer {
  readonly #connection: Connection;
  readonly #checkpointer: Checkpointer;
  readonly #options: WriterOptions;
  readonly #writes: Writes;
  readonly #notes: ChangeNotes;
  readonly #noted = new Set<number>();
  readonly #queue: Job[] = [];
  readonly #statements;
  #batches: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(connection: Connection, checkpointer: Checkpointer, options: WriterOptions) {
    this.#connection = connection;
    this.#checkpointer = checkpointer;
    this.#options = options;
    this.#notes = { boot: options.boot, hints: [], noted: this.#noted, notedNow: [] };
    this.#writes = writeTables(connection, this.#notes, options.now);
    const { database } = connection;
    this.#statements = {
      begin: database.prepare('BEGIN IMMEDIATE'),
      commit: database.prepare('COMMIT'),
      rollback: database.prepare('ROLLBACK'),
      savepoint: database.prepare('SAVEPOINT job'),
      release: database.prepare('RELEASE job'),
      undo: database.prepare('ROLLBACK TO job'),
    };
  }

  /** Runs `run` in a transaction; resolves when it is durable. `committed` hears first, in the order of commits. */
  transaction<T>(run: (write: Writes) => Promise<T>, committed?: (value: T) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#queue.push({
        run,
        committed: committed as ((value: unknown) => void) | undefined,
        resolve: resolve as (value: unknown) => void,
        reject,
      });
      this.#batches ??= this.#work();
    });
  }

  /** Resolves when nothing is queued any more. */
  async idle(): Promise<void> {
    await this.#batches;
  }

  async #work(): Promise<void> {
    // The caller of transaction() goes on first, so that several of its calls share even the first batch.
    await undefined;
    try {
      while (this.#queue.length > 0 && this.#failure === undefined) {
        await this.#batch();
        await this.#checkpointer.betweenBatches();
      }
    } finally {
      this.#batches = undefined;
      if (this.#failure !== undefined) for (const job of this.#queue.splice(0)) job.reject(this.#failure);
    }
  }

  async #batch(): Promise<void> {
    const outcomes: Outcome[] = [];
    try {
      attempt(() => this.#statements.begin.run());
    } catch (error) {
      for (const job of this.#queue.splice(0, BATCH_TRANSACTIONS)) job.reject(error);
      return;
    }
    const started = performance.now();
    const full = () => outcomes.length >= BATCH_TRANSACTIONS || performance.now() - started > BATCH_MILLISECONDS;
    await this.#runQueued(outcomes, full);
    if (!full()) {
      await yieldOnce();
      await this.#runQueued(outcomes, full);
    }
    this.#commit(outcomes);
  }

  async #runQueued(outcomes: Outcome[], full: () => boolean): Promise<void> {
    while (this.#queue.length > 0 && !full()) {
      const job = this.#queue.shift();
      if (job === undefined) return;
      outcomes.push(await this.#runJob(job));
      // SQLite takes the whole transaction back after some errors (a full disk): nothing of this batch is left.
      if (!this.#connection.database.inTransaction) return;
    }
  }

  async #runJob(job: Job): Promise<Outcome> {
    this.#notes.hints = [];
    this.#notes.notedNow = [];
    const { savepoint, release, undo } = this.#statements;
    const stalled = setImmediate(() =>
      this.#fail(new Error('A transaction waited for something that is not the store.')),
    );
    try {
      attempt(() => savepoint.run());
      const value = await job.run(this.#writes);
      attempt(() => release.run());
      return { job, value, hints: this.#notes.hints, noted: this.#notes.notedNow };
    } catch (error) {
      if (this.#connection.database.inTransaction) {
        undo.run();
        release.run();
      }
      return { job, error: error ?? new Error('a transaction failed without a reason'), hints: [], noted: [] };
    } finally {
      clearImmediate(stalled);
    }
  }

  #commit(outcomes: Outcome[]): void {
    try {
      if (!this.#connection.database.inTransaction) {
        const cause = outcomes.at(-1)?.error;
        throw cause instanceof StoreError
          ? cause
          : new StoreError('full', 'The transaction was taken back.', { cause });
      }
      attempt(() => this.#statements.commit.run());
    } catch (error) {
      if (this.#connection.database.inTransaction) this.#statements.rollback.run();
      for (const { job } of outcomes) job.reject(error);
      if (error instanceof StoreError && error.code === 'damaged') this.#fail(error);
      return;
    }
    for (const { job, error, value, hints, noted } of outcomes) {
      if (error !== undefined) {
        job.reject(error);
        continue;
      }
      for (const accountId of noted) this.#noted.add(accountId);
      job.committed?.(value);
      job.resolve(value);
      for (const hint of hints) this.#options.onChange(hint);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#options.onFatal(error);
  }
}
