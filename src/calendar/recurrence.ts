/**
 * What a calendar component with its overrides amounts to: occurrences within a range, and outer bounds.
 * RFC 5545 §3.8.4.4 (RECURRENCE-ID), §3.2.13 (RANGE), §3.8.5 (RRULE, RDATE, EXDATE), RFC 4791 §9.9 (overlap).
 * Pure: no clock, no parser, no store. Every call is bounded by the budget it is given.
 * Elsewhere: the text of a rule (recurrence-rule.ts), the set of the main component (recurrence-set.ts).
 */

import { DAY, type DateTime, type Duration, endOf, instantOf, type TimeZone, UTC } from './date-time.ts';
import { LAST_LOCAL } from './recurrence-iterator.ts';
import type { Budget } from './recurrence-periods.ts';
import {
  type Instance,
  InstanceKeys,
  instancesBetween,
  lastRuleKey,
  listedInstances,
  type RecurrenceSet,
  SLACK,
} from './recurrence-set.ts';

export type { Budget } from './recurrence-periods.ts';
export type { RecurrenceDate, RecurrenceSet } from './recurrence-set.ts';

/**
 * Steps of one ordinary call: 37,500 instances, or a walk over 150,000 periods; some 20 ms, and never more than 50. An
 * event that happens each hour fits in with the four years that are indexed.
 */
export const DEFAULT_STEPS = 150_000;

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

/** Whether a main component has more than its DTSTART. */
export function recurs(set: RecurrenceSet): boolean {
  return set.rules.length > 0 || set.dates.length > 0;
}

/** Instances from one key on that move and last like a THISANDFUTURE override; the first stretch is as DTSTART says. */
interface Stretch {
  readonly fromKey: number;
  readonly untilKey: number;
  readonly duration: Duration;
  readonly key: number;
  /** null in the first stretch. */
  readonly shift: { readonly start: DateTime; readonly difference: number } | null;
}

/** What does not depend on the range asked about, kept as long as the item itself. */
interface PreparedItem {
  readonly keys: InstanceKeys;
  /** Overrides, one for each instance: of two for the same one the later in the object counts. */
  readonly overrides: readonly { readonly override: Override; readonly recurrenceId: DateTime }[];
  readonly overriddenKeys: ReadonlySet<number>;
  /** Days named by RECURRENCE-ID;VALUE=DATE although DTSTART has a time. */
  readonly overriddenDays: ReadonlySet<number>;
  readonly stretches: readonly Stretch[];
  /** The longest time an RDATE period of the set lasts. */
  readonly longestPeriod: number;
}

const preparedItems = new WeakMap<RecurringItem, PreparedItem>();

/** Milliseconds a duration can last at most, a clock change included. */
function atMost(duration: Duration): number {
  return Math.max(0, duration.days * DAY + duration.milliseconds) + (duration.days === 0 ? 0 : DAY);
}

function prepare(item: RecurringItem): PreparedItem {
  let prepared = preparedItems.get(item);
  if (!prepared) {
    prepared = prepareItem(item);
    preparedItems.set(item, prepared);
  }
  return prepared;
}

function prepareItem(item: RecurringItem): PreparedItem {
  const keys = new InstanceKeys(
    item.set?.start ?? item.overrides[0]?.recurrenceId ?? { zone: null, isDate: false, local: 0 },
  );
  const byKey = new Map<number, Override>();
  const overriddenDays = new Set<number>();
  for (const override of item.overrides) {
    const key = keys.keyOf(override.recurrenceId);
    if (keys.isDay(override.recurrenceId)) {
      overriddenDays.add(override.recurrenceId.local);
    }
    byKey.set(key, override);
  }
  const overrides = [...byKey.values()].map((override) => ({
    override,
    recurrenceId: { local: keys.localOf(override.recurrenceId), zone: keys.zone, isDate: keys.isDate },
  }));
  let longestPeriod = 0;
  for (const { start, end, duration } of item.set?.dates ?? []) {
    const length = end ? (end.zone ?? UTC).toInstant(end.local) - (start.zone ?? UTC).toInstant(start.local) : 0;
    longestPeriod = Math.max(longestPeriod, length, duration ? atMost(duration) : 0);
  }
  return {
    keys,
    overrides,
    overriddenKeys: new Set(byKey.keys()),
    overriddenDays,
    stretches: stretchesOf(item, keys, byKey),
    longestPeriod,
  };
}

