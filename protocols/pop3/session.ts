/**
 * What one POP3 connection knows: who is at the other end, the open maildrop, and where replies go.
 * RFC 1939 §3 (states: AUTHORIZATION until a maildrop is open, TRANSACTION then).
 * Elsewhere: the loop (connection.ts), the commands (command-table.ts).
 */
import type { SecureContext } from 'node:tls';
import type { MessageContents } from '../../src/mail/message-contents.ts';
import type { Authentication } from '../../src/principals/authentication.ts';
import type { LineStream } from '../line-stream.ts';
import type { SocketPeer } from '../listener.ts';
import type { Maildrop, MaildropServices } from './maildrop.ts';
import { Pop3Refusal } from './refusal.ts';

/** Octets of a line, its end included: responses of SASL are longer than commands (RFC 5034 §4). */
export const MAX_LINE = 16_384;
/** Octets of a command, its end included (RFC 2449 §4). */
export const MAX_COMMAND = 255;

/** Times in milliseconds. */
export interface Pop3Limits {
  /** To log in. */
  readonly login: number;
  /** Without an octet in either direction (RFC 1939 §3: ten minutes at least). */
  readonly idle: number;
  /** Refused commands in a row. */
  readonly bad: number;
  readonly failedLogins: number;
}

export const POP3_LIMITS: Pop3Limits = {
  login: 3 * 60_000,
  idle: 10 * 60_000,
  bad: 50,
  failedLogins: 10,
};

export interface Pop3Log {
  info(details: object, text: string): void;
  error(details: object, text: string): void;
}

export interface Pop3Services extends MaildropServices {
  readonly authentication: Authentication;
  readonly contents: MessageContents;
  readonly version: string;
  readonly limits: Pop3Limits;
  readonly log: Pop3Log;
  /** What STLS begins with now. Undefined: no STLS. */
  readonly tls: () => SecureContext | undefined;
  /** Whether a password may come over a connection without TLS. */
  readonly plaintextLogin: 'loopback' | 'never';
}

export class Pop3Session {
  stream: LineStream;
  encrypted: boolean;
  readonly peer: SocketPeer;
  readonly services: Pop3Services;
  /** Given by USER for the PASS that follows. */
  user: string | undefined;
  maildrop: Maildrop | undefined;
  utf8 = false;
  failedLogins = 0;
  /** QUIT was answered. */
  ended = false;

  constructor(stream: LineStream, peer: SocketPeer, encrypted: boolean, services: Pop3Services) {
    this.stream = stream;
    this.peer = peer;
    this.encrypted = encrypted;
    this.services = services;
  }

  /** May a password come over this connection? */
  get mayLogIn(): boolean {
    return this.encrypted || (this.peer.loopback && this.services.plaintextLogin === 'loopback');
  }

  /** The open maildrop; commands that need it come in TRANSACTION only. */
  get drop(): Maildrop {
    if (this.maildrop === undefined) throw new Pop3Refusal('Log in first.');
    return this.maildrop;
  }
}

/** When a command may come. */
export type CommandState = 'any' | 'authorization' | 'transaction';

export interface Command {
  readonly state: CommandState;
  /** Takes what follows the name and a space, '' when nothing does; returns what follows `+OK`, or nothing when it replied. */
  run(session: Pop3Session, argument: string): string | undefined | Promise<string | undefined>;
}
