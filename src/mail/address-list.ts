/**
 * Address lists: From, To and their like.
 * RFC 5322 §3.4 and §4.4 (obsolete forms: routes, white space, comments anywhere), RFC 2822 for what others still send.
 * An unfolded latin1 value in, addresses in order out; in one pass, and anything can be read.
 * Elsewhere: printing (envelope.ts), encoded words in names (encoded-words.ts).
 */
import { commentEnd, readQuoted, unquotePairs } from './mime-parameters.ts';

/**
 * A mailbox, or where a group begins (host null) or ends (mailbox and host null), as in IMAP's address structure
 * (RFC 9051 §7.5.2).
 */
export interface Address {
  /** The display name, or a trailing comment in its place; encoded words as they were sent. */
  readonly name: string | null;
  /** The source route (RFC 5322 §4.4), `@a,@b`. */
  readonly route: string | null;
  /** Local part without quotes, or the group's name; '' where one is missing. */
  readonly mailbox: string | null;
  /** Domain; '' where one is missing. */
  readonly host: string | null;
}

/** More recipients than one header field is read for. */
export const MAX_ADDRESSES = 4_096;

const GROUP_END: Address = { name: null, route: null, mailbox: null, host: null };

const DOT = 46;
const SPECIALS = ' \t\r\n(),:;<>@"';

/** By octet: 1 for what ends an atom. */
const ENDS_ATOM = new Uint8Array(256);
for (const special of SPECIALS) ENDS_ATOM[special.charCodeAt(0)] = 1;

/**
 * Reads an address list.
 * @param value as HeaderFields.value gives it
 * @param limit at most so many entries, markers of groups included
 */
export function parseAddresses(value: string, limit: number = MAX_ADDRESSES): Address[] {
  return new AddressParser(value, limit).list();
}

class AddressParser {
  readonly #text: string;
  readonly #limit: number;
  readonly #addresses: Address[] = [];
  #at = 0;
  /** Entries that may still be looked at, empty ones included. */
  #attempts: number;
  #inGroup = false;
  /** The words of the entry so far, and where the last run of them begins that could be a local part. */
  #words = '';
  #runStart = 0;
  #lastCode = 0;
  #spaced = false;
  #domain: string | null = null;
  #localPart = '';
  #name = '';
  #comment: string | null = null;
  /** The run holds a quoted string: its dots and spaces are no white space to tidy. */
  #quotedRun = false;

  constructor(text: string, limit: number) {
    this.#text = text;
    this.#limit = limit;
    this.#attempts = 8 * limit;
  }

