/**
 * The dates one recurrence rule yields, in order, with a jump to any of them.
 * RFC 5545 §3.3.10: FREQ, INTERVAL, BYHOUR, BYMINUTE, BYSECOND, BYSETPOS, COUNT and UNTIL.
 * Works on local times (milliseconds written as UTC) and knows no zones. The rule is cut into periods of FREQ; a period
 * holds bases (days, hours ...) times offsets (times within them), so that the n-th instance of a period is computed
 * and never looked for. Each period looked at and each instance handed out costs steps of the budget.
 * Elsewhere: days of a period (recurrence-days.ts); DTSTART, RDATE, EXDATE and zones (recurrence-set.ts).
 */

import { daysFromCivil, packedFromDays, packedMonth, packedYear, weekdayOf } from './civil-date.ts';
import { DAY, HOUR, MINUTE, SECOND } from './date-time.ts';
import { DaySelector } from './recurrence-days.ts';
import type { RecurrenceRule } from './recurrence-rule.ts';

/** Work an expansion may do, counted down by the engine: a step per period looked at, and some per instance made. */
export interface Budget {
  steps: number;
}

/** No instance begins after the last second of the year 9999 (RFC 5545 §3.3.4 has four digits for the year). */
export const LAST_LOCAL = daysFromCivil(10_000, 1, 1) * DAY - SECOND;

/** An instance costs its callers as much as some three periods without one: it becomes an object and is compared. */
const INSTANCE_STEPS = 3;

/** What next() answers when there is nothing more. */
export const END = Number.POSITIVE_INFINITY;

const LEVELS = { YEARLY: 0, MONTHLY: 1, WEEKLY: 2, DAILY: 3, HOURLY: 4, MINUTELY: 5, SECONDLY: 6 };
const DAILY = 3;
const HOURLY = 4;
const MINUTELY = 5;
const SECONDLY = 6;
/** Milliseconds of a period, for frequencies whose periods are all of the same length. */
const PERIOD = [0, 0, 7 * DAY, DAY, HOUR, MINUTE, SECOND];

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

export class RuleIterator {
  readonly #rule: RecurrenceRule;
  readonly #budget: Budget;
  readonly #level: number;
  readonly #days: DaySelector;
  readonly #hours: readonly number[];
  readonly #minutes: readonly number[];
  readonly #seconds: readonly number[];
  /** Limits at and above the frequency, where that is shorter than a day: null when every value passes. */
  readonly #hourLimit: readonly number[] | null;
  readonly #minuteLimit: readonly number[] | null;
  readonly #secondLimit: readonly number[] | null;
  /** Instances per base. */
  readonly #times: number;
  readonly #last: number;
  readonly #stride: number;
  readonly #origin: number;
  /** Every period holds the same number of instances. */
  readonly #isUniform: boolean;

  #period: number;
  #bases: number[] = [];
  /** With BYSETPOS: which instances of the period count. */
  #positions: number[] | null = null;
  #total = 0;
  #cursor = 0;
  #remaining: number;
  #ended = false;
  #allowedDay = Number.NaN;
  /** The budget ran out: instances may be missing from here on. */
  exhausted = false;

