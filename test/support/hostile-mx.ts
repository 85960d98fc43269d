/**
 * A mail server that treats each message as the name of its recipient says, for as long as it is hostile: it puts off, refuses, falls
 * silent, hangs up before or after the final dot, answers octet by octet or with lines in the middle, and fails TLS and RSET.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What becomes of a message. The word before the first "-" of its recipient. */
export const MANNERS = [
  'fine',
  'later',
  'refused',
  'refused.data',
  'later.data',
  'silent',
  'cut.before',
  'cut.after',
  'slow',
  'wordy',
] as const;
export type Manner = (typeof MANNERS)[number];

/** Milliseconds of silence before it hangs up. */
const SILENCE = 150;

export class HostileMx {
  /** How often each recipient was taken with a whole message. */
  readonly taken = new Map<string, number>();
  /** Messages that were taken without an answer that could be read. */
  readonly unanswered = new Map<string, number>();
  /** What was refused for good. */
  readonly refused = new Set<string>();
  /** From now on everything is taken but what is refused for good. */
  calm = false;
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
      new Session(this, socket, ++this.connections).greet();
    });
  }

  static async listen(t: { teardown(fn: () => void): void }): Promise<HostileMx> {
    const mx = new HostileMx();
    mx.#server.listen(0, '127.0.0.1');
    await once(mx.#server, 'listening');
    t.teardown(() => {
      mx.#server.close();
      for (const socket of mx.#sockets) socket.destroy();
    });
    return mx;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
}

function mannerOf(recipient: string): Manner {
  const word = recipient.slice(0, recipient.indexOf('-'));
  return MANNERS.find((manner) => manner === word) ?? 'fine';
}

class Session {
  readonly #mx: HostileMx;
  readonly #socket: Socket;
  readonly #number: number;
  #held = '';
  #recipients: string[] = [];
  #inData = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(mx: HostileMx, socket: Socket, number: number) {
    this.#mx = mx;
    this.#socket = socket;
    this.#number = number;
    socket.on('data', (octets: Buffer) => this.#take(octets.toString('latin1')));
  }

  greet(): void {
    // Every fifth connection is not welcome.
    if (!this.#mx.calm && this.#number % 5 === 0) this.#socket.end('421 4.3.2 Too busy\r\n');
    else this.#say('220-hostile.example\r\n220 is here');
  }

  #take(text: string): void {
    this.#held += text;
    while (!this.#socket.destroyed) {
      if (this.#inData) {
        const end = /(?:^|\r\n)\.\r\n/.exec(this.#held);
        if (end === null) {
          if (this.#has('cut.before')) this.#socket.destroy();
          return;
        }
        this.#held = this.#held.slice(end.index + end[0].length);
        this.#inData = false;
        this.#message();
        continue;
      }
      const end = this.#held.indexOf('\r\n');
      if (end < 0) return;
      const line = this.#held.slice(0, end);
      this.#held = this.#held.slice(end + 2);
      this.#command(line);
    }
  }

  #has(manner: Manner): boolean {
    return !this.#mx.calm && this.#recipients.some((recipient) => mannerOf(recipient) === manner);
  }

  #command(line: string): void {
    const verb = line.slice(0, 4).toUpperCase();
    const { calm } = this.#mx;
    if (verb === 'EHLO') {
      this.#say(`250-hostile.example\r\n250-8BITMIME\r\n${calm ? '' : '250-STARTTLS\r\n'}250 ENHANCEDSTATUSCODES`);
    } else if (verb === 'STAR') {
      // What follows is no TLS, one time in two.
      if (this.#number % 2 === 0) this.#socket.end('220 Go on\r\nnot a handshake at all\r\n');
      else this.#say('454 4.7.0 Not today');
    } else if (verb === 'MAIL') {
      this.#recipients = [];
      this.#say('250 2.1.0 Fine');
    } else if (verb === 'RCPT') this.#recipient(/<(.*?)>/.exec(line)?.[1] ?? '');
    else if (verb === 'DATA') {
      if (this.#recipients.length === 0) this.#say('503 5.5.1 For whom?');
      else {
        this.#inData = true;
        this.#say('354 Go on');
        // What was sent so far is enough for one that hangs up early.
        if (this.#has('cut.before')) setTimeout(() => this.#socket.destroy(), 5);
      }
    } else if (verb === 'RSET') {
      if (calm) this.#say('250 2.0.0 Fine');
      else if (this.#number % 3 === 0) this.#socket.destroy();
      else this.#say('502 5.5.2 What for?');
    } else if (verb === 'QUIT') this.#socket.end('221 2.0.0 Bye\r\n');
    else this.#say('250 2.0.0 Fine');
  }

  #recipient(address: string): void {
    const manner = mannerOf(address);
    if (manner === 'refused') {
      this.#mx.refused.add(address);
      this.#say('550 5.1.1 Nobody of that name');
    } else if (manner === 'later' && !this.#mx.calm) this.#say('451 4.2.0 Later');
    else if (manner === 'silent' && !this.#mx.calm) setTimeout(() => this.#socket.destroy(), SILENCE);
    else {
      this.#recipients.push(address);
      this.#say('250 2.1.5 Fine');
    }
  }

  #message(): void {
    if (this.#has('cut.before')) {
      this.#socket.destroy();
      return;
    }
    if (this.#has('later.data')) {
      this.#say('452 4.3.1 No room');
      return;
    }
    if (this.#recipients.some((recipient) => mannerOf(recipient) === 'refused.data')) {
      for (const recipient of this.#recipients) this.#mx.refused.add(recipient);
      this.#say('554 5.6.0 Not this one');
      return;
    }
    const { taken, unanswered } = this.#mx;
    for (const recipient of this.#recipients) taken.set(recipient, (taken.get(recipient) ?? 0) + 1);
    if (this.#has('cut.after')) {
      for (const recipient of this.#recipients) unanswered.set(recipient, (unanswered.get(recipient) ?? 0) + 1);
      this.#socket.destroy();
      return;
    }
    this.#say(this.#has('wordy') ? '250-2.0.0 Well\r\n250-2.0.0 after all\r\n250 2.0.0 taken' : '250 2.0.0 Taken');
  }

  /** Answers keep their order, also where one goes out octet by octet. */
  #say(answer: string): void {
    const slowly = this.#has('slow');
    this.#writing = this.#writing.then(async () => {
      if (!slowly) {
        this.#socket.write(`${answer}\r\n`);
        return;
      }
      for (const octet of `${answer}\r\n`) {
        if (this.#socket.destroyed) return;
        this.#socket.write(octet);
        await sleep(2);
      }
    });
  }
}
