/**
 * Octets on their way into the store: small ones travel in the transaction that refers to them, large ones are staged in
 * chunks first, so that no transaction is long.
 */
import { createHash } from 'node:crypto';
import type { Store, Writes } from '../../storage/store.ts';

/** Octets that travel in the transaction that refers to them. */
const IN_TRANSACTION = 256 * 1024;
const CHUNK = 256 * 1024;

/** Stages octets of an account. The result, called in a transaction, gives the id of the blob that holds them. */
export async function stageBlob(
  store: Store,
  accountId: number,
  octets: Buffer,
  now: number,
): Promise<(write: Writes) => Promise<number>> {
  const hash = createHash('sha256').update(octets).digest();
  if (octets.length <= IN_TRANSACTION) return (write) => write.blobs.put(accountId, hash, octets, now);
  const id = await store.transaction((write) => write.blobs.open(accountId, now));
  for (let ordinal = 0; ordinal * CHUNK < octets.length; ordinal++) {
    const chunk = octets.subarray(ordinal * CHUNK, (ordinal + 1) * CHUNK);
    await store.transaction((write) => write.blobs.append(id, ordinal, chunk));
  }
  return (write) => write.blobs.complete(id, accountId, hash, octets.length, now);
}

/** All octets of a blob. */
export async function readBlob(store: Store, id: number): Promise<Buffer> {
  const size = (await store.blobs.size(id)) ?? 0;
  const pieces: Buffer[] = [];
  for (let offset = 0; offset < size; ) {
    const piece = await store.blobs.read(id, offset, size - offset);
    if (piece.length === 0) throw new Error(`blob ${id} ends after ${offset} of ${size} octets`);
    pieces.push(piece);
    offset += piece.length;
  }
  return Buffer.concat(pieces);
}
