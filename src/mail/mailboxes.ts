/**
 * Mailboxes as one principal sees them: names, special uses, subscriptions, counts.
 * RFC 9051 §6.3.4 to §6.3.8 and §6.3.11, RFC 3501 §6.3, RFC 6154, RFC 4314 (rights).
 * Elsewhere: the syntax of names (mailbox-names.ts), messages (messages.ts), patterns of LIST (protocols/imap).
 */
import type { MailboxRow, Store } from '../../storage/store.ts';
import type { MailRights, Principal } from '../principals/access.ts';
import type { SpecialUse } from './mailbox-names.ts';
import type { MailboxViews } from './mailbox-views.ts';

/** A mailbox as its viewer sees it: under the viewer's name for it, with the viewer's rights. */
export interface Mailbox extends MailboxRow {
  readonly rights: MailRights;
}

/** What STATUS tells. */
export interface MailboxStatus {
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  /** Octets of all messages; 0 when they were not asked for. */
  readonly octets: number;
  readonly recent: number;
  readonly uidnext: number;
  readonly uidvalidity: number;
  readonly highestModseq: number;
}

export class Mailboxes {
  protected readonly store: Store;
  protected readonly views: MailboxViews;
  protected readonly now: () => number;

  constructor(store: Store, views: MailboxViews, now: () => number) {
    this.store = store;
    this.views = views;
    this.now = now;
  }

  /** Every mailbox the viewer may look up, in order of name. */
  list(_viewer: Principal): Promise<Mailbox[]> {
    throw new Error('not yet');
  }

  /**
   * By name; INBOX in any case.
   * @throws DomainError not-found
   */
  find(_viewer: Principal, _name: string): Promise<Mailbox> {
    throw new Error('not yet');
  }

  /**
   * Makes a mailbox and the levels above it that are missing (RFC 9051 §6.3.4).
   * @throws DomainError already-exists, invalid-data, limit-exceeded, forbidden
   */
  create(_viewer: Principal, _name: string, _specialUse?: SpecialUse): Promise<Mailbox> {
    throw new Error('not yet');
  }

  /**
   * Deletes a mailbox and its messages; those below it stay (RFC 9051 §6.3.5).
   * @throws DomainError not-found; forbidden; invalid-data for INBOX
   */
  remove(_viewer: Principal, _name: string): Promise<void> {
    throw new Error('not yet');
  }

  /**
   * Renames a mailbox and all below it; of INBOX, moves the messages into a new mailbox (RFC 9051 §6.3.6).
   * @throws DomainError not-found, already-exists, invalid-data, forbidden
   */
  rename(_viewer: Principal, _from: string, _to: string): Promise<void> {
    throw new Error('not yet');
  }

  /** Subscribed names, in order; some may have no mailbox (RFC 9051 §6.3.7). */
  subscriptions(_viewer: Principal): Promise<string[]> {
    throw new Error('not yet');
  }

  /** @throws DomainError invalid-data for no name; limit-exceeded */
  subscribe(_viewer: Principal, _name: string): Promise<void> {
    throw new Error('not yet');
  }

  unsubscribe(_viewer: Principal, _name: string): Promise<void> {
    throw new Error('not yet');
  }

  /** Counts of a mailbox; octets cost a scan of all messages, so they are counted only when wanted. */
  status(_mailbox: Mailbox, _wanted: { octets: boolean } = { octets: false }): Promise<MailboxStatus> {
    throw new Error('not yet');
  }
}
