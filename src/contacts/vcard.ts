/**
 * vCards as content lines: reading them without loss, printing them, and the text inside their values.
 * RFC 6350 §3.2 to §3.4 and §4, RFC 2426 §4, RFC 6868 (values of parameters).
 * Octets come in as text; a card is its properties in order, each with its raw value and where its lines stood, so that a
 * part of a card can be given back exactly as it was received. Reading is linear and stops at the limits below.
 * Elsewhere: what a valid card is (vcard-validation.ts), between versions (vcard-conversion.ts), matching (card-filter.ts).
 *
 * The lines are read here rather than by a library because a card must survive whatever a client wrote: parameters without a
 * name (`TEL;HOME:`, `PHOTO;BASE64:`), which address books still send, time zones by name in 3.0, quoted lists, escapes of
 * both versions. test/src/contacts/vcard.test.ts compares the reading with two libraries where they understand the card.
 */
import { DomainError } from '../errors.ts';

/** One parameter; values without quotes, otherwise as written. */
export interface Parameter {
  /** In upper case. */
  readonly name: string;
  readonly values: readonly string[];
}

export interface Property {
  /** The group as written, '' when there is none: `item1` of `item1.TEL`. */
  readonly group: string;
  /** In upper case. */
  readonly name: string;
  /** The name as written, where its case differs: some address books look for `X-ABLabel` in these letters. */
  readonly spelling?: string;
  readonly parameters: readonly Parameter[];
  /** Unfolded, escapes as written. */
  readonly value: string;
}

/** A property with the place of its lines in the text it was read from. */
export interface ReadProperty extends Property {
  /** Offset of the first character, and of the one after the line ending of its last line. */
  readonly start: number;
  readonly end: number;
  /** Offset of the first character after the colon, in the same text. */
  readonly valueStart: number;
}

export interface VCard<P extends Property = Property> {
  /** Without BEGIN, END; VERSION is among them. */
  readonly properties: readonly P[];
}

/** Lines as they stand in the file. A photo of 10 MB in lines of 75 octets has 140,000. */
const MAX_LINES = 200_000;
const MAX_PROPERTIES = 10_000;
const MAX_PARAMETERS = 20_000;

function invalid(message: string): DomainError {
  return new DomainError('invalid-data', message);
}

// Controls that XML 1.0 §2.2 has no place for: such a card could never be given back in a report.
const FORBIDDEN = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
const BARE_CR = /\r(?!\n)/;
const TOKEN = /^[A-Za-z0-9_-]+$/;

/**
 * Reads exactly one card.
 * @throws DomainError 'invalid-data' for anything else, and for a card beyond the limits.
 */
export function parseVCard(text: string): VCard<ReadProperty> {
  if (FORBIDDEN.test(text)) throw invalid('The card holds a control character.');
  if (BARE_CR.test(text)) throw invalid('A line of the card holds a bare carriage return.');
  const properties: ReadProperty[] = [];
  let state: 'before' | 'inside' | 'after' = 'before';
  let parameters = 0;
  let lines = 0;
  let position = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (position < text.length) {
    const start = position;
    const firstEnd = lineEnd(text, position);
    let end = firstEnd;
    lines += 1;
    // RFC 6350 §3.2: a line that begins with a space or tab continues the one before. A line of nothing but a space ends
    // the value of a photo in some address books, and continues it with nothing.
    while (isFold(text, end)) {
      end = lineEnd(text, end);
      lines += 1;
    }
    if (lines > MAX_LINES) throw invalid(`The card has more than ${MAX_LINES} lines.`);
    position = end;
    if (isBlank(text, start, end)) continue;
    const property = readProperty(text, start, firstEnd, end);
    if (property.name === 'BEGIN' || property.name === 'END') {
      if (property.value.trim().toUpperCase() !== 'VCARD') throw invalid(`${property.name} is not of a vCard.`);
      const expected: typeof state = property.name === 'BEGIN' ? 'before' : 'inside';
      if (state !== expected) throw invalid('There must be exactly one vCard, with one BEGIN and one END.');
      state = property.name === 'BEGIN' ? 'inside' : 'after';
      continue;
    }
    if (state !== 'inside') throw invalid('There is text outside of the vCard.');
    parameters += property.parameters.length;
    if (parameters > MAX_PARAMETERS) throw invalid(`The card has more than ${MAX_PARAMETERS} parameters.`);
    if (properties.push(property) > MAX_PROPERTIES)
      throw invalid(`The card has more than ${MAX_PROPERTIES} properties.`);
  }
  if (state !== 'after') throw invalid('There is no complete vCard.');
  return { properties };
}

function isBlank(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x09 && code !== 0x0d && code !== 0x0a) return false;
  }
  return true;
}

/** Offset after the line ending of the line at `from`, or the end of the text. */
function lineEnd(text: string, from: number): number {
  const found = text.indexOf('\n', from);
  return found === -1 ? text.length : found + 1;
}

