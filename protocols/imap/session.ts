/**
 * What one IMAP connection knows: who is at the other end, what is selected and enabled, and where answers go.
 * RFC 3501 §3 (states), RFC 5161 (ENABLE).
 * Commands get it as their first argument and change it; what they need of the server is in `services`.
 * Elsewhere: the loop (connection.ts), sequence numbers (selected-mailbox.ts).
 */
import type { SecureContext } from 'node:tls';
import type { MailboxAcl } from '../../src/mail/mailbox-acl.ts';
import type { MailboxViews } from '../../src/mail/mailbox-views.ts';
import type { Mailboxes } from '../../src/mail/mailboxes.ts';
import type { MessageContents } from '../../src/mail/message-contents.ts';
import type { MessageSearch } from '../../src/mail/message-search.ts';
import type { MessageSort } from '../../src/mail/message-sort.ts';
import type { Messages } from '../../src/mail/messages.ts';
import type { QuotaRoots } from '../../src/mail/quota-roots.ts';
import type { Principal } from '../../src/principals/access.ts';
import type { Authentication } from '../../src/principals/authentication.ts';
import type { LineStream } from '../line-stream.ts';
import type { SocketPeer } from '../listener.ts';
import type { RawCommand } from './command-reader.ts';
import { decodeName, decodeUtf8Name, encodeName, encodeUtf8Name } from './mailbox-name.ts';
import { Refusal } from './responses.ts';
import { SearchContexts } from './search-contexts.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';

/** Times in milliseconds. */
export interface ImapLimits {
  /** To log in. */
  readonly login: number;
  /** Without a command, IDLE included (RFC 9051 §5.4: 30 minutes at least). */
  readonly idle: number;
  /** While answers wait and the peer takes none of them. */
  readonly stalled: number;
  /** How often these are looked at. */
  readonly check: number;
  /** Connections of one user. */
  readonly sessionsPerUser: number;
  /** Refused commands in a row, before log-in and after; failed log-ins. */
  readonly badBeforeLogin: number;
  readonly bad: number;
  readonly failedLogins: number;
}

export interface ImapLog {
  info(details: object, text: string): void;
  error(details: object, text: string): void;
}

export interface ImapServices {
  readonly authentication: Authentication;
  readonly mailboxes: Mailboxes;
  readonly acl: MailboxAcl;
  readonly quotas: QuotaRoots;
  readonly views: MailboxViews;
  readonly messages: Messages;
  readonly contents: MessageContents;
  readonly search: MessageSearch;
  readonly sort: MessageSort;
  readonly version: string;
  readonly limits: ImapLimits;
  readonly log: ImapLog;
  /** What STARTTLS begins with now. Undefined: no STARTTLS. */
  readonly tls: () => SecureContext | undefined;
  /** Whether a password may come over a connection without TLS. */
  readonly plaintextLogin: 'loopback' | 'never';
  /** Counts a session of a user; false when there are too many. */
  enter(principalId: number): boolean;
  leave(principalId: number): void;
}

/** What a session can be told to use (RFC 5161). */
export type Extension = 'CONDSTORE' | 'QRESYNC' | 'UTF8=ACCEPT' | 'IMAP4REV2' | 'UIDONLY';

export class ImapSession {
  stream: LineStream;
  encrypted: boolean;
  readonly peer: SocketPeer;
  readonly services: ImapServices;
  readonly enabled = new Set<Extension>();
  /** Searches of the open mailbox whose results the client is kept informed of. */
  readonly contexts = new SearchContexts();
  principal: Principal | undefined;
  selected: SelectedMailbox | undefined;
  failedLogins = 0;
  /** LOGOUT was answered. */
  ended = false;
  /** Set while IDLE waits: ends it (IDLE is the only command that may take for ever). */
  stopIdle: (() => void) | undefined;

  constructor(stream: LineStream, peer: SocketPeer, encrypted: boolean, services: ImapServices) {
    this.stream = stream;
    this.peer = peer;
    this.encrypted = encrypted;
    this.services = services;
  }

  /** Who is logged in. */
  get user(): Principal {
    if (this.principal === undefined) throw new Refusal('BAD', '', 'Log in first.');
    return this.principal;
  }

  /** The open mailbox. */
  get mailbox(): SelectedMailbox {
    if (this.selected === undefined) throw new Refusal('BAD', '', 'Select a mailbox first.');
    return this.selected;
  }

