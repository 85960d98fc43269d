/**
 * One session's sequence numbers over the shared view of its mailbox, and what it still has to be told.
 * RFC 3501 §2.3.1.2, §2.3.2 (\Recent), §5.2, §5.5 and §7.4.1, RFC 7162 §3.2.6 (MODSEQ in what is told).
 * The session's numbers are the array of UIDs it was last told, and how many of it: messages that come or go change the view's
 * arrays, and the two are compared when something may be said.
 * Elsewhere: the arrays (src/mail/mailbox-view.ts), when EXPUNGE may be said (connection.ts).
 */
import type { MailboxView, ViewSubscription } from '../../src/mail/mailbox-view.ts';
import { lowerBound } from '../../src/mail/mailbox-view.ts';
import type { Mailbox } from '../../src/mail/mailboxes.ts';
import { type UidSet, uidSetOf } from '../../src/mail/uid-set.ts';
import type { LineStream } from '../line-stream.ts';
import { Goodbye, messageData, Refusal } from './responses.ts';
import { printNumbers, SAVED, type SequenceSet, type Span, spansOf } from './sequence-set.ts';

/** What a session announces with its changes. */
export interface AnnounceOptions {
  /** EXPUNGE and VANISHED may be said now. */
  readonly expunges: boolean;
  /** CONDSTORE is in use: flags come with MODSEQ and UID. */
  readonly modseq: boolean;
  /** QRESYNC or UIDONLY is in use: VANISHED instead of EXPUNGE. */
  readonly vanished: boolean;
  /** UIDONLY is in use: flags come by UID. */
  readonly uidOnly: boolean;
}

export class SelectedMailbox {
  readonly mailbox: Mailbox;
  readonly view: MailboxView;
  /** EXAMINE, or no right to change anything. */
  readonly readOnly: boolean;
  /** What the session was told: the first `count` are its messages, by sequence number. */
  uids: Uint32Array;
  count: number;
  /** Flags of the same messages: those of the view, and of messages that have left the last ones. */
  #flags: Float64Array;
  /** What the last SEARCH with SAVE found (RFC 5182 §2.1). */
  saved: UidSet = [];
  /** Changes up to this modseq are told. */
  #told: number;
  #keywords: MailboxView['keywords'];
  #expungesHeld = false;
  /** Modseqs of changes this session made itself and was answered. */
  readonly #own = new Set<number>();
  readonly #takeRecent: (() => number) | undefined;
  /** UIDs in [from, until) that are \Recent in this session. */
  readonly #recent: [from: number, until: number][] = [];
  #subscription: ViewSubscription | undefined;

  /**
   * @param takeRecent the first UID that no session has shown as \Recent; not called when read-only, and undefined when the
   * session knows no \Recent
   */
  constructor(mailbox: Mailbox, view: MailboxView, readOnly: boolean, takeRecent: (() => number) | undefined) {
    this.mailbox = mailbox;
    this.view = view;
    this.readOnly = readOnly;
    this.uids = view.uids;
    this.count = view.count;
    this.#flags = view.flags;
    this.#told = view.highestModseq;
    this.#keywords = view.keywords;
    this.#takeRecent = takeRecent;
    this.#claimRecent();
  }

  /** Calls `wake` when the view changes, until another call or `close`. */
  watch(wake: (() => void) | undefined): void {
    this.#subscription?.close();
    this.#subscription = wake === undefined ? undefined : this.view.subscribe(wake);
  }

  /** Whether nothing happened that is not told. */
  get upToDate(): boolean {
    return this.view.highestModseq === this.#told && !this.#expungesHeld && !this.view.removed;
  }

  /** Where the message with a session's index is in the view's arrays; -1 when it has left. */
  viewIndex(index: number): number {
    if (this.uids === this.view.uids) return index;
    return this.view.indexOf(this.uids[index] as number);
  }

  /** The index of a UID among the session's messages; -1 when it does not know it. */
  indexOf(uid: number): number {
    const index = lowerBound(this.uids, this.count, uid);
    return index < this.count && this.uids[index] === uid ? index : -1;
  }

  /**
   * The messages of a set as spans of indexes, in order.
   * @throws Refusal BAD for a sequence number there is no message for (RFC 9051 §9: seq-number)
   */
  indexes(set: SequenceSet, byUid: boolean): Span[] {
    if (byUid || set === SAVED) return this.existing(set, true);
    const spans = spansOf(set, this.count);
    if (spans.some(([first, last]) => first < 1 || last > this.count))
      throw new Refusal('BAD', '', 'There is no message with such a number.');
    return spans.map(([first, last]): Span => [first - 1, last - 1]);
  }

