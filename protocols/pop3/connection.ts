/**
 * One POP3 connection: greeting, command loop, time limits, the one place where errors become replies.
 * RFC 1939 §3, RFC 2449 §4 (lengths), §6.6 (pipelining), §8 (response codes).
 * Commands run one after the other; what is pipelined is answered without waiting, in few large pieces.
 * Elsewhere: the commands (commands/), locks of a whole server (server.ts).
 */
import type { Socket } from 'node:net';
import { setImmediate as yieldOnce } from 'node:timers/promises';
import { DomainError } from '../../src/errors.ts';
import { errorReplies, unexpectedReply } from '../error-replies.ts';
import { LineStream, LineTooLong } from '../line-stream.ts';
import type { Session, SocketPeer } from '../listener.ts';
import { commands } from './command-table.ts';
import { Hangup, Pop3Refusal } from './refusal.ts';
import { MAX_COMMAND, MAX_LINE, type Pop3Services, Pop3Session } from './session.ts';

/** Pipelined commands of one connection run for so many milliseconds before others get a turn. */
const TURN = 4;
const COMMAND = /^([A-Za-z0-9]{3,4})(?: (.*))?$/s;

export class Pop3Connection implements Session {
  readonly #session: Pop3Session;
  readonly #loginDeadline: NodeJS.Timeout;
  #busy = false;
  #stopping = false;
  #bad = 0;

  constructor(socket: Socket, peer: SocketPeer, encrypted: boolean, services: Pop3Services) {
    this.#session = new Pop3Session(new LineStream(socket, MAX_LINE), peer, encrypted, services);
    // RFC 1939 §3: when time runs out nothing is removed and nothing is said.
    this.#loginDeadline = setTimeout(() => this.#session.stream.socket.destroy(), services.limits.login);
    this.#watch();
  }

  /** Serves until either side ends it. */
  async run(): Promise<void> {
    const session = this.#session;
    try {
      session.stream.write('+OK Convene ready.\r\n');
      let turn = performance.now();
      while (!this.#stopping && !session.ended) {
        const { stream } = session;
        const idle = stream.waiting === 0;
        if (!(await this.#step())) break;
        if (stream.crowded) await stream.room();
        const now = performance.now();
        if (idle) turn = now;
        else if (now - turn > TURN) {
          stream.flush();
          await yieldOnce();
          turn = performance.now();
        }
      }
      if (this.#stopping && !session.ended) session.stream.write('-ERR [SYS/TEMP] The server is stopping.\r\n');
    } catch (error) {
      this.#end(error);
    } finally {
      clearTimeout(this.#loginDeadline);
      session.stream.close();
      await session.maildrop?.close().catch((error) => this.#log(error, 'closing a maildrop failed'));
    }
  }

  stop(): void {
    this.#stopping = true;
    if (this.#busy) return;
    const { stream } = this.#session;
    stream.write('-ERR [SYS/TEMP] The server is stopping.\r\n');
    this.#session.ended = true;
    stream.close();
  }

  /** Reads and runs one command. Returns false when the peer is gone. */
  async #step(): Promise<boolean> {
    const session = this.#session;
    const line = await session.stream.line();
    if (line === null || session.ended) return false;
    this.#busy = true;
    const { socket } = session.stream;
    try {
      const text = await this.#run(line);
      if (text !== undefined) session.stream.write(`+OK ${text}\r\n`);
      this.#bad = 0;
    } catch (error) {
      session.stream.write(`-ERR ${this.#refusal(error)}\r\n`);
      if (error instanceof Pop3Refusal && ++this.#bad >= session.services.limits.bad)
        throw new Hangup('Too many commands that are none.');
    } finally {
      this.#busy = false;
    }
    if (session.stream.socket !== socket) this.#watch();
    if (session.maildrop !== undefined) clearTimeout(this.#loginDeadline);
    return true;
  }

  #run(line: string): string | undefined | Promise<string | undefined> {
    // A password may be of any octets; the line it came in is not to be longer than others. RFC 5034 §4 forbids initial responses
    // that make a line longer, and clients with tokens send them.
    if (line.length + 2 > MAX_COMMAND && !/^auth /i.test(line))
      throw new Pop3Refusal(`A command has at most ${MAX_COMMAND} octets.`);
    const [, name = '', argument = ''] = COMMAND.exec(line) ?? [];
    const command = commands.get(name.toUpperCase());
    if (command === undefined) throw new Pop3Refusal('There is no such command.');
    const { maildrop } = this.#session;
    if (command.state === 'transaction' && maildrop === undefined) throw new Pop3Refusal('Log in first.');
    if (command.state === 'authorization' && maildrop !== undefined) throw new Pop3Refusal('You are logged in.');
    return command.run(this.#session, argument);
  }

  /** What follows `-ERR`. */
  #refusal(error: unknown): string {
    if (error instanceof Hangup || error instanceof LineTooLong) throw error;
    if (error instanceof Pop3Refusal) return coded(error.code, error.message);
    if (error instanceof DomainError) return coded(errorReplies[error.code].pop3 ?? '', error.message);
    this.#log(error, 'a POP3 command failed');
    return coded(unexpectedReply.pop3 ?? '', 'The server made a mistake; it is noted.');
  }

  /** Ends the connection after an error. */
  #end(error: unknown): void {
    const { stream } = this.#session;
    if (error instanceof LineTooLong) stream.write('-ERR The line is too long.\r\n');
    else if (error instanceof Hangup) {
      if (error.cause !== undefined) this.#log(error.cause, 'a POP3 response broke off');
    } else {
      stream.write('-ERR [SYS/TEMP] The server made a mistake; it is noted.\r\n');
      this.#log(error, 'a POP3 connection failed');
    }
  }

  /** Ends the connection when nothing moves on its socket. */
  #watch(): void {
    const { socket } = this.#session.stream;
    socket.setTimeout(this.#session.services.limits.idle, () => socket.destroy());
  }

  #log(error: unknown, text: string): void {
    const { peer, maildrop, services } = this.#session;
    services.log.error({ err: error, user: maildrop?.principal.name, peer: peer.address }, text);
  }
}

function coded(code: string, message: string): string {
  return code === '' ? message : `[${code}] ${message}`;
}
