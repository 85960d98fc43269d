/**
 * Recurrence rules: the text of RRULE and EXRULE, read and printed.
 * RFC 5545 §3.3.10 (RECUR), RFC 7529 §4.1 and §4.2 (RSCALE, SKIP, leap months).
 * Text in, a description out; refusals are DomainError('invalid-data') with a sentence for people.
 * Elsewhere: which dates a rule yields (recurrence-iterator.ts), sets and overrides (recurrence.ts).
 */

import { DomainError } from '../errors.ts';
import { RECURRENCE_SCALES } from './calendar-scales.ts';
import { daysFromCivil, daysInMonth } from './civil-date.ts';
import { DAY, type DateTime, HOUR, MINUTE, SECOND, UTC } from './date-time.ts';

export type Frequency = 'YEARLY' | 'MONTHLY' | 'WEEKLY' | 'DAILY' | 'HOURLY' | 'MINUTELY' | 'SECONDLY';

/** One value of BYDAY. Weekdays count from Monday = 0 to Sunday = 6; ordinal 0 means every such day. */
export interface WeekdayNumber {
  readonly weekday: number;
  readonly ordinal: number;
}

/** A RECUR value. Lists are sorted and without duplicates; an empty list means the part is absent. */
export interface RecurrenceRule {
  readonly frequency: Frequency;
  readonly interval: number;
  readonly count: number | null;
  /** Inclusive. zone null: as written without Z; zone UTC: written with Z; isDate: a DATE. */
  readonly until: DateTime | null;
  readonly bySecond: readonly number[];
  readonly byMinute: readonly number[];
  readonly byHour: readonly number[];
  readonly byDay: readonly WeekdayNumber[];
  readonly byMonthDay: readonly number[];
  readonly byYearDay: readonly number[];
  readonly byWeekNumber: readonly number[];
  /** A leap month has half a number more than the month before it. */
  readonly byMonth: readonly number[];
  readonly bySetPosition: readonly number[];
  /** Monday = 0 to Sunday = 6. */
  readonly weekStart: number;
  /** The calendar the rule counts in (RFC 7529); what to do where it names a month or day that does not exist. */
  readonly scale: string;
  readonly skip: Skip;
}

export type Skip = 'OMIT' | 'BACKWARD' | 'FORWARD';
const SKIPS: readonly Skip[] = ['OMIT', 'BACKWARD', 'FORWARD'];

/** Longer than a rule that names every possible value of every part. */
const LONGEST_RULE = 20_000;
/** A larger interval could not recur before the year 9999 at any frequency that people use. */
const LARGEST_INTERVAL = 2 ** 31 - 1;
/** In the order of RFC 5545 §3.3.10, from the longest period to the shortest. */
const FREQUENCIES: readonly Frequency[] = ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY', 'MINUTELY', 'SECONDLY'];
const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const PARTS = new Set(
  'FREQ UNTIL COUNT INTERVAL BYSECOND BYMINUTE BYHOUR BYDAY BYMONTHDAY BYYEARDAY BYWEEKNO BYMONTH BYSETPOS WKST RSCALE SKIP'.split(
    ' ',
  ),
);
/** Also with the hyphens and colons of ISO 8601's extended format, which jCal uses (RFC 7265 §3.6.10). */
const UNTIL = /^(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d):?(\d\d)(Z?))?$/;

function invalid(message: string): DomainError {
  return new DomainError('invalid-data', `Recurrence rule: ${message}`);
}

/**
 * Reads a RECUR value. Lenient with the order and case of parts, spaces around them, empty parts, X- parts (ignored),
 * leading zeros and plus signs, repeated list values, and with UNTIL of another value type than DTSTART.
 * @throws DomainError invalid-data when it is outside the grammar (RFC 5545 §3.3.10); unsupported-recurrence-scale
 */