  /** Likewise, where numbers without a message are passed over: UIDs, and the criteria of SEARCH. */
  existing(set: SequenceSet, byUid: boolean): Span[] {
    const found: Span[] = [];
    if (this.count === 0) return found;
    if (set === SAVED) return this.existing(this.saved, true);
    if (!byUid) {
      for (const [first, last] of spansOf(set, this.count))
        if (first <= this.count) found.push([first - 1, Math.min(last, this.count) - 1]);
      return found;
    }
    for (const [first, last] of spansOf(set, this.uids[this.count - 1] as number)) {
      const from = lowerBound(this.uids, this.count, first);
      const until = lowerBound(this.uids, this.count, last + 1);
      if (from < until) found.push([from, until - 1]);
    }
    return found;
  }

  /** Whether some of the messages have left. */
  misses(spans: readonly Span[]): boolean {
    if (this.uids === this.view.uids) return false;
    for (const [first, last] of spans)
      for (let index = first; index <= last; index++) if (this.viewIndex(index) < 0) return true;
    return false;
  }

  /** The UIDs of spans of indexes. A span without a gap among its UIDs is one range. */
  uidSet(spans: readonly Span[]): UidSet {
    const set: [number, number][] = [];
    for (const [first, last] of spans) {
      // Whatever the view holds between two of the session's UIDs is also the session's: UIDs only come behind the last.
      const range: [number, number] = [this.uids[first] as number, this.uids[last] as number];
      const previous = set.at(-1);
      if (previous !== undefined && range[0] === previous[1] + 1) previous[1] = range[1];
      else set.push(range);
    }
    return set;
  }

  /** The UIDs a set means, whether there are messages or not. */
  uidsNamed(set: SequenceSet): UidSet {
    return set === SAVED
      ? this.saved
      : uidSetOf(spansOf(set, this.count === 0 ? 0 : (this.uids[this.count - 1] as number)));
  }

  /** Flags of a message as the session sees them, without parentheses. */
  flagText(viewIndex: number, uid: number): string {
    const text = this.view.keywords.flagText(this.view.flags[viewIndex] as number);
    if (!this.isRecent(uid)) return text;
    return text === '' ? '\\Recent' : `${text} \\Recent`;
  }

