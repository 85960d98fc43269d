/**
 * Recurrence rules: the text of RRULE and EXRULE, read and printed.
 * RFC 5545 §3.3.10 (RECUR), RFC 7529 §4 (RSCALE: only GREGORIAN).
 * Text in, a frozen description out; refusals are DomainError('invalid-data') with a sentence for people.
 * Elsewhere: which dates a rule yields (recurrence-iterator.ts), sets and overrides (recurrence.ts).
 */

import { DomainError } from '../errors.ts';
import type { DateTime } from './date-time.ts';

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
  readonly byMonth: readonly number[];
  readonly bySetPosition: readonly number[];
  /** Monday = 0 to Sunday = 6. */
  readonly weekStart: number;
}

/**
 * Reads a RECUR value.
 * @throws DomainError invalid-data when it is outside the grammar (RFC 5545 §3.3.10)
 */
export function parseRecurrenceRule(text: string): RecurrenceRule {
  throw new DomainError('invalid-data', `Recurrence rules are not read yet: ${text}`);
}

/** Prints a rule, FREQ first (RFC 5545 §3.3.10); the inverse of parseRecurrenceRule up to order and X- parts. */
export function printRecurrenceRule(rule: RecurrenceRule): string {
  return `FREQ=${rule.frequency}`;
}
