/**
 * Does a calendar object match the filter of a calendar-query?
 * RFC 4791 §9.7 (comp-filter, prop-filter, param-filter, text-match), §7.8.
 * A model and a typed filter in, a truth out; text-match is a plain substring, never a pattern.
 * Elsewhere: the XML of a filter (protocols/caldav), collations (src/collections/collation.ts), time-range (time-range.ts).
 */
import { type Collation, contains } from '../collections/collation.ts';
import { DomainError } from '../errors.ts';
import type { CalendarComponent } from './calendar-component.ts';
import { ALL_TIME } from './calendar-index.ts';
import { type Component, decodeText, type Property, parameterOf } from './content.ts';
import type { TimeZone } from './date-time.ts';
import type { CalendarObjectModel } from './icalendar.ts';
import { type Budget, DEFAULT_STEPS, type TimeRange } from './recurrence.ts';
import {
  alarmOverlaps,
  availableOverlaps,
  componentOverlaps,
  propertyOverlaps,
  type RangeContext,
} from './time-range.ts';

/** CALDAV:time-range; a missing side (null) is open. Instants; from inclusive, until exclusive. */
export interface FilterRange {
  readonly from: number | null;
  readonly until: number | null;
}

export interface TextMatch {
  readonly text: string;
  readonly collation: Collation;
  readonly negate: boolean;
}

export interface ParameterFilter {
  /** In upper case, as all names here. */
  readonly name: string;
  readonly isNotDefined: boolean;
  readonly textMatch: TextMatch | null;
}

export interface PropertyFilter {
  readonly name: string;
  readonly isNotDefined: boolean;
  readonly timeRange: FilterRange | null;
  readonly textMatch: TextMatch | null;
  readonly parameters: readonly ParameterFilter[];
}

/** The root is the comp-filter of VCALENDAR. */
export interface ComponentFilter {
  readonly name: string;
  readonly isNotDefined: boolean;
  readonly timeRange: FilterRange | null;
  readonly properties: readonly PropertyFilter[];
  readonly components: readonly ComponentFilter[];
}

/** What of a filter the store's index can answer. */
export interface FilterPlan {
  /** Only objects of this component type can match; null: any. */
  readonly component: string | null;
  /** Only objects with an occurrence in here can match; null: any. */
  readonly range: { readonly from: number; readonly until: number } | null;
  /** Component type and occurrences (exactly overlapping, see overlaps in calendar-index.ts) decide alone. */
  readonly exact: boolean;
}

/** Whether an object matches; `floatingZone` reads floating times. Where the budget runs out, it counts as a match. */
export function matches(
  model: CalendarObjectModel,
  filter: ComponentFilter,
  floatingZone: TimeZone,
  budget: Budget = { steps: DEFAULT_STEPS },
): boolean {
  if (filter.name !== 'VCALENDAR' || filter.isNotDefined) return false;
  // One object never takes all that a query has.
  const own = { steps: Math.min(budget.steps, DEFAULT_STEPS) };
  budget.steps -= own.steps;
  const result = matchesInside(model.content, filter, null, { model, floatingZone, budget: own });
  budget.steps += Math.max(0, own.steps);
  return result;
}

/** What can be known of the matches without reading them. */
export function planOf(filter: ComponentFilter): FilterPlan {
  const [only] = filter.components;
  if (!only || filter.components.length > 1 || filter.isNotDefined) {
    const exact = !filter.isNotDefined && filter.components.length === 0 && filter.properties.length === 0;
    return { component: null, range: null, exact };
  }
  if (only.isNotDefined || !STORED.has(only.name)) return { component: null, range: null, exact: false };
  const range = only.timeRange && closed(only.timeRange);
  const plain = filter.properties.length === 0 && only.properties.length === 0 && only.components.length === 0;
  // Rows of other components than VEVENT and VJOURNAL reach further than the component.
  return {
    component: only.name,
    range,
    exact: plain && (!range || only.name === 'VEVENT' || only.name === 'VJOURNAL'),
  };
}

const STORED = new Set(['VEVENT', 'VTODO', 'VJOURNAL', 'VFREEBUSY', 'VAVAILABILITY']);

function closed({ from, until }: FilterRange): TimeRange {
  return { from: from ?? ALL_TIME.from, until: until ?? ALL_TIME.until };
}

/** Properties and components of a component that is known to be defined. */
function matchesInside(
  content: Component,
  filter: ComponentFilter,
  around: CalendarComponent | null,
  context: RangeContext,
): boolean {
  return (
    filter.properties.every((property) => matchesProperty(content, property, context)) &&
    filter.components.every((component) => matchesComponent(content, component, around, context))
  );
}

/** RFC 4791 §9.7.1. */
function matchesComponent(
  parent: Component,
  filter: ComponentFilter,
  around: CalendarComponent | null,
  context: RangeContext,
): boolean {
  const name = filter.name.toLowerCase();
  const range = filter.timeRange && closed(filter.timeRange);
  let defined = false;
  for (const content of parent[2]) {
    if (content[0] !== name) continue;
    defined = true;
    if (filter.isNotDefined) break;
    const component = context.model.components.find((candidate) => candidate.content === content) ?? null;
    if (range && !overlapsRange(content, component, around, range, context)) continue;
    if (matchesInside(content, filter, component ?? around, context)) return true;
  }
  return filter.isNotDefined && !defined;
}

function overlapsRange(
  content: Component,
  component: CalendarComponent | null,
  around: CalendarComponent | null,
  range: TimeRange,
  context: RangeContext,
): boolean {
  if (component) return componentOverlaps(component, range, context);
  if (content[0] === 'available') return readable(() => availableOverlaps(content, range, context));
  if (content[0] !== 'valarm' || !around) return false;
  return readable(() => alarmOverlaps(content, around, range, context));
}

/** RFC 4791 §9.7.2: one property of the name must meet all conditions. */
function matchesProperty(content: Component, filter: PropertyFilter, context: RangeContext): boolean {
  const name = filter.name.toLowerCase();
  const range = filter.timeRange && closed(filter.timeRange);
  let defined = false;
  for (const property of content[1]) {
    if (property[0] !== name) continue;
    defined = true;
    if (filter.isNotDefined) break;
    if (range && !readable(() => propertyOverlaps(property, range, context))) continue;
    if (filter.textMatch && !matchesText(decodeText(property[3]), filter.textMatch)) continue;
    if (filter.parameters.every((parameter) => matchesParameter(property, parameter))) return true;
  }
  return filter.isNotDefined && !defined;
}

/** RFC 4791 §9.7.3. */
function matchesParameter(property: Property, filter: ParameterFilter): boolean {
  const name = filter.name.toLowerCase();
  const defined = name === 'value' ? property[2] !== 'unknown' : Object.hasOwn(property[1], name);
  if (filter.isNotDefined || !defined) return filter.isNotDefined && !defined;
  const value = name === 'value' ? property[2].toUpperCase() : parameterOf(property, name);
  return !filter.textMatch || matchesText(value, filter.textMatch);
}

function matchesText(text: string, { text: part, collation, negate }: TextMatch): boolean {
  return contains(text, part, collation) !== negate;
}

/** Values that are not checked when an object is stored (alarms, for one) may be unreadable: they match nothing. */
function readable(test: () => boolean): boolean {
  try {
    return test();
  } catch (error) {
    if (error instanceof DomainError) return false;
    throw error;
  }
}