  /** Names of the flags that a message had when it left. */
  lastFlags(index: number): string[] {
    return this.view.keywords.flagNames(this.#flags[index] as number);
  }

  isRecent(uid: number): boolean {
    if (this.#takeRecent === undefined) return false;
    if (this.readOnly) return uid >= this.view.recentFrom;
    for (const [from, until] of this.#recent) if (uid >= from && uid < until) return true;
    return false;
  }

  /** UIDs of the session's messages that are \Recent. */
  recentSet(): UidSet {
    if (this.count === 0 || this.#takeRecent === undefined) return [];
    const last = this.uids[this.count - 1] as number;
    if (this.readOnly) return last >= this.view.recentFrom ? [[this.view.recentFrom, last]] : [];
    return this.#recent.filter(([from]) => from <= last).map(([from, until]) => [from, Math.min(until - 1, last)]);
  }

  /** EXISTS and, for who knows it, RECENT. */
  countsText(): string {
    const exists = `* ${this.count} EXISTS\r\n`;
    return this.#takeRecent === undefined ? exists : `${exists}* ${this.#recentCount()} RECENT\r\n`;
  }

  #recentCount(): number {
    let found = 0;
    for (const [first, last] of this.recentSet())
      found += lowerBound(this.uids, this.count, last + 1) - lowerBound(this.uids, this.count, first);
    return found;
  }

  /** Says nothing more of a change this session made: its command has answered it. */
  answered(modseq: number): void {
    this.#own.add(modseq);
  }

  /**
   * Says what happened: messages that left, that came, flags that changed.
   * @throws Goodbye when the mailbox was deleted
   */
  announce(stream: LineStream, options: AnnounceOptions): void {
    if (this.upToDate) return;
    const { view } = this;
    if (view.removed) throw new Goodbye('The mailbox was deleted.');
    const known = this.count === 0 ? 0 : (this.uids[this.count - 1] as number);
    this.#adopt(stream, known, options);
    if (this.count > 0 && (this.uids[this.count - 1] as number) > known) {
      this.#claimRecent();
      stream.write(this.countsText());
    }
    if (view.highestModseq > this.#told) this.#announceFlags(stream, known, options);
    this.#own.clear();
  }

  /** Tells of keywords that are new to the session; always before a flag list that may hold one. */
  announceKeywords(stream: LineStream): void {
    const { keywords } = this.view;
    if (keywords === this.#keywords) return;
    const before = this.#keywords;
    this.#keywords = keywords;
    if (keywords.names.length === before.names.length && keywords.names.every((name, at) => name === before.names[at]))
      return;
    stream.write(this.flagsText());
  }

  /** FLAGS and PERMANENTFLAGS by the rights there were at SELECT (RFC 4314 §5.1.1), then and whenever a keyword is new. */
  flagsText(): string {
    const { keywords } = this.view;
    const names = ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft', ...keywords.inUse()];
    const { rights } = this.mailbox;
    const rightFor = (name: string) => (name === '\\Deleted' ? 't' : name === '\\Seen' ? 's' : 'w');
    const permanent = this.readOnly ? [] : names.filter((name) => rights.has(rightFor(name)));
    if (!this.readOnly && rights.has('w') && !keywords.full) permanent.push('\\*');
    return `* FLAGS (${names.join(' ')})\r\n* OK [PERMANENTFLAGS (${permanent.join(' ')})] Flags that last.\r\n`;
  }

  /** The view's messages become the session's; those that left are said, or kept when they may not be. */
  #adopt(stream: LineStream, known: number, { expunges, vanished }: AnnounceOptions): void {
    const { view } = this;
    if (view.uids === this.uids) {
      this.count = view.count;
      return;
    }
    const gone: number[] = [];
    for (let index = 0, there = 0; index < this.count; index++) {
      if (there < view.count && this.uids[index] === view.uids[there]) there++;
      else gone.push(index);
    }
    if (gone.length > 0 && !expunges) {
      this.#expungesHeld = true;
      this.#append(known);
      return;
    }
    this.#expungesHeld = false;
    if (gone.length > 0 && vanished)
      stream.write(`* VANISHED ${printNumbers(gone.map((index) => this.uids[index] as number))}\r\n`);
    // From the last one: none of the numbers moves before it is said.
    else for (let at = gone.length - 1; at >= 0; at--) stream.write(`* ${(gone[at] as number) + 1} EXPUNGE\r\n`);
    this.uids = view.uids;
    this.count = view.count;
    this.#flags = view.flags;
  }

  /** Adds the view's new messages behind the session's own, which keeps those that left. */
  #append(known: number): void {
    const { view } = this;
    const from = view.lowerBound(known + 1);
    if (from === view.count) return;
    const uids = new Uint32Array(this.count + view.count - from);
    uids.set(this.uids.subarray(0, this.count));
    uids.set(view.uids.subarray(from, view.count), this.count);
    const flags = new Float64Array(uids.length);
    flags.set(this.#flags.subarray(0, this.count));
    flags.set(view.flags.subarray(from, view.count), this.count);
    this.uids = uids;
    this.#flags = flags;
    this.count = uids.length;
  }

  /** @param known messages up to this UID are told; of those above, EXISTS was all there is to say */
  #announceFlags(stream: LineStream, known: number, { modseq, uidOnly }: AnnounceOptions): void {
    const { view } = this;
    this.announceKeywords(stream);
    const until = view.lowerBound(known + 1);
    for (let at = 0; at < until; at++) {
      const changed = view.modseqs[at] as number;
      if (changed <= this.#told || this.#own.has(changed)) continue;
      const uid = view.uids[at] as number;
      const index = this.indexOf(uid);
      const extra = modseq ? `${uidOnly ? '' : ` UID ${uid}`} MODSEQ (${changed})` : '';
      stream.write(`${messageData(index, uid, uidOnly)}FLAGS (${this.flagText(at, uid)})${extra})\r\n`);
    }
    this.#told = view.highestModseq;
  }

  #claimRecent(): void {
    if (this.readOnly || this.#takeRecent === undefined) return;
    const { uidnext } = this.view;
    const from = this.#takeRecent();
    if (from >= uidnext) return;
    const last = this.#recent.at(-1);
    if (last !== undefined && last[1] === from) last[1] = uidnext;
    else this.#recent.push([from, uidnext]);
  }
}
