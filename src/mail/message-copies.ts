/**
 * COPY and MOVE: messages of one mailbox get a place in another one, with their flags.
 * RFC 9051 §6.4.7 and §6.4.8, RFC 6851, RFC 4314 §4 (flags that the viewer may not set there are left out).
 * Within an account the message stays and is placed once more; into another account its octets go along. Many go in several
 * transactions, so that nobody waits long: a copy that fails half-way is taken back.
 * Elsewhere: who may (messages.ts), the steps of a transaction (placing.ts).
 */
import { createHash } from 'node:crypto';
import type { MessageRow, PlacementRow, Store, Writes } from '../../storage/store.ts';
import { intersection, Keywords } from './flags.ts';
import type { Mailbox } from './mailbox.ts';
import { type MailboxDelta, type MailboxView, uidsIn } from './mailbox-view.ts';
import type { Done, MailboxViews } from './mailbox-views.ts';
import { CHUNK_OCTETS, copyChunks, discardBlob, envelopeOf, type StagedMessage } from './message-stage.ts';
import {
  blobOf,
  displace,
  flagTranslation,
  keywordsUsed,
  keywordsWith,
  mailboxIn,
  place,
  rowsIn,
  storeMessage,
  takeModseqs,
  type Unplaced,
} from './placing.ts';
import { inPieces, type UidSet } from './uid-set.ts';

/** Copied or moved messages: `from[i]` became `to[i]` in the target. */
export interface Copied {
  readonly uidvalidity: number;
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** Where to, and which flags may be set there. */
export interface CopyTarget {
  readonly mailbox: Mailbox;
  readonly flags: number;
}

/** What a transaction needs of messages that go to another account: by message id. */
type Staged = ReadonlyMap<number, { readonly row: MessageRow; readonly staged: StagedMessage }>;

/** Messages in one transaction: placed once more, taken away, with their octets. */
const COPIED_AT_ONCE = 2_000;
const MOVED_AT_ONCE = 500;
const SENT_AT_ONCE = 50;

export class MessageCopies {
  private readonly store: Store;
  private readonly views: MailboxViews;
  private readonly now: () => number;

  constructor(store: Store, views: MailboxViews, now: () => number) {
    this.store = store;
    this.views = views;
    this.now = now;
  }

  /** @throws DomainError not-found, limit-exceeded (keywords), over-quota; then the target is as it was */
  async copy(view: MailboxView, uids: UidSet, target: CopyTarget): Promise<Copied> {
    const copied = noneIn(target);
    try {
      await this.copyAll(view, uids, target, false, copied);
    } catch (error) {
      // RFC 9051 §6.4.7: a copy that fails leaves the target as it was.
      await this.undo(target.mailbox, copied.to);
      throw error;
    }
    return copied;
  }

  /** Each message is either here or there at any time. @throws DomainError as copy; what was moved until then stays there */
  async move(view: MailboxView, uids: UidSet, target: CopyTarget): Promise<Copied> {
    const moved = noneIn(target);
    await this.copyAll(view, uids, target, true, moved);
    return moved;
  }

  private async copyAll(view: MailboxView, uids: UidSet, target: CopyTarget, moves: boolean, done: Gathered) {
    const within = view.accountId === target.mailbox.accountId;
    const atOnce = moves ? MOVED_AT_ONCE : COPIED_AT_ONCE;
    for (const some of inPieces(uidsIn(view, uids), within ? atOnce : SENT_AT_ONCE)) {
      const staged = within ? undefined : await this.stage(view, some, target.mailbox.accountId);
      try {
        const copied = await this.views.write((write) => this.copySome(write, view, some, target, moves, staged));
        for (const uid of copied.from) done.from.push(uid);
        for (const uid of copied.to) done.to.push(uid);
      } catch (error) {
        for (const { staged: one } of staged?.values() ?? []) await discardBlob(this.store, one.blobId);
        throw error;
      }
    }
  }

