/**
 * Does a calendar object match the filter of a calendar-query?
 * RFC 4791 §9.7 (comp-filter, prop-filter, param-filter, text-match), §9.9 (time-range).
 * A model and a typed filter in, a truth out; text-match is a plain substring, never a pattern.
 * Elsewhere: the XML of a filter (protocols/caldav), collations (src/collections/collation.ts), what the index can answer.
 */
import type { Collation } from '../collections/collation.ts';
import type { TimeZone } from './date-time.ts';
import type { CalendarObjectModel } from './icalendar.ts';
import type { Budget } from './recurrence.ts';

/** CALDAV:time-range; a missing side is open. Instants; from inclusive, until exclusive. */
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

/** Whether an object matches; `floatingZone` reads floating times. When the budget runs out, it counts as a match. */
export function matches(
  _model: CalendarObjectModel,
  _filter: ComponentFilter,
  _floatingZone: TimeZone,
  _budget?: Budget,
): boolean {
  return false;
}

/** What can be known of the matches without reading them. */
export function planOf(_filter: ComponentFilter): FilterPlan {
  return { component: null, range: null, exact: false };
}
