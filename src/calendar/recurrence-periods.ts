/**
 * The periods of a recurrence rule (its years, months, days ... down to seconds) and the instances in each of them.
 * RFC 5545 §3.3.10: FREQ, INTERVAL, BYHOUR, BYMINUTE, BYSECOND and BYSETPOS.
 * A period holds bases (days, hours ...) times offsets (times within them), so that the n-th instance of a period is
 * computed and never looked for, however many there are. Local times in milliseconds written as UTC; no zones.
 * Elsewhere: the days of a period (recurrence-days.ts); going from period to period, COUNT (recurrence-iterator.ts).
 */

import { daysFromCivil, packedFromDays, packedMonth, packedYear, weekdayOf } from './civil-date.ts';
import { DAY, HOUR, MINUTE, SECOND } from './date-time.ts';
import { DaySelector } from './recurrence-days.ts';
import type { RecurrenceRule } from './recurrence-rule.ts';

/** Work an expansion may do, counted down by the engine: a step per period looked at, and some per instance made. */
export interface Budget {
  steps: number;
}

const LEVELS = { YEARLY: 0, MONTHLY: 1, WEEKLY: 2, DAILY: 3, HOURLY: 4, MINUTELY: 5, SECONDLY: 6 };
const MONTHLY = 1;
const WEEKLY = 2;
const DAILY = 3;
const HOURLY = 4;
const MINUTELY = 5;
const SECONDLY = 6;
/** Milliseconds of a period, for frequencies shorter than a week. */
const PERIOD = [0, 0, 0, DAY, HOUR, MINUTE, SECOND];

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

export class RulePeriods {
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
  /** From one period to the next that INTERVAL leaves, in the numbers of periods. */
  readonly stride: number;
  /** The period of DTSTART. */
  readonly origin: number;
  /** No period holds an instance. */
  readonly isEmpty: boolean;
  /** Every period holds the same number of instances. */
  readonly isUniform: boolean;

  #bases: number[] = [];
  /** With BYSETPOS: which instances of the period count. */
  #positions: number[] | null = null;
  #allowedDay = Number.NaN;
  /** How many instances the loaded period holds. */
  total = 0;

  /**
   * @param start DTSTART, local
   * @param isDate DTSTART is a DATE: parts of the day are ignored (RFC 5545 §3.3.10)
   * @param budget long lists are charged for where a period is loaded
   */
  constructor(rule: RecurrenceRule, start: number, isDate: boolean, budget: Budget) {
    this.#rule = rule;
    this.#budget = budget;
    this.#level = LEVELS[rule.frequency];
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
    this.isUniform =
      this.#level >= WEEKLY && this.#days.isUnlimited && !this.#hourLimit && !this.#minuteLimit && !this.#secondLimit;
    this.stride = rule.interval * (this.#level === WEEKLY ? 7 : 1);
    this.origin = this.#periodOf(start);
    this.isEmpty = this.#days.isEmpty || !this.#isReachable(timeOfDay);
  }

  /** Loads a period. Where it has no instances, answers a local time before which none can follow. */
  load(period: number): number {
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
    } else if (this.#level === WEEKLY) {
      this.#days.daysOfWeek(period, bases);
      if (bases.length === 0) {
        candidate = this.#days.nextCandidate(period + 6) * DAY;
      }
    } else if (this.#level === MONTHLY) {
      this.#days.daysOfMonth(Math.floor(period / 12), (period % 12) + 1, bases);
    } else {
      this.#budget.steps -= this.#days.daysOfYear(period, bases);
    }
    if (this.#level <= DAILY) {
      for (let index = 0; index < bases.length; index += 1) {
        bases[index] = bases[index]! * DAY;
      }
    }
    this.total = bases.length * this.#times;
    this.#positions = null;
    if (this.#rule.bySetPosition.length > 0 && this.total > 0) {
      this.#selectPositions();
    }
    return candidate;
  }

  /** The n-th instance of the period. */
  at(place: number): number {
    const index = this.#positions ? this.#positions[place]! : place;
    if (this.#times === 1) {
      return this.#bases[index]! + this.#timeAt(0);
    }
    const base = Math.floor(index / this.#times);
    return this.#bases[base]! + this.#timeAt(index - base * this.#times);
  }

  /** How many instances of the period are before a local time. */
  lowerBound(local: number): number {
    return this.upperBound(local - 1);
  }

  /** How many instances of the period are at or before a local time. */
  upperBound(local: number): number {
    let low = 0;
    let high = this.total;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle) <= local) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The local time at which a period begins. */
  startOf(period: number): number {
    if (this.#level > WEEKLY) {
      return period * PERIOD[this.#level]!;
    }
    if (this.#level === WEEKLY) {
      return period * DAY;
    }
    return this.#level === MONTHLY
      ? daysFromCivil(Math.floor(period / 12), (period % 12) + 1, 1) * DAY
      : daysFromCivil(period, 1, 1) * DAY;
  }

  /** The period of the rule that a local time lies in or after; never before that of DTSTART. */
  atOrBefore(local: number): number {
    const index = Math.floor((this.#periodOf(local) - this.origin) / this.stride);
    return this.origin + Math.max(0, index) * this.stride;
  }

  /** The first period of the rule that does not end before a local time. */
  atOrAfter(local: number): number {
    return this.origin + Math.ceil((this.#periodOf(local) - this.origin) / this.stride) * this.stride;
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
    const size = this.total;
    const chosen = new Set<number>();
    for (const position of this.#rule.bySetPosition) {
      const index = position > 0 ? position - 1 : size + position;
      if (index >= 0 && index < size) {
        chosen.add(index);
      }
    }
    this.#budget.steps -= this.#rule.bySetPosition.length >> 2;
    this.#positions = [...chosen].sort((a, b) => a - b);
    this.total = this.#positions.length;
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

  #periodOf(local: number): number {
    if (this.#level > WEEKLY) {
      return Math.floor(local / PERIOD[this.#level]!);
    }
    const day = Math.floor(local / DAY);
    if (this.#level === WEEKLY) {
      return day - ((weekdayOf(day) - this.#rule.weekStart + 7) % 7);
    }
    const date = packedFromDays(day);
    return this.#level === MONTHLY ? packedYear(date) * 12 + packedMonth(date) - 1 : packedYear(date);
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
