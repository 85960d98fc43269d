/**
 * Text in headers beyond ASCII: encoded words, and octets with the high bit set.
 * RFC 2047, RFC 2231 §5 (language tags), RFC 6532 (UTF-8 in headers).
 * Latin1 text, octet for character, in; Unicode text out, or ASCII text with encoded words out.
 * Elsewhere: bodies (message-text.ts).
 */
import { isUtf8 } from 'node:buffer';

const ENCODED_WORD = /=\?([^?\s*]+)(?:\*[^?\s]*)?\?([bq])\?([^?]*)\?=/gi;
const EIGHT_BIT = /[\x80-\xff]/;

/** Names in use that the Encoding Standard does not list. */
const CHARSETS: Readonly<Record<string, string>> = {
  cp932: 'shift_jis',
  cp936: 'gbk',
  cp949: 'euc-kr',
  cp950: 'big5',
  'latin-1': 'iso-8859-1',
  utf_8: 'utf-8',
};

type Decoder = InstanceType<typeof TextDecoder>;

const decoders = new Map<string, Decoder>();

/** The decoder of a charset; null for an unknown one. */
export function decoderOf(charset: string): Decoder | null {
  const name = charset.toLowerCase();
  const label = Object.hasOwn(CHARSETS, name) ? (CHARSETS[name] as string) : name;
  const known = decoders.get(label);
  if (known) return known;
  try {
    const decoder = new TextDecoder(label);
    decoders.set(label, decoder);
    return decoder;
  } catch {
    return null;
  }
}

/** The text of octets that name no charset: UTF-8 if they are, else Windows-1252, as other servers and clients read them. */
export function decodeOctets(text: string): string {
  if (!EIGHT_BIT.test(text)) return text;
  const octets = Buffer.from(text, 'latin1');
  return isUtf8(octets) ? octets.toString('utf8') : (decoderOf('windows-1252') as Decoder).decode(octets);
}

/**
 * The Unicode text of an unfolded header value. Encoded words of an unknown charset stay as they are.
 * White space between two encoded words goes (RFC 2047 §6.2); a character split over two of one charset is joined again.
 */
export function decodeHeaderText(value: string): string {
  if (!value.includes('=?')) return decodeOctets(value);
  let text = '';
  let end = 0;
  let pending: { decoder: Decoder; octets: Buffer[] } | null = null;
  for (const match of value.matchAll(ENCODED_WORD)) {
    const decoder = decoderOf(match[1] as string);
    if (!decoder) continue;
    const between = value.slice(end, match.index);
    const octets = wordOctets(match[2] as string, match[3] as string);
    end = match.index + match[0].length;
    if (pending && isBlank(between)) {
      if (pending.decoder === decoder) {
        pending.octets.push(octets);
        continue;
      }
      text += flush(pending);
    } else text += flush(pending) + decodeOctets(between);
    pending = { decoder, octets: [octets] };
  }
  return text + flush(pending) + decodeOctets(value.slice(end));
}

function flush(pending: { decoder: Decoder; octets: Buffer[] } | null): string {
  return pending ? pending.decoder.decode(Buffer.concat(pending.octets)) : '';
}

function isBlank(text: string): boolean {
  return /^[ \t]*$/.test(text);
}

function wordOctets(encoding: string, text: string): Buffer {
  if (encoding === 'b' || encoding === 'B') return Buffer.from(text, 'base64');
  const plain = text
    .replaceAll('_', ' ')
    .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(plain, 'latin1');
}

/** Octets of UTF-8 in one encoded word: 60 characters of base64, 72 with the frame (RFC 2047 §2 allows 75). */
const WORD_OCTETS = 45;

/**
 * The value in ASCII: runs of words with octets above 127 become encoded words in UTF-8, everything else stays.
 * @param value latin1, octet for character
 */
export function encodeHeaderText(value: string): string {
  if (!EIGHT_BIT.test(value)) return value;
  const pieces = value.split(/([ \t]+)/);
  let text = '';
  for (let at = 0; at < pieces.length; at += 2) {
    if (!EIGHT_BIT.test(pieces[at] as string)) {
      text += pieces[at] as string;
    } else {
      const first = at;
      while (at + 2 < pieces.length && EIGHT_BIT.test(pieces[at + 2] as string)) at += 2;
      text += encodeWords(decodeOctets(pieces.slice(first, at + 1).join('')));
    }
    text += pieces[at + 1] ?? '';
  }
  return text;
}

function encodeWords(text: string): string {
  const words: string[] = [];
  let word = '';
  let octets = 0;
  for (const character of text) {
    const length = Buffer.byteLength(character);
    if (octets + length > WORD_OCTETS) {
      words.push(word);
      word = '';
      octets = 0;
    }
    word += character;
    octets += length;
  }
  words.push(word);
  return words.map((piece) => `=?UTF-8?B?${Buffer.from(piece).toString('base64')}?=`).join(' ');
}
