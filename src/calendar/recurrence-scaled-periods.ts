/**
 * The periods of a rule in another calendar, or with SKIP in ours, and the instances in each of them.
 * RFC 7529 §4.1 (RSCALE and SKIP), §4.2 (leap months); RFC 5545 §3.3.10 for the order of BY parts.
 * Offers what recurrence-periods.ts offers, for years, months, weeks and days; such rules are rare, so instances of a period
 * are listed. Elsewhere: the calendars (calendar-scales.ts), going from period to period (recurrence-iterator.ts).
 */
import type { Scale, ScaleMonth, ScaleYear } from './calendar-scales.ts';
import { monthAndDayOf, scaleOf } from './calendar-scales.ts';
import { weekdayOf } from './civil-date.ts';
import { DAY, HOUR, MINUTE, SECOND } from './date-time.ts';
import type { Budget } from './recurrence-periods.ts';
import type { RecurrenceRule } from './recurrence-rule.ts';

/** Steps a year costs that has to be asked of ICU, and one at hand. */
const NEW_YEAR_STEPS = 4_000;
const YEAR_STEPS = 20;

export class ScaledPeriods {
  readonly #rule: RecurrenceRule;
  readonly #scale: Scale;
  readonly #budget: Budget;
  readonly #startDay: number;
  readonly #startMonth: { readonly month: number; readonly day: number };
  readonly #times: readonly number[];
  /** The year of DTSTART: months are counted from its first. */
  readonly #firstYear: number;
  readonly #monthsBefore: number[] = [0];
  #instances: number[] = [];

  readonly stride: number;
  readonly origin: number;
  readonly isEmpty = false;
  readonly isUniform = false;

  /** @param start DTSTART, local */
  constructor(rule: RecurrenceRule, start: number, isDate: boolean, budget: Budget) {
    const scale = scaleOf(rule.scale);
    if (scale === undefined) throw new Error(`no calendar ${rule.scale}`);
    this.#rule = rule;
    this.#scale = scale;
    this.#budget = budget;
    this.#startDay = Math.floor(start / DAY);
    this.#startMonth = monthAndDayOf(scale, this.#startDay);
    this.#firstYear = scale.yearOf(this.#startDay).year;
    this.#times = timesOf(rule, start - this.#startDay * DAY, isDate);
    this.stride = rule.interval * (rule.frequency === 'WEEKLY' ? 7 : 1);
    this.origin = this.#periodOf(this.#startDay);
  }

  get total(): number {
    return this.#instances.length;
  }

