/**
 * The text of a message that a search looks into, and the words of it that the index holds.
 * RFC 9051 §6.4.4 (search keys), RFC 2045 §6 (encodings), RFC 2047, RFC 5051 (case).
 * Octets in, folded Unicode text out; any octets have a text. A body is the text of its text parts in their charsets, without the
 * tags of HTML, and of the headers inside it, so that attachments are found by name. Whoever searches, with an index or
 * without, asks here, so both find the same.
 * Elsewhere: criteria (message-search.ts), the index (search-worker.ts).
 */
import { fold } from '../collections/collation.ts';
import { decodeHeaderText, decodeOctets, decoderOf } from './encoded-words.ts';
import type { HeaderFields } from './header-fields.ts';
import { addressText, headerTexts } from './message-identity.ts';
import { type MessagePart, scanMessage } from './message-structure.ts';
import { parameterOf } from './mime-parameters.ts';

/** A header field with a criterion of its own, or any by its name. */
export type TextField = 'subject' | 'from' | 'to' | 'cc' | 'bcc';

/** What one text criterion asks; `text` is not folded yet. */
export type TextCriterion =
  | { readonly kind: 'subject'; readonly text: string }
  | { readonly kind: 'address'; readonly field: Exclude<TextField, 'subject'>; readonly text: string }
  | { readonly kind: 'header'; readonly name: string; readonly text: string }
  | { readonly kind: 'body' | 'text'; readonly text: string };

/** Octets of one text part that are looked into. */
const PART_OCTETS = 32 * 1024 * 1024;

/** Text as searches compare it. */
export function foldText(text: string): string {
  return fold(text, 'i;unicode-casemap');
}

/** Whether a message satisfies a criterion, read in full. `needle` is its folded text. */
export function matchesText(octets: Buffer, criterion: TextCriterion, needle: string): boolean {
  const message = scanMessage(octets);
  if (criterion.kind === 'body') return bodyText(octets, message).includes(needle);
  if (criterion.kind === 'text')
    return matchesHeader(message.header, criterion, needle) || bodyText(octets, message).includes(needle);
  return matchesHeader(message.header, criterion, needle);
}

/** Whether a header satisfies a criterion; of TEXT, the part that the header decides. */
export function matchesHeader(header: HeaderFields, criterion: TextCriterion, needle: string): boolean {
  switch (criterion.kind) {
    case 'subject':
      return fieldText(header, 'subject').includes(needle);
    case 'address':
      return fieldText(header, criterion.field).includes(needle);
    case 'header': {
      // RFC 9051 §6.4.4: an empty text asks whether there is such a field.
      return headerTexts(header, criterion.name.toLowerCase()).some((text) => foldText(text).includes(needle));
    }
    case 'text':
      return headerText(header).includes(needle);
    default:
      return false;
  }
}

/** The folded text of a field with a criterion of its own. */
export function fieldText(header: HeaderFields, field: TextField): string {
  return foldText(field === 'subject' ? headerTexts(header, 'subject').join('\n') : addressText(header, field));
}

/** The folded text of a whole header: one line for each field, decoded. */
export function headerText(header: HeaderFields): string {
  const lines: string[] = [];
  for (let index = 0; index < header.count; index++)
    lines.push(`${header.name(index)}: ${decodeHeaderText(header.value(index))}`);
  return foldText(lines.join('\n'));
}

/** The folded text of the body of a scanned message. */
export function bodyText(octets: Buffer, message: MessagePart): string {
  const texts: string[] = [];
  collect(octets, message, texts);
  return texts.join('\n');
}

function collect(octets: Buffer, part: MessagePart, texts: string[]): void {
  for (const child of part.parts) {
    // Its own header belongs to the body of what holds it.
    if (child.header.count > 0) texts.push(headerText(child.header));
    collect(octets, child, texts);
  }
  if (part.kind === 'single' && part.type.type === 'text') texts.push(foldText(partText(octets, part)));
}

/** The decoded text of a text part, not folded; HTML without tags. `most`: octets of it that are looked at. */
export function partText(octets: Buffer, part: MessagePart, most: number = PART_OCTETS): string {
  const raw = octets.subarray(part.bodyStart, Math.min(part.end, part.bodyStart + most));
  const decoded = decodeTransfer(raw, part.encoding);
  const charset = parameterOf(part.type, 'charset')?.trim().toLowerCase() ?? 'us-ascii';
  // Text that claims to be ASCII and is not: as other programs read it.
  const decoder = charset === 'us-ascii' || charset === 'ascii' ? null : decoderOf(charset);
  const text = decoder === null ? decodeOctets(decoded.toString('latin1')) : decoder.decode(decoded);
  return part.type.subtype === 'html' ? htmlText(text) : text;
}

