/**
 * What an HTTP request may look like before anything reads it: refusals by the head alone, and how a connection is ended.
 * RFC 9112 §3.2 (Host, forms of the target), §6.1 and §6.3 (framing), §9.6 (closing); RFC 6585 §5; RFC 9110 §8.4, §10.1.1.
 * Node's parser, in its strict mode, has refused what it calls malformed; `answerUnreadable` words its refusals.
 * Elsewhere: time limits and listeners (src/http.ts), limits of bodies by kind (the plugins).
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** Octets of the request target; beyond is 414. */
const MAX_TARGET = 16_384;
/** Octets of the whole head; beyond is 431. Larger than the target's, so that a long target is told as such. */
export const MAX_HEAD = 98_304;
const MAX_HEADER_FIELDS = 200;
/** Octets of the largest body any route takes. */
export const MAX_BODY = 10 * 1024 * 1024;
/** What is read and thrown away so that an early answer reaches a client that is still sending. */
const DRAIN_OCTETS = 64 * 1024 * 1024;
const DRAIN_MS = 2_000;

export interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Why a request is not worth routing, or undefined. Also turns the rare forms of the target into the common one. */
export function refusalOf(request: IncomingMessage): Refusal | undefined {
  const target = request.url ?? '';
  // Node reads a line without a version as HTTP/0.9, which nothing speaks any more.
  if (request.httpVersionMajor !== 1) return { status: 400, message: 'Speak HTTP/1.1.' };
  if (target.length > MAX_TARGET) return { status: 414, message: 'The URL is too long.' };
  if (request.rawHeaders.length > 2 * MAX_HEADER_FIELDS) return { status: 431, message: 'Too many header fields.' };
  // RFC 9112 §3.2: more than one Host is a 400.
  if (countOf(request, 'host') > 1) return { status: 400, message: 'More than one Host.' };
  const { headers } = request;
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || request.httpVersion !== '1.1'))
    return { status: 400, message: 'This transfer coding is not supported.' };
  // RFC 9110 §15.5.16. Bodies are small, and what unpacks to gigabytes is not worth having.
  const content = headers['content-encoding'];
  if (content !== undefined && content !== '' && content.toLowerCase() !== 'identity')
    return {
      status: 415,
      message: 'Send the body without Content-Encoding.',
      headers: { 'Accept-Encoding': 'identity' },
    };
  if (Number(headers['content-length'] ?? 0) > MAX_BODY) return { status: 413, message: 'The body is too large.' };
  if (target.charCodeAt(0) !== 0x2f) return normaliseTarget(request, target);
  return undefined;
}

/** RFC 9112 §3.2.2 and §3.2.4: absolute-form is taken as its path, asterisk-form as the root. */
function normaliseTarget(request: IncomingMessage, target: string): Refusal | undefined {
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target);
  if (absolute !== null) {
    request.headers.host = absolute[1];
    const rest = absolute[2] ?? '';
    request.url = rest.startsWith('/') ? rest : `/${rest}`;
    return undefined;
  }
  if (target === '*' && request.method === 'OPTIONS') {
    request.url = '/';
    return undefined;
  }
  return { status: 400, message: 'The request target is not a path.' };
}

function countOf(request: IncomingMessage, name: string): number {
  const { rawHeaders } = request;
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const field = rawHeaders[i]!;
    if (field.length === name.length && field.toLowerCase() === name) count++;
  }
  return count;
}

/** Whether the client announced a body that has not arrived completely. */
export function bodyPending(request: IncomingMessage): boolean {
  if (request.complete) return false;
  const { headers } = request;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Answers a refused request and ends the connection. */
export function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  if (bodyPending(request)) linger(request);
  const body = `${refusal.message}\n`;
  response.writeHead(refusal.status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
    ...refusal.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/**
 * Makes the close after this answer a gentle one: the sending side ends, and for a while what still arrives is read and thrown
 * away. Closing at once would reset the connection, and the client would lose the answer (RFC 9112 §9.6).
 */
export function linger(request: IncomingMessage): void {
  const { socket } = request;
  socket.destroySoon = () => {
    socket.end();
    let drained = 0;
    const timer = setTimeout(() => socket.destroy(), DRAIN_MS);
    socket.once('close', () => clearTimeout(timer));
    request.on('data', (chunk: Buffer) => {
      drained += chunk.length;
      if (drained > DRAIN_OCTETS) socket.destroy();
    });
    request.on('end', () => socket.destroy());
    request.on('error', () => socket.destroy());
    request.resume();
  };
}

const UNREADABLE: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Answers what Node's parser or its clock refused, and ends the connection. */
export function answerUnreadable(error: Error & { code?: string }, socket: Duplex): void {
  // An answer may be on its way already; a second status line would be taken for its body.
  const current = (socket as Duplex & { _httpMessage?: { headersSent?: boolean } })._httpMessage;
  if (error.code === 'ECONNRESET' || !socket.writable || current?.headersSent === true) {
    socket.destroy();
    return;
  }
  const status = UNREADABLE[error.code ?? ''] ?? 400;
  const body = `${STATUS_CODES[status]}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
  const timer = setTimeout(() => socket.destroy(), DRAIN_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
}
