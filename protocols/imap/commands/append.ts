/**
 * APPEND: the octets go from the socket to the stage in pieces, and become a message in one transaction.
 * RFC 3501 §6.3.11, RFC 4315 §3 (APPENDUID), RFC 7889 §4 (TOOBIG before the octets are sent).
 * Elsewhere: the stage (src/mail/message-stage.ts).
 */
import { DomainError } from '../../../src/errors.ts';
import { parseFlagNames } from '../../../src/mail/flags.ts';
import type { Mailbox } from '../../../src/mail/mailboxes.ts';
import { MAX_MESSAGE_OCTETS, type MessageStage } from '../../../src/mail/message-stage.ts';
import { type LiteralHeader, refuseLiteral } from '../command-reader.ts';
import type { Arguments } from '../grammar.ts';
import { Goodbye, Refusal } from '../responses.ts';
import type { Command, ImapSession } from '../session.ts';

/** Octets taken off the socket at once. */
const PIECE = 256 * 1024;

export const append: Command = {
  state: 'authenticated',
  async run(session, { arguments: args, message }) {
    if (message === undefined) return args.fail('a message is expected');
    let mailbox: Mailbox;
    let options: AppendOptions;
    try {
      args.space();
      const wire = args.astring();
      options = readOptions(args);
      parseFlagNames(options.flags);
      if (message.binary) throw new Refusal('NO', 'CANNOT', 'Binary messages are not taken.');
      mailbox = await target(session, wire);
      if (message.octets > MAX_MESSAGE_OCTETS)
        throw new DomainError('too-large', `A message has at most ${MAX_MESSAGE_OCTETS} octets.`);
      if (message.octets === 0) throw new Refusal('NO', 'CANNOT', 'A message is not empty.');
    } catch (error) {
      await refuseLiteral(session.stream, message);
      throw error;
    }
    const stage = session.services.messages.stage(mailbox.accountId);
    await receive(session, stage, message);
    const rest = await session.stream.line();
    if (rest === null) throw new Goodbye('The connection was closed.');
    if (rest.trim() !== '') throw new Refusal('BAD', '', 'There is more than APPEND takes.');
    const { uidvalidity, uids } = await session.services.messages
      .append(session.user, mailbox, [{ ...options, staged: await stage.finish() }])
      .catch(tryCreate);
    return `[APPENDUID ${uidvalidity} ${uids[0]}] Appended.`;
  },
};

interface AppendOptions {
  readonly flags: string[];
  readonly internalDate?: number;
}

/** ` [flags] [date] `, up to the literal. */
function readOptions(args: Arguments): AppendOptions {
  args.space();
  let flags: string[] = [];
  if (args.peek() === '(') {
    // RFC 3501 §6.3.11: \Recent is the server's; clients that copy flags send it all the same.
    flags = args.flagList().filter((flag) => flag.toLowerCase() !== '\\recent');
    args.space();
  }
  if (args.peek() !== '"') {
    literalEnd(args);
    return { flags };
  }
  const internalDate = args.dateTime();
  args.space();
  literalEnd(args);
  return { flags, internalDate };
}

function literalEnd(args: Arguments): void {
  if (!/^~?\{\d+\+?\}$/.test(args.rest)) args.fail('a message is expected');
}

async function target(session: ImapSession, wire: string): Promise<Mailbox> {
  const name = session.decodeName(wire);
  if (name === undefined) throw new Refusal('NO', 'NONEXISTENT', 'There is no such mailbox.');
  return session.services.mailboxes.find(session.user, name, 'i').catch(tryCreate);
}

/** Moves the octets of a message from the socket to its stage; the stage sets the pace. */
async function receive({ stream }: ImapSession, stage: MessageStage, literal: LiteralHeader): Promise<void> {
  if (literal.synchronising) stream.write('+ OK\r\n');
  let left = literal.octets;
  while (left > 0) {
    const piece = await stream.someOctets(Math.min(left, PIECE));
    if (piece === null) throw new Goodbye('The connection was closed.');
    await stage.write(piece);
    left -= piece.length;
  }
}

/** RFC 3501 §6.3.11 and §6.4.7: a target that is missing is TRYCREATE, for the client may make it. */
export function tryCreate(error: unknown): never {
  if (error instanceof DomainError && error.code === 'not-found')
    throw new Refusal('NO', 'TRYCREATE', 'There is no such mailbox.');
  throw error;
}
