/** A raw SMTP and LMTP client: sends octets as they are given and reads replies, for tests of exact answers. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

const PATIENCE = 20_000;

export class SmtpClient {
  /** Everything received and not yet read as a reply. */
  received = '';
  closed = false;
  #socket: Socket;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  /** Connects and, unless told otherwise, reads the greeting. */
  static async connect(
    port: number,
    options: { tls?: boolean; greeting?: boolean; from?: string } = {},
  ): Promise<SmtpClient> {
    const socket = options.tls
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : connect({ port, host: '127.0.0.1', localAddress: options.from });
    await new Promise<void>((resolve, reject) => {
      socket.once(options.tls ? 'secureConnect' : 'connect', resolve);
      socket.once('error', reject);
    });
    socket.setNoDelay(true);
    const client = new SmtpClient(socket);
    if (options.greeting !== false) await client.reply();
    return client;
  }

  /** Sends octets without adding a line end. */
  write(octets: string | Buffer): void {
    this.#socket.write(octets as Buffer, () => {});
  }

  /** Sends octets and waits until the system took them. */
  async push(octets: Buffer): Promise<void> {
    if (this.closed) throw new Error('closed');
    if (this.#socket.write(octets)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#socket.off('drain', done);
        this.#socket.off('close', done);
        resolve();
      };
      this.#socket.on('drain', done);
      this.#socket.on('close', done);
    });
  }

  /** One reply with all its lines, joined by LF; '' when the connection ended before it. */
  async reply(patience: number = PATIENCE): Promise<string> {
    const deadline = Date.now() + patience;
    for (;;) {
      const found = /^(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*)?\r?\n/.exec(this.received);
      if (found !== null) {
        this.received = this.received.slice(found[0].length);
        return found[0].replaceAll('\r', '').trimEnd();
      }
      if (this.closed) return '';
      if (Date.now() > deadline) throw new Error(`no reply; received ${JSON.stringify(this.received)}`);
      await this.#something(deadline - Date.now());
    }
  }

  /** Sends one command and reads its reply. */
  command(line: string): Promise<string> {
    this.write(`${line}\r\n`);
    return this.reply();
  }

  /** Sends commands one by one; the last reply. */
  async commands(...lines: string[]): Promise<string> {
    let last = '';
    for (const line of lines) last = await this.command(line);
    return last;
  }

  /** DATA with a message that ends with CRLF, and the reply after its dot. */
  async data(message: string | Buffer): Promise<string> {
    const ready = await this.command('DATA');
    if (!ready.startsWith('354')) return ready;
    this.write(stuffed(message));
    this.write('.\r\n');
    return this.reply();
  }

  async startTls(): Promise<string> {
    const reply = await this.command('STARTTLS');
    if (!reply.startsWith('220')) return reply;
    const plain = this.#socket;
    plain.removeAllListeners('data');
    const secured: TLSSocket = connectTls({ socket: plain, rejectUnauthorized: false });
    await new Promise<void>((resolve, reject) => {
      secured.once('secureConnect', resolve);
      secured.once('error', reject);
    });
    this.#socket = secured;
    this.#listen(secured);
    return reply;
  }

  logIn(name: string, password: string): Promise<string> {
    return this.command(`AUTH PLAIN ${Buffer.from(`\0${name}\0${password}`).toString('base64')}`);
  }

  /** Waits until the server closed the connection. */
  async ended(patience: number = PATIENCE): Promise<boolean> {
    const deadline = Date.now() + patience;
    while (!this.closed && Date.now() < deadline) await this.#something(deadline - Date.now());
    return this.closed;
  }

  end(): void {
    this.#socket.destroy();
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('utf8');
      this.#wake();
    });
    const over = (): void => {
      this.closed = true;
      this.#wake();
    };
    socket.on('end', over);
    socket.on('close', over);
    socket.on('error', over);
  }

  #something(patience: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, patience));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** A message with its leading dots doubled (RFC 5321 §4.5.2). */
export function stuffed(message: string | Buffer): Buffer {
  const text = message.toString('latin1').replace(/(^|\r\n)\./g, '$1..');
  return Buffer.from(
    typeof message === 'string' ? message.replace(/(^|\r\n)\./g, '$1..') : text,
    typeof message === 'string' ? 'utf8' : 'latin1',
  );
}
