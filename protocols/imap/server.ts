/**
 * The IMAP server of a process: a session for each connection, the limits they share, and the clock that ends idle ones.
 * RFC 9051 §5.4 (autologout), RFC 5530 §3 LIMIT.
 * Elsewhere: listeners (protocols/listener.ts), one connection (connection.ts).
 */
import type { Socket } from 'node:net';
import { LineStream } from '../line-stream.ts';
import type { Session, SocketPeer } from '../listener.ts';
import { AFTER_LOGIN } from './command-reader.ts';
import { Connection } from './connection.ts';
import { type ImapLimits, type ImapServices, ImapSession } from './session.ts';

const MINUTE = 60_000;

export const IMAP_LIMITS: ImapLimits = {
  login: 2 * MINUTE,
  // RFC 9051 §5.4 asks for 30 minutes, and clients renew IDLE after 29.
  idle: 32 * MINUTE,
  stalled: 5 * MINUTE,
  check: 10_000,
  sessionsPerUser: 56,
  badBeforeLogin: 10,
  bad: 50,
  failedLogins: 10,
};

export interface ImapServerOptions extends Omit<ImapServices, 'limits' | 'enter' | 'leave'> {
  readonly limits?: Partial<ImapLimits> | undefined;
}

export interface ImapServer {
  serve(socket: Socket, peer: SocketPeer, encrypted: boolean): Session;
  /** Stops the clock; connections end by their listeners. */
  close(): void;
}

/** What is remembered of a connection between two looks at the clock. */
interface Watched {
  readonly connection: Connection;
  readonly since: number;
  read: number;
  readAt: number;
  written: number;
  writtenAt: number;
}

export function createImapServer(options: ImapServerOptions): ImapServer {
  const limits = { ...IMAP_LIMITS, ...options.limits };
  const watched = new Set<Watched>();
  const users = new Map<number, number>();
  const services: ImapServices = {
    ...options,
    limits,
    enter(principalId) {
      const open = users.get(principalId) ?? 0;
      if (open >= limits.sessionsPerUser) return false;
      users.set(principalId, open + 1);
      return true;
    },
    leave(principalId) {
      const open = (users.get(principalId) ?? 1) - 1;
      if (open === 0) users.delete(principalId);
      else users.set(principalId, open);
    },
  };
  const clock = setInterval(() => {
    const now = performance.now();
    for (const entry of watched) look(entry, now, limits);
  }, limits.check);
  clock.unref();

  return {
    serve(socket, peer, encrypted) {
      const session = new ImapSession(new LineStream(socket, AFTER_LOGIN.line), peer, encrypted, services);
      const now = performance.now();
      const connection = new Connection(session, () => watched.delete(entry));
      const entry: Watched = { connection, since: now, read: 0, readAt: now, written: 0, writtenAt: now };
      watched.add(entry);
      void connection.run();
      return connection;
    },
    close: () => clearInterval(clock),
  };
}

/** Ends a connection whose time is over. Octets in either direction are signs of life. */
function look(entry: Watched, now: number, limits: ImapLimits): void {
  const { session } = entry.connection;
  const { socket } = session.stream;
  if (socket.bytesRead !== entry.read) {
    entry.read = socket.bytesRead;
    entry.readAt = now;
  }
  if (socket.bytesWritten !== entry.written || socket.writableLength === 0) {
    entry.written = socket.bytesWritten;
    entry.writtenAt = now;
  }
  if (now - entry.writtenAt > limits.stalled) socket.destroy();
  else if (session.principal === undefined) {
    if (now - entry.since > limits.login) entry.connection.bye('Logging in took too long.');
  } else if (now - entry.readAt > limits.idle && (!entry.connection.busy || session.stopIdle !== undefined))
    entry.connection.bye('Nothing was heard for too long.');
}
