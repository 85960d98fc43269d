/**
 * Commands before a maildrop is open: STLS, USER and PASS, AUTH, UTF8.
 * RFC 1939 §4 and §7, RFC 2595 §4, RFC 5034 §4, RFC 6856 §2.1, RFC 2449 §8 and RFC 3206 §4 (response codes).
 * Elsewhere: mechanisms (protocols/sasl.ts), who may log in and how often (src/principals/authentication.ts).
 */
import { DomainError } from '../../../src/errors.ts';
import type { Principal } from '../../../src/principals/access.ts';
import { LineStream } from '../../line-stream.ts';
import { startTls } from '../../listener.ts';
import { saslMechanisms } from '../../sasl.ts';
import { type SaslContext, type SaslStep, SaslSyntaxError, saslContext } from '../../sasl-exchange.ts';
import { decodedBase64 } from '../../sasl-text.ts';
import { mechanisms } from '../capability.ts';
import { Maildrop } from '../maildrop.ts';
import { Hangup, Pop3Refusal } from '../refusal.ts';
import { type Command, MAX_LINE, type Pop3Session } from '../session.ts';

export const stls: Command = {
  state: 'authorization',
  async run(session, argument) {
    needNothing(argument);
    const tls = session.services.tls();
    if (session.encrypted) throw new Pop3Refusal('The connection is encrypted already.');
    if (tls === undefined) throw new Pop3Refusal('There is no certificate.');
    if (session.utf8) throw new Pop3Refusal('STLS comes before UTF8.');
    const { stream } = session;
    // What came behind the command was not protected: nothing of it may count inside TLS (RFC 2595 §4).
    if (stream.waiting > 0) throw new Hangup('STLS was not the last command before the handshake.');
    stream.write('+OK Begin TLS.\r\n');
    const { socket } = stream;
    stream.release();
    const secured = await startTls(socket, tls);
    if (secured === undefined) throw new Hangup('The handshake failed.');
    session.encrypted = true;
    session.user = undefined;
    session.stream = new LineStream(secured, MAX_LINE);
    return undefined;
  },
};

export const user: Command = {
  state: 'authorization',
  run(session, argument) {
    if (argument === '') throw new Pop3Refusal('A name is expected.');
    if (!session.mayLogIn) throw encryptionRequired();
    session.user = utf8(argument);
    // The same answer to every name: which there are is nobody's business.
    return 'Now the password.';
  },
};

export const pass: Command = {
  state: 'authorization',
  async run(session, argument) {
    const name = session.user;
    if (name === undefined) throw new Pop3Refusal('USER comes first.');
    session.user = undefined;
    if (!session.mayLogIn) throw encryptionRequired();
    return enter(session, await contextOf(session).login(name, utf8(argument)));
  },
};

export const auth: Command = {
  state: 'authorization',
  async run(session, argument) {
    if (argument === '') {
      session.stream.write(['+OK Mechanisms:', ...mechanisms(session), '.', ''].join('\r\n'));
      return undefined;
    }
    const [name = '', text, ...more] = argument.split(' ');
    const mechanism = saslMechanisms(session.services.authentication).get(name.toUpperCase());
    if (mechanism === undefined) throw new Pop3Refusal('This mechanism is not offered.');
    if (more.length > 0) throw new Pop3Refusal('AUTH takes a mechanism and an initial response.');
    if (!session.mayLogIn) throw encryptionRequired();
    const exchange = mechanism(contextOf(session));
    // RFC 5034 §4: "=" is an empty response.
    const initial = text === undefined ? undefined : text === '=' ? Buffer.alloc(0) : decoded(text);
    let response = initial ?? (await ask(session, exchange.firstChallenge));
    for (;;) {
      let step: SaslStep;
      try {
        step = await exchange.respond(response);
      } catch (error) {
        throw error instanceof SaslSyntaxError ? new Pop3Refusal(error.message) : error;
      }
      if ('principal' in step) return enter(session, step.principal);
      response = await ask(session, step.challenge);
    }
  },
};

/** RFC 6856 §2.1. Messages are sent as they are in either mode. */
export const utf8Command: Command = {
  state: 'authorization',
  run(session, argument) {
    needNothing(argument);
    session.utf8 = true;
    return 'UTF-8 from now on.';
  },
};

/** Sends a challenge and returns the response. */
async function ask(session: Pop3Session, challenge: Buffer): Promise<Buffer> {
  session.stream.write(`+ ${challenge.toString('base64')}\r\n`);
  const line = await session.stream.line();
  if (line === null) throw new Hangup('The peer is gone.');
  // RFC 5034 §4: "*" cancels.
  if (line === '*') throw new Pop3Refusal('The exchange is cancelled.');
  return decoded(line);
}

function decoded(text: string): Buffer {
  const octets = decodedBase64(text);
  if (octets === undefined) throw new Pop3Refusal('The response is not base64.');
  return octets;
}

function needNothing(argument: string): void {
  if (argument !== '') throw new Pop3Refusal('The command takes nothing.');
}

/** RFC 6856 §2.2: names and passwords are UTF-8, and what is not is refused. */
function utf8(latin1: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(latin1, 'latin1'));
  } catch {
    throw new Pop3Refusal('Names and passwords are UTF-8.');
  }
}

function contextOf(session: Pop3Session): SaslContext {
  const { authentication } = session.services;
  return saslContext(authentication, {
    protocol: 'pop3',
    peer: session.peer.address,
    scopes: ['mail'],
    attempt: (name, run) => run().catch((error: unknown) => refused(session, name, error)),
  });
}

/** Counts and logs a refused log-in, and goes on with its error. */
function refused(session: Pop3Session, name: string, error: unknown): never {
  const { log, limits } = session.services;
  if (error instanceof DomainError) {
    session.failedLogins++;
    const { address } = session.peer;
    log.info({ user: name.slice(0, 320), peer: address, reason: error.code }, 'POP3 log-in refused');
    if (session.failedLogins >= limits.failedLogins) throw new Hangup('Too many failed log-ins.');
  }
  throw error;
}

async function enter(session: Pop3Session, principal: Principal): Promise<string> {
  const { services, peer, encrypted } = session;
  session.maildrop = await Maildrop.open(principal, services);
  services.log.info({ user: principal.name, peer: peer.address, tls: encrypted }, 'POP3 log-in');
  const { messages, octets } = session.maildrop.totals();
  return `${messages} messages (${octets} octets)`;
}

function encryptionRequired(): DomainError {
  return new DomainError('encryption-required', 'A password is taken over TLS only; use STLS.');
}
