/**
 * How answers are written: strings, refusals, and the tagged line for each way a command can end.
 * RFC 3501 §7.1 and §9, RFC 9051 §7.1, RFC 5530.
 * Elsewhere: which error has which code (protocols/error-replies.ts).
 */
import { DomainError } from '../../src/errors.ts';
import { errorReplies, unexpectedReply } from '../error-replies.ts';
import { ImapSyntaxError } from './grammar.ts';
import { DELIMITER } from './mailbox-name.ts';

/** A refusal that only IMAP knows: NO or BAD, with a response code or ''. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly condition: 'NO' | 'BAD';
  readonly code: string;

  constructor(condition: 'NO' | 'BAD', code: string, text: string) {
    super(text);
    this.condition = condition;
    this.code = code;
  }
}

/** Said with UIDREQUIRED (RFC 9586 §3). */
export const NUMBERS_OFF = 'With UIDONLY messages are named by UID alone.';

/** Ends the connection with BYE and this sentence. */
export class Goodbye extends Error {
  override readonly name = 'Goodbye';
}

/** Said of whatever is not there or may not be seen, so that nobody can tell the two apart. */
const NOT_FOUND = 'There is no such mailbox.';

/** `NO [CODE] sentence` for anything a command threw. Undefined for a bug, which is logged and answered with `unexpected`. */
export function refusalText(error: unknown): string | undefined {
  if (error instanceof ImapSyntaxError) return `BAD ${plain(error.message)}`;
  if (error instanceof Refusal) return `${error.condition} ${coded(error.code, error.message)}`;
  if (!(error instanceof DomainError)) return undefined;
  const code = errorReplies[error.code].imap;
  return `NO ${coded(code ?? 'CANNOT', error.code === 'not-found' ? NOT_FOUND : error.message)}`;
}

export function unexpectedText(): string {
  return `NO ${coded(unexpectedReply.imap ?? '', 'The server made a mistake; it is noted.')}`;
}

/** A sentence behind its response code. */
function coded(code: string, text: string): string {
  return code === '' ? plain(text) : `[${code}] ${plain(text)}`;
}

/** RFC 3501 §9: resp-text is ASCII text, one character at least. */
function plain(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 400) || 'Refused.';
}

/**
 * How an answer about one message begins, up to its first item: by sequence number, or by UID (RFC 9586 §3).
 * @param index from 0
 */
export function messageData(index: number, uid: number, uidOnly: boolean): string {
  return uidOnly ? `* ${uid} UIDFETCH (` : `* ${index + 1} FETCH (`;
}

/** A string as answers hold it: quoted where it can be, else a literal. Latin1 text, octet for character. */
export function quote(text: string): string {
  if (/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/.test(text)) return `"${text}"`;
  if (/^[\x01-\x09\x0b\x0c\x0e-\x7e]*$/.test(text)) return `"${text.replace(/["\\]/g, '\\$&')}"`;
  return `{${text.length}}\r\n${text}`;
}

/**
 * The LIST response of an opened or created mailbox, with the name that was asked for where the server calls it another (RFC 9051
 * §6.3.9.7). Names as on the wire.
 */
export function nameLine(asked: string, name: string): string {
  const same = asked === name || asked === `${name}${DELIMITER}` || (name === 'INBOX' && asked.toUpperCase() === name);
  return `* LIST () "${DELIMITER}" ${astring(name)}${same ? '' : ` ("OLDNAME" (${astring(asked)}))`}\r\n`;
}

/** `NAME`, where the name is an atom, or quoted. */
export function astring(text: string): string {
  return /^[^\x00-\x20(){%*"\\\x7f-\xff]+$/.test(text) && text.toUpperCase() !== 'NIL' ? text : quote(text);
}
