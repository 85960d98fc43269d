/**
 * What stands in the way of one person or room at one time.
 * Pure. A buffer keeps appointments at a distance from the meeting; closed hours touch the meeting itself alone.
 * Elsewhere: choosing times (slots.ts), sentences (slot-reasons.ts).
 */
import type { Appointment } from './free-busy.ts';
import { type Interval, merge } from './intervals.ts';

/** How bad a conflict is; a larger one counts. */
export const FREE = 0;
export const TENTATIVE = 1;
export const CLOSED = 2;
export const BUSY = 3;

/** A meeting as the search moves it around: all in milliseconds. */
export interface Shape {
  readonly duration: number;
  readonly bufferBefore: number;
  readonly bufferAfter: number;
}

/** Somebody's time, as far as it is known. */
export interface Calendar {
  /** Ascending by start; they may overlap. */
  readonly appointments: readonly Appointment[];
  /** Outside of working hours: a set. */
  readonly closed: readonly Interval[];
}

export type ConflictKind = 'busy' | 'tentative' | 'unavailable' | 'outside-working-hours';

export interface Conflict extends Interval {
  readonly kind: ConflictKind;
  readonly wholeDay: boolean;
  /** It leaves the meeting alone and touches its buffer only. */
  readonly bufferOnly: boolean;
  readonly objectId: number | undefined;
}

/** For each start, ascending, the worst conflict of a calendar. Linear in starts and appointments. */
export function levels(starts: Float64Array, { appointments, closed }: Calendar, shape: Shape): Uint8Array {
  const found = new Uint8Array(starts.length);
  const { duration, bufferBefore, bufferAfter } = shape;
  const mark = (blocks: readonly Interval[], level: number, before: number, after: number) => {
    let low = 0;
    for (const { from, until } of blocks) {
      // [start - before, start + duration + after) meets [from, until).
      while (low < starts.length && starts[low]! <= from - duration - after) low++;
      for (let i = low; i < starts.length && starts[i]! < until + before; i++) if (found[i]! < level) found[i] = level;
    }
  };
  const tentative = appointments.filter(({ type }) => type === 'BUSY-TENTATIVE');
  mark(merge(tentative), TENTATIVE, bufferBefore, bufferAfter);
  mark(closed, CLOSED, 0, 0);
  mark(merge(appointments.filter(({ type }) => type !== 'BUSY-TENTATIVE')), BUSY, bufferBefore, bufferAfter);
  return found;
}

/** Every conflict of a calendar with a meeting at `start`, ascending, the same as `levels` counts. */
export function conflictsAt(start: number, { appointments, closed }: Calendar, shape: Shape): Conflict[] {
  const end = start + shape.duration;
  const conflicts: Conflict[] = [];
  for (const { from, until, type, wholeDay, objectId } of appointments) {
    if (from >= end + shape.bufferAfter) break;
    if (from >= until || until <= start - shape.bufferBefore) continue;
    const kind = type === 'BUSY' ? 'busy' : type === 'BUSY-TENTATIVE' ? 'tentative' : 'unavailable';
    conflicts.push({ from, until, kind, wholeDay, bufferOnly: until <= start || from >= end, objectId });
  }
  for (const { from, until } of closed) {
    if (from < end && until > start)
      conflicts.push({
        from,
        until,
        kind: 'outside-working-hours',
        wholeDay: false,
        bufferOnly: false,
        objectId: undefined,
      });
  }
  return conflicts.sort((a, b) => a.from - b.from || a.until - b.until);
}
