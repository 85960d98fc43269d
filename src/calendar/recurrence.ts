/**
 * What a calendar component with its overrides amounts to: occurrences within a range, and outer bounds.
 * RFC 5545 §3.8.4.4 (RECURRENCE-ID), §3.2.13 (RANGE), §3.8.5 (RRULE, RDATE, EXDATE), RFC 4791 §9.9 (overlap).
 * Pure: no clock, no parser, no store. Every call is bounded by the budget it is given.
 * Elsewhere: the text of a rule (recurrence-rule.ts), the dates one rule yields (recurrence-iterator.ts).
 */

import type { DateTime, Duration, TimeZone } from './date-time.ts';
import type { RecurrenceRule } from './recurrence-rule.ts';

/** Work an expansion may do: one step per period looked at and per instance made. The engine counts it down. */
export interface Budget {
  steps: number;
}

/** Steps of one ordinary call; about 20 ms. */
export const DEFAULT_STEPS = 200_000;

/** A value of RDATE: a start alone, or a PERIOD with its own end or duration. */
export interface RecurrenceDate {
  readonly start: DateTime;
  readonly end?: DateTime;
  readonly duration?: Duration;
}

/** The recurrence set of the main component. A component that does not recur has empty lists. */
export interface RecurrenceSet {
  /** DTSTART: always the first instance, whether or not it matches a rule. */
  readonly start: DateTime;
  readonly rules: readonly RecurrenceRule[];
  readonly dates: readonly RecurrenceDate[];
  /** EXRULE: gone since RFC 5545, still found in data. */
  readonly exceptionRules: readonly RecurrenceRule[];
  /** EXDATE; a DATE takes away every instance of that day. */
  readonly exceptions: readonly DateTime[];
}

/** A component with RECURRENCE-ID. */
export interface Override {
  readonly recurrenceId: DateTime;
  /** RANGE=THISANDFUTURE: later instances move by the same difference and take this duration. */
  readonly thisAndFuture: boolean;
  readonly start: DateTime;
  readonly duration: Duration;
  /** Given back in Occurrence.key. */
  readonly key: number;
}

export interface RecurringItem {
  /** null when the object holds only overrides. */
  readonly set: RecurrenceSet | null;
  /** Duration of the main component. */
  readonly duration: Duration;
  /** Given back in Occurrence.key for instances of the main component. */
  readonly key: number;
  readonly overrides: readonly Override[];
}

/** Instants in milliseconds; from inclusive, until exclusive. */
export interface TimeRange {
  readonly from: number;
  readonly until: number;
}

export interface Occurrence {
  /** Instants. With `floatingZone` UTC, those of a floating occurrence are local times written as UTC. */
  readonly start: number;
  readonly end: number;
  /** The start has no zone (a DATE, or a DATE-TIME without TZID and Z). */
  readonly floating: boolean;
  readonly isDate: boolean;
  /** The original start, in the zone of DTSTART (of RECURRENCE-ID where there is no main component). */
  readonly recurrenceId: DateTime;
  /** The key of the component it comes from. */
  readonly key: number;
}

export interface Expansion {
  /** Ascending by start. */
  readonly occurrences: Occurrence[];
  /** False when the budget ran out: occurrences may be missing. */
  readonly complete: boolean;
}

/** Where an item lies; pass UTC as floatingZone for local times of floating items. */
export interface ItemBounds {
  readonly firstStart: number;
  /** null: endless, or too costly to know. Never earlier than the true last end. */
  readonly lastEnd: number | null;
}

/** Whether a main component yields more than its DTSTART can say by itself. */
export function recurs(set: RecurrenceSet): boolean {
  return set.rules.length > 0 || set.dates.length > 0;
}

/**
 * The occurrences that overlap a range (RFC 4791 §9.9): those that began before it and last into it, and those
 * without length that start within it.
 * @param floatingZone the zone floating times and dates are read in; UTC gives local times (see Occurrence)
 */
export function expand(
  _item: RecurringItem,
  _range: TimeRange,
  _floatingZone: TimeZone,
  _budget: Budget = { steps: DEFAULT_STEPS },
): Expansion {
  return { occurrences: [], complete: false };
}

/** First start and last end of all occurrences, without walking endless rules. */
export function bounds(
  _item: RecurringItem,
  _floatingZone: TimeZone,
  _budget: Budget = { steps: DEFAULT_STEPS },
): ItemBounds {
  return { firstStart: 0, lastEnd: null };
}
