/**
 * FETCH and UID FETCH.
 * RFC 3501 §6.4.5, RFC 9051 §6.4.5, RFC 7162 §3.1.4 (CHANGEDSINCE).
 * Elsewhere: attributes (../fetch-items.ts), printing (../fetch-response.ts).
 */
import { SEEN } from '../../../src/mail/flags.ts';
import { fetchPlan } from '../fetch-items.ts';
import { printFetch } from '../fetch-response.ts';
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
    async run(session, { arguments: args }) {
      args.space();
      const set = args.sequenceSet();
      args.space();
      const plan = fetchPlan(args);
      let changedSince: number | undefined;
      if (!args.atEnd) {
        args.space();
        args.expect('(CHANGEDSINCE ');
        // RFC 7162 §7 forbids 0, iOS sends it: every message has changed since.
        changedSince = args.number64();
        args.expect(')');
        args.end();
        plan.modseq = true;
      }
      if (byUid) plan.uid = true;
      if (plan.modseq) session.enableCondstore();
      const { mailbox } = session;
      let spans = mailbox.indexes(set, byUid);
      if (changedSince !== undefined) spans = changedOf(mailbox, spans, changedSince);
      const unseen = plan.seen && !mailbox.readOnly ? unseenOf(mailbox, spans) : [];
      await printFetch(session, spans, plan);
      // RFC 3501 §6.4.5: the flags that reading changed are told with it.
      if (unseen.length > 0) await markSeen(session, unseen);
      return 'Fetched.';
    },
  };
}

async function markSeen(session: ImapSession, spans: readonly Span[]): Promise<void> {
  const { mailbox, services } = session;
  await services.messages.markSeen(session.user, mailbox.view, mailbox.uidSet(spans));
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
