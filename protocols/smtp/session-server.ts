/**
 * The listeners of SMTP and LMTP: sockets to sessions, sessions to a door, and one log line for each message.
 * RFC 5321 §3.1, RFC 8314 §3.3 (implicit TLS).
 * Elsewhere: who may connect (../listener.ts), the conversation (session.ts).
 */
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { Listener } from '../../src/config.ts';
import type { Authentication } from '../../src/principals/authentication.ts';
import { type ListenerLimits, listen, type Session, type SocketListener, type SocketPeer } from '../listener.ts';
import { saslMechanisms } from '../sasl.ts';
import { type SaslContext, type SaslMechanism, saslContext } from '../sasl-exchange.ts';
import type { Door, Transaction } from './door.ts';
import { refusalOf, type SmtpRefusal } from './refusal.ts';
import { type SessionOwner, SmtpSession } from './session.ts';
import { SESSION_LIMITS, type SessionLimits } from './session-limits.ts';

export interface SmtpOptions {
  /** The name it greets with. */
  readonly hostname: string;
  readonly authentication: Authentication;
  readonly plaintextLogin: 'loopback' | 'never';
  /** For STARTTLS, and for implicit TLS; without it neither is offered. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly log: Logger;
  readonly limits?: Partial<SessionLimits>;
  readonly listenerLimits?: Partial<ListenerLimits>;
}

/** Commands of smtp-server that no server of ours knows. */
const UNUSED_COMMANDS = ['WIZ', 'SHELL', 'KILL', 'XCLIENT', 'XFORWARD'];

/** Binds one listener for a door. Rejects when the port is taken. */
export async function listenSmtp<Recipient>(
  door: Door<Recipient>,
  at: { readonly name: Listener; readonly host: string; readonly port: number; readonly implicitTls?: boolean },
  options: SmtpOptions,
): Promise<SocketListener> {
  const server = new SessionServer(door, at.implicitTls === true, options);
  const listener = await listen({
    name: at.name,
    host: at.host,
    port: at.port,
    tls: at.implicitTls === true ? options.tls : undefined,
    refusal: '421 4.7.0 Too many connections; try again later.\r\n',
    serve: (socket, peer) => server.serve(socket, peer),
    limits: options.listenerLimits,
  });
  return {
    ...listener,
    renew(tls) {
      listener.renew(tls);
      // For STARTTLS.
      server.updateSecureContext({ ...tls, minVersion: 'TLSv1.2' });
    },
  };
}

type CloseListener = (...given: unknown[]) => void;

export class SessionServer<Recipient> extends SMTPServer implements SessionOwner<Recipient> {
  readonly door: Door<Recipient>;
  readonly limits: SessionLimits;
  readonly #options: SmtpOptions;
  readonly #sessions = new WeakMap<object, SmtpSession<Recipient>>();
  readonly #closeListeners = new WeakMap<Socket, CloseListener[]>();

  constructor(door: Door<Recipient>, implicitTls: boolean, options: SmtpOptions) {
    super(smtpServerOptions(door, implicitTls, options));
    this.door = door;
    this.limits = { ...SESSION_LIMITS, ...options.limits };
    this.#options = options;
    // A connection that breaks concerns nobody else.
    this.on('error', (error) => options.log.debug({ err: error, door: door.name }, 'an SMTP connection broke'));
    this.onData = (stream, session, callback) => {
      const owner = this.#sessions.get(session);
      if (owner === undefined) return callback(new Error('a message without a session'));
      owner.takeMessage(stream).then(
        (replies) => callback(null, replies),
        // The connection is gone, and nothing of the message is kept.
        () => callback(null, []),
      );
    };
  }

  serve(socket: Socket, peer: SocketPeer): Session {
    this.#closeListeners.set(socket, socket.listeners('close') as CloseListener[]);
    const session = new SmtpSession(this, socket, peer);
    this.#sessions.set(session.session, session);
    this.connections.add(session);
    session.on('error', (error) => this._onError(error));
    session.init();
    return session;
  }

  /** Who listened for the end of a socket before the session did. */
  closeListeners(socket: Socket): readonly CloseListener[] {
    return this.#closeListeners.get(socket) ?? [];
  }

  plaintextLogin(peer: SocketPeer): boolean {
    return peer.loopback && this.#options.plaintextLogin === 'loopback';
  }

  get mechanisms(): ReadonlyMap<string, SaslMechanism> {
    return saslMechanisms(this.#options.authentication);
  }

  saslContext(peer: SocketPeer): SaslContext {
    const { authentication } = this.#options;
    return saslContext(authentication, { protocol: 'smtp', peer: peer.address, scopes: ['send'] });
  }

  /** What is answered to an error; a bug is logged. */
  refusal(error: unknown): SmtpRefusal {
    const refusal = refusalOf(error);
    if (refusal.bug) this.#options.log.error({ err: error, door: this.door.name }, 'an SMTP command failed');
    return refusal;
  }

  noteMessage(
    session: { readonly secure: boolean },
    transaction: Transaction<Recipient>,
    milliseconds: number,
    refusal: SmtpRefusal | undefined,
  ): void {
    const { id, peer, principal, sender, recipients } = transaction;
    this.#options.log.info(
      {
        door: this.door.name,
        id,
        peer: peer.address,
        tls: session.secure,
        principal: principal?.name,
        sender: sender.address,
        recipients: recipients.length,
        reply: refusal === undefined ? 250 : `${refusal.code} ${refusal.text}`,
        ms: Math.round(milliseconds),
      },
      'message',
    );
  }
}

function smtpServerOptions(door: Door<unknown>, implicitTls: boolean, options: SmtpOptions): SMTPServerOptions {
  const { tls } = options;
  return {
    ...(tls === undefined ? {} : { key: tls.key, cert: tls.cert }),
    minVersion: 'TLSv1.2',
    secure: implicitTls,
    name: options.hostname,
    lmtp: door.name === 'lmtp',
    banner: 'Convene',
    logger: false,
    disableReverseLookup: true,
    hideENHANCEDSTATUSCODES: false,
    hideDSN: true,
    authOptional: true,
    disabledCommands: [...UNUSED_COMMANDS, ...(tls === undefined ? ['STARTTLS'] : [])],
  };
}
