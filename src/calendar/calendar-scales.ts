/**
 * Calendars other than the Gregorian, as tables of their years and months.
 * RFC 7529 §3 (RSCALE), §4.2 (months and leap months). The names are CLDR's; ICU knows the dates, and each year is asked of it
 * once. A month is numbered as in RFC 7529: a leap month has half a number more than the month before it ("5L" is 5.5).
 * Elsewhere: rules in such a calendar (recurrence-scaled-periods.ts).
 */
import { daysFromCivil, daysInMonth, packedFromDays, packedYear } from './civil-date.ts';
import { DAY } from './date-time.ts';

export interface ScaleMonth {
  readonly number: number;
  /** Days since 1970-01-01. */
  readonly start: number;
  readonly length: number;
}

export interface ScaleYear {
  readonly year: number;
  readonly start: number;
  readonly length: number;
  readonly months: readonly ScaleMonth[];
}

export interface Scale {
  /** The year a day lies in. */
  yearOf(day: number): ScaleYear;
  /** A year by its number; undefined outside the years that are known. */
  year(number: number): ScaleYear | undefined;
  /** Whether a year is at hand, or costs some milliseconds. */
  isKnown(number: number): boolean;
}

/** CLDR's names in upper case, and ICU's name where it differs. */
const CALENDARS: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  CHINESE: 'chinese',
  COPTIC: 'coptic',
  DANGI: 'dangi',
  ETHIOPIC: 'ethiopic',
  'ETHIOPIC-AMETE-ALEM': 'ethioaa',
  HEBREW: 'hebrew',
  INDIAN: 'indian',
  'ISLAMIC-CIVIL': 'islamic-civil',
  'ISLAMIC-TBLA': 'islamic-tbla',
  'ISLAMIC-UMALQURA': 'islamic-umalqura',
  PERSIAN: 'persian',
});

/** What RSCALE may say (RFC 7529 §5.1). */
export const RECURRENCE_SCALES: readonly string[] = ['GREGORIAN', ...Object.keys(CALENDARS)];

/** Outside of these Gregorian years nothing is looked for: astronomers know no better. */
const FIRST_DAY = daysFromCivil(1600, 1, 1);
const LAST_DAY = daysFromCivil(2500, 1, 1);
/** RFC 7529 §4.2: the leap month Adar I is 5L, so that Adar is 6 in every year. */
const HEBREW_MONTHS: Readonly<Record<string, number>> = {
  Tishri: 1,
  Heshvan: 2,
  Kislev: 3,
  Tevet: 4,
  Shevat: 5,
  'Adar I': 5.5,
  Adar: 6,
  'Adar II': 6,
  Nisan: 7,
  Iyar: 8,
  Sivan: 9,
  Tamuz: 10,
  Av: 11,
  Elul: 12,
};

const scales = new Map<string, Scale>();

/** The calendar of a name in upper case; undefined when it is unknown. */
export function scaleOf(name: string): Scale | undefined {
  const known = scales.get(name);
  if (known !== undefined) return known;
  const icu = CALENDARS[name];
  if (icu === undefined && name !== 'GREGORIAN') return undefined;
  const scale = icu === undefined ? new GregorianScale() : new IcuScale(icu);
  scales.set(name, scale);
  return scale;
}

/** Here for SKIP, which RFC 7529 adds to the Gregorian calendar too. */
class GregorianScale implements Scale {
  yearOf(day: number): ScaleYear {
    return this.year(packedYear(packedFromDays(day)));
  }

  year(number: number): ScaleYear {
    const start = daysFromCivil(number, 1, 1);
    const months: ScaleMonth[] = [];
    for (let month = 1; month <= 12; month++) {
      months.push({ number: month, start: daysFromCivil(number, month, 1), length: daysInMonth(number, month) });
    }
    return { year: number, start, length: daysFromCivil(number + 1, 1, 1) - start, months };
  }

