/**
 * The values of Content-Type, Content-Disposition and Content-Transfer-Encoding.
 * RFC 2045 §5 and §6, RFC 2183 §2; RFC 2231 continuations stay as they were sent, as IMAP wants them.
 * Unfolded latin1 text in, names in lower case and values as sent out. Anything can be read: what is no parameter is skipped.
 * Elsewhere: printing (body-structure.ts).
 */
import { trimSpace } from './header-fields.ts';

/** [name in lower case, value]. */
export type MimeParameter = readonly [name: string, value: string];

/** `type/subtype; parameters`, or `disposition; parameters` with an empty subtype. */
export interface MimeValue {
  /** Lower case. */
  readonly type: string;
  /** Lower case. */
  readonly subtype: string;
  readonly parameters: readonly MimeParameter[];
}

/** More parameters than any file name in pieces needs; the rest is ignored. */
const MAX_PARAMETERS = 200;

const TOKEN = /^[^\x00-\x20()<>@,;:\\"/[\]?=\x7f-\xff]+$/;

/** RFC 2045 §5.2: what a part without a usable Content-Type is. */
export const PLAIN_TEXT: MimeValue = { type: 'text', subtype: 'plain', parameters: [['charset', 'us-ascii']] };

/** The media type of a Content-Type value; null when it has none (RFC 2045 §5.2 then assumes plain text). */
export function parseContentType(value: string): MimeValue | null {
  const { head, parameters } = parse(value);
  const slash = head.indexOf('/');
  if (slash < 0) return null;
  const type = trimSpace(head.slice(0, slash)).toLowerCase();
  const subtype = (trimSpace(head.slice(slash + 1)).split(/\s/, 1)[0] ?? '').toLowerCase();
  return TOKEN.test(type) && TOKEN.test(subtype) ? { type, subtype, parameters } : null;
}

/** The disposition of a Content-Disposition value; null when it has none. An unknown one is an attachment (RFC 2183 §2.8). */
export function parseContentDisposition(value: string): MimeValue | null {
  const { head, parameters } = parse(value);
  const type = head.toLowerCase();
  if (TOKEN.test(type)) return { type, subtype: '', parameters };
  return head === '' && parameters.length === 0 ? null : { type: 'attachment', subtype: '', parameters };
}

/** The encoding of a Content-Transfer-Encoding value, in lower case; '7bit' when it says nothing (RFC 2045 §6.1). */
export function parseTransferEncoding(value: string | null): string {
  return (value && parse(value).head.toLowerCase()) || '7bit';
}

/** The first parameter with a name (in lower case). */
export function parameterOf({ parameters }: MimeValue, name: string): string | null {
  for (const [parameter, value] of parameters) if (parameter === name) return value;
  return null;
}

/** What stands before the first semicolon, without comments, and the parameters after it. */
function parse(value: string): { head: string; parameters: MimeParameter[] } {
  const reader = new ParameterReader(value);
  const head = reader.until(';');
  const parameters: MimeParameter[] = [];
  while (reader.skip(';') && parameters.length < MAX_PARAMETERS) {
    const name = reader.until('=;').toLowerCase();
    if (!reader.skip('=')) continue;
    const text = reader.value();
    if (name !== '') parameters.push([name, text]);
  }
  return { head, parameters };
}

class ParameterReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Moves past a character if it comes next. */
  skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  /** Text up to one of the stops, without comments and the white space around it. */
  until(stops: string): string {
    let text = '';
    let from = this.#at;
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at] as string;
      if (stops.includes(character)) break;
      if (character === '(') {
        text += this.#text.slice(from, this.#at);
        this.#at = commentEnd(this.#text, this.#at);
        from = this.#at;
      } else this.#at++;
    }
    return trimSpace(text + this.#text.slice(from, this.#at));
  }

  /** A quoted string, or whatever stands before the next semicolon. */
  value(): string {
    while (isBlank(this.#text.charCodeAt(this.#at))) this.#at++;
    if (this.#text[this.#at] !== '"') return this.until(';');
    const { text, end } = readQuoted(this.#text, this.#at);
    this.#at = end;
    this.until(';');
    return text;
  }
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** The text of the quoted string that begins at `from`, and where it ends: at the text's end if it is never closed. */
export function readQuoted(text: string, from: number): { text: string; end: number } {
  let escaped = false;
  for (let at = from + 1; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 92) {
      escaped = true;
      at++;
    } else if (character === 34) return { text: unquotePairs(text.slice(from + 1, at), escaped), end: at + 1 };
  }
  return { text: unquotePairs(text.slice(from + 1), escaped), end: text.length };
}

/** Where the comment that begins at `from` ends; comments nest (RFC 5322 §3.2.2), an open one reaches to the text's end. */
export function commentEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 92) at++;
    else if (character === 40) depth++;
    else if (character === 41 && --depth === 0) return at + 1;
  }
  return text.length;
}

/** Without the backslashes of quoted pairs. */
export function unquotePairs(text: string, escaped: boolean): string {
  return escaped ? text.replace(/\\([\s\S])/g, '$1') : text;
}
