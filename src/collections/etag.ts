/** Entity tags of stored octets: the same octets have the same tag, wherever they are. RFC 9110 §8.8.3 */
import { hash } from 'node:crypto';
import type { MemberRow } from '../../storage/store.ts';

/** 22 characters, unquoted: half of SHA-256, enough that nobody meets two octet strings with one tag. */
export function etagOf(octets: string): string {
  return hash('sha256', octets, 'base64url').slice(0, 22);
}

/**
 * The octets read for a member, if they are those that were stored: a disk that changed one must not be believed.
 * @param again the row as it is now: it may have been replaced between the two reads
 * @throws Error when they are damaged; `convene verify` finds all of them
 */
export async function soundOctets(
  octets: string,
  member: MemberRow,
  again: () => Promise<MemberRow | undefined>,
): Promise<string> {
  const etag = etagOf(octets);
  if (etag === member.etag || etag === (await again())?.etag) return octets;
  throw new Error(`The octets of member ${member.id} (c${member.collectionId}) are not those that were stored.`);
}
