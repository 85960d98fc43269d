/**
 * CALDAV:calendar-data as a property of calendar objects, for reports and PROPFIND.
 * RFC 4791 §9.6, RFC 7265 §6 (jCal), RFC 7809 §4.1 (CalDAV-Timezones). The instructions inside the element are read once for each request; stored octets are printed as they are
 * when nothing partial was asked.
 * Elsewhere: the instructions' XML (calendar-data.ts), partial data itself (src/calendar/partial-data.ts).
 */
import { zoneOf } from '../../src/calendar/calendars.ts';
import { parseContent } from '../../src/calendar/content.ts';
import type { TimeZone } from '../../src/calendar/date-time.ts';
import { parseCalendarObject } from '../../src/calendar/icalendar.ts';
import { printJcal } from '../../src/calendar/jcal.ts';
import { type OutputBudget, outputBudget } from '../../src/calendar/output-budget.ts';
import { type DataRequest, isPartial, selectData } from '../../src/calendar/partial-data.ts';
import type { LiveProperty, PropertyValue, Resource } from '../dav/contract.ts';
import { CALDAV } from '../dav/namespaces.ts';
import { type Element, escapeXml } from '../dav/xml.ts';
import { asksForJcal, readDataRequest } from './calendar-data.ts';
import { inZonesOf, JCAL_TYPE } from './calendar-representation.ts';

interface Prepared {
  readonly jcal: boolean;
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
  read(resource: Resource, { request }, element: Element): PropertyValue | undefined {
    if (resource.kind !== 'member' || resource.data === undefined) return undefined;
    const { partial, zone, budget, jcal } = prepared.get(element) ?? prepare(element, undefined);
    let text = inZonesOf(resource.data, request.headers);
    if (partial !== undefined) {
      text = selectData(parseCalendarObject(text), partial, zone ?? zoneOf(resource.collection), budget);
    }
    if (!jcal) return escapeXml(text);
    const attributes = ` content-type="${JCAL_TYPE}" version="2.0"`;
    return { attributes, content: escapeXml(printJcal(parseContent(text))) };
  },
};

function prepare(element: Element, zone: TimeZone | undefined): Prepared {
  const request = readDataRequest(element);
  const made = {
    jcal: asksForJcal(element),
    partial: isPartial(request) ? request : undefined,
    zone,
    budget: outputBudget(),
  };
  prepared.set(element, made);
  return made;
}
