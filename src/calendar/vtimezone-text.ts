/**
 * VTIMEZONE components made from the zone data of the platform, and their place in calendar objects.
 * RFC 5545 §3.6.5; RFC 7809 §3.1.1 and §3.1.2 (objects with and without them). Short ones, as clients want them: what
 * repeats every year is one rule, what came before it in the years asked for is listed.
 * Elsewhere: zones by name (time-zones.ts), reading a VTIMEZONE (vtimezone.ts).
 */
import { DAY, HOUR, SECOND, type TimeZone } from './date-time.ts';
import { printLocalTime } from './date-values.ts';
import { findTimeZone } from './time-zones.ts';

export interface Transition {
  /** Instant. */
  readonly at: number;
  /** Milliseconds east of UTC. */
  readonly from: number;
  readonly to: number;
}

/** The first year whose changes a VTIMEZONE tells (RFC 7808 §3.9 truncation): the start of a block of years, so that few are read. */
const FIRST_YEAR = 1996;
/** Years ahead in which a change must repeat to be told as a rule. */
const REPEATED_YEARS = 6;
/** Up to here changes are looked for: further ahead every rule repeats. */
const LAST_YEAR = 2037;
const DAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];
const REMEMBERED = 500;

const remembered = new Map<string, string>();

/** The VTIMEZONE of a name, undefined when it is unknown. */
export function vtimezoneOf(tzid: string, firstYear = FIRST_YEAR): string | undefined {
  const zone = findTimeZone(tzid);
  if (zone === undefined) return undefined;
  const key = `${tzid} ${firstYear}`;
  let text = remembered.get(key);
  if (text === undefined) {
    text = printZone(tzid, zone, firstYear);
    if (remembered.size >= REMEMBERED) remembered.clear();
    remembered.set(key, text);
  }
  return text;
}

/** Changes of a zone in [from, until), in order. */
export function transitionsBetween(zone: TimeZone, from: number, until: number): Transition[] {
  const found: Transition[] = [];
  let offset = zone.offsetAt(from);
  for (let at = from; at < until; at += DAY) {
    const end = Math.min(at + DAY, until);
    const after = zone.offsetAt(end);
    if (after === offset) continue;
    let low = at;
    let high = end;
    while (high - low > SECOND) {
      const middle = low + Math.floor((high - low) / 2 / SECOND) * SECOND;
      if (zone.offsetAt(middle) === offset) low = middle;
      else high = middle;
    }
    if (high < until) found.push({ at: high, from: offset, to: after });
    offset = after;
  }
  return found;
}

function printZone(tzid: string, zone: TimeZone, firstYear: number): string {
  const from = Date.UTC(firstYear, 0, 1);
  const transitions = transitionsBetween(zone, from, Date.UTC(LAST_YEAR + 1, 0, 1));
  const first = zone.offsetAt(from);
  let text = `BEGIN:VTIMEZONE\r\nTZID:${tzid}\r\n`;
  // What held before the first change that is told, or always.
  text += observance(tzid, { at: from, from: first, to: first }, [printLocalTime(from + first)]);
  const rules = new Map<string, Transition[]>();
  for (const transition of transitions) {
    const key = ruleOf(transition);
    rules.set(key, [...(rules.get(key) ?? []), transition]);
  }
  const listed = new Map<string, Transition[]>();
  for (const [key, same] of rules) {
    const run = lastRunOf(same);
    const repeats = run.length >= REPEATED_YEARS && yearOf(run[run.length - 1]!) === LAST_YEAR;
    if (repeats) text += observance(tzid, run[0]!, [onset(run[0]!)], key.split('|')[0]);
    for (const transition of repeats ? same.slice(0, same.length - run.length) : same) {
      const kind = `${transition.from} ${transition.to}`;
      listed.set(kind, [...(listed.get(kind) ?? []), transition]);
    }
  }
  for (const same of listed.values()) {
    same.sort((one, other) => one.at - other.at);
    text += observance(tzid, same[0]!, same.map(onset));
  }
  return `${text}END:VTIMEZONE\r\n`;
}

