/**
 * The members of plain collections: files of any type, and notifications.
 * RFC 4918 §5.2, §9.7. Octets are blobs of the account; each use case is one transaction.
 * Elsewhere: plain collections themselves (collections.ts), what notifications say (sharing.ts).
 */
import { createHash } from 'node:crypto';
import type { FileRow, MemberRow, Store, Writes } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import type { Collection, Members, Precondition, PutResult, WriteRequest } from './members.ts';
import { requireRoom } from './quota.ts';
import { readBlob, stageBlob } from './staged-blob.ts';

/** Largest file, octets. */
export const MAX_FILE_OCTETS = 10 * 1024 * 1024;

type Place = { readonly collection: Collection; readonly name: string };

export class Files implements Members<FileRow> {
  private readonly store: Store;
  private readonly now: () => number;

  constructor(store: Store, now: () => number) {
    this.store = store;
    this.now = now;
  }

  async find(collection: Collection, name: string): Promise<FileRow | undefined> {
    return collection.rights.read ? this.store.files.get(collection.id, name) : undefined;
  }

  async read(member: MemberRow): Promise<Buffer> {
    const row = await this.store.files.get(member.collectionId, member.name);
    if (row?.id !== member.id) throw missing();
    return readBlob(this.store, row.blobId);
  }

  async put(
    collection: Collection,
    name: string,
    octets: Buffer,
    check: Precondition,
    { contentType = 'application/octet-stream' }: WriteRequest = {},
  ): Promise<PutResult> {
    needAdd(collection);
    if (octets.length > MAX_FILE_OCTETS) {
      throw new DomainError('too-large', `A file has at most ${MAX_FILE_OCTETS} octets.`, { limit: MAX_FILE_OCTETS });
    }
    check(await this.store.files.get(collection.id, name));
    const finish = await stageBlob(this.store, collection.accountId, octets, this.now());
    const about = { contentType, etag: etagOfOctets(octets, contentType), size: octets.length };
    return this.store.transaction(async (write) => {
      const modseq = await write.accounts.nextModseq(collection.accountId, [collection.id]);
      await requireCollection(write, collection);
      const current = await write.files.get(collection.id, name);
      check(current);
      const blobId = await finish(write);
      const member = await this.save(write, { collection, name }, { ...about, blobId }, current, modseq);
      return { created: current === undefined, member, verbatim: true };
    });
  }

