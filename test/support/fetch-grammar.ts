/**
 * Reads ENVELOPE and BODYSTRUCTURE text by the grammar of RFC 9051 §9 and RFC 3501 §9, and refuses all else.
 * Written from the grammar alone: it shares nothing with the code that prints.
 */

export interface ParsedAddress {
  name: string | null;
  adl: string | null;
  mailbox: string | null;
  host: string | null;
}

export interface ParsedEnvelope {
  strings: (string | null)[];
  lists: (ParsedAddress[] | null)[];
}

export interface ParsedBody {
  type: string;
  subtype: string;
  octets: number;
  lines: number | null;
  parameters: [string, string][];
  envelope: ParsedEnvelope | null;
  parts: ParsedBody[];
}

/** The value of ENVELOPE. Throws where the text leaves the grammar. */
export function parseEnvelope(text: string): ParsedEnvelope {
  const reader = new Reader(text);
  const parsed = envelope(reader);
  reader.end();
  return parsed;
}

/** The value of BODYSTRUCTURE, or of BODY. */
export function parseBodyStructure(text: string, extended: boolean): ParsedBody {
  const reader = new Reader(text);
  const parsed = body(reader, extended);
  reader.end();
  return parsed;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  fail(wanted: string): never {
    throw new Error(
      `${wanted} expected at ${this.#at}: ${this.#text.slice(Math.max(0, this.#at - 30), this.#at + 30)}`,
    );
  }

  peek(): string {
    return this.#text[this.#at] ?? '';
  }

  take(token: string): void {
    if (!this.#text.startsWith(token, this.#at)) this.fail(token);
    this.#at += token.length;
  }

  nil(): boolean {
    if (!this.#text.startsWith('NIL', this.#at)) return false;
    this.#at += 3;
    return true;
  }

  /** quoted = DQUOTE *QUOTED-CHAR DQUOTE, where a QUOTED-CHAR is ASCII without NUL, CR, LF. */
  string(): string {
    this.take('"');
    let text = '';
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined || !/[\x01-\x09\x0b\x0c\x0e-\x7f]/.test(character)) this.fail('a quoted character');
      this.#at++;
      if (character === '"') return text;
      if (character !== '\\') {
        text += character;
        continue;
      }
      const escaped = this.#text[this.#at] ?? '';
      if (escaped !== '"' && escaped !== '\\') this.fail('a quoted special');
      text += escaped;
      this.#at++;
    }
  }

  nstring(): string | null {
    return this.nil() ? null : this.string();
  }

  number(): number {
    const digits = /^\d+/.exec(this.#text.slice(this.#at, this.#at + 16))?.[0] ?? this.fail('a number');
    this.#at += digits.length;
    return Number(digits);
  }

  end(): void {
    if (this.#at !== this.#text.length) this.fail('the end');
  }
}

/** envelope = "(" env-date SP env-subject SP env-from … SP env-message-id ")" */
function envelope(reader: Reader): ParsedEnvelope {
  reader.take('(');
  const date = reader.nstring();
  reader.take(' ');
  const subject = reader.nstring();
  const lists: (ParsedAddress[] | null)[] = [];
  for (let list = 0; list < 6; list++) {
    reader.take(' ');
    lists.push(addressList(reader));
  }
  reader.take(' ');
  const inReplyTo = reader.nstring();
  reader.take(' ');
  const messageId = reader.nstring();
  reader.take(')');
  return { strings: [date, subject, inReplyTo, messageId], lists };
}

/** "(" 1*address ")" / nil; the groups in it are opened and closed in turn. */
function addressList(reader: Reader): ParsedAddress[] | null {
  if (reader.nil()) return null;
  reader.take('(');
  const addresses: ParsedAddress[] = [];
  let group = false;
  do {
    reader.take('(');
    const name = reader.nstring();
    reader.take(' ');
    const adl = reader.nstring();
    reader.take(' ');
    const mailbox = reader.nstring();
    reader.take(' ');
    const host = reader.nstring();
    reader.take(')');
    if (host === null) {
      if ((mailbox === null) !== group) reader.fail('groups in turn');
      group = !group;
    } else if (mailbox === null) reader.fail('a mailbox');
    addresses.push({ name, adl, mailbox, host });
  } while (reader.peek() === '(');
  if (group) reader.fail('the end of a group');
  reader.take(')');
  return addresses;
}

function body(reader: Reader, extended: boolean): ParsedBody {
  reader.take('(');
  const parsed = reader.peek() === '(' ? multipart(reader, extended) : onePart(reader, extended);
  reader.take(')');
  return parsed;
}

/** body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart] */
function multipart(reader: Reader, extended: boolean): ParsedBody {
  const parts: ParsedBody[] = [];
  while (reader.peek() === '(') parts.push(body(reader, extended));
  reader.take(' ');
  const subtype = reader.string();
  let list: [string, string][] = [];
  if (extended) {
    reader.take(' ');
    list = parameters(reader);
    extension(reader);
  }
  return { type: 'MULTIPART', subtype, octets: 0, lines: null, parameters: list, envelope: null, parts };
}

/** body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part] */
function onePart(reader: Reader, extended: boolean): ParsedBody {
  const type = reader.string();
  reader.take(' ');
  const subtype = reader.string();
  reader.take(' ');
  const list = parameters(reader);
  reader.take(' ');
  reader.nstring();
  reader.take(' ');
  reader.nstring();
  reader.take(' ');
  reader.string();
  reader.take(' ');
  const octets = reader.number();
  const parsed: ParsedBody = { type, subtype, octets, lines: null, parameters: list, envelope: null, parts: [] };
  const media = `${type}/${subtype}`.toUpperCase();
  if (media === 'MESSAGE/RFC822' || media === 'MESSAGE/GLOBAL') {
    reader.take(' ');
    parsed.envelope = envelope(reader);
    reader.take(' ');
    parsed.parts.push(body(reader, extended));
  }
  if (parsed.envelope || type.toUpperCase() === 'TEXT') {
    reader.take(' ');
    parsed.lines = reader.number();
  }
  if (extended) {
    reader.take(' ');
    reader.nstring();
    extension(reader);
  }
  return parsed;
}

/** SP body-fld-dsp SP body-fld-lang SP body-fld-loc */
function extension(reader: Reader): void {
  reader.take(' ');
  if (!reader.nil()) {
    reader.take('(');
    reader.string();
    reader.take(' ');
    parameters(reader);
    reader.take(')');
  }
  reader.take(' ');
  if (reader.peek() === '(') {
    reader.take('(');
    reader.string();
    while (reader.peek() === ' ') {
      reader.take(' ');
      reader.string();
    }
    reader.take(')');
  } else reader.nstring();
  reader.take(' ');
  reader.nstring();
}

/** body-fld-param = "(" string SP string *(SP string SP string) ")" / nil */
function parameters(reader: Reader): [string, string][] {
  if (reader.nil()) return [];
  const list: [string, string][] = [];
  reader.take('(');
  for (;;) {
    const name = reader.string();
    reader.take(' ');
    list.push([name, reader.string()]);
    if (reader.peek() !== ' ') break;
    reader.take(' ');
  }
  reader.take(')');
  return list;
}
