/**
 * Commands on mailboxes as a whole: CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, STATUS.
 * RFC 3501 §6.3.3 to §6.3.7 and §6.3.10, RFC 6154 §3 (USE of CREATE), RFC 7162 §3.1.7, RFC 7889 §5, RFC 8438 (SIZE), RFC 9208 §4.1.4
 * (DELETED-STORAGE), RFC 8474 §4 (MAILBOXID).
 * Elsewhere: what names may be (src/mail/mailbox-names.ts), LIST (list.ts).
 */
import { type SpecialUse, specialUseOf } from '../../../src/mail/mailbox-names.ts';
import type { Mailbox } from '../../../src/mail/mailboxes.ts';
import { MAX_MESSAGE_OCTETS } from '../../../src/mail/message-stage.ts';
import type { Arguments } from '../grammar.ts';
import { mailboxId } from '../object-ids.ts';
import { astring, nameLine, Refusal } from '../responses.ts';
import type { Command, ImapSession } from '../session.ts';

export const STATUS_ITEMS = [
  'MESSAGES',
  'RECENT',
  'UIDNEXT',
  'UIDVALIDITY',
  'UNSEEN',
  'DELETED',
  'SIZE',
  'HIGHESTMODSEQ',
  'APPENDLIMIT',
  'DELETED-STORAGE',
  'MAILBOXID',
] as const;
export type StatusItem = (typeof STATUS_ITEMS)[number];

export const create: Command = {
  state: 'authenticated',
  async run(session, { arguments: args }) {
    args.space();
    const wire = args.astring();
    let use: SpecialUse | '' = '';
    if (!args.atEnd) {
      args.space();
      args.expect('(USE (');
      const word = args.flag();
      args.expect('))');
      // RFC 6154 §3 USEATTR: the use is unknown or taken.
      use = specialUseOf(word) ?? refuseUse();
    }
    args.end();
    try {
      const made = await session.services.mailboxes.create(session.user, session.newName(wire), use);
      // RFC 9051 §6.3.4: a name that the server changed is told.
      if (session.rev2) session.stream.write(nameLine(wire, session.encodeName(made.name)));
      return `[MAILBOXID (${mailboxId(made)})] Created.`;
    } catch (error) {
      throw use !== '' && isInUse(error) ? new Refusal('NO', 'USEATTR', 'Another mailbox has this use.') : error;
    }
  },
};

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'in-use';
}

function refuseUse(): never {
  throw new Refusal('NO', 'USEATTR', 'There is no such use.');
}

export const remove: Command = {
  state: 'authenticated',
  async run(session, { arguments: args }) {
    args.space();
    const wire = args.astring();
    args.end();
    const name = session.existingName(wire);
    const { mailboxes } = session.services;
    const { id } = await mailboxes.find(session.user, name);
    await mailboxes.remove(session.user, name);
    // Its own mailbox is closed before it can be missed.
    if (session.selected?.mailbox.id === id) session.unselect();
    return 'Deleted.';
  },
};

export const rename: Command = {
  state: 'authenticated',
  async run(session, { arguments: args }) {
    args.space();
    const from = args.astring();
    args.space();
    const to = args.astring();
    args.end();
    await session.services.mailboxes.rename(session.user, session.existingName(from), session.newName(to));
    return 'Renamed.';
  },
};

export const subscribe: Command = {
  state: 'authenticated',
  async run(session, { arguments: args }) {
    args.space();
    const wire = args.astring();
    args.end();
    await session.services.mailboxes.subscribe(session.user, session.newName(wire));
    return 'Subscribed.';
  },
};

export const unsubscribe: Command = {
  state: 'authenticated',
  async run(session, { arguments: args }) {
    args.space();
    const wire = args.astring();
    args.end();
    await session.services.mailboxes.unsubscribe(session.user, session.newName(wire));
    return 'Unsubscribed.';
  },
};

export const status: Command = {
  state: 'authenticated',
  async run(session, { arguments: args }) {
    args.space();
    const wire = args.astring();
    args.space();
    const items = statusItems(args);
    args.end();
    const mailbox = await session.services.mailboxes.find(session.user, session.existingName(wire), 'r');
    session.stream.write(await statusLine(session, mailbox, items));
    return 'That is all.';
  },
};

/** `(MESSAGES UNSEEN …)` */
export function statusItems(args: Arguments): StatusItem[] {
  const items = args.list(() => {
    const word = args.word();
    return (
      STATUS_ITEMS.find((item) => item === word) ?? args.fail(`${word} is no item of STATUS; it stands before this,`)
    );
  });
  if (items.length === 0) args.fail('STATUS wants items');
  return [...new Set(items)];
}

/** The untagged STATUS of a mailbox. */
export async function statusLine(
  session: ImapSession,
  mailbox: Mailbox,
  items: readonly StatusItem[],
): Promise<string> {
  if (items.includes('HIGHESTMODSEQ')) session.enableCondstore();
  const counts = await session.services.mailboxes.status(mailbox, {
    octets: items.includes('SIZE') || items.includes('DELETED-STORAGE'),
  });
  const values: Record<StatusItem, number | string> = {
    MESSAGES: counts.messages,
    RECENT: counts.recent,
    UIDNEXT: counts.uidnext,
    UIDVALIDITY: counts.uidvalidity,
    UNSEEN: counts.unseen,
    DELETED: counts.deleted,
    SIZE: counts.octets,
    HIGHESTMODSEQ: Math.max(1, counts.highestModseq),
    APPENDLIMIT: MAX_MESSAGE_OCTETS,
    'DELETED-STORAGE': counts.deletedOctets,
    MAILBOXID: `(${mailboxId({ id: mailbox.id, uidvalidity: counts.uidvalidity })})`,
  };
  const printed = items.map((item) => `${item} ${values[item]}`).join(' ');
  return `* STATUS ${astring(session.encodeName(mailbox.name))} (${printed})\r\n`;
}
