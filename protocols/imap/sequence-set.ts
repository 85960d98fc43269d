/**
 * Sequence sets: sets of UIDs or of message sequence numbers, as clients write them and as answers list them.
 * RFC 3501 §9 (sequence-set), RFC 4315 §4 (uid-set of COPYUID).
 * Pure.
 */

/** The largest number there is on the wire (nz-number, 32 bits). */
export const MAX_NUMBER = 4_294_967_295;

/** `*`, before it is known what it stands for. */
export const STAR = 0;

/** Inclusive bounds in any order; STAR may be either. */
export type NumberRange = readonly [number, number];
export type SequenceSet = readonly NumberRange[];

/** `$`: what the last SEARCH saved (RFC 5182). */
export const SAVED: SequenceSet = [];

/** Inclusive bounds in order. */
export type Span = [first: number, last: number];

/**
 * A set with `*` replaced, sorted and merged, so that each number is in it once.
 * @param largest what `*` stands for: the highest UID or sequence number, 0 in an empty mailbox
 */
export function spansOf(set: SequenceSet, largest: number): Span[] {
  const spans = set.map(([a, b]): Span => {
    const from = a === STAR ? largest : a;
    const to = b === STAR ? largest : b;
    return from <= to ? [from, to] : [to, from];
  });
  return mergeSpans(spans);
}

/** Sorts spans and joins those that touch. Changes its argument. */
export function mergeSpans(spans: Span[]): Span[] {
  spans.sort((a, b) => a[0] - b[0]);
  const merged: Span[] = [];
  let last: Span | undefined;
  for (const span of spans) {
    if (last !== undefined && span[0] <= last[1] + 1) {
      if (span[1] > last[1]) last[1] = span[1];
    } else {
      last = [span[0], span[1]];
      merged.push(last);
    }
  }
  return merged;
}

/** Numbers in ascending order as a set: `1:3,7`. */
export function printNumbers(numbers: ArrayLike<number>): string {
  let text = '';
  for (let at = 0; at < numbers.length; ) {
    const first = numbers[at] as number;
    let end = at + 1;
    while (end < numbers.length && numbers[end] === first + (end - at)) end++;
    const last = first + (end - at) - 1;
    text += `${at === 0 ? '' : ','}${last === first ? first : `${first}:${last}`}`;
    at = end;
  }
  return text;
}
