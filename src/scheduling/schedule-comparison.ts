/**
 * What counts as a change of a scheduled component.
 * RFC 5546 §2.1.4 (what raises SEQUENCE), RFC 6638 §3.2.8 (whose answer is asked for again).
 * Two components in, whether they differ; alarms, stamps and answers are not differences.
 */
import { type CalendarComponent, durationOf, readComponent } from '../calendar/calendar-component.ts';
import { foldCalendarUser } from '../calendar/calendar-user-address.ts';
import { type Component, type Property, parameterOf, printContent, propertyOf } from '../calendar/content.ts';
import { endOf, UTC } from '../calendar/date-time.ts';
import { excludedKeys, instanceKey, partstatOf, type SchedulingObject } from './scheduling-object.ts';

/** Written by programs, of no meaning to people. */
const UNIMPORTANT = new Set(['dtstamp', 'last-modified', 'created', 'sequence', 'request-status', 'transp']);
const TIMES = new Set(['dtstart', 'dtend', 'due', 'duration', 'exdate', 'recurrence-id']);

/** The component with its values resolved. */
export function resolved(component: Component, object: SchedulingObject): CalendarComponent {
  const known = object.model.components.find(({ content }) => content === component);
  return known ?? readComponent(component, object.model.zones);
}

/** A text that is equal for components that say the same to the people invited. `without`: EXDATEs that do not count. */
export function fingerprint(
  component: Component,
  object: SchedulingObject,
  without: ReadonlySet<string> = new Set(),
): string {
  const lines: string[] = [timesOf(component, object)];
  const host = foldCalendarUser(propertyOf(component, 'organizer')?.[3] ?? '');
  for (const key of excludedKeys(component, object).keys()) if (!without.has(key)) lines.push(`exdate ${key}`);
  for (const property of component[1]) {
    const [name] = property;
    if (UNIMPORTANT.has(name) || TIMES.has(name) || name.startsWith('x-')) continue;
    if (name === 'sequence' || property[3] === '') continue;
    lines.push(name === 'attendee' || name === 'organizer' ? userLine(property, host) : lineOf(property));
  }
  for (const inner of component[2]) if (inner[0] !== 'valarm') lines.push(printContent(inner));
  return lines.sort().join('\n');
}

/** Answers are no difference, but whether the organizer comes is. */
function userLine(property: Property, host: string): string {
  const user = foldCalendarUser(property[3]);
  const role = parameterOf(property, 'role').toUpperCase() || 'REQ-PARTICIPANT';
  const delegated = parameterOf(property, 'delegated-to').toLowerCase();
  if (property[0] === 'organizer') return `organizer ${user}`;
  return `attendee ${user} ${role} ${delegated} ${user === host ? partstatOf(property) : ''}`;
}

function lineOf([name, parameters, type, value]: Property): string {
  if (name === 'rrule' || name === 'exrule') return `${name} ${value.toUpperCase().split(';').sort().join(';')}`;
  const sorted = Object.keys(parameters).sort();
  return `${name} ${type} ${sorted.map((key) => `${key}=${String(parameters[key])}`).join(';')}:${value.trim()}`;
}

/** Start and end, however they are written. */
function timesOf(component: Component, object: SchedulingObject): string {
  const values = resolved(component, object);
  const { start, end } = values;
  if (start === null) return `due ${end === null ? '' : instanceKey(end)}`;
  return `from ${instanceKey(start)} until ${endOf(start, durationOf(values), UTC)}`;
}

/**
 * Whether people would have to look into their calendars again: other times, or other days (RFC 6638 §3.2.8). A series that
 * only ends earlier or later is the same for the instances that were answered.
 */
export function isRescheduled(
  before: Component,
  ofBefore: SchedulingObject,
  after: Component,
  ofAfter: SchedulingObject,
): boolean {
  if (timesOf(before, ofBefore) !== timesOf(after, ofAfter)) return true;
  return patternOf(before) !== patternOf(after);
}

function patternOf(component: Component): string {
  const lines: string[] = [];
  for (const property of component[1]) {
    if (property[0] === 'rrule')
      lines.push(
        property[3]
          .toUpperCase()
          .split(';')
          .filter((part) => !/^(?:UNTIL|COUNT|WKST)=|^INTERVAL=1$/.test(part))
          .sort()
          .join(';'),
      );
    if (property[0] === 'rdate' || property[0] === 'exrule') lines.push(lineOf(property));
  }
  return lines.sort().join('\n');
}

/** Answers as they stand, for telling whether others have something new to see. */
export function answersOf(component: Component): string {
  return component[1]
    .filter(([name]) => name === 'attendee')
    .map((property) => `${foldCalendarUser(property[3])} ${parameterOf(property, 'partstat').toUpperCase()}`)
    .sort()
    .join('\n');
}

export function isCancelled(component: Component): boolean {
  return propertyOf(component, 'status')?.[3].toUpperCase() === 'CANCELLED';
}
