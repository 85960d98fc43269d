/**
 * A position in the change log of a collection as clients see it: sync token and ctag.
 * RFC 6578 §3.2, §4. A token is a URI (`data:,c12.b3.m4567`): collection, boot, modseq; when a page ended early also the member it
 * ended with and, for a client that began with nothing, the modseq at which it began (`data:,c12.b3.m400.r81.i4567`).
 * Elsewhere: whether it is still valid (src/collections/changes.ts).
 */
import type { Bookmark } from '../../src/collections/changes.ts';

/** Position after every member of a modseq. */
export const AFTER_ALL = Number.MAX_SAFE_INTEGER;

/** The token of a position. */
export function tokenOf({ collectionId, boot, modseq, memberId, began }: Bookmark): string {
  const member = memberId === AFTER_ALL ? '' : `.r${memberId}`;
  const initial = began === 0 ? '' : `.i${began}`;
  return `data:,c${collectionId}.b${boot}.m${modseq}${member}${initial}`;
}

const TOKEN = /^data:,c(\d{1,15})\.b(\d{1,15})\.m(\d{1,15})(?:\.r(\d{1,15}))?(?:\.i(\d{1,15}))?$/;

/** The position a token names, or undefined when no server of ours writes such a token. */
export function bookmarkOf(token: string): Bookmark | undefined {
  const match = TOKEN.exec(token);
  if (match === null) return undefined;
  const [, collectionId, boot, modseq, memberId, began] = match;
  const bookmark = {
    collectionId: Number(collectionId),
    boot: Number(boot),
    modseq: Number(modseq),
    memberId: memberId === undefined ? AFTER_ALL : Number(memberId),
    began: Number(began ?? 0),
  };
  return tokenOf(bookmark) === token ? bookmark : undefined;
}
