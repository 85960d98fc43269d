/**
 * FETCH and UID FETCH.
 * RFC 3501 §6.4.5, RFC 9051 §6.4.5, RFC 7162 §3.1.4 (CHANGEDSINCE) and §3.2.6 (VANISHED), RFC 9394 §3.3 (PARTIAL).
 * Elsewhere: attributes (../fetch-items.ts), printing (../fetch-response.ts).
 */
import { SEEN } from '../../../src/mail/flags.ts';
import { fetchPlan } from '../fetch-items.ts';
import { printFetch } from '../fetch-response.ts';
import type { Arguments, PartialRange } from '../grammar.ts';
import { intersection, writeVanished } from '../resync.ts';
import type { SelectedMailbox } from '../selected-mailbox.ts';
import type { Span } from '../sequence-set.ts';
import type { Command, ImapSession } from '../session.ts';

export const fetch = fetching(false);
export const uidFetch = fetching(true);

function fetching(byUid: boolean): Command {
  return {
    state: 'selected',
    // RFC 3501 §7.4.1: not while sequence numbers are in use.
    expunges: byUid,
    bySequence: !byUid,
    async run(session, { arguments: args }) {
      args.space();
      const set = args.sequenceSet();
      args.space();
      const plan = fetchPlan(args);
      const { changedSince, vanished, partial } = modifiers(args, byUid);
      args.end();
      if (vanished && !session.enabled.has('QRESYNC')) args.fail('VANISHED wants ENABLE QRESYNC');
      if (changedSince !== undefined) plan.modseq = true;
      // RFC 7162 §3.2.4: with QRESYNC the UID stands beside flags always. RFC 9586 §3: UIDFETCH has it in front.
      if (!session.uidOnly && (byUid || (plan.flags && session.enabled.has('QRESYNC')))) plan.uid = true;
      if (plan.modseq) session.enableCondstore();
      const { mailbox } = session;
      let spans = mailbox.indexes(set, byUid);
      if (vanished) {
        const expunged = await session.services.messages.expungedSince(mailbox.view.mailboxId, changedSince ?? 0);
        writeVanished(session, intersection(expunged, mailbox.uidsNamed(set)));
      }
      if (partial !== undefined) spans = partOf(spans, partial);
      if (changedSince !== undefined) spans = changedOf(mailbox, spans, changedSince);
      const unseen = plan.seen && !mailbox.readOnly ? unseenOf(mailbox, spans) : [];
      await printFetch(session, spans, plan);
      // RFC 3501 §6.4.5: the flags that reading changed are told with it.
      if (unseen.length > 0) await markSeen(session, unseen);
      // RFC 5530 §3: the client may want to ask what is left.
      return !byUid && mailbox.misses(spans) ? '[EXPUNGEISSUED] Some of the messages are gone.' : 'Fetched.';
    },
  };
}

interface Modifiers {
  readonly changedSince: number | undefined;
  readonly vanished: boolean;
  readonly partial: PartialRange | undefined;
}

/** ` (CHANGEDSINCE 17 VANISHED PARTIAL -1:-10)`, or nothing. */
function modifiers(args: Arguments, byUid: boolean): Modifiers {
  let changedSince: number | undefined;
  let partial: PartialRange | undefined;
  let vanished = false;
  if (!args.atEnd) {
    args.space();
    args.list(() => {
      const word = args.word();
      if (word === 'CHANGEDSINCE') {
        args.space();
        // RFC 7162 §7 forbids 0, iOS sends it: every message has changed since.
        changedSince = args.number64();
      } else if (word === 'VANISHED' && byUid) vanished = true;
      else if (word === 'PARTIAL' && byUid) {
        args.space();
        partial = args.partialRange();
      } else args.fail(`${word.slice(0, 40)} is no modifier here; it stands before this,`);
    });
  }
  if (vanished && changedSince === undefined) args.fail('VANISHED wants CHANGEDSINCE');
  return { changedSince, vanished, partial };
}

async function markSeen(session: ImapSession, spans: readonly Span[]): Promise<void> {
  const { mailbox, services } = session;
  await services.messages.markSeen(session.user, mailbox.view, mailbox.uidSet(spans));
}

/** The messages at these positions among those of the spans. */
function partOf(spans: readonly Span[], { first, last, backwards }: PartialRange): Span[] {
  const total = spans.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  const from = backwards ? total - last : first - 1;
  const until = backwards ? total - first : last - 1;
  const part: Span[] = [];
  let before = 0;
  for (const [start, end] of spans) {
    const low = Math.max(start, start + from - before);
    const high = Math.min(end, start + until - before);
    if (low <= high) part.push([low, high]);
    before += end - start + 1;
  }
  return part;
}

/** Those of the messages that changed after a modseq. */
function changedOf(mailbox: SelectedMailbox, spans: readonly Span[], modseq: number): Span[] {
  return filtered(mailbox, spans, (at) => (mailbox.view.modseqs[at] as number) > modseq);
}

function unseenOf(mailbox: SelectedMailbox, spans: readonly Span[]): Span[] {
  return filtered(mailbox, spans, (at) => ((mailbox.view.flags[at] as number) & SEEN) === 0);
}

function filtered(mailbox: SelectedMailbox, spans: readonly Span[], keep: (viewIndex: number) => boolean): Span[] {
  const kept: Span[] = [];
  for (const [first, last] of spans) {
    for (let index = first; index <= last; index++) {
      const at = mailbox.viewIndex(index);
      if (at < 0 || !keep(at)) continue;
      const previous = kept.at(-1);
      if (previous !== undefined && previous[1] === index - 1) previous[1] = index;
      else kept.push([index, index]);
    }
  }
  return kept;
}