  /** Loads a period. */
  load(period: number): number {
    const days = new Set(this.#daysOf(period));
    const instances: number[] = [];
    for (const day of [...days].sort((a, b) => a - b)) for (const time of this.#times) instances.push(day * DAY + time);
    this.#budget.steps -= instances.length >> 2;
    const { bySetPosition } = this.#rule;
    this.#instances = bySetPosition.length === 0 ? instances : atPositions(instances, bySetPosition);
    return Number.NEGATIVE_INFINITY;
  }

  at(place: number): number {
    return this.#instances[place]!;
  }

  lowerBound(local: number): number {
    return this.upperBound(local - 1);
  }

  upperBound(local: number): number {
    let count = 0;
    while (count < this.#instances.length && this.#instances[count]! <= local) count++;
    return count;
  }

  /** Infinity where the calendar is not known any more: there the rule ends. */
  startOf(period: number): number {
    switch (this.#rule.frequency) {
      case 'YEARLY':
        return (this.#year(period)?.start ?? Number.POSITIVE_INFINITY) * DAY;
      case 'MONTHLY':
        return (this.#monthAt(period)?.month.start ?? Number.POSITIVE_INFINITY) * DAY;
      default:
        return period * DAY;
    }
  }

  atOrBefore(local: number): number {
    const index = Math.floor((this.#periodOf(Math.floor(local / DAY)) - this.origin) / this.stride);
    return this.origin + Math.max(0, index) * this.stride;
  }

  atOrAfter(local: number): number {
    return this.origin + Math.ceil((this.#periodOf(Math.floor(local / DAY)) - this.origin) / this.stride) * this.stride;
  }

  #periodOf(day: number): number {
    switch (this.#rule.frequency) {
      case 'YEARLY':
        return this.#yearOf(day).year;
      case 'MONTHLY':
        return this.#monthOf(day);
      case 'WEEKLY':
        return day - ((weekdayOf(day) - this.#rule.weekStart + 7) % 7);
      default:
        return day;
    }
  }

  #daysOf(period: number): number[] {
    switch (this.#rule.frequency) {
      case 'YEARLY': {
        const year = this.#year(period);
        return year === undefined ? [] : this.#daysOfYear(year);
      }
      case 'MONTHLY': {
        const found = this.#monthAt(period);
        return found === undefined ? [] : this.#daysOfMonth(found.year, found.month);
      }
      case 'WEEKLY': {
        const wanted = this.#rule.byDay.map(({ weekday }) => weekday);
        const weekdays = wanted.length > 0 ? wanted : [weekdayOf(this.#startDay)];
        return range(period, 7).filter((day) => weekdays.includes(weekdayOf(day)) && this.#inMonths(day));
      }
      default:
        return this.#inMonths(period) && this.#isMonthDay(period) && this.#isWeekday(period) ? [period] : [];
    }
  }

  /** RFC 5545 §3.3.10, the column of YEARLY. */
  #daysOfYear(year: ScaleYear): number[] {
    const { byMonth, byYearDay, byWeekNumber, byMonthDay, byDay } = this.#rule;
    if (byYearDay.length > 0) {
      const days = byYearDay.flatMap((place) => placeIn(year.start, year.length, place));
      return days.filter(
        (day) => this.#inMonths(day) && (byMonthDay.length === 0 || this.#isMonthDay(day)) && this.#isWeekday(day),
      );
    }
    if (byWeekNumber.length > 0) {
      const weekdays = byDay.length > 0 ? byDay.map(({ weekday }) => weekday) : [weekdayOf(this.#startDay)];
      const days = byWeekNumber.flatMap((week) => this.#weekOf(year, week));
      return days.filter((day) => weekdays.includes(weekdayOf(day)) && this.#inMonths(day));
    }
    if (byMonthDay.length > 0) {
      const months = byMonth.length > 0 ? this.#monthsOf(year, byMonth) : year.months.map((month) => ({ year, month }));
      const days = months.flatMap((found) => byMonthDay.flatMap((day) => this.#dayIn(found.year, found.month, day)));
      return days.filter((day) => this.#isWeekday(day));
    }
    if (byDay.length > 0) {
      if (byMonth.length === 0) return this.#weekdaysIn(year.start, year.length);
      return this.#monthsOf(year, byMonth).flatMap(({ month }) => this.#weekdaysIn(month.start, month.length));
    }
    const months = this.#monthsOf(year, byMonth.length > 0 ? byMonth : [this.#startMonth.month]);
    return months.flatMap((found) => this.#dayIn(found.year, found.month, this.#startMonth.day));
  }

  #daysOfMonth(year: ScaleYear, month: ScaleMonth): number[] {
    const { byMonth, byMonthDay, byDay } = this.#rule;
    if (byMonth.length > 0 && !byMonth.includes(month.number)) return [];
    if (byMonthDay.length > 0) {
      return byMonthDay.flatMap((day) => this.#dayIn(year, month, day)).filter((day) => this.#isWeekday(day));
    }
    if (byDay.length > 0) return this.#weekdaysIn(month.start, month.length);
    return this.#dayIn(year, month, this.#startMonth.day);
  }

  /** The months of these numbers; where a year lacks a leap month, SKIP says which (RFC 7529 §4.1). */
  #monthsOf(year: ScaleYear, numbers: readonly number[]): { year: ScaleYear; month: ScaleMonth }[] {
    return numbers.flatMap((number) => {
      const at = year.months.findIndex((month) => month.number === number);
      if (at >= 0) return [{ year, month: year.months[at]! }];
      if (this.#rule.skip === 'OMIT') return [];
      const before = year.months.findLastIndex((month) => month.number < number);
      return this.#month(year, this.#rule.skip === 'BACKWARD' ? before : before + 1);
    });
  }

  /** A month by its place in a year, or at the ends of those beside it. */
  #month(year: ScaleYear, place: number): { year: ScaleYear; month: ScaleMonth }[] {
    const month = year.months[place];
    if (month !== undefined) return [{ year, month }];
    const other = this.#year(year.year + (place < 0 ? -1 : 1));
    const found = other?.months.at(place < 0 ? -1 : 0);
    return other === undefined || found === undefined ? [] : [{ year: other, month: found }];
  }

  /** A day of a month, negative from its end; where the month lacks it, SKIP says which. */
  #dayIn(year: ScaleYear, month: ScaleMonth, day: number): number[] {
    if (Math.abs(day) <= month.length) return placeIn(month.start, month.length, day);
    if (this.#rule.skip === 'OMIT') return [];
    const forward = this.#rule.skip === 'FORWARD';
    // Counted from the end of a month that is too short, what is skipped would lie before the month.
    if (day < 0) return [forward ? month.start : month.start - 1];
    if (!forward) return [month.start + month.length - 1];
    const [next] = this.#month(year, year.months.indexOf(month) + 1);
    return next === undefined ? [] : [next.month.start];
  }

  #weekdaysIn(start: number, length: number): number[] {
    return this.#rule.byDay.flatMap(({ weekday, ordinal }) => {
      const first = start + ((weekday - weekdayOf(start) + 7) % 7);
      const count = Math.ceil((start + length - first) / 7);
      if (ordinal === 0) return Array.from({ length: count }, (_, week) => first + week * 7);
      const week = ordinal > 0 ? ordinal - 1 : count + ordinal;
      return week >= 0 && week < count ? [first + week * 7] : [];
    });
  }

  /** The days of a week of a year: week 1 has at least four of its days (RFC 5545 §3.3.10). */
  #weekOf(year: ScaleYear, week: number): number[] {
    const fourth = year.start + 3;
    const first = fourth - ((weekdayOf(fourth) - this.#rule.weekStart + 7) % 7);
    const next = year.start + year.length + 3;
    const end = next - ((weekdayOf(next) - this.#rule.weekStart + 7) % 7);
    const weeks = (end - first) / 7;
    const place = week > 0 ? week - 1 : weeks + week;
    return place >= 0 && place < weeks ? range(first + place * 7, 7) : [];
  }

  #inMonths(day: number): boolean {
    const { byMonth } = this.#rule;
    if (byMonth.length === 0) return true;
    return byMonth.includes(monthAndDayOf(this.#scale, day).month);
  }

  #isMonthDay(day: number): boolean {
    const { byMonthDay } = this.#rule;
    if (byMonthDay.length === 0) return true;
    const { months } = this.#yearOf(day);
    const month = months.findLast(({ start }) => start <= day);
    return month !== undefined && byMonthDay.some((place) => placeIn(month.start, month.length, place)[0] === day);
  }

  #isWeekday(day: number): boolean {
    const { byDay } = this.#rule;
    return byDay.length === 0 || byDay.some(({ weekday }) => weekday === weekdayOf(day));
  }

  #yearOf(day: number): ScaleYear {
    const year = this.#scale.yearOf(day);
    this.#budget.steps -= YEAR_STEPS;
    return year;
  }

  #year(number: number): ScaleYear | undefined {
    this.#budget.steps -= this.#scale.isKnown(number) ? YEAR_STEPS : NEW_YEAR_STEPS;
    return this.#budget.steps < 0 ? undefined : this.#scale.year(number);
  }

  /** The number of a day's month, counted from the first of the year of DTSTART; where the budget ends, as far as it went. */
  #monthOf(day: number): number {
    const { year, months } = this.#yearOf(day);
    if (year < this.#firstYear) return -1;
    const within = months.findLastIndex(({ start }) => start <= day);
    return this.#monthsUntil(year) + Math.max(0, within);
  }

  #monthAt(period: number): { year: ScaleYear; month: ScaleMonth } | undefined {
    let place = this.#monthsBefore.findLastIndex((before) => before <= period);
    for (;;) {
      const year = this.#year(this.#firstYear + place);
      if (year === undefined) return undefined;
      const before = this.#monthsBefore[place]!;
      const month = year.months[period - before];
      if (month !== undefined) return { year, month };
      place++;
      this.#monthsBefore[place] = before + year.months.length;
    }
  }

  /** Months between the year of DTSTART and another. */
  #monthsUntil(year: number): number {
    let place = Math.min(this.#monthsBefore.length - 1, Math.max(0, year - this.#firstYear));
    while (this.#firstYear + place < year) {
      const next = this.#year(this.#firstYear + place);
      if (next === undefined) break;
      this.#monthsBefore[place + 1] = this.#monthsBefore[place]! + next.months.length;
      place++;
    }
    return this.#monthsBefore[place]!;
  }
}

function timesOf(rule: RecurrenceRule, timeOfDay: number, isDate: boolean): number[] {
  if (isDate) return [0];
  const hours = rule.byHour.length > 0 ? rule.byHour : [Math.floor(timeOfDay / HOUR)];
  const minutes = rule.byMinute.length > 0 ? rule.byMinute : [Math.floor(timeOfDay / MINUTE) % 60];
  const seconds = rule.bySecond.length > 0 ? rule.bySecond : [Math.floor(timeOfDay / SECOND) % 60];
  const times = hours.flatMap((hour) =>
    minutes.flatMap((minute) => seconds.map((second) => hour * HOUR + minute * MINUTE + Math.min(second, 59) * SECOND)),
  );
  return [...new Set(times)].sort((a, b) => a - b);
}

/** A place counted from 1, or from the end by negative numbers. */
function placeIn(start: number, length: number, place: number): number[] {
  const at = place > 0 ? place - 1 : length + place;
  return at >= 0 && at < length ? [start + at] : [];
}

function atPositions(instances: readonly number[], positions: readonly number[]): number[] {
  const chosen = new Set(positions.flatMap((position) => placeIn(0, instances.length, position)));
  return instances.filter((_, place) => chosen.has(place));
}

function range(first: number, length: number): number[] {
  return Array.from({ length }, (_, index) => first + index);
}
