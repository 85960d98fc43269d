/**
 * What people teach the spam filter by moving mail into Junk and out of it.
 * Placements of messages in; a queue in memory that tells the filter one after the other, so that nobody who moves mail waits.
 * What waits when the server stops is not told. Interpretation 97.
 * Elsewhere: the filter (spam-filter.ts), moving (messages.ts).
 */
import type { MailboxRow, Store } from '../../storage/store.ts';
import type { Placed } from './messages.ts';
import type { Lesson, SpamFilter } from './spam-filter.ts';

export interface SpamLessonsOptions {
  readonly log: { error(fields: object, message: string): void };
  /** Waits before another attempt; after the last one the lesson is forgotten. */
  readonly delaysMs?: readonly number[];
}

interface Waiting {
  readonly sourceId: number;
  readonly mailboxId: number;
  readonly uid: number;
}

/** Beyond these people are cleaning up, and the filter has learnt what it can. */
const MOST_WAITING = 1_000;
/** Spam is small. */
const MAX_OCTETS = 1024 * 1024;
const DELAYS_MS = [1_000, 10_000, 60_000];

export class SpamLessons {
  private readonly store: Store;
  private readonly filter: SpamFilter;
  private readonly options: SpamLessonsOptions;
  private readonly waiting: Waiting[] = [];
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(store: Store, filter: SpamFilter, options: SpamLessonsOptions) {
    this.store = store;
    this.filter = filter;
    this.options = options;
  }

  /** Notes messages that somebody copied or moved; whether they teach anything is found out later. */
  placed({ sourceId, mailboxId, uids }: Placed): void {
    if (sourceId === mailboxId || this.stopping.signal.aborted) return;
    for (const uid of uids) {
      if (this.waiting.length >= MOST_WAITING) break;
      this.waiting.push({ sourceId, mailboxId, uid });
    }
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
  }

  /** Resolves when nothing is being told any more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    // After the answer to who moved it.
    await new Promise((resolve) => setImmediate(resolve));
    for (;;) {
      const one = this.waiting.shift();
      if (one === undefined || this.stopping.signal.aborted) return;
      try {
        await this.teach(one);
      } catch (error) {
        if (!this.stopping.signal.aborted) this.options.log.error({ err: error }, 'the spam filter was not taught');
      }
    }
  }

  private async teach({ sourceId, mailboxId, uid }: Waiting): Promise<void> {
    const lesson = lessonOf(await this.store.mailboxes.get(sourceId), await this.store.mailboxes.get(mailboxId));
    if (lesson === undefined) return;
    const [row] = await this.store.messages.bodies(mailboxId, uid, uid, 1);
    if (row === undefined) return;
    const [, messageId, size, octets] = row;
    if (size > MAX_OCTETS) return;
    const place = octets === null ? await this.store.messages.place(messageId) : undefined;
    const whole = octets ?? (place && (await this.store.blobs.read(place.blobId, 0, size)));
    if (whole !== undefined) await this.tell(lesson, whole);
  }

  private async tell(lesson: Lesson, octets: Buffer): Promise<void> {
    const { signal } = this.stopping;
    const delays = this.options.delaysMs ?? DELAYS_MS;
    for (let attempt = 0; ; attempt++)
      try {
        return await this.filter.learn(lesson, octets, signal);
      } catch (error) {
        const delay = delays[attempt];
        if (delay === undefined || signal.aborted) throw error;
        await pause(delay, signal);
      }
  }
}

/** Into Junk is spam; out of it is none, unless it is thrown away. */
function lessonOf(source: MailboxRow | undefined, target: MailboxRow | undefined): Lesson | undefined {
  if (target?.specialUse === '\\Junk') return 'spam';
  return source?.specialUse === '\\Junk' && target !== undefined && target.specialUse !== '\\Trash' ? 'ham' : undefined;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    timer.unref();
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