  async remove(collection: Collection, name: string, check: Precondition): Promise<void> {
    needWrite(collection);
    await this.store.transaction(async (write) => {
      const modseq = await write.accounts.nextModseq(collection.accountId, [collection.id]);
      const current = await write.files.get(collection.id, name);
      check(current);
      if (current === undefined) throw missing();
      await write.files.remove(current, collection.accountId, modseq);
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
    needAdd(to);
    return this.transfer({ collection: from, name }, { collection: to, name: toName }, overwrite, check, false);
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
    needAdd(to);
    if (from.accountId !== to.accountId)
      return this.transfer({ collection: from, name }, { collection: to, name: toName }, overwrite, check, true);
    return this.store.transaction(async (write) => {
      const modseq = await write.accounts.nextModseq(from.accountId, from.id === to.id ? [to.id] : [from.id, to.id]);
      await requireCollection(write, to);
      const source = await write.files.get(from.id, name);
      check(source);
      if (source === undefined) throw missing();
      const target = await targetOf(write, source, { collection: to, name: toName }, overwrite);
      if (target !== undefined) await write.files.remove(target, to.accountId, modseq);
      await write.files.move(source, from.accountId, { collectionId: to.id, name: toName }, modseq);
      return { created: target === undefined };
    });
  }

  /** Copies, or moves into another account. Within one account the copy refers to the same blob. */
  private async transfer(
    from: Place,
    to: Place,
    overwrite: boolean,
    check: Precondition,
    removeSource: boolean,
  ): Promise<{ created: boolean }> {
    const seen = await this.store.files.get(from.collection.id, from.name);
    if (seen === undefined) throw missing();
    const across = from.collection.accountId !== to.collection.accountId;
    const { store } = this;
    const finish = across
      ? await stageBlob(store, to.collection.accountId, await readBlob(store, seen.blobId), this.now())
      : async () => seen.blobId;
    return store.transaction(async (write) => {
      const modseqs = await takeModseqs(write, removeSource ? [from.collection, to.collection] : [to.collection]);
      await requireCollection(write, to.collection);
      const source = await write.files.get(from.collection.id, from.name);
      check(source);
      if (source === undefined) throw missing();
      if (source.id !== seen.id || source.etag !== seen.etag)
        throw new DomainError('unavailable', 'The file has just changed.', { retryAfter: 1 });
      const target = await targetOf(write, source, to, overwrite);
      const blobId = await finish(write);
      const copy = await this.save(write, to, { ...source, blobId }, target, modseqs.get(to.collection.id) ?? 0);
      if (target !== undefined) await write.properties.removeAll('file', target.id);
      await write.properties.copyAll('file', source.id, copy.id);
      const removedAt = modseqs.get(from.collection.id) ?? 0;
      if (removeSource) await write.files.remove(source, from.collection.accountId, removedAt);
      return { created: target === undefined };
    });
  }

  private async save(
    write: Writes,
    { collection, name }: Place,
    { contentType, blobId, etag, size }: Pick<FileRow, 'contentType' | 'blobId' | 'etag' | 'size'>,
    current: FileRow | undefined,
    modseq: number,
  ): Promise<FileRow> {
    await requireRoom(write, collection.accountId, size - (current?.size ?? 0));
    const now = this.now();
    const row = { collectionId: collection.id, name, contentType, blobId, etag, size, modseq, modifiedAt: now };
    if (current === undefined) {
      const added = { ...row, createdAt: now };
      return { ...added, id: await write.files.add(added) };
    }
    const replaced = { ...row, id: current.id, createdAt: current.createdAt };
    await write.files.replace(replaced);
    return replaced;
  }
}

/** The same octets of another type are another representation (RFC 9110 §8.8.3). */
function etagOfOctets(octets: Buffer, contentType: string): string {
  return createHash('sha256').update(octets).update(`\n${contentType}`).digest('base64url').slice(0, 22);
}

/** The next modseq for each collection; accounts are taken in order of id. */
async function takeModseqs(write: Writes, collections: readonly Collection[]): Promise<Map<number, number>> {
  const modseqs = new Map<number, number>();
  for (const { accountId, id } of [...collections].sort((one, other) => one.accountId - other.accountId))
    modseqs.set(id, await write.accounts.nextModseq(accountId, [id]));
  return modseqs;
}

async function requireCollection(write: Writes, collection: Collection): Promise<void> {
  if ((await write.collections.get(collection.id)) === undefined) throw missing();
}

/** What is at the destination. RFC 4918 §9.8.5: never onto itself, over another one only with Overwrite. */
async function targetOf(
  write: Writes,
  source: FileRow,
  { collection, name }: Place,
  overwrite: boolean,
): Promise<FileRow | undefined> {
  const target = await write.files.get(collection.id, name);
  if (target?.id === source.id) throw new DomainError('forbidden', 'A file cannot be copied or moved onto itself.');
  if (target !== undefined && !overwrite) throw new DomainError('etag-mismatch', 'There is a file at this place.');
  return target;
}

function missing(): DomainError {
  return new DomainError('not-found', 'There is no such file.');
}

function needRead(collection: Collection): void {
  if (!collection.rights.read) throw missing();
}

/** Notifications are made by the server; their principal may only take them away. */
function needAdd(collection: Collection): void {
  needWrite(collection);
  if (collection.kind === 'notifications') throw new DomainError('forbidden', 'Nobody puts notifications here.');
}

function needWrite(collection: Collection): void {
  needRead(collection);
  if (!collection.rights.write) throw new DomainError('forbidden', 'You may not change this collection.');
}
