/**
 * Messages in mailboxes: appending, replacing, flags, expunging, copying, moving. Every write is one transaction; what it did reaches the
 * open views in the order of commits, before its caller goes on.
 * RFC 9051 §6.3.12, §6.4.3, §6.4.6 to §6.4.9, RFC 7162 §3.1.3 (UNCHANGEDSINCE), RFC 4315 (UIDs of what was appended, copied),
 * RFC 8508 (replacing).
 * Elsewhere: octets on their way in (message-stage.ts), reading (message-contents.ts), mail from elsewhere (delivery.ts).
 */
import type { PlacementRow, Store, Writes } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import type { Principal } from '../principals/access.ts';
import {
  ALL_FLAGS,
  bitsOf,
  DELETED,
  type FlagNames,
  intersection,
  Keywords,
  parseFlagNames,
  SEEN,
  union,
  without,
} from './flags.ts';
import { flagsAllowed, mailRightsOn, need } from './mail-rights.ts';
import type { Mailbox } from './mailbox.ts';
import { type MailboxDelta, type MailboxView, uidsIn } from './mailbox-view.ts';
import type { MailboxViews } from './mailbox-views.ts';
import { type Copied, MessageCopies } from './message-copies.ts';
import { MessageStage, type StagedMessage } from './message-stage.ts';
import {
  blobOf,
  displace,
  keywordsWith,
  mailboxIn,
  place,
  rowsIn,
  storeMessage,
  takeModseqs,
  type Unplaced,
  uidsOf,
} from './placing.ts';
import type { TextSearch } from './text-search.ts';
import { inPieces, type UidSet, uidSetOfSorted } from './uid-set.ts';

export type { Copied } from './message-copies.ts';

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

export interface FlagsChanged {
  /** Of this change; the mailbox's highest when nothing changed. */
  readonly modseq: number;
  /** The view's highest modseq when this change came to it: what others did before is up to there. */
  readonly after: number;
  /** Messages that were left alone because they changed after UNCHANGEDSINCE. */
  readonly modified: UidSet;
}

export interface Removed {
  /** Of the last removal; the mailbox's highest when nothing was removed. */
  readonly modseq: number;
  readonly uids: readonly number[];
}

/** Messages taken away in one transaction, so that nobody waits long for a full mailbox. */
const REMOVED_AT_ONCE = 500;

/** Messages that somebody copied or moved, as they are placed now. */
export interface Placed {
  readonly sourceId: number;
  readonly mailboxId: number;
  readonly uids: readonly number[];
}

/** Flags that may be set, and those of each new message. */
interface FlagsToSet {
  readonly allowed: number;
  readonly parsed: readonly FlagNames[];
}

export type FlagMode = 'set' | 'add' | 'remove';

export class Messages {
  private readonly store: Store;
  private readonly views: MailboxViews;
  private readonly texts: TextSearch;
  private readonly copies: MessageCopies;
  private readonly now: () => number;
  private placed: (placed: Placed) => void = () => {};

  constructor(store: Store, views: MailboxViews, texts: TextSearch, now: () => number) {
    this.store = store;
    this.views = views;
    this.texts = texts;
    this.copies = new MessageCopies(store, views, now);
    this.now = now;
  }

  /** Whom to tell of what was copied or moved. */
  onPlaced(placed: (placed: Placed) => void): void {
    this.placed = placed;
  }

  /** Where the octets of a message for this account are put as they arrive. */
  stage(accountId: number): MessageStage {
    return new MessageStage(this.store, accountId, this.now);
  }

  /**
   * Appends messages, all or none (RFC 3502), staged for the mailbox's account.
   * @throws DomainError not-found when the mailbox has gone; forbidden; limit-exceeded and invalid-data for flags; over-quota
   */
  async append(viewer: Principal, mailbox: Mailbox, messages: readonly NewMessage[]): Promise<Appended> {
    const flags = await this.flagsFor(viewer, mailbox, messages);
    const appended = await this.views.write(async (write) => {
      const modseq = await write.accounts.nextModseq(mailbox.accountId, [mailbox.id]);
      const { answer, delta } = await this.appendIn(write, mailbox, modseq, messages, flags);
      return { answer, deltas: [delta] };
    });
    this.texts.arrived();
    return appended;
  }

