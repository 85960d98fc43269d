/**
 * Sets of periods: merge, subtract, intersect, clip.
 * Pure and linear. A set is an array of periods ascending by start that neither overlap nor touch; half-open, in
 * milliseconds.
 */

/** from inclusive, until exclusive. */
export interface Interval {
  readonly from: number;
  readonly until: number;
}

/** Any periods, in any order, as a set; empty ones vanish. */
export function merge(periods: readonly Interval[]): Interval[] {
  const sorted = periods.filter(({ from, until }) => from < until).sort((a, b) => a.from - b.from);
  const merged: { from: number; until: number }[] = [];
  for (const { from, until } of sorted) {
    const last = merged.at(-1);
    if (last && from <= last.until) last.until = Math.max(last.until, until);
    else merged.push({ from, until });
  }
  return merged;
}

/** What is in both sets. */
export function intersect(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const common: Interval[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const left = a[i]!;
    const right = b[j]!;
    const from = Math.max(left.from, right.from);
    const until = Math.min(left.until, right.until);
    if (from < until) common.push({ from, until });
    if (left.until < right.until) i++;
    else j++;
  }
  return common;
}

/** What is in the first set and not in the second. */
export function subtract(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const rest: Interval[] = [];
  let j = 0;
  for (const { from, until } of a) {
    let start = from;
    while (j < b.length && b[j]!.until <= start) j++;
    for (let k = j; k < b.length && b[k]!.from < until; k++) {
      const taken = b[k]!;
      if (start < taken.from) rest.push({ from: start, until: taken.from });
      start = Math.max(start, taken.until);
      if (taken.until <= until) j = k + 1;
    }
    if (start < until) rest.push({ from: start, until });
  }
  return rest;
}

/** The part of a set within a range. */
export function clip(periods: readonly Interval[], range: Interval): Interval[] {
  return intersect(periods, [range]);
}
