/**
 * VTIMEZONE components for what is published: small ones that say how a zone is now.
 * RFC 5545 §3.6.5. A zone in, text out. No offsets with seconds and no rules from before 1970, which Outlook refuses; a rule of
 * today in place of the history, because Outlook applies the oldest rule it meets (Interpretation 30).
 * Elsewhere: reading VTIMEZONE (calendar-zones.ts, vtimezone.ts).
 */
import { encodeText, foldLine } from './content.ts';
import { DAY, HOUR, MINUTE, SECOND, type TimeZone } from './date-time.ts';
import { printLocalTime } from './date-values.ts';

/** Years from last one on that are looked at; a rule must hold in all of them but the first. */
const YEARS = 12;
const WEEKDAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];

interface Transition {
  /** Local time before the change. */
  readonly local: number;
  readonly from: number;
  readonly to: number;
}

const printed = new Map<string, string>();
const MAX_PRINTED = 500;

/** The VTIMEZONE of a zone under this TZID, as it is from the year of `now` on. */
export function printVtimezone(tzid: string, zone: TimeZone, now: number): string {
  const year = new Date(now).getUTCFullYear();
  const key = `${year} ${zone.id} ${tzid}`;
  const known = printed.get(key);
  if (known !== undefined) return known;
  const text = `BEGIN:VTIMEZONE\r\n${foldLine(`TZID:${encodeText(tzid)}`)}${observances(zone, year)}END:VTIMEZONE\r\n`;
  if (printed.size >= MAX_PRINTED) printed.clear();
  printed.set(key, text);
  return text;
}

function observances(zone: TimeZone, year: number): string {
  const start = Date.UTC(year - 1, 0, 1);
  const all = transitionsOf(zone, start, Date.UTC(year - 1 + YEARS, 0, 1));
  const first = minutes(zone.offsetAt(start));
  if (all.length === 0) return observance('STANDARD', first, first, Date.UTC(1970, 0, 1), '');
  const lasting = all.filter(({ local }) => local >= Date.UTC(year, 0, 1));
  const rules = [lasting.filter(({ from, to }) => to > from), lasting.filter(({ from, to }) => to < from)].map(
    (group) => ruleOf(group, YEARS - 1),
  );
  const [daylight, standard] = rules;
  if (daylight !== undefined && standard !== undefined && rules.every((rule) => rule !== undefined))
    return (
      observance('DAYLIGHT', daylight.from, daylight.to, daylight.start, `RRULE:${daylight.rule}\r\n`) +
      observance('STANDARD', standard.from, standard.to, standard.start, `RRULE:${standard.rule}\r\n`)
    );
  // No rule that a year repeats (Ramadan, abolished summer time): the changes themselves, one by one.
  return (
    observance('STANDARD', first, first, Date.UTC(1970, 0, 1), '') +
    all.map(({ from, to, local }) => observance(to > from ? 'DAYLIGHT' : 'STANDARD', from, to, local, '')).join('')
  );
}

function observance(name: string, from: number, to: number, start: number, rule: string): string {
  return (
    `BEGIN:${name}\r\nDTSTART:${printLocalTime(start)}\r\nTZOFFSETFROM:${printOffset(from)}\r\n` +
    `TZOFFSETTO:${printOffset(to)}\r\n${rule}END:${name}\r\n`
  );
}

/** The yearly rule that all changes of one direction follow, or undefined. */
function ruleOf(
  group: readonly Transition[],
  years: number,
): { from: number; to: number; start: number; rule: string } | undefined {
  const [first] = group;
  if (first === undefined || group.length !== years) return undefined;
  const { from, to } = first;
  const facts = group.map((transition) => ({ ...transition, ...placeOf(transition.local) }));
  const [fact] = facts;
  const same = facts.every(
    (one) =>
      one.from === from &&
      one.to === to &&
      one.month === fact?.month &&
      one.weekday === fact.weekday &&
      one.time === fact.time,
  );
  if (!same || fact === undefined) return undefined;
  const { month, weekday, time } = fact;
  const nth = facts.every((one) => one.nth === fact.nth) ? fact.nth : facts.every((one) => one.last) ? -1 : undefined;
  if (nth === undefined) return undefined;
  const start = dayOf(1970, month, weekday, nth) + time;
  return { from, to, start, rule: `FREQ=YEARLY;BYMONTH=${month + 1};BYDAY=${nth}${WEEKDAYS[weekday]}` };
}

function placeOf(local: number) {
  const date = new Date(local);
  const day = date.getUTCDate();
  const month = date.getUTCMonth();
  const days = new Date(Date.UTC(date.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const midnight = local - (((local % DAY) + DAY) % DAY);
  return {
    month,
    weekday: date.getUTCDay(),
    time: local - midnight,
    nth: Math.ceil(day / 7),
    last: day > days - 7,
  };
}

/** Midnight of the nth weekday of a month; -1 is the last. */
function dayOf(year: number, month: number, weekday: number, nth: number): number {
  if (nth === -1) {
    const last = new Date(Date.UTC(year, month + 1, 0));
    return last.getTime() - ((last.getUTCDay() - weekday + 7) % 7) * DAY;
  }
  const first = new Date(Date.UTC(year, month, 1));
  return first.getTime() + (((weekday - first.getUTCDay() + 7) % 7) + (nth - 1) * 7) * DAY;
}

function transitionsOf(zone: TimeZone, start: number, end: number): Transition[] {
  const found: Transition[] = [];
  let offset = zone.offsetAt(start);
  for (let at = start; at < end; at += DAY) {
    const next = zone.offsetAt(at + DAY);
    if (next === offset) continue;
    let low = at;
    let high = at + DAY;
    while (high - low > SECOND) {
      const middle = low + Math.floor((high - low) / 2 / SECOND) * SECOND;
      if (zone.offsetAt(middle) === offset) low = middle;
      else high = middle;
    }
    found.push({ local: high + minutes(offset), from: minutes(offset), to: minutes(next) });
    offset = next;
  }
  return found;
}

/** Offsets of today have no seconds; those of a VTIMEZONE from elsewhere might. */
function minutes(offset: number): number {
  return Math.round(offset / MINUTE) * MINUTE;
}

function printOffset(offset: number): string {
  const absolute = Math.abs(offset);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(absolute / HOUR))}${two(Math.floor((absolute % HOUR) / MINUTE))}`;
}
