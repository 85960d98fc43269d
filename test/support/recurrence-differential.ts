/**
 * Random recurrence rules, and the comparison of what this server and python-dateutil make of them.
 * Seeded: the same seed gives the same rules. docs/recurrence.md lists the differences that are intended; here each of
 * them is named where the comparison allows for it.
 */

import { weekdayOf } from '../../src/calendar/civil-date.ts';
import { DAY, HOUR, MINUTE, SECOND, UTC } from '../../src/calendar/date-time.ts';
import { expand, type RecurringItem } from '../../src/calendar/recurrence.ts';
import { parseRecurrenceRule, type RecurrenceRule } from '../../src/calendar/recurrence-rule.ts';
import { askDateutil, type DateutilQuestion } from './dateutil.ts';

const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const LENGTHS = {
  YEARLY: 366 * DAY,
  MONTHLY: 31 * DAY,
  WEEKLY: 7 * DAY,
  DAILY: DAY,
  HOURLY: HOUR,
  MINUTELY: MINUTE,
  SECONDLY: SECOND,
};
const FREQUENCIES = Object.keys(LENGTHS) as (keyof typeof LENGTHS)[];
const FIRST = 40;
const CAP = 20;
const YEAR_9999 = Date.UTC(9998, 0, 1);

export interface Outcome {
  compared: number;
  /** Questions dateutil walked too long for. */
  slow: number;
  differences: string[];
}

/** A small generator of random numbers between 0 and 1 from a seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Question extends DateutilQuestion {
  /** The rule as asked of our side. */
  ours: string;
  rule: string;
  parsed: RecurrenceRule;
}

function randomQuestion(random: () => number): Question {
  const between = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
  const maybe = (chance: number): boolean => random() < chance;
  const signed = (high: number): number => (maybe(0.3) ? -1 : 1) * between(1, high);
  const several = (make: () => number | string, most: number): string =>
    [...new Set(Array.from({ length: between(1, most) }, make))].join(',');
  const frequency = FREQUENCIES[between(0, 6)]!;
  const level = FREQUENCIES.indexOf(frequency);
  const start =
    Date.UTC(between(1970, 2030), between(0, 11), between(1, 28)) +
    (maybe(0.1) ? 3 * DAY : 0) +
    between(0, 23) * HOUR +
    between(0, 59) * MINUTE +
    between(0, 59) * SECOND;
  const parts = [`FREQ=${frequency}`];
  if (maybe(0.5)) {
    parts.push(`INTERVAL=${level > 3 && maybe(0.3) ? between(2, 200) : between(2, 7)}`);
  }
  if (maybe(0.3)) {
    parts.push(`BYMONTH=${several(() => between(1, 12), 4)}`);
  }
  if (level === 0 && maybe(0.25)) {
    parts.push(`BYWEEKNO=${several(() => signed(53), 3)}`);
  }
  const byWeekNumber = parts.some((part) => part.startsWith('BYWEEKNO'));
  if ((level === 0 || level > 3) && maybe(0.2)) {
    parts.push(`BYYEARDAY=${several(() => signed(366), level > 3 ? 40 : 4)}`);
  }
  if (level !== 2 && maybe(0.25)) {
    parts.push(`BYMONTHDAY=${several(() => signed(31), 5)}`);
  }
  if (maybe(0.4)) {
    // dateutil takes BYDAY with plain and numbered days for those in both; RFC 5545 for those in either.
    const numbered = level < 2 && !byWeekNumber && maybe(0.5);
    const inYear = level === 0 && !parts.some((part) => part.startsWith('BYMONTH='));
    const day = (): string => (numbered ? String(signed(inYear && maybe(0.7) ? 53 : 5)) : '') + DAYS[between(0, 6)]!;
    parts.push(`BYDAY=${several(day, 4)}`);
  }
  if (maybe(0.25)) {
    parts.push(`BYHOUR=${several(() => between(0, 23), 4)}`);
  }
  if (maybe(0.2)) {
    parts.push(`BYMINUTE=${several(() => between(0, 59), 4)}`);
  }
  if (maybe(0.15)) {
    parts.push(`BYSECOND=${several(() => between(0, 59), 4)}`);
  }
  if (maybe(0.3)) {
    parts.push(`WKST=${DAYS[between(0, 6)]!}`);
  }
  const hasBy = parts.some((part) => part.startsWith('BY'));
  if (hasBy && maybe(0.25)) {
    parts.push(`BYSETPOS=${several(() => signed(maybe(0.8) ? 5 : 366), 3)}`);
  }
  if (maybe(0.35)) {
    parts.push(`COUNT=${between(1, FIRST)}`);
  } else if (maybe(0.3)) {
    const until = start + between(0, 60) * LENGTHS[frequency];
    parts.push(`UNTIL=${new Date(until).toISOString().replace(/[-:]|\.\d+Z$/g, '')}`);
  }
  const ours = parts.join(';');
  const parsed = parseRecurrenceRule(ours);
  // A window far away, where only a jump arrives without walking.
  const far = start + Math.floor(LENGTHS[frequency] * between(50, level < 3 ? 600 : 4_000) * parsed.interval);
  const from = level < 3 ? Math.min(far, start + 120 * 366 * DAY) : far;
  const windows: [number, number][] = maybe(0.5) ? [[from, from + 12 * LENGTHS[frequency] * parsed.interval]] : [];
  return { ours, parsed, rule: ruleForDateutil(parsed, ours, start), start, first: FIRST, windows, cap: CAP };
}