/** Octets without their Content-Transfer-Encoding; an unknown one changes nothing. */
export function decodeTransfer(octets: Buffer, encoding: string): Buffer {
  if (encoding === 'base64') return Buffer.from(octets.toString('latin1'), 'base64');
  if (encoding === 'quoted-printable') return decodeQuotedPrintable(octets);
  return octets;
}

const EQUALS = 61;
const LF = 10;
const CR = 13;

/** RFC 2045 §6.7; what is no valid escape stands for itself. */
function decodeQuotedPrintable(octets: Buffer): Buffer {
  const decoded = Buffer.allocUnsafe(octets.length);
  let length = 0;
  // Up to where spaces are not those at the end of a line, which are no part of the text.
  let kept = 0;
  for (let at = 0; at < octets.length; at++) {
    const octet = octets[at] as number;
    if (octet === LF || (octet === CR && octets[at + 1] === LF)) length = kept;
    else if (octet !== 32 && octet !== 9 && octet !== EQUALS) kept = length + 1;
    if (octet === EQUALS) {
      const value = hexValue(octets[at + 1]) * 16 + hexValue(octets[at + 2]);
      if (value >= 0) {
        decoded[length++] = value;
        kept = length;
        at += 2;
        continue;
      }
      const end = softBreakEnd(octets, at + 1);
      kept = length;
      if (end > 0) {
        at = end;
        continue;
      }
      kept++;
    }
    decoded[length++] = octet;
    if (octet === LF || octet === CR) kept = length;
  }
  return decoded.subarray(0, length);
}

/** Where the line end of a soft break is, white space before it; 0 when there is none. */
function softBreakEnd(octets: Buffer, from: number): number {
  let at = from;
  while (octets[at] === 32 || octets[at] === 9) at++;
  if (octets[at] === CR) at++;
  return octets[at] === LF ? at : 0;
}

/** -1,000 for no digit. */
function hexValue(octet: number | undefined): number {
  if (octet === undefined) return -1_000;
  if (octet >= 48 && octet <= 57) return octet - 48;
  const letter = octet | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1_000;
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  auml: 'ä',
  ouml: 'ö',
  uuml: 'ü',
  Auml: 'Ä',
  Ouml: 'Ö',
  Uuml: 'Ü',
  szlig: 'ß',
  eacute: 'é',
  egrave: 'è',
  agrave: 'à',
  ccedil: 'ç',
  euro: '€',
  ndash: '–',
  mdash: '—',
  hellip: '…',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
};

/** The text of HTML as a reader sees it, near enough to be searched: no scripts, styles and tags, entities resolved. */
export function htmlText(html: string): string {
  const lower = html.includes('<') ? html.toLowerCase() : html;
  const pieces: string[] = [];
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    if (open < 0) break;
    if (open > at) pieces.push(html.slice(at, open));
    at = afterTag(html, lower, open, pieces);
  }
  if (at < html.length) pieces.push(html.slice(at));
  return pieces.join('').replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi, resolveEntity);
}

/** Where the text goes on after what begins with `<`; a block leaves a line end behind. */
function afterTag(html: string, lower: string, open: number, pieces: string[]): number {
  if (lower.startsWith('<!--', open)) {
    const close = html.indexOf('-->', open + 4);
    return close < 0 ? html.length : close + 3;
  }
  const hidden = /^<(script|style)\b/.exec(lower.slice(open, open + 8))?.[1];
  if (hidden !== undefined) {
    const close = lower.indexOf(`</${hidden}`, open);
    const end = close < 0 ? -1 : html.indexOf('>', close);
    return end < 0 ? html.length : end + 1;
  }
  if (!/[a-z/!?]/.test(lower[open + 1] ?? '')) {
    pieces.push('<');
    return open + 1;
  }
  if (/^<\/?(?:p|br|div|tr|td|th|li|h\d|table|ul|ol|blockquote|title)\b/.test(lower.slice(open, open + 13)))
    pieces.push('\n');
  const close = html.indexOf('>', open);
  return close < 0 ? html.length : close + 1;
}

function resolveEntity(entity: string, decimal?: string, hex?: string, name?: string): string {
  if (name !== undefined) return ENTITIES[name] ?? entity;
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
  return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : entity;
}
