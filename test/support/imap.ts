/**
 * A small IMAP client for tests: it sends what it is told, octet for octet, and shows what came back.
 * `connectImap(t, server)` closes it when the test ends.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw } from 'node:zlib';
import type { App } from '../../src/app.ts';
import type { Teardown, TestUser } from './server.ts';

/** What came up to a tagged answer. */
export interface ImapReply {
  readonly status: string;
  /** Behind the status. */
  readonly text: string;
  /** Untagged responses without "* ", literals in them as on the wire; latin1. */
  readonly untagged: readonly string[];
}

/** A part of an app with IMAP listeners. */
export interface ImapServerLike {
  readonly app: Pick<App, 'addresses'>;
}

/** Settings of a test server that serves IMAP. */
export const IMAP_PORTS = { CONVENE_IMAP_PORT: '0', CONVENE_IMAPS_PORT: '0' };

const PATIENCE_MS = 20_000;

/** A literal that does not wait (RFC 7888). */
export function literal(octets: string | Buffer): string {
  const text = typeof octets === 'string' ? Buffer.from(octets).toString('latin1') : octets.toString('latin1');
  return `{${text.length}+}\r\n${text}`;
}

export class ImapClient {
  socket: Socket;
  /** The tag of the last command. */
  tag = '';
  #out: DeflateRaw | undefined;
  #received = '';
  #closed = false;
  #wake: (() => void) | undefined;
  #tags = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    this.#attach();
  }

  /** Sends latin1 text as it is. */
  send(text: string | Buffer): void {
    (this.#out ?? this.socket).write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  /** Sends a command under a new tag without waiting for anything. */
  begin(command: string): string {
    this.tag = `t${++this.#tags}`;
    this.send(`${this.tag} ${command}\r\n`);
    return this.tag;
  }

  /** Sends a command and waits for its answer. */
  run(command: string): Promise<ImapReply> {
    return this.reply(this.begin(command));
  }

  /** Likewise; throws when the answer is not OK. */
  async ok(command: string): Promise<ImapReply> {
    const reply = await this.run(command);
    if (reply.status !== 'OK') throw new Error(`${command}: ${reply.status} ${reply.text}`);
    return reply;
  }

  /** The responses up to the tagged answer. */
  async reply(tag: string): Promise<ImapReply> {
    const untagged: string[] = [];
    for (;;) {
      const response = await this.response();
      if (response.startsWith(`${tag} `)) {
        const [, status = '', text = ''] = /^\S+ (\S+) ?(.*)$/s.exec(response) ?? [];
        return { status, text, untagged };
      }
      untagged.push(response.startsWith('* ') ? response.slice(2) : response);
    }
  }

  /** The next response with its literals, without the line end. */
  async response(): Promise<string> {
    let at = 0;
    for (;;) {
      const end = this.#received.indexOf('\r\n', at);
      if (end < 0) {
        await this.#more();
        continue;
      }
      const octets = /\{(\d+)\}$/.exec(this.#received.slice(Math.max(0, end - 12), end))?.[1];
      if (octets === undefined) {
        const response = this.#received.slice(0, end);
        this.#received = this.#received.slice(end + 2);
        return response;
      }
      at = end + 2 + Number(octets);
      while (this.#received.length < at) await this.#more();
    }
  }

  /** What comes until the server closes. */
  async rest(): Promise<string> {
    while (!this.#closed) await this.#more(true);
    const rest = this.#received;
    this.#received = '';
    return rest;
  }

  async login(user: Pick<TestUser, 'name' | 'password'>): Promise<ImapReply> {
    return this.ok(`LOGIN ${user.name} ${user.password}`);
  }

  /** Appends a message. Returns its UID. */
  async append(mailbox: string, message: string | Buffer, options = ''): Promise<number> {
    const { text } = await this.ok(`APPEND ${mailbox} ${options}${literal(message)}`);
    return Number(/APPENDUID \d+ (\d+)/.exec(text)?.[1]);
  }

  /** Deflates and inflates everything from now on, after COMPRESS. */
  deflate(): void {
    const inflate = createInflateRaw();
    const deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH });
    this.socket.removeAllListeners('data');
    deflate.pipe(this.socket);
    this.socket.pipe(inflate);
    inflate.on('data', (data: Buffer) => this.#receive(data));
    inflate.on('error', () => {});
    // What came last may still be inflating when the socket has closed.
    this.socket.removeAllListeners('close');
    this.socket.on('close', () => inflate.end());
    inflate.on('close', () => this.#close());
    this.#out = deflate;
  }

  /** Goes on to TLS after STARTTLS. */
  async secure(): Promise<void> {
    this.socket.removeAllListeners('data');
    this.socket.removeAllListeners('close');
    this.socket = await secured(this.socket);
    this.#attach();
  }

  close(): void {
    this.socket.destroy();
  }

  #attach(): void {
    this.socket.on('data', (data: Buffer) => this.#receive(data));
    this.socket.on('error', () => {});
    this.socket.on('close', () => this.#close());
  }

  #close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  #receive(data: Buffer): void {
    this.#received += data.toString('latin1');
    this.#wake?.();
  }

  async #more(closing = false): Promise<void> {
    if (this.#closed) {
      if (closing) return;
      throw new Error(`the server closed; before that it said ${JSON.stringify(this.#received.slice(0, 500))}`);
    }
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`nothing came; so far ${JSON.stringify(this.#received.slice(0, 500))}`)),
        PATIENCE_MS,
      );
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}

/** Connects and reads the greeting. */
export async function connectImap(t: Teardown, { app }: ImapServerLike, tls = false): Promise<ImapClient> {
  const port = (tls ? app.addresses.imaps : app.addresses.imap)?.port ?? 0;
  const plain = connectTcp({ host: '127.0.0.1', port, noDelay: true });
  plain.on('error', () => {});
  const client = new ImapClient(tls ? await secured(plain) : plain);
  t.teardown(async () => client.close());
  const greeting = await client.response();
  if (!greeting.startsWith('* OK')) throw new Error(`greeted with ${greeting}`);
  return client;
}

/** Connects and logs in. */
export async function loginImap(
  t: Teardown,
  server: ImapServerLike,
  user: Pick<TestUser, 'name' | 'password'>,
): Promise<ImapClient> {
  const client = await connectImap(t, server);
  await client.login(user);
  return client;
}

function secured(socket: Socket): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const secure = connectTls({ socket, rejectUnauthorized: false }, () => resolve(secure));
    secure.on('error', reject);
  });
}
