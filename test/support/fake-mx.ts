/** A mail server that behaves as badly as a test wants, and keeps what it got. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

export interface Received {
  readonly from: string;
  readonly recipients: string[];
  readonly octets: string;
  readonly tls: boolean;
}

/** What it answers; undefined is the usual answer, 'hang' none, 'close' the end of the connection. */
export type Answer = string | undefined;

export interface Behaviour {
  greeting?: () => Answer;
  /** Words of EHLO after the name. */
  extensions?: readonly string[];
  tls?: { readonly cert: string; readonly key: string };
  command?: (line: string) => Answer;
  /** After the dot; the message counts as received unless it is a refusal or 'close'. */
  message?: (received: Received) => Answer;
  /** Called with each piece of a message; true closes at once. */
  closeInData?: (octets: number) => boolean;
}

export class FakeMx {
  readonly messages: Received[] = [];
  readonly lines: string[] = [];
  connections = 0;
  /** Connections open now, and the most there were at once. */
  open = 0;
  most = 0;
  behaviour: Behaviour;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(behaviour: Behaviour) {
    this.behaviour = behaviour;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async listen(t: { teardown(fn: () => void): void }, behaviour: Behaviour = {}, host = '127.0.0.1', port = 0) {
    const mx = new FakeMx(behaviour);
    mx.#server.listen(port, host);
    await once(mx.#server, 'listening');
    t.teardown(() => mx.close());
    return mx;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(plain: Socket): void {
    this.connections++;
    this.most = Math.max(this.most, ++this.open);
    this.#sockets.add(plain);
    plain.on('close', () => {
      this.open--;
      this.#sockets.delete(plain);
    });
    new Conversation(this, plain).begin();
  }
}

class Conversation {
  #socket: Socket;
  #held = '';
  #from = '';
  #recipients: string[] = [];
  #data: string | undefined;
  #tls = false;
  readonly #mx: FakeMx;

  constructor(mx: FakeMx, socket: Socket) {
    this.#mx = mx;
    this.#socket = socket;
  }

  begin(): void {
    this.#listen(this.#socket);
    const { greeting } = this.#mx.behaviour;
    this.#send(greeting === undefined ? '220 fake.example ESMTP' : greeting());
  }

  #listen(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => this.#take(chunk.toString('latin1')));
  }

  #take(text: string): void {
    this.#held += text;
    for (;;) {
      if (this.#data !== undefined) {
        const end = /(?:^|\r\n)\.\r\n/.exec(this.#held);
        if (this.#mx.behaviour.closeInData?.(this.#held.length)) {
          this.#socket.destroy();
          return;
        }
        if (end === null) return;
        const octets = this.#held.slice(0, end.index === 0 ? 0 : end.index + 2).replace(/(^|\r\n)\./g, '$1');
        this.#held = this.#held.slice(end.index + end[0].length);
        this.#data = undefined;
        const received = { from: this.#from, recipients: this.#recipients, octets, tls: this.#tls };
        const answer = this.#mx.behaviour.message?.(received) ?? '250 2.0.0 Taken';
        if (!/^[45]/.test(answer) && answer !== 'close') this.#mx.messages.push(received);
        this.#recipients = [];
        this.#send(answer);
        continue;
      }
      const end = this.#held.indexOf('\r\n');
      if (end < 0) return;
      const line = this.#held.slice(0, end);
      this.#held = this.#held.slice(end + 2);
      this.#mx.lines.push(line);
      this.#command(line);
    }
  }

  #command(line: string): void {
    const { behaviour } = this.#mx;
    const verb = line.slice(0, 4).toUpperCase();
    const special = behaviour.command?.(line);
    if (special !== undefined) {
      this.#send(special);
      return;
    }
    if (verb === 'EHLO') {
      const starts = behaviour.tls !== undefined && !this.#tls ? ['STARTTLS'] : [];
      const words = ['fake.example', ...(behaviour.extensions ?? ['8BITMIME', 'SIZE']), ...starts];
      this.#send(words.map((word, i) => `250${i === words.length - 1 ? ' ' : '-'}${word}`).join('\r\n'));
      return;
    }
    if (verb === 'STAR' && behaviour.tls !== undefined) {
      this.#startTls(behaviour.tls);
      return;
    }
    if (verb === 'MAIL') this.#from = /<(.*?)>/.exec(line)?.[1] ?? '';
    if (verb === 'RCPT') this.#recipients.push(/<(.*?)>/.exec(line)?.[1] ?? '');
    if (verb === 'DATA') {
      this.#data = '';
      this.#send('354 Go on');
      return;
    }
    this.#send(verb === 'QUIT' ? '221 Bye' : '250 2.0.0 Fine');
    if (verb === 'QUIT') this.#socket.end();
  }

  #startTls({ cert, key }: { cert: string; key: string }): void {
    this.#send('220 Go on');
    const plain = this.#socket;
    plain.removeAllListeners('data');
    const secured = new TLSSocket(plain, { isServer: true, secureContext: createSecureContext({ cert, key }) });
    this.#tls = true;
    this.#held = '';
    this.#socket = secured;
    this.#listen(secured);
  }

  #send(answer: Answer): void {
    if (answer === undefined || answer === 'hang') return;
    if (answer === 'close') this.#socket.destroy();
    else this.#socket.write(`${answer}\r\n`);
  }
}