  list(): Address[] {
    while (this.#at < this.#text.length && this.#mayAdd()) this.#step();
    if (this.#mayAdd()) this.#finish();
    if (this.#inGroup) this.#addresses.push(GROUP_END);
    return this.#addresses;
  }

  #mayAdd(): boolean {
    return this.#addresses.length < this.#limit && this.#attempts > 0;
  }

  #step(): void {
    const character = this.#text[this.#at] as string;
    switch (character) {
      case ' ':
      case '\t':
      case '\r':
      case '\n':
        this.#spaced = true;
        this.#at++;
        break;
      case '(':
        this.#readComment();
        break;
      case '"':
        this.#word(this.#quotedString(), true);
        break;
      case ',':
        this.#at++;
        this.#finish();
        break;
      case ';':
        this.#at++;
        this.#finish();
        if (this.#inGroup) this.#addresses.push(GROUP_END);
        this.#inGroup = false;
        break;
      case ':':
        this.#at++;
        if (this.#inGroup || this.#words === '') break;
        this.#addresses.push({ name: null, route: null, mailbox: this.#words, host: null });
        this.#inGroup = true;
        this.#clear();
        break;
      case '<':
        this.#at++;
        this.#angle();
        break;
      case '>':
        this.#at++;
        break;
      case '@':
        this.#at++;
        this.#bareDomain();
        break;
      default:
        this.#word(this.#atom());
    }
  }

  /** Adds a word to the entry. Words joined by a dot are one run, white space between them or not (RFC 5322 §4.4). */
  #word(text: string, quoted = false): void {
    if (text === '') return;
    const joined = !this.#spaced || this.#lastCode === DOT || text.charCodeAt(0) === DOT;
    if (this.#words !== '' && this.#spaced) this.#words += ' ';
    if (!joined || this.#words === '') {
      this.#runStart = this.#words.length;
      this.#quotedRun = false;
    }
    if (quoted) this.#quotedRun = true;
    this.#words += text;
    this.#lastCode = text.charCodeAt(text.length - 1);
    this.#spaced = false;
  }

  /** `local@domain` without angle brackets; words before it become the name. */
  #bareDomain(): void {
    const domain = this.#readDomain();
    if (this.#domain === null) {
      this.#localPart = this.#run();
      this.#name = this.#words.slice(0, Math.max(0, this.#runStart - 1));
      this.#domain = domain;
    }
    // An address written where a name belongs: `a@b.example <a@b.example>`.
    this.#spaced = false;
    this.#word(`@${domain}`);
  }

  /** `<@route:local@domain>`, after its first character. */
  #angle(): void {
    const name = this.#words;
    const commentBefore = this.#comment;
    let route: string | null = null;
    let local = '';
    let host = '';
    this.#skipSpace();
    if (this.#text[this.#at] === '@') {
      const text = this.#routeText();
      if (this.#text[this.#at] === ':') {
        this.#at++;
        route = text;
      } else host = text.slice(1);
    }
    if (host === '') {
      local = this.#angleLocalPart();
      if (this.#text[this.#at] === '@') {
        this.#at++;
        host = this.#readDomain();
      }
    }
    this.#clear();
    if (this.#text[this.#at] === '>') this.#at++;
    this.#trailingComment();
    const display = name === '' ? (this.#comment ?? commentBefore) : name;
    this.#clear();
    if (local === '' && host === '' && !display) return;
    this.#addresses.push({ name: display, route, mailbox: local, host });
  }

  /** Everything up to the colon of a route, or to the end of the brackets. */
  #routeText(): string {
    const parts: string[] = [];
    for (;;) {
      this.#skipSpace();
      const from = this.#at;
      while (this.#at < this.#text.length && !' \t\r\n(:<>"'.includes(this.#text[this.#at] as string)) this.#at++;
      if (this.#at === from) break;
      parts.push(this.#text.slice(from, this.#at));
    }
    return parts.join('');
  }

  #angleLocalPart(): string {
    this.#clear();
    for (;;) {
      this.#skipSpace();
      const character = this.#text[this.#at];
      if (character === undefined || '@>,<;'.includes(character)) {
        this.#runStart = 0;
        return this.#run();
      }
      if (character === '"') this.#word(this.#quotedString(), true);
      else if (character === ':') {
        this.#at++;
        this.#word(':');
      } else if (character === ')') this.#at++;
      else this.#word(this.#atom());
    }
  }

  /** Comments after an address name its owner when nothing else does: `user@example (Real Name)`. */
  #trailingComment(): void {
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at] as string;
      if (',;<'.includes(character)) break;
      if (character === '(') this.#readComment();
      else this.#at++;
    }
  }

  /** A domain or a domain literal, comments and white space around its dots left out; further @ belong to it. */
  #readDomain(): string {
    const parts: string[] = [];
    let lastCode = DOT;
    for (;;) {
      const before = this.#at;
      this.#skipSpace();
      const spaced = this.#at > before;
      const character = this.#text[this.#at];
      if (character === undefined) break;
      const from = this.#at;
      if (character === '[') {
        const close = this.#text.indexOf(']', from);
        if (close < 0) this.#at = this.#text.length;
        else this.#at = close + 1;
      } else if (character === '@') this.#at++;
      else if (SPECIALS.includes(character)) break;
      else if (spaced && lastCode !== DOT && character !== '.') break;
      else this.#skipAtom();
      if (this.#at === from) break;
      parts.push(this.#text.slice(from, this.#at));
      lastCode = this.#text.charCodeAt(this.#at - 1);
    }
    return parts.join('');
  }

  /** The end of an entry that had no angle brackets. */
  #finish(): void {
    if (this.#domain !== null) {
      const name = this.#name === '' ? this.#comment : this.#name;
      this.#addresses.push({ name, route: null, mailbox: this.#localPart, host: this.#domain });
    } else if (this.#words !== '') {
      this.#addresses.push({ name: this.#comment, route: null, mailbox: this.#words, host: '' });
    }
    this.#clear();
  }

  /** The last run of words, as a local part: without white space around its dots. */
  #run(): string {
    const run = this.#words.slice(this.#runStart);
    return this.#quotedRun || !run.includes(' ') ? run : run.replace(/ ?\. ?/g, '.');
  }

  #clear(): void {
    this.#attempts--;
    this.#words = '';
    this.#runStart = 0;
    this.#lastCode = 0;
    this.#spaced = false;
    this.#domain = null;
    this.#localPart = '';
    this.#name = '';
    this.#comment = null;
    this.#quotedRun = false;
  }

  #skipSpace(): void {
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at] as string;
      if (character === '(') this.#readComment();
      else if (' \t\r\n'.includes(character)) {
        this.#spaced = true;
        this.#at++;
      } else return;
    }
  }

  #readComment(): void {
    const end = commentEnd(this.#text, this.#at);
    const closed = this.#text[end - 1] === ')' && end - 1 > this.#at;
    const text = this.#text.slice(this.#at + 1, closed ? end - 1 : end).trim();
    this.#comment = text === '' ? this.#comment : unquotePairs(text, text.includes('\\'));
    this.#at = end;
    this.#spaced = true;
  }

  #quotedString(): string {
    const { text, end } = readQuoted(this.#text, this.#at);
    this.#at = end;
    return text;
  }

  #atom(): string {
    const from = this.#at;
    this.#skipAtom();
    if (this.#at === from) this.#at++;
    return this.#text.slice(from, this.#at);
  }

  #skipAtom(): void {
    while (this.#at < this.#text.length && ENDS_ATOM[this.#text.charCodeAt(this.#at)] === 0) this.#at++;
  }
}
