/**
 * Dates and times as calendars write them: a local time, and the zone it is to be read in.
 * RFC 5545 §3.3.4 (DATE), §3.3.5 (DATE-TIME), §3.3.6 (DURATION).
 * Local times are milliseconds written as if they were UTC, so arithmetic on days needs no Date object.
 * Elsewhere: what a zone is and where it comes from (time-zones.ts).
 */

export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;

/** Offsets of one time zone from UTC; see time-zones.ts. */
export interface TimeZone {
  /** IANA name, 'UTC', or a name made from the content of the VTIMEZONE it was read from. */
  readonly id: string;
  /** Milliseconds to add to an instant to get local time there. */
  offsetAt(instant: number): number;
  /** The instant of a local time; in a gap the offset before it, in an overlap the first one (RFC 5545 §3.3.5). */
  toInstant(local: number): number;
}

/** A DATE (isDate, at midnight) or DATE-TIME. zone null: floating. */
export interface DateTime {
  readonly local: number;
  readonly zone: TimeZone | null;
  readonly isDate: boolean;
}

/** A DURATION: days are nominal, time is exact (RFC 5545 §3.3.6). Both may be negative. */
export interface Duration {
  readonly days: number;
  readonly milliseconds: number;
}

/** Coordinated universal time. Reading floating times in it leaves them as they are. */
export const UTC: TimeZone = { id: 'UTC', offsetAt: () => 0, toInstant: (local) => local };

/** The instant of a value; floating times and dates are read in `floating`. */
export function instantOf(value: DateTime, floating: TimeZone): number {
  return (value.zone ?? floating).toInstant(value.local);
}

/**
 * The instant at which something ends that starts at `start`. Days are added to the local time, milliseconds to the
 * instant (RFC 5545 §3.3.6, §3.8.5.3); a negative duration counts as none.
 */
export function endOf(start: DateTime, duration: Duration, floating: TimeZone): number {
  const begin = instantOf(start, floating);
  const zone = start.zone ?? floating;
  const end = (duration.days === 0 ? begin : zone.toInstant(start.local + duration.days * DAY)) + duration.milliseconds;
  return Math.max(begin, end);
}

/**
 * The duration DTEND or DUE gives its component: whole days between dates, else the exact time between the instants,
 * which every instance then has (RFC 5545 §3.8.5.3). An end before the start counts as none.
 */
export function durationBetween(start: DateTime, end: DateTime): Duration {
  if (start.isDate) {
    return { days: Math.max(0, Math.floor((end.local - start.local) / DAY)), milliseconds: 0 };
  }
  // A floating value beside a zoned one is read in the zone of the other.
  const begin = instantOf(start, end.zone ?? UTC);
  return { days: 0, milliseconds: Math.max(0, instantOf(end, start.zone ?? UTC) - begin) };
}