  private async copySome(
    write: Writes,
    view: MailboxView,
    uids: UidSet,
    target: CopyTarget,
    moves: boolean,
    staged: Staged | undefined,
  ): Promise<Done<Copied>> {
    const source = { id: view.mailboxId, accountId: view.accountId };
    const { id, accountId } = target.mailbox;
    const modseqs = await takeModseqs(write, moves ? [source, target.mailbox] : [target.mailbox]);
    const modseq = modseqs.get(accountId) as number;
    const row = await mailboxIn(write, id);
    const sourceKeywords = Keywords.parse((await mailboxIn(write, source.id)).keywords);
    const rows = (await rowsIn(write, source.id, uids, 0)).filter(([, message]) => staged?.has(message) ?? true);
    const keywords = await keywordsWith(write, row, keywordsUsed(sourceKeywords, rows));
    const translate = flagTranslation(sourceKeywords, keywords);
    const flagsOf = (flags: number) => intersection(translate(flags), target.flags);
    const unplaced =
      staged === undefined
        ? await onceMore(write, rows, flagsOf)
        : await this.anew(write, accountId, rows, staged, flagsOf);
    const added = await place(write, id, modseq, unplaced, this.now());
    const from = rows.map(([uid]) => uid);
    const deltas: MailboxDelta[] = [{ mailboxId: id, modseq, added, keywords }];
    if (moves) {
      const sourceModseq = modseqs.get(source.accountId) as number;
      await displace(write, source, rows, sourceModseq);
      if (source.id === id) deltas[0] = { ...(deltas[0] as MailboxDelta), removed: from };
      else deltas.unshift({ mailboxId: source.id, modseq: sourceModseq, removed: from });
    }
    return { answer: { uidvalidity: row.uidvalidity, from, to: added.map(({ uid }) => uid) }, deltas };
  }

  /** Messages as they are stored in another account: their octets are read, or copied, before the transaction. */
  private async stage(view: MailboxView, uids: UidSet, accountId: number): Promise<Staged> {
    const staged = new Map<number, { row: MessageRow; staged: StagedMessage }>();
    for (const uid of uidsIn(view, uids)) {
      const messageId = view.messageIds[view.indexOf(uid)] ?? 0;
      const row = staged.has(messageId) ? undefined : await this.store.messages.get(messageId);
      if (row !== undefined) staged.set(messageId, { row, staged: await this.stageOne(row, accountId) });
    }
    return staged;
  }

  private async stageOne(row: MessageRow, accountId: number): Promise<StagedMessage> {
    const { size, structure, layout, ancestry, blobId } = row;
    const facts = { accountId, size, structure, layout, ancestry, envelope: envelopeOf(row.summary) };
    if (size <= CHUNK_OCTETS) {
      const octets = await this.store.blobs.read(blobId, 0, size);
      const hash = createHash('sha256').update(octets).digest();
      return { ...facts, hash, octets, blobId: 0, chunks: 0 };
    }
    const { hash, chunks } = await this.store.blobs.facts(blobId);
    const copy = await copyChunks(this.store, { blobId, chunks }, accountId, this.now());
    return { ...facts, hash, octets: undefined, blobId: copy, chunks };
  }

  private async anew(
    write: Writes,
    accountId: number,
    rows: readonly PlacementRow[],
    staged: Staged,
    flagsOf: (flags: number) => number,
  ): Promise<Unplaced[]> {
    const stored = new Map<number, Omit<Unplaced, 'flags'>>();
    for (const [, messageId] of rows) {
      const one = staged.get(messageId);
      if (one === undefined || stored.has(messageId)) continue;
      const blobId = await blobOf(write, one.staged, this.now());
      const { internalDate, originalId, threadId } = one.row;
      const original = { originalId: originalId || messageId, threadId: threadId || messageId };
      stored.set(messageId, await storeMessage(write, accountId, one.staged, blobId, internalDate, original));
    }
    return rows.map(([, messageId, flags]) => ({ ...stored.get(messageId)!, flags: flagsOf(flags) }));
  }

  private async undo({ id, accountId }: Mailbox, uids: readonly number[]): Promise<void> {
    for (const some of inPieces(uids, MOVED_AT_ONCE))
      await this.views.write(async (write) => {
        const modseq = await write.accounts.nextModseq(accountId, [id]);
        const rows = await rowsIn(write, id, some, 0);
        await displace(write, { id, accountId }, rows, modseq);
        return { answer: undefined, deltas: [{ mailboxId: id, modseq, removed: rows.map(([uid]) => uid) }] };
      });
  }
}

interface Gathered extends Copied {
  readonly from: number[];
  readonly to: number[];
}

function noneIn({ mailbox: { uidvalidity } }: CopyTarget): Gathered {
  return { uidvalidity, from: [], to: [] };
}

/** Messages that stay what they are. */
async function onceMore(
  write: Writes,
  rows: readonly PlacementRow[],
  flagsOf: (flags: number) => number,
): Promise<Unplaced[]> {
  const facts = await write.messages.facts(rows.map(([, messageId]) => messageId));
  return rows.map(([, messageId, flags]) => ({ ...facts.get(messageId)!, messageId, flags: flagsOf(flags) }));
}
