/**
 * Searches whose results a session is kept informed of: SEARCH RETURN (UPDATE).
 * RFC 5267 §4.3. Only messages that changed are looked at again, by the criteria of the search.
 * What no longer matches is told before EXPUNGE moves the numbers, what does now after EXISTS has given it one.
 * Elsewhere: SEARCH itself (commands/search.ts), when something is told (session.ts).
 */
import type { MailboxView } from '../../src/mail/mailbox-view.ts';
import type { Criterion, MessageSearch } from '../../src/mail/message-search.ts';
import { uidSetOfSorted } from '../../src/mail/uid-set.ts';
import type { LineStream } from '../line-stream.ts';
import { quote } from './responses.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';
import { printNumbers } from './sequence-set.ts';

/** Searches of one session that are kept. */
const MAX_CONTEXTS = 16;

interface SearchContext {
  readonly byUid: boolean;
  readonly criterion: Criterion;
  /** UIDs of the result as it is now. */
  readonly found: Set<number>;
  /** What is not told yet. */
  readonly added: Set<number>;
  readonly removed: Set<number>;
  /** Changes up to this modseq are in the result. */
  modseq: number;
}

export class SearchContexts {
  readonly #contexts = new Map<string, SearchContext>();

  get size(): number {
    return this.#contexts.size;
  }

  /** Whether the search of this command can be kept: there are not too many, and none has its tag. */
  hasRoom(tag: string): boolean {
    return this.#contexts.size < MAX_CONTEXTS && !this.#contexts.has(tag);
  }

  /** @param modseq of the mailbox when it was searched */
  add(tag: string, byUid: boolean, criterion: Criterion, uids: Iterable<number>, modseq: number): void {
    const found = new Set(uids);
    this.#contexts.set(tag, { byUid, criterion, found, added: new Set(), removed: new Set(), modseq });
  }

  /** Keeps the search of a command no longer. Returns whether it was kept. */
  cancel(tag: string): boolean {
    return this.#contexts.delete(tag);
  }

  /** The mailbox is left. */
  clear(): void {
    this.#contexts.clear();
  }

  /** Whether messages changed since the results were made. */
  stale({ highestModseq }: MailboxView): boolean {
    for (const { modseq } of this.#contexts.values()) if (modseq < highestModseq) return true;
    return false;
  }

  /** Looks at what changed. */
  async refresh(search: MessageSearch, view: MailboxView): Promise<void> {
    for (const context of this.#contexts.values()) {
      const changed = changedSince(view, context.modseq);
      context.modseq = view.highestModseq;
      if (changed.length === 0) continue;
      const among: Criterion = { kind: 'uids', uids: uidSetOfSorted(changed) };
      const matching = new Set(await search.search(view, { kind: 'and', of: [among, context.criterion] }));
      for (const uid of changed) {
        if (matching.has(uid)) enter(context, uid);
        else leave(context, uid);
      }
    }
  }

  /** Tells what left the results; with `expunges`, messages that left the mailbox too. */
  writeRemovals(stream: LineStream, mailbox: SelectedMailbox, expunges: boolean): void {
    for (const [tag, context] of this.#contexts) {
      if (expunges && mailbox.uids !== mailbox.view.uids)
        for (const uid of context.found) if (mailbox.view.indexOf(uid) < 0) leave(context, uid);
      write(stream, mailbox, tag, context, 'REMOVEFROM', context.removed);
    }
  }

  /** Tells what came into the results, once the session knows of the messages. */
  writeAdditions(stream: LineStream, mailbox: SelectedMailbox): void {
    for (const [tag, context] of this.#contexts) write(stream, mailbox, tag, context, 'ADDTO', context.added);
  }
}

function changedSince({ uids, modseqs, count }: MailboxView, modseq: number): number[] {
  const changed: number[] = [];
  for (let at = 0; at < count; at++) if ((modseqs[at] as number) > modseq) changed.push(uids[at] as number);
  return changed;
}

function enter({ found, added, removed }: SearchContext, uid: number): void {
  if (found.has(uid)) return;
  found.add(uid);
  if (!removed.delete(uid)) added.add(uid);
}

function leave({ found, added, removed }: SearchContext, uid: number): void {
  if (!found.delete(uid)) return;
  if (!added.delete(uid)) removed.add(uid);
}

/** RFC 5267 §4.3.3: position 0, because results of SEARCH have no order. */
function write(
  stream: LineStream,
  mailbox: SelectedMailbox,
  tag: string,
  { byUid }: SearchContext,
  what: 'ADDTO' | 'REMOVEFROM',
  uids: Set<number>,
): void {
  const known = [...uids].filter((uid) => mailbox.indexOf(uid) >= 0).sort((a, b) => a - b);
  uids.clear();
  if (known.length === 0) return;
  const numbers = byUid ? known : known.map((uid) => mailbox.indexOf(uid) + 1);
  stream.write(`* ESEARCH (TAG ${quote(tag)})${byUid ? ' UID' : ''} ${what} (0 ${printNumbers(numbers)})\r\n`);
}
