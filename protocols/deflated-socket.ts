/**
 * A socket whose octets are compressed in both directions, for protocols that agree on that in the middle of a connection.
 * RFC 1951 (raw deflate), RFC 4978 §3 (COMPRESS=DEFLATE of IMAP).
 * It stands in for the socket: it has the same events, and its pace is the socket's. Each batch of writes ends with a flush, so
 * that nothing waits inside the compressor. What a peer's octets inflate to is read piece by piece, never all at once.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib';

/** Balanced: mail text is halved at a third of the time the best level takes. */
const LEVEL = 5;

export class DeflatedSocket extends Duplex {
  readonly #socket: Socket;
  readonly #inflate = createInflateRaw({ flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH });
  readonly #deflate = createDeflateRaw({ level: LEVEL, flush: constants.Z_SYNC_FLUSH });

  /** Takes the socket over: nobody else may read or write it from now on. */
  constructor(socket: Socket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.#inflate.on('data', (octets: Buffer) => {
      if (!this.push(octets)) this.#inflate.pause();
    });
    this.#inflate.on('end', () => this.push(null));
    // Octets that are not deflated end the connection.
    this.#inflate.on('error', () => this.destroy());
    this.#deflate.on('error', () => this.destroy());
    socket.on('close', () => this.destroy());
    this.#deflate.pipe(socket);
    socket.pipe(this.#inflate);
  }

  /** On the wire, like those of the socket. */
  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  get bytesWritten(): number {
    return this.#socket.bytesWritten;
  }

  /** This, where a socket is wanted: it has what protocols use of one. */
  asSocket(): Socket {
    return this as unknown as Socket;
  }

  override _read(): void {
    this.#inflate.resume();
  }

  override _write(octets: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#deflate.write(octets, done);
  }

  override _writev(
    chunks: { readonly chunk: Buffer; readonly encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    this.#deflate.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#deflate.end(done);
  }

  override _destroy(_error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    this.#inflate.destroy();
    this.#deflate.destroy();
    done(null);
  }
}
