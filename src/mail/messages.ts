/**
 * Messages in mailboxes: appending, flags, expunging, copying, moving. Every write is one transaction; what it did reaches the
 * open views in the order of commits, before its caller goes on.
 * RFC 9051 §6.3.12, §6.4.3, §6.4.6 to §6.4.9, RFC 7162 §3.1.3 (UNCHANGEDSINCE), RFC 4315 (UIDs of what was appended, copied).
 * Elsewhere: octets on their way in (message-stage.ts), reading (message-contents.ts), mail from elsewhere (delivery.ts).
 */
import type { Store } from '../../storage/store.ts';
import type { Principal } from '../principals/access.ts';
import type { MailboxView } from './mailbox-view.ts';
import type { MailboxViews } from './mailbox-views.ts';
import type { Mailbox } from './mailboxes.ts';
import { MessageStage, type StagedMessage } from './message-stage.ts';
import type { UidSet } from './uid-set.ts';

/** A message to append. */
export interface NewMessage {
  readonly staged: StagedMessage;
  /** As clients write them, `\Seen` and keywords. */
  readonly flags: readonly string[];
  /** Epoch milliseconds; now when missing. */
  readonly internalDate?: number;
}

/** UIDs that were given to messages, in their order. */
export interface Appended {
  readonly uidvalidity: number;
  readonly uids: readonly number[];
}

/** Copied or moved messages: `from[i]` became `to[i]` in the target. */
export interface Copied {
  readonly uidvalidity: number;
  readonly from: readonly number[];
  readonly to: readonly number[];
}

export interface FlagsChanged {
  /** Of this change; the mailbox's highest when nothing changed. */
  readonly modseq: number;
  /** Messages that were left alone because they changed after UNCHANGEDSINCE. */
  readonly modified: UidSet;
}

export type FlagMode = 'set' | 'add' | 'remove';

export class Messages {
  protected readonly store: Store;
  protected readonly views: MailboxViews;
  protected readonly now: () => number;

  constructor(store: Store, views: MailboxViews, now: () => number) {
    this.store = store;
    this.views = views;
    this.now = now;
  }

  /** Where the octets of a message for this account are put as they arrive. */
  stage(accountId: number): MessageStage {
    return new MessageStage(this.store, accountId, this.now);
  }

  /**
   * Appends messages, all or none (RFC 3502).
   * @throws DomainError not-found when the mailbox has gone; forbidden; limit-exceeded and invalid-data for flags; over-quota
   */
  append(_viewer: Principal, _mailbox: Mailbox, _messages: readonly NewMessage[]): Promise<Appended> {
    throw new Error('not yet');
  }

  /**
   * Changes flags of the messages with these UIDs; ones that are gone are passed over.
   * @param unchangedSince leave messages alone that changed after this modseq, and say which
   * @throws DomainError forbidden, limit-exceeded, invalid-data, not-found
   */
  setFlags(
    _viewer: Principal,
    _view: MailboxView,
    _uids: UidSet,
    _mode: FlagMode,
    _names: readonly string[],
    _unchangedSince?: number,
  ): Promise<FlagsChanged> {
    throw new Error('not yet');
  }

  /** Sets \Seen as reading does, where the viewer may; messages that have it do not change. */
  markSeen(_viewer: Principal, _view: MailboxView, _uids: UidSet): Promise<void> {
    throw new Error('not yet');
  }

  /**
   * Removes the messages that have \Deleted, of these UIDs only if given (UID EXPUNGE). Returns the UIDs that went.
   * @throws DomainError forbidden, not-found
   */
  expunge(
    _viewer: Principal,
    _view: MailboxView,
    _uids?: UidSet,
  ): Promise<{ modseq: number; uids: readonly number[] }> {
    throw new Error('not yet');
  }

  /**
   * Places messages in another mailbox too, with flags; ones that are gone are passed over.
   * @throws DomainError not-found when the target has gone; forbidden; limit-exceeded (keywords); over-quota
   */
  copy(_viewer: Principal, _view: MailboxView, _uids: UidSet, _target: Mailbox): Promise<Copied> {
    throw new Error('not yet');
  }

  /** Places messages in another mailbox and takes them away here, in one transaction (RFC 6851). */
  move(_viewer: Principal, _view: MailboxView, _uids: UidSet, _target: Mailbox): Promise<Copied> {
    throw new Error('not yet');
  }

  /** UIDs that were expunged after a modseq, ascending (RFC 7162 §3.2.5: VANISHED). */
  expungedSince(_mailboxId: number, _modseq: number): Promise<UidSet> {
    throw new Error('not yet');
  }

  /**
   * The first UID that no session has shown as \Recent; from it on, messages now belong to the session that asked
   * (RFC 3501 §2.3.2). UIDNEXT when there are none.
   */
  takeRecent(_view: MailboxView): number {
    throw new Error('not yet');
  }
}
