/**
 * Calendar object resources: iCalendar text to a checked model, for reading only; what is stored is the client's text.
 * RFC 5545, RFC 7986, RFC 4791 §4.1.
 * Text in, a model or a DomainError out.
 * Elsewhere: lines and nesting (content.ts), values (calendar-component.ts), the rules (calendar-validation.ts), what the
 * store indexes of a model (calendar-index.ts).
 */
import { type CalendarComponent, durationOf, readComponent, recurrenceOf } from './calendar-component.ts';
import { checkCalendar, checkComponents } from './calendar-validation.ts';
import { CalendarZones } from './calendar-zones.ts';
import { type Component, parseContent, textOf } from './content.ts';
import type { Override, RecurringItem } from './recurrence.ts';

/** A calendar object resource. */
export interface CalendarObjectModel {
  /** The VCALENDAR. */
  readonly content: Component;
  /** VEVENT, VTODO, VJOURNAL, VFREEBUSY or VAVAILABILITY. */
  readonly component: string;
  readonly icalUid: string;
  /** As in the text; Occurrence.key is a position in this list. */
  readonly components: readonly CalendarComponent[];
  /** The one without RECURRENCE-ID; null when the object holds only overrides. */
  readonly main: CalendarComponent | null;
  /** What to expand; null when no component has a start. */
  readonly item: RecurringItem | null;
  readonly zones: CalendarZones;
}

/**
 * Reads and checks a calendar object resource.
 * @throws DomainError invalid-data (not iCalendar, or values out of grammar), invalid-object (RFC 4791 §4.1),
 *   unsupported-component, date-out-of-range, too-many-instances, too-many-attendees
 */
export function parseCalendarObject(text: string): CalendarObjectModel {
  const content = parseContent(text);
  const contents = checkCalendar(content);
  const zones = new CalendarZones(content);
  const components = contents.map((component) => readComponent(component, zones));
  checkComponents(components);
  const first = contents[0] as Component;
  return {
    content,
    component: first[0].toUpperCase(),
    icalUid: textOf(first, 'uid'),
    components,
    main: components.find(({ recurrenceId }) => !recurrenceId) ?? null,
    item: itemOf(components),
    zones,
  };
}

/** What a main component and its overrides are to the recurrence engine; null when none has a start. */
export function itemOf(components: readonly CalendarComponent[]): RecurringItem | null {
  const key = components.findIndex(({ recurrenceId }) => !recurrenceId);
  const main = components[key];
  const set = main ? recurrenceOf(main) : null;
  const overrides: Override[] = [];
  for (const [index, component] of components.entries()) {
    const { recurrenceId, thisAndFuture, start, end, name } = component;
    if (!recurrenceId) continue;
    overrides.push({
      recurrenceId,
      thisAndFuture,
      start: start ?? (name === 'VTODO' && end ? end : recurrenceId),
      duration: durationOf(component),
      key: index,
    });
  }
  if (!set && overrides.length === 0) return null;
  return { set, duration: main ? durationOf(main) : { days: 0, milliseconds: 0 }, key, overrides };
}