  /**
   * Appends a message and removes another one, of any mailbox: both or neither (RFC 8508 §3.4). Nothing of the old one is
   * inherited.
   * @throws DomainError as append; gone when the old message is not there any more
   */
  async replace(viewer: Principal, view: MailboxView, uid: number, mailbox: Mailbox, message: NewMessage) {
    // RFC 8508 §4.1.
    need(await mailRightsOn(this.store, viewer, mailboxOf(view)), 't', 'e');
    const flags = await this.flagsFor(viewer, mailbox, [message]);
    const source = mailboxOf(view);
    const appended = await this.views.write(async (write) => {
      const modseqs = await takeModseqs(write, [source, mailbox]);
      const modseqOf = ({ accountId }: { readonly accountId: number }) => modseqs.get(accountId) as number;
      await mailboxIn(write, source.id);
      const rows = await rowsIn(write, source.id, [[uid, uid]], 0);
      if (rows.length === 0) throw new DomainError('gone', 'The message is not there any more.');
      const { answer, delta } = await this.appendIn(write, mailbox, modseqOf(mailbox), [message], flags);
      await displace(write, source, rows, modseqOf(source));
      const deltas =
        source.id === mailbox.id
          ? [{ ...delta, removed: [uid] }]
          : [delta, { mailboxId: source.id, modseq: modseqOf(source), removed: [uid] }];
      return { answer, deltas };
    });
    this.texts.arrived();
    return appended;
  }

  /**
   * Changes flags of the messages with these UIDs; ones that are gone are passed over, and flags the viewer may not change
   * (RFC 4314 §4: STORE).
   * @param unchangedSince leave messages alone that changed after this modseq, and say which
   * @throws DomainError forbidden, limit-exceeded, invalid-data, not-found
   */
  async setFlags(
    viewer: Principal,
    view: MailboxView,
    uids: UidSet,
    mode: FlagMode,
    names: readonly string[],
    unchangedSince?: number,
  ): Promise<FlagsChanged> {
    const rights = await mailRightsOn(this.store, viewer, mailboxOf(view));
    const allowed = flagsAllowed(rights);
    const flags = parseFlagNames(names);
    const asked = flags.keywords.length > 0 ? without(ALL_FLAGS, SEEN + DELETED) : flags.system;
    // RFC 4314 §4: with one of the flags allowed, the others are passed over.
    if (allowed === 0 || (asked !== 0 && intersection(union(asked, flags.system), allowed) === 0))
      throw new DomainError('forbidden', 'You may not change these flags in this mailbox.');
    let after = 0;
    const done = await this.views.write(
      async (write) => {
        const { mailboxId: id, accountId } = view;
        const modseq = await write.accounts.nextModseq(accountId, [id]);
        const row = await mailboxIn(write, id);
        const known = Keywords.parse(row.keywords);
        // A keyword that is taken away is one that clients use: it is listed, where there is room.
        const adds = flags.keywords.length > 0 && (mode !== 'remove' || known.hasRoom(flags.keywords.length));
        const keywords = adds ? await keywordsWith(write, row, flags.keywords) : known;
        const bits = without(bitsOf(flags, keywords), without(ALL_FLAGS, allowed));
        const clear = mode === 'add' ? 0 : mode === 'remove' ? bits : without(allowed, bits);
        const set = mode === 'remove' ? 0 : bits;
        const passed =
          unchangedSince === undefined ? { uids, modified: [] } : await unchanged(write, id, uids, unchangedSince);
        for (const [first, last] of passed.uids)
          await write.placements.changeFlags(id, first, last, clear, set, modseq);
        return {
          answer: { modseq, modified: passed.modified },
          deltas: [
            { mailboxId: id, modseq, flags: { uids: passed.uids, clear, set }, keywords: adds ? keywords : undefined },
          ],
        };
      },
      () => {
        after = view.highestModseq;
      },
    );
    return { ...done, after };
  }

