/**
 * Work that would hold the event loop, in a thread of its own: questions go there as messages, answers come back, those that
 * need no waiting in order.
 * A thread starts with its first question and starts again after it failed; it does not keep the process alive.
 * Elsewhere: what threads do (their modules call `serve`).
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { DomainError } from './errors.ts';

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Question {
  readonly id: number;
  readonly question: unknown;
}

interface Answer {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

/** Asks its module for what begins each thread; `first` says whether an earlier one ran in this process. */
export type Start = (first: boolean) => unknown;

export class WorkerThread {
  private readonly module: string;
  private readonly start: Start;
  private readonly waiting = new Map<number, Waiting>();
  private asked = 0;
  private worker: Worker | undefined;
  private started = false;
  private closed = false;

  /**
   * @param module of the thread
   * @param start what is given to it (see `startData`)
   */
  constructor(module: URL, start: Start) {
    this.module = module.href;
    this.start = start;
  }

  /**
   * Asks the thread. Questions are taken one after the other.
   * @throws DomainError unavailable when the thread ended before it answered
   */
  ask(question: unknown): Promise<unknown> {
    if (this.closed) return Promise.reject(ended());
    const worker = this.running();
    return new Promise((resolve, reject) => {
      const id = ++this.asked;
      this.waiting.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ id, question } satisfies Question);
    });
  }

  /** Tells the thread to end and waits for it; what was not answered is refused. */
  async close(): Promise<void> {
    this.closed = true;
    const worker = this.worker;
    if (worker === undefined) return;
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    worker.ref();
    worker.postMessage(CLOSE);
    await gone;
  }

  /** Ends the thread wherever it is, for one that holds nothing; the next question starts another. */
  async terminate(): Promise<void> {
    await this.worker?.terminate();
  }

  private running(): Worker {
    if (this.worker !== undefined) return this.worker;
    const worker = new Worker(new URL('./worker-loader.mjs', import.meta.url), {
      workerData: { module: this.module, data: this.start(!this.started) },
      execArgv: [],
    });
    this.started = true;
    this.worker = worker;
    worker.on('message', ({ id, answer, error }: Answer) => {
      const one = this.waiting.get(id);
      this.waiting.delete(id);
      // Who closes it waits for its end.
      if (this.waiting.size === 0 && !this.closed) worker.unref();
      if (error === undefined) one?.resolve(answer);
      else one?.reject(new Error(error));
    });
    worker.on('error', () => this.ended(worker));
    worker.on('exit', () => this.ended(worker));
    worker.unref();
    return worker;
  }

  private ended(worker: Worker): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of waiting) reject(ended());
  }
}

const CLOSE = 'close';

function ended(): DomainError {
  return new DomainError('unavailable', 'A part of the server had to start again; try once more.');
}

/** In a thread: what it was started with. */
export function startData<T>(): T {
  return (workerData as { data: T }).data;
}

/**
 * In a thread: takes questions one after the other; an answer that is a promise is given when it resolves, and others are taken
 * meanwhile. `idle` runs after each while no other waits; true asks for more time.
 */
export function serve(
  answer: (question: never) => unknown,
  idle: () => boolean = () => false,
  close: () => void = () => {},
): void {
  const port = parentPort;
  if (isMainThread || port === null) return;
  let resting = true;
  const rest = () => {
    // A question that arrived meanwhile comes first: messages are taken between two turns.
    if (idle()) setImmediate(rest);
    else resting = true;
  };
  port.on('message', (message: Question | typeof CLOSE) => {
    if (message === CLOSE) {
      close();
      process.exit();
    }
    const { id, question } = message;
    const answered = (answer: unknown) => port.postMessage({ id, answer } satisfies Answer);
    const failed = (error: unknown) =>
      port.postMessage({
        id,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      } satisfies Answer);
    try {
      const given = answer(question as never);
      if (given instanceof Promise) given.then(answered, failed);
      else answered(given);
    } catch (error) {
      failed(error);
    }
    if (!resting) return;
    resting = false;
    setImmediate(rest);
  });
}
