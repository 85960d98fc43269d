/**
 * What the octets of a message may be, checked while they stream through.
 * RFC 5321 §2.3.8 (no bare CR or LF), §4.5.2, §4.5.3.1.6 (lines), §6.3 (loops), RFC 5322 §2.2 (header), RFC 1870 §6 (size).
 * Octets in pieces in; the header as one piece, then the body in pieces out. A fault does not end the reading: SMTP answers
 * after the last octet, so the rest is counted and thrown away, which costs no memory.
 * Elsewhere: the end of the message and its dots (octet-stream.ts), what the header says (src/mail).
 */
import { readHeader } from '../../src/mail/header-fields.ts';
import { receivedCount } from '../../src/mail/message-identity.ts';
import { SmtpRefusal } from './refusal.ts';

export interface GuardLimits {
  /** Octets of the message. */
  readonly size: number;
  /** Octets of its header, the empty line included. */
  readonly header: number;
  /** Octets of a line, without its end. */
  readonly line: number;
  /** Received fields that say it goes in circles; RFC 5321 §6.3 wants at least 100. */
  readonly hops: number;
}

export const GUARD_LIMITS: GuardLimits = { size: 50 * 1024 * 1024, header: 256 * 1024, line: 64 * 1024, hops: 100 };

/** A message as it arrives: its header is complete, its body is read from `body`. */
export interface GuardedMessage {
  /** With the empty line, when there is one. */
  readonly header: Buffer;
  /** The rest. Throws the fault when there is one; `header` is then not to be used. */
  readonly body: AsyncIterable<Buffer>;
}

const CR = 13;
const LF = 10;
const END_OF_HEADER = Buffer.from('\r\n\r\n');
const EMPTY = Buffer.alloc(0);

/**
 * Reads the header of a message and checks it.
 * @throws SmtpRefusal after the last octet of a message that may not be; then nothing of it is left to read
 */
export async function guardMessage(
  octets: AsyncIterable<Buffer>,
  limits: GuardLimits = GUARD_LIMITS,
): Promise<GuardedMessage> {
  const check = new OctetCheck(limits);
  const source = octets[Symbol.asyncIterator]();
  const pieces: Buffer[] = [];
  let held = 0;
  let headerEnd = -1;
  let ended = false;
  while (headerEnd < 0 && !ended && check.fault === undefined) {
    const { value, done } = await source.next();
    if (done) ended = true;
    else {
      check.look(value);
      const searched = Math.max(0, held - 3);
      pieces.push(value);
      held += value.length;
      const joined = joinedFrom(pieces, searched);
      const found = searched === 0 && joined[0] === CR && joined[1] === LF ? -2 : joined.indexOf(END_OF_HEADER);
      if (found !== -1) headerEnd = searched + found + END_OF_HEADER.length;
      if ((headerEnd < 0 ? held : headerEnd) > limits.header)
        check.fault ??= new SmtpRefusal(554, '5.6.0', `The header is longer than ${limits.header} octets.`);
    }
  }
  const whole = Buffer.concat(pieces);
  const header = headerEnd < 0 ? whole : whole.subarray(0, headerEnd);
  if (ended) check.end();
  else if (check.fault === undefined && receivedCount(readHeader(header, 0, header.length)) >= limits.hops)
    check.fault = new SmtpRefusal(554, '5.4.6', 'The message went through too many servers; it goes in circles.');
  if (check.fault !== undefined) {
    await drain(source, check);
    throw check.fault;
  }
  return { header, body: bodyOf(headerEnd < 0 ? EMPTY : whole.subarray(headerEnd), source, check) };
}

/**
 * The octets of a message that leaves, as long as they are what a message may be.
 * @throws SmtpRefusal at the first octet that may not leave
 */
export async function* checkedOctets(octets: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const check = new OctetCheck({ ...GUARD_LIMITS, size: Number.MAX_SAFE_INTEGER, line: Number.MAX_SAFE_INTEGER });
  for await (const piece of octets) {
    check.look(piece);
    if (check.fault !== undefined) throw check.fault;
    yield piece;
  }
  check.end();
  if (check.fault !== undefined) throw check.fault;
}

async function* bodyOf(first: Buffer, source: AsyncIterator<Buffer>, check: OctetCheck): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  for (;;) {
    const { value, done } = await source.next();
    if (done) break;
    check.look(value);
    if (check.fault !== undefined) {
      await drain(source, check);
      throw check.fault;
    }
    yield value;
  }
  check.end();
  if (check.fault !== undefined) throw check.fault;
}

/** Reads to the end; the size counts on, because "too big" is the answer that tells a sender most. */
async function drain(source: AsyncIterator<Buffer>, check: OctetCheck): Promise<void> {
  for (;;) {
    const { value, done } = await source.next();
    if (done) return;
    check.look(value);
  }
}

/** The octets of `pieces` from a position that lies in the last two of them or so. */
function joinedFrom(pieces: readonly Buffer[], from: number): Buffer {
  let start = 0;
  const parts: Buffer[] = [];
  for (const piece of pieces) {
    const end = start + piece.length;
    if (end > from) parts.push(start < from ? piece.subarray(from - start) : piece);
    start = end;
  }
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}

/** Looks at every octet once. */
class OctetCheck {
  fault: SmtpRefusal | undefined;
  readonly #limits: GuardLimits;
  #size = 0;
  #lineLength = 0;
  #lastWasCr = false;

  constructor(limits: GuardLimits) {
    this.#limits = limits;
  }

  look(piece: Buffer): void {
    this.#size += piece.length;
    if (this.#size > this.#limits.size) {
      if (this.fault?.code !== 552)
        this.fault = new SmtpRefusal(552, '5.3.4', `A message has at most ${this.#limits.size} octets.`);
      return;
    }
    if (this.fault !== undefined) return;
    if (piece.includes(0)) {
      this.fault = new SmtpRefusal(550, '5.6.0', 'The message holds a NUL.');
      return;
    }
    this.#lines(piece);
  }

  end(): void {
    if (this.#lastWasCr) this.fault ??= bareEnding();
  }

  #lines(piece: Buffer): void {
    let at = 0;
    if (this.#lastWasCr) {
      if (piece[0] !== LF) {
        this.fault = bareEnding();
        return;
      }
      at = 1;
      this.#lineLength = 0;
      this.#lastWasCr = false;
    }
    // Both are searched for natively; each CR must be followed by LF, and no LF may come before that CR.
    while (at < piece.length) {
      const cr = piece.indexOf(CR, at);
      const lf = piece.indexOf(LF, at);
      this.#lineLength += (cr < 0 ? piece.length : cr) - at;
      // Only a CR that ends this piece may be without its LF so far.
      const whole = cr < 0 ? lf < 0 : lf === cr + 1 || (lf < 0 && cr === piece.length - 1);
      if (!whole) this.fault = bareEnding();
      else if (this.#lineLength > this.#limits.line)
        this.fault = new SmtpRefusal(554, '5.6.0', `A line has at most ${this.#limits.line} octets.`);
      if (this.fault !== undefined || cr < 0) return;
      this.#lastWasCr = lf < 0;
      if (this.#lastWasCr) return;
      this.#lineLength = 0;
      at = lf + 1;
    }
  }
}

function bareEnding(): SmtpRefusal {
  // As Postfix answers, so that whoever looks for the words finds them.
  return new SmtpRefusal(550, '5.5.2', 'Lines end with CR LF; the message holds a bare CR or LF.');
}
