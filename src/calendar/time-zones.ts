/**
 * Time zones by name: IANA names and aliases, Windows names, and what vendors put around them.
 * RFC 5545 §3.2.19 (TZID), RFC 7809 §3.1.2 (zones by reference). Transitions come from ICU through Intl.
 * A name in, a TimeZone out. A name that looks like a path is only ever a name.
 * Elsewhere: look-ups in transitions (zone-transitions.ts); zones read from a VTIMEZONE (vtimezone.ts), which the
 * caller tries when the name is unknown here.
 */

import { WINDOWS_TO_IANA_MAP } from 'windows-iana';
import { packedDay, packedFromDays } from './civil-date.ts';
import { DAY, HOUR, MINUTE, SECOND, type TimeZone, UTC } from './date-time.ts';
import { blockStart, type TransitionTable, TransitionZone, transitionTable } from './zone-transitions.ts';

/** Longer names are unknown; the longest IANA name has 32 characters, and vendor prefixes are short. */
const LONGEST_TZID = 255;
/** Answers kept, found or not: names come from users. */
const REMEMBERED_NAMES = 2_000;
/** Distance of samples. Closer together than any two transitions since 1900 in the data. */
const SAMPLE_DISTANCE = 9 * DAY;

/** Three letters that ICU takes for a zone although IANA has no such name, or that mean several: a VTIMEZONE decides. */
const ABBREVIATION = /^[A-Z]{3}$/i;
const IANA_ABBREVIATIONS = new Set([
  'CET',
  'EET',
  'EST',
  'GMT',
  'HST',
  'MET',
  'MST',
  'PRC',
  'ROC',
  'ROK',
  'UCT',
  'UTC',
  'WET',
]);
const IANA_NAME = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}$/;
const UTC_NAMES = new Set(['utc', 'z', 'tzone://microsoft/utc']);

const remembered = new Map<string, TimeZone | undefined>();
const zones = new Map<string, TimeZone>();

/** Windows names in lower case to the IANA name of their main territory. */
const windowsNames = new Map<string, string>();
for (const { windowsName, territory, iana } of WINDOWS_TO_IANA_MAP) {
  if (territory === '001' && iana[0]) {
    windowsNames.set(windowsName.toLowerCase(), iana[0]);
  }
}

/** The zone of that name, or undefined. IANA in any case, aliases, Windows names, vendor prefixes. */
export function findTimeZone(tzid: string): TimeZone | undefined {
  if (tzid.length > LONGEST_TZID) {
    return undefined;
  }
  if (remembered.has(tzid)) {
    return remembered.get(tzid);
  }
  const zone = resolve(tzid);
  if (remembered.size >= REMEMBERED_NAMES) {
    remembered.clear();
  }
  remembered.set(tzid, zone);
  return zone;
}

/** Names that many programs write for a zone of another name, by the areas they stand in. */
const ALIASES =
  'US/Alaska US/Aleutian US/Arizona US/Central US/Eastern US/Hawaii US/Mountain US/Pacific Canada/Atlantic Canada/Central ' +
  'Canada/Eastern Canada/Mountain Canada/Newfoundland Canada/Pacific Brazil/East Mexico/General Chile/Continental ' +
  'Australia/ACT Australia/NSW Australia/North Australia/Queensland Australia/South Australia/Tasmania Australia/Victoria ' +
  'Australia/West GB Eire Portugal Poland Turkey Israel Iran Japan PRC ROK Singapore Hongkong Egypt Jamaica Cuba NZ ' +
  'Asia/Kolkata Asia/Kathmandu Asia/Ho_Chi_Minh Asia/Yangon Europe/Kyiv America/Argentina/Buenos_Aires Asia/Chongqing';
let names: readonly string[] | undefined;
const aliasesByZone = new Map<string, string[]>();

