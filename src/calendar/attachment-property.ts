/**
 * Managed attachments inside calendar objects: the ATTACH properties that name them, and components that gain or lose one.
 * RFC 8607 §3.3 to §3.6 (rid), §4 (MANAGED-ID, FILENAME, SIZE). Pure: trees in, trees out.
 * Elsewhere: storing them (attachments.ts), what a written object may say about them (attachment-check.ts).
 */
import type { AttachmentRow } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import type { CalendarComponent } from './calendar-component.ts';
import { type Component, type Property, parameterOf, propertyOf } from './content.ts';
import { type DateTime, instantOf, UTC } from './date-time.ts';
import { parseLocalTime, printDate, printInstant, printLocalTime } from './date-values.ts';
import type { CalendarObjectModel } from './icalendar.ts';
import { expand } from './recurrence.ts';

/** Which components an action is about: all of them, or the main one ('M') and instances by RECURRENCE-ID. */
export type Targets = readonly string[] | undefined;

/** Where an attachment is served: `…/dropbox/{managed id}/{file name}`. */
const OURS = /\/dav\/calendars\/[^/]+\/dropbox\/([A-Za-z0-9_-]+)\/[^/]*$/;

/** The MANAGED-ID of an ATTACH property, '' when it has none. */
export function managedIdOf(property: Property): string {
  return property[0] === 'attach' ? parameterOf(property, 'managed-id') : '';
}

/** The managed id that the value of an ATTACH property alone tells, '' when it is not one of our URIs. */
export function managedIdInUri(property: Property): string {
  return property[0] === 'attach' ? (OURS.exec(property[3])?.[1] ?? '') : '';
}

/** The property as the server writes it. */
export function attachProperty({ managedId, mediaType, fileName, size, uri }: AttachmentRow): Property {
  const parameters = { fmttype: mediaType, filename: fileName, size: String(size), 'managed-id': managedId };
  return ['attach', parameters, 'unknown', uri];
}

/** The managed ids in a tree, each once. */
export function managedIdsIn([, properties, components]: Component): Set<string> {
  const found = new Set(properties.map(managedIdOf).filter((id) => id !== ''));
  for (const component of components) for (const id of managedIdsIn(component)) found.add(id);
  return found;
}

/** The tree with another list of properties in the components that an action is about. */
export function editTargets(
  model: CalendarObjectModel,
  targets: Targets,
  edit: (properties: readonly Property[]) => Property[],
): Component {
  const chosen = targets === undefined ? undefined : targets.map((rid) => componentFor(model, rid));
  const [name, properties, children] = model.content;
  const edited = ([child, childProperties, grandchildren]: Component): Component => [
    child,
    edit(childProperties),
    grandchildren,
  ];
  const isOfObject = (component: Component) => model.components.some(({ content }) => content === component);
  const made = children.map((child) => {
    const about = chosen === undefined ? isOfObject(child) : chosen.includes(child);
    return about ? edited(child) : child;
  });
  const instances = (chosen ?? []).filter((component) => !children.includes(component)).map(edited);
  return [name, properties, [...made, ...instances]];
}

/** The component a rid names: the main one, an override, or a new override of an instance. @throws DomainError invalid-rid */
function componentFor(model: CalendarObjectModel, rid: string): Component {
  const { main, components } = model;
  if (rid === 'M') {
    if (main === null) throw invalidRid('The object has no main component.');
    return main.content;
  }
  const wanted = timeOf(rid);
  const same = ({ recurrenceId }: CalendarComponent) => recurrenceId !== null && isAt(recurrenceId, wanted);
  const override = components.find(same);
  if (override !== undefined) return override.content;
  if (main === null || main.start === null || model.item === null) throw invalidRid('There is no such instance.');
  const day = 24 * 3_600_000;
  const range = { from: wanted.local - day, until: wanted.local + day };
  const instance = expand(model.item, range, UTC, { steps: 20_000 }).occurrences.find(({ recurrenceId }) =>
    isAt(recurrenceId, wanted),
  );
  if (instance === undefined) throw invalidRid('There is no such instance.');
  return overrideOf(main, main.start, instance.recurrenceId);
}

interface RidTime {
  readonly local: number;
  readonly utc: boolean;
}

function timeOf(rid: string): RidTime {
  try {
    return parseLocalTime(rid);
  } catch (error) {
    if (error instanceof DomainError) throw invalidRid('A rid is M, a date, or a date with time.');
    throw error;
  }
}

/** A rid in UTC names an instant; another one is compared with the local time of the instance. */
function isAt(recurrenceId: DateTime, { local, utc }: RidTime): boolean {
  return utc && recurrenceId.zone ? instantOf(recurrenceId, UTC) === local : recurrenceId.local === local;
}

const OF_SERIES = new Set(['rrule', 'rdate', 'exdate', 'exrule', 'dtstart', 'dtend', 'due', 'recurrence-id']);

/** A component of its own for one instance of a series, with what the main component says (RFC 8607 §3.3.2). */
function overrideOf({ content }: CalendarComponent, start: DateTime, recurrenceId: DateTime): Component {
  const [name, properties, children] = content;
  const moved = recurrenceId.local - start.local;
  const times: Property[] = [];
  for (const property of properties) {
    if (property[0] === 'dtstart') {
      times.push(['recurrence-id', property[1], property[2], printed(start, moved)]);
      times.push([property[0], property[1], property[2], printed(start, moved)]);
    } else if (property[0] === 'dtend' || property[0] === 'due') {
      const { local, isDate, utc } = parseLocalTime(property[3]);
      const value: DateTime = { local, isDate, zone: utc ? UTC : null };
      times.push([property[0], property[1], property[2], printed(value, moved)]);
    }
  }
  const kept = properties.filter(([property]) => !OF_SERIES.has(property));
  return [name, [...kept.slice(0, 1), ...times, ...kept.slice(1)], children];
}

/** A value later by some time on the clock, written like the one it comes from. */
function printed({ local, isDate, zone }: DateTime, moved: number): string {
  if (isDate) return printDate(local + moved);
  return zone === UTC ? printInstant(local + moved) : printLocalTime(local + moved);
}

/** Whether somebody else organises the meeting: only the organizer changes its attachments (RFC 8607 §3.1). */
export function organizerOf({ components }: CalendarObjectModel): string {
  for (const { content } of components) {
    const organizer = propertyOf(content, 'organizer');
    if (organizer !== undefined) return organizer[3];
  }
  return '';
}

function invalidRid(message: string): DomainError {
  return new DomainError('invalid-rid', message);
}
