/**
 * Who else may use a mailbox: GETACL, SETACL, DELETEACL, LISTRIGHTS, MYRIGHTS.
 * RFC 4314 §3.
 * Identifiers are names and addresses of people and groups; those with a minus before them (negative rights) name nobody.
 * Elsewhere: what is stored (src/mail/mailbox-acl.ts), which right each command needs (src/mail).
 */
import { ALL_MAIL_RIGHTS, type MailRights, parseMailRights, printMailRights } from '../../../src/mail/mail-rights.ts';
import type { AclMode } from '../../../src/mail/mailbox-acl.ts';
import type { Arguments } from '../grammar.ts';
import { astring } from '../responses.ts';
import type { Command } from '../session.ts';

const MODES: Readonly<Record<string, AclMode>> = { '+': 'add', '-': 'remove' };

export const getAcl: Command = {
  state: 'authenticated',
  async run(session, { arguments: args }) {
    args.space();
    const wire = args.astring();
    args.end();
    const entries = await session.services.acl.entries(session.user, session.existingName(wire));
    const pairs = entries.map(({ identifier, rights }) => ` ${astring(identifier)} ${printMailRights(rights)}`);
    session.stream.write(`* ACL ${astring(wire)}${pairs.join('')}\r\n`);
    return 'That is all.';
  },
};

export const setAcl: Command = {
  state: 'authenticated',
  async run(session, { arguments: args }) {
    args.space();
    const wire = args.astring();
    const identifier = identifierIn(args);
    args.space();
    const change = args.astring();
    args.end();
    const mode = MODES[change.charAt(0)];
    // RFC 4314 §3.1: BAD, and never silently less than was asked for.
    const rights =
      parseMailRights(mode === undefined ? change : change.slice(1)) ?? args.fail('there is no such right');
    await session.services.acl.change(session.user, session.existingName(wire), identifier, mode ?? 'replace', rights);
    return 'Changed.';
  },
};

export const deleteAcl: Command = {
  state: 'authenticated',
  async run(session, { arguments: args }) {
    args.space();
    const wire = args.astring();
    const identifier = identifierIn(args);
    args.end();
    await session.services.acl.remove(session.user, session.existingName(wire), identifier);
    return 'Removed.';
  },
};

export const listRights: Command = {
  state: 'authenticated',
  async run(session, { arguments: args }) {
    args.space();
    const wire = args.astring();
    const identifier = identifierIn(args);
    args.end();
    const { acl } = session.services;
    const { always, others } = await acl.grantable(session.user, session.existingName(wire), identifier);
    const letters = [...ALL_MAIL_RIGHTS].filter((right) => others.has(right)).join('');
    // RFC 4314 §2.1.1: c and d by themselves, because no right is tied to another one; never a letter twice (§3.7).
    const required = printMailRights(always);
    const old = [...'cd'].filter((letter) => printMailRights(others).includes(letter) && !required.includes(letter));
    const optional = [...letters, ...old].map((letter) => ` ${letter}`).join('');
    session.stream.write(
      `* LISTRIGHTS ${astring(wire)} ${astring(encoded(identifier))} ${required || '""'}${optional}\r\n`,
    );
    return 'That is all.';
  },
};

export const myRights: Command = {
  state: 'authenticated',
  async run(session, { arguments: args }) {
    args.space();
    const wire = args.astring();
    args.end();
    const rights = await session.services.acl.mine(session.user, session.existingName(wire));
    session.stream.write(myRightsLine(wire, rights));
    return 'That is all.';
  },
};

/** The untagged MYRIGHTS of a mailbox by its name on the wire. */
export function myRightsLine(wire: string, rights: MailRights): string {
  return `* MYRIGHTS ${astring(wire)} ${printMailRights(rights)}\r\n`;
}

/** The next argument as text (RFC 4314 §3: BAD when it is empty). */
function identifierIn(args: Arguments): string {
  args.space();
  const identifier = args.astring();
  if (identifier === '') args.fail('an identifier is expected before this');
  return Buffer.from(identifier, 'latin1').toString('utf8');
}

function encoded(identifier: string): string {
  return Buffer.from(identifier, 'utf8').toString('latin1');
}
