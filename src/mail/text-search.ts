/**
 * Which messages contain a text: the questions to the search thread.
 * The index follows the messages on its own: after some quiet, so that it takes no time from what is going on.
 * Elsewhere: the thread (search-worker.ts).
 */
import type { Store } from '../../storage/store.ts';
import { WorkerThread } from '../workers.ts';
import type { TextCriterion } from './message-text.ts';
import type { SearchQuestion, SearchStart } from './search-worker.ts';

/** New messages are indexed after this long without another one, but not later than the second figure. */
const QUIET_MS = 2_000;
const LATEST_MS = 60_000;

export class TextSearch {
  private readonly thread: WorkerThread;
  private timer: NodeJS.Timeout | undefined;
  /** When the oldest message came that waits for the index. */
  private since = 0;

  constructor(store: Store) {
    let highestAtStart = 0;
    const known = store.messages.lastId().then((id) => {
      highestAtStart = id;
    });
    known.catch(() => {});
    const module = new URL(`./search-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
    this.thread = new WorkerThread(module, (first): SearchStart => {
      const { folder, boot } = store;
      // What an index of this store can have seen before this start: nothing of this boot.
      const newest = first
        ? { boot: boot - 1, messageId: highestAtStart }
        : { boot, messageId: Number.MAX_SAFE_INTEGER };
      return { folder, boot, newest };
    });
  }

  /** For each message, 1 when it satisfies the criterion. */
  async match(criterion: TextCriterion, messageIds: Float64Array): Promise<Uint8Array> {
    if (messageIds.length === 0) return new Uint8Array(0);
    return (await this.ask({ kind: 'match', criterion, messageIds })) as Uint8Array;
  }

  /** Messages came: they will be indexed when it is quiet. Also called once at the start, for what was left undone. */
  arrived(): void {
    const now = Date.now();
    if (this.timer === undefined) this.since = now;
    clearTimeout(this.timer);
    const delay = Math.max(0, Math.min(QUIET_MS, this.since + LATEST_MS - now));
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.ask({ kind: 'index' }).catch(() => {});
    }, delay).unref();
  }

  /** Indexes what came, now. Returns the id of the last message that was in the index before. */
  async index(): Promise<number> {
    return (await this.ask({ kind: 'index' })) as number;
  }

  async close(): Promise<void> {
    clearTimeout(this.timer);
    await this.thread.close();
  }

  private ask(question: SearchQuestion): Promise<unknown> {
    return this.thread.ask(question);
  }
}
