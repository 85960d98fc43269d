/**
 * A calendar object as scheduling sees it: a main component and its overrides, with organizer and attendees.
 * RFC 5546 §3.2 and §3.4 (VEVENT, VTODO), RFC 6638 §3.1 (what a scheduling object resource is).
 * A parsed model in; components are values: whatever changes one makes another.
 * Elsewhere: parsing (src/calendar/icalendar.ts), what follows from a change (itip-organizer.ts, itip-attendee.ts).
 */
import type { CalendarComponent } from '../calendar/calendar-component.ts';
import { readDateTime } from '../calendar/calendar-component.ts';
import { foldCalendarUser } from '../calendar/calendar-user-address.ts';
import { type Component, type Property, parameterOf, propertyOf } from '../calendar/content.ts';
import { type DateTime, UTC } from '../calendar/date-time.ts';
import { printDate, printLocalTime } from '../calendar/date-values.ts';
import type { CalendarObjectModel } from '../calendar/icalendar.ts';
import { type Budget, expand } from '../calendar/recurrence.ts';

/** Names one instance of a series by when it was to be; '' is the main component. */
export type InstanceKey = string;

export const MAIN: InstanceKey = '';

export interface SchedulingObject {
  readonly model: CalendarObjectModel;
  /** The main component under MAIN, when there is one, then the overrides. */
  readonly components: ReadonlyMap<InstanceKey, Component>;
}

/** Components that are scheduled (RFC 5546 §3); others are only kept. */
export const SCHEDULED = ['VEVENT', 'VTODO'];

export function schedulingObject(model: CalendarObjectModel): SchedulingObject {
  const components = new Map<InstanceKey, Component>();
  if (model.main !== null) components.set(MAIN, model.main.content);
  for (const { content, recurrenceId } of model.components) {
    if (recurrenceId !== null) components.set(instanceKey(recurrenceId), content);
  }
  return { model, components };
}

/** Dates, floating and zoned times are never equal to each other. */
export function instanceKey({ isDate, zone, local }: DateTime): InstanceKey {
  if (isDate) return `d${local}`;
  return zone === null ? `f${local}` : `i${zone.toInstant(local)}`;
}

/** ORGANIZER of the first component that has one. */
export function organizerOf(components: Iterable<Component>): Property | undefined {
  for (const component of components) {
    const organizer = propertyOf(component, 'organizer');
    if (organizer !== undefined) return organizer;
  }
  return undefined;
}

/** Attendees by folded address, in their order. */
export function attendeesOf(component: Component): ReadonlyMap<string, Property> {
  const known = attendees.get(component);
  if (known !== undefined) return known;
  const found = new Map<string, Property>();
  for (const property of component[1])
    if (property[0] === 'attendee') found.set(foldCalendarUser(property[3]), property);
  attendees.set(component, found);
  return found;
}

/** Components are never changed in place, and large ones are asked again and again. */
const attendees = new WeakMap<Component, ReadonlyMap<string, Property>>();

/** PARTSTAT in upper case; NEEDS-ACTION is the default (RFC 5545 §3.2.12). */
export function partstatOf(attendee: Property): string {
  return parameterOf(attendee, 'partstat').toUpperCase() || 'NEEDS-ACTION';
}

/** RFC 6638 §7.1: who schedules for this attendee or with this organizer; SERVER is the default. */
export function scheduleAgentOf(property: Property): string {
  return parameterOf(property, 'schedule-agent').toUpperCase() || 'SERVER';
}

/** The instances EXDATE takes out of a component. */
export function excludedKeys(component: Component, { model }: SchedulingObject): Map<InstanceKey, Property> {
  const found = new Map<InstanceKey, Property>();
  for (const property of component[1]) {
    if (property[0] !== 'exdate' || property[3] === '') continue;
    for (const value of property[3].split(','))
      found.set(instanceKey(readDateTime(property, value, model.zones)), [
        property[0],
        property[1],
        property[2],
        value,
      ]);
  }
  return found;
}

export function sequenceOf(component: Component): number {
  const value = Number.parseInt(propertyOf(component, 'sequence')?.[3] ?? '0', 10);
  return Number.isFinite(value) ? value : 0;
}

