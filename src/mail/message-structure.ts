/**
 * The structure of a message: its MIME parts and where their octets are.
 * RFC 2045, RFC 2046 §5.1 and §5.2.1, RFC 6532 §3.7 (message/global).
 * Octets in, a tree of offsets out; any octets are a message, nothing throws. A part's region is known before it is looked
 * into, because a delimiter of an outer multipart ends everything inside; so each level searches its own region once.
 * What passes a limit becomes one opaque part (Interpretation: see LIMITS), never an error.
 * Elsewhere: printing (envelope.ts, body-structure.ts), IMAP's part numbers (message-sections.ts), decoding of bodies.
 */
import { type HeaderFields, readHeader } from './header-fields.ts';
import { LineCounter } from './line-counter.ts';
import { type MimeValue, PLAIN_TEXT, parameterOf, parseContentType, parseTransferEncoding } from './mime-parameters.ts';

/** Where one part lies. */
export interface PartLayout {
  /** A message part holds another message: its one child. */
  readonly kind: 'single' | 'multipart' | 'message';
  /** Where its header begins. */
  readonly start: number;
  /** After the header's empty line. */
  readonly bodyStart: number;
  readonly end: number;
  /** Line ends (LF) in the body. */
  readonly lines: number;
  readonly parts: readonly PartLayout[];
}

/** A message, or a part of it. */
export interface MessagePart extends PartLayout {
  readonly parts: readonly MessagePart[];
  readonly header: HeaderFields;
  /** Its media type after the defaults; application/octet-stream for an opaque part. */
  readonly type: MimeValue;
  /** Content-Transfer-Encoding, lower case. */
  readonly encoding: string;
}

/** Beyond these the rest is one opaque part. */
export const LIMITS = {
  parts: 1_000,
  depth: 50,
  /** Octets of all headers of a message together. */
  headers: 1024 * 1024,
  /** Octets searched for delimiters: this many times the message's size, and so many more. Few messages need three passes. */
  passes: 4,
  searched: 16 * 1024 * 1024,
};

const OPAQUE: MimeValue = { type: 'application', subtype: 'octet-stream', parameters: [] };
const DIGEST_PART: MimeValue = { type: 'message', subtype: 'rfc822', parameters: [] };

/** RFC 2046 §5.1.1: the delimiter is searched by so many octets of its boundary and then compared in full. */
const NEEDLE_OCTETS = 64;
const SHORT_NEEDLE = 10;

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;
const HYPHEN = 45;

/**
 * Scans a message.
 * @returns the message as its outermost part: start is 0, end the number of octets
 */
export function scanMessage(octets: Buffer): MessagePart {
  return new Scanner(octets).part(0, octets.length, PLAIN_TEXT, 0);
}

class Scanner {
  readonly #octets: Buffer;
  readonly #lines: LineCounter;
  #parts = 0;
  #headers = 0;
  #searchable: number;

  constructor(octets: Buffer) {
    this.#octets = octets;
    this.#lines = new LineCounter(octets);
    this.#searchable = LIMITS.searched + LIMITS.passes * octets.length;
  }

  /** The part in [start, end), header first. */
  part(start: number, end: number, defaultType: MimeValue, depth: number): MessagePart {
    const header = readHeader(this.#octets, start, end);
    this.#parts++;
    this.#headers += header.end - header.start;
    const field = header.get('content-type');
    const type = field === null ? defaultType : (parseContentType(field) ?? PLAIN_TEXT);
    const encoding = parseTransferEncoding(header.get('content-transfer-encoding'));
    const linesBefore = this.#lines.upTo(header.end);
    let kind: PartLayout['kind'] = 'single';
    let parts: MessagePart[] = [];
    if (type.type === 'multipart' || isMessage(type)) {
      if (!this.#mayDescend(header, depth, end) || (type.type === 'message' && !isIdentity(encoding))) {
        return this.#leaf(header, end, OPAQUE, encoding, linesBefore);
      }
      kind = type.type === 'multipart' ? 'multipart' : 'message';
      parts =
        kind === 'multipart'
          ? this.#multipart(type, header.end, end, depth + 1)
          : [this.part(header.end, end, PLAIN_TEXT, depth + 1)];
    }
    const lines = this.#lines.upTo(end) - linesBefore;
    return { kind, start, bodyStart: header.end, end, lines, parts, header, type, encoding };
  }

  #leaf(header: HeaderFields, end: number, type: MimeValue, encoding: string, linesBefore: number): MessagePart {
    const { start, end: bodyStart } = header;
    const lines = this.#lines.upTo(end) - linesBefore;
    return { kind: 'single', start, bodyStart, end, lines, parts: [], header, type, encoding };
  }

