/**
 * Sets of UIDs as ranges: sorted, disjoint, not touching.
 * RFC 9051 §9 (sequence-set), RFC 4315 §3 (uid-set). Pure.
 * Elsewhere: the syntax, and `*` (protocols/imap/grammar.ts).
 */

/** UIDs from the first to the last, both included. */
export type UidRange = readonly [first: number, last: number];

/** Sorted, disjoint and not touching. */
export type UidSet = readonly UidRange[];

/** Every UID there can be. */
export const ALL_UIDS: UidSet = [[1, 4_294_967_295]];

/** The set of ranges in any order, which may overlap; either end may come first (RFC 9051 §9: 4:2 is 2:4). */
export function uidSetOf(ranges: readonly UidRange[]): UidSet {
  const sorted = ranges.map(([a, b]): [number, number] => (a <= b ? [a, b] : [b, a])).sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [first, last] of sorted) {
    const previous = merged.at(-1);
    if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/** The set of single UIDs in ascending order. */
export function uidSetOfSorted(uids: Iterable<number>): UidSet {
  const ranges: [number, number][] = [];
  for (const uid of uids) {
    const previous = ranges.at(-1);
    if (previous !== undefined && uid <= previous[1] + 1) previous[1] = Math.max(previous[1], uid);
    else ranges.push([uid, uid]);
  }
  return ranges;
}

/** Ascending UIDs as sets of so many. */
export function* inPieces(uids: readonly number[], size: number): Generator<UidSet> {
  for (let from = 0; from < uids.length; from += size) yield uidSetOfSorted(uids.slice(from, from + size));
}

/** Whether a UID is in the set. */
export function hasUid(set: UidSet, uid: number): boolean {
  let low = 0;
  let high = set.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((set[middle] as UidRange)[1] < uid) low = middle + 1;
    else high = middle;
  }
  const range = set[low];
  return range !== undefined && range[0] <= uid;
}

/** `1:3,5`; '' for the empty set, which IMAP cannot write. */
export function printUidSet(set: UidSet): string {
  return set.map(([first, last]) => (first === last ? String(first) : `${first}:${last}`)).join(',');
}
