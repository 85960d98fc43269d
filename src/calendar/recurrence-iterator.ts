/**
 * The dates one recurrence rule yields, in order, with a jump to any of them.
 * RFC 5545 §3.3.10: COUNT and UNTIL.
 * Works on local times (milliseconds written as UTC) and knows no zones. Each period looked at and each instance handed
 * out costs steps of the budget.
 * Elsewhere: what a period holds (recurrence-periods.ts); DTSTART, RDATE, EXDATE and zones (recurrence-set.ts).
 */

import { daysFromCivil } from './civil-date.ts';
import { DAY, SECOND } from './date-time.ts';
import { type Budget, RulePeriods } from './recurrence-periods.ts';
import { isScaled, type RecurrenceRule } from './recurrence-rule.ts';
import { ScaledPeriods } from './recurrence-scaled-periods.ts';

/** No instance begins after the last second of the year 9999 (RFC 5545 §3.3.4 has four digits for the year). */
export const LAST_LOCAL = daysFromCivil(10_000, 1, 1) * DAY - SECOND;

/** What next() answers when there is nothing more. */
export const END = Number.POSITIVE_INFINITY;

/** An instance costs its callers as much as some three periods without one: it becomes an object and is compared. */
const INSTANCE_STEPS = 3;

export class RuleIterator {
  readonly #count: number | null;
  readonly #budget: Budget;
  readonly #periods: RulePeriods | ScaledPeriods;
  readonly #last: number;
  #period: number;
  #cursor = 0;
  #remaining: number;
  #ended = false;
  /** The budget ran out: instances may be missing from here on. */
  exhausted = false;

  /**
   * @param start DTSTART, local
   * @param isDate DTSTART is a DATE
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
    this.#count = rule.count;
    this.#budget = budget;
    this.#last = Math.min(last, LAST_LOCAL);
    this.#periods = isScaled(rule)
      ? new ScaledPeriods(rule, start, isDate, budget)
      : new RulePeriods(rule, start, isDate, budget);
    this.#period = this.#periods.origin;
    this.#remaining = rule.count ?? Number.POSITIVE_INFINITY;
    if (this.#periods.isEmpty) {
      this.#ended = true;
      return;
    }
    this.#periods.load(this.#period);
    this.#cursor = this.#periods.lowerBound(start);
    const isYielded = this.#cursor < this.#periods.total && this.#periods.at(this.#cursor) === start;
    if (countsStart && !isYielded) {
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
    const target = this.#periods.atOrBefore(from);
    if (target > this.#period) {
      if (this.#count === null) {
        this.#enter(target);
      } else if (!this.#countUpTo(target)) {
        return;
      }
    }
    const bound = Math.max(this.#cursor, this.#periods.lowerBound(from));
    this.#remaining -= bound - this.#cursor;
    this.#cursor = bound;
  }

  /** The next instance, local, or END. */
  next(): number {
    for (;;) {
      if (this.#ended || this.exhausted || this.#remaining <= 0) {
        return END;
      }
      if (this.#cursor < this.#periods.total) {
        const value = this.#periods.at(this.#cursor);
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
    if (this.#count !== null) {
      return this.#lastCounted();
    }
    if (this.#last >= LAST_LOCAL) {
      return END;
    }
    // From the limit backwards in growing leaps, forward from each landing to the limit.
    const start = this.#period;
    const startCursor = this.#cursor;
    const end = this.#periods.atOrBefore(this.#last);
    for (let back = 0; ; back = back * 2 + 1) {
      const from = Math.max(start, end - back * this.#periods.stride);
      this.#enter(from);
      this.#ended = false;
      if (from === start) {
        this.#cursor = startCursor;
      }
      let found: number | null = null;
      while (!this.#ended && !this.exhausted) {
        const bound = this.#periods.upperBound(this.#last);
        if (bound > this.#cursor) {
          found = this.#periods.at(bound - 1);
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
    if (this.#periods.isUniform) {
      const first = this.#periods.total - this.#cursor;
      if (this.#remaining <= first) {
        return this.#notAfterEnd(this.#periods.at(this.#cursor + this.#remaining - 1));
      }
      if (this.#periods.total === 0) {
        return null;
      }
      const more = this.#remaining - first;
      const periods = Math.ceil(more / this.#periods.total);
      const period = this.#periods.origin + periods * this.#periods.stride;
      if (this.#periods.startOf(period) > LAST_LOCAL) {
        return END;
      }
      const place = more - (periods - 1) * this.#periods.total - 1;
      this.#enter(period);
      return this.#notAfterEnd(this.#periods.at(place));
    }
    let found: number | null = null;
    for (;;) {
      const available = this.#periods.total - this.#cursor;
      if (available >= this.#remaining) {
        return this.#notAfterEnd(this.#periods.at(this.#cursor + this.#remaining - 1));
      }
      if (available > 0) {
        found = this.#periods.at(this.#periods.total - 1);
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
    if (this.#periods.isUniform) {
      const between = (target - this.#period) / this.#periods.stride - 1;
      this.#remaining -= this.#periods.total - this.#cursor + between * this.#periods.total;
      if (this.#remaining > 0) {
        this.#enter(target);
      }
      return this.#remaining > 0;
    }
    while (this.#period < target) {
      this.#remaining -= this.#periods.total - this.#cursor;
      this.#cursor = this.#periods.total;
      if (this.#remaining <= 0 || !this.#advance()) {
        return false;
      }
    }
    return true;
  }

  #enter(period: number): void {
    this.#period = period;
    this.#periods.load(period);
    this.#cursor = 0;
  }

  /** Loads the next period that has instances; false at the end or when the budget is used up. */
  #advance(): boolean {
    let period = this.#period + this.#periods.stride;
    for (;;) {
      if (this.#periods.startOf(period) > this.#last) {
        this.#ended = true;
        return false;
      }
      this.#budget.steps -= 1;
      if (this.#budget.steps < 0) {
        this.exhausted = true;
        return false;
      }
      this.#period = period;
      const candidate = this.#periods.load(period);
      if (this.#periods.total > 0) {
        this.#cursor = 0;
        return true;
      }
      period += this.#periods.stride;
      if (candidate > Number.NEGATIVE_INFINITY) {
        period = Math.max(period, this.#periods.atOrAfter(candidate));
      }
    }
  }
}
