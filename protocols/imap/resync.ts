/**
 * QRESYNC: what happened to a mailbox since a client last looked, told when it opens it.
 * RFC 7162 §3.2.5 and §3.2.6.
 * The store remembers every expunged UID with its modseq, so what a client says of sequence numbers is not needed.
 * Elsewhere: SELECT (commands/select.ts), VANISHED of FETCH (commands/fetch.ts), VANISHED as it happens (selected-mailbox.ts).
 */
import { hasUid, printUidSet, type UidSet, uidSetOf, uidSetOfSorted } from '../../src/mail/uid-set.ts';
import { emptyPlan } from './fetch-items.ts';
import { printFetch } from './fetch-response.ts';
import type { Arguments } from './grammar.ts';
import { NUMBERS_OFF, Refusal } from './responses.ts';
import { MAX_NUMBER, type SequenceSet, type Span, STAR } from './sequence-set.ts';
import type { ImapSession } from './session.ts';

/** What a client knows of a mailbox. */
export interface KnownState {
  readonly uidvalidity: number;
  readonly modseq: number;
  /** Undefined: every UID there can be. */
  readonly uids: UidSet | undefined;
}

/** UIDs printed at once. */
const PAGE = 5_000;

/** `(uidvalidity modseq [uids [(numbers uids)]])`. @throws Refusal UIDREQUIRED for the numbers with UIDONLY */
export function readKnownState(args: Arguments, uidOnly: boolean): KnownState {
  args.expect('(');
  const uidvalidity = args.nzNumber();
  args.space();
  const modseq = args.number64();
  if (modseq === 0) args.fail('0 is no modseq; it stands before this,');
  let uids: UidSet | undefined;
  if (args.take(' ')) {
    if (args.peek() !== '(') uids = knownUids(args, args.sequenceSet());
    if (uids === undefined || args.take(' ')) {
      if (uidOnly) throw new Refusal('BAD', 'UIDREQUIRED', NUMBERS_OFF);
      args.expect('(');
      const numbers = args.sequenceSet();
      args.space();
      const matching = args.sequenceSet();
      args.expect(')');
      if (countOf(numbers) !== countOf(matching)) args.fail('there are not as many numbers as UIDs before this,');
    }
  }
  args.expect(')');
  return { uidvalidity, modseq, uids };
}

/** RFC 7162 §7: known-uids holds no `*`. */
function knownUids(args: Arguments, set: SequenceSet): UidSet {
  if (set.some((range) => range.includes(STAR))) args.fail('"*" is no UID a client knows; it stands before this,');
  return uidSetOf(set);
}

function countOf(set: SequenceSet): number {
  return set.reduce((sum, [a, b]) => sum + Math.abs(b - a) + 1, 0);
}

/** Tells what happened to the open mailbox since then. Nothing of another UIDVALIDITY is told. */
export async function resynchronise(session: ImapSession, known: KnownState): Promise<void> {
  const { mailbox, stream } = session;
  const { view } = mailbox;
  if (known.uidvalidity !== view.uidvalidity) return;
  // A modseq that was never given says nothing: everything is told.
  const forged = known.modseq > view.highestModseq;
  const uids = known.uids ?? [[1, MAX_NUMBER]];
  const vanished = forged
    ? missing(session, uids)
    : await session.services.messages
        .expungedSince(view.mailboxId, known.modseq)
        .then((expunged) => intersection(expunged, uids));
  writeVanished(session, vanished);
  const since = forged ? 0 : known.modseq;
  const changed: Span[] = [];
  for (let index = 0; index < mailbox.count; index++) {
    const at = mailbox.viewIndex(index);
    if (at < 0 || (view.modseqs[at] as number) <= since || !hasUid(uids, mailbox.uids[index] as number)) continue;
    const previous = changed.at(-1);
    if (previous !== undefined && previous[1] === index - 1) previous[1] = index;
    else changed.push([index, index]);
  }
  await printFetch(session, changed, { ...emptyPlan(), uid: !session.uidOnly, flags: true, modseq: true });
  await stream.room();
}

/** `* VANISHED (EARLIER) uids`, in as many responses as it takes; none for the empty set. */
export function writeVanished({ stream }: ImapSession, uids: UidSet): void {
  for (let at = 0; at < uids.length; at += PAGE)
    stream.write(`* VANISHED (EARLIER) ${printUidSet(uids.slice(at, at + PAGE))}\r\n`);
}

/** The UIDs that both sets hold. */
export function intersection(one: UidSet, other: UidSet): UidSet {
  const both: [number, number][] = [];
  for (let a = 0, b = 0; a < one.length && b < other.length; ) {
    const [first, last] = one[a] as readonly [number, number];
    const [from, until] = other[b] as readonly [number, number];
    if (Math.max(first, from) <= Math.min(last, until)) both.push([Math.max(first, from), Math.min(last, until)]);
    if (last < until) a++;
    else b++;
  }
  return both;
}

/** Of a set, the UIDs that were given and have no message. */
function missing({ mailbox }: ImapSession, uids: UidSet): UidSet {
  const gaps: [number, number][] = [];
  let next = 1;
  for (const [first, last] of uidSetOfSorted(mailbox.uids.subarray(0, mailbox.count))) {
    if (next < first) gaps.push([next, first - 1]);
    next = last + 1;
  }
  if (next < mailbox.view.uidnext) gaps.push([next, mailbox.view.uidnext - 1]);
  return intersection(gaps, uids);
}
