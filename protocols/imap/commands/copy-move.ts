/**
 * COPY, MOVE and their UID forms.
 * RFC 3501 §6.4.7, RFC 6851 (MOVE), RFC 4315 §3 (COPYUID).
 * Messages that are gone are passed over, and the answer is OK: a client that got NO would ask again for ever.
 */
import type { Copied } from '../../../src/mail/messages.ts';
import { tryCreate } from '../message-literal.ts';
import { Refusal } from '../responses.ts';
import { printNumbers } from '../sequence-set.ts';
import type { Command } from '../session.ts';

export const copy = copying(false, false);
export const uidCopy = copying(true, false);
export const move = copying(false, true);
export const uidMove = copying(true, true);

function copying(byUid: boolean, moves: boolean): Command {
  return {
    state: 'selected',
    bySequence: !byUid,
    async run(session, { arguments: args }) {
      args.space();
      const set = args.sequenceSet();
      args.space();
      const wire = args.astring();
      args.end();
      const { readOnly, view } = session.mailbox;
      const uids = session.mailbox.uidSet(session.mailbox.indexes(set, byUid));
      const name = session.decodeName(wire);
      if (name === undefined) throw new Refusal('NO', 'NONEXISTENT', 'There is no such mailbox.');
      const target = await session.services.mailboxes.find(session.user, name, 'i').catch(tryCreate);
      if (moves && readOnly) throw new Refusal('NO', 'NOPERM', 'The mailbox is open for reading only.');
      const { messages } = session.services;
      const copied = await (moves
        ? messages.move(session.user, view, uids, target)
        : messages.copy(session.user, view, uids, target)
      ).catch(tryCreate);
      if (copied.from.length === 0) return 'There is no such message any more.';
      if (!moves) return `[${copyUid(copied)}] Copied.`;
      // RFC 6851 §4.3: before the EXPUNGE answers.
      session.stream.write(`* OK [${copyUid(copied)}] Moved.\r\n`);
      return 'Moved.';
    },
  };
}

function copyUid({ uidvalidity, from, to }: Copied): string {
  return `COPYUID ${uidvalidity} ${printNumbers(from)} ${printNumbers(to)}`;
}