export function parseRecurrenceRule(text: string): RecurrenceRule {
  if (text.length > LONGEST_RULE) {
    throw invalid(`longer than ${LONGEST_RULE} characters`);
  }
  const parts = readParts(text);
  const frequency = FREQUENCIES.find((name) => name === parts.get('FREQ'));
  if (!frequency) {
    throw invalid(parts.has('FREQ') ? `FREQ=${shown(parts.get('FREQ')!)} is unknown` : 'FREQ is missing');
  }
  const { scale, skip } = readScale(parts, frequency);
  const interval = parts.has('INTERVAL') ? readNumber('INTERVAL', parts.get('INTERVAL')!) : 1;
  if (interval < 1 || interval > LARGEST_INTERVAL) {
    throw invalid(`INTERVAL must be between 1 and ${LARGEST_INTERVAL}`);
  }
  if (parts.has('COUNT') && parts.has('UNTIL')) {
    throw invalid('COUNT and UNTIL exclude each other');
  }
  // More than can be counted is as good as endless, and stays a number that arithmetic is exact with.
  const count = parts.has('COUNT') ? Math.min(readNumber('COUNT', parts.get('COUNT')!), Number.MAX_SAFE_INTEGER) : null;
  if (count === 0) {
    throw invalid('COUNT must be at least 1');
  }
  const numbers = (name: string, low: number, high: number, signed: boolean): number[] =>
    readNumbers(name, parts.get(name), low, high, signed);
  const rule: RecurrenceRule = {
    frequency,
    interval,
    count,
    until: parts.has('UNTIL') ? readUntil(parts.get('UNTIL')!) : null,
    bySecond: numbers('BYSECOND', 0, 60, false),
    byMinute: numbers('BYMINUTE', 0, 59, false),
    byHour: numbers('BYHOUR', 0, 23, false),
    byDay: readWeekdays(parts.get('BYDAY')),
    byMonthDay: numbers('BYMONTHDAY', 1, 31, true),
    byYearDay: numbers('BYYEARDAY', 1, scale === GREGORIAN ? 366 : 385, true),
    byWeekNumber: numbers('BYWEEKNO', 1, scale === GREGORIAN ? 53 : 56, true),
    byMonth: readMonths(parts.get('BYMONTH'), scale),
    bySetPosition: numbers('BYSETPOS', 1, 366, true),
    weekStart: parts.has('WKST') ? readWeekday(parts.get('WKST')!) : 0,
    scale,
    skip,
  };
  refuseCombinations(rule);
  return rule;
}

/** Prints a rule, FREQ first (RFC 5545 §3.3.10); parseRecurrenceRule reads the same rule from it. */
export function printRecurrenceRule(rule: RecurrenceRule): string {
  const parts = [`FREQ=${rule.frequency}`];
  const list = (name: string, values: readonly (number | string)[]): void => {
    if (values.length > 0) {
      parts.push(`${name}=${values.join(',')}`);
    }
  };
  if (rule.interval !== 1) {
    parts.push(`INTERVAL=${rule.interval}`);
  }
  if (rule.count !== null) {
    parts.push(`COUNT=${rule.count}`);
  }
  if (rule.until) {
    const text = new Date(rule.until.local).toISOString().replace(/[-:]|\.\d+Z$/g, '');
    parts.push(`UNTIL=${rule.until.isDate ? text.slice(0, 8) : text + (rule.until.zone ? 'Z' : '')}`);
  }
  list(
    'BYMONTH',
    rule.byMonth.map((month) => (Number.isInteger(month) ? month : `${Math.floor(month)}L`)),
  );
  list('BYWEEKNO', rule.byWeekNumber);
  list('BYYEARDAY', rule.byYearDay);
  list('BYMONTHDAY', rule.byMonthDay);
  list(
    'BYDAY',
    rule.byDay.map(({ weekday, ordinal }) => `${ordinal === 0 ? '' : ordinal}${WEEKDAYS[weekday]!}`),
  );
  list('BYHOUR', rule.byHour);
  list('BYMINUTE', rule.byMinute);
  list('BYSECOND', rule.bySecond);
  list('BYSETPOS', rule.bySetPosition);
  if (rule.scale !== GREGORIAN || rule.skip !== 'OMIT') {
    parts.push(`RSCALE=${rule.scale}`);
  }
  if (rule.skip !== 'OMIT') {
    parts.push(`SKIP=${rule.skip}`);
  }
  if (rule.weekStart !== 0) {
    parts.push(`WKST=${WEEKDAYS[rule.weekStart]!}`);
  }
  return parts.join(';');
}