function stretchesOf(item: RecurringItem, keys: InstanceKeys, byKey: ReadonlyMap<number, Override>): Stretch[] {
  if (!item.set) {
    return [];
  }
  const turns = [...byKey].filter(([, override]) => override.thisAndFuture).sort(([a], [b]) => a - b);
  const stretches: Stretch[] = [];
  let { duration, key } = item;
  let fromKey = Number.NEGATIVE_INFINITY;
  let shift: Stretch['shift'] = null;
  for (const [turn, override] of turns) {
    stretches.push({ fromKey, untilKey: turn, duration, key, shift });
    // RFC 5545 §3.2.13: by the same difference. Between what clocks on the wall show, so that a series that moves to
    // another zone keeps its time there.
    shift = { start: override.start, difference: override.start.local - keys.localOf(override.recurrenceId) };
    ({ duration, key } = override);
    fromKey = turn;
  }
  stretches.push({ fromKey, untilKey: Number.POSITIVE_INFINITY, duration, key, shift });
  return stretches;
}

/**
 * The occurrences that overlap a range (RFC 4791 §9.9): those that began before it and last into it, and those
 * without length that start within it. Overrides count even where no rule yields the instance they replace.
 * @param floatingZone the zone floating times and dates are read in; UTC gives local times (see Occurrence)
 */
export function expand(
  item: RecurringItem,
  range: TimeRange,
  floatingZone: TimeZone,
  budget: Budget = { steps: DEFAULT_STEPS },
): Expansion {
  const { keys, overrides, stretches } = prepare(item);
  const occurrences: Occurrence[] = [];
  // Nothing starts after the year 9999, and arithmetic on an endless range would yield no numbers.
  const within = { from: Math.max(range.from, -LAST_LOCAL), until: Math.min(range.until, LAST_LOCAL + SLACK) };
  const add = (start: DateTime, begin: number, end: number, recurrenceId: DateTime, key: number): void => {
    if (end > begin ? begin < range.until && end > range.from : begin >= range.from && begin < range.until) {
      const floating = start.zone === null;
      occurrences.push({ start: begin, end, floating, isDate: start.isDate, recurrenceId, key });
    }
  };
  let complete = true;
  for (const stretch of item.set ? stretches : []) {
    complete = expandStretch(item, item.set!, stretch, within, floatingZone, budget, add) && complete;
  }
  for (const { override, recurrenceId } of overrides) {
    const { start, duration, key } = override;
    add(start, instantOf(start, floatingZone), endOf(start, duration, floatingZone), recurrenceId, key);
  }
  if (overrides.length > 0 || keys.zone === null) {
    occurrences.sort((a, b) => a.start - b.start);
  }
  return { occurrences, complete };
}

type Add = (start: DateTime, begin: number, end: number, recurrenceId: DateTime, key: number) => void;

function expandStretch(
  item: RecurringItem,
  set: RecurrenceSet,
  stretch: Stretch,
  range: TimeRange,
  floatingZone: TimeZone,
  budget: Budget,
  add: Add,
): boolean {
  const { keys, overriddenKeys, overriddenDays, longestPeriod } = prepare(item);
  const { shift, duration } = stretch;
  const difference = shift?.difference ?? 0;
  const longest = atMost(duration);
  const zone = keys.zone ?? floatingZone;
  // Stretches begin and end at keys, which are at most SLACK away from the local times they stand for.
  const lowest = stretch.fromKey - SLACK;
  const earliest = localBefore(range.from, zone) - difference - (shift ? SLACK : 0);
  const from = Math.max(earliest - longest, lowest);
  const datesFrom = Math.max(earliest - Math.max(longest, longestPeriod), lowest);
  const to = Math.min(localAfter(range.until, zone) - difference + (shift ? SLACK : 0), stretch.untilKey + SLACK);
  if (Math.min(from, datesFrom) > to) {
    return true;
  }
  const { instances, complete } = instancesBetween(set, from, datesFrom, to, budget);
  for (const { key, local, date } of instances) {
    if (
      key < stretch.fromKey ||
      key >= stretch.untilKey ||
      overriddenKeys.has(key) ||
      (overriddenDays.size > 0 && overriddenDays.has(Math.floor(local / DAY) * DAY))
    ) {
      continue;
    }
    const recurrenceId: DateTime = { local, zone: keys.zone, isDate: keys.isDate };
    let start = recurrenceId;
    if (shift) {
      start = { ...shift.start, local: local + shift.difference };
    }
    const begin = !shift && keys.zone ? key : (start.zone ?? floatingZone).toInstant(start.local);
    add(start, begin, endOfInstance(start, begin, duration, date, zone), recurrenceId, stretch.key);
  }
  return complete;
}

