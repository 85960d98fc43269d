/**
 * Commands before log-in: STARTTLS, AUTHENTICATE, LOGIN.
 * RFC 3501 §6.2, RFC 4959 (initial responses), RFC 5530 §3, RFC 8314 §3.
 * Elsewhere: mechanisms (protocols/sasl.ts), who may log in and how often (src/principals/authentication.ts).
 */
import { DomainError } from '../../../src/errors.ts';
import type { Principal } from '../../../src/principals/access.ts';
import { LineStream } from '../../line-stream.ts';
import { startTls } from '../../listener.ts';
import { saslMechanisms } from '../../sasl.ts';
import { type SaslContext, type SaslStep, SaslSyntaxError, saslContext } from '../../sasl-exchange.ts';
import { decodedBase64 } from '../../sasl-text.ts';
import { capabilities } from '../capability.ts';
import { AFTER_LOGIN } from '../command-reader.ts';
import { ImapSyntaxError } from '../grammar.ts';
import { Goodbye, Refusal } from '../responses.ts';
import type { Command, ImapSession } from '../session.ts';

export const startTlsCommand: Command = {
  state: 'not-authenticated',
  async run(session, { tag, arguments: args }) {
    args.end();
    const tls = session.services.tls();
    if (session.encrypted) throw new Refusal('BAD', '', 'The connection is encrypted already.');
    if (tls === undefined) throw new Refusal('NO', 'UNAVAILABLE', 'There is no certificate.');
    // What came behind the command was not protected: nothing of it may count inside TLS (RFC 3501 §6.2.1).
    if (session.stream.waiting > 0) throw new Goodbye('STARTTLS is the last command before the handshake.');
    const { stream } = session;
    stream.write(`${tag} OK Begin TLS.\r\n`);
    const { socket } = stream;
    stream.release();
    const secured = await startTls(socket, tls);
    if (secured === undefined) throw new Goodbye('The handshake failed.');
    session.encrypted = true;
    session.stream = new LineStream(secured, AFTER_LOGIN.line);
    return null;
  },
};

export const login: Command = {
  state: 'not-authenticated',
  async run(session, { arguments: args }) {
    args.space();
    const name = args.astring();
    args.space();
    const password = args.astring();
    args.end();
    if (!session.mayLogIn) throw privacyRequired();
    return enter(session, await contextOf(session).login(utf8(name), utf8(password)));
  },
};

export const authenticate: Command = {
  state: 'not-authenticated',
  async run(session, { arguments: args }) {
    args.space();
    const mechanism = saslMechanisms(session.services.authentication).get(args.atom().toUpperCase());
    let initial: Buffer | undefined;
    if (!args.atEnd) {
      args.space();
      const text = args.rest;
      // RFC 4959 §3: "=" is an empty response.
      initial = text === '=' ? Buffer.alloc(0) : decoded(text);
    }
    if (mechanism === undefined) throw new Refusal('NO', 'CANNOT', 'This mechanism is not offered.');
    if (!session.mayLogIn) throw privacyRequired();
    const exchange = mechanism(contextOf(session));
    let response = initial ?? (await ask(session, exchange.firstChallenge));
    for (;;) {
      let step: SaslStep;
      try {
        step = await exchange.respond(response);
      } catch (error) {
        throw error instanceof SaslSyntaxError ? new ImapSyntaxError(error.message) : error;
      }
      if ('principal' in step) return enter(session, step.principal);
      response = await ask(session, step.challenge);
    }
  },
};

/** Sends a challenge and returns the response. */
async function ask(session: ImapSession, challenge: Buffer): Promise<Buffer> {
  session.stream.write(`+ ${challenge.toString('base64')}\r\n`);
  const line = await session.stream.line();
  if (line === null) throw new Goodbye('The connection was closed.');
  // RFC 3501 §6.2.2: "*" cancels.
  if (line === '*') throw new Refusal('BAD', '', 'The exchange is cancelled.');
  return decoded(line);
}

function decoded(text: string): Buffer {
  const octets = decodedBase64(text);
  if (octets === undefined) throw new ImapSyntaxError('The response is not base64.');
  return octets;
}

/** Names and passwords are UTF-8 in practice; Latin-1 from clients that have not heard of it. */
function utf8(latin1: string): string {
  if (/^[\x00-\x7f]*$/.test(latin1)) return latin1;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(latin1, 'latin1'));
  } catch {
    return latin1;
  }
}

function contextOf(session: ImapSession): SaslContext {
  const { authentication } = session.services;
  return saslContext(authentication, {
    protocol: 'imap',
    peer: session.peer.address,
    scopes: ['mail'],
    attempt: (name, run) => run().catch((error: unknown) => refused(session, name, error)),
  });
}

/** Counts and logs a refused log-in, and goes on with its error. */
function refused(session: ImapSession, name: string, error: unknown): never {
  const { log, limits } = session.services;
  if (error instanceof DomainError) {
    session.failedLogins++;
    const { address } = session.peer;
    log.info({ user: name.slice(0, 320), peer: address, reason: error.code }, 'IMAP log-in refused');
    if (session.failedLogins >= limits.failedLogins) throw new Goodbye('Too many failed log-ins.');
  }
  throw error;
}

function enter(session: ImapSession, principal: Principal): string {
  const { services } = session;
  if (!services.enter(principal.id)) throw new Refusal('NO', 'LIMIT', 'Too many connections of this user are open.');
  session.principal = principal;
  services.log.info({ user: principal.name, peer: session.peer.address, tls: session.encrypted }, 'IMAP log-in');
  return `[CAPABILITY ${capabilities(session)}] Welcome.`;
}

/** RFC 5530 §3 PRIVACYREQUIRED: the password itself is not looked at. */
function privacyRequired(): DomainError {
  return new DomainError('encryption-required', 'A password is taken over TLS only; use STARTTLS.');
}
