/**
 * TCP and TLS listeners of the protocols that are not HTTP: who may connect, how many, and how they are sent away.
 * RFC 8314 §3 (implicit TLS), RFC 3501 §6.2.1 and RFC 3207 (STARTTLS: `startTls`).
 * A connection passes the limits, then TLS where it is implicit, then goes to the protocol's `serve`.
 * Elsewhere: lines (line-stream.ts), limits for each user (the protocol, who knows them), HTTP (src/http.ts).
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  createSecureContext,
  createServer as createTlsServer,
  type SecureContext,
  TLSSocket,
  Server as TlsServer,
} from 'node:tls';
import { bindProblem } from '../src/bind-problem.ts';
import type { Listener } from '../src/config.ts';
import { isLoopback, networkKey, parseAddress } from '../src/networks.ts';

/** Whom a connection is with. */
export interface SocketPeer {
  /** IP address as text. */
  readonly address: string;
  readonly loopback: boolean;
}

/** A connection that is being served. */
export interface Session {
  /** Says goodbye as soon as the protocol allows, and closes. */
  stop(): void;
}

export interface ListenerLimits {
  readonly connections: number;
  /** From one /32 or /64. Offices, clouds and phone companies share one. */
  readonly perNetwork: number;
  /** Milliseconds a TLS handshake may take. */
  readonly handshake: number;
  /** Milliseconds sessions are given when the server stops. */
  readonly grace: number;
}

export const LISTENER_LIMITS: ListenerLimits = {
  connections: 16_384,
  perNetwork: 4_096,
  handshake: 20_000,
  grace: 10_000,
};

/** PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

export interface ListenerOptions {
  readonly name: Listener;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Given: every connection begins with TLS. */
  readonly tls?: CertificatePair | undefined;
  /** What a connection over the limits is told before it is closed. */
  readonly refusal: string;
  readonly serve: (socket: Socket, peer: SocketPeer, encrypted: boolean) => Session;
  readonly limits?: Partial<ListenerLimits>;
}

export interface SocketListener {
  readonly address: AddressInfo;
  /** Where connections begin with TLS, new ones get this certificate. */
  renew(tls: CertificatePair): void;
  /** Takes no more connections, stops the sessions, ends within the grace. */
  close(): Promise<void>;
}

/** The oldest TLS that is spoken (RFC 8996 retires what is older). */
const MIN_VERSION = 'TLSv1.2';

/** Binds a listener. @throws ConfigError when the port is taken, or not to be had */
export function listen(options: ListenerOptions): Promise<SocketListener> {
  const limits = { ...LISTENER_LIMITS, ...options.limits };
  const sockets = new Set<Socket>();
  const sessions = new Set<Session>();
  const perNetwork = new Map<string, number>();
  let stopping = false;

  /** Counts a connection; false when it was sent away. */
  function admit(socket: Socket): boolean {
    // Without a listener of its own a reset would end the process.
    socket.on('error', () => socket.destroy());
    const network = networkKey(socket.remoteAddress ?? '');
    const count = perNetwork.get(network) ?? 0;
    if (stopping || sockets.size >= limits.connections || count >= limits.perNetwork) {
      if (options.tls === undefined) socket.end(options.refusal);
      socket.destroySoon();
      return false;
    }
    sockets.add(socket);
    perNetwork.set(network, count + 1);
    socket.once('close', () => {
      sockets.delete(socket);
      const left = (perNetwork.get(network) ?? 1) - 1;
      if (left === 0) perNetwork.delete(network);
      else perNetwork.set(network, left);
    });
    return true;
  }

  function serve(socket: Socket, encrypted: boolean): void {
    const address = socket.remoteAddress;
    // The peer was gone before we looked.
    if (address === undefined || stopping) {
      socket.destroy();
      return;
    }
    const parsed = parseAddress(address);
    const peer = { address, loopback: parsed !== undefined && isLoopback(parsed) };
    const session = options.serve(socket, peer, encrypted);
    sessions.add(session);
    socket.once('close', () => sessions.delete(session));
  }

  let server: Server;
  if (options.tls === undefined) {
    server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
      if (admit(socket)) serve(socket, false);
    });
  } else {
    server = createTlsServer({
      ...options.tls,
      minVersion: MIN_VERSION,
      handshakeTimeout: limits.handshake,
      noDelay: true,
      keepAlive: true,
    });
    server.on('connection', admit);
    server.on('secureConnection', (socket: TLSSocket) => {
      socket.on('error', () => socket.destroy());
      serve(socket, true);
    });
    // A failed handshake concerns its own connection only.
    server.on('tlsClientError', (_error: Error, socket: TLSSocket) => socket.destroy());
  }

  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(bindProblem(error, options.name, options.host, options.port)));
    server.listen({ port: options.port, host: options.host }, () => {
      server.removeAllListeners('error');
      // Accepting can fail for want of descriptors; the listener goes on.
      server.on('error', () => {});
      resolve({
        address: server.address() as AddressInfo,
        renew(tls) {
          if (server instanceof TlsServer) server.setSecureContext({ ...tls, minVersion: MIN_VERSION });
        },
        async close() {
          stopping = true;
          const closed = new Promise<void>((done) => server.close(() => done()));
          for (const session of sessions) session.stop();
          const deadline = setTimeout(() => {
            for (const socket of sockets) socket.destroy();
          }, limits.grace);
          await closed;
          clearTimeout(deadline);
        },
      });
    });
  });
}

/** What STARTTLS begins with; made once for each certificate. */
export function tlsContext(tls: CertificatePair): SecureContext {
  return createSecureContext({ ...tls, minVersion: MIN_VERSION });
}

/**
 * Goes on to TLS on a connection whose plain octets are all read.
 * @returns the encrypted socket when the handshake is done, undefined when it failed or took too long: then all is closed
 */
export function startTls(socket: Socket, context: SecureContext): Promise<TLSSocket | undefined> {
  const secured = new TLSSocket(socket, { isServer: true, secureContext: context });
  return new Promise((resolve) => {
    const fail = (): void => {
      secured.destroy();
      socket.destroy();
      resolve(undefined);
    };
    const deadline = setTimeout(fail, LISTENER_LIMITS.handshake);
    secured.once('close', fail);
    secured.on('error', fail);
    secured.once('secure', () => {
      clearTimeout(deadline);
      secured.off('close', fail);
      resolve(secured);
    });
  });
}