  isKnown(): boolean {
    return true;
  }
}

interface ScaleDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Years one after another, each found once by going from month to month. */
class IcuScale implements Scale {
  private readonly format: Intl.DateTimeFormat;
  private readonly years = new Map<number, ScaleYear>();

  constructor(calendar: string) {
    const locale = `en-u-ca-${calendar}`;
    this.format = new Intl.DateTimeFormat(locale, {
      timeZone: 'UTC',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
    });
  }

  yearOf(day: number): ScaleYear {
    const within = Math.min(Math.max(day, FIRST_DAY), LAST_DAY);
    const date = this.dateOf(within);
    const known = this.years.get(date.year);
    return known ?? this.build(this.firstDayOf(within, date));
  }

  year(number: number): ScaleYear | undefined {
    const known = this.years.get(number);
    if (known !== undefined) return known;
    // Years are about as long as ours: the day of another one is near.
    const anchor = [...this.years.values()].at(-1) ?? this.yearOf(0);
    const length = anchor.length > 360 ? 365.25 : 354.37;
    let guess = Math.round(anchor.start + anchor.length / 2 + (number - anchor.year) * length);
    for (let attempts = 0; attempts < 5 && guess > FIRST_DAY && guess < LAST_DAY; attempts++) {
      const found = this.yearOf(guess);
      if (found.year === number) return found;
      guess += Math.round((number - found.year) * length);
    }
    return undefined;
  }

  isKnown(number: number): boolean {
    return this.years.has(number);
  }

  /** The first day of the year of a day: back from month to month until the year is another. */
  private firstDayOf(day: number, date: ScaleDate): number {
    let first = day - date.day + 1;
    for (let months = 0; months < 14; months++) {
      const before = this.dateOf(first - 1);
      if (before.year !== date.year) break;
      first -= before.day;
    }
    return first;
  }

  private build(start: number): ScaleYear {
    const months: ScaleMonth[] = [];
    let date = this.dateOf(start);
    const { year } = date;
    let at = start;
    while (date.year === year && months.length < 14) {
      const { length, next } = this.monthFrom(at);
      months.push({ number: date.month, start: at, length });
      at += length;
      date = next;
    }
    const made = { year, start, length: at - start, months };
    this.years.set(year, made);
    return made;
  }

  /** The length of the month that begins on a day, and the first date of the next. Months have 5, 6 or 28 to 31 days. */
  private monthFrom(start: number): { length: number; next: ScaleDate } {
    for (const ahead of [29, 30, 31]) {
      const { day } = this.dateOf(start + ahead);
      // The 13th month of the Ethiopic and Coptic calendars ends so early that the next one is far on.
      if (day > 28) continue;
      const length = ahead - day + 1;
      return { length, next: this.dateOf(start + length) };
    }
    throw new Error('A month has no end.');
  }

  private dateOf(day: number): ScaleDate {
    let year = 0;
    let month = 0;
    let dayOfMonth = 0;
    for (const { type, value } of this.format.formatToParts(day * DAY)) {
      if (type === 'day') dayOfMonth = Number(value);
      else if (type === 'month') month = monthNumber(value);
      else if (type === 'year' || (type as string) === 'relatedYear') year = Number(value);
    }
    return { year, month, day: dayOfMonth };
  }
}

/** `6bis` is the leap month after the sixth. */
function monthNumber(text: string): number {
  const match = /^(\d+)(bis)?$/.exec(text);
  if (match !== null) return Number(match[1]) + (match[2] === undefined ? 0 : 0.5);
  return HEBREW_MONTHS[text] ?? 0;
}

/** A day as month and day of the month in a calendar. */
export function monthAndDayOf(scale: Scale, day: number): { month: number; day: number } {
  const { months } = scale.yearOf(day);
  const month = months.findLast(({ start }) => start <= day) ?? months[0]!;
  return { month: month.number, day: day - month.start + 1 };
}