/** At most the first characters of a value from outside, for messages. */
function shown(value: string): string {
  return value.length > 40 ? `${value.slice(0, 40)}…` : value;
}

function readParts(text: string): Map<string, string> {
  const parts = new Map<string, string>();
  for (const part of text.toUpperCase().split(';')) {
    const trimmed = part.trim();
    const equals = trimmed.indexOf('=');
    if (trimmed === '' || trimmed.startsWith('X-')) {
      continue;
    }
    const name = trimmed.slice(0, Math.max(equals, 0)).trim();
    if (!PARTS.has(name)) {
      throw invalid(`the part ${shown(trimmed)} is unknown`);
    }
    if (parts.has(name)) {
      throw invalid(`${name} occurs twice`);
    }
    parts.set(name, trimmed.slice(equals + 1).trim());
  }
  return parts;
}

/** RFC 7529 §4.1. A calendar that is not known would yield dates that nobody meant, so it is refused. */
function readScale(parts: ReadonlyMap<string, string>, frequency: Frequency): { scale: string; skip: Skip } {
  const scale = parts.get('RSCALE') ?? GREGORIAN;
  if (!RECURRENCE_SCALES.includes(scale)) {
    throw new DomainError('unsupported-recurrence-scale', `Recurrence rule: RSCALE=${shown(scale)} is not supported`);
  }
  const skip = SKIPS.find((known) => known === (parts.get('SKIP') ?? 'OMIT'));
  if (skip === undefined) {
    throw invalid(`SKIP=${shown(parts.get('SKIP')!)} is unknown`);
  }
  if (skip !== 'OMIT' && !parts.has('RSCALE')) {
    throw invalid('SKIP needs RSCALE');
  }
  const hourly = frequency === 'HOURLY' || frequency === 'MINUTELY' || frequency === 'SECONDLY';
  if (scale !== GREGORIAN && hourly) {
    throw new DomainError('unsupported-recurrence-scale', `Recurrence rule: RSCALE with FREQ=${frequency}`);
  }
  return { scale, skip };
}

/** The calendar that everything but RSCALE is about. */
export const GREGORIAN = 'GREGORIAN';

/** Whether a rule needs more than the arithmetic of the Gregorian calendar. */
export function isScaled({ scale, skip, frequency }: RecurrenceRule): boolean {
  return scale !== GREGORIAN || (skip !== 'OMIT' && (frequency === 'YEARLY' || frequency === 'MONTHLY'));
}

/** BYMONTH: `5L` is the leap month after the fifth (RFC 7529 §4.2). */
function readMonths(text: string | undefined, scale: string): number[] {
  if (scale === GREGORIAN) return readNumbers('BYMONTH', text, 1, 12, false);
  const values = new Set<number>();
  for (const item of text?.split(',') ?? []) {
    const match = /^\s*\+?(\d{1,2})(L?)\s*$/.exec(item);
    const number = Number(match?.[1] ?? 0);
    if (number < 1 || number > 13) throw invalid(`BYMONTH may not hold ${shown(item) || 'an empty value'}`);
    values.add(number + (match?.[2] === 'L' ? 0.5 : 0));
  }
  return [...values].sort((a, b) => a - b);
}

function readNumber(name: string, text: string): number {
  if (!/^\+?\d+$/.test(text)) {
    throw invalid(`${name}=${shown(text)} is not a number`);
  }
  return Number(text);
}

