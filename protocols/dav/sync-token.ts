/**
 * A position in the change log of a collection as clients see it: sync token and ctag.
 * RFC 6578 §3.2, §4. A token is a URI (`data:,c12.b3.m4567`): collection, boot, modseq; when a page ended early also the member it
 * ended with (below zero when it left) and, for a client that began with nothing, the modseq at which it began
 * (`data:,c12.b3.m400.r81.i4567`).
 * The token of a home names its principal, kind, boot and modseq, and a modseq for each other account whose collections appear
 * in it (`data:,h7.calendars.b3.m4567.a9-120`).
 * Elsewhere: whether it is still valid (src/collections/changes.ts, home-changes.ts).
 */
import type { Bookmark } from '../../src/collections/changes.ts';
import type { HomeBookmark } from '../../src/collections/home-changes.ts';
import type { CollectionResource } from './contract.ts';

/** Whether a collection has a change log: what is computed has none, and a plain one none of the collections in it. */
export function isSynchronised({ collection }: CollectionResource): boolean {
  return collection.kind !== 'plain' && collection.computed !== true;
}

/** Position after every member of a modseq. */
export const AFTER_ALL = Number.MAX_SAFE_INTEGER;

/** The token of a position. */
export function tokenOf({ collectionId, boot, modseq, memberId, began }: Bookmark): string {
  const member = memberId === AFTER_ALL ? '' : `.r${memberId}`;
  const initial = began === 0 ? '' : `.i${began}`;
  return `data:,c${collectionId}.b${boot}.m${modseq}${member}${initial}`;
}

const TOKEN = /^data:,c(\d{1,15})\.b(\d{1,15})\.m(\d{1,15})(?:\.r(-?\d{1,15}))?(?:\.i(\d{1,15}))?$/;

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

/** The token of a position in a home. */
export function homeTokenOf({ principalId, home, boot, modseq, others }: HomeBookmark): string {
  const accounts = [...others].sort(([one], [other]) => one - other).map(([id, at]) => `.a${id}-${at}`);
  return `data:,h${principalId}.${home}.b${boot}.m${modseq}${accounts.join('')}`;
}

const HOME_TOKEN =
  /^data:,h(\d{1,15})\.(calendars|addressbooks)\.b(\d{1,15})\.m(\d{1,15})((?:\.a\d{1,15}-\d{1,15}){0,1000})$/;

/** The position a token of a home names, or undefined when no server of ours writes such a token. */
export function homeBookmarkOf(token: string): HomeBookmark | undefined {
  const match = HOME_TOKEN.exec(token);
  if (match === null) return undefined;
  const [, principalId, home, boot, modseq, accounts = ''] = match;
  const others = new Map<number, number>();
  for (const [, id, at] of accounts.matchAll(/\.a(\d+)-(\d+)/g)) others.set(Number(id), Number(at));
  const bookmark: HomeBookmark = {
    principalId: Number(principalId),
    home: home === 'calendars' ? 'calendars' : 'addressbooks',
    boot: Number(boot),
    modseq: Number(modseq),
    others,
  };
  return homeTokenOf(bookmark) === token ? bookmark : undefined;
}
