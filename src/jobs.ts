/**
 * Background work: jobs that run again and again, one after the other, so that together they never take more than one turn.
 * A job that fails is logged and runs again at its next time. Elsewhere: what the jobs do (their services).
 */

export interface Job {
  readonly name: string;
  /** Milliseconds from the end of one run to the start of the next; a tenth is added or taken at random. */
  readonly everyMs: number;
  /** Does a bounded piece of work and stops early when the signal is aborted. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export interface JobLog {
  debug(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export class Jobs {
  private readonly log: JobLog;
  private readonly due: { job: Job; at: number }[] = [];
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  constructor(log: JobLog) {
    this.log = log;
  }

  /** Adds a job; it runs first after about a tenth of its time, so that a start is not slowed down. */
  add(job: Job): void {
    if (this.stopping.signal.aborted) return;
    this.due.push({ job, at: Date.now() + varied(job.everyMs / 10) });
    this.schedule();
  }

  /** Starts nothing more, tells the running job to stop, and waits for it. */
  async stop(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.running;
  }

  private schedule(): void {
    if (this.running !== undefined || this.stopping.signal.aborted) return;
    clearTimeout(this.timer);
    const next = this.due.reduce<(typeof this.due)[number] | undefined>(
      (first, entry) => (first === undefined || entry.at < first.at ? entry : first),
      undefined,
    );
    if (next === undefined) return;
    // Timers hold 31 bits; longer waits are taken in pieces.
    const delay = Math.min(Math.max(next.at - Date.now(), 0), 2 ** 31 - 1);
    this.timer = setTimeout(() => {
      if (next.at > Date.now()) return this.schedule();
      this.running = this.runOne(next).finally(() => {
        this.running = undefined;
        this.schedule();
      });
    }, delay).unref();
  }

  private async runOne(entry: { job: Job; at: number }): Promise<void> {
    const started = Date.now();
    try {
      await entry.job.run(this.stopping.signal);
      this.log.debug({ job: entry.job.name, ms: Date.now() - started }, 'job done');
    } catch (error) {
      if (!this.stopping.signal.aborted) this.log.error({ job: entry.job.name, err: error }, 'job failed');
    }
    entry.at = Date.now() + varied(entry.job.everyMs);
  }
}

function varied(ms: number): number {
  return ms * (0.9 + Math.random() * 0.2);
}