function readNumbers(name: string, text: string | undefined, low: number, high: number, signed: boolean): number[] {
  if (text === undefined) {
    return [];
  }
  const values = new Set<number>();
  for (const item of text.split(',')) {
    const trimmed = item.trim();
    const value = /^[+-]?\d{1,3}$/.test(trimmed) ? Number(trimmed) : Number.NaN;
    const magnitude = signed ? Math.abs(value) : value;
    if (!(magnitude >= low && magnitude <= high)) {
      throw invalid(`${name} may not hold ${shown(trimmed) || 'an empty value'}`);
    }
    // Adding zero turns minus zero into zero.
    values.add(value + 0);
  }
  return [...values].sort((a, b) => a - b);
}

function readWeekday(text: string): number {
  const weekday = WEEKDAYS.indexOf(text);
  if (weekday < 0) {
    throw invalid(`${shown(text) || 'an empty value'} is not a weekday`);
  }
  return weekday;
}

function readWeekdays(text: string | undefined): WeekdayNumber[] {
  const values = new Map<number, WeekdayNumber>();
  for (const item of text?.split(',') ?? []) {
    const match = /^([+-]?\d{1,2})?\s*([A-Z]*)$/.exec(item.trim());
    if (!match) {
      throw invalid(`BYDAY may not hold ${shown(item)}`);
    }
    const weekday = readWeekday(match[2]!);
    const ordinal = match[1] === undefined ? 0 : Number(match[1]);
    if (match[1] !== undefined && (ordinal === 0 || Math.abs(ordinal) > 53)) {
      throw invalid(`BYDAY may not hold ${shown(item)}`);
    }
    values.set(weekday * 128 + ordinal, { weekday, ordinal });
  }
  return [...values.entries()].sort(([a], [b]) => a - b).map(([, value]) => value);
}

function readUntil(text: string): DateTime {
  const match = UNTIL.exec(text);
  const [year, month, day, hour, minute, second] = (match ?? []).slice(1, 7).map((digits) => Number(digits ?? 0));
  const inRange =
    match !== null && year! >= 1 && month! >= 1 && month! <= 12 && day! >= 1 && day! <= daysInMonth(year!, month!);
  if (!inRange || hour! > 23 || minute! > 59 || second! > 60) {
    throw invalid(`UNTIL=${shown(text)} is not a date or date-time`);
  }
  // A leap second is read as the second before it (RFC 5545 §3.3.12).
  const time = hour! * HOUR + minute! * MINUTE + Math.min(second!, 59) * SECOND;
  return {
    local: daysFromCivil(year!, month!, day!) * DAY + time,
    zone: match![7] === 'Z' ? UTC : null,
    isDate: match![4] === undefined,
  };
}

/** The combinations that RFC 5545 §3.3.10 forbids: what they would mean, nobody agrees on. */
function refuseCombinations(rule: RecurrenceRule): void {
  const { frequency } = rule;
  const numbered = rule.byDay.some(({ ordinal }) => ordinal !== 0);
  if (numbered && frequency !== 'MONTHLY' && frequency !== 'YEARLY') {
    throw invalid(`BYDAY with a number needs FREQ=MONTHLY or YEARLY, not ${frequency}`);
  }
  if (numbered && rule.byWeekNumber.length > 0) {
    throw invalid('BYDAY with a number and BYWEEKNO exclude each other');
  }
  if (rule.byMonthDay.length > 0 && frequency === 'WEEKLY') {
    throw invalid('BYMONTHDAY may not be used with FREQ=WEEKLY');
  }
  if (rule.byYearDay.length > 0 && (frequency === 'DAILY' || frequency === 'WEEKLY' || frequency === 'MONTHLY')) {
    throw invalid(`BYYEARDAY may not be used with FREQ=${frequency}`);
  }
  if (rule.byWeekNumber.length > 0 && frequency !== 'YEARLY') {
    throw invalid(`BYWEEKNO needs FREQ=YEARLY, not ${frequency}`);
  }
  const other = [
    rule.bySecond,
    rule.byMinute,
    rule.byHour,
    rule.byDay,
    rule.byMonthDay,
    rule.byYearDay,
    rule.byWeekNumber,
    rule.byMonth,
  ].some((list) => list.length > 0);
  if (rule.bySetPosition.length > 0 && !other) {
    throw invalid('BYSETPOS needs another BY part');
  }
}
