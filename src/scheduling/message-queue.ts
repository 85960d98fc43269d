/**
 * The queue of scheduling messages to people here: a loop that delivers the oldest message of each recipient, several
 * recipients at once, and tries again later what failed.
 * Rows are written with the change they follow from; a row goes in the transaction that delivers it, so nothing is lost or
 * delivered twice. Elsewhere: what delivering means (message-delivery.ts).
 */
import type { ScheduleMessageRow, Store } from '../../storage/store.ts';
import type { JobLog } from '../jobs.ts';

/** Recipients served at once. */
const AT_ONCE = 8;
/** Messages whose delivery the sender waits for, and how long. */
const AWAITED = 10;
const PATIENCE_MS = 1_000;
/** A message that cannot be delivered is given up after this many attempts. */
const ATTEMPTS = 8;

export interface Delivers {
  /** Delivers one message and takes its row away; throws to have it tried again. */
  deliver(row: ScheduleMessageRow): Promise<void>;
}

export class MessageQueue {
  private readonly store: Store;
  private readonly now: () => number;
  private log: Pick<JobLog, 'error'> | undefined;
  private delivers: Delivers | undefined;
  private running: Promise<void> | undefined;
  private woken = false;
  private stopped = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly waiting = new Map<number, () => void>();

  constructor(store: Store, now: () => number) {
    this.store = store;
    this.now = now;
  }

  /** Starts delivering, first what was left when the server stopped. */
  start(delivers: Delivers, log: Pick<JobLog, 'error'>): void {
    this.delivers = delivers;
    this.log = log;
    this.wake();
  }

  /** Finishes what is being delivered. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
    for (const resolve of this.waiting.values()) resolve();
  }

  /** There may be something to deliver. */
  wake(): void {
    if (this.stopped || this.delivers === undefined) return;
    this.woken = true;
    this.running ??= this.run(this.delivers).finally(() => {
      this.running = undefined;
      if (this.woken) this.wake();
    });
  }

  /** After messages were queued: has them delivered; a few are waited for, many are not. */
  async sent(ids: readonly number[]): Promise<void> {
    if (this.delivers === undefined || this.stopped) return;
    const awaited =
      ids.length <= AWAITED ? ids.map((id) => new Promise<void>((done) => this.waiting.set(id, done))) : [];
    this.wake();
    if (awaited.length === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS);
    });
    await Promise.race([Promise.all(awaited), patience]);
    clearTimeout(timer);
    for (const id of ids) this.waiting.delete(id);
  }

  private async run(delivers: Delivers): Promise<void> {
    try {
      while (this.woken && !this.stopped) {
        this.woken = false;
        for (;;) {
          const rows = this.stopped ? [] : await this.store.scheduleMessages.due(this.now(), AT_ONCE);
          if (rows.length === 0) break;
          await Promise.all(rows.map((row) => this.deliverOne(delivers, row)));
        }
      }
      await this.sleep();
    } catch (error) {
      this.log?.error({ err: error }, 'the scheduling queue failed');
      this.wakeIn(5_000);
    }
  }

  private async deliverOne(delivers: Delivers, row: ScheduleMessageRow): Promise<void> {
    try {
      await delivers.deliver(row);
    } catch (error) {
      this.log?.error({ err: error, method: row.method, attempts: row.attempts + 1 }, 'a scheduling message failed');
      await this.postpone(row, error);
    }
    this.waiting.get(row.id)?.();
  }

  private async postpone(row: ScheduleMessageRow, error: unknown): Promise<void> {
    const attempts = row.attempts + 1;
    const nextAttemptAt = this.now() + 2 ** attempts * 1_000;
    const lastError = error instanceof Error ? error.message.slice(0, 500) : 'unknown';
    await this.store.transaction(async (write) => {
      if (attempts < ATTEMPTS) return write.scheduleMessages.retry({ id: row.id, attempts, nextAttemptAt, lastError });
      await write.scheduleMessages.remove(row);
      if (row.origin === 'here' && row.textId !== 0)
        await write.attendeeTracking.settled({ ...row, attendee: row.recipient }, 'bounced', this.now(), lastError);
    });
  }

  /** Until the next message is due. */
  private async sleep(): Promise<void> {
    const next = await this.store.scheduleMessages.nextAttemptAt();
    if (next !== undefined) this.wakeIn(Math.max(next - this.now(), 250));
  }

  private wakeIn(ms: number): void {
    clearTimeout(this.timer);
    if (!this.stopped) this.timer = setTimeout(() => this.wake(), Math.min(ms, 60_000)).unref();
  }
}