  /** A part without a header of its own. */
  #bare(start: number, end: number, type: MimeValue): MessagePart {
    this.#parts++;
    return this.#leaf(readHeader(this.#octets, start, start), end, type, '8bit', this.#lines.upTo(start));
  }

  #full(): boolean {
    return this.#parts >= LIMITS.parts || this.#headers > LIMITS.headers;
  }

  #mayDescend(header: HeaderFields, depth: number, end: number): boolean {
    if (depth >= LIMITS.depth || header.truncated || this.#full()) return false;
    this.#searchable -= end - header.end;
    return this.#searchable >= 0;
  }

  /** The parts of a multipart body in [start, end). There is always one, because BODYSTRUCTURE has no other form. */
  #multipart(type: MimeValue, start: number, end: number, depth: number): MessagePart[] {
    const defaultType = type.subtype === 'digest' ? DIGEST_PART : PLAIN_TEXT;
    // RFC 2046 §5.1.1: a boundary does not end with white space; longer ones than 70 are in use.
    const boundary = parameterOf(type, 'boundary')?.trimEnd() ?? '';
    const parts: MessagePart[] = [];
    if (boundary !== '') {
      this.#split(boundary, start, end, true, depth, defaultType, parts);
      if (parts.length === 0) this.#split(boundary, start, end, false, depth, defaultType, parts);
    }
    // A multipart without one delimiter: its text can still be read.
    if (parts.length === 0) parts.push(this.#bare(start, end, PLAIN_TEXT));
    return parts;
  }

  /**
   * Finds the delimiter lines and scans what stands between them.
   * @param exact whether a delimiter line must hold the boundary and white space only. RFC 2046 §5.1.1 lets anything follow,
   *   but then an inner boundary that begins with the outer one would be taken for it: so only if there is no exact one.
   */
  #split(
    boundary: string,
    start: number,
    end: number,
    exact: boolean,
    depth: number,
    defaultType: MimeValue,
    parts: MessagePart[],
  ): void {
    let partStart = -1;
    const search = new DelimiterSearch(this.#octets, boundary, start, end, exact);
    for (let found = search.next(); found; found = search.next()) {
      if (partStart >= 0) {
        const partEnd = Math.max(partStart, found.precedingLineEnd);
        if (this.#full()) break;
        parts.push(this.part(partStart, partEnd, defaultType, depth));
      }
      partStart = found.after;
      if (found.close) return;
    }
    if (partStart < 0) return;
    // RFC 2046 §5.1.2 lets an outer delimiter, or the end of the message, stand for a missing close delimiter.
    parts.push(this.#full() ? this.#bare(partStart, end, OPAQUE) : this.part(partStart, end, defaultType, depth));
  }
}

/** RFC 2046 §5.2.1: only these encodings are allowed on a message; another one hides its header. */
function isIdentity(encoding: string): boolean {
  return encoding !== 'base64' && encoding !== 'quoted-printable';
}

function isMessage({ type, subtype }: MimeValue): boolean {
  return type === 'message' && (subtype === 'rfc822' || subtype === 'global');
}

interface Delimiter {
  /** Before the line end that belongs to the delimiter (RFC 2046 §5.1.1). */
  precedingLineEnd: number;
  /** After its own line end. */
  after: number;
  close: boolean;
}

/** The delimiter lines of one boundary in [start, end), in order. */
class DelimiterSearch {
  readonly #region: Buffer;
  readonly #start: number;
  readonly #delimiter: string;
  readonly #needle: string;
  readonly #exact: boolean;
  /** Where the line end before the next delimiter may be; before `start` until the first line was looked at. */
  #from: number;

  constructor(octets: Buffer, boundary: string, start: number, end: number, exact: boolean) {
    this.#region = octets.subarray(0, end);
    this.#start = start;
    this.#delimiter = `--${boundary}`;
    this.#needle = `\n--${boundary.slice(0, NEEDLE_OCTETS)}`;
    this.#exact = exact;
    this.#from = start - 1;
  }

  next(): Delimiter | null {
    if (this.#from < this.#start) {
      this.#from = this.#start;
      const first = this.#delimiterAt(this.#start);
      if (first) return first;
    }
    while (this.#from < this.#region.length) {
      const feed = this.#candidate(this.#from);
      if (feed < 0) break;
      this.#from = feed + 1;
      const delimiter = this.#delimiterAt(feed + 1);
      if (delimiter) return delimiter;
    }
    return null;
  }

  /** The next line end before what may be a delimiter. */
  #candidate(from: number): number {
    const region = this.#region;
    if (this.#needle.length > SHORT_NEEDLE) return region.indexOf(this.#needle, from, 'latin1');
    // indexOf stops at each line end for so short a needle, which costs more than looking at every octet.
    for (let at = from; at < region.length; at++) {
      if (region[at] === LF && region[at + 1] === HYPHEN && region[at + 2] === HYPHEN) return at;
    }
    return -1;
  }

  #delimiterAt(line: number): Delimiter | null {
    const region = this.#region;
    let at = line;
    for (let index = 0; index < this.#delimiter.length; index++, at++) {
      if (region[at] !== this.#delimiter.charCodeAt(index)) return null;
    }
    const close = region[at] === HYPHEN && region[at + 1] === HYPHEN;
    if (close) at += 2;
    while (region[at] === SPACE || region[at] === TAB) at++;
    if (region[at] === CR) at++;
    if (at < region.length && region[at] !== LF) {
      if (this.#exact) return null;
      at = region.indexOf(LF, at);
      if (at < 0) at = region.length;
    }
    // The line end after this delimiter may be the one before the next.
    this.#from = Math.max(this.#start, at);
    return { precedingLineEnd: this.#lineEndBefore(line), after: Math.min(at + 1, region.length), close };
  }

  #lineEndBefore(line: number): number {
    if (line <= this.#start) return line;
    return line - 2 >= this.#start && this.#region[line - 2] === CR ? line - 2 : line - 1;
  }
}
