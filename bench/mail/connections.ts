/** Bare IMAP and LMTP clients: they read to the end of an answer and keep its octets, and do nothing else that takes time. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** More than the longest status line of any server. */
const TAIL = 4_096;
const LIMIT_MS = 60_000;

/** Waits for octets until `complete` says of the end of what came that it is whole. */
class Reader {
  readonly socket: Socket;
  #pieces: Buffer[] = [];
  #tail = '';
  #complete: ((tail: string) => boolean) | undefined;
  #resolve: ((answer: Buffer) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(port: number, localAddress?: string) {
    this.socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true });
    this.socket.on('data', (piece: Buffer) => {
      this.#pieces.push(piece);
      this.#tail = (this.#tail + piece.toString('latin1', Math.max(0, piece.length - TAIL))).slice(-TAIL);
      this.#look();
    });
    this.socket.on('error', (error) => this.#fail(error));
    this.socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  #fail(error: Error): void {
    clearTimeout(this.#timer);
    this.#reject?.(error);
    this.#resolve = this.#reject = this.#complete = undefined;
  }

  #look(): void {
    if (this.#complete?.(this.#tail) !== true) return;
    const answer = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    clearTimeout(this.#timer);
    const resolve = this.#resolve;
    this.#resolve = this.#reject = this.#complete = undefined;
    this.#pieces = [];
    this.#tail = '';
    resolve?.(answer);
  }

  until(complete: (tail: string) => boolean): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#complete = complete;
      this.#resolve = resolve;
      this.#reject = reject;
      this.#timer = setTimeout(() => this.#fail(new Error(`no answer: ${this.#tail.slice(-200)}`)), LIMIT_MS);
      this.#look();
    });
  }
}

/** The last whole line. */
function lastLine(tail: string): string {
  if (!tail.endsWith('\r\n')) return '';
  return tail.slice(tail.lastIndexOf('\r\n', tail.length - 3) + 1).trimStart();
}

export class ImapConnection {
  readonly #reader: Reader;
  #tag = 0;

  private constructor(port: number, localAddress?: string) {
    this.#reader = new Reader(port, localAddress);
  }

  /** Connects, from an address of this machine if one is given, and logs in. */
  static async open(port: number, user: string, password: string, localAddress?: string): Promise<ImapConnection> {
    const connection = new ImapConnection(port, localAddress);
    await connection.#reader.until((tail) => tail.startsWith('* ') && tail.endsWith('\r\n'));
    await connection.command(`LOGIN ${user} ${password}`);
    return connection;
  }

  /** The octets of the whole answer; throws unless it is OK. */
  async command(line: string, literal?: Buffer): Promise<Buffer> {
    const tag = `a${++this.#tag}`;
    this.#reader.socket.cork();
    this.#reader.socket.write(`${tag} ${line}${literal === undefined ? '' : ` {${literal.length}+}`}\r\n`);
    if (literal !== undefined) {
      this.#reader.socket.write(literal);
      this.#reader.socket.write('\r\n');
    }
    this.#reader.socket.uncork();
    let status = '';
    const answer = await this.#reader.until((tail) => {
      const line = lastLine(tail);
      if (!line.startsWith(`${tag} `)) return false;
      status = line;
      return true;
    });
    if (!status.startsWith(`${tag} OK`)) throw new Error(`${line}: ${status}`);
    return answer;
  }

  /** Enters IDLE. */
  async idle(): Promise<void> {
    this.#reader.socket.write(`a${++this.#tag} IDLE\r\n`);
    await this.#reader.until((tail) => lastLine(tail).startsWith('+'));
  }

  /** Resolves when the next EXISTS arrives in IDLE. */
  async exists(): Promise<void> {
    await this.#reader.until((tail) => /\* \d+ EXISTS\r\n/.test(tail));
  }

  close(): void {
    this.#reader.socket.destroy();
  }
}

/** A client of SMTP or LMTP. */
export class MailConnection {
  readonly #reader: Reader;

  private constructor(port: number) {
    this.#reader = new Reader(port);
  }

  /** Connects and greets: `LHLO` for LMTP, `EHLO` for SMTP; logs in when there is a password. */
  static async open(
    port: number,
    greeting: 'EHLO' | 'LHLO',
    login?: { user: string; password: string },
  ): Promise<MailConnection> {
    const connection = new MailConnection(port);
    await connection.#reply('220');
    await connection.#say(`${greeting} bench.example.org`, '250');
    if (login !== undefined) {
      const initial = Buffer.from(`\0${login.user}\0${login.password}`).toString('base64');
      await connection.#say(`AUTH PLAIN ${initial}`, '235');
    }
    return connection;
  }

  async #reply(code: string): Promise<void> {
    let line = '';
    await this.#reader.until((tail) => {
      line = lastLine(tail);
      return /^\d{3} /.test(line);
    });
    if (!line.startsWith(code)) throw new Error(line);
  }

  async #say(line: string, code: string): Promise<void> {
    this.#reader.socket.write(`${line}\r\n`);
    await this.#reply(code);
  }

  /** One message to one recipient; resolves when it is accepted. The messages of the benchmark have no line that begins with a dot. */
  async send(sender: string, recipient: string, octets: Buffer): Promise<void> {
    await this.#say(`MAIL FROM:<${sender}>`, '250');
    await this.#say(`RCPT TO:<${recipient}>`, '250');
    await this.#say('DATA', '354');
    this.#reader.socket.write(Buffer.concat([octets, Buffer.from('.\r\n')]));
    await this.#reply('250');
  }

  async close(): Promise<void> {
    this.#reader.socket.end('QUIT\r\n');
    await once(this.#reader.socket, 'close');
  }
}
