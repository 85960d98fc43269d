/**
 * A lean HTTP/1.1 client on one kept connection, so that the load generator costs little beside the server it measures.
 * One request at a time; the caller gives the whole request as bytes.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Reply {
  readonly status: number;
  /** The head as text, status line first. */
  readonly head: string;
  readonly body: Buffer;
}

/** A request as bytes. */
export function requestBytes(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body = '',
): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(
    `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${lines.join('')}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

export class HttpConnection {
  readonly #port: number;
  #socket: Socket | undefined;
  #resolve: ((reply: Reply) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;
  #pieces: Buffer[] = [];
  #length = 0;
  /** Known once the head is complete. */
  #head: { text: string; bodyAt: number; bodyLength: number; chunked: boolean } | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** Sends a request and resolves with the whole reply; connects first when needed. */
  async exchange(request: Buffer): Promise<Reply> {
    if (this.#socket === undefined) await this.#open();
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#pieces = [];
      this.#length = 0;
      this.#head = undefined;
      this.#socket?.write(request);
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #open(): Promise<void> {
    const socket = connect(this.#port, '127.0.0.1');
    socket.setNoDelay(true);
    await once(socket, 'connect');
    socket.on('data', (piece) => this.#take(piece));
    socket.on('error', (error) => this.#reject?.(error));
    socket.on('close', () => {
      this.#socket = undefined;
      this.#reject?.(new Error('the server closed the connection'));
    });
    this.#socket = socket;
  }

  #take(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
    this.#head ??= this.#readHead();
    const head = this.#head;
    if (head === undefined) return;
    if (head.chunked) {
      const tail = piece.length >= 5 ? piece : Buffer.concat(this.#pieces);
      if (tail.subarray(-5).toString('latin1') !== '0\r\n\r\n') return;
      const whole = this.#whole();
      // The last five bytes may also be data; only the chunks themselves tell.
      const body = dechunked(whole.subarray(head.bodyAt));
      if (body !== undefined) this.#finish(head.text, body);
    } else if (this.#length >= head.bodyAt + head.bodyLength) {
      this.#finish(head.text, this.#whole().subarray(head.bodyAt));
    }
  }

  #whole(): Buffer {
    const whole = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    this.#pieces = [whole];
    return whole;
  }

  #readHead() {
    const whole = this.#whole();
    const end = whole.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const text = whole.toString('latin1', 0, end);
    const length = /\ncontent-length: *(\d+)/i.exec(text)?.[1];
    const chunked = /\ntransfer-encoding: *chunked/i.test(text);
    return { text, bodyAt: end + 4, bodyLength: Number(length ?? 0), chunked };
  }

  #finish(head: string, body: Buffer): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    this.#reject = undefined;
    // A server that closes after its answer is connected to anew.
    if (/\nconnection: *close/i.test(head) || head.startsWith('HTTP/1.0')) this.close();
    resolve?.({ status: Number(head.slice(9, 12)), head, body });
  }
}

/** The data of complete chunks; undefined while some are missing. */
function dechunked(bytes: Buffer): Buffer | undefined {
  const data: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, end), 16);
    if (size === 0) return Buffer.concat(data);
    at = end + 2 + size + 2;
    if (at > bytes.length) return undefined;
    data.push(bytes.subarray(end + 2, end + 2 + size));
  }
  return undefined;
}
