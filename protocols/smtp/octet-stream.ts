/**
 * The octets of a connection, taken apart into command lines and messages.
 * RFC 5321 §2.3.8 (a line ends with CRLF and with nothing else), §4.5.2 (dots), §4.5.3.1.4 (lengths), RFC 2920 §3.1 (DATA is
 * the last command of a group).
 * Socket in; to the session each command, and each fault instead of a command; the message's octets without their added
 * dots to a stream with back-pressure. Only CRLF "." CRLF ends a message, so no other server's idea of an end can hide a
 * second one in it.
 * Elsewhere: what the octets of a message may be (data-guard.ts), what commands mean (session.ts).
 */
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';

/** Why a line is no command. */
export type LineFault = 'bare-line-feed' | 'too-long' | 'endless';

export interface OctetStreamHandlers {
  command(line: Buffer, done: () => void): void;
  fault(fault: LineFault, done: () => void): void;
  /** Everything received so far is dealt with. */
  idle?(): void;
}

/** RFC 4954 §4.5: the longest base64 line of AUTH. Other commands are shorter (session.ts). */
export const MAX_LINE = 12_288;
/** A line that still has no end after so many octets has none. */
const ENDLESS = 64 * 1024;
/** Commands that are answered at once before others have their turn. */
const COMMANDS_AT_ONCE = 50;

const CR = 13;
const LF = 10;
const DOT = 46;
const EMPTY = Buffer.alloc(0);
const LINE_WITH_DOT = Buffer.from('\r\n.');

export class OctetStream extends SMTPStream {
  readonly #handlers: OctetStreamHandlers;
  /** What was received of a line, or of something that may be the end of a message. */
  #held: Buffer = EMPTY;
  /** Octets of a line that is too long, all thrown away. */
  #skipped = 0;
  #lastSkipped = 0;
  #more = false;
  /** Octets of the piece that is dealt with now; 0 between pieces. */
  #piece = 0;

  constructor(handlers: OctetStreamHandlers) {
    super();
    this.#handlers = handlers;
  }

  /** More octets were received and wait behind the present command or message. */
  get pipelined(): boolean {
    return this.#more || (this.#piece > 0 && this.writableLength > this.#piece);
  }

  override _write(chunk: Buffer, encoding: BufferEncoding | 'buffer', next: (error?: Error | null) => void): void {
    // What followed a message comes here again, as a part of the same piece.
    if (this.#piece === 0 && chunk.length > 0) {
      this.#piece = chunk.length;
      this._write(chunk, encoding, (error) => {
        this.#more = false;
        const idle = this.writableLength <= this.#piece;
        this.#piece = 0;
        if (idle) this.#handlers.idle?.();
        next(error);
      });
      return;
    }
    if (this.isClosed || chunk.length === 0) next();
    else if (this._dataMode) this.#receiveData(chunk, next);
    else this.#receiveLines(this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]), next);
  }

  /** A command whose line was never ended is none. */
  override _flushData(): void {}

  #receiveLines(input: Buffer, next: () => void): void {
    let at = 0;
    let sinceYield = 0;
    let inside = false;
    let again = false;
    const resume = (): void => {
      if (inside) {
        again = true;
        return;
      }
      inside = true;
      do {
        again = false;
        if (this.isClosed) {
          next();
          return;
        }
        if (this._dataMode) {
          this.#held = EMPTY;
          if (at < input.length) this.#receiveData(input.subarray(at), next);
          else next();
          return;
        }
        const end = input.indexOf(LF, at);
        if (end < 0) {
          this.#hold(input.subarray(at), next);
          return;
        }
        const start = at;
        at = end + 1;
        this.#more = at < input.length;
        if (++sinceYield >= COMMANDS_AT_ONCE) {
          sinceYield = 0;
          setImmediate(() => this.#dispatch(input, start, end, resume));
        } else this.#dispatch(input, start, end, resume);
      } while (again);
      inside = false;
    };
    resume();
  }

  #dispatch(input: Buffer, start: number, end: number, done: () => void): void {
    const skipped = this.#skipped;
    this.#skipped = 0;
    const before = end > start ? input[end - 1] : skipped > 0 ? this.#lastSkipped : 0;
    if (skipped + end - start > MAX_LINE + 1) {
      this.#handlers.fault('too-long', done);
      return;
    }
    const line = input.subarray(start, Math.max(start, end - 1));
    if (before !== CR || line.includes(CR)) {
      this.#handlers.fault('bare-line-feed', done);
      return;
    }
    this.#handlers.command(line, done);
  }

  #hold(rest: Buffer, next: () => void): void {
    this.#held = EMPTY;
    if (this.#skipped + rest.length <= MAX_LINE + 1) {
      // A copy: a slice of the socket's buffer would keep all of it.
      this.#held = Buffer.from(rest);
      next();
      return;
    }
    this.#skipped += rest.length;
    this.#lastSkipped = rest[rest.length - 1] as number;
    if (this.#skipped > ENDLESS) {
      this.#skipped = 0;
      this.#handlers.fault('endless', next);
      return;
    }
    next();
  }

  #receiveData(chunk: Buffer, next: (error?: Error | null) => void): void {
    const input = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = EMPTY;
    const pieces: Buffer[] = [];
    let start = 0;
    // A message may begin with a dot, or be nothing but the end.
    if (this._atDataStart && input[0] === DOT) {
      if (input.length < 3 && (input[1] ?? CR) === CR) {
        this.#wait(pieces, input, 0, next);
        return;
      }
      if (input[1] === CR && input[2] === LF) {
        this.#more = input.length > 3;
        this._endDataMode(false, input.subarray(3), next);
        return;
      }
      this._atDataStart = false;
      start = 1;
    }
    for (;;) {
      const line = input.indexOf(LINE_WITH_DOT, start);
      if (line < 0) break;
      const after = line + LINE_WITH_DOT.length;
      if (after >= input.length || (input[after] === CR && after + 1 >= input.length)) {
        pieces.push(input.subarray(start, line));
        this.#wait(pieces, input, line, next);
        return;
      }
      // RFC 5321 §4.1.1.4: the CRLF before the dot belongs to the message.
      pieces.push(input.subarray(start, line + 2));
      if (input[after] === CR && input[after + 1] === LF) {
        const last = Buffer.concat(pieces);
        this._countDataBytes(last.length);
        this.#more = input.length > after + 2;
        this._endDataMode(last, input.subarray(after + 2), next);
        return;
      }
      start = after;
    }
    const until = input.length - unsure(input, start);
    pieces.push(input.subarray(start, until));
    this.#wait(pieces, input, until, next);
  }

  /** Passes on what is certain, keeps what may be the begin of an end, and asks for more when the message's reader has room. */
  #wait(pieces: readonly Buffer[], input: Buffer, until: number, next: () => void): void {
    this.#held = Buffer.from(input.subarray(until));
    const output = this._dataStream;
    const octets = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
    this._countDataBytes(octets.length);
    if (octets.length === 0 || output === null || !output.writable || output.write(octets)) {
      next();
      return;
    }
    // A stream that its reader destroys never drains, it only closes.
    const go = (): void => {
      output.off('drain', go);
      output.off('close', go);
      next();
    };
    output.on('drain', go);
    output.on('close', go);
  }
}

/** How many octets at the end of `input` may be the begin of CRLF ".". */
function unsure(input: Buffer, start: number): number {
  const { length } = input;
  if (length - start >= 2 && input[length - 2] === CR && input[length - 1] === LF) return 2;
  return length > start && input[length - 1] === CR ? 1 : 0;
}
