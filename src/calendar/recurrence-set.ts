/**
 * The recurrence set of one component: DTSTART, the rules and RDATE, without EXRULE and EXDATE.
 * RFC 5545 §3.8.5, §3.8.2.4 (DTSTART is the first instance), §3.3.5 (times that do not exist or occur twice).
 * Instances are told apart by a key: the instant where DTSTART has a zone, else the local time.
 * Elsewhere: one rule by itself (recurrence-iterator.ts); overrides, durations and ranges (recurrence.ts).
 */

import { DAY, type DateTime, type Duration, HOUR, type TimeZone } from './date-time.ts';
import { END, LAST_LOCAL, RuleIterator } from './recurrence-iterator.ts';
import type { Budget } from './recurrence-periods.ts';
import type { RecurrenceRule } from './recurrence-rule.ts';

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

/** One member of a set: its key, its local time as the rule or the property says it, and its RDATE. */
export interface Instance {
  readonly key: number;
  readonly local: number;
  readonly date: RecurrenceDate | null;
}

/** Clocks go back or forth by at most a day (the date line), and zones are up to 26 hours apart. */
export const SLACK = 2 * DAY;

/** Puts values that name an instance (EXDATE, RDATE, RECURRENCE-ID) into the terms of the DTSTART they belong to. */
export class InstanceKeys {
  readonly zone: TimeZone | null;
  readonly isDate: boolean;

  constructor(start: DateTime) {
    this.zone = start.zone;
    this.isDate = start.isDate;
  }

  /** The local time of a value in the zone of DTSTART; a value without zone is read there. */
  localOf(value: DateTime): number {
    const local =
      this.zone === null || value.zone === null || value.zone === this.zone
        ? value.local
        : this.#moved(value, this.zone);
    return this.isDate ? Math.floor(local / DAY) * DAY : local;
  }

  /** The key of a value. A DATE beside a DTSTART with a time names no instance but a day: see `isDay`. */
  keyOf(value: DateTime): number {
    if (this.zone && value.zone) {
      return value.zone.toInstant(value.local);
    }
    return this.keyOfLocal(this.localOf(value));
  }

  keyOfLocal(local: number): number {
    return this.zone ? this.zone.toInstant(local) : local;
  }

  isDay(value: DateTime): boolean {
    return value.isDate && !this.isDate;
  }

  #moved(value: DateTime, zone: TimeZone): number {
    const instant = value.zone!.toInstant(value.local);
    return instant + zone.offsetAt(instant);
  }
}

/** What does not depend on the range asked about, kept as long as the set itself. */
interface PreparedSet {
  readonly keys: InstanceKeys;
  readonly first: Instance;
  /** RDATE, ascending by key. */
  readonly dates: readonly Instance[];
  readonly exceptionKeys: ReadonlySet<number>;
  /** Local midnights of EXDATE;VALUE=DATE. */
  readonly exceptionDays: ReadonlySet<number>;
}

const preparedSets = new WeakMap<RecurrenceSet, PreparedSet>();

function prepare(set: RecurrenceSet): PreparedSet {
  let prepared = preparedSets.get(set);
  if (!prepared) {
    const keys = new InstanceKeys(set.start);
    const exceptionDays = new Set<number>();
    const exceptionKeys = new Set<number>();
    for (const value of set.exceptions) {
      if (keys.isDay(value)) {
        exceptionDays.add(value.local);
      } else {
        exceptionKeys.add(keys.keyOf(value));
      }
    }
    const dates = set.dates.map((date): Instance => {
      const local = keys.localOf(date.start);
      return { key: keys.keyOf(date.start), local, date };
    });
    sortedByKey(dates);
    const first = { key: keys.keyOfLocal(set.start.local), local: set.start.local, date: null };
    prepared = { keys, first, dates, exceptionKeys, exceptionDays };
    preparedSets.set(set, prepared);
  }
  return prepared;
}

/** The inclusive local limit a rule sets itself, and the exact instant where UNTIL names one. */
function limitOf(rule: RecurrenceRule, start: DateTime): { local: number; instant: number } {
  const { until } = rule;
  if (!until) {
    return { local: LAST_LOCAL, instant: END };
  }
  if (until.isDate || start.isDate) {
    // A day as a whole, also beside a DTSTART with a time, where RFC 5545 §3.3.10 asks for a time.
    return { local: Math.floor(until.local / DAY) * DAY + DAY - 1, instant: END };
  }
  if (until.zone && start.zone) {
    const instant = until.zone.toInstant(until.local);
    const local = instant + start.zone.offsetAt(instant);
    // The second time of a repeated hour is past everything that hour holds; then the instant decides alone.
    return { local: start.zone.toInstant(local) === instant ? local : local + DAY, instant };
  }
  return { local: until.local, instant: END };
}

