/**
 * The header of a message or of a MIME part: where it ends, which fields it has, what they say.
 * RFC 5322 §2.2 and §4.5 (obsolete forms), RFC 9051 §6.4.5 (HEADER.FIELDS).
 * Octets in, offsets and latin1 text out: one character per octet, so text positions are octet positions.
 * Elsewhere: charsets and encoded words (encoded-words.ts), the grammar of single fields (address-list.ts,
 * mime-parameters.ts, sent-date.ts).
 */

/** Octets [start, end) of a message. */
export interface OctetRange {
  readonly start: number;
  readonly end: number;
}

/** Fields beyond this many octets of one header are not looked at; they stay part of the header. */
export const MAX_HEADER_OCTETS = 256 * 1024;

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;
const COLON = ':';

/**
 * Reads the header that begins at `start`: up to and with the first empty line, or `end`. Any octets are a header; lines
 * end with LF, with or without CR before it. A line that is no field (no colon) stands as one without a name.
 */
export function readHeader(octets: Buffer, start: number, end: number): HeaderFields {
  const limit = Math.min(end, start + MAX_HEADER_OCTETS);
  const starts: number[] = [];
  let line = start;
  let emptyLine = -1;
  while (line < limit) {
    const first = octets[line];
    if (first === LF || (first === CR && octets[line + 1] === LF && line + 1 < end)) {
      emptyLine = line;
      break;
    }
    if ((first !== SPACE && first !== TAB) || line === start) starts.push(line - start);
    const feed = octets.indexOf(LF, line);
    line = feed < 0 || feed >= end ? end : feed + 1;
  }
  if (emptyLine < 0 && line < end) emptyLine = emptyLineAfter(octets, line, end);
  if (emptyLine < 0) return new HeaderFields(octets, start, limit, starts, end, end);
  const bodyStart = emptyLine + (octets[emptyLine] === CR ? 2 : 1);
  return new HeaderFields(octets, start, Math.min(emptyLine, limit), starts, emptyLine, bodyStart);
}

/** The empty line in [line, end), where `line` begins a line; -1 when there is none. */
function emptyLineAfter(octets: Buffer, line: number, end: number): number {
  // An octet at a time: searching for two LF with indexOf takes ten times as long on a text of nothing but short lines.
  let previous = LF;
  for (let at = line; at < end; at++) {
    const octet = octets[at] as number;
    if (previous === LF && (octet === LF || (octet === CR && octets[at + 1] === LF && at + 1 < end))) return at;
    previous = octet;
  }
  return -1;
}

/** The fields of one header, in order. Values are as received, octet for character. */
export class HeaderFields {
  /** Where the header begins. */
  readonly start: number;
  /** Where the empty line begins; equal to `end` when there is none. */
  readonly emptyLine: number;
  /** After the empty line: where the body begins. */
  readonly end: number;
  /** Where what was read of the fields ends: `emptyLine`, unless the header is longer than MAX_HEADER_OCTETS. */
  readonly fieldsEnd: number;
  readonly #text: string;
  /** Beginning of each field, and its colon (-1: none), relative to `start`. */
  readonly #starts: readonly number[];
  readonly #colons: readonly number[];

  constructor(
    octets: Buffer,
    start: number,
    fieldsEnd: number,
    starts: readonly number[],
    emptyLine: number,
    end: number,
  ) {
    this.start = start;
    this.fieldsEnd = fieldsEnd;
    this.emptyLine = emptyLine;
    this.end = end;
    this.#text = octets.toString('latin1', start, fieldsEnd);
    this.#starts = starts;
    this.#colons = colonsOf(this.#text, starts);
  }

  /** How many fields there are. */
  get count(): number {
    return this.#starts.length;
  }

  /** Was the header longer than what is read of it? */
  get truncated(): boolean {
    return this.fieldsEnd < this.emptyLine;
  }

  /** The name of a field, in lower case; '' for a line that is no field. */
  name(index: number): string {
    const colon = this.#colons[index] as number;
    return colon < 0 ? '' : this.#text.slice(this.#starts[index], this.#nameEnd(index, colon)).toLowerCase();
  }

