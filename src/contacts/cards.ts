/**
 * The cards of address books: read, put, delete, copy, move.
 * RFC 6352 §5.1, §6.3.2. Octets are checked (vcard-validation.ts) and stored as they are; each use case is one transaction.
 * Elsewhere: finding cards by what is in them (card-search.ts), the other version of a card (vcard-conversion.ts).
 */
import type { CardRow, MemberRow, Store, Writes } from '../../storage/store.ts';
import { etagOf, soundOctets } from '../collections/etag.ts';
import type { Collection, Members, Precondition, PutResult } from '../collections/members.ts';
import { requireRoom } from '../collections/quota.ts';
import { DomainError } from '../errors.ts';
import { factsOf } from './vcard-validation.ts';

/** Largest card, octets (RFC 6352 §6.2.3). */
export const MAX_CARD_SIZE = 10 * 1024 * 1024;

export class Cards implements Members<CardRow> {
  private readonly store: Store;
  private readonly now: () => number;

  constructor(store: Store, now: () => number) {
    this.store = store;
    this.now = now;
  }

  async find(collection: Collection, name: string): Promise<CardRow | undefined> {
    return collection.rights.read ? this.store.cards.get(collection.id, name) : undefined;
  }

  async read(member: MemberRow): Promise<string> {
    const octets = await this.store.cards.data(member.id);
    if (octets === undefined) throw missing();
    return soundOctets(octets, member, () => this.store.cards.get(member.collectionId, member.name));
  }

  async put(collection: Collection, name: string, octets: string, check: Precondition): Promise<PutResult> {
    needWrite(collection);
    const size = Buffer.byteLength(octets);
    if (size > MAX_CARD_SIZE) {
      throw new DomainError('too-large', `A card has at most ${MAX_CARD_SIZE} octets.`, { limit: MAX_CARD_SIZE });
    }
    const before = await this.store.cards.get(collection.id, name);
    check(before);
    const facts = factsOf(octets);
    const etag = etagOf(octets);
    return this.store.transaction(async (write) => {
      const modseq = await write.accounts.nextModseq(collection.accountId, [collection.id]);
      const current = await write.cards.get(collection.id, name);
      if (current?.etag !== before?.etag) check(current);
      await checkUid(write, collection, name, facts, current);
      await requireRoom(write, collection.accountId, size - (current?.size ?? 0));
      const now = this.now();
      const row = { collectionId: collection.id, name, ...facts, etag, size, modseq, modifiedAt: now };
      if (current === undefined) {
        const id = await write.cards.add({ ...row, createdAt: now }, octets);
        return { created: true, member: { ...row, createdAt: now, id }, verbatim: true };
      }
      const member = { ...row, createdAt: current.createdAt, id: current.id };
      await write.cards.replace(member, octets);
      return { created: false, member, verbatim: true };
    });
  }

  async remove(collection: Collection, name: string, check: Precondition): Promise<void> {
    needWrite(collection);
    await this.store.transaction(async (write) => {
      const modseq = await write.accounts.nextModseq(collection.accountId, [collection.id]);
      const current = await write.cards.get(collection.id, name);
      check(current);
      if (current === undefined) throw missing();
      await write.cards.remove(current, collection.accountId, modseq);
    });
  }

  async copy(
    from: Collection,
    name: string,
    to: Collection,
    toName: string,
    overwrite: boolean,
    check: Precondition,
  ): Promise<{ created: boolean }> {
    needRead(from);
    needWrite(to);
    return this.store.transaction(async (write) => {
      const modseq = await write.accounts.nextModseq(to.accountId, [to.id]);
      const source = await sourceOf(write, from, name, check);
      const target = await targetOf(write, source, to, toName, overwrite);
      await checkUid(write, to, toName, source, target);
      await this.duplicate(write, source, target, to, toName, modseq);
      return { created: target === undefined };
    });
  }