  /**
   * @param start DTSTART, local
   * @param isDate DTSTART is a DATE: parts of the day are ignored (RFC 5545 §3.3.10)
   * @param last inclusive local limit, from UNTIL or from what the caller asks for
   * @param countsStart DTSTART takes the first place of COUNT even where the rule does not yield it
   */
  constructor(
    rule: RecurrenceRule,
    start: number,
    isDate: boolean,
    last: number,
    countsStart: boolean,
    budget: Budget,
  ) {
    this.#rule = rule;
    this.#budget = budget;
    this.#level = LEVELS[rule.frequency];
    this.#last = Math.min(last, LAST_LOCAL);
    const startDay = Math.floor(start / DAY);
    const timeOfDay = start - startDay * DAY;
    this.#days = new DaySelector(rule, startDay);
    // Of a rule by the hour or shorter, a DATE keeps the instances at midnight.
    const byHour = isDate ? (this.#level > DAILY ? [0] : []) : rule.byHour;
    const byMinute = isDate ? (this.#level > DAILY ? [0] : []) : rule.byMinute;
    const bySecond = isDate ? (this.#level > DAILY ? [0] : []) : withoutLeapSecond(rule.bySecond);
    this.#hours = byHour.length > 0 ? byHour : [Math.floor(timeOfDay / HOUR)];
    this.#minutes = byMinute.length > 0 ? byMinute : [Math.floor(timeOfDay / MINUTE) % 60];
    this.#seconds = bySecond.length > 0 ? bySecond : [Math.floor(timeOfDay / SECOND) % 60];
    this.#hourLimit = this.#level > DAILY && byHour.length > 0 ? byHour : null;
    this.#minuteLimit = this.#level > HOURLY && byMinute.length > 0 ? byMinute : null;
    this.#secondLimit = this.#level > MINUTELY && bySecond.length > 0 ? bySecond : null;
    this.#times =
      (this.#level > DAILY ? 1 : this.#hours.length) *
      (this.#level > HOURLY ? 1 : this.#minutes.length) *
      (this.#level > MINUTELY ? 1 : this.#seconds.length);
    this.#isUniform =
      this.#level >= 2 && this.#days.isUnlimited && !this.#hourLimit && !this.#minuteLimit && !this.#secondLimit;
    this.#stride = rule.interval * (this.#level === 2 ? 7 : 1);
    this.#origin = this.#periodOf(start);
    this.#period = this.#origin;
    this.#remaining = rule.count ?? Number.POSITIVE_INFINITY;
    if (this.#days.isEmpty || !this.#isReachable(timeOfDay)) {
      this.#ended = true;
      return;
    }
    this.#load(this.#origin);
    this.#cursor = this.#lowerBound(start);
    if (countsStart && rule.count !== null && (this.#cursor === this.#total || this.#at(this.#cursor) !== start)) {
      this.#remaining -= 1;
    }
  }

  /** Moves on so that next() answers the first instance at or after a local time. Goes forward only. */
  seek(from: number): void {
    if (this.#ended || this.exhausted) {
      return;
    }
    if (from > this.#last) {
      this.#ended = true;
      return;
    }
    const target = this.#periodAtOrBefore(from);
    if (target > this.#period) {
      if (this.#rule.count === null) {
        this.#enter(target);
      } else if (!this.#countUpTo(target)) {
        return;
      }
    }
    const bound = Math.max(this.#cursor, this.#lowerBound(from));
    this.#remaining -= bound - this.#cursor;
    this.#cursor = bound;
  }

  /** The next instance, local, or END. */
  next(): number {
    for (;;) {
      if (this.#ended || this.exhausted || this.#remaining <= 0) {
        return END;
      }
      if (this.#cursor < this.#total) {
        const value = this.#at(this.#cursor);
        if (value > this.#last) {
          this.#ended = true;
          return END;
        }
        this.#budget.steps -= INSTANCE_STEPS;
        if (this.#budget.steps < 0) {
          this.exhausted = true;
          return END;
        }
        this.#cursor += 1;
        this.#remaining -= 1;
        return value;
      }
      if (!this.#advance()) {
        return END;
      }
    }
  }

  /**
   * The last instance, local; null when there is none, END when there is no last one before the year 10000 or the
   * budget does not suffice to know. To be asked of a fresh iterator.
   */
  lastInstance(): number | null {
    if (this.#ended || this.#remaining <= 0) {
      return null;
    }
    if (this.#rule.count !== null) {
      return this.#lastCounted();
    }
    if (this.#last >= LAST_LOCAL) {
      return END;
    }
    // From the limit backwards in growing leaps, forward from each landing to the limit.
    const start = this.#period;
    const startCursor = this.#cursor;
    const end = this.#periodAtOrBefore(this.#last);
    for (let back = 0; ; back = back * 2 + 1) {
      const from = Math.max(start, end - back * this.#stride);
      this.#enter(from);
      this.#ended = false;
      if (from === start) {
        this.#cursor = startCursor;
      }
      let found: number | null = null;
      while (!this.#ended && !this.exhausted) {
        const bound = this.#upperBound(this.#last);
        if (bound > this.#cursor) {
          found = this.#at(bound - 1);
        }
        this.#advance();
      }
      if (this.exhausted) {
        return END;
      }
      if (found !== null || from === start) {
        return found;
      }
    }
  }

  #lastCounted(): number | null {
    if (this.#isUniform) {
      const first = this.#total - this.#cursor;
      if (this.#remaining <= first) {
        return this.#notAfterEnd(this.#at(this.#cursor + this.#remaining - 1));
      }
      if (this.#total === 0) {
        return null;
      }
      const more = this.#remaining - first;
      const periods = Math.ceil(more / this.#total);
      const period = this.#origin + periods * this.#stride;
      if (this.#startOf(period) > LAST_LOCAL) {
        return END;
      }
      const place = more - (periods - 1) * this.#total - 1;
      this.#enter(period);
      return this.#notAfterEnd(this.#at(place));
    }
    let found: number | null = null;
    for (;;) {
      const available = this.#total - this.#cursor;
      if (available >= this.#remaining) {
        return this.#notAfterEnd(this.#at(this.#cursor + this.#remaining - 1));
      }
      if (available > 0) {
        found = this.#at(this.#total - 1);
        this.#remaining -= available;
      }
      if (!this.#advance()) {
        return this.exhausted ? END : found;
      }
    }
  }

  #notAfterEnd(value: number): number {
    return value > LAST_LOCAL ? END : value;
  }

  /** Goes to a later period while counting; false when COUNT is used up on the way. */
  #countUpTo(target: number): boolean {
    if (this.#isUniform) {
      const between = (target - this.#period) / this.#stride - 1;
      this.#remaining -= this.#total - this.#cursor + between * this.#total;
      if (this.#remaining > 0) {
        this.#enter(target);
      }
      return this.#remaining > 0;
    }
    while (this.#period < target) {
      this.#remaining -= this.#total - this.#cursor;
      this.#cursor = this.#total;
      if (this.#remaining <= 0 || !this.#advance()) {
        return false;
      }
    }
    return true;
  }

  #enter(period: number): void {
    this.#period = period;
    this.#load(period);
    this.#cursor = 0;
  }

  /** Loads the next period that has instances; false at the end or when the budget is used up. */
  #advance(): boolean {
    let period = this.#period + this.#stride;
    for (;;) {
      if (this.#startOf(period) > this.#last) {
        this.#ended = true;
        return false;
      }
      this.#budget.steps -= 1;
      if (this.#budget.steps < 0) {
        this.exhausted = true;
        return false;
      }
      this.#period = period;
      const candidate = this.#load(period);
      if (this.#total > 0) {
        this.#cursor = 0;
        return true;
      }
      period += this.#stride;
      if (candidate > Number.NEGATIVE_INFINITY) {
        const index = Math.ceil((this.#periodOf(candidate) - this.#origin) / this.#stride);
        period = Math.max(period, this.#origin + index * this.#stride);
      }
    }
  }

  /** Fills in the instances of a period. Where it has none, answers a local time before which none can follow. */
  #load(period: number): number {
    const bases = this.#bases;
    bases.length = 0;
    let candidate = Number.NEGATIVE_INFINITY;
    if (this.#level > DAILY) {
      candidate = this.#loadTimed(period * PERIOD[this.#level]!);
    } else if (this.#level === DAILY) {
      if (this.#days.allows(period)) {
        bases.push(period);
      } else {
        candidate = this.#days.nextCandidate(period) * DAY;
      }
    } else if (this.#level === 2) {
      this.#days.daysOfWeek(period, bases);
      if (bases.length === 0) {
        candidate = this.#days.nextCandidate(period + 6) * DAY;
      }
    } else if (this.#level === 1) {
      this.#days.daysOfMonth(Math.floor(period / 12), (period % 12) + 1, bases);
    } else {
      this.#budget.steps -= this.#days.daysOfYear(period, bases);
    }
    if (this.#level <= DAILY) {
      for (let index = 0; index < bases.length; index += 1) {
        bases[index] = bases[index]! * DAY;
      }
    }
    this.#total = bases.length * this.#times;
    this.#positions = null;
    if (this.#rule.bySetPosition.length > 0 && this.#total > 0) {
      this.#selectPositions();
    }
    return candidate;
  }

  /** An hour, minute or second: present unless a limit excludes it; then the time after which it may pass again. */
  #loadTimed(local: number): number {
    const day = Math.floor(local / DAY);
    if (day !== this.#allowedDay) {
      if (!this.#days.allows(day)) {
        return this.#days.nextCandidate(day) * DAY;
      }
      this.#allowedDay = day;
    }
    const hour = Math.floor(local / HOUR) - day * 24;
    if (this.#hourLimit && !this.#hourLimit.includes(hour)) {
      return day * DAY + (this.#hourLimit.find((later) => later > hour) ?? 24) * HOUR;
    }
    if (this.#minuteLimit) {
      const minute = Math.floor(local / MINUTE) % 60;
      const positive = minute < 0 ? minute + 60 : minute;
      if (!this.#minuteLimit.includes(positive)) {
        return Math.floor(local / HOUR) * HOUR + (this.#minuteLimit.find((later) => later > positive) ?? 60) * MINUTE;
      }
    }
    if (this.#secondLimit) {
      const second = Math.floor(local / SECOND) % 60;
      const positive = second < 0 ? second + 60 : second;
      if (!this.#secondLimit.includes(positive)) {
        const minuteStart = Math.floor(local / MINUTE) * MINUTE;
        return minuteStart + (this.#secondLimit.find((later) => later > positive) ?? 60) * SECOND;
      }
    }
    this.#bases.push(local);
    return Number.NEGATIVE_INFINITY;
  }

  /** BYSETPOS counts in the whole period, also what lies before DTSTART. */
  #selectPositions(): void {
    const size = this.#total;
    const chosen = new Set<number>();
    for (const position of this.#rule.bySetPosition) {
      const index = position > 0 ? position - 1 : size + position;
      if (index >= 0 && index < size) {
        chosen.add(index);
      }
    }
    this.#budget.steps -= this.#rule.bySetPosition.length >> 2;
    this.#positions = [...chosen].sort((a, b) => a - b);
    this.#total = this.#positions.length;
  }

  /** The n-th instance of the period. */
  #at(place: number): number {
    const index = this.#positions ? this.#positions[place]! : place;
    if (this.#times === 1) {
      return this.#bases[index]! + this.#timeAt(0);
    }
    const base = Math.floor(index / this.#times);
    return this.#bases[base]! + this.#timeAt(index - base * this.#times);
  }

  /** The n-th time within a base. */
  #timeAt(index: number): number {
    if (this.#level === SECONDLY) {
      return 0;
    }
    const seconds = this.#seconds.length;
    const second = this.#seconds[index % seconds]! * SECOND;
    if (this.#level === MINUTELY) {
      return second;
    }
    const rest = Math.floor(index / seconds);
    const minutes = this.#minutes.length;
    const minute = this.#minutes[rest % minutes]! * MINUTE;
    return this.#level === HOURLY ? second + minute : second + minute + this.#hours[Math.floor(rest / minutes)]! * HOUR;
  }

  /** How many instances of the period are before a local time. */
  #lowerBound(local: number): number {
    return this.#upperBound(local - 1);
  }

  /** How many instances of the period are at or before a local time. */
  #upperBound(local: number): number {
    let low = 0;
    let high = this.#total;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#at(middle) <= local) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  #periodOf(local: number): number {
    if (this.#level > 2) {
      return Math.floor(local / PERIOD[this.#level]!);
    }
    const day = Math.floor(local / DAY);
    if (this.#level === 2) {
      return day - ((weekdayOf(day) - this.#rule.weekStart + 7) % 7);
    }
    const date = packedFromDays(day);
    return this.#level === 1 ? packedYear(date) * 12 + packedMonth(date) - 1 : packedYear(date);
  }

  #startOf(period: number): number {
    if (this.#level > 2) {
      return period * PERIOD[this.#level]!;
    }
    if (this.#level === 2) {
      return period * DAY;
    }
    return this.#level === 1
      ? daysFromCivil(Math.floor(period / 12), (period % 12) + 1, 1) * DAY
      : daysFromCivil(period, 1, 1) * DAY;
  }

  #periodAtOrBefore(local: number): number {
    const index = Math.floor((this.#periodOf(local) - this.#origin) / this.#stride);
    return this.#origin + Math.max(0, index) * this.#stride;
  }

  /** False when INTERVAL never lands on a value that the rule asks for, as INTERVAL=2 from an even minute to BYMINUTE=1. */
  #isReachable(timeOfDay: number): boolean {
    const meets = (limit: readonly number[] | null, unit: number, size: number): boolean => {
      const step = greatestCommonDivisor(this.#rule.interval, size);
      return !limit || limit.some((value) => (value - Math.floor(timeOfDay / unit)) % step === 0);
    };
    return (
      (this.#level !== HOURLY || meets(this.#hourLimit, HOUR, 24)) &&
      (this.#level !== MINUTELY || meets(this.#minuteLimit, MINUTE, 60)) &&
      (this.#level !== SECONDLY || meets(this.#secondLimit, SECOND, 60))
    );
  }
}

/** A leap second is taken for the second before it, for want of leap seconds here (RFC 5545 §3.3.12). */
function withoutLeapSecond(seconds: readonly number[]): readonly number[] {
  return seconds.includes(60) ? [...new Set(seconds.map((second) => Math.min(second, 59)))] : seconds;
}