  /** Sets \Seen as reading does, if the viewer may; messages that have it do not change. */
  async markSeen(viewer: Principal, view: MailboxView, uids: UidSet): Promise<void> {
    if (uidsIn(view, uids).every((uid) => ((view.flags[view.indexOf(uid)] ?? 0) & SEEN) !== 0)) return;
    const rights = await mailRightsOn(this.store, viewer, mailboxOf(view));
    if (rights.has('s')) await this.setFlags(viewer, view, uids, 'add', ['\\Seen']);
  }

  /**
   * Removes the messages that have \Deleted, of these UIDs only if given (UID EXPUNGE). Many go in several transactions.
   * @returns the UIDs that went, ascending
   * @throws DomainError forbidden, not-found
   */
  async expunge(viewer: Principal, view: MailboxView, uids?: UidSet): Promise<Removed> {
    need(await mailRightsOn(this.store, viewer, mailboxOf(view)), 'e');
    return this.removeAll(view, deletedIn(view, uids), DELETED);
  }

  /**
   * Removes messages whatever their flags, as a client does that knows no \Deleted (POP3 at QUIT). Many go in
   * several transactions, and none of them is left with a flag.
   * @returns the UIDs that went, ascending; ones that were gone are not among them
   * @throws DomainError forbidden, not-found
   */
  async remove(viewer: Principal, view: MailboxView, uids: UidSet): Promise<Removed> {
    need(await mailRightsOn(this.store, viewer, mailboxOf(view)), 't', 'e');
    return this.removeAll(view, uidsIn(view, uids), 0);
  }

  /**
   * Places messages in another mailbox too, with their flags; ones that are gone are passed over.
   * @throws DomainError not-found when the target has gone; forbidden; limit-exceeded (keywords); over-quota
   */
  async copy(viewer: Principal, view: MailboxView, uids: UidSet, target: Mailbox): Promise<Copied> {
    need(await mailRightsOn(this.store, viewer, mailboxOf(view)), 'r');
    return this.arrive(view, target, await this.copies.copy(view, uids, await this.targetFor(viewer, target)));
  }

  /**
   * Places messages in another mailbox and takes them away here (RFC 6851): each is either here or there at any time. Many
   * go in several transactions.
   * @throws DomainError as copy
   */
  async move(viewer: Principal, view: MailboxView, uids: UidSet, target: Mailbox): Promise<Copied> {
    need(await mailRightsOn(this.store, viewer, mailboxOf(view)), 'r', 't', 'e');
    return this.arrive(view, target, await this.copies.move(view, uids, await this.targetFor(viewer, target)));
  }

  /** UIDs that were expunged after a modseq (RFC 7162 §3.2.5: VANISHED). */
  async expungedSince(mailboxId: number, modseq: number): Promise<UidSet> {
    return uidSetOfSorted(await this.store.tombstones.idsSince(mailboxId, modseq));
  }

  /**
   * The first UID that no session has shown as \Recent; from it on, messages now belong to the session that asked
   * (RFC 3501 §2.3.2). UIDNEXT when there are none.
   */
  takeRecent(view: MailboxView): number {
    const first = view.recentFrom;
    if (first === view.uidnext) return first;
    view.recentFrom = view.uidnext;
    const { mailboxId, uidnext } = view;
    // A crash before it is written shows them as recent once more, which is allowed: \Recent is a hint.
    this.store.transaction((write) => write.mailboxes.setRecentFrom(mailboxId, uidnext)).catch(() => {});
    return first;
  }

