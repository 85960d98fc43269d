/**
 * Which days of a month, year or week a recurrence rule selects, and whether it selects a given day.
 * RFC 5545 §3.3.10: BYMONTH, BYWEEKNO, BYYEARDAY, BYMONTHDAY and BYDAY, with the values DTSTART supplies.
 * Days are counted from 1970-01-01. A date that does not exist, such as 30 February, is never selected.
 * Elsewhere: periods, times of day and BYSETPOS (recurrence-periods.ts), COUNT and UNTIL (recurrence-iterator.ts).
 */

import {
  daysFromCivil,
  daysInMonth,
  firstWeekStart,
  isLeapYear,
  packedDay,
  packedFromDays,
  packedMonth,
  packedYear,
  weekdayOf,
} from './civil-date.ts';
import type { RecurrenceRule } from './recurrence-rule.ts';

/** A list as a bit or byte per value; index `offset + value`. */
function flags(values: readonly number[], size: number, offset: number): Uint8Array | null {
  if (values.length === 0) {
    return null;
  }
  const table = new Uint8Array(size);
  for (const value of values) {
    table[offset + value] = 1;
  }
  return table;
}

const ALL_MONTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
/** Ordinals of BYDAY reach from -53 to 53. */
const ORDINALS = 107;

export class DaySelector {
  readonly #months: readonly number[];
  readonly #month: Uint8Array | null;
  readonly #monthDay: Uint8Array | null;
  readonly #yearDay: Uint8Array | null;
  readonly #weekNumber: Uint8Array | null;
  /** Per weekday 107 flags, the middle one for "every such day". */
  readonly #weekday: Uint8Array | null;
  readonly #weekStart: number;
  /** Ordinals of BYDAY count within the month: MONTHLY, and YEARLY with BYMONTH. */
  readonly #ordinalsInMonth: boolean;
  readonly #yearByMonths: boolean;
  /** BYMONTH, BYMONTHDAY and BYYEARDAY exclude each other on every day of every year. */
  readonly isEmpty: boolean;
  /** Every day passes `allows`, and a week holds the same days whichever it is. */
  readonly isUnlimited: boolean;

