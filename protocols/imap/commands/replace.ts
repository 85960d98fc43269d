/**
 * REPLACE and UID REPLACE: a message comes, perhaps to another mailbox, and one of the open mailbox goes, in one transaction.
 * RFC 8508. Elsewhere: the message that comes (message-literal.ts).
 */

import { DomainError } from '../../../src/errors.ts';
import { readMessage, refusing, targetMailbox, tryCreate } from '../message-literal.ts';
import { Refusal } from '../responses.ts';
import type { SequenceSet } from '../sequence-set.ts';
import type { Command, ImapSession } from '../session.ts';

export const replace = replacing(false);
export const uidReplace = replacing(true);

function replacing(byUid: boolean): Command {
  return {
    state: 'selected',
    bySequence: !byUid,
    async run(session, { arguments: args, message: literal }) {
      if (literal === undefined) return args.fail('a message is expected');
      const { messages } = session.services;
      const { view } = session.mailbox;
      const { uid, mailbox } = await refusing(session, literal, async () => {
        args.space();
        const old = messageNamed(session, args.seqNumber(), byUid);
        args.space();
        return { uid: old, mailbox: await targetMailbox(session, args.astring()) };
      });
      const stage = messages.stage(mailbox.accountId);
      try {
        const { message, rest } = await readMessage(session, stage, literal, args, 0);
        if (rest !== '') throw new Refusal('BAD', '', 'Nothing is expected behind the message.');
        const { uidvalidity, uids } = await messages
          .replace(session.user, view, uid, mailbox, message)
          .catch(expungedMeanwhile)
          .catch(tryCreate);
        // RFC 8508 §4.3: before EXPUNGE, so that a client can go over from the old message to the new one.
        session.stream.write(`* OK [APPENDUID ${uidvalidity} ${uids[0]}] The replacement is there.\r\n`);
      } catch (error) {
        await stage.discard();
        throw error;
      }
      session.announce(true);
      // RFC 8508 §4.5 and RFC 7162 §3.2.10: as for UID EXPUNGE.
      return session.condstore ? `[HIGHESTMODSEQ ${view.highestModseq}] Replaced.` : 'Replaced.';
    },
  };
}

/** The UID of the message to be replaced. */
function messageNamed({ mailbox }: ImapSession, number: number, byUid: boolean): number {
  if (mailbox.readOnly) throw new Refusal('NO', 'NOPERM', 'The mailbox is open for reading only.');
  const set: SequenceSet = [[number, number]];
  const [span] = mailbox.indexes(set, byUid);
  if (span === undefined || mailbox.viewIndex(span[0]) < 0) throw gone();
  return mailbox.uids[span[0]] as number;
}

function expungedMeanwhile(error: unknown): never {
  if (error instanceof DomainError && error.code === 'gone') throw gone();
  throw error;
}

/** RFC 5530 §3: EXPUNGEISSUED. Nothing is appended, because the client has to know what it replaces. */
function gone(): Refusal {
  return new Refusal('NO', 'EXPUNGEISSUED', 'The message to be replaced is not there any more.');
}
