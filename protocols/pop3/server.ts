/**
 * The POP3 server of a process: a connection for each socket, and the maildrops that are locked.
 * RFC 1939 §4 (exclusive access), RFC 2449 §8.1.2 (IN-USE).
 * Elsewhere: listeners (protocols/listener.ts), one connection (connection.ts).
 */
import type { Socket } from 'node:net';
import type { Session, SocketPeer } from '../listener.ts';
import { Pop3Connection } from './connection.ts';
import { POP3_LIMITS, type Pop3Limits, type Pop3Services } from './session.ts';

export interface Pop3ServerOptions extends Omit<Pop3Services, 'limits' | 'locked'> {
  readonly limits?: Partial<Pop3Limits> | undefined;
}

export interface Pop3Server {
  serve(socket: Socket, peer: SocketPeer, encrypted: boolean): Session;
}

/** One server for all listeners of the process, so that a maildrop is open once whichever port it is read through. */
export function createPop3Server(options: Pop3ServerOptions): Pop3Server {
  const services: Pop3Services = {
    ...options,
    limits: { ...POP3_LIMITS, ...options.limits },
    locked: new Set(),
  };
  return {
    serve(socket, peer, encrypted) {
      const connection = new Pop3Connection(socket, peer, encrypted, services);
      void connection.run();
      return connection;
    },
  };
}