/** A copy with some parameters of a property set, or removed where undefined. */
export function withParameters(property: Property, changes: Readonly<Record<string, string | undefined>>): Property {
  const parameters = { ...property[1] };
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete parameters[name];
    else parameters[name] = value;
  }
  return [property[0], parameters, property[2], property[3]];
}

export function withProperties(component: Component, change: (property: Property) => Property | undefined): Component {
  const properties: Property[] = [];
  for (const property of component[1]) {
    const changed = change(property);
    if (changed !== undefined) properties.push(changed);
  }
  return [component[0], properties, component[2]];
}

/** A copy in which all properties of these names are replaced by those given. */
export function replaceProperties(component: Component, names: readonly string[], by: readonly Property[]): Component {
  return [component[0], [...component[1].filter(([name]) => !names.includes(name)), ...by], component[2]];
}

/** The VCALENDAR again with other components; its VTIMEZONEs stay. */
export function withComponents({ model }: SchedulingObject, components: Iterable<Component>): Component {
  const zones = model.content[2].filter(([name]) => name === 'vtimezone');
  return ['vcalendar', model.content[1], [...zones, ...components]];
}

/**
 * The component one instance of the series would be if it were an override: the main one at its own time.
 * Undefined when there is no main component or the series has no such instance, as far as the budget tells.
 */
export function deriveOverride(object: SchedulingObject, key: InstanceKey, budget?: Budget): Component | undefined {
  const { main, item } = object.model;
  if (main === null || main.start === null || item?.set == null) return undefined;
  const instance = instanceAt(object, key, main, budget);
  if (instance === undefined) return undefined;
  const shift = instance.local - main.start.local;
  const moved = (property: Property) => movedTime(property, shift, object);
  const start = propertyOf(main.content, 'dtstart') as Property;
  const properties: Property[] = [];
  for (const property of main.content[1]) {
    const [name] = property;
    if (RECURRENCE.has(name)) continue;
    properties.push(name === 'dtstart' || name === 'dtend' || name === 'due' ? moved(property) : property);
  }
  properties.push(['recurrence-id', start[1], start[2], printLike(start, main.start, instance.local)]);
  return [main.content[0], properties, main.content[2]];
}

/** A property with a time, moved on the clock by milliseconds. */
export function movedTime(property: Property, shift: number, { model }: SchedulingObject): Property {
  const value = readDateTime(property, property[3], model.zones);
  return [property[0], property[1], property[2], printLike(property, value, value.local + shift)];
}

export const RECURRENCE: ReadonlySet<string> = new Set(['rrule', 'rdate', 'exdate', 'exrule', 'recurrence-id']);

/** The instance of a key as a time in the zone of DTSTART, when the series has it and does not exclude it. */
function instanceAt(
  object: SchedulingObject,
  key: InstanceKey,
  main: CalendarComponent,
  budget?: Budget,
): DateTime | undefined {
  const { item } = object.model;
  const at = Number(key.slice(1));
  if (item === null || !Number.isFinite(at)) return undefined;
  // Overrides do not matter: what is asked for is the place in the set.
  const alone = { ...item, overrides: [] };
  const floating = main.start?.zone === null;
  const range = { from: at - (floating ? 1 : 0), until: at + 1_000 };
  const { occurrences } = expand(alone, range, UTC, budget);
  return occurrences.find(({ recurrenceId }) => instanceKey(recurrenceId) === key)?.recurrenceId;
}

/** Whether the series has this instance, EXDATE and all considered. */
export function hasInstance(object: SchedulingObject, key: InstanceKey): boolean {
  const { main } = object.model;
  if (key === MAIN) return main !== null;
  return object.components.has(key) || (main !== null && instanceAt(object, key, main) !== undefined);
}

function printLike(property: Property, value: DateTime, local: number): string {
  if (value.isDate) return printDate(local);
  return printLocalTime(local) + (property[3].toUpperCase().endsWith('Z') ? 'Z' : '');
}

/** EXDATE for an override, in the form of its RECURRENCE-ID. */
export function exdateFor(override: Component): Property | undefined {
  const id = propertyOf(override, 'recurrence-id');
  if (id === undefined) return undefined;
  const { range: _, ...parameters } = id[1];
  return ['exdate', parameters, id[2], id[3]];
}
