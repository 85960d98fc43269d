/**
 * The words of a command: a cursor over its text that takes one token after another, or refuses with BAD.
 * RFC 3501 §9, RFC 9051 §9, RFC 4466 §2.1 (lists of options).
 * The text is latin1, one character for each octet; literals stand in it as on the wire, `{5}` CRLF and their octets.
 * Elsewhere: reading commands off the socket (command-reader.ts), names of mailboxes (mailbox-name.ts), what words mean.
 */
import { MAX_NUMBER, type NumberRange, SAVED, type SequenceSet, STAR } from './sequence-set.ts';

/** What was sent is not of the grammar: the answer is BAD. */
export class ImapSyntaxError extends Error {
  override readonly name = 'ImapSyntaxError';
}

/** Positions among the messages of a result, from 1 on. */
export interface PartialRange {
  readonly first: number;
  readonly last: number;
  /** Counted from the end. */
  readonly backwards: boolean;
}

/** Parentheses that may stand in each other. */
export const MAX_DEPTH = 50;
/** Ranges of one sequence set. */
const MAX_RANGES = 20_000;
/** Items of one list of flags, fields or options. */
const MAX_ITEMS = 10_000;

const SP = 32;
const QUOTE = 34;
const STAR_CODE = 42;
const BACKSLASH = 92;

// RFC 3501 §9: atom-specials end an atom; an astring may hold "]", a list-mailbox also the wildcards and "]".
const ATOM_END = codes('(){ %*"\\]', true);
const ASTRING_END = codes('(){ %*"\\', true);
const LIST_MAILBOX_END = codes('(){ "\\', true);
/** The word of a command or item: what a fetch attribute ends with is not part of it. */
const WORD_END = codes('(){ %*"\\][<', true);

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DATE = /^(\d{1,2})-([A-Za-z]{3})-(\d{4})$/;
const DATE_TIME = /^([ \d]\d)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/;

export class Arguments {
  readonly #text: string;
  #at: number;