  /** @param startDay the day of DTSTART, which supplies what the rule leaves open */
  constructor(rule: RecurrenceRule, startDay: number) {
    const start = packedFromDays(startDay);
    let { byMonth, byMonthDay, byDay } = rule;
    const choosesDay =
      byMonthDay.length > 0 || byDay.length > 0 || rule.byYearDay.length > 0 || rule.byWeekNumber.length > 0;
    if (!choosesDay) {
      if (rule.frequency === 'YEARLY') {
        byMonth = byMonth.length > 0 ? byMonth : [packedMonth(start)];
      }
      if (rule.frequency === 'YEARLY' || rule.frequency === 'MONTHLY') {
        byMonthDay = [packedDay(start)];
      }
    }
    // A week chosen without a day in it: the weekday is DTSTART's, "derived from the Start Time".
    const weekOnly = rule.byWeekNumber.length > 0 && rule.byYearDay.length === 0 && byMonthDay.length === 0;
    if (byDay.length === 0 && (rule.frequency === 'WEEKLY' || weekOnly)) {
      byDay = [{ weekday: weekdayOf(startDay), ordinal: 0 }];
    }
    const numbered = byDay.some(({ ordinal }) => ordinal !== 0);
    this.#months = byMonth.length > 0 ? byMonth : ALL_MONTHS;
    this.#month = flags(byMonth, 13, 0);
    this.#monthDay = flags(byMonthDay, 63, 31);
    this.#yearDay = flags(rule.byYearDay, 733, 366);
    this.#weekNumber = flags(rule.byWeekNumber, 107, 53);
    this.#weekday = flags(
      byDay.map(({ weekday, ordinal }) => weekday * ORDINALS + ordinal),
      7 * ORDINALS,
      53,
    );
    this.#weekStart = rule.weekStart;
    this.#ordinalsInMonth = rule.frequency === 'MONTHLY' || byMonth.length > 0;
    this.#yearByMonths =
      !this.#yearDay &&
      !this.#weekNumber &&
      (!numbered || this.#ordinalsInMonth) &&
      (this.#monthDay !== null || byMonth.length > 0);
    this.isUnlimited =
      !this.#month && !this.#monthDay && !this.#yearDay && (!this.#weekday || rule.frequency === 'WEEKLY');
    this.isEmpty = this.#selectsNoDate();
  }

  /** The days of a month, appended in order. */
  daysOfMonth(year: number, month: number, days: number[]): void {
    if (this.#month && this.#month[month] === 0) {
      return;
    }
    const first = daysFromCivil(year, month, 1);
    const length = daysInMonth(year, month);
    let weekday = weekdayOf(first);
    for (let day = 1; day <= length; day += 1) {
      if (
        (!this.#monthDay || this.#isMonthDay(day, length)) &&
        (!this.#weekday || this.#isWeekday(weekday, day - 1, length))
      ) {
        days.push(first + day - 1);
      }
      weekday = weekday === 6 ? 0 : weekday + 1;
    }
  }

  /** The days of a year, appended in order; returns how many days were looked at beyond the usual. */
  daysOfYear(year: number, days: number[]): number {
    if (this.#yearByMonths) {
      for (const month of this.#months) {
        this.daysOfMonth(year, month, days);
      }
      return this.#months.length;
    }
    const first = daysFromCivil(year, 1, 1);
    const length = isLeapYear(year) ? 366 : 365;
    const weeks = this.#weekNumber ? weeksAround(year, this.#weekStart) : [];
    for (const month of this.#months) {
      const monthLength = daysInMonth(year, month);
      const monthStart = daysFromCivil(year, month, 1);
      let weekday = weekdayOf(monthStart);
      for (let index = 0; index < monthLength; index += 1) {
        const inYear = monthStart - first + index;
        if (
          (!this.#monthDay || this.#isMonthDay(index + 1, monthLength)) &&
          (!this.#yearDay || this.#isYearDay(inYear + 1, length)) &&
          (!this.#weekday ||
            (this.#ordinalsInMonth
              ? this.#isWeekday(weekday, index, monthLength)
              : this.#isWeekday(weekday, inYear, length))) &&
          (!this.#weekNumber || this.#isInWeek(monthStart + index, weeks))
        ) {
          days.push(monthStart + index);
        }
        weekday = weekday === 6 ? 0 : weekday + 1;
      }
    }
    return this.#months.length * 2;
  }

  /** The days of the week that begins on a day, appended in order. */
  daysOfWeek(weekStart: number, days: number[]): void {
    for (let day = weekStart; day < weekStart + 7; day += 1) {
      if (this.#weekday![weekdayOf(day) * ORDINALS + 53] === 1 && this.#isInMonths(day)) {
        days.push(day);
      }
    }
  }

  /** Whether a rule of FREQ=DAILY or shorter may have instances on a day: the parts that limit it. */
  allows(day: number): boolean {
    if (this.isUnlimited) {
      return true;
    }
    if (this.#weekday && this.#weekday[weekdayOf(day) * ORDINALS + 53] === 0) {
      return false;
    }
    if (!this.#month && !this.#monthDay && !this.#yearDay) {
      return true;
    }
    const date = packedFromDays(day);
    const year = packedYear(date);
    return (
      (!this.#month || this.#month[packedMonth(date)] === 1) &&
      (!this.#monthDay || this.#isMonthDay(packedDay(date), daysInMonth(year, packedMonth(date)))) &&
      (!this.#yearDay || this.#isYearDay(day - daysFromCivil(year, 1, 1) + 1, isLeapYear(year) ? 366 : 365))
    );
  }

  /** The first day after `day`, or after its month where BYMONTH leaves that out, that may have instances. */
  nextCandidate(day: number): number {
    const next = day + 1;
    if (!this.#month || this.#isInMonths(next)) {
      return next;
    }
    const date = packedFromDays(next);
    const month = packedMonth(date);
    const later = this.#months.find((candidate) => candidate > month);
    return later === undefined
      ? daysFromCivil(packedYear(date) + 1, this.#months[0]!, 1)
      : daysFromCivil(packedYear(date), later, 1);
  }

  #isInMonths(day: number): boolean {
    return !this.#month || this.#month[packedMonth(packedFromDays(day))] === 1;
  }

  #isMonthDay(day: number, length: number): boolean {
    return this.#monthDay![31 + day] === 1 || this.#monthDay![31 + day - length - 1] === 1;
  }

  #isYearDay(day: number, length: number): boolean {
    return this.#yearDay![366 + day] === 1 || this.#yearDay![366 + day - length - 1] === 1;
  }

  /** @param index days since the first of the month or year, which is `length` days long */
  #isWeekday(weekday: number, index: number, length: number): boolean {
    const every = weekday * ORDINALS + 53;
    const table = this.#weekday!;
    const fromStart = Math.floor(index / 7) + 1;
    const fromEnd = Math.floor((length - 1 - index) / 7) + 1;
    return table[every] === 1 || table[every + fromStart] === 1 || table[every - fromEnd] === 1;
  }

  /** A day belongs to the calendar year it lies in, whichever year its week is counted in. */
  #isInWeek(day: number, weeks: readonly number[]): boolean {
    const turn = day < weeks[1]! ? 0 : day < weeks[2]! ? 1 : 2;
    const start = weeks[turn]!;
    const week = Math.floor((day - start) / 7) + 1;
    const fromEnd = week - (weeks[turn + 1]! - start) / 7 - 1;
    return this.#weekNumber![53 + week] === 1 || this.#weekNumber![53 + fromEnd] === 1;
  }

  /** Looks at one leap year and one common year, which settle everything that does not depend on weekdays. */
  #selectsNoDate(): boolean {
    if ((this.#month ? 1 : 0) + (this.#monthDay ? 1 : 0) + (this.#yearDay ? 1 : 0) < 2) {
      return false;
    }
    for (const year of [2000, 2001]) {
      const first = daysFromCivil(year, 1, 1);
      const length = isLeapYear(year) ? 366 : 365;
      for (const month of this.#months) {
        const monthLength = daysInMonth(year, month);
        const monthStart = daysFromCivil(year, month, 1) - first;
        for (let day = 1; day <= monthLength; day += 1) {
          if (
            (!this.#monthDay || this.#isMonthDay(day, monthLength)) &&
            (!this.#yearDay || this.#isYearDay(monthStart + day, length))
          ) {
            return false;
          }
        }
      }
    }
    return true;
  }
}

/** Where week 1 begins in the year before, in the year itself and in the two years after. */
function weeksAround(year: number, weekStart: number): number[] {
  return [year - 1, year, year + 1, year + 2].map((each) => firstWeekStart(each, weekStart));
}
