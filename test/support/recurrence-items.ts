/** Short ways to write recurring components and read occurrences in tests; times as 2025-03-30T02:30. */

import { type DateTime, type Duration, HOUR, type TimeZone, UTC } from '../../src/calendar/date-time.ts';
import { type Budget, expand, type RecurrenceSet, type RecurringItem } from '../../src/calendar/recurrence.ts';
import { parseRecurrenceRule } from '../../src/calendar/recurrence-rule.ts';
import { findTimeZone } from '../../src/calendar/time-zones.ts';

/** A local time as milliseconds: 2025-03-30, or with T02:30 or T02:30:15. */
export function local(text: string): number {
  return Date.parse(text.length === 10 ? `${text}T00:00:00Z` : `${text}Z`);
}

/** `2025-03-30` a DATE, `…T02:30` floating, `…T02:30Z` UTC, `…T02:30 Europe/Berlin` zoned. */
export function at(text: string): DateTime {
  const [time, name] = text.split(' ') as [string, string | undefined];
  if (name) {
    return { local: local(time), zone: zoneOf(name), isDate: false };
  }
  return time.endsWith('Z')
    ? { local: local(time.slice(0, -1)), zone: UTC, isDate: false }
    : { local: local(time), zone: null, isDate: time.length === 10 };
}

export function zoneOf(name: string): TimeZone {
  const zone = findTimeZone(name);
  if (!zone) {
    throw new Error(`no zone ${name}`);
  }
  return zone;
}

export const hours = (count: number): Duration => ({ days: 0, milliseconds: count * HOUR });
export const days = (count: number): Duration => ({ days: count, milliseconds: 0 });

/** A main component with key 0 that lasts an hour (a DATE: a day), with whatever else is given. */
export function item(
  start: string,
  rules: string[],
  more: Partial<Omit<RecurrenceSet, 'rules' | 'start'>> & Partial<Omit<RecurringItem, 'set'>> = {},
): RecurringItem {
  const dateTime = at(start);
  return {
    set: {
      start: dateTime,
      rules: rules.map(parseRecurrenceRule),
      dates: more.dates ?? [],
      exceptionRules: more.exceptionRules ?? [],
      exceptions: more.exceptions ?? [],
    },
    duration: more.duration ?? (dateTime.isDate ? days(1) : hours(1)),
    key: 0,
    overrides: more.overrides ?? [],
  };
}

/** An instant as UTC text without trailing zeros: 2025-03-30T02:30. */
export function text(instant: number): string {
  return new Date(instant).toISOString().replace(/(:00)?\.000Z$/, '');
}

/** Starts in a range as UTC text; throws where the budget ran out. */
export function starts(
  what: RecurringItem,
  from: string,
  until: string,
  floatingZone: TimeZone = UTC,
  budget: Budget = { steps: 1_000_000 },
): string[] {
  const expansion = expand(what, { from: local(from), until: local(until) }, floatingZone, budget);
  if (!expansion.complete) {
    throw new Error('the budget ran out');
  }
  return expansion.occurrences.map(({ start }) => text(start));
}