/** The zones the platform knows, each by one name. */
export function timeZoneNames(): readonly string[] {
  if (names === undefined) {
    names = Intl.supportedValuesOf('timeZone');
    for (const alias of ALIASES.split(' ')) {
      const { timeZone } = new Intl.DateTimeFormat('en-US', { timeZone: alias }).resolvedOptions();
      if (timeZone !== alias) aliasesByZone.set(timeZone, [...(aliasesByZone.get(timeZone) ?? []), alias]);
    }
  }
  return names;
}

/** Other names of a zone of that list. */
export function timeZoneAliases(name: string): readonly string[] {
  timeZoneNames();
  return aliasesByZone.get(name) ?? [];
}

/** The version of the time zone data, such as 2025c. */
export function timeZoneVersion(): string {
  return process.versions['tz'] ?? 'unknown';
}

function resolve(tzid: string): TimeZone | undefined {
  const name = tzid.replace(/^[\s"']+|[\s"']+$/g, '');
  if (UTC_NAMES.has(name.toLowerCase())) {
    return UTC;
  }
  return windowsZone(name) ?? ianaZone(name) ?? ianaZone(name.replaceAll(' ', '_')) ?? prefixedZone(name);
}

function windowsZone(name: string): TimeZone | undefined {
  const iana = windowsNames.get(name.toLowerCase());
  return iana === undefined ? undefined : ianaZone(iana);
}

/** `/mozilla.org/20050126_1/America/Indiana/Knox` and its like: the longest end of the path that is a name. */
function prefixedZone(name: string): TimeZone | undefined {
  const segments = name.split('/').filter((segment) => segment !== '');
  for (let length = Math.min(3, segments.length); length > 0; length -= 1) {
    // A single last segment counts only behind a leading slash: 'x/EST' may be anybody's own name.
    if (length < segments.length || name.startsWith('/')) {
      const end = segments.slice(-length).join('/');
      const zone = length > 1 || name.startsWith('/') ? (ianaZone(end) ?? windowsZone(end)) : undefined;
      if (zone) {
        return zone;
      }
    }
  }
  return undefined;
}

function ianaZone(name: string): TimeZone | undefined {
  if (!IANA_NAME.test(name) || (ABBREVIATION.test(name) && !IANA_ABBREVIATIONS.has(name.toUpperCase()))) {
    return undefined;
  }
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
  } catch {
    return undefined;
  }
  // ICU names one zone for all its aliases, so they share one table.
  const id = format.resolvedOptions().timeZone;
  if (id === 'UTC') {
    return UTC;
  }
  let zone = zones.get(id);
  if (!zone) {
    zone = new TransitionZone(id, (block) => sampleBlock(format, block));
    zones.set(id, zone);
  }
  return zone;
}

/** Finds the transitions of a block of years: samples, and halves each interval whose ends differ. */
function sampleBlock(format: Intl.DateTimeFormat, block: number): TransitionTable {
  const end = blockStart(block + 1) + 2 * DAY;
  let time = blockStart(block) - 2 * DAY;
  let offset = formattedOffset(format, time);
  const transitions: number[] = [];
  const offsets = [offset];
  while (time < end) {
    const next = Math.min(time + SAMPLE_DISTANCE, end);
    const after = formattedOffset(format, next);
    if (after !== offset) {
      let low = time / SECOND;
      let high = next / SECOND;
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (formattedOffset(format, middle * SECOND) === offset) {
          low = middle;
        } else {
          high = middle;
        }
      }
      transitions.push(high * SECOND);
      offsets.push(after);
      offset = after;
    }
    time = next;
  }
  return transitionTable(transitions, offsets);
}

/** The offset at an instant from a text such as `31, 19:00:00`, to the second, as local mean times need it. */
function formattedOffset(format: Intl.DateTimeFormat, instant: number): number {
  const text = format.format(instant);
  const digits = (at: number): number => (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;
  const time = digits(4) * HOUR + digits(7) * MINUTE + digits(10) * SECOND;
  const days = Math.floor(instant / DAY);
  let dayDifference = digits(0) - packedDay(packedFromDays(days));
  if (Math.abs(dayDifference) > 1) {
    dayDifference = dayDifference < 0 ? 1 : -1;
  }
  return dayDifference * DAY + time - (instant - days * DAY);
}
