/**
 * Lines and counted octets out of a socket, and replies into it, for protocols that speak in lines (IMAP, POP3).
 * RFC 9051 §2.2 and §4.3 (lines, literals), RFC 7888 (how literals are counted).
 * In: octets are kept until asked for; when more than a buffer of them wait, the socket is paused. A line is text with one
 * character for each octet, so nothing is lost before a grammar has looked at it.
 * Out: replies are collected and written in few large pieces; who prints much awaits `room` between pieces.
 * Elsewhere: what lines mean (each protocol), who may connect (listener.ts).
 */
import type { Socket } from 'node:net';

/** The peer sent a line longer than it may. The rest of it cannot be told from the next command: end the connection. */
export class LineTooLong extends Error {
  override readonly name = 'LineTooLong';
}

/** Octets that may wait before the socket is paused. */
const INPUT_BUFFER = 64 * 1024;
/** Replies are handed to the socket in pieces of about this size. */
const PIECE = 64 * 1024;
/** Octets the socket may hold before who prints must wait. */
const OUTPUT_BUFFER = 256 * 1024;
/** How long, and how many octets, an ended connection is still read, so that the last reply is not lost to a reset. */
const LINGER_MS = 2_000;
const LINGER_OCTETS = 64 * 1024 * 1024;

const LF = 10;
const CR = 13;

type Demand = { readonly octets: number | 'line'; readonly resolve: () => void };

export class LineStream {
  /** Not once a protocol has gone on to TLS on it. */
  readonly socket: Socket;
  readonly #maxLine: number;
  #chunks: Buffer[] = [];
  /** Octets in `chunks`. */
  #waiting = 0;
  /** Octets of `chunks` known to hold no line end. */
  #searched = 0;
  #paused = false;
  #ended = false;
  #discarding = false;
  #interrupted = false;
  #demand: Demand | undefined;
  #text = '';
  #pieces: (string | Buffer)[] = [];
  #unwritten = 0;
  #drained: (() => void)[] = [];
  readonly #onData = (chunk: Buffer): void => this.#receive(chunk);
  readonly #onEnd = (): void => this.#end();
  readonly #onDrain = (): void => this.#resumeWriters();

