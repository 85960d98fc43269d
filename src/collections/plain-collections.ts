/**
 * Plain collections as a tree: the segment of each is its path below the home, so a tree is every path with a common start.
 * RFC 4918 §5.2, §9.6.1 (delete), §9.9.2 (move): a collection goes or moves with everything in it.
 * Elsewhere: single collections (collections.ts), the files in them (files.ts).
 */
import type { BoundCollectionRow, Writes } from '../../storage/store.ts';

/** Levels of plain collections in each other. */
export const MAX_DEPTH = 32;

/** The path of the collection above, '' for the home, and the last name. */
export function parentOf(path: string): { parent: string; name: string } {
  const slash = path.lastIndexOf('/');
  return { parent: slash < 0 ? '' : path.slice(0, slash), name: path.slice(slash + 1) };
}

/** Deletes a plain collection and all below it, in one modseq. */
export async function removeTree(write: Writes, root: BoundCollectionRow): Promise<void> {
  const below = await write.collections.within(root.principalId, root.home, root.segment);
  const modseq = await write.accounts.nextModseq(root.accountId, []);
  for (const { id } of [...below, root]) await write.collections.remove(id, modseq);
}

/** Gives a plain collection and all below it another path in the same home. */
export async function moveTree(write: Writes, root: BoundCollectionRow, path: string): Promise<void> {
  const below = await write.collections.within(root.principalId, root.home, root.segment);
  const ids = [root, ...below].map(({ id }) => id);
  const modseq = await write.accounts.nextModseq(root.accountId, ids);
  for (const one of [root, ...below]) {
    await write.collections.rebind(one, path + one.segment.slice(root.segment.length), modseq);
  }
}
