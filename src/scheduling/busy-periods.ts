/**
 * Free/busy information out of occurrences, and its printing as VFREEBUSY.
 * RFC 4791 §7.10, RFC 5545 §3.2.9 (FBTYPE), §3.6.4 (VFREEBUSY), §3.8.2.6 (FREEBUSY).
 * Rows of the index in, merged periods out; times only, never what they are for.
 * Elsewhere: whose rows, and who may see them (free-busy.ts).
 */

import { encodeText, foldLine, type Property, printProperty } from '../calendar/content.ts';
import type { TimeZone } from '../calendar/date-time.ts';
import { printInstant } from '../calendar/date-values.ts';
import { clip, type Interval, merge, subtract } from './intervals.ts';

export type BusyType = 'BUSY' | 'BUSY-TENTATIVE' | 'BUSY-UNAVAILABLE';

export interface BusyPeriod extends Interval {
  readonly type: BusyType;
}

/** Every type, the one that wins where they overlap first. */
export const BUSY_TYPES: readonly BusyType[] = ['BUSY', 'BUSY-UNAVAILABLE', 'BUSY-TENTATIVE'];

/** What is read of a row of the index; see calendar-index.ts. */
export interface BusyOccurrence {
  readonly startAt: number;
  readonly endAt: number;
  readonly floating: number;
  readonly busy: number;
}

/** The code of each type in the index. */
const CODES: Readonly<Record<BusyType, number>> = { BUSY: 1, 'BUSY-UNAVAILABLE': 3, 'BUSY-TENTATIVE': 2 };

/** The type a row of the index has; undefined for what does not make busy. */
export function typeOfCode(busy: number): BusyType | undefined {
  return BUSY_TYPES.find((type) => CODES[type] === busy);
}

/** The busy periods within a range, ascending by start, not overlapping; `floatingZone` reads floating rows. */
export function busyPeriods(
  occurrences: readonly BusyOccurrence[],
  range: Interval,
  floatingZone: TimeZone,
): BusyPeriod[] {
  const periods: BusyPeriod[] = [];
  for (const { startAt, endAt, floating, busy } of occurrences) {
    const type = typeOfCode(busy);
    if (type === undefined) continue;
    if (floating) periods.push({ from: floatingZone.toInstant(startAt), until: floatingZone.toInstant(endAt), type });
    else periods.push({ from: startAt, until: endAt, type });
  }
  return combine(periods, range);
}

/** Any periods as ones that do not overlap, within a range; where types overlap, the first of BUSY_TYPES wins. */
export function combine(periods: readonly BusyPeriod[], range: Interval): BusyPeriod[] {
  const combined: BusyPeriod[] = [];
  let taken: Interval[] = [];
  for (const type of BUSY_TYPES) {
    const all = periods.filter((period) => period.type === type);
    if (all.length === 0) continue;
    const own = subtract(clip(merge(all), range), taken);
    for (const { from, until } of own) combined.push({ from, until, type });
    taken = merge([...taken, ...own]);
  }
  return combined.sort((a, b) => a.from - b.from);
}

export interface FreeBusyReply {
  readonly range: Interval;
  readonly periods: readonly BusyPeriod[];
  /** An instant: DTSTAMP. */
  readonly stamp: number;
  readonly icalUid?: string;
  /** Set for a scheduling reply or a published one (RFC 5546 §3.3.1, §3.3.2); ORGANIZER and ATTENDEE in the order given. */
  readonly method?: 'REPLY' | 'PUBLISH';
  readonly properties?: readonly Property[];
}

/** Prints a VCALENDAR with one VFREEBUSY, FREEBUSY lines grouped by type. */
export function printFreeBusy(reply: FreeBusyReply): string {
  let text = 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Convene//Convene//EN\r\n';
  if (reply.method) text += `METHOD:${reply.method}\r\n`;
  text += 'BEGIN:VFREEBUSY\r\n';
  if (reply.icalUid !== undefined) text += foldLine(`UID:${encodeText(reply.icalUid)}`);
  text += `DTSTAMP:${printInstant(reply.stamp)}\r\n`;
  text += `DTSTART:${printInstant(reply.range.from)}\r\nDTEND:${printInstant(reply.range.until)}\r\n`;
  for (const property of reply.properties ?? []) text += printProperty(property);
  for (const type of BUSY_TYPES) {
    const values = reply.periods.filter((period) => period.type === type);
    if (values.length === 0) continue;
    const list = values.map(({ from, until }) => `${printInstant(from)}/${printInstant(until)}`).join(',');
    text += foldLine(`FREEBUSY;FBTYPE=${type}:${list}`);
  }
  return `${text}END:VFREEBUSY\r\nEND:VCALENDAR\r\n`;
}