/** Offset of the line ending of a line that reaches from `start` to `end`. */
function contentEnd(text: string, start: number, end: number): number {
  let at = end;
  if (at > start && text.charCodeAt(at - 1) === 10) at -= 1;
  if (at > start && text.charCodeAt(at - 1) === 13) at -= 1;
  return at;
}

function isFold(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || code === 0x09;
}

/** The text of folded lines, which begin at `from` and end before `end`, as one line. */
function unfold(text: string, from: number, end: number): string {
  let lineStart = from;
  let next = lineEnd(text, lineStart);
  if (next >= end) return text.slice(from, contentEnd(text, from, end));
  const pieces: string[] = [];
  for (;;) {
    pieces.push(text.slice(lineStart, contentEnd(text, lineStart, next)));
    if (next >= end) return pieces.join('');
    lineStart = next + 1;
    next = lineEnd(text, next);
  }
}

/** A property whose value, often a picture, is put together when somebody asks for it. */
class Line implements ReadProperty {
  readonly group: string;
  readonly name: string;
  readonly spelling: string;
  readonly parameters: readonly Parameter[];
  readonly start: number;
  readonly end: number;
  readonly valueStart: number;
  private readonly text: string;
  private unfolded: string | undefined;

  constructor(text: string, label: Label, start: number, end: number, valueStart: number) {
    this.group = label.group;
    this.spelling = label.spelling;
    this.name = label.spelling.toUpperCase();
    this.parameters = label.parameters;
    this.text = text;
    this.start = start;
    this.end = end;
    this.valueStart = valueStart;
  }

  get value(): string {
    this.unfolded ??= unfold(this.text, this.valueStart, this.end);
    return this.unfolded;
  }
}

function readProperty(text: string, start: number, firstEnd: number, end: number): ReadProperty {
  const first = text.slice(start, contentEnd(text, start, firstEnd));
  // Nearly always the name and parameters stand in the first line.
  const label = firstEnd === end ? readLabel(first) : tryLabel(first);
  if (label !== undefined) return new Line(text, label, start, end, start + label.length + 1);
  const whole = readLabel(unfold(text, start, end));
  return new Line(text, whole, start, end, rawOffset(text, start, whole.length + 1));
}

interface Label {
  readonly group: string;
  readonly spelling: string;
  readonly parameters: readonly Parameter[];
  /** Offset of the colon. */
  readonly length: number;
}

/** The label of a line that goes on, if it ends before the fold. */
function tryLabel(line: string): Label | undefined {
  try {
    return readLabel(line);
  } catch {
    return undefined;
  }
}

function readLabel(line: string): Label {
  const colon = line.indexOf(':');
  if (colon === -1) throw invalid('A line of the card has no colon.');
  let at = line.indexOf(';');
  if (at === -1 || at > colon) at = colon;
  const label = line.slice(0, at).trim();
  const dot = label.indexOf('.');
  const group = dot === -1 ? '' : label.slice(0, dot);
  const spelling = label.slice(dot + 1);
  if (!TOKEN.test(spelling) || (dot !== -1 && !TOKEN.test(group)))
    throw invalid('A line of the card has no valid name.');
  const parameters: Parameter[] = [];
  // RFC 6350 §3.3: any-param. In quotes, colon, semicolon and comma are plain text.
  while (line.charCodeAt(at) === 0x3b) {
    const parameter = readParameter(line, at + 1);
    if (parameter.value !== undefined) parameters.push(parameter.value);
    if (parameters.length > MAX_PARAMETERS) throw invalid(`A line has more than ${MAX_PARAMETERS} parameters.`);
    at = parameter.end;
  }
  if (line.charCodeAt(at) !== 0x3a) throw invalid('A line of the card has no value.');
  return { group, spelling, parameters, length: at };
}

/** Offset in the text of what is `count` characters into the unfolded line that begins at `start`. */
function rawOffset(text: string, start: number, count: number): number {
  let from = start;
  let left = count;
  for (;;) {
    const end = lineEnd(text, from);
    const content = contentEnd(text, from, end) - from;
    if (left <= content) return from + left;
    left -= content;
    from = end + 1;
  }
}

const NAMELESS_ENCODINGS = new Set(['B', 'BASE64', 'QUOTED-PRINTABLE', '8BIT', '7BIT']);

