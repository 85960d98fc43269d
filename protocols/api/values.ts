/**
 * Values in the JSON of the API: times and addresses.
 * RFC 3339 §5.6 (date-time), here also without an offset; RFC 5321 §4.1.2 in practice (addresses).
 */
import { daysInMonth } from '../../src/calendar/civil-date.ts';
import { DAY, HOUR, MINUTE, SECOND, type TimeZone } from '../../src/calendar/date-time.ts';
import { foldAddress } from '../../src/principals/addresses.ts';

const TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?(?:([Zz])|([+-])(\d\d):(\d\d))?$/;
/** Years that calendars hold; see calendar-component.ts. */
const FIRST_YEAR = 1600;
const LAST_YEAR = 2499;

/**
 * The instant of a time, in whole seconds; undefined when it is none. Without an offset `toInstant` reads it on a clock;
 * undefined refuses that.
 */
export function readTime(text: string, toInstant: ((local: number) => number) | undefined): number | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (year < FIRST_YEAR || year > LAST_YEAR || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month))
    return undefined;
  // RFC 3339 §5.7: a leap second is read as the one before it.
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const local = Date.UTC(year, month - 1, day, hour, minute, Math.min(second, 59));
  const [, , , , , , , , utc, sign, offsetHours, offsetMinutes] = match;
  if (utc !== undefined) return local;
  if (sign === undefined) return toInstant?.(local);
  if (Number(offsetHours) > 23 || Number(offsetMinutes) > 59) return undefined;
  const offset = Number(offsetHours) * HOUR + Number(offsetMinutes) * MINUTE;
  return sign === '-' ? local + offset : local - offset;
}

/** An instant on the clock of a zone, with its offset: 2026-03-02T10:00:00+01:00. */
export function printTime(instant: number, zone: TimeZone): string {
  const offset = zone.offsetAt(instant);
  const local = new Date(instant + offset).toISOString().slice(0, 19);
  if (offset === 0) return `${local}Z`;
  // RFC 3339 has no seconds in offsets, and zones have none since 1972.
  const minutes = Math.round(Math.abs(offset) / MINUTE);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60) % (DAY / HOUR))}:${two(minutes % (HOUR / MINUTE))}`;
}

/** A mail address folded for comparison, without mailto:; undefined when it is none. */
export function readAddress(text: string): string | undefined {
  const folded = foldAddress(text.trim().replace(/^mailto:/i, ''));
  return /^[^\s@\p{Cc}<>]{1,64}@[^\s@\p{Cc}<>]{1,253}$/u.test(folded) ? folded : undefined;
}

/** Minutes as milliseconds. */
export function fromMinutes(minutes: number): number {
  return minutes * 60 * SECOND;
}

/** Of a route with `:id` in its path. */
export const idParameters = {
  type: 'object',
  properties: { id: { type: 'string', pattern: '^[0-9]{1,15}$' } },
  required: ['id'],
} as const;

/** What the handlers of such a route read it from. */
export interface WithId {
  readonly params: { readonly id: string };
}

export function idOf({ params }: WithId): number {
  return Number(params.id);
}
