/** A raw POP3 client: sends octets as they are given and reads responses, for tests of exact answers. */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { App } from '../../src/app.ts';
import type { Teardown, TestServer, TestUser } from './server.ts';

/** Settings of a test server that serves POP3. */
export const POP3_PORTS = { CONVENE_POP3_PORT: '0', CONVENE_POP3S_PORT: '0' };

const PATIENCE_MS = 20_000;

export class Pop3Client {
  /** Latin1 text that came and was not read yet. */
  received = '';
  closed = false;
  #socket: Socket;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#attach();
  }

  send(text: string): void {
    this.#socket.write(Buffer.from(text, 'latin1'), () => {});
  }

  /** Sends a command and returns the first line of the response. */
  run(command: string): Promise<string> {
    this.send(`${command}\r\n`);
    return this.line();
  }

  /** Sends a command with a multi-line response and returns its lines without the first, dots taken off. */
  async lines(command: string): Promise<string[]> {
    const text = await this.octets(command);
    return text === '' ? [] : text.slice(0, -2).split('\r\n');
  }

  /** Likewise, as it was before dots were added. */
  async octets(command: string): Promise<string> {
    const status = await this.run(command);
    if (!status.startsWith('+OK')) throw new Error(`${command}: ${status}`);
    let text = '';
    for (;;) {
      const line = await this.line();
      if (line === '.') return text;
      // As a client does that takes CRLF alone for a line end.
      text += `${line.startsWith('.') ? line.slice(1) : line}\r\n`;
    }
  }

  /** The next line up to CRLF, without it. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.received.indexOf('\r\n');
      if (end >= 0) {
        const line = this.received.slice(0, end);
        this.received = this.received.slice(end + 2);
        return line;
      }
      if (this.closed) throw new Error(`closed after ${JSON.stringify(this.received)}`);
      await this.#more();
    }
  }

  /** Waits for the end of the connection. Returns what came before it. */
  async rest(): Promise<string> {
    while (!this.closed) await this.#more();
    return this.received;
  }

  async login(user: Pick<TestUser, 'name' | 'password'>): Promise<string> {
    await this.run(`USER ${user.name}`);
    return this.run(`PASS ${user.password}`);
  }

  /** Goes on to TLS on this connection. */
  async startTls(): Promise<void> {
    this.#socket.removeAllListeners('data');
    const secured = connectTls({ socket: this.#socket, rejectUnauthorized: false });
    await new Promise<void>((resolve, reject) => secured.once('secureConnect', resolve).once('error', reject));
    this.#socket = secured;
    this.#attach();
  }

  /** Breaks the connection off. */
  destroy(): void {
    this.#socket.destroy();
  }

  #attach(): void {
    this.#socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
      this.#wake();
    });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  #more(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer after ${this.received}`)), PATIENCE_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** A connection whose greeting was read. Closed when the test ends. */
export async function connectPop3(
  t: Teardown,
  { app }: { readonly app: Pick<App, 'addresses'> },
  options: { readonly tls?: boolean } = {},
): Promise<Pop3Client> {
  const port = (options.tls === true ? app.addresses.pop3s : app.addresses.pop3)?.port;
  if (port === undefined) throw new Error('the server serves no POP3');
  const socket =
    options.tls === true
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : connectTcp(port, '127.0.0.1');
  await new Promise<void>((resolve, reject) =>
    socket.once(options.tls === true ? 'secureConnect' : 'connect', resolve).once('error', reject),
  );
  const client = new Pop3Client(socket);
  t.teardown(async () => client.destroy());
  await client.line();
  return client;
}

/** Appends messages to the INBOX of a user. Returns their UIDs. */
export async function fillInbox(
  { app }: TestServer,
  user: TestUser,
  messages: readonly (string | Buffer)[],
): Promise<readonly number[]> {
  const { mail, store } = app;
  const row = await store.principals.get(user.id);
  if (row === undefined) throw new Error('no such user');
  const viewer = { ...row, addresses: [user.address] };
  const staged = [];
  for (const octets of messages) {
    const stage = mail.messages.stage(user.id);
    await stage.write(Buffer.from(octets));
    staged.push({ staged: await stage.finish(), flags: [] });
  }
  const inbox = await mail.mailboxes.find(viewer, 'INBOX');
  return (await mail.messages.append(viewer, inbox, staged)).uids;
}
