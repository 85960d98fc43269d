/**
 * The part of a calendar object a client asks for in CALDAV:calendar-data.
 * RFC 4791 §9.6 (comp, prop, expand, limit-recurrence-set, limit-freebusy-set).
 * A model and a typed request in, iCalendar text out; bounded in instances and octets.
 * Elsewhere: the XML of the request (protocols/caldav/calendar-data.ts).
 */
import type { TimeZone } from './date-time.ts';
import type { CalendarObjectModel } from './icalendar.ts';
import type { Budget, TimeRange } from './recurrence.ts';

/** CALDAV:comp. Names in upper case. */
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

/** What one answer may still make; selectData counts it down over several objects. */
export interface OutputBudget extends Budget {
  instances: number;
  octets: number;
}

/** Whether a request asks for anything but the stored octets. */
export function isPartial(request: DataRequest): boolean {
  return Boolean(request.selection ?? request.expand ?? request.limitRecurrence ?? request.limitFreeBusy);
}

/**
 * Prints what was asked for.
 * @param floatingZone reads floating times against the ranges
 * @throws DomainError too-many-instances when the budget is used up
 */
export function selectData(
  _model: CalendarObjectModel,
  _request: DataRequest,
  _floatingZone: TimeZone,
  _budget?: OutputBudget,
): string {
  return '';
}
