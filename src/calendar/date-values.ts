/**
 * The text of dates, times, durations and periods.
 * RFC 5545 §3.3.4 (DATE), §3.3.5 (DATE-TIME), §3.3.6 (DURATION), §3.3.9 (PERIOD).
 * Text to the values of date-time.ts, and back. Refusals are DomainError('invalid-data').
 * Elsewhere: resolving a TZID (calendar-zones.ts), the tree of properties (content.ts).
 */
import { DomainError } from '../errors.ts';
import { daysFromCivil, daysInMonth } from './civil-date.ts';
import { DAY, type DateTime, type Duration, HOUR, MINUTE, SECOND } from './date-time.ts';

/** A local time as it is written, before its zone is known. */
export interface LocalTime {
  readonly local: number;
  readonly isDate: boolean;
  /** Ends in Z. */
  readonly utc: boolean;
}

/**
 * Reads a DATE (YYYYMMDD) or DATE-TIME (YYYYMMDDTHHMMSS, Z).
 * @throws DomainError invalid-data for anything else, and for days and times that do not exist
 */
export function parseLocalTime(text: string): LocalTime {
  const local = localTimeOf(text);
  if (Number.isNaN(local))
    throw new DomainError('invalid-data', `Not a date or time: ${JSON.stringify(text.slice(0, 40))}`);
  return { local, isDate: text.length === 8, utc: text.length === 16 };
}

function localTimeOf(text: string): number {
  const { length } = text;
  if (length !== 8 && length !== 15 && length !== 16) return Number.NaN;
  const year = digits(text, 0, 4);
  const month = digits(text, 4, 2);
  const day = digits(text, 6, 2);
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month))) return Number.NaN;
  const date = daysFromCivil(year, month, day) * DAY;
  if (length === 8) return date;
  if ((text.charCodeAt(8) | 0x20) !== 0x74 || (length === 16 && (text.charCodeAt(15) | 0x20) !== 0x7a))
    return Number.NaN;
  const hour = digits(text, 9, 2);
  const minute = digits(text, 11, 2);
  const second = digits(text, 13, 2);
  // A leap second is read as the one before it (RFC 5545 §3.3.12).
  if (!(hour <= 23 && minute <= 59 && second <= 60)) return Number.NaN;
  return date + hour * HOUR + minute * MINUTE + Math.min(second, 59) * SECOND;
}

function digits(text: string, start: number, count: number): number {
  let value = 0;
  for (let index = start; index < start + count; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

const DURATION = /^([+-])?P(?:(\d{1,7})W)?(?:(\d{1,7})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,10})S)?)?$/i;

/** @throws DomainError invalid-data when it is outside the grammar (RFC 5545 §3.3.6); weeks beside other parts are read. */
export function parseDuration(text: string): Duration {
  const match = DURATION.exec(text);
  if (!match || !/\d/.test(text)) {
    throw new DomainError('invalid-data', `Not a duration: ${JSON.stringify(text.slice(0, 40))}`);
  }
  const [, sign, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match;
  const factor = sign === '-' ? -1 : 1;
  return {
    days: factor * (Number(weeks) * 7 + Number(days)) || 0,
    milliseconds: factor * (Number(hours) * HOUR + Number(minutes) * MINUTE + Number(seconds) * SECOND) || 0,
  };
}

/** YYYYMMDD of a local time. */
export function printDate(local: number): string {
  const date = new Date(local);
  return pad(date.getUTCFullYear(), 4) + pad(date.getUTCMonth() + 1, 2) + pad(date.getUTCDate(), 2);
}

/** YYYYMMDDTHHMMSS of a local time; append Z for an instant. */
export function printLocalTime(local: number): string {
  const date = new Date(local);
  return `${printDate(local)}T${pad(date.getUTCHours(), 2)}${pad(date.getUTCMinutes(), 2)}${pad(date.getUTCSeconds(), 2)}`;
}

/** YYYYMMDDTHHMMSSZ of an instant. */
export function printInstant(instant: number): string {
  return `${printLocalTime(instant)}Z`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

/** A value moved by a duration: nominal days in local time, then exact time (RFC 5545 §3.3.6). */
export function addDuration(value: DateTime, duration: Duration): DateTime {
  const local = value.local + duration.days * DAY;
  if (duration.milliseconds === 0) return { ...value, local };
  if (!value.zone) return { ...value, local: local + duration.milliseconds };
  const instant = value.zone.toInstant(local) + duration.milliseconds;
  return { ...value, local: instant + value.zone.offsetAt(instant) };
}
