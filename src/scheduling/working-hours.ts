/**
 * Working hours of people who declared none: Monday to Friday, 9:00 to 17:00 on the clock of their zone.
 * Pure. Elsewhere: declared ones (availability.ts).
 */
import { weekdayOf } from '../calendar/civil-date.ts';
import { DAY, HOUR, type TimeZone } from '../calendar/date-time.ts';
import { clip, type Interval, subtract } from './intervals.ts';

export const ASSUMED_HOURS = 'Monday to Friday, 9:00 to 17:00';
const OPENS = 9 * HOUR;
const CLOSES = 17 * HOUR;
const SATURDAY = 5;

/** The time of a range outside of assumed working hours, as a set. */
export function assumedClosed(range: Interval, zone: TimeZone): Interval[] {
  const open: Interval[] = [];
  const first = Math.floor((range.from + zone.offsetAt(range.from)) / DAY);
  const last = Math.floor((range.until + zone.offsetAt(range.until)) / DAY);
  for (let day = first; day <= last; day++) {
    if (weekdayOf(day) < SATURDAY)
      open.push({ from: zone.toInstant(day * DAY + OPENS), until: zone.toInstant(day * DAY + CLOSES) });
  }
  return subtract([range], clip(open, range));
}
