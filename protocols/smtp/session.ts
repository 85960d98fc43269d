/**
 * One SMTP or LMTP conversation: which command may come when, and what is answered.
 * RFC 5321 §3 and §4.1, RFC 2033 (LMTP), RFC 4954 (AUTH), RFC 3207 (STARTTLS), RFC 1870 (SIZE), RFC 2920 (PIPELINING),
 * RFC 6152 (8BITMIME), RFC 6531 (SMTPUTF8), RFC 2034 (ENHANCEDSTATUSCODES).
 * A socket in; paths, parameters and messages to the door, its answers back. smtp-server keeps the state, STARTTLS and the
 * order of replies; commands with arguments are read here.
 * Elsewhere: octets (octet-stream.ts, data-guard.ts), arguments (path-command.ts), mechanisms (../sasl.ts), the doors.
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { SMTPServer } from 'smtp-server';
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';
import { DomainError } from '../../src/errors.ts';
import type { Principal } from '../../src/principals/access.ts';
import type { SocketPeer } from '../listener.ts';
import type { SaslContext, SaslExchange, SaslMechanism } from '../sasl-exchange.ts';
import { GUARD_LIMITS, guardMessage } from './data-guard.ts';
import type { Door, Transaction } from './door.ts';
import { beginLogin, takeResponse } from './login.ts';
import { type LineFault, OctetStream } from './octet-stream.ts';
import { checkMailParameters, checkRecipientParameters } from './parameters.ts';
import { type Path, parsePathCommand } from './path-command.ts';
import { refusalOf, SmtpRefusal } from './refusal.ts';
import type { SessionLimits } from './session-limits.ts';

/** Command lines other than AUTH (RFC 5321 §4.5.3.1.4 wants at least 512, and parameters add to it). */
const MAX_COMMAND = 2_048;

/** The listener a session belongs to, as far as the session asks it. */
export interface SessionOwner<Recipient> extends SMTPServer {
  readonly door: Door<Recipient>;
  readonly limits: SessionLimits;
  closeListeners(socket: Socket): readonly ((...given: unknown[]) => void)[];
  plaintextLogin(peer: SocketPeer): boolean;
  readonly mechanisms: ReadonlyMap<string, SaslMechanism>;
  saslContext(peer: SocketPeer): SaslContext;
  refusal(error: unknown): SmtpRefusal;
  noteMessage(
    session: { readonly secure: boolean },
    transaction: Transaction<Recipient>,
    milliseconds: number,
    refusal: SmtpRefusal | undefined,
  ): void;
}

type Reply = readonly [code: number, text: string];

export class SmtpSession<Recipient> extends SMTPConnection {
  readonly door: Door<Recipient>;
  readonly peer: SocketPeer;
  principal: Principal | undefined;
  transaction: Transaction<Recipient> | undefined;
  readonly #owner: SessionOwner<Recipient>;
  readonly #limits: SessionLimits;
  #unknown = 0;
  #loginFailures = 0;
  #stopping = false;
  /** The socket whose replies are held back for the moment. */
  #corked: Socket | undefined;
  #lastCommand = performance.now();
  #dataSince = 0;
  #ticking: NodeJS.Timeout | undefined;

  constructor(owner: SessionOwner<Recipient>, socket: Socket, peer: SocketPeer) {
    super(owner, socket, {});
    this.#owner = owner;
    this.door = owner.door;
    this.peer = peer;
    this.#limits = owner.limits;
  }

  /** Greets, after the time in which early talkers show themselves. */
  override init(): void {
    this._setListeners(() => {
      this.#ticking = setInterval(() => this.#tick(), this.#limits.tick).unref();
      const { greetingDelay } = this.#limits;
      if (greetingDelay > 0) setTimeout(() => this.connectionReady(), greetingDelay).unref();
      // Two turns of the loop are no delay, and who sends with the first packet is seen.
      else setImmediate(() => setImmediate(() => this.connectionReady()));
    });
  }

  /** Says goodbye as soon as nothing is in flight. */
  stop(): void {
    this.#stopping = true;
    if (!this._handlerPending && !this._dataStream) this.#sayGoodbye();
  }

  override _createParser(): OctetStream {
    const parser = new OctetStream({
      command: (line, done) => this._onCommand(line, done),
      fault: (fault, done) => this.#onFault(fault, done),
      idle: () => this.#flush(),
    });
    parser.on('error', () => this.send(421, '4.3.0 The connection cannot go on.'));
    return parser;
  }

