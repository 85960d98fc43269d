/**
 * The time zones one iCalendar object refers to.
 * RFC 5545 §3.2.19 (TZID), §3.6.5 (VTIMEZONE), RFC 4791 §5.2.2 (CALDAV:calendar-timezone).
 * A known name wins over the VTIMEZONE sent with it; a VTIMEZONE that is not needed is never evaluated.
 * Elsewhere: names (time-zones.ts), the evaluation of a VTIMEZONE (vtimezone.ts).
 */
import { hash } from 'node:crypto';
import { DomainError } from '../errors.ts';
import { type Component, parseContent, propertyOf, textOf } from './content.ts';
import type { TimeZone } from './date-time.ts';
import { parseLocalTime } from './date-values.ts';
import { parseRecurrenceRule } from './recurrence-rule.ts';
import { findTimeZone } from './time-zones.ts';
import { type Observance, timeZoneFromVtimezone } from './vtimezone.ts';

/** Zones read from a VTIMEZONE, by the hash of its content. */
const CACHE_SIZE = 200;
const cache = new Map<string, TimeZone>();

/** Finds the zones of one VCALENDAR by TZID. */
export class CalendarZones {
  readonly #calendar: Component;
  readonly #found = new Map<string, TimeZone>();

  constructor(calendar: Component) {
    this.#calendar = calendar;
  }

  /** @throws DomainError unknown-time-zone when nobody knows the name; invalid-data for a VTIMEZONE that is of no use */
  find(tzid: string): TimeZone {
    let zone = this.#found.get(tzid);
    if (zone) return zone;
    zone = findTimeZone(tzid) ?? this.#sent(tzid);
    this.#found.set(tzid, zone);
    return zone;
  }

  #sent(tzid: string): TimeZone {
    const component = this.#calendar[2].find((child) => child[0] === 'vtimezone' && textOf(child, 'tzid') === tzid);
    if (!component)
      throw new DomainError('unknown-time-zone', `The time zone ${JSON.stringify(tzid.slice(0, 80))} is unknown.`);
    return zoneOf(component);
  }
}

/**
 * Reads the value of CALDAV:calendar-timezone: an iCalendar object with exactly one VTIMEZONE and nothing else.
 * `strict` also asks for VERSION, without which it is no iCalendar object (RFC 5545 §3.6): clients that keep such a value
 * do well with less.
 * @throws DomainError invalid-time-zone
 */
export function parseVtimezone(text: string, strict = false): { tzid: string; zone: TimeZone } {
  try {
    const calendar = parseContent(text);
    const component = calendar[2][0];
    if (calendar[0] !== 'vcalendar' || calendar[2].length !== 1 || component?.[0] !== 'vtimezone') {
      throw new DomainError('invalid-time-zone', 'Expected an iCalendar object with exactly one VTIMEZONE.');
    }
    if (strict && textOf(calendar, 'version') !== '2.0') {
      throw new DomainError('invalid-time-zone', 'The time zone lacks VERSION:2.0.');
    }
    const tzid = textOf(component, 'tzid');
    if (tzid === '') throw new DomainError('invalid-time-zone', 'The VTIMEZONE has no TZID.');
    return { tzid, zone: findTimeZone(tzid) ?? zoneOf(component) };
  } catch (error) {
    if (error instanceof DomainError) throw new DomainError('invalid-time-zone', error.message);
    throw error;
  }
}

function zoneOf(component: Component): TimeZone {
  const key = hash('sha256', JSON.stringify(component));
  let zone = cache.get(key);
  if (!zone) {
    zone = timeZoneFromVtimezone({ tzid: textOf(component, 'tzid'), observances: observancesOf(component) });
    if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value ?? '');
    cache.set(key, zone);
  }
  return zone;
}

function observancesOf(vtimezone: Component): Observance[] {
  return vtimezone[2]
    .filter(([name]) => name === 'standard' || name === 'daylight')
    .map((component) => ({
      start: parseLocalTime(propertyOf(component, 'dtstart')?.[3] ?? '').local,
      offsetFrom: offsetOf(component, 'tzoffsetfrom'),
      offsetTo: offsetOf(component, 'tzoffsetto'),
      rules: component[1].filter(([name]) => name === 'rrule').map((property) => parseRecurrenceRule(property[3])),
      dates: component[1]
        .filter(([name]) => name === 'rdate')
        .flatMap((property) => property[3].split(','))
        .map((date) => parseLocalTime(date.split('/', 1)[0] ?? '').local),
    }));
}

/** UTC-OFFSET in milliseconds (RFC 5545 §3.3.14). */
function offsetOf(component: Component, name: string): number {
  const value = propertyOf(component, name)?.[3] ?? '';
  const match = /^([+-])(\d\d)(\d\d)(\d\d)?$/.exec(value);
  if (!match) throw new DomainError('invalid-data', `Not an offset from UTC: ${JSON.stringify(value.slice(0, 20))}`);
  const [, sign, hours, minutes, seconds = 0] = match;
  return (sign === '-' ? -1_000 : 1_000) * (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds));
}
