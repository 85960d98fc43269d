/** The octets of a queued message, read in pieces. */
import type { BlobReads } from '../../storage/store.ts';
import { readHeader } from './header-fields.ts';

const PIECE = 256 * 1024;
/** The most of a message that a notification brings back. */
const MAX_RETURNED = 1024 * 1024;

/** A blob from an octet on, piece by piece, with what goes above it. */
export async function* queuedOctets(
  store: { readonly blobs: BlobReads },
  blobId: number,
  skip: number,
  above: Buffer = Buffer.alloc(0),
): AsyncGenerator<Buffer> {
  if (above.length > 0) yield above;
  for (let at = skip; ; ) {
    const octets = await store.blobs.read(blobId, at, PIECE);
    if (octets.length === 0) return;
    at += octets.length;
    yield octets;
  }
}

/** The header of a message, or all of it where that is asked for and not too much. */
export async function messageStart(
  store: { readonly blobs: BlobReads },
  blobId: number,
  skip: number,
  whole: boolean,
): Promise<{ readonly octets: Buffer; readonly whole: boolean }> {
  const size = ((await store.blobs.size(blobId)) ?? 0) - skip;
  const octets = await store.blobs.read(blobId, skip, Math.min(size, MAX_RETURNED));
  if (whole && octets.length === size) return { octets, whole: true };
  return { octets: octets.subarray(0, readHeader(octets, 0, octets.length).end), whole: false };
}
