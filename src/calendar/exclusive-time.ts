/**
 * Time that can be taken once: the calendars of rooms and resources, in which no two busy occurrences overlap.
 * Asked inside every transaction that puts something into such a calendar, so that nobody can book twice, however it is written.
 * Elsewhere: which requests a room accepts (src/scheduling/room-bookings.ts), the index that is read (calendar-index.ts).
 */
import type { BoundCollectionRow, CalendarObjectRow, OccurrenceRow, Reads } from '../../storage/store.ts';
import { isSchedulingCollection } from '../collections/collections.ts';
import { DomainError } from '../errors.ts';
import { zoneOf } from './calendars.ts';
import type { TimeZone } from './date-time.ts';
import type { TimeRange } from './recurrence.ts';

/** Occurrences of one booking: a meeting each day for more than two years. */
export const MAX_BOOKED = 1_000;

/** The first of these periods that a busy occurrence of another object overlaps, or undefined. */
export async function takenAmong(
  reads: Reads,
  calendar: { readonly id: number; readonly timeZone: string },
  periods: readonly TimeRange[],
  exceptObjectId: number | undefined,
): Promise<TimeRange | undefined> {
  const [first] = periods;
  if (first === undefined) return undefined;
  const until = periods.reduce((last, period) => Math.max(last, period.until), first.until);
  const from = periods.reduce((earliest, period) => Math.min(earliest, period.from), first.from);
  // What the index does not tell of could be anywhere.
  const unknown = await reads.calendarObjects.outsideIndex(calendar.id, from, until);
  if (unknown.some(({ id }) => id !== exceptObjectId)) return first;
  const zone = zoneOf(calendar);
  for (const period of periods) {
    for (const row of await reads.calendarObjects.busy(calendar.id, period.from, period.until)) {
      if (row.objectId === exceptObjectId) continue;
      const taken = instantsOf(row, zone);
      if (taken.from < period.until && taken.until > period.from) return period;
    }
  }
  return undefined;
}

/**
 * Refuses an object whose busy time, as far as it lies ahead, somebody else has in a calendar that takes each time once. In all
 * others everything may overlap.
 * @throws DomainError time-taken; limit-exceeded for what goes on without end or too often to be compared
 */
export async function requireFree(
  reads: Reads,
  calendar: BoundCollectionRow,
  index: Pick<CalendarObjectRow, 'recurring' | 'lastEnd' | 'indexedUntil'>,
  occurrences: readonly Omit<OccurrenceRow, 'objectId'>[],
  exceptObjectId: number | undefined,
  now: number,
): Promise<void> {
  if (isSchedulingCollection(calendar)) return;
  const owner = await reads.principals.get(calendar.accountId);
  if (owner?.kind !== 'room' && owner?.kind !== 'resource') return;
  const zone = zoneOf(calendar);
  const busy = occurrences.filter((row) => row.busy > 0).map((row) => instantsOf(row, zone));
  const ahead = busy.filter(({ until }) => until > now);
  if (ahead.length === 0) return;
  if (index.recurring === 1 && (index.lastEnd === null || index.lastEnd > index.indexedUntil))
    throw new DomainError('limit-exceeded', 'A booking must end within three years.');
  if (ahead.length > MAX_BOOKED)
    throw new DomainError('limit-exceeded', `A booking has at most ${MAX_BOOKED} occurrences.`, { limit: MAX_BOOKED });
  if ((await takenAmong(reads, calendar, ahead, exceptObjectId)) !== undefined)
    throw new DomainError('time-taken', `${owner.displayName} is taken at that time.`);
}

export function instantsOf({ startAt, endAt, floating }: Omit<OccurrenceRow, 'objectId'>, zone: TimeZone): TimeRange {
  return floating ? { from: zone.toInstant(startAt), until: zone.toInstant(endAt) } : { from: startAt, until: endAt };
}
