/**
 * What counts as a change of a scheduled component.
 * RFC 5546 §2.1.4 (what raises SEQUENCE), RFC 6638 §3.2.8 (whose answer is asked for again).
 * Two components in, whether they differ; alarms, stamps and answers are not differences.
 */
import { type CalendarComponent, durationOf, readComponent } from '../calendar/calendar-component.ts';
import { foldCalendarUser } from '../calendar/calendar-user-address.ts';
import { isForModerators } from '../calendar/conferences.ts';
import { type Component, type Property, parameterOf, printContent, propertyOf } from '../calendar/content.ts';
import { endOf, UTC } from '../calendar/date-time.ts';
import { hasAddedInstances } from './added-instances.ts';
import { excludedKeys, instanceKey, MAIN, partstatOf, type SchedulingObject } from './scheduling-object.ts';

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
    if (property[3] === '' || isForModerators(property)) continue;
    lines.push(name === 'attendee' || name === 'organizer' ? userLine(property, host) : lineOf(property));
  }
  for (const inner of component[2]) if (inner[0] !== 'valarm') lines.push(printContent(inner));
  return lines.sort().join('\n');
}

/**
 * Properties of vendors that mean the same to everybody who knows the vendor (RFC 5545 §3.8.8.2: the name has its id), such as the
 * address of a conference; without what programs note for themselves (Interpretation 114).
 */
export function vendorPropertiesOf(component: Component): string {
  return component[1]
    .filter(([name]) => OF_A_VENDOR.test(name) && !OF_ONE_PROGRAM.test(name))
    .map(lineOf)
    .sort()
    .join('\n');
}

const OF_A_VENDOR = /^x-[a-z0-9]{3,}-./;
const OF_ONE_PROGRAM = /^x-(?:apple|calendarserver|convene|evolution|kde|lic|microsoft|moz|radicale)-/;

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
  return patternOf(before, PATTERN) !== patternOf(after, PATTERN);
}

/** RFC 6638 §3.2.8: whether all who answered the series are asked again. */
export function isSeriesAskedAgain(before: SchedulingObject, after: SchedulingObject): boolean {
  const [old, fresh] = [before.components.get(MAIN), after.components.get(MAIN)];
  if (old === undefined || fresh === undefined) return false;
  if (timesOf(old, before) !== timesOf(fresh, after)) return true;
  return patternOf(old, RULES) !== patternOf(fresh, RULES) || hasAddedInstances(before, after);
}

const RULES: readonly string[] = ['rrule', 'exrule'];
const PATTERN: readonly string[] = [...RULES, 'rdate'];

function patternOf(component: Component, names: readonly string[]): string {
  const lines: string[] = [];
  for (const property of component[1]) {
    if (!names.includes(property[0])) continue;
    if (property[0] === 'rrule')
      lines.push(
        property[3]
          .toUpperCase()
          .split(';')
          .filter((part) => !/^(?:UNTIL|COUNT|WKST)=|^INTERVAL=1$/.test(part))
          .sort()
          .join(';'),
      );
    else lines.push(lineOf(property));
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
