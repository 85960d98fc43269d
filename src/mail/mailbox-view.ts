/**
 * One open mailbox as typed arrays of its placements, shared by all its sessions in this process.
 * RFC 9051 §2.3.1.1 (UIDs), RFC 7162 §3.1 (mod-sequences).
 * Every write of this folder hands its delta to the views in the order of commits; sessions read the arrays and ask what they
 * missed by comparing. Sequence numbers and what may be announced when are the sessions' own (protocols/imap).
 * Elsewhere: loading and sharing (mailbox-views.ts), who may write (messages.ts).
 */
import { DELETED, type Keywords, SEEN, union, without } from './flags.ts';
import type { UidSet } from './uid-set.ts';

/** In messages with these UIDs, bits are cleared, then bits are set. Messages that already are so do not change. */
export interface FlagChange {
  readonly uids: UidSet;
  readonly clear: number;
  readonly set: number;
}

/** Messages that came, in ascending order of UID and above all others. */
export interface AddedMessage {
  readonly uid: number;
  readonly messageId: number;
  readonly flags: number;
  /** Octets, and internal date in epoch milliseconds. */
  readonly size: number;
  readonly internalDate: number;
}

/** What one transaction did to one mailbox. */
export interface MailboxDelta {
  readonly mailboxId: number;
  readonly modseq: number;
  readonly added?: readonly AddedMessage[];
  readonly flags?: FlagChange;
  /** Ascending. */
  readonly removed?: readonly number[];
  readonly keywords?: Keywords;
  /** The mailbox was deleted. */
  readonly gone?: true;
}

/** Sizes and dates of the messages of a view: loaded when first asked for, kept beside the other columns from then on. */
export interface MessageFacts {
  sizes: Float64Array;
  internalDates: Float64Array;
}

export interface ViewSubscription {
  close(): void;
}

/** What a view starts with. */
export interface ViewStart {
  readonly mailboxId: number;
  readonly accountId: number;
  readonly uidvalidity: number;
  readonly uidnext: number;
  readonly modseq: number;
  readonly recentFrom: number;
  readonly keywords: Keywords;
}

const SMALLEST = 64;

export class MailboxView {
  readonly mailboxId: number;
  readonly accountId: number;
  readonly uidvalidity: number;
  uidnext: number;
  highestModseq: number;
  keywords: Keywords;
  /** Messages from this UID on were not yet shown to any session as \Recent. */
  recentFrom: number;
  /** The mailbox was deleted; the arrays stay as they were. */
  removed = false;
  /** How many messages there are: the first `count` entries of each array, ascending by UID. */
  count = 0;
  /**
   * Replaced by another array when messages leave, and never shifted in place; what is added may be written beyond `count` in
   * place. So a session's sequence numbers are the (uids, count) it last announced.
   */
  uids: Uint32Array;
  messageIds: Float64Array;
  flags: Float64Array;
  modseqs: Float64Array;
  facts: MessageFacts | undefined;
  readonly #wakes = new Set<() => void>();
  #woken = false;

  constructor(start: ViewStart, capacity = SMALLEST) {
    this.mailboxId = start.mailboxId;
    this.accountId = start.accountId;
    this.uidvalidity = start.uidvalidity;
    this.uidnext = start.uidnext;
    this.highestModseq = start.modseq;
    this.recentFrom = start.recentFrom;
    this.keywords = start.keywords;
    const room = Math.max(capacity, SMALLEST);
    this.uids = new Uint32Array(room);
    this.messageIds = new Float64Array(room);
    this.flags = new Float64Array(room);
    this.modseqs = new Float64Array(room);
  }

  /** The position of a message; -1 when it is not there. */
  indexOf(uid: number): number {
    const index = this.lowerBound(uid);
    return index < this.count && this.uids[index] === uid ? index : -1;
  }

  /** The position of the first message with this UID or a higher one; `count` when there is none. */
  lowerBound(uid: number): number {
    return lowerBound(this.uids, this.count, uid);
  }

  /** Calls `wake` after changes: once for all that one turn of the event loop brings, without further delay. */
  subscribe(wake: () => void): ViewSubscription {
    // Several subscriptions may share a function.
    const own = () => wake();
    this.#wakes.add(own);
    return { close: () => void this.#wakes.delete(own) };
  }

  /** Takes a change over; one that is already in the arrays changes nothing. */
  apply(delta: MailboxDelta): void {
    if (delta.modseq <= this.highestModseq) return;
    this.replay(delta);
    this.#wake();
  }

  /**
   * Takes a change over that some of the arrays may already hold, because they were read after it. Repeating all changes since
   * the reading began, in order, ends in the true state: the last change of a bit wins, and mod-sequences only rise.
   */
  replay(delta: MailboxDelta): void {
    if (delta.keywords !== undefined) this.keywords = delta.keywords;
    if (delta.removed !== undefined) this.#remove(delta.removed);
    if (delta.flags !== undefined) this.#changeFlags(delta.flags, delta.modseq);
    if (delta.added !== undefined) this.#add(delta.added, delta.modseq);
    if (delta.gone) this.removed = true;
    this.highestModseq = Math.max(this.highestModseq, delta.modseq);
  }

  /** Appends one message as it was read from the store. */
  load(uid: number, messageId: number, flags: number, modseq: number): void {
    this.#reserve(1);
    this.#put(uid, messageId, flags, modseq);
  }

  #changeFlags({ uids, clear, set }: FlagChange, modseq: number): void {
    const { flags, modseqs } = this;
    const small = clear < 2 ** 31 && set < 2 ** 31;
    for (const [first, last] of uids) {
      const end = this.lowerBound(last + 1);
      for (let index = this.lowerBound(first); index < end; index++) {
        const before = flags[index] as number;
        const after = small && before < 2 ** 31 ? (before & ~clear) | set : union(without(before, clear), set);
        if (after === before) continue;
        flags[index] = after;
        if ((modseqs[index] as number) < modseq) modseqs[index] = modseq;
      }
    }
  }