  /** The octets of a field, its line end included. */
  range(index: number): OctetRange {
    return { start: this.start + (this.#starts[index] as number), end: this.start + this.#fieldEnd(index) };
  }

  /** The value of a field: unfolded (RFC 5322 §2.2.3), without white space around it. */
  value(index: number): string {
    const colon = this.#colons[index] as number;
    const raw = this.#text.slice(colon < 0 ? this.#starts[index] : colon + 1, this.#fieldEnd(index));
    return trimSpace(raw.replaceAll('\r\n', '').replaceAll('\n', ''));
  }

  /** The value of the first field with a name (in lower case); null when there is none. */
  get(name: string): string | null {
    const index = this.#find(name, 0);
    return index < 0 ? null : this.value(index);
  }

  /** The values of all fields with a name (in lower case), in order. */
  all(name: string): string[] {
    const values: string[] = [];
    for (let index = this.#find(name, 0); index >= 0; index = this.#find(name, index + 1)) {
      values.push(this.value(index));
    }
    return values;
  }

  /** How many fields have a name (in lower case). */
  countOf(name: string): number {
    let found = 0;
    for (let index = this.#find(name, 0); index >= 0; index = this.#find(name, index + 1)) found++;
    return found;
  }

  #find(name: string, from: number): number {
    const initial = name.charCodeAt(0);
    for (let index = from; index < this.#starts.length; index++) {
      const start = this.#starts[index] as number;
      const colon = this.#colons[index] as number;
      if (colon - start < name.length || (this.#text.charCodeAt(start) | 32) !== initial) continue;
      if (this.#nameEnd(index, colon) - start !== name.length) continue;
      if (this.#text.slice(start, start + name.length).toLowerCase() === name) return index;
    }
    return -1;
  }

  #fieldEnd(index: number): number {
    return this.#starts[index + 1] ?? this.#text.length;
  }

  /** White space between name and colon is tolerated (RFC 5322 §4.5.8). */
  #nameEnd(index: number, colon: number): number {
    const start = this.#starts[index] as number;
    let end = colon;
    while (end > start && (this.#text.charCodeAt(end - 1) === SPACE || this.#text.charCodeAt(end - 1) === TAB)) end--;
    return end;
  }
}

/** The colon after each field's name; -1 where the first line has none. */
function colonsOf(text: string, starts: readonly number[]): number[] {
  const colons: number[] = [];
  let colon = -1;
  let feed = -1;
  for (const start of starts) {
    if (colon < start) colon = after(text, COLON, start);
    if (feed < start) feed = after(text, '\n', start);
    colons.push(colon < feed ? colon : -1);
  }
  return colons;
}

/** The position of a character at or after another; the text's length when it does not come, so that nobody asks twice. */
function after(text: string, character: string, from: number): number {
  const found = text.indexOf(character, from);
  return found < 0 ? text.length : found;
}

/** Without spaces, tabs and stray line ends around it. */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB || code === CR || code === LF;
}

/**
 * The octets that HEADER.FIELDS or HEADER.FIELDS.NOT select of a header, in order, the empty line last
 * (RFC 9051 §6.4.5: it is left out only when the message has none).
 * @param header where the header is, as sectionRange says
 * @param names field names, in any case
 * @param not true selects all other fields
 */
export function selectHeaderFields(
  octets: Buffer,
  header: OctetRange,
  names: readonly string[],
  not: boolean,
): OctetRange[] {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const fields = readHeader(octets, header.start, header.end);
  const ranges: OctetRange[] = [];
  // The last field of a header that is not read to its end may be incomplete: it counts to the unread rest.
  const complete = fields.truncated ? fields.count - 1 : fields.count;
  for (let index = 0; index < complete; index++) {
    if (wanted.has(fields.name(index)) !== not) append(ranges, fields.range(index));
  }
  if (not && fields.truncated) append(ranges, { start: fields.range(complete).start, end: fields.emptyLine });
  append(ranges, { start: fields.emptyLine, end: fields.end });
  return ranges;
}

/** Adds a range to a list, joined to the last one where they touch. */
function append(ranges: OctetRange[], { start, end }: OctetRange): void {
  if (start >= end) return;
  const last = ranges.at(-1);
  if (last?.end === start) ranges[ranges.length - 1] = { start: last.start, end };
  else ranges.push({ start, end });
}
