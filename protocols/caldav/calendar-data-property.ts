/**
 * CALDAV:calendar-data as a property of calendar objects, for reports and PROPFIND.
 * RFC 4791 §9.6. The instructions inside the element are read once for each request; stored octets are printed as they are
 * when nothing partial was asked.
 * Elsewhere: the instructions' XML (calendar-data.ts), partial data itself (src/calendar/partial-data.ts).
 */
import { zoneOf } from '../../src/calendar/calendars.ts';
import type { TimeZone } from '../../src/calendar/date-time.ts';
import { parseCalendarObject } from '../../src/calendar/icalendar.ts';
import { type OutputBudget, outputBudget } from '../../src/calendar/output-budget.ts';
import { type DataRequest, isPartial, selectData } from '../../src/calendar/partial-data.ts';
import type { LiveProperty, Resource } from '../dav/contract.ts';
import { CALDAV } from '../dav/namespaces.ts';
import { type Element, escapeXml } from '../dav/xml.ts';
import { readDataRequest } from './calendar-data.ts';

interface Prepared {
  /** undefined: the stored octets. */
  readonly partial: DataRequest | undefined;
  readonly zone: TimeZone | undefined;
  readonly budget: OutputBudget;
}

/** By the element of the request, which lives as long as the request. */
const prepared = new WeakMap<Element, Prepared>();

/**
 * Reads the calendar-data of a DAV:prop before the answer begins, so that a refusal has its own status.
 * @param zone reads floating times; undefined leaves that to each calendar
 * @throws DavError, DomainError as calendar-data.ts does
 */
export function prepareCalendarData(prop: Element | undefined, zone: TimeZone | undefined): void {
  const element = prop?.child(CALDAV, 'calendar-data');
  if (element !== undefined) prepare(element, zone);
}

export const calendarDataProperty: LiveProperty = {
  namespace: CALDAV,
  name: 'calendar-data',
  on: ['member'],
  needsData: true,
  read(resource: Resource, _exchange, element: Element): string | undefined {
    if (resource.kind !== 'member' || resource.data === undefined) return undefined;
    const { partial, zone, budget } = prepared.get(element) ?? prepare(element, undefined);
    if (partial === undefined) return escapeXml(resource.data);
    const model = parseCalendarObject(resource.data);
    return escapeXml(selectData(model, partial, zone ?? zoneOf(resource.collection), budget));
  },
};

function prepare(element: Element, zone: TimeZone | undefined): Prepared {
  const request = readDataRequest(element);
  const made = {
    partial: isPartial(request) ? request : undefined,
    zone,
    budget: outputBudget(),
  };
  prepared.set(element, made);
  return made;
}
