/**
 * Opening and leaving a mailbox: SELECT, EXAMINE, CLOSE, UNSELECT, and ENABLE.
 * RFC 3501 §6.3.1, §6.3.2 and §6.4.2, RFC 9051 §6.3.1 and §6.3.2, RFC 3691 (UNSELECT), RFC 5161 (ENABLE), RFC 7162 §3.1.2, §3.1.8, §3.2.5 and §3.2.11.
 */
import { SEEN } from '../../../src/mail/flags.ts';
import type { MailboxView } from '../../../src/mail/mailbox-view.ts';
import { mailboxId } from '../object-ids.ts';
import { nameLine } from '../responses.ts';
import { type KnownState, readKnownState, resynchronise } from '../resync.ts';
import { SelectedMailbox } from '../selected-mailbox.ts';
import { type Command, type Extension, highestModseqLine } from '../session.ts';

/** By the word of ENABLE; those the server does not know are passed over (RFC 5161 §3.1). */
const EXTENSIONS: readonly Extension[] = ['CONDSTORE', 'QRESYNC', 'UTF8=ACCEPT', 'UIDONLY', 'IMAP4REV2'];

export const enable: Command = {
  state: 'authenticated',
  run(session, { arguments: args }) {
    const words: string[] = [];
    do {
      args.space();
      words.push(args.atom().toUpperCase());
    } while (args.peek() === ' ');
    args.end();
    const enabled = EXTENSIONS.filter((extension) => words.includes(extension) && !session.enabled.has(extension));
    for (const extension of enabled) {
      if (extension === 'CONDSTORE' || extension === 'QRESYNC') session.enableCondstore();
      session.enabled.add(extension);
    }
    const names = enabled.map((extension) => ` ${extension === 'IMAP4REV2' ? 'IMAP4rev2' : extension}`);
    session.stream.write(`* ENABLED${names.join('')}\r\n`);
    return 'Enabled.';
  },
};

export const select = opening(false);
export const examine = opening(true);

function opening(examined: boolean): Command {
  return {
    state: 'authenticated',
    async run(session, { arguments: args }) {
      args.space();
      const wire = args.astring();
      let known: KnownState | undefined;
      let condstore = false;
      if (!args.atEnd) {
        args.space();
        args.list(() => {
          const word = args.word();
          condstore = true;
          if (word === 'QRESYNC') {
            // RFC 7162 §3.2.5: a client that did not enable it could not read what comes of it.
            if (!session.enabled.has('QRESYNC'))
              args.fail('QRESYNC wants ENABLE QRESYNC first; it stands before this,');
            args.space();
            known = readKnownState(args, session.uidOnly);
          } else if (word !== 'CONDSTORE') args.fail('the option before this is unknown,');
        });
      }
      args.end();
      // RFC 7162 §3.2.11: what comes behind CLOSED is about the next mailbox. RFC 3501 §6.3.1: also when that fails.
      if (session.selected !== undefined) {
        session.unselect();
        session.stream.write('* OK [CLOSED] The previous mailbox is closed.\r\n');
      }
      if (condstore) session.enableCondstore();
      const { mailboxes, views, messages } = session.services;
      const mailbox = await mailboxes.find(session.user, session.existingName(wire), 'r');
      const view = await views.open(mailbox.id);
      const readOnly = examined || !['s', 'w', 't', 'e'].some((right) => mailbox.rights.has(right as 's'));
      const takeRecent = session.rev2 ? undefined : () => messages.takeRecent(view);
      const selected = new SelectedMailbox(mailbox, view, readOnly, takeRecent);
      session.selected = selected;
      const { count } = selected;
      session.stream.write(selected.flagsText() + selected.countsText());
      if (session.rev2) session.stream.write(nameLine(wire, session.encodeName(mailbox.name)));
      // RFC 9586 §3: a sequence number, which nobody may tell. RFC 9051 has no such code.
      const unseen = session.uidOnly || session.rev2 ? 0 : firstUnseen(view, count);
      if (unseen > 0) session.stream.write(`* OK [UNSEEN ${unseen}] The first unseen message.\r\n`);
      session.stream.write(
        `* OK [UIDVALIDITY ${view.uidvalidity}] UIDs are valid.\r\n` +
          `* OK [MAILBOXID (${mailboxId(mailbox)})] The id of the mailbox.\r\n` +
          `* OK [UIDNEXT ${view.uidnext}] The next UID.\r\n${highestModseqLine(view.highestModseq)}`,
      );
      if (known !== undefined) await resynchronise(session, known);
      return `[READ-${readOnly ? 'ONLY' : 'WRITE'}] Opened.`;
    },
  };
}

function firstUnseen(view: MailboxView, count: number): number {
  for (let index = 0; index < count; index++) if (((view.flags[index] as number) & SEEN) === 0) return index + 1;
  return 0;
}

export const close: Command = {
  state: 'selected',
  async run(session, { arguments: args }) {
    args.end();
    const { mailbox, readOnly, view } = session.mailbox;
    // RFC 3501 §6.4.2: nothing is said of what is removed, and nothing is removed from a mailbox open for reading.
    let expunged = 0;
    if (!readOnly && mailbox.rights.has('e') && !view.removed)
      expunged = (await session.services.messages.expunge(session.user, view)).uids.length;
    const { highestModseq } = view;
    session.unselect();
    // RFC 7162 §3.2.8
    return expunged > 0 && session.enabled.has('QRESYNC') ? `[HIGHESTMODSEQ ${highestModseq}] Closed.` : 'Closed.';
  },
};

export const unselect: Command = {
  state: 'selected',
  run(session, { arguments: args }) {
    args.end();
    session.unselect();
    return 'Closed.';
  },
};
