/**
 * The part of a calendar object a client asks for in CALDAV:calendar-data.
 * RFC 4791 §9.6, §9.6.6 (limit-recurrence-set), §9.6.7 (limit-freebusy-set).
 * A model and a typed request in, iCalendar text out; bounded in instances and octets.
 * Elsewhere: selections (component-selection.ts), expansion (expanded-data.ts), the XML of the request
 * (protocols/caldav/calendar-data.ts).
 */
import { durationOf } from './calendar-component.ts';
import { type ComponentSelection, printSelected } from './component-selection.ts';
import type { Component, Property } from './content.ts';
import { type DateTime, type Duration, endOf, instantOf, type TimeZone } from './date-time.ts';
import { printExpanded } from './expanded-data.ts';
import { freeBusyPeriods } from './free-busy-periods.ts';
import type { CalendarObjectModel } from './icalendar.ts';
import { type OutputBudget, spend } from './output-budget.ts';
import type { TimeRange } from './recurrence.ts';

export interface DataRequest {
  /** The comp of VCALENDAR; null: everything. */
  readonly selection: ComponentSelection | null;
  readonly expand: TimeRange | null;
  readonly limitRecurrence: TimeRange | null;
  readonly limitFreeBusy: TimeRange | null;
}

/** Whether a request asks for anything but the stored octets. */
export function isPartial(request: DataRequest): boolean {
  return Boolean(request.selection ?? request.expand ?? request.limitRecurrence ?? request.limitFreeBusy);
}

/**
 * Prints what was asked for.
 * @param floatingZone reads floating times against the ranges
 * @param budget what the whole answer may still take
 * @throws DomainError too-many-instances when the budget is used up
 */
export function selectData(
  model: CalendarObjectModel,
  request: DataRequest,
  floatingZone: TimeZone,
  budget: OutputBudget,
): string {
  if (request.expand) return printExpanded(model, request.expand, request.selection, floatingZone, budget);
  let content = request.limitRecurrence
    ? limitRecurrenceSet(model, request.limitRecurrence, floatingZone)
    : model.content;
  if (request.limitFreeBusy) content = limitFreeBusySet(content, request.limitFreeBusy);
  return spend(budget, printSelected(content, request.selection));
}

/** The components of a VCALENDAR that a limited request leaves (RFC 4791 §9.6.6): overrides only where they matter. */
function limitRecurrenceSet(model: CalendarObjectModel, range: TimeRange, floatingZone: TimeZone): Component {
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
function limitFreeBusySet([name, properties, components]: Component, range: TimeRange): Component {
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