/** A local time before which nothing is at or after an instant. Near a change of the clock it is a day off. */
function localBefore(instant: number, zone: TimeZone): number {
  const offset = zone.offsetAt(instant);
  return instant + offset - (zone.offsetAt(instant - DAY) === offset ? 0 : DAY);
}

/** A local time after which nothing is before an instant. Near a change of the clock it is a day off. */
function localAfter(instant: number, zone: TimeZone): number {
  const offset = zone.offsetAt(instant);
  return instant + offset + (zone.offsetAt(instant - DAY) === offset ? 0 : DAY);
}

function endOfInstance(
  start: DateTime,
  begin: number,
  duration: Duration,
  date: Instance['date'],
  zone: TimeZone,
): number {
  if (date?.end) {
    return Math.max(begin, begin + instantOf(date.end, zone) - instantOf(date.start, zone));
  }
  const own = date?.duration ?? duration;
  return own.days === 0 ? begin + Math.max(0, own.milliseconds) : endOf(start, own, zone);
}

/**
 * First start and last end of all occurrences, without walking endless rules. EXDATE and EXRULE are not considered, so
 * the true bounds may be narrower, never wider.
 * @param floatingZone as for expand
 */
export function bounds(
  item: RecurringItem,
  floatingZone: TimeZone,
  budget: Budget = { steps: DEFAULT_STEPS },
): ItemBounds {
  const { overrides, stretches, keys } = prepare(item);
  let firstStart = Number.POSITIVE_INFINITY;
  let lastEnd = Number.NEGATIVE_INFINITY;
  for (const { override } of overrides) {
    firstStart = Math.min(firstStart, instantOf(override.start, floatingZone));
    lastEnd = Math.max(lastEnd, endOf(override.start, override.duration, floatingZone));
  }
  if (!item.set) {
    return { firstStart, lastEnd };
  }
  const zone = keys.zone ?? floatingZone;
  const instant = (key: number): number => (keys.zone ? key : zone.toInstant(key));
  const { first, dates } = listedInstances(item.set);
  firstStart = Math.min(firstStart, instant(first.key), instant(dates[0]?.key ?? first.key));
  const lastKey = lastRuleKey(item.set, budget);
  if (lastKey === null) {
    return { firstStart, lastEnd: null };
  }
  // A stretch that begins before the last instance may move and lengthen it.
  for (const { fromKey, shift, duration } of stretches) {
    const last = Math.max(lastKey, dates.at(-1)?.key ?? lastKey);
    if (fromKey > last) {
      continue;
    }
    if (!shift && stretches.length === 1) {
      const start = localOfKey(item.set.start, lastKey);
      lastEnd = Math.max(lastEnd, endOf(start, duration, floatingZone));
    } else {
      lastEnd = Math.max(
        lastEnd,
        instant(last) + Math.max(0, shift?.difference ?? 0) + atMost(duration) + (shift ? DAY : 0),
      );
    }
    for (const { key, date } of dates) {
      const start = localOfKey(item.set.start, key);
      lastEnd = Math.max(
        lastEnd,
        endOfInstance(start, instant(key), duration, date, zone) + Math.max(0, shift?.difference ?? 0),
      );
    }
  }
  return { firstStart, lastEnd };
}

function localOfKey(start: DateTime, key: number): DateTime {
  return { ...start, local: start.zone ? key + start.zone.offsetAt(key) : key };
}