/** The yearly rule a change would follow, and the clock time and offsets it must share with others of it. */
function ruleOf(transition: Transition): string {
  const local = transition.at + transition.from;
  const date = new Date(local);
  const day = date.getUTCDate();
  const length = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  const week = day + 7 > length ? -1 : Math.ceil(day / 7);
  const rule = `FREQ=YEARLY;BYMONTH=${date.getUTCMonth() + 1};BYDAY=${week}${DAYS[date.getUTCDay()]}`;
  return `${rule}|${local % DAY}|${transition.from}|${transition.to}`;
}

/** The changes at the end of a list that follow one another year after year. */
function lastRunOf(transitions: readonly Transition[]): Transition[] {
  let start = transitions.length - 1;
  while (start > 0 && yearOf(transitions[start - 1]!) === yearOf(transitions[start]!) - 1) start--;
  return transitions.slice(start);
}

function yearOf({ at, from }: Transition): number {
  return new Date(at + from).getUTCFullYear();
}

/** An onset is told in the local time before it (RFC 5545 §3.6.5). */
function onset({ at, from }: Transition): string {
  return printLocalTime(at + from);
}

function observance(tzid: string, { at, from, to }: Transition, onsets: readonly string[], rule?: string): string {
  const name = to > from ? 'DAYLIGHT' : 'STANDARD';
  let text = `BEGIN:${name}\r\nDTSTART:${onsets[0]}\r\nTZOFFSETFROM:${printOffset(from)}\r\nTZOFFSETTO:${printOffset(to)}\r\n`;
  const label = nameAt(tzid, at);
  if (label !== undefined) text += `TZNAME:${label}\r\n`;
  if (rule !== undefined) text += `RRULE:${rule}\r\n`;
  for (const other of onsets.slice(1)) text += `RDATE:${other}\r\n`;
  return `${text}END:${name}\r\n`;
}

/** `+0530`; seconds only where there are some. */
export function printOffset(offset: number): string {
  const seconds = Math.abs(offset) / SECOND;
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const rest = seconds % 60 === 0 ? '' : two(seconds % 60);
  return `${offset < 0 ? '-' : '+'}${two((seconds * SECOND) / HOUR)}${two((seconds / 60) % 60)}${rest}`;
}

/** What people there call the time, as far as it has a name and not only an offset. */
export function nameAt(tzid: string, instant: number): string | undefined {
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: tzid, timeZoneName: 'short' });
    const name = format.formatToParts(instant).find(({ type }) => type === 'timeZoneName')?.value;
    return name === undefined || !/^[A-Z]{2,6}$/.test(name) ? undefined : name;
  } catch {
    return undefined;
  }
}

const VTIMEZONE = /^BEGIN:VTIMEZONE\r?\n[\s\S]*?^END:VTIMEZONE\r?\n/gim;

/** The object without the VTIMEZONEs that everybody has under their name (RFC 7809 §3.1.2). */
export function withoutKnownZones(octets: string): string {
  if (!/^BEGIN:VTIMEZONE/im.test(octets)) return octets;
  return octets.replace(VTIMEZONE, (zone) => {
    const tzid = /^TZID[^:\r\n]*:(.*)$/im.exec(zone.replace(/\r?\n[ \t]/g, ''))?.[1]?.trim() ?? '';
    return findTimeZone(tzid) === undefined ? zone : '';
  });
}

/** The object with VTIMEZONEs for the zones it names, when it came without any (RFC 7809 §3.1.1). */
export function withKnownZones(octets: string): string {
  if (!octets.includes('TZID=') || /^BEGIN:VTIMEZONE/im.test(octets)) return octets;
  const names = new Set<string>();
  for (const match of octets.replace(/\r?\n[ \t]/g, '').matchAll(/;TZID="?([^":;\r\n]{1,200})/g))
    names.add(match[1] ?? '');
  let zones = '';
  for (const name of names) zones += vtimezoneOf(name) ?? '';
  // The first component after BEGIN:VCALENDAR: properties of the calendar come before it (RFC 5545 §3.6).
  const at = octets.slice(1).search(/^BEGIN:/im) + 1;
  return zones === '' || at === 0 ? octets : octets.slice(0, at) + zones + octets.slice(at);
}
