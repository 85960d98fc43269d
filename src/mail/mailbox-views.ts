/**
 * The open mailboxes of this process: loaded once, shared, kept a while after the last session left.
 * A view is read in pages between which others run; changes committed meanwhile wait and are replayed over it.
 * Elsewhere: the arrays themselves (mailbox-view.ts).
 */
import { setImmediate as yieldOnce } from 'node:timers/promises';
import type { Store, Writes } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import { Keywords } from './flags.ts';
import { type MailboxDelta, MailboxView, type MessageFacts } from './mailbox-view.ts';

/** Rows read before others run: about five milliseconds. */
const PAGE = 8_000;
/** Views nobody has open are kept while there are no more than these of them, and of messages in them. */
const IDLE_VIEWS = 64;
const IDLE_MESSAGES = 500_000;

/** What a transaction answers, and what it did to mailboxes. */
export interface Done<T> {
  readonly answer: T;
  readonly deltas: readonly MailboxDelta[];
}

interface Entry {
  readonly loading: Promise<MailboxView>;
  view: MailboxView | undefined;
  /** Changes while the view is being read; afterwards unused. */
  readonly waiting: MailboxDelta[];
  users: number;
}

export class MailboxViews {
  private readonly store: Store;
  /** In order of last use. */
  private readonly entries = new Map<number, Entry>();

  constructor(store: Store) {
    this.store = store;
  }

  /**
   * The view of a mailbox; give it back with `release`. Rights are the caller's to check.
   * @throws DomainError not-found
   */
  async open(mailboxId: number): Promise<MailboxView> {
    const known = this.entries.get(mailboxId);
    const entry = known ?? this.start(mailboxId);
    entry.users++;
    this.entries.delete(mailboxId);
    this.entries.set(mailboxId, entry);
    try {
      return await entry.loading;
    } catch (error) {
      if (this.entries.get(mailboxId) === entry) this.entries.delete(mailboxId);
      throw error;
    }
  }

  /** Gives a view back that `open` returned; once for each time. */
  release(view: MailboxView): void {
    const entry = this.entries.get(view.mailboxId);
    if (entry === undefined || entry.view !== view) return;
    entry.users--;
    if (entry.users === 0) this.dropIdle();
  }

  /** The view of a mailbox if it is in memory now; not to be kept. */
  peek(mailboxId: number): MailboxView | undefined {
    return this.entries.get(mailboxId)?.view;
  }

  /** Runs a transaction and takes over what it did, before its caller goes on and in the order of commits. */
  async write<T>(run: (write: Writes) => Promise<Done<T>>, committed?: () => void): Promise<T> {
    const { answer } = await this.store.transaction(run, ({ deltas }) => {
      committed?.();
      this.apply(deltas);
    });
    return answer;
  }

  /** Takes over what a transaction did. Called synchronously after each commit, in the order of commits. */
  apply(deltas: readonly MailboxDelta[]): void {
    for (const delta of deltas) {
      const entry = this.entries.get(delta.mailboxId);
      if (entry === undefined) continue;
      if (entry.view === undefined) entry.waiting.push(delta);
      else entry.view.apply(delta);
      if (delta.gone) this.entries.delete(delta.mailboxId);
    }
  }

  /** Sizes and dates of all messages of a view, read when first asked for. */
  async facts(view: MailboxView): Promise<MessageFacts> {
    while (view.facts === undefined) await this.readFacts(view);
    return view.facts;
  }

  private start(mailboxId: number): Entry {
    const entry: Pick<Entry, 'view' | 'waiting' | 'users'> = { view: undefined, waiting: [], users: 0 };
    return Object.assign(entry, { loading: this.read(mailboxId, entry) });
  }

  private async read(mailboxId: number, entry: Pick<Entry, 'view' | 'waiting'>): Promise<MailboxView> {
    const row = await this.store.mailboxes.get(mailboxId);
    if (row === undefined) throw new DomainError('not-found', 'The mailbox does not exist.');
    const { accountId, uidvalidity, uidnext, modseq, recentFrom } = row;
    const keywords = Keywords.parse(row.keywords);
    const view = new MailboxView({ mailboxId, accountId, uidvalidity, uidnext, modseq, recentFrom, keywords });
    for (let next = 1; ; ) {
      const page = await this.store.placements.page(mailboxId, next, PAGE);
      // What came since the first read comes once more, from its delta.
      for (const [uid, messageId, flags, changed] of page) if (uid < uidnext) view.load(uid, messageId, flags, changed);
      const last = page.at(-1);
      if (page.length < PAGE || last === undefined) break;
      next = last[0] + 1;
      await yieldOnce();
    }
    for (const delta of entry.waiting) if (delta.modseq > modseq) view.replay(delta);
    entry.view = view;
    return view;
  }

  private async readFacts(view: MailboxView): Promise<void> {
    const { uids, count } = view;
    const sizes = new Float64Array(uids.length);
    const internalDates = new Float64Array(uids.length);
    let at = 0;
    for (let next = 1; ; ) {
      const page = await this.store.messages.sizes(view.mailboxId, next, 2 ** 32 - 1, PAGE);
      for (const [uid, size, internalDate] of page) {
        while (at < count && (uids[at] as number) < uid) at++;
        if (at === count) break;
        sizes[at] = size;
        internalDates[at] = internalDate;
      }
      const last = page.at(-1);
      if (page.length < PAGE || last === undefined || at === count) break;
      next = last[0] + 1;
      await yieldOnce();
    }
    // Messages came or went while they were read: again, from what is there now.
    if (view.uids === uids && view.count === count) view.facts ??= { sizes, internalDates };
  }

  private dropIdle(): void {
    let views = 0;
    let messages = 0;
    for (const [mailboxId, { view, users }] of [...this.entries].reverse()) {
      if (users > 0 || view === undefined) continue;
      views++;
      messages += view.count;
      if (views > IDLE_VIEWS || messages > IDLE_MESSAGES) this.entries.delete(mailboxId);
    }
  }
}