  /** Replies that begin with an enhanced status code keep it; others get the general one of their reply code. */
  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    // RFC 2920 §3.2: replies to a group of commands leave together. TLS begins right after its 220.
    if (!this.#corked && code !== 220 && this.#parser()?.pipelined) {
      this.#corked = this._socket;
      this._socket.cork();
    }
    super.send(code, data, typeof data === 'string' && /^[245]\.\d{1,3}\.\d{1,3} /.test(data) ? false : context);
    // smtp-server reads no further command until replies that are too many to hold are gone.
    if (!this.#parser()?.pipelined || this._socket.writableNeedDrain) this.#flush();
  }

  /** Idle connections are found by #tick, which a drip of single octets does not reset. */
  override _armTimeout(): void {}

  override _onClose(): void {
    clearInterval(this.#ticking);
    super._onClose();
  }

  override _onCommand(line: Buffer, callback?: () => void): void {
    this.#lastCommand = performance.now();
    if (this.#stopping) {
      this.#sayGoodbye();
      return;
    }
    const isAuth = this._nextHandler !== false || /^auth(?: |$)/i.test(line.toString('latin1', 0, 5));
    if (line.length > MAX_COMMAND && !isAuth) {
      this.#onFault('too-long', callback ?? (() => {}));
      return;
    }
    super._onCommand(line, callback);
  }

  /** smtp-server takes all listeners off the plain socket; the listener below must still hear when it closes. */
  override upgrade(callback: () => void, secureCallback?: () => void): void {
    const socket = this._socket;
    const kept = this.#owner.closeListeners(socket);
    super.upgrade(callback, secureCallback);
    for (const listener of kept) socket.on('close', listener);
    this.principal = undefined;
  }

  override _resetSession(): void {
    super._resetSession();
    this.transaction = undefined;
    this.#dataSince = 0;
    this.#lastCommand = performance.now();
    if (this.#stopping) setImmediate(() => this.#sayGoodbye());
  }

  override handler_EHLO(command: Buffer, callback: () => void): void {
    if (!this.#acceptGreeting(command)) {
      callback();
      return;
    }
    const lines = ['PIPELINING', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES', ...this.door.extensions];
    lines.push(`SIZE ${this.#limits.size}`);
    if (!this.secure && this._isSupported('STARTTLS')) lines.push('STARTTLS');
    // RFC 4954 §4: mechanisms that may be used now, and none without TLS where it would show the password.
    if (this.door.login && this.#mayLogIn() && this.principal === undefined)
      lines.push(`AUTH ${[...this.#owner.mechanisms.keys()].join(' ')}`);
    this.send(250, [`${this.name} at your service`, ...lines], false);
    callback();
  }

  override handler_HELO(command: Buffer, callback: () => void): void {
    if (this.#acceptGreeting(command)) this.send(250, `${this.name} at your service`, false);
    callback();
  }

  handler_EXPN(_command: Buffer, callback: () => void): void {
    this.send(502, '5.5.1 Lists are not shown.');
    callback();
  }

  /** RFC 3030 is not offered. What follows are octets of a message, which must not be read as commands. */
  handler_BDAT(_command: Buffer, _callback: () => void): void {
    this.send(503, '5.5.1 CHUNKING is not offered; the connection ends here.');
    this.close();
  }

  override handler_AUTH(command: Buffer, callback: () => void): void {
    this.#answer(callback, async () => {
      if (this.principal !== undefined || this.transaction !== undefined || !this.door.login)
        throw new SmtpRefusal(503, '5.5.1', 'AUTH comes once, before MAIL.');
      if (!this.#mayLogIn()) throw new SmtpRefusal(538, '5.7.11', 'Passwords are taken after STARTTLS only.');
      const { mechanisms } = this.#owner;
      const { exchange, initial } = beginLogin(command, mechanisms, this.#owner.saslContext(this.peer));
      return initial === undefined
        ? this.#challenge(exchange, exchange.firstChallenge)
        : this.#respond(exchange, initial);
    });
  }

  override handler_MAIL(command: Buffer, callback: () => void): void {
    this.#answer(callback, async () => {
      if (this.door.login && this.principal === undefined)
        throw this.#mayLogIn()
          ? new SmtpRefusal(530, '5.7.0', 'Log in first.')
          : new SmtpRefusal(530, '5.7.0', 'Use STARTTLS first, then log in.');
      if (this.transaction !== undefined) throw new SmtpRefusal(503, '5.5.1', 'There is a sender already.');
      const parsed = parsePathCommand(command, 'MAIL FROM');
      checkMailParameters(parsed, this.door.mailParameters, this.#limits.size);
      const { path, parameters } = parsed;
      const transaction: Transaction<Recipient> = {
        id: randomBytes(9).toString('base64url'),
        peer: this.peer,
        helo: String(this.hostNameAppearsAs),
        protocol: this.#protocol(parameters.has('SMTPUTF8')),
        principal: this.principal,
        sender: path,
        parameters,
        utf8: parameters.has('SMTPUTF8'),
        recipients: [],
      };
      await this.door.sender(transaction);
      this.transaction = transaction;
      this.session.envelope.mailFrom = { address: path.address, args: false };
      return [250, '2.1.0 The sender is taken.'];
    });
  }

  override handler_RCPT(command: Buffer, callback: () => void): void {
    this.#answer(callback, async () => {
      const { transaction } = this;
      if (transaction === undefined) throw new SmtpRefusal(503, '5.5.1', 'MAIL comes before RCPT.');
      const parsed = parsePathCommand(command, 'RCPT TO');
      checkRecipientParameters(parsed, this.door.recipientParameters, transaction.utf8);
      const { path, parameters } = parsed;
      // RFC 5321 §4.5.3.1.10: the client sends the message to those it has, and comes again with the others.
      if (transaction.recipients.length >= this.#limits.recipients)
        throw new SmtpRefusal(452, '4.5.3', `A message has at most ${this.#limits.recipients} recipients at once.`);
      transaction.recipients.push(await this.#recipient(transaction, path, parameters));
      this.session.envelope.rcptTo.push({ address: path.address, args: false });
      return [250, '2.1.5 The recipient is taken.'];
    });
  }

  override handler_DATA(command: Buffer, callback: () => void): void {
    if (command.toString('latin1').trim().length > 4) {
      this.send(501, '5.5.4 DATA takes no arguments.');
      callback();
      return;
    }
    // RFC 2920 §3.1: nothing may follow before the 354. What does may have been meant as another server's command.
    if (this.#parser()?.pipelined) {
      this.send(554, '5.5.0 The message came before it was asked for.');
      this.close();
      return;
    }
    this.#dataSince = performance.now();
    super.handler_DATA(command, callback);
  }

  /** What smtp-server calls for DATA. */
  async takeMessage(octets: AsyncIterable<Buffer>): Promise<string | (string | Error)[]> {
    const { transaction } = this;
    if (transaction === undefined) throw new SmtpRefusal(503, '5.5.1', 'There is no sender.');
    const started = performance.now();
    const source = octets[Symbol.asyncIterator]();
    // Without return(): whoever stops early must not end the connection, and the rest is read below.
    const shared: AsyncIterable<Buffer> = { [Symbol.asyncIterator]: () => ({ next: () => source.next() }) };
    try {
      const guarded = await guardMessage(shared, { ...GUARD_LIMITS, size: this.#limits.size });
      const result = await this.door.message(transaction, guarded);
      this.#owner.noteMessage(this, transaction, performance.now() - started, undefined);
      return typeof result === 'string' ? result : result.map(asReply);
    } catch (error) {
      const refusal = this.#owner.refusal(error);
      this.#owner.noteMessage(this, transaction, performance.now() - started, refusal);
      while (!(await source.next()).done);
      const reply = asReply(refusal);
      return this.door.name === 'lmtp' ? transaction.recipients.map(() => reply) : [reply];
    }
  }

  #flush(): void {
    this.#corked?.uncork();
    this.#corked = undefined;
  }

  #parser(): OctetStream | undefined {
    return this._parser instanceof OctetStream ? this._parser : undefined;
  }

  /** Runs a command and sends its reply, or the refusal. */
  #answer(callback: () => void, run: () => Promise<Reply>): void {
    run()
      .catch((error: unknown): Reply => {
        const { code, text } = this.#owner.refusal(error);
        return [code, text];
      })
      .then(([code, text]) => {
        this.send(code, text);
        callback();
        if (this.#stopping) this.#sayGoodbye();
      });
  }

  async #recipient(transaction: Transaction<Recipient>, path: Path, parameters: ReadonlyMap<string, string>) {
    try {
      return await this.door.recipient(transaction, path, parameters);
    } catch (error) {
      if (refusalOf(error).code !== 550) throw error;
      // RFC 5321 §7.3: guessing addresses is made slow, then ended.
      this.#unknown++;
      if (this.#unknown >= this.#limits.unknownLast)
        throw new SmtpRefusal(421, '4.7.0', 'Too many unknown recipients; the connection ends here.');
      if (this.#unknown > this.#limits.unknownSlow)
        await new Promise((resolve) => setTimeout(resolve, this.#limits.unknownDelay));
      throw error;
    }
  }

  #acceptGreeting(command: Buffer): boolean {
    const [, name, ...more] = command.toString('latin1').trim().split(/ +/);
    // RFC 5321 §4.1.1.1: a domain or a literal. Machines call themselves all kinds of things; what could confuse a trace
    // field or a log is refused.
    if (name === undefined || more.length > 0 || !/^[A-Za-z0-9._:[\]-]{1,255}$/.test(name)) {
      this.send(501, 'The greeting takes one host name or address literal.', false);
      return false;
    }
    this.hostNameAppearsAs = name.toLowerCase();
    this._resetSession();
    return true;
  }

  #mayLogIn(): boolean {
    return this.secure || this.#owner.plaintextLogin(this.peer);
  }

  #challenge(exchange: SaslExchange, challenge: Buffer): Reply {
    this._nextHandler = (line, callback) =>
      this.#answer(callback, () => this.#respond(exchange, line.toString('latin1').trim()));
    return [334, challenge.toString('base64')];
  }

  async #respond(exchange: SaslExchange, response: string): Promise<Reply> {
    try {
      const step = await takeResponse(exchange, response);
      if ('challenge' in step) return this.#challenge(exchange, step.challenge);
      this.principal = step.principal;
      this.session.user = step.principal.name;
      return [235, '2.7.0 You are logged in.'];
    } catch (error) {
      const failed = error instanceof DomainError && error.code === 'authentication-failed';
      if (failed && ++this.#loginFailures >= this.#limits.loginFailures)
        throw new SmtpRefusal(421, '4.7.0', 'Too many failed log-ins; the connection ends here.');
      throw error;
    }
  }

  /** RFC 3848, RFC 6531 §4.3. */
  #protocol(utf8: boolean): string {
    const flags = `${this.secure ? 'S' : ''}${this.principal === undefined ? '' : 'A'}`;
    if (this.door.name === 'lmtp') return `${utf8 ? 'UTF8' : ''}LMTP${flags}`;
    if (this.openingCommand === 'HELO') return 'SMTP';
    return utf8 ? `UTF8SMTP${flags}` : `ESMTP${flags}`;
  }

  #onFault(fault: LineFault, done: () => void): void {
    if (this._upgrading || this._closing) {
      done();
      return;
    }
    if (!this._ready || fault === 'endless') {
      this.send(421, '5.5.2 That is no SMTP; the connection ends here.');
      return;
    }
    this._nextHandler = false;
    if (++this._unrecognizedCommands >= 10) {
      this.send(421, '4.7.0 Too many faults; the connection ends here.');
      return;
    }
    this.send(500, fault === 'too-long' ? '5.5.2 The line is too long.' : '5.5.2 A line ends with CR LF.');
    setImmediate(done);
  }

  #tick(): void {
    const now = performance.now();
    const parser = this.#parser();
    if (parser?._dataMode) {
      if (parser.dataBytes > 10 * this.#limits.size) return void this._socket.destroy();
      const late = now - this.#dataSince > this.#limits.slowAfter;
      const slow = (parser.dataBytes * 1000) / (now - this.#dataSince) < this.#limits.slowRate;
      // A reader of ours that has no room is not the client's fault.
      if (late && slow && !parser._dataStream?.writableNeedDrain) this.#timeOut();
    } else if (!this._handlerPending && !this._dataStream) {
      const waitsForLogin = this.door.login && this.principal === undefined;
      if (now - this.#lastCommand > (waitsForLogin ? this.#limits.login : this.#limits.command)) this.#timeOut();
    }
  }

  #timeOut(): void {
    this.send(421, '4.4.2 That took too long; the connection ends here.');
  }

  #sayGoodbye(): void {
    if (!this._closing && !this._closed) this.send(421, '4.3.2 The server is stopping.');
  }
}

/** As smtp-server sends it: an error carries its code. */
function asReply(outcome: string | SmtpRefusal): string | Error {
  return typeof outcome === 'string' ? outcome : Object.assign(new Error(outcome.text), { responseCode: outcome.code });
}