  constructor(text: string, at = 0) {
    this.#text = text;
    this.#at = at;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** What is not taken yet. */
  get rest(): string {
    return this.#text.slice(this.#at);
  }

  /** The next character; '' at the end. */
  peek(): string {
    return this.#text[this.#at] ?? '';
  }

  /** Whether the text goes on with this, in any letter case. */
  startsWith(text: string): boolean {
    return this.#text.slice(this.#at, this.#at + text.length).toUpperCase() === text.toUpperCase();
  }

  /** Takes a text if it comes next, in any letter case. */
  take(text: string): boolean {
    if (!this.startsWith(text)) return false;
    this.#at += text.length;
    return true;
  }

  expect(text: string): void {
    if (!this.take(text)) this.fail(`${JSON.stringify(text)} is expected`);
  }

  /** One space. More of them, which some clients send, are taken too. */
  space(): void {
    if (this.#text.charCodeAt(this.#at) !== SP) this.fail('a space is expected');
    while (this.#text.charCodeAt(this.#at) === SP) this.#at++;
  }

  /** The end of the command; spaces before it are forgiven. */
  end(): void {
    while (this.#text.charCodeAt(this.#at) === SP) this.#at++;
    if (!this.atEnd) this.fail('there is more than the command takes');
  }

  /** @throws ImapSyntaxError always */
  fail(why: string): never {
    const near = this.#text.slice(this.#at, this.#at + 20).replace(/[^\x20-\x7e]/g, '?');
    throw new ImapSyntaxError(near === '' ? `${why} at the end.` : `${why} at "${near}".`);
  }

  /** A keyword of the protocol, in upper case. */
  word(): string {
    return this.#run(WORD_END).toUpperCase();
  }

  atom(): string {
    return this.#run(ATOM_END);
  }

  astring(): string {
    const first = this.#text.charCodeAt(this.#at);
    return first === QUOTE || first === 123 ? this.string() : this.#run(ASTRING_END);
  }

  /** A name or pattern of LIST. */
  listMailbox(): string {
    const first = this.#text.charCodeAt(this.#at);
    return first === QUOTE || first === 123 ? this.string() : this.#run(LIST_MAILBOX_END);
  }

  /** A quoted string or a literal. */
  string(): string {
    const first = this.#text.charCodeAt(this.#at);
    if (first === QUOTE) return this.#quoted();
    if (first === 123) return this.#literal();
    return this.fail('a string is expected');
  }

  /** A string, or null for NIL. */
  nstring(): string | null {
    const first = this.#text.charCodeAt(this.#at);
    if (first === QUOTE || first === 123) return this.string();
    if (this.atom().toUpperCase() === 'NIL') return null;
    return this.fail('a string or NIL is expected');
  }

  /** A number below 2^32. */
  number(): number {
    const digits = this.#digits(10);
    const value = Number(digits);
    if (value > MAX_NUMBER) this.fail('the number is too large');
    return value;
  }

  nzNumber(): number {
    const value = this.number();
    if (value === 0) this.fail('0 is no number here');
    return value;
  }

  /** A number of 63 bits (RFC 7162 §7, RFC 9051 §9 number64); those that no counter reaches come as the largest safe one. */
  number64(): number {
    const value = Number(this.#digits(19));
    return Math.min(value, Number.MAX_SAFE_INTEGER);
  }

  /** A number, or STAR. */
  seqNumber(): number {
    if (this.#text.charCodeAt(this.#at) === STAR_CODE) {
      this.#at++;
      return STAR;
    }
    return this.nzNumber();
  }

  sequenceSet(): SequenceSet {
    if (this.take('$')) return SAVED;
    const ranges: NumberRange[] = [];
    do {
      if (ranges.length >= MAX_RANGES) this.fail('the set has too many ranges');
      const first = this.seqNumber();
      ranges.push([first, this.take(':') ? this.seqNumber() : first]);
    } while (this.take(','));
    return ranges;
  }

  /** `1:100`, or `-1:-100` counted from the end (RFC 9394 §3.1: partial-range). */
  partialRange(): PartialRange {
    const backwards = this.take('-');
    const first = this.nzNumber();
    this.expect(backwards ? ':-' : ':');
    const last = this.nzNumber();
    return { first: Math.min(first, last), last: Math.max(first, last), backwards };
  }

  /** `(item item …)`, perhaps empty. */
  list<T>(item: () => T): T[] {
    const items: T[] = [];
    this.expect('(');
    while (this.#text.charCodeAt(this.#at) === SP) this.#at++;
    while (!this.take(')')) {
      if (items.length > 0) this.#separator();
      if (items.length >= MAX_ITEMS) this.fail('the list is too long');
      items.push(item());
      while (this.#text.charCodeAt(this.#at) === SP && this.#text[this.#at + 1] === ')') this.#at++;
    }
    return items;
  }

  /** A flag as clients write it: `\Seen`, `$Forwarded`. */
  flag(): string {
    return this.take('\\') ? `\\${this.atom()}` : this.atom();
  }

  flagList(): string[] {
    return this.list(() => this.flag());
  }

  /** A day as midnight UTC. */
  date(): number {
    const quoted = this.peek() === '"';
    const text = quoted ? this.#quoted() : this.#run(ATOM_END);
    const match = DATE.exec(text);
    const day = match === null ? undefined : dayOf(Number(match[3]), match[2] as string, Number(match[1]));
    return day ?? this.fail('a date is expected before this');
  }

  /** A quoted date-time as epoch milliseconds. */
  dateTime(): number {
    const match = DATE_TIME.exec(this.#quoted());
    if (match === null) return this.fail('a date and time is expected before this');
    const [, day, month, year, hours, minutes, seconds, sign, zoneHours, zoneMinutes] = match;
    const midnight = dayOf(Number(year), month as string, Number(day));
    // RFC 9051 §9: a leap second may be written.
    if (midnight === undefined || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 60)
      return this.fail('there is no such time');
    const zone = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === '-' ? -1 : 1);
    return midnight + ((Number(hours) * 60 + Number(minutes) - zone) * 60 + Number(seconds)) * 1000;
  }

  #separator(): void {
    this.space();
  }

  #digits(most: number): string {
    const start = this.#at;
    while (this.#at - start <= most) {
      const code = this.#text.charCodeAt(this.#at);
      if (!(code >= 48 && code <= 57)) break;
      this.#at++;
    }
    const length = this.#at - start;
    if (length === 0) this.fail('a number is expected');
    if (length > most) this.fail('the number is too large');
    return this.#text.slice(start, this.#at);
  }

  #run(end: Uint8Array): string {
    const start = this.#at;
    const text = this.#text;
    while (this.#at < text.length && end[text.charCodeAt(this.#at)] === 0) this.#at++;
    if (this.#at === start) this.fail('a word is expected');
    return text.slice(start, this.#at);
  }

  #quoted(): string {
    if (this.#text.charCodeAt(this.#at) !== QUOTE) this.fail('a quoted string is expected');
    const text = this.#text;
    let at = this.#at + 1;
    let start = at;
    let value = '';
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        const escaped = text.charCodeAt(at + 1);
        if (escaped !== QUOTE && escaped !== BACKSLASH)
          this.fail('a backslash stands before a quote or a backslash only');
        value += text.slice(start, at);
        start = at + 1;
        at += 2;
        continue;
      }
      if (Number.isNaN(code) || code === 0 || code === 10 || code === 13) this.fail('the quoted string does not end');
      at++;
    }
    value += text.slice(start, at);
    this.#at = at + 1;
    return value;
  }

  #literal(): string {
    const match = /^\{(\d{1,10})\+?\}\r\n/.exec(this.#text.slice(this.#at, this.#at + 16));
    if (match === null) return this.fail('a literal is expected');
    const start = this.#at + match[0].length;
    const end = start + Number(match[1]);
    if (end > this.#text.length) return this.fail('the literal is not complete');
    this.#at = end;
    const value = this.#text.slice(start, end);
    // RFC 3501 §9: CHAR8 of a literal is any octet but NUL.
    if (value.includes('\0')) this.fail('a literal holds no NUL; after the literal');
    return value;
  }
}

function dayOf(year: number, monthName: string, day: number): number | undefined {
  const month = MONTHS.indexOf(monthName.toLowerCase());
  const time = Date.UTC(year, month, day);
  const date = new Date(time);
  if (month < 0 || day < 1 || date.getUTCMonth() !== month) return undefined;
  if (year < 100) date.setUTCFullYear(year);
  return date.getTime();
}

/** 1 for each character that ends a token: those listed, controls, and octets above 126 unless they are allowed. */
function codes(specials: string, eightBit: boolean): Uint8Array {
  const table = new Uint8Array(256);
  for (let code = 0; code < 256; code++) {
    const control = code < 32 || code === 127;
    table[code] = control || specials.includes(String.fromCharCode(code)) || (code > 127 && !eightBit) ? 1 : 0;
  }
  return table;
}
