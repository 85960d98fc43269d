/**
 * What makes a collection a calendar: the components it takes, the zone of its floating times, whether it makes busy.
 * RFC 4791 §4.2, §5.2.2 (calendar-timezone), §5.2.3 (supported-calendar-component-set), RFC 6638 §9.1 (transparency).
 * Columns in, columns out; a calendar's zone is an IANA name or, where there is none, the text of its VTIMEZONE.
 * Elsewhere: making and removing collections (src/collections/collections.ts), what is in them (calendar-objects.ts).
 */
import type { CalendarColumns } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import { parseVtimezone } from './calendar-zones.ts';
import { type TimeZone, UTC } from './date-time.ts';
import { findTimeZone } from './time-zones.ts';

/** Components a calendar may hold as objects of their own; VTIMEZONE and VALARM only ever come with one of them. */
export const CALENDAR_COMPONENTS: readonly string[] = ['VEVENT', 'VTODO', 'VJOURNAL', 'VFREEBUSY', 'VAVAILABILITY'];

/** What a calendar takes when nobody said otherwise. */
const DEFAULT_COMPONENTS = ['VEVENT', 'VTODO', 'VJOURNAL'];

/** The components of a calendar as a list. */
export function componentsOf(calendar: { readonly components: string }): string[] {
  return calendar.components === '' ? [] : calendar.components.split(',');
}

/**
 * The component column for names a client asked for. Names we do not store are left out, not refused: some clients list all
 * they know, VCALENDAR included.
 * @throws DomainError unsupported-component when none is left
 */
export function componentColumn(names: readonly string[]): string {
  const asked = new Set(names.map((name) => name.toUpperCase()));
  const known = CALENDAR_COMPONENTS.filter((component) => asked.has(component));
  if (known.length === 0)
    throw new DomainError('unsupported-component', 'A calendar must take one component at least.');
  return known.join(',');
}

/**
 * The zone column for the iCalendar object of CALDAV:calendar-timezone.
 * @throws DomainError invalid-time-zone unless it is an iCalendar object with exactly one VTIMEZONE (RFC 4791 §5.2.2)
 */
export function timeZoneColumn(icalendar: string): string {
  const { zone } = parseVtimezone(icalendar);
  return findTimeZone(zone.id) === undefined ? icalendar : zone.id;
}

/**
 * The zone of a name (RFC 7809 §5.2); the column of a calendar holds the name as it was given.
 * @throws DomainError unknown-time-zone
 */
export function timeZoneNamed(name: string): TimeZone {
  const zone = findTimeZone(name.trim());
  if (zone === undefined) throw new DomainError('unknown-time-zone', 'There is no time zone of this name.');
  return zone;
}

/** The zone in which floating times of a calendar are read; UTC when it has none. */
export function zoneOf(calendar: { readonly timeZone: string }): TimeZone {
  const { timeZone } = calendar;
  if (timeZone === '') return UTC;
  return findTimeZone(timeZone) ?? zoneOfText(timeZone);
}

/** All columns of a new calendar, from those that were given. */
export function calendarColumns(given: Partial<CalendarColumns> = {}): CalendarColumns {
  return { components: DEFAULT_COMPONENTS.join(','), timeZone: '', transparent: 0, ...given };
}

/** A name that the time zone data has lost since it was stored is read as UTC: a calendar must always answer. */
function zoneOfText(text: string): TimeZone {
  try {
    return parseVtimezone(text).zone;
  } catch (error) {
    if (error instanceof DomainError) return UTC;
    throw error;
  }
}
