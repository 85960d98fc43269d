/**
 * The steps that transactions on mailboxes are made of: storing a message, giving it a place, taking places away.
 * RFC 9051 §2.3.1.1 (UIDs only rise), §2.3.2 (keywords).
 * Storage calls only, inside a transaction that the caller has opened and whose modseq it has taken.
 * Elsewhere: who may, and what the views are told (messages.ts, mailboxes.ts, delivery.ts).
 */
import type { MailboxRow, PlacementRow, Reads, Writes } from '../../storage/store.ts';
import { takeOctets } from '../collections/quota.ts';
import { DomainError } from '../errors.ts';
import { unpackAncestry } from './ancestry.ts';
import { intersection, Keywords, union } from './flags.ts';
import type { AddedMessage } from './mailbox-view.ts';
import { type StagedMessage, summaryOf } from './message-stage.ts';
import { type UidSet, uidSetOfSorted } from './uid-set.ts';

/** A message of the account, about to get a place. */
export type Unplaced = Omit<AddedMessage, 'uid'>;

/** Bits of the keywords in slots: everything above the system flags. */
const FIRST_KEYWORD_BIT = 32;

/** More rows than any mailbox has. */
const ALL = 2 ** 31 - 1;

/** The mailbox as the transaction sees it. @throws DomainError not-found */
export async function mailboxIn(reads: Reads, id: number): Promise<MailboxRow> {
  const row = await reads.mailboxes.get(id);
  if (row === undefined) throw new DomainError('not-found', 'The mailbox does not exist any more.');
  return row;
}

/**
 * The keywords of a mailbox with these among them, taking slots that no message uses when there is no other.
 * @throws DomainError limit-exceeded
 */
export async function keywordsWith(write: Writes, row: MailboxRow, names: readonly string[]): Promise<Keywords> {
  const known = Keywords.parse(row.keywords);
  const keywords = await known.with(names, async () =>
    (await write.placements.combinations(row.id, FIRST_KEYWORD_BIT)).reduce(union, 0),
  );
  if (keywords !== known) await write.mailboxes.setKeywords(row.id, keywords.toJson());
  return keywords;
}

/** A message that this one is a copy of, from another account: both are the same to clients (RFC 8474 §5.1). */
export interface Original {
  readonly originalId: number;
  readonly threadId: number;
}

/**
 * Stores a message in its account, placed nowhere yet. `blobId` is that of its octets when they are there already.
 * @throws DomainError over-quota
 */
export async function storeMessage(
  write: Writes,
  accountId: number,
  staged: StagedMessage,
  blobId: number,
  internalDate: number,
  original?: Original,
): Promise<Omit<Unplaced, 'flags'>> {
  const { size, structure, layout, ancestry } = staged;
  const { own, references } = unpackAncestry(ancestry);
  const hashes = [...new Set([own, ...references])].filter((hash) => hash !== 0);
  const threadId = original?.threadId ?? (await threadOf(write, accountId, own, references));
  const messageId = await write.messages.add({
    accountId,
    blobId,
    size,
    internalDate,
    summary: summaryOf(staged, internalDate),
    structure,
    layout,
    originalId: original?.originalId ?? 0,
    threadId,
    ancestry,
  });
  await write.threads.add(accountId, hashes, threadId || messageId);
  await takeOctets(write, accountId, size);
  return { messageId, size, internalDate };
}

/** The thread that knows the id of a message, or its nearest known ancestor; 0 when it begins one. */
async function threadOf(write: Writes, accountId: number, own: number, references: readonly number[]): Promise<number> {
  const known = new Map(await write.threads.find(accountId, [own, ...references]));
  const nearest = [own, ...[...references].reverse()].find((hash) => known.has(hash));
  return nearest === undefined ? 0 : (known.get(nearest) as number);
}

/** The blob of a staged message in the account it was staged for. */
export async function blobOf(write: Writes, staged: StagedMessage, now: number): Promise<number> {
  const { accountId, hash, size, octets, blobId } = staged;
  return octets === undefined
    ? write.blobs.complete(blobId, accountId, hash, size, now)
    : write.blobs.put(accountId, hash, octets, now);
}

/** The next modseq of each account whose mailboxes change; accounts are taken in order of id. */
export async function takeModseqs(
  write: Writes,
  mailboxes: readonly { readonly id: number; readonly accountId: number }[],
): Promise<Map<number, number>> {
  const modseqs = new Map<number, number>();
  const accounts = new Set(mailboxes.map(({ accountId }) => accountId));
  for (const accountId of [...accounts].sort((a, b) => a - b)) {
    const ids = new Set(mailboxes.filter((mailbox) => mailbox.accountId === accountId).map(({ id }) => id));
    modseqs.set(accountId, await write.accounts.nextModseq(accountId, [...ids]));
  }
  return modseqs;
}

/** Gives messages the next UIDs of a mailbox, in their order. */
export async function place(
  write: Writes,
  mailboxId: number,
  modseq: number,
  messages: readonly Unplaced[],
  now: number,
): Promise<AddedMessage[]> {
  if (messages.length === 0) return [];
  const first = await write.mailboxes.takeUids(mailboxId, messages.length);
  const added = messages.map((message, index) => ({ ...message, uid: first + index }));
  await write.placements.add(
    mailboxId,
    added.map(({ uid, messageId, flags }): PlacementRow => [uid, messageId, flags, modseq]),
    now,
  );
  return added;
}

/** The messages of a mailbox with these UIDs that have all of these bits, in order of UID. */
export async function rowsIn(write: Writes, mailboxId: number, uids: UidSet, bits: number): Promise<PlacementRow[]> {
  const pages: PlacementRow[][] = [];
  for (const [first, last] of uids) pages.push(await write.placements.withFlags(mailboxId, first, last, bits, ALL));
  return pages.flat();
}

/** Takes messages out of a mailbox; what is then placed nowhere goes, and its octets are given back. */
export async function displace(
  write: Writes,
  { id, accountId }: { readonly id: number; readonly accountId: number },
  rows: readonly PlacementRow[],
  modseq: number,
): Promise<void> {
  await write.placements.remove(
    id,
    accountId,
    rows.map(([uid]) => uid),
    modseq,
  );
  const octets = await write.messages.removeUnplaced([...new Set(rows.map(([, messageId]) => messageId))]);
  if (octets > 0) await write.accounts.addUsedBytes(accountId, -octets);
}

/** Flags of one mailbox as bits of another, which has all the keywords. */
export function flagTranslation(from: Keywords, to: Keywords): (flags: number) => number {
  const pairs = from.names.flatMap((name) => {
    const [source, target] = [from.bit(name), to.bit(name)];
    return name === '' || source === undefined || target === undefined ? [] : [[source, target] as const];
  });
  if (pairs.every(([source, target]) => source === target)) return (flags) => flags;
  return (flags) => {
    let translated = flags % FIRST_KEYWORD_BIT;
    for (const [source, target] of pairs) if (intersection(flags, source) !== 0) translated = union(translated, target);
    return translated;
  };
}

/** The keywords whose bits are among these flags. */
export function keywordsUsed(keywords: Keywords, rows: readonly PlacementRow[]): string[] {
  const used = rows.reduce((bits, [, , flags]) => union(bits, flags), 0);
  return keywords.inUse().filter((name) => intersection(used, keywords.bit(name) ?? 0) !== 0);
}

/** The set of UIDs of rows in ascending order. */
export function uidsOf(rows: readonly PlacementRow[]): UidSet {
  return uidSetOfSorted(rows.map(([uid]) => uid));
}
