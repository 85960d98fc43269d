/**
 * What a calendar object resource may hold.
 * RFC 4791 §4.1 (one component type, one UID, no METHOD), RFC 5545 §3.6 (required properties), §3.8.2.2 (DTEND).
 * Not demanded, because clients in use leave it out and nothing here depends on it: PRODID, DTSTAMP, known values of
 * STATUS, CLASS and TRANSP, the alarms' inner rules, a VTIMEZONE for every TZID (RFC 7809 §3.1.3).
 * Elsewhere: single values (calendar-component.ts).
 */
import { DomainError } from '../errors.ts';
import type { CalendarComponent } from './calendar-component.ts';
import { type Component, propertyOf, textOf } from './content.ts';

/** ATTENDEE properties of one component (RFC 4791 §5.2.9). */
export const MAX_ATTENDEES = 5_000;
/** Components of one object: a main one and its overrides. */
export const MAX_COMPONENTS = 3_000;
/** Overrides with RANGE=THISANDFUTURE: each of them makes every expansion longer. */
const MAX_TURNS = 100;
/** Longer ones fill indexes; RFC 7986 §5.3 asks for up to 255 octets. */
const MAX_UID_LENGTH = 1_000;

const SUPPORTED = new Set(['vevent', 'vtodo', 'vjournal', 'vfreebusy', 'vavailability']);

/**
 * Checks the VCALENDAR and returns its components other than VTIMEZONE: all of one type and one UID.
 * @throws DomainError invalid-data, invalid-object, unsupported-component, too-many-instances
 */
export function checkCalendar(calendar: Component): Component[] {
  if (calendar[0] !== 'vcalendar') throw new DomainError('invalid-data', 'The text is not a VCALENDAR.');
  if (propertyOf(calendar, 'version')?.[3] !== '2.0') throw new DomainError('invalid-data', 'VERSION is not 2.0.');
  if (propertyOf(calendar, 'method')) throw invalidObject('A stored calendar object has no METHOD.');
  const scale = propertyOf(calendar, 'calscale')?.[3];
  if (scale !== undefined && scale.toUpperCase() !== 'GREGORIAN')
    throw new DomainError('invalid-data', 'CALSCALE is not GREGORIAN.');

  const components = calendar[2].filter(([name]) => name !== 'vtimezone');
  const [first] = components;
  if (!first) throw invalidObject('The object holds no component besides VTIMEZONE.');
  if (components.some(([name]) => name !== first[0])) throw invalidObject('The object mixes component types.');
  if (!SUPPORTED.has(first[0])) {
    throw new DomainError('unsupported-component', `${first[0].toUpperCase()} cannot be stored.`);
  }
  if (components.length > MAX_COMPONENTS) {
    throw new DomainError('too-many-instances', `The object holds more than ${MAX_COMPONENTS} components.`, {
      limit: MAX_COMPONENTS,
    });
  }
  const icalUid = textOf(first, 'uid');
  if (icalUid.trim() === '') throw invalidObject('The component has no UID.');
  if (icalUid.length > MAX_UID_LENGTH) throw invalidObject(`The UID is longer than ${MAX_UID_LENGTH} characters.`);
  if (components.some((component) => textOf(component, 'uid') !== icalUid)) {
    throw invalidObject('The components have different UIDs.');
  }
  return components;
}

/**
 * Checks the components of one object, each and together.
 * @throws DomainError invalid-data, invalid-object, too-many-attendees, too-many-instances
 */
export function checkComponents(components: readonly CalendarComponent[]): void {
  const instances = new Set<string>();
  if (components.filter(({ thisAndFuture }) => thisAndFuture).length > MAX_TURNS) {
    throw new DomainError('too-many-instances', `The series changes its course more than ${MAX_TURNS} times.`, {
      limit: MAX_TURNS,
    });
  }
  for (const component of components) {
    checkComponent(component);
    const id = component.recurrenceId;
    const instance = id ? `${id.isDate} ${id.zone?.id} ${id.local}` : 'main';
    if (instances.has(instance)) {
      throw invalidObject(id ? 'Two components have the same RECURRENCE-ID.' : 'Two components have no RECURRENCE-ID.');
    }
    instances.add(instance);
  }
}

function checkComponent(component: CalendarComponent): void {
  const { name, start, end, duration } = component;
  if (component.attendees > MAX_ATTENDEES) {
    throw new DomainError('too-many-attendees', `More than ${MAX_ATTENDEES} attendees.`, { limit: MAX_ATTENDEES });
  }
  if (name === 'VEVENT' && !start) throw invalidData('The VEVENT has no DTSTART.');
  // Task clients write a rule beside DUE or no date at all; such a task is kept and does not recur.
  if (!start && name !== 'VTODO' && (component.rules.length > 0 || component.dates.length > 0)) {
    throw invalidData('A component that recurs has no DTSTART.');
  }
  if (end && duration) throw invalidData('A component has both an end and a DURATION.');
  if (duration && (duration.days < 0 || duration.milliseconds < 0)) throw invalidData('DURATION is negative.');
  // Task clients write DUE before DTSTART, or one as DATE and the other not; such a task has no length. Calendar programs
  // write an end of another type or zone than the start: it is taken, and what ends before it begins has no length.
  if (start && end && name !== 'VTODO' && start.isDate === end.isDate && start.zone?.id === end.zone?.id) {
    if (end.local < start.local) throw invalidData('DTEND is before DTSTART.');
  }
}

function invalidObject(message: string): DomainError {
  return new DomainError('invalid-object', message);
}

function invalidData(message: string): DomainError {
  return new DomainError('invalid-data', message);
}