  async move(
    from: Collection,
    name: string,
    to: Collection,
    toName: string,
    overwrite: boolean,
    check: Precondition,
  ): Promise<{ created: boolean }> {
    needWrite(from);
    needWrite(to);
    return this.store.transaction(async (write) => {
      const modseqs = await nextModseqs(write, from, to);
      const source = await sourceOf(write, from, name, check);
      const target = await targetOf(write, source, to, toName, overwrite);
      await checkUid(write, to, toName, source, target, source.id);
      if (from.accountId === to.accountId) {
        if (target !== undefined) await write.cards.remove(target, to.accountId, modseqs.to);
        await write.cards.move(source, from.accountId, { collectionId: to.id, name: toName }, modseqs.to);
      } else {
        await this.duplicate(write, source, target, to, toName, modseqs.to);
        await write.cards.remove(source, from.accountId, modseqs.from);
      }
      return { created: target === undefined };
    });
  }

  /** Writes the octets and properties of a card to another place, over the card that is there. */
  private async duplicate(
    write: Writes,
    source: CardRow,
    target: CardRow | undefined,
    to: Collection,
    name: string,
    modseq: number,
  ): Promise<void> {
    const octets = await write.cards.data(source.id);
    if (octets === undefined) throw missing();
    await requireRoom(write, to.accountId, source.size - (target?.size ?? 0));
    const now = this.now();
    const row = { ...source, collectionId: to.id, name, modseq, modifiedAt: now };
    const { id, createdAt } = target ?? { id: undefined, createdAt: now };
    if (id !== undefined) {
      await write.cards.replace({ ...row, id, createdAt }, octets);
      await write.properties.removeAll('card', id);
    }
    const { id: _, ...fresh } = row;
    await write.properties.copyAll('card', source.id, id ?? (await write.cards.add({ ...fresh, createdAt }, octets)));
  }
}

function missing(): DomainError {
  return new DomainError('not-found', 'There is no such card.');
}

function needRead(collection: Collection): void {
  if (!collection.rights.read) throw missing();
}

function needWrite(collection: Collection): void {
  needRead(collection);
  if (!collection.rights.write) throw new DomainError('forbidden', 'You may not change this address book.');
}

/** The next modseqs of both accounts, taken in order of account id. */
async function nextModseqs(write: Writes, from: Collection, to: Collection): Promise<{ from: number; to: number }> {
  const take = (collection: Collection) => write.accounts.nextModseq(collection.accountId, [collection.id]);
  if (from.accountId === to.accountId) {
    const modseq = await write.accounts.nextModseq(from.accountId, from.id === to.id ? [from.id] : [from.id, to.id]);
    return { from: modseq, to: modseq };
  }
  if (from.accountId < to.accountId) return { from: await take(from), to: await take(to) };
  const later = await take(to);
  return { from: await take(from), to: later };
}

async function sourceOf(write: Writes, from: Collection, name: string, check: Precondition): Promise<CardRow> {
  const source = await write.cards.get(from.id, name);
  check(source);
  if (source === undefined) throw missing();
  return source;
}

/** What is at the destination. RFC 4918 §9.8.5: never onto itself, over another one only with Overwrite. */
async function targetOf(
  write: Writes,
  source: CardRow,
  to: Collection,
  name: string,
  overwrite: boolean,
): Promise<CardRow | undefined> {
  const target = await write.cards.get(to.id, name);
  if (target?.id === source.id) throw new DomainError('forbidden', 'A card cannot be copied or moved onto itself.');
  if (target !== undefined && !overwrite) {
    throw new DomainError('etag-mismatch', 'There is a card at this place already.');
  }
  return target;
}

/**
 * RFC 6352 §6.3.2.1 no-uid-conflict: no other card of the address book has this UID, and a card keeps the one it has.
 * @param moved id of the card that leaves its place for this one
 */
async function checkUid(
  write: Writes,
  collection: Collection,
  name: string,
  { cardUid }: Pick<CardRow, 'cardUid'>,
  current: CardRow | undefined,
  moved?: number,
): Promise<void> {
  if (current !== undefined && current.cardUid !== cardUid) {
    throw new DomainError('uid-conflict', 'The card at this place has another UID.', { name });
  }
  const other = await write.cards.byUid(collection.id, cardUid);
  if (other !== undefined && other.name !== name && other.id !== moved) {
    throw new DomainError('uid-conflict', 'Another card of this address book has this UID.', { name: other.name });
  }
}