/** Says what dateutil takes otherwise: a week chosen without a day means DTSTART's weekday, not all seven. */
function ruleForDateutil(rule: RecurrenceRule, text: string, start: number): string {
  const weekAlone =
    rule.byWeekNumber.length > 0 &&
    rule.byDay.length === 0 &&
    rule.byMonthDay.length === 0 &&
    rule.byYearDay.length === 0;
  return weekAlone ? `${text};BYDAY=${DAYS[weekdayOf(Math.floor(start / DAY))]!}` : text;
}

/** Ours as RFC 5545 has it, in UTC, so that local times are instants. */
export function ourInstances(rule: RecurrenceRule, start: number, from: number, until: number, most: number): number[] {
  const item: RecurringItem = {
    set: {
      start: { local: start, zone: UTC, isDate: false },
      rules: [rule],
      dates: [],
      exceptionRules: [],
      exceptions: [],
    },
    duration: { days: 0, milliseconds: 0 },
    key: 0,
    overrides: [],
  };
  const expansion = expand(item, { from, until: until + 1 }, UTC, { steps: 5_000_000 });
  return expansion.occurrences.slice(0, most).map((occurrence) => occurrence.start);
}

/** dateutil leaves out a DTSTART that the rule does not yield; here it counts, also for COUNT. */
function withStart(values: readonly number[], all: readonly number[], start: number, count: number | null): number[] {
  if (all[0] === start) {
    return [...values];
  }
  return count === null || all.length < count ? [...values] : values.filter((value) => value !== all[count - 1]);
}

/**
 * From when on instances are compared. In the first week dateutil counts BYSETPOS from DTSTART, RFC 5545 from the
 * beginning of the week: the first week of such a rule is left out.
 */
function comparedFrom({ parsed, start }: Question): number {
  const day = Math.floor(start / DAY);
  const offset = (weekdayOf(day) - parsed.weekStart + 7) % 7;
  const isPartial = parsed.frequency === 'WEEKLY' && parsed.bySetPosition.length > 0 && offset > 0;
  return isPartial ? (day - offset + 7) * DAY : start;
}

/**
 * Around the turn of the year dateutil is not sure of the last weeks: it calls 1 January 1983 week 53 of 1982, which has
 * 52, and misses days that lie in week -52 or -53 of the next year. Rules that ask for such weeks are left out here;
 * recurrence.test.ts compares them with ISO 8601.
 */
function asksForLastWeeks({ parsed }: Question): boolean {
  return parsed.byWeekNumber.some((week) => Math.abs(week) > 51);
}

/** Compares a number of random rules; every difference that is not explained in docs/recurrence.md is returned. */
export async function compareWithDateutil(seed: number, count: number): Promise<Outcome> {
  const random = randomNumbers(seed);
  const questions: Question[] = [];
  while (questions.length < count) {
    const question = randomQuestion(random);
    // With COUNT a difference in the first week would move the end.
    const isComparable = comparedFrom(question) === question.start || question.parsed.count === null;
    if (isComparable && !asksForLastWeeks(question)) {
      questions.push(question);
    }
  }
  const answers = await askDateutil(questions);
  const outcome: Outcome = { compared: 0, slow: 0, differences: [] };
  for (const [index, question] of questions.entries()) {
    const { ours, parsed, start, windows } = question;
    const answer = answers[index]!;
    const differ = (what: string, expected: readonly number[], found: readonly number[]): void => {
      const show = (values: readonly number[]): string =>
        values.map((value) => new Date(value).toISOString().slice(0, 19)).join(' ');
      outcome.differences.push(
        `${ours} from ${new Date(start).toISOString()}, ${what}\n  dateutil ${show(expected)}\n  ours     ${show(found)}`,
      );
    };
    if ('slow' in answer) {
      outcome.slow += 1;
      continue;
    }
    let all: number[] = [];
    let far: number[][] = windows.map(() => []);
    if ('error' in answer) {
      // It refuses a rule that never lands on what it asks for; here such a rule is DTSTART alone.
      if (!answer.error.includes('Invalid combination of interval') && !answer.error.includes('empty set')) {
        outcome.differences.push(`${ours}: dateutil says ${answer.error}`);
        continue;
      }
    } else {
      all = answer.first;
      far = answer.windows;
    }
    outcome.compared += 1;
    const low = comparedFrom(question);
    const withFirst = all[0] === start ? all : [start, ...withStart(all, all, start, parsed.count)];
    const expectedFirst = withFirst.filter((value) => value >= low);
    const isEverything = all.length < FIRST;
    const foundFirst = ourInstances(
      parsed,
      start,
      low,
      isEverything ? YEAR_9999 : (withFirst.at(-1) ?? start),
      FIRST + 1,
    );
    if (!equal(expectedFirst, foundFirst)) {
      differ('from the beginning', expectedFirst, foundFirst);
    }
    for (const [place, [from, until]] of windows.entries()) {
      const expected = withStart(far[place]!, all, start, parsed.count).slice(0, CAP - 1);
      const found = ourInstances(parsed, start, from, until, CAP - 1);
      if (!equal(expected, found)) {
        differ(`from ${new Date(from).toISOString()}`, expected, found);
      }
    }
  }
  return outcome;
}

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
