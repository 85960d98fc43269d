/**
 * The instructions inside CALDAV:calendar-data, from XML to a typed request.
 * RFC 4791 §9.6 (calendar-data), §9.6.1 (comp), §9.6.4 (prop), §9.6.5 to §9.6.7 (expand and limits), §7.8.
 * Elsewhere: what is printed for it (src/calendar/partial-data.ts), the property itself (calendar-data-property.ts).
 */
import { MAX_DATE_TIME, MIN_DATE_TIME } from '../../src/calendar/calendar-component.ts';
import type { ComponentSelection } from '../../src/calendar/component-selection.ts';
import type { DataRequest } from '../../src/calendar/partial-data.ts';
import type { TimeRange } from '../../src/calendar/recurrence.ts';
import { DomainError } from '../../src/errors.ts';
import { badRequest } from '../dav/dav-error.ts';
import { CALDAV } from '../dav/namespaces.ts';
import type { Element } from '../dav/xml.ts';
import { ICALENDAR_TYPE, JCAL_TYPE } from './calendar-representation.ts';
import { readRange } from './time-range.ts';

/** comp and prop elements of one request; each is looked through for every property printed. */
const MAX_SELECTED = 500;

/**
 * Reads the element of a request.
 * @throws DomainError unsupported-media-type (RFC 4791 §7.8, CALDAV:supported-calendar-data), date-out-of-range
 *   (CALDAV:min-date-time, max-date-time); DavError 400 outside the grammar
 */
export function readDataRequest(element: Element): DataRequest {
  const type = typeOf(element);
  const version = element.attribute('version') ?? '2.0';
  if ((type !== ICALENDAR_TYPE && type !== JCAL_TYPE) || version !== '2.0') {
    throw new DomainError('unsupported-media-type', `Calendar data is ${ICALENDAR_TYPE} or ${JCAL_TYPE}, version 2.0.`);
  }
  const comp = element.child(CALDAV, 'comp');
  const selection = comp ? readSelection(comp, { left: MAX_SELECTED }) : null;
  if (selection && selection.name !== 'VCALENDAR') throw badRequest('The outer comp is not VCALENDAR.');
  const expand = readSpan(element, 'expand');
  const limitRecurrence = readSpan(element, 'limit-recurrence-set');
  if (expand && limitRecurrence) throw badRequest('expand and limit-recurrence-set exclude each other.');
  return { selection, expand, limitRecurrence, limitFreeBusy: readSpan(element, 'limit-freebusy-set') };
}

/** Whether the element asks for jCal (RFC 7265 §6). */
export function asksForJcal(element: Element): boolean {
  return typeOf(element) === JCAL_TYPE;
}

function typeOf(element: Element): string {
  return (element.attribute('content-type') ?? ICALENDAR_TYPE).trim().toLowerCase();
}

function readSelection(element: Element, budget: { left: number }): ComponentSelection {
  const comps = element.elements(CALDAV, 'comp');
  const props = element.elements(CALDAV, 'prop');
  budget.left -= 1 + props.length;
  if (budget.left < 0) throw badRequest(`calendar-data names more than ${MAX_SELECTED} components and properties.`);
  return {
    name: nameOf(element),
    allProperties: element.child(CALDAV, 'allprop') !== undefined,
    properties: props.map((prop) => ({ name: nameOf(prop), noValue: prop.attribute('novalue') === 'yes' })),
    allComponents: element.child(CALDAV, 'allcomp') !== undefined,
    components: comps.map((comp) => readSelection(comp, budget)),
  };
}

/** A range with both sides, within the dates a calendar object can have. */
function readSpan(parent: Element, name: string): TimeRange | null {
  const element = parent.child(CALDAV, name);
  if (!element) return null;
  const { from, until } = readRange(element);
  if (from === null || until === null) throw badRequest(`${name} needs a start and an end.`);
  if (from < MIN_DATE_TIME) throw new DomainError('date-out-of-range', `${name} starts too early.`, { bound: 'min' });
  if (until > MAX_DATE_TIME) throw new DomainError('date-out-of-range', `${name} ends too late.`, { bound: 'max' });
  return { from, until };
}

function nameOf(element: Element): string {
  const name = element.attribute('name')?.toUpperCase();
  if (!name) throw badRequest(`A ${element.name} needs a name.`);
  return name;
}
