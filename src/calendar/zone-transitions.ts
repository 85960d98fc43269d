/**
 * Look-ups in tables of time zone transitions: the offset at an instant, the instant of a local time.
 * RFC 5545 §3.3.5 (local times that do not exist or occur twice).
 * Tables come from a source (ICU in time-zones.ts, observances in vtimezone.ts), by block of years, when first asked.
 */

import { daysFromCivil, isLeapYear, packedFromDays, packedYear, weekdayOf } from './civil-date.ts';
import { DAY, type TimeZone } from './date-time.ts';

/** Transitions of a span of time in ascending order; offsets has one entry more, the first before them all. */
export interface TransitionTable {
  readonly transitions: Float64Array;
  /** Local time from which the offset after the transition counts: the end of the gap or of the overlap. */
  readonly switches: Float64Array;
  readonly offsets: Float64Array;
}

/** Years of one block: few enough that sampling one is quick, many enough that most calendars need only one or two. */
export const BLOCK_YEARS = 16;
const FIRST_YEAR = 1900;
/** From here on only the rules of the last year known apply, so each year repeats one of the 28 before. */
const REPEATING_YEAR = 2132;
const FIRST_INSTANT = daysFromCivil(FIRST_YEAR, 1, 1) * DAY;
/** The last instant of a Date: what lies beyond, an endless range included, is answered as if it were then. */
const LAST_INSTANT = 8.64e15;
const REPEATING_INSTANT = daysFromCivil(REPEATING_YEAR, 1, 1) * DAY;

/** The first instant of a block, in UTC; the last block ends where years repeat. */
export function blockStart(block: number): number {
  return daysFromCivil(FIRST_YEAR + block * BLOCK_YEARS, 1, 1) * DAY;
}

/** Makes a table; offsets has one entry more than transitions. */
export function transitionTable(transitions: readonly number[], offsets: readonly number[]): TransitionTable {
  return {
    transitions: Float64Array.from(transitions),
    switches: Float64Array.from(transitions, (at, index) => at + Math.max(offsets[index]!, offsets[index + 1]!)),
    offsets: Float64Array.from(offsets),
  };
}

/** For each kind of year (leap or not, weekday of 1 January) the days since 1970 of such a year before REPEATING_YEAR. */
const SAMPLE_YEARS = new Map<number, number>();
for (let year = REPEATING_YEAR - 28; year < REPEATING_YEAR; year += 1) {
  const days = daysFromCivil(year, 1, 1);
  SAMPLE_YEARS.set(weekdayOf(days) * 2 + (isLeapYear(year) ? 1 : 0), days);
}

/** How far to go back from a time after REPEATING_YEAR to the same day of a year of the same kind. */
function repetition(time: number): number {
  const year = packedYear(packedFromDays(Math.floor(time / DAY)));
  const days = daysFromCivil(year, 1, 1);
  return (days - SAMPLE_YEARS.get(weekdayOf(days) * 2 + (isLeapYear(year) ? 1 : 0))!) * DAY;
}

/** The time to look up; never outside the tables, whatever the number. */
function withinTables(time: number, back: number): number {
  return time > FIRST_INSTANT ? Math.min(time, LAST_INSTANT) - back : FIRST_INSTANT;
}

/**
 * A time zone from tables of transitions. Before 1900 the first offset of 1900 holds: what clocks showed then is local
 * mean time, which nobody schedules by. From 2132 on years repeat, so that year 9998 costs no more than this one.
 */
export class TransitionZone implements TimeZone {
  readonly id: string;
  readonly #load: (block: number) => TransitionTable;
  readonly #blocks: (TransitionTable | undefined)[] = [];
  // The answer to the last question holds between two transitions, and questions come in order.
  #instantFrom = 1;
  #instantUntil = 0;
  #instantOffset = 0;
  #localFrom = 1;
  #localUntil = 0;
  #localOffset = 0;

  /** @param load the table of a block of years; it must reach two days beyond the block on both sides */
  constructor(id: string, load: (block: number) => TransitionTable) {
    this.id = id;
    this.#load = load;
  }

  offsetAt(instant: number): number {
    if (instant >= this.#instantFrom && instant < this.#instantUntil) {
      return this.#instantOffset;
    }
    const back = instant >= REPEATING_INSTANT ? repetition(Math.min(instant, LAST_INSTANT)) : 0;
    const time = withinTables(instant, back);
    const table = this.#table(time);
    const index = upperBound(table.transitions, time);
    const offset = table.offsets[index]!;
    if (back === 0 && instant >= FIRST_INSTANT) {
      const start = blockStart(blockOf(time));
      this.#instantFrom = Math.max(start, index > 0 ? table.transitions[index - 1]! : start);
      this.#instantUntil = Math.min(
        blockStart(blockOf(time) + 1),
        table.transitions[index] ?? Number.POSITIVE_INFINITY,
      );
      this.#instantOffset = offset;
    }
    return offset;
  }

  toInstant(local: number): number {
    if (local >= this.#localFrom && local < this.#localUntil) {
      return local - this.#localOffset;
    }
    const back = local >= REPEATING_INSTANT ? repetition(Math.min(local, LAST_INSTANT)) : 0;
    const time = withinTables(local, back);
    const table = this.#table(time);
    const index = upperBound(table.switches, time);
    const offset = table.offsets[index]!;
    if (back === 0 && local >= FIRST_INSTANT) {
      const start = blockStart(blockOf(time));
      this.#localFrom = Math.max(start, index > 0 ? table.switches[index - 1]! : start);
      this.#localUntil = Math.min(blockStart(blockOf(time) + 1), table.switches[index] ?? Number.POSITIVE_INFINITY);
      this.#localOffset = offset;
    }
    return local - offset;
  }

  #table(time: number): TransitionTable {
    const block = blockOf(time);
    let table = this.#blocks[block];
    if (!table) {
      table = this.#load(block);
      this.#blocks[block] = table;
    }
    return table;
  }
}

function blockOf(time: number): number {
  return Math.floor((packedYear(packedFromDays(Math.floor(time / DAY))) - FIRST_YEAR) / BLOCK_YEARS);
}

/** How many entries are at or before a time. */
function upperBound(sorted: Float64Array, time: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