/** Appends the instances of one rule from one local time to another, both inclusive; false when the budget ran out. */
function addRuleInstances(
  rule: RecurrenceRule,
  start: DateTime,
  keys: InstanceKeys,
  from: number,
  to: number,
  countsStart: boolean,
  budget: Budget,
  instances: Instance[],
): boolean {
  const limit = limitOf(rule, start);
  const iterator = new RuleIterator(rule, start.local, start.isDate, Math.min(limit.local, to), countsStart, budget);
  iterator.seek(from);
  for (let local = iterator.next(); local !== END; local = iterator.next()) {
    const key = keys.keyOfLocal(local);
    if (key <= limit.instant) {
      instances.push({ key, local, date: null });
    }
  }
  return !iterator.exhausted;
}

/**
 * The members of a set with local times from `from` to `to`, ascending by key and without duplicates.
 * @param from local; for RDATE `datesFrom`, as these may last longer than the rest
 * @returns false in `complete` when the budget ran out
 */
export function instancesBetween(
  set: RecurrenceSet,
  from: number,
  datesFrom: number,
  to: number,
  budget: Budget,
): { instances: Instance[]; complete: boolean } {
  const { keys, first, dates, exceptionKeys, exceptionDays } = prepare(set);
  const instances: Instance[] = [];
  let complete = true;
  for (const date of dates) {
    if (date.local >= datesFrom && date.local <= to) {
      instances.push(date);
    }
  }
  if (first.local >= from && first.local <= to) {
    instances.push(first);
  }
  for (const rule of set.rules) {
    complete = addRuleInstances(rule, set.start, keys, from, to, true, budget, instances) && complete;
  }
  // RFC 5545 §3.8.5.3: where rules and dates agree, only one instance counts. One with a PERIOD says more.
  const sorted = sortedByKey(instances);
  const excluded = new Set<number>();
  for (const rule of set.exceptionRules) {
    const away: Instance[] = [];
    const lowest = Math.min(from, datesFrom);
    complete = addRuleInstances(rule, set.start, keys, lowest, to, false, budget, away) && complete;
    for (const instance of away) {
      excluded.add(instance.key);
    }
  }
  const members: Instance[] = [];
  const excludes = exceptionKeys.size > 0 || exceptionDays.size > 0 || excluded.size > 0;
  let previousKey = Number.NaN;
  for (const instance of sorted) {
    const { key, local, date } = instance;
    if (excludes && (exceptionKeys.has(key) || excluded.has(key) || exceptionDays.has(Math.floor(local / DAY) * DAY))) {
      continue;
    }
    if (key !== previousKey) {
      members.push(instance);
      previousKey = key;
    } else if (date?.end || date?.duration) {
      members[members.length - 1] = instance;
    }
  }
  return { instances: members, complete };
}

/** One rule alone is in order already, but for the hour that a clock skips. */
function sortedByKey(instances: Instance[]): Instance[] {
  for (let index = 1; index < instances.length; index += 1) {
    if (instances[index]!.key < instances[index - 1]!.key) {
      return instances.sort((a, b) => a.key - b.key);
    }
  }
  return instances;
}

/** The first instance and the RDATEs of a set, whatever EXDATE says. */
export function listedInstances(set: RecurrenceSet): { first: Instance; dates: readonly Instance[] } {
  const { first, dates } = prepare(set);
  return { first, dates };
}

/**
 * The key after which no rule of a set yields anything; null when a rule is endless or the budget does not suffice to
 * know. Ignores EXDATE and EXRULE.
 */
export function lastRuleKey(set: RecurrenceSet, budget: Budget): number | null {
  const { keys, first } = prepare(set);
  let last = first.key;
  for (const rule of set.rules) {
    const limit = limitOf(rule, set.start);
    const local = new RuleIterator(rule, set.start.local, set.start.isDate, limit.local, true, budget).lastInstance();
    if (local === END) {
      return null;
    }
    if (local !== null) {
      const key = keys.keyOfLocal(local);
      // After an hour that the clock skipped, an earlier local time may be a later instant.
      const isAfterGap = key - keys.keyOfLocal(local - HOUR) < HOUR;
      last = Math.max(last, Math.min(isAfterGap ? key + HOUR : key, limit.instant));
    }
  }
  return last;
}