  /** Removes messages of which those have all the bits that still have them in the transaction. */
  private async removeAll(view: MailboxView, uids: readonly number[], bits: number): Promise<Removed> {
    const { mailboxId: id, accountId } = view;
    const gone: number[] = [];
    let highest = view.highestModseq;
    for (const some of inPieces(uids, REMOVED_AT_ONCE)) {
      const removed = await this.views.write(async (write) => {
        const modseq = await write.accounts.nextModseq(accountId, [id]);
        await mailboxIn(write, id);
        const rows = await rowsIn(write, id, some, bits);
        await displace(write, { id, accountId }, rows, modseq);
        const answer = { modseq, uids: rows.map(([uid]) => uid) };
        return { answer, deltas: [{ mailboxId: id, modseq, removed: answer.uids }] };
      });
      for (const uid of removed.uids) gone.push(uid);
      highest = removed.modseq;
    }
    return { modseq: highest, uids: gone };
  }

  /** Flags of new messages, without what the viewer may not set (RFC 4314 §4: APPEND). @throws DomainError as append */
  private async flagsFor(viewer: Principal, mailbox: Mailbox, messages: readonly NewMessage[]): Promise<FlagsToSet> {
    const rights = await mailRightsOn(this.store, viewer, mailbox);
    need(rights, 'i');
    return { allowed: flagsAllowed(rights), parsed: messages.map(({ flags }) => parseFlagNames(flags)) };
  }

  /** Stores messages and gives them places, in a transaction. */
  private async appendIn(
    write: Writes,
    { accountId, id }: Mailbox,
    modseq: number,
    messages: readonly NewMessage[],
    { allowed, parsed }: FlagsToSet,
  ): Promise<{ answer: Appended; delta: MailboxDelta }> {
    const row = await mailboxIn(write, id);
    const names = parsed.flatMap(({ keywords }) => keywords);
    const keywords = names.length === 0 ? Keywords.parse(row.keywords) : await keywordsWith(write, row, names);
    const unplaced: Unplaced[] = [];
    for (const [index, { staged, internalDate }] of messages.entries()) {
      const blobId = await blobOf(write, staged, this.now());
      const stored = await storeMessage(write, accountId, staged, blobId, internalDate ?? this.now());
      const bits = bitsOf(parsed[index] as FlagNames, keywords);
      unplaced.push({ ...stored, flags: without(bits, without(ALL_FLAGS, allowed)) });
    }
    const added = await place(write, id, modseq, unplaced, this.now());
    return {
      answer: { uidvalidity: row.uidvalidity, uids: added.map(({ uid }) => uid) },
      delta: { mailboxId: id, modseq, added, keywords: names.length === 0 ? undefined : keywords },
    };
  }

  private async targetFor(viewer: Principal, mailbox: Mailbox) {
    const rights = await mailRightsOn(this.store, viewer, mailbox);
    need(rights, 'i');
    return { mailbox, flags: flagsAllowed(rights) };
  }

  /** Messages that are new to an account wait for the index. */
  private arrive({ mailboxId: sourceId }: MailboxView, { id: mailboxId }: Mailbox, copied: Copied): Copied {
    this.texts.arrived();
    this.placed({ sourceId, mailboxId, uids: copied.to });
    return copied;
  }
}

function mailboxOf({ mailboxId, accountId }: MailboxView): { id: number; accountId: number } {
  return { id: mailboxId, accountId };
}

/** UIDs of the messages of a view with \Deleted, in a set if given. */
function deletedIn(view: MailboxView, uids: UidSet | undefined): number[] {
  return uidsIn(view, uids ?? [[1, view.uidnext]]).filter(
    (uid) => ((view.flags[view.indexOf(uid)] as number) & DELETED) !== 0,
  );
}

/** The messages that did not change after a modseq, and the others. */
async function unchanged(write: Writes, mailboxId: number, uids: UidSet, since: number) {
  const rows = await rowsIn(write, mailboxId, uids, 0);
  const isUnchanged = ([, , , modseq]: PlacementRow) => modseq <= since;
  return { uids: uidsOf(rows.filter(isUnchanged)), modified: uidsOf(rows.filter((row) => !isUnchanged(row))) };
}
