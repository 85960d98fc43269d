/**
 * Commands off the socket: a tag, a name, and the text of the arguments with its literals.
 * RFC 3501 §2.2.1 and §7.5, RFC 7888 (LITERAL+), RFC 7889 §4 (a literal that is too large is refused before it is sent).
 * The literal of a message is left on the socket for the command that takes it (`MessageLiteral`); all others are short and
 * become part of the text.
 * Elsewhere: tokens (grammar.ts), limits of time (connection.ts).
 */
import { type LineStream, LineTooLong } from '../line-stream.ts';
import { Arguments } from './grammar.ts';
import { Goodbye } from './responses.ts';

/** Octets. */
export interface ReaderLimits {
  /** A line, its end included. */
  readonly line: number;
  /** All literals of one command that are no messages. */
  readonly literals: number;
}

/** Before somebody has logged in, and after. */
export const BEFORE_LOGIN: ReaderLimits = { line: 64 * 1024, literals: 8 * 1024 };
export const AFTER_LOGIN: ReaderLimits = { line: 64 * 1024, literals: 128 * 1024 };

/** A literal that a client announced. */
export interface LiteralHeader {
  readonly octets: number;
  /** The client waits for "+" before it sends the octets. */
  readonly synchronising: boolean;
  /** literal8 of RFC 3516. */
  readonly binary: boolean;
}

export interface RawCommand {
  readonly tag: string;
  /** In upper case, `UID FETCH` for those with a prefix. */
  readonly name: string;
  /** Behind the name. */
  readonly arguments: Arguments;
  /** The message that comes next on the socket; then the rest of the command. */
  readonly message: LiteralHeader | undefined;
}

/** A line that is no command. `tag` is '*' when none could be read. */
export class BadCommand extends Error {
  override readonly name = 'BadCommand';
  readonly tag: string;

  constructor(tag: string, text: string) {
    super(text);
    this.tag = tag;
  }
}

const MAX_TAG = 256;
/** RFC 3501 §9: ASTRING-CHAR without "+". */
const COMMAND = /^([^\x00-\x20(){%*"\\+\x7f-\xff]+) +([^\x00-\x20(){%*"\\\x7f-\xff]+)/;
const UID_COMMAND = /^ +([A-Za-z]+)/;
const LITERAL = /(~?)\{(\d{1,40})(\+?)\}$/;
/** Commands whose last literal is a message, and what stands before it when it is not yet that. */
const TAKES_MESSAGE: ReadonlyMap<string, RegExp> = new Map([
  ['APPEND', /^ +$/],
  ['REPLACE', /^ +[\d*]+ +$/],
  ['UID REPLACE', /^ +[\d*]+ +$/],
]);

/** A literal nobody wants that is on its way all the same is read and dropped, if it is no longer than this: after log-in, before. */
const SKIPPED = 128 * 1024 * 1024;
const SKIPPED_BEFORE_LOGIN = 64 * 1024;

/** The literal a line ends with; undefined for none. */
export function literalOf(line: string): LiteralHeader | undefined {
  if (!line.endsWith('}')) return undefined;
  const match = LITERAL.exec(line);
  if (match === null) return undefined;
  return { octets: Number(match[2]), synchronising: match[3] === '', binary: match[1] !== '' };
}

/**
 * Reads a whole command.
 * @returns null when the peer closed
 * @throws BadCommand for what is none; LineTooLong, Goodbye when the connection cannot go on
 */
export async function readCommand(stream: LineStream, limits: ReaderLimits): Promise<RawCommand | null> {
  const line = stream.takeLine() ?? (await stream.line());
  if (line === null) return null;
  if (line.length > limits.line) throw new LineTooLong('The line is too long.');
  const head = COMMAND.exec(line);
  if (head === null) throw new BadCommand(tagOf(line), 'A command is a tag, a space and a name.');
  const [all, tag = '', word = ''] = head;
  if (tag.length > MAX_TAG) throw new BadCommand('*', 'The tag is too long.');
  let name = word.toUpperCase();
  let at = all.length;
  if (name === 'UID') {
    const second = UID_COMMAND.exec(line.slice(at, at + 40));
    if (second === null) throw new BadCommand(tag, 'UID stands before another command.');
    name = `UID ${(second[1] as string).toUpperCase()}`;
    at += second[0].length;
  }
  let literal = literalOf(line);
  if (literal === undefined) return { tag, name, arguments: new Arguments(line, at), message: undefined };
  const noMessageYet = TAKES_MESSAGE.get(name);
  let text = line;
  let left = limits.literals;
  while (literal !== undefined) {
    const before = text.slice(at, text.lastIndexOf('{'));
    if (noMessageYet !== undefined && !noMessageYet.test(before) && limits !== BEFORE_LOGIN)
      return { tag, name, arguments: new Arguments(text, at), message: literal };
    if (literal.octets > left) {
      await refuseLiteral(stream, literal, limits === BEFORE_LOGIN ? SKIPPED_BEFORE_LOGIN : SKIPPED);
      throw new BadCommand(tag, 'The literal is too large.');
    }
    left -= literal.octets;
    if (literal.synchronising) stream.write('+ OK\r\n');
    const octets = await stream.octets(literal.octets);
    const rest = octets === null ? null : await stream.line();
    if (octets === null || rest === null) return null;
    text += `\r\n${octets.toString('latin1')}${rest}`;
    if (text.length > limits.line + limits.literals) throw new LineTooLong('The command is too long.');
    literal = literalOf(rest);
  }
  return { tag, name, arguments: new Arguments(text, at), message: undefined };
}

/**
 * Gets a literal out of the way that is not taken. One that waits for "+" is never sent; one that does not is read to its end,
 * or ends the connection when it is too long for that (RFC 7888 §4).
 * @throws Goodbye
 */
export async function refuseLiteral(
  stream: LineStream,
  { octets, synchronising }: LiteralHeader,
  most = SKIPPED,
): Promise<void> {
  if (synchronising) return;
  if (octets > most) throw new Goodbye('The literal is too large to be skipped.');
  let left = octets;
  while (left > 0) {
    const piece = await stream.someOctets(left);
    if (piece === null) return;
    left -= piece.length;
  }
  // What is behind it belongs to the refused command, further literals too.
  const rest = await stream.line();
  const next = rest === null ? undefined : literalOf(rest);
  if (next !== undefined) await refuseLiteral(stream, next, most - octets);
}

function tagOf(line: string): string {
  const tag = /^([^\x00-\x20(){%*"\\+\x7f-\xff]{1,256})(?: |$)/.exec(line)?.[1];
  return tag ?? '*';
}
