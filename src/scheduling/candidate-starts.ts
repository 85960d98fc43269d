/**
 * The starts a search tries: every step of the clock on the wall, in line with the wished start.
 * Pure. A day whose clock changes keeps its times: an hour that does not exist has no starts, one that occurs twice has them
 * twice. Elsewhere: which of them fit (slots.ts).
 */
import type { TimeZone } from '../calendar/date-time.ts';
import type { Interval } from './intervals.ts';

/** Instants, ascending, whose local time differs from that of `wish` by whole steps; the meeting ends within the window. */
export function candidateStarts(
  window: Interval,
  duration: number,
  step: number,
  wish: number,
  zone: TimeZone,
): Float64Array {
  const starts: number[] = [];
  const anchor = wish + zone.offsetAt(wish);
  const last = window.until - duration;
  for (let from = window.from; from <= last; ) {
    const offset = zone.offsetAt(from);
    const change = nextChange(from, Math.min(from + step, last + 1), zone);
    const behind = modulo(from + offset - anchor, step);
    const start = behind === 0 ? from : from + step - behind;
    if (start < change && start <= last) starts.push(start);
    from = start < change ? start + 1 : change;
  }
  return Float64Array.from(starts);
}

/** The first instant after `from` with another offset, or `until`; at most one change lies between them. */
function nextChange(from: number, until: number, zone: TimeZone): number {
  const offset = zone.offsetAt(from);
  if (zone.offsetAt(until) === offset) return until;
  let low = from;
  let high = until;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (zone.offsetAt(middle) === offset) low = middle;
    else high = middle;
  }
  return high;
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
