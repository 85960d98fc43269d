/**
 * The message that APPEND and REPLACE bring: flags and date before it, its octets from the socket to the stage in pieces.
 * RFC 3501 §6.3.11, RFC 6855 §4 (UTF8), RFC 7889 §4 (TOOBIG before the octets are sent), RFC 3516 §4.4 (raw octets).
 * Elsewhere: the stage (src/mail/message-stage.ts).
 */
import { DomainError } from '../../src/errors.ts';
import { withoutBinaryParts } from '../../src/mail/binary-parts.ts';
import { parseFlagNames } from '../../src/mail/flags.ts';
import type { Mailbox } from '../../src/mail/mailboxes.ts';
import { MAX_MESSAGE_OCTETS, type MessageStage } from '../../src/mail/message-stage.ts';
import type { NewMessage } from '../../src/mail/messages.ts';
import { type LiteralHeader, refuseLiteral } from './command-reader.ts';
import type { Arguments } from './grammar.ts';
import { Goodbye, Refusal } from './responses.ts';
import type { ImapSession } from './session.ts';

/** Octets taken off the socket at once. */
const PIECE = 256 * 1024;
/** A literal8 is held whole while it is looked through. */
const MAX_BINARY = 32 * 1024 * 1024;

/**
 * Reads one message with what stands before it, and the line behind it.
 * @param options from the space before the flags on
 * @param before octets of the messages of the same command that came already
 * @returns the message, staged, and the rest of the command
 * @throws Refusal, DomainError, ImapSyntaxError; then the message is out of the way
 */
export async function readMessage(
  session: ImapSession,
  stage: MessageStage,
  literal: LiteralHeader,
  options: Arguments,
  before: number,
): Promise<{ message: NewMessage; rest: string }> {
  const { octets, binary } = literal;
  const { utf8, ...read } = await refusing(session, literal, async () => {
    const parsed = readOptions(options);
    parseFlagNames(parsed.flags);
    if (parsed.utf8 && !session.enabled.has('UTF8=ACCEPT'))
      throw new Refusal('BAD', '', 'UTF8 wants ENABLE UTF8=ACCEPT first.');
    if (before + octets > MAX_MESSAGE_OCTETS || (binary && octets > MAX_BINARY))
      throw new DomainError('too-large', `The messages of one command have at most ${MAX_MESSAGE_OCTETS} octets.`);
    if (octets === 0) throw new Refusal('NO', 'CANNOT', 'A message is not empty.');
    return parsed;
  });
  if (binary) await receiveBinary(session, stage, literal);
  else await receive(session, stage, literal);
  const message = { ...read, staged: await stage.finish() };
  const rest = await session.stream.line();
  if (rest === null) throw new Goodbye('The connection was closed.');
  if (!utf8) return { message, rest };
  if (!rest.startsWith(')')) throw new Refusal('BAD', '', '")" is expected behind the message.');
  return { message, rest: rest.slice(1) };
}

/** The mailbox that a message goes to. @throws Refusal TRYCREATE when it is missing */
export async function targetMailbox(session: ImapSession, wire: string): Promise<Mailbox> {
  const name = session.decodeName(wire);
  if (name === undefined) throw new Refusal('NO', 'NONEXISTENT', 'There is no such mailbox.');
  return session.services.mailboxes.find(session.user, name, 'i').catch(tryCreate);
}

/** Does what comes before a message is taken; when that fails, gets the message out of the way. */
export async function refusing<T>({ stream }: ImapSession, literal: LiteralHeader, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    await refuseLiteral(stream, literal);
    throw error;
  }
}

interface AppendOptions {
  /** The message is one of `UTF8 (…)`, and a parenthesis follows it (RFC 6855 §4). */
  readonly utf8: boolean;
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
    return { flags, utf8: literalEnd(args) };
  }
  const internalDate = args.dateTime();
  args.space();
  return { flags, internalDate, utf8: literalEnd(args) };
}

function literalEnd(args: Arguments): boolean {
  if (!/^(?:UTF8 \()?~?\{\d+\+?\}$/i.test(args.rest)) args.fail('a message is expected');
  return args.startsWith('UTF8');
}

/** Moves the octets of a message from the socket to its stage; the stage sets the pace. */
async function receive(
  { stream }: ImapSession,
  stage: Pick<MessageStage, 'write'>,
  literal: LiteralHeader,
): Promise<void> {
  if (literal.synchronising) stream.write('+ OK\r\n');
  let left = literal.octets;
  while (left > 0) {
    const piece = await stream.someOctets(Math.min(left, PIECE));
    if (piece === null) throw new Goodbye('The connection was closed.');
    await stage.write(piece);
    left -= piece.length;
  }
}

/** A message with parts in raw octets, which are kept as base64 for all who cannot read NUL (RFC 3516 §4.4). */
async function receiveBinary(session: ImapSession, stage: MessageStage, literal: LiteralHeader): Promise<void> {
  const pieces: Buffer[] = [];
  await receive(session, { write: async (piece) => void pieces.push(piece) }, literal);
  await stage.write(withoutBinaryParts(Buffer.concat(pieces)));
}

/** RFC 3501 §6.3.11 and §6.4.7: a target that is missing is TRYCREATE, for the client may make it. */
export function tryCreate(error: unknown): never {
  if (error instanceof DomainError && error.code === 'not-found')
    throw new Refusal('NO', 'TRYCREATE', 'There is no such mailbox.');
  throw error;
}
