/**
 * One IMAP connection: greeting, command loop, the one place where errors become answers.
 * RFC 3501 §5.5, §7.1 and §7.5, RFC 9051 §3 and §5.4 (autologout).
 * Commands run one after the other; what is pipelined is answered without waiting, in few large pieces. Between the end of a
 * command and its tagged answer the session is told what others did.
 * Elsewhere: the commands (commands/), limits of a whole server (server.ts).
 */
import { setImmediate as yieldOnce } from 'node:timers/promises';
import { LineTooLong } from '../line-stream.ts';
import { capabilities } from './capability.ts';
import {
  AFTER_LOGIN,
  BadCommand,
  BEFORE_LOGIN,
  type RawCommand,
  readCommand,
  refuseLiteral,
} from './command-reader.ts';
import { commands } from './command-table.ts';
import { ImapSyntaxError } from './grammar.ts';
import { Goodbye, NUMBERS_OFF, Refusal, refusalText, unexpectedText } from './responses.ts';
import type { CommandState, ImapSession } from './session.ts';

/** Commands of one connection run for so many milliseconds before others get a turn. */
const TURN = 4;

export class Connection {
  readonly session: ImapSession;
  readonly #closed: () => void;
  /** A command is being run, and not IDLE: no time runs out. */
  busy = false;
  #stopping = false;
  #bad = 0;

  /** @param closed called once, when the connection is over */
  constructor(session: ImapSession, closed: () => void) {
    this.session = session;
    this.#closed = closed;
  }

  /** Serves until either side ends it. */
  async run(): Promise<void> {
    const { session } = this;
    try {
      session.stream.write(`* OK [CAPABILITY ${capabilities(session)}] Convene ready.\r\n`);
      let turn = performance.now();
      while (!this.#stopping && !session.ended) {
        const { stream } = session;
        const idle = stream.waiting === 0;
        if (!(await this.#step())) break;
        if (stream.crowded) {
          stream.flush();
          await stream.room();
        }
        // Waiting for the socket gave others their turn.
        const now = performance.now();
        if (idle) turn = now;
        else if (now - turn > TURN) {
          stream.flush();
          await yieldOnce();
          turn = performance.now();
        }
      }
      if (this.#stopping && !session.ended) session.stream.write('* BYE The server is stopping.\r\n');
    } catch (error) {
      this.#end(error);
    } finally {
      session.unselect();
      if (session.principal !== undefined) session.services.leave(session.principal.id);
      session.stream.close();
      this.#closed();
    }
  }

  /** Ends as soon as the running command has answered. */
  stop(): void {
    this.#stopping = true;
    const { session } = this;
    if (this.busy) {
      session.stopIdle?.();
      return;
    }
    this.bye('The server is stopping.');
  }

  /** Ends a connection that is waiting for its peer. */
  bye(reason: string): void {
    const { stream } = this.session;
    this.session.ended = true;
    stream.write(`* BYE ${reason}\r\n`);
    stream.close();
  }

  /** Reads and runs one command. Returns false when the peer is gone. */
  async #step(): Promise<boolean> {
    const { session } = this;
    let command: RawCommand | null;
    try {
      command = await readCommand(session.stream, session.principal === undefined ? BEFORE_LOGIN : AFTER_LOGIN);
    } catch (error) {
      if (!(error instanceof BadCommand)) throw error;
      this.#answerBad(error.tag, error.message);
      return true;
    }
    if (command === null || session.ended) return false;
    this.busy = true;
    try {
      await this.#run(command);
    } finally {
      this.busy = false;
    }
    return true;
  }

  async #run(raw: RawCommand): Promise<void> {
    const { session } = this;
    const command = commands.get(raw.name);
    if (command === undefined || !permits(command.state, session)) {
      if (raw.message !== undefined) await refuseLiteral(session.stream, raw.message);
      const why =
        command === undefined ? `There is no command ${raw.name.slice(0, 40)}.` : wrongState(command.state, session);
      this.#answerBad(raw.tag, why);
      return;
    }
    let answer: string;
    try {
      if (command.bySequence === true && session.uidOnly) throw await uidRequired(session, raw);
      const text = await command.run(session, raw);
      this.#bad = 0;
      if (text === null) return;
      answer = `OK ${text}`;
    } catch (error) {
      answer = this.#refusal(error, raw);
    }
    if (session.hasStaleContexts) await session.refreshContexts();
    session.announce(command.expunges !== false);
    session.stream.write(`${raw.tag} ${answer}\r\n`);
    if (answer.startsWith('BAD')) this.#countBad();
  }

  #refusal(error: unknown, { name }: RawCommand): string {
    if (error instanceof Goodbye || error instanceof LineTooLong) throw error;
    const text = refusalText(error);
    if (text !== undefined) return text;
    const { principal, peer, services } = this.session;
    services.log.error({ err: error, command: name, user: principal?.name, peer: peer.address }, 'a command failed');
    return unexpectedText();
  }

  #answerBad(tag: string, why: string): void {
    const text = refusalText(new ImapSyntaxError(why)) ?? '';
    this.session.stream.write(`${tag} ${text}\r\n`);
    this.#countBad();
  }

  #countBad(): void {
    this.#bad++;
    const { principal, services } = this.session;
    const most = principal === undefined ? services.limits.badBeforeLogin : services.limits.bad;
    if (this.#bad >= most) throw new Goodbye('Too many commands that are none.');
  }

  /** Says goodbye after an error that ends the connection. */
  #end(error: unknown): void {
    const { stream, services, peer } = this.session;
    if (error instanceof Goodbye) stream.write(`* BYE ${error.message}\r\n`);
    else if (error instanceof LineTooLong)
      stream.write('* BAD The line is too long.\r\n* BYE The line is too long.\r\n');
    else {
      stream.write('* BYE The server made a mistake; it is noted.\r\n');
      services.log.error({ err: error, peer: peer.address }, 'an IMAP connection failed');
    }
  }
}

async function uidRequired({ stream }: ImapSession, { message }: RawCommand): Promise<Refusal> {
  if (message !== undefined) await refuseLiteral(stream, message);
  return new Refusal('BAD', 'UIDREQUIRED', NUMBERS_OFF);
}

function permits(state: CommandState, session: ImapSession): boolean {
  if (state === 'any') return true;
  if (state === 'not-authenticated') return session.principal === undefined;
  return session.principal !== undefined && (state === 'authenticated' || session.selected !== undefined);
}

function wrongState(state: CommandState, session: ImapSession): string {
  if (state === 'not-authenticated') return 'Somebody is logged in already.';
  return session.principal === undefined ? 'Log in first.' : 'Select a mailbox first.';
}
