/**
 * Messages as multi-line responses: the octets as they are, lines that begin with a dot get another, a line with a dot ends them.
 * RFC 1939 §3 (multi-line responses) and §7 (TOP).
 * What is a line to a client that takes bare LF for a line end is a line here too, so that no message can end its own response.
 * Elsewhere: octets (src/mail/message-contents.ts).
 */
import type { MessageContents } from '../../src/mail/message-contents.ts';
import type { LineStream } from '../line-stream.ts';
import { Hangup, Pop3Refusal } from './refusal.ts';

const PIECE = 64 * 1024;
const LF = 10;
const CR = 13;
const DOT = 46;

/** The message to send. */
export interface Transmission {
  readonly messageId: number;
  readonly size: number;
  /** TOP: so many lines of the body. All of it when missing. */
  readonly bodyLines?: number;
}

/**
 * Sends a message, its status line first, waiting for the socket between pieces.
 * @throws Pop3Refusal when the message has gone; Hangup when it went while it was sent, for half of it is not to be taken for all
 */
export async function transmit(
  stream: LineStream,
  contents: MessageContents,
  { messageId, size, bodyLines }: Transmission,
): Promise<void> {
  let piece = await contents.octets(messageId, 0, Math.min(PIECE, size));
  if (piece.length === 0 && size > 0) throw new Pop3Refusal('The message is gone.');
  stream.write(bodyLines === undefined ? `+OK ${size} octets\r\n` : '+OK The top of it follows\r\n');
  const lines = new DotStuffing(stream, bodyLines);
  for (let at = 0; at < size; ) {
    at += piece.length;
    if (!lines.write(piece)) break;
    if (stream.crowded) await stream.room();
    if (stream.ended) throw new Hangup('The peer is gone.');
    if (at === size) break;
    piece = await contents.octets(messageId, at, Math.min(PIECE, size - at)).catch((cause) => {
      throw new Hangup('Reading failed while the message was sent.', { cause });
    });
    if (piece.length === 0) throw new Hangup('The message went while it was sent.');
  }
  lines.end();
}

/** Writes octets with dots doubled, up to a number of lines after the header if one is given. */
class DotStuffing {
  readonly #stream: LineStream;
  /** Lines of the body that may still come; undefined for all. */
  #left: number | undefined;
  #inBody = false;
  /** The last two octets; a message begins where a line does. */
  #last = LF;
  #beforeLast = CR;
  /** Octets of the line so far, its CR not counted: 0 at the empty line that ends the header. */
  #lineLength = 0;

  constructor(stream: LineStream, bodyLines: number | undefined) {
    this.#stream = stream;
    this.#left = bodyLines;
  }

  /** Returns false when no more is wanted. */
  write(piece: Buffer): boolean {
    const length = this.#left === undefined ? piece.length : this.#wanted(piece);
    let from = 0;
    if (this.#last === LF && piece[0] === DOT && length > 0) this.#stream.write('.');
    for (let found = piece.indexOf('\n.'); found >= 0 && found + 1 < length; ) {
      this.#stream.writeOctets(piece.subarray(from, found + 1));
      this.#stream.write('.');
      from = found + 1;
      found = piece.indexOf('\n.', from);
    }
    if (from < length) this.#stream.writeOctets(piece.subarray(from, length));
    for (const octet of piece.subarray(Math.max(0, length - 2), length)) {
      this.#beforeLast = this.#last;
      this.#last = octet;
    }
    return !(this.#inBody && this.#left === 0);
  }

  end(): void {
    const whole = this.#last === LF && this.#beforeLast === CR;
    this.#stream.write(whole ? '.\r\n' : '\r\n.\r\n');
  }

  /** How many octets of a piece are within the lines that are wanted. */
  #wanted(piece: Buffer): number {
    for (let from = 0; from < piece.length; ) {
      const end = piece.indexOf(LF, from);
      const until = end < 0 ? piece.length : end;
      const bare = until > from && piece[until - 1] === CR ? until - 1 : until;
      this.#lineLength += bare - from;
      if (end < 0) return piece.length;
      from = end + 1;
      if (this.#inBody) this.#left = (this.#left ?? 0) - 1;
      else if (this.#lineLength === 0) this.#inBody = true;
      this.#lineLength = 0;
      if (this.#inBody && this.#left === 0) return from;
    }
    return piece.length;
  }
}