  /** @param maxLine octets of a line, its end included */
  constructor(socket: Socket, maxLine: number) {
    this.socket = socket;
    this.#maxLine = maxLine;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onEnd);
    socket.on('drain', this.#onDrain);
  }

  /** Whether nothing more can come, because the peer closed or the connection broke. Lines that came before may wait. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Octets that came and were not asked for yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * The next line without its end, if all of it is here: CRLF, or a bare LF from people who type.
   * @throws LineTooLong
   */
  takeLine(): string | undefined {
    const length = this.#findLine();
    if (length < 0) {
      if (this.#waiting >= this.#maxLine) throw new LineTooLong('The line is too long.');
      return undefined;
    }
    if (length > this.#maxLine) throw new LineTooLong('The line is too long.');
    const octets = this.#take(length);
    const end = length > 1 && octets[length - 2] === CR ? length - 2 : length - 1;
    return octets.toString('latin1', 0, end);
  }

  /**
   * The next line; null when the peer closed before it was whole.
   * @throws LineTooLong
   */
  async line(): Promise<string | null> {
    for (;;) {
      const line = this.takeLine();
      if (line !== undefined) return line;
      if (this.#ended || this.#interrupted) {
        this.#interrupted = false;
        return null;
      }
      this.flush();
      await this.#more('line');
    }
  }

  /** The next `count` octets in one piece; null when the peer closed before. For counts with a small bound. */
  async octets(count: number): Promise<Buffer | null> {
    while (this.#waiting < count) {
      if (this.#ended) return null;
      this.flush();
      await this.#more(count);
    }
    return this.#take(count);
  }

  /** The next octets that are here, at most `count`, waiting for the first; null when the peer closed. */
  async someOctets(count: number): Promise<Buffer | null> {
    if (this.#waiting === 0) {
      if (this.#ended) return null;
      this.flush();
      await this.#more(1);
      if (this.#waiting === 0) return null;
    }
    const first = this.#chunks[0] as Buffer;
    return this.#take(Math.min(count, first.length));
  }

  /** Ends a waiting `line`, or the next one, with null; what came of it stays. For a server that has something else to say. */
  interrupt(): void {
    this.#interrupted = true;
    this.#satisfy();
  }

  /** Adds reply text: one octet for each character, which must be below 256. */
  write(text: string): void {
    this.#text += text;
    this.#unwritten += text.length;
    if (this.#unwritten >= PIECE) this.flush();
  }

  /** Adds octets; they must not change afterwards. */
  writeOctets(octets: Buffer): void {
    if (octets.length < 4096) {
      this.write(octets.toString('latin1'));
      return;
    }
    if (this.#text !== '') this.#pieces.push(this.#text);
    this.#text = '';
    this.#pieces.push(octets);
    this.#unwritten += octets.length;
    if (this.#unwritten >= PIECE) this.flush();
  }

  /** Hands everything added so far to the socket. */
  flush(): void {
    if (this.#unwritten === 0) return;
    const { socket } = this;
    const pieces = this.#pieces;
    const text = this.#text;
    this.#pieces = [];
    this.#text = '';
    this.#unwritten = 0;
    if (!socket.writable) return;
    if (pieces.length === 0) {
      socket.write(text, 'latin1');
      return;
    }
    socket.cork();
    for (const piece of pieces) socket.write(piece, 'latin1');
    if (text !== '') socket.write(text, 'latin1');
    socket.uncork();
  }

  /** Whether so much waits to be sent that who prints should await `room`. */
  get crowded(): boolean {
    return this.socket.writableLength > OUTPUT_BUFFER;
  }

  /** Resolves when the socket has taken enough for more to be printed, or is gone. */
  async room(): Promise<void> {
    while (this.crowded && this.socket.writable && !this.socket.destroyed)
      await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  /**
   * Leaves the socket to somebody else (TLS).
   * @returns whether octets had come that were not asked for: they are dropped
   */
  release(): boolean {
    this.flush();
    const { socket } = this;
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('close', this.#onEnd);
    socket.off('drain', this.#onDrain);
    const dropped = this.#waiting > 0;
    this.#chunks = [];
    this.#waiting = 0;
    return dropped;
  }

  /** Sends what was added and closes; what the peer still sends is read for a moment and thrown away. */
  close(): void {
    if (this.#discarding) return;
    this.flush();
    this.#discarding = true;
    this.#chunks = [];
    this.#waiting = 0;
    this.#searched = 0;
    const { socket } = this;
    socket.end();
    if (this.#paused) socket.resume();
    const deadline = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(deadline));
    this.#end();
  }

  #receive(chunk: Buffer): void {
    if (this.#discarding) {
      this.#waiting += chunk.length;
      if (this.#waiting > LINGER_OCTETS) this.socket.destroy();
      return;
    }
    this.#chunks.push(chunk);
    this.#waiting += chunk.length;
    if (this.#waiting > Math.max(INPUT_BUFFER, this.#wanted()) && !this.#paused) {
      this.#paused = true;
      this.socket.pause();
    }
    const demand = this.#demand;
    if (demand === undefined) return;
    const enough =
      demand.octets === 'line'
        ? this.#findLine() >= 0 || this.#waiting >= this.#maxLine
        : this.#waiting >= demand.octets;
    if (enough) this.#satisfy();
  }

  #wanted(): number {
    const octets = this.#demand?.octets;
    return octets === undefined ? 0 : octets === 'line' ? this.#maxLine : octets;
  }

  #more(octets: number | 'line'): Promise<void> {
    return new Promise((resolve) => {
      this.#demand = { octets, resolve };
      if (this.#paused && this.#waiting <= Math.max(INPUT_BUFFER, this.#wanted())) this.#resume();
    });
  }

  #satisfy(): void {
    const demand = this.#demand;
    this.#demand = undefined;
    demand?.resolve();
  }

  #resume(): void {
    this.#paused = false;
    this.socket.resume();
  }

  /** Octets up to and with the first line end, -1 when there is none. */
  #findLine(): number {
    let before = 0;
    for (const chunk of this.#chunks) {
      const until = before + chunk.length;
      if (until > this.#searched) {
        const found = chunk.indexOf(LF, Math.max(0, this.#searched - before));
        if (found >= 0) {
          this.#searched = before + found;
          return before + found + 1;
        }
      }
      before = until;
    }
    this.#searched = this.#waiting;
    return -1;
  }

  /** Takes octets that are here. */
  #take(count: number): Buffer {
    this.#waiting -= count;
    this.#searched = 0;
    const first = this.#chunks[0];
    let taken: Buffer;
    if (first === undefined || count === 0) taken = Buffer.alloc(0);
    else if (first.length > count) {
      taken = first.subarray(0, count);
      this.#chunks[0] = first.subarray(count);
    } else if (first.length === count) {
      taken = first;
      this.#chunks.shift();
    } else {
      const parts: Buffer[] = [];
      let missing = count;
      let used = 0;
      while (missing > 0) {
        const chunk = this.#chunks[used] as Buffer;
        if (chunk.length > missing) {
          parts.push(chunk.subarray(0, missing));
          this.#chunks[used] = chunk.subarray(missing);
          missing = 0;
        } else {
          parts.push(chunk);
          missing -= chunk.length;
          used++;
        }
      }
      this.#chunks.splice(0, used);
      taken = Buffer.concat(parts, count);
    }
    if (this.#paused && this.#waiting <= INPUT_BUFFER) this.#resume();
    return taken;
  }

  #end(): void {
    this.#ended = true;
    this.#satisfy();
    this.#resumeWriters();
  }

  #resumeWriters(): void {
    const waiting = this.#drained;
    if (waiting.length === 0) return;
    this.#drained = [];
    for (const resolve of waiting) resolve();
  }
}
