/**
 * The one way into mailboxes for mail from elsewhere: SMTP, LMTP, submission, imports.
 * RFC 5321 §4.5.5 (null senders), §3.9 (aliases and lists), RFC 5233 (sub-addresses).
 * Addresses in, recipients of this server out; then one transaction for all of them.
 * Elsewhere: the queue for others (outbound.ts), trace headers (protocols/smtp).
 */
import type { Store, Writes } from '../../storage/store.ts';
import type { MailboxViews } from './mailbox-views.ts';
import { MessageStage, type StagedMessage } from './message-stage.ts';

/** Whom an address of this server means. */
export interface Recipient {
  /** As it was asked for, folded. */
  readonly address: string;
  /** Accounts whose INBOX gets the message: one, or those of a group's members. */
  readonly accountIds: readonly number[];
  /** What stands after the `+`; '' for none. */
  readonly detail: string;
}

/** What else happens in the transaction of a delivery. */
export interface AlsoWrite {
  /** The account that keeps the message for it, usually the sender's. */
  readonly accountId: number;
  /** Runs inside the transaction, so only storage calls, and perhaps twice. */
  readonly run: (write: Writes, blobId: number) => Promise<void>;
}

export class Delivery {
  protected readonly store: Store;
  protected readonly views: MailboxViews;
  protected readonly now: () => number;

  constructor(store: Store, views: MailboxViews, now: () => number) {
    this.store = store;
    this.views = views;
    this.now = now;
  }

  /** Whether mail to this domain belongs here, known recipient or not. */
  isLocalDomain(_domain: string): boolean {
    throw new Error('not yet');
  }

  /**
   * Whom an address of a local domain means: by address, alias, or the address before a `+`; of a group, its members.
   * Undefined when nobody has it.
   */
  resolve(_address: string): Promise<Recipient | undefined> {
    throw new Error('not yet');
  }

  /** Where the octets of a message are put as they arrive; for the account of the first recipient, or of the sender. */
  stage(accountId: number): MessageStage {
    return new MessageStage(this.store, accountId, this.now);
  }

  /**
   * Puts a message into the INBOX of each account of all recipients, once for each account, in one transaction: after it
   * everybody has it, or nobody. `also` happens in it too, for queueing what goes elsewhere.
   * @throws DomainError over-quota, not-found when an account has gone
   */
  deliver(_staged: StagedMessage, _recipients: readonly Recipient[], _also?: AlsoWrite): Promise<void> {
    throw new Error('not yet');
  }
}
