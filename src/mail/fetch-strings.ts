/**
 * Strings of a finished FETCH answer, in ASCII and always quoted, so that stored text can be sent as it is.
 * RFC 9051 §4.3 and §9 (quoted, nstring), RFC 3501 §9.
 * Latin1 text, octet for character, in. A quoted string cannot hold NUL, CR and LF: they become spaces. Octets above 127
 * become encoded words (RFC 2047), which clients decode in these places; with IMAP4rev1 they may not be sent otherwise.
 */
import { encodeHeaderText } from './encoded-words.ts';

/** `"text"` */
export function quoted(text: string): string {
  if (/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/.test(text)) return `"${text}"`;
  return `"${encodeHeaderText(text)
    .replace(/[\0\r\n]/g, ' ')
    .replace(/["\\]/g, '\\$&')}"`;
}

/** `"text"`, or NIL for null. */
export function nstring(text: string | null): string {
  return text === null ? 'NIL' : quoted(text);
}