function readParameter(line: string, from: number): { value: Parameter | undefined; end: number } {
  let at = from;
  while (at < line.length && !'=;:,"'.includes(line[at] as string)) at += 1;
  const word = line.slice(from, at).trim();
  if (line[at] !== '=') {
    if (line[at] === '"' || line[at] === ',') throw invalid('A parameter has no name.');
    // vCard 2.1 wrote types and encodings without a name, and many address books did not stop with 3.0.
    if (word === '') return { value: undefined, end: at };
    const name = NAMELESS_ENCODINGS.has(word.toUpperCase()) ? 'ENCODING' : 'TYPE';
    return { value: { name, values: [word] }, end: at };
  }
  if (!TOKEN.test(word)) throw invalid('A parameter has no valid name.');
  const values: string[] = [];
  do {
    at += 1;
    let value = '';
    if (line[at] === '"') {
      const close = line.indexOf('"', at + 1);
      if (close === -1) throw invalid('A parameter has no closing quote.');
      value = line.slice(at + 1, close);
      at = close + 1;
    }
    const rest = at;
    while (at < line.length && line[at] !== ',' && line[at] !== ';' && line[at] !== ':') at += 1;
    // A quote out of place can only be printed again as RFC 6868 writes it.
    values.push(value + line.slice(rest, at).replaceAll('"', "^'"));
  } while (line[at] === ',');
  return { value: { name: word.toUpperCase(), values }, end: at };
}

/** Prints a card: CRLF, folded at 75 octets (RFC 6350 §3.2). */
export function printVCard(card: VCard): string {
  const lines = ['BEGIN:VCARD'];
  for (const property of card.properties) lines.push(fold(`${printLabel(property)}:${property.value}`));
  lines.push('END:VCARD', '');
  return lines.join('\r\n');
}

/** Name and parameters of a property, as they stand before the colon. */
function printLabel(property: Property): string {
  const name = property.spelling ?? property.name;
  let text = property.group === '' ? name : `${property.group}.${name}`;
  for (const { name, values } of property.parameters) {
    text += `;${name}=${values.map((value) => (/[,:;]/.test(value) ? `"${value}"` : value)).join(',')}`;
  }
  return text;
}

const NOT_ASCII = /[^\x00-\x7f]/;

function fold(line: string): string {
  if (line.length <= 75 && (line.length <= 25 || !NOT_ASCII.test(line))) return line;
  const pieces: string[] = [];
  if (!NOT_ASCII.test(line)) {
    pieces.push(line.slice(0, 75));
    for (let at = 75; at < line.length; at += 74) pieces.push(line.slice(at, at + 74));
    return pieces.join('\r\n ');
  }
  let from = 0;
  let room = 75;
  for (let at = 0; at < line.length; ) {
    const code = line.codePointAt(at) as number;
    const octets = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (octets > room) {
      pieces.push(line.slice(from, at));
      from = at;
      room = 74;
    }
    room -= octets;
    at += code < 0x10000 ? 1 : 2;
  }
  pieces.push(line.slice(from));
  return pieces.join('\r\n ');
}

/** The text of a value: `\n`, `\,`, `\;`, `\:` and `\\` undone (RFC 6350 §3.4, RFC 2426 §4). */
export function unescapeText(value: string): string {
  if (!value.includes('\\')) return value;
  return value.replace(/\\([nN,;:\\])/g, (_, escaped: string) => (escaped === 'n' || escaped === 'N' ? '\n' : escaped));
}

/** A text as the value of a property of either version. */
export function escapeText(text: string): string {
  return text.replace(/[\\,;]/g, '\\$&').replace(/\r?\n/g, '\\n');
}

/** The components of a structured value, or the items of a list: split where the separator is not escaped. */
export function splitValue(value: string, separator: ';' | ','): string[] {
  if (!value.includes('\\')) return value.split(separator);
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < value.length; at += 1) {
    if (value[at] === '\\') at += 1;
    else if (value[at] === separator) {
      parts.push(value.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(value.slice(from));
  return parts;
}

/** The text of a parameter value: `^n`, `^^` and `^'` undone (RFC 6868 §3.1). */
export function decodeParameter(value: string): string {
  if (!value.includes('^')) return value;
  return value.replace(/\^([n^'])/g, (_, code: string) => (code === 'n' ? '\n' : code === '^' ? '^' : '"'));
}

/** A property with something changed; of one that was read, only what makes up a property is taken over. */
export function changed(property: Property, change: Partial<Property>): Property {
  const { group, name, spelling, parameters } = property;
  // The value may be long and not needed.
  return { group, name, spelling, parameters, value: change.value ?? property.value, ...change };
}

/** The property under another name. */
export function renamed(property: Property, name: string): Property {
  return changed(property, { name: name.toUpperCase(), spelling: name });
}

/** The first property of that name. */
export function firstOf<P extends Property>(card: VCard<P>, name: string): P | undefined {
  return card.properties.find((property) => property.name === name);
}

/** All values of a parameter, over all its mentions. */
export function parameterValues(property: Property, name: string): string[] {
  return property.parameters.filter((parameter) => parameter.name === name).flatMap((parameter) => parameter.values);
}

/**
 * TYPE in lower case: `TYPE=HOME;TYPE=pref`, `TYPE=HOME,pref` and `TYPE="home,pref"` are the same (RFC 6350 §5.6).
 */
export function typesOf(property: Property): string[] {
  const types = parameterValues(property, 'TYPE').flatMap((value) => value.split(','));
  return types.map((type) => type.trim().toLowerCase()).filter((type) => type !== '');
}
