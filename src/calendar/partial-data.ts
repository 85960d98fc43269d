/**
 * The part of a calendar object a client asks for in CALDAV:calendar-data.
 * RFC 4791 §9.6.1 to §9.6.4 (comp, prop), §9.6.6 (limit-recurrence-set), §9.6.7 (limit-freebusy-set).
 * A model and a typed request in, iCalendar text out; bounded in instances and octets.
 * Elsewhere: expansion (expanded-data.ts), the XML of the request (protocols/caldav/calendar-data.ts).
 */
import { DomainError } from '../errors.ts';
import { durationOf } from './calendar-component.ts';
import { type Component, type Property, printProperty } from './content.ts';
import { type DateTime, type Duration, endOf, instantOf, type TimeZone } from './date-time.ts';
import { freeBusyPeriods } from './free-busy-periods.ts';
import type { CalendarObjectModel } from './icalendar.ts';
import type { TimeRange } from './recurrence.ts';

/** CALDAV:comp. Names in upper case. One that names nothing inside asks for everything (RFC 4791 §7.8.1, example). */
export interface ComponentSelection {
  readonly name: string;
  readonly allProperties: boolean;
  readonly properties: readonly { readonly name: string; readonly noValue: boolean }[];
  readonly allComponents: boolean;
  readonly components: readonly ComponentSelection[];
}

export interface DataRequest {
  /** The comp of VCALENDAR; null: everything. */
  readonly selection: ComponentSelection | null;
  readonly expand: TimeRange | null;
  readonly limitRecurrence: TimeRange | null;
  readonly limitFreeBusy: TimeRange | null;
}

/** What one answer may still take; counted down over all its objects. Steps are those of the recurrence engine. */
export interface OutputBudget {
  steps: number;
  instances: number;
  octets: number;
}

/** A budget for one answer: a daily event over 50 years fits. */
export function outputBudget(): OutputBudget {
  return { steps: 1_000_000, instances: 20_000, octets: 10_000_000 };
}

/** Whether a request asks for anything but the stored octets. */
export function isPartial(request: DataRequest): boolean {
  return Boolean(request.selection ?? request.expand ?? request.limitRecurrence ?? request.limitFreeBusy);
}

/** Counts printed text, in UTF-16 units as a good enough measure of octets. */
export function spend(budget: OutputBudget, text: string): string {
  budget.octets -= text.length;
  if (budget.octets < 0) throw new DomainError('too-many-instances', 'The answer would be too large.');
  return text;
}

/** The components of a VCALENDAR that a limited request leaves (RFC 4791 §9.6.6): overrides only where they matter. */
export function limitRecurrenceSet(model: CalendarObjectModel, range: TimeRange, floatingZone: TimeZone): Component {
  const dropped = new Set<Component>();
  for (const component of model.components) {
    if (!component.recurrenceId || component.thisAndFuture) continue;
    const own = durationOf(component);
    const original = model.main ? durationOf(model.main) : own;
    const overlaps = (start: DateTime, duration: Duration) => {
      const from = instantOf(start, floatingZone);
      return from < range.until && Math.max(endOf(start, duration, floatingZone), from + 1) > range.from;
    };
    if (!overlaps(component.start ?? component.recurrenceId, own) && !overlaps(component.recurrenceId, original)) {
      dropped.add(component.content);
    }
  }
  const [name, properties, components] = model.content;
  return [name, properties, components.filter((component) => !dropped.has(component))];
}

/** Leaves of FREEBUSY only the values that overlap the range (RFC 4791 §9.6.7). */
export function limitFreeBusySet([name, properties, components]: Component, range: TimeRange): Component {
  const kept = properties.flatMap((property): Property[] => {
    if (property[0] !== 'freebusy') return [property];
    const [propertyName, parameters, type, value] = property;
    const values = value.split(',').filter((text) => {
      const one = freeBusyPeriods(['vfreebusy', [[propertyName, parameters, type, text]], []]);
      return one.some(({ from, until }) => from < range.until && until > range.from);
    });
    return values.length > 0 ? [[propertyName, parameters, type, values.join(',')]] : [];
  });
  return [name, kept, components.map((component) => limitFreeBusySet(component, range))];
}

/** Prints a component as a selection asks; null selects everything. */
export function printSelected(component: Component, selection: ComponentSelection | null): string {
  const name = component[0].toUpperCase();
  return `BEGIN:${name}\r\n${printInside(component, selection)}END:${name}\r\n`;
}

/** What stands between BEGIN and END, without the properties of the names in `left` (lower case). */
export function printInside(
  component: Component,
  selection: ComponentSelection | null,
  left?: ReadonlySet<string>,
): string {
  let text = '';
  for (const property of component[1]) {
    if (!left?.has(property[0])) text += selectedProperty(property, selection);
  }
  for (const child of component[2]) {
    const inner = innerSelection(child, selection);
    if (inner !== undefined) text += printSelected(child, inner);
  }
  return text;
}

/** The printed property, without its value where that is asked; '' when it is not selected. */
export function selectedProperty(property: Property, selection: ComponentSelection | null): string {
  if (selection === null || selection.allProperties || selectsAll(selection)) return printProperty(property);
  const name = property[0].toUpperCase();
  const wanted = selection.properties.find((candidate) => candidate.name === name);
  if (!wanted) return '';
  return printProperty(wanted.noValue ? [property[0], property[1], property[2], ''] : property);
}

/** The selection inside a child; undefined when the child is not selected. */
export function innerSelection(
  child: Component,
  selection: ComponentSelection | null,
): ComponentSelection | null | undefined {
  if (selection === null || selection.allComponents || selectsAll(selection)) return null;
  const name = child[0].toUpperCase();
  return selection.components.find((candidate) => candidate.name === name);
}

function selectsAll({ allProperties, properties, allComponents, components }: ComponentSelection): boolean {
  return !allProperties && !allComponents && properties.length === 0 && components.length === 0;
}