  /** May a password come over this connection? */
  get mayLogIn(): boolean {
    return this.encrypted || (this.peer.loopback && this.services.plaintextLogin === 'loopback');
  }

  /** From the first command that asks for modseqs, they are told. */
  get condstore(): boolean {
    return this.enabled.has('CONDSTORE') || this.enabled.has('QRESYNC');
  }

  /** Messages have no sequence numbers, in what is asked and in what is said (RFC 9586 §3). */
  get uidOnly(): boolean {
    return this.enabled.has('UIDONLY');
  }

  /** RFC 7162 §3.1: the first command that asks for modseqs is told where the open mailbox is. */
  enableCondstore(): void {
    if (this.condstore) return;
    this.enabled.add('CONDSTORE');
    if (this.selected !== undefined) this.stream.write(highestModseqLine(this.selected.view.highestModseq));
  }

  /** Tells what happened in the open mailbox. */
  announce(expunges: boolean): void {
    const { selected, contexts } = this;
    if (selected === undefined) return;
    if (contexts.size > 0) contexts.writeRemovals(this.stream, selected, expunges);
    selected.announce(this.stream, {
      expunges,
      modseq: this.condstore,
      vanished: this.enabled.has('QRESYNC') || this.uidOnly,
      uidOnly: this.uidOnly,
    });
    if (contexts.size > 0) contexts.writeAdditions(this.stream, selected);
  }

  /** Whether results of searches have to be looked at before something is told. */
  get hasStaleContexts(): boolean {
    return this.selected !== undefined && this.contexts.stale(this.selected.view);
  }

  /** Looks at results of searches that the client is kept informed of. */
  async refreshContexts(): Promise<void> {
    if (this.selected !== undefined) await this.contexts.refresh(this.services.search, this.selected.view);
  }

  /** Leaves the open mailbox. */
  unselect(): void {
    const { selected } = this;
    if (selected === undefined) return;
    selected.watch(undefined);
    this.contexts.clear();
    this.services.views.release(selected.view);
    this.selected = undefined;
  }

  /** Answers have the forms of IMAP4rev2 (RFC 9051 §6.3.1). */
  get rev2(): boolean {
    return this.enabled.has('IMAP4REV2');
  }

  /** Names and strings are UTF-8 (RFC 6855, RFC 9051 §5.1). */
  get utf8(): boolean {
    return this.enabled.has('UTF8=ACCEPT') || this.rev2;
  }

  /** A name as the client reads it, not quoted yet. */
  encodeName(name: string): string {
    return this.utf8 ? encodeUtf8Name(name) : encodeName(name);
  }

  /** A name off the wire as a mailbox may have it; undefined when no mailbox can have it. */
  decodeName(wire: string): string | undefined {
    return this.utf8 ? decodeUtf8Name(wire) : decodeName(wire);
  }

  /** A name off the wire; one that no mailbox can have is just as missing as any other. */
  existingName(wire: string): string {
    const name = this.decodeName(wire);
    if (name === undefined || name === '') throw new Refusal('NO', 'NONEXISTENT', 'There is no such mailbox.');
    return name;
  }

  /** A name for a mailbox to be made. */
  newName(wire: string): string {
    const name = this.decodeName(wire);
    if (name === undefined) throw new Refusal('NO', 'CANNOT', 'The name is not in the encoding of names.');
    return name;
  }
}

/** RFC 7162 §3.1.2.1: of an empty mailbox too, and never 0. */
export function highestModseqLine(modseq: number): string {
  return `* OK [HIGHESTMODSEQ ${Math.max(1, modseq)}] The highest mod-sequence.\r\n`;
}

/** When a command may come. */
export type CommandState = 'any' | 'not-authenticated' | 'authenticated' | 'selected';

export interface Command {
  readonly state: CommandState;
  /** Whether EXPUNGE may be said before its end: not with those that take sequence numbers (RFC 3501 §7.4.1). */
  readonly expunges?: boolean;
  /** Takes sequence numbers of messages or answers with them: not with UIDONLY (RFC 9586 §3). */
  readonly bySequence?: boolean;
  /** Returns what follows "OK" in the tagged answer, a response code perhaps and a sentence; null when it is sent already. */
  run(session: ImapSession, command: RawCommand): Promise<string | null> | string | null;
}

/** Commands by name, in upper case. */
export type CommandTable = ReadonlyMap<string, Command>;