  #add(added: readonly AddedMessage[], modseq: number): void {
    this.#reserve(added.length);
    for (const { uid, messageId, flags, size, internalDate } of added) {
      // Read from the store already.
      if (uid < this.uidnext) continue;
      if (this.facts !== undefined) {
        this.facts.sizes[this.count] = size;
        this.facts.internalDates[this.count] = internalDate;
      }
      this.#put(uid, messageId, flags, modseq);
      this.uidnext = uid + 1;
    }
  }

  #put(uid: number, messageId: number, flags: number, modseq: number): void {
    this.uids[this.count] = uid;
    this.messageIds[this.count] = messageId;
    this.flags[this.count] = flags;
    this.modseqs[this.count] = modseq;
    this.count++;
  }

  #reserve(more: number): void {
    if (this.count + more <= this.uids.length) return;
    const room = Math.max(this.count + more, Math.ceil(this.uids.length * 1.5));
    this.uids = grown(this.uids, new Uint32Array(room), this.count);
    this.messageIds = grown(this.messageIds, new Float64Array(room), this.count);
    this.flags = grown(this.flags, new Float64Array(room), this.count);
    this.modseqs = grown(this.modseqs, new Float64Array(room), this.count);
    if (this.facts === undefined) return;
    this.facts.sizes = grown(this.facts.sizes, new Float64Array(room), this.count);
    this.facts.internalDates = grown(this.facts.internalDates, new Float64Array(room), this.count);
  }

  #remove(removed: readonly number[]): void {
    const indexes: number[] = [];
    for (const uid of removed) {
      const index = this.indexOf(uid);
      if (index >= 0) indexes.push(index);
    }
    if (indexes.length === 0) return;
    const room = this.uids.length;
    this.uids = kept(this.uids, new Uint32Array(room), this.count, indexes);
    this.messageIds = kept(this.messageIds, new Float64Array(room), this.count, indexes);
    this.flags = kept(this.flags, new Float64Array(room), this.count, indexes);
    this.modseqs = kept(this.modseqs, new Float64Array(room), this.count, indexes);
    if (this.facts !== undefined) {
      this.facts.sizes = kept(this.facts.sizes, new Float64Array(room), this.count, indexes);
      this.facts.internalDates = kept(this.facts.internalDates, new Float64Array(room), this.count, indexes);
    }
    this.count -= indexes.length;
  }

  #wake(): void {
    if (this.#woken || this.#wakes.size === 0) return;
    this.#woken = true;
    setImmediate(() => {
      this.#woken = false;
      for (const wake of [...this.#wakes]) wake();
    });
  }
}

/** The first of `count` ascending UIDs that is not below `uid`. */
export function lowerBound(uids: Uint32Array, count: number, uid: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((uids[middle] as number) < uid) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What STATUS tells of a view. */
export function statusOf(view: MailboxView) {
  let unseen = 0;
  let deleted = 0;
  for (let index = 0; index < view.count; index++) {
    const flags = view.flags[index] as number;
    if ((flags & SEEN) === 0) unseen++;
    if ((flags & DELETED) !== 0) deleted++;
  }
  const { count, uidnext, uidvalidity, highestModseq } = view;
  const recent = count - view.lowerBound(view.recentFrom);
  return { messages: count, unseen, deleted, recent, uidnext, uidvalidity, highestModseq };
}

/** The UIDs of a view that are in a set, ascending. */
export function uidsIn(view: MailboxView, set: UidSet): number[] {
  const found: number[] = [];
  for (const [first, last] of set) {
    const end = view.lowerBound(last + 1);
    for (let index = view.lowerBound(first); index < end; index++) found.push(view.uids[index] as number);
  }
  return found;
}

type Column = Uint32Array | Float64Array;

function grown<Kind extends Column>(from: Kind, to: Kind, count: number): Kind {
  to.set(from.subarray(0, count) as never);
  return to;
}

/** Copies the first `count` entries but for those at the given ascending positions. */
function kept<Kind extends Column>(from: Kind, to: Kind, count: number, without: readonly number[]): Kind {
  let at = 0;
  let start = 0;
  for (const index of [...without, count]) {
    to.set(from.subarray(start, index) as never, at);
    at += index - start;
    start = index + 1;
  }
  return to;
}
