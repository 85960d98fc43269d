/**
 * The zone in which a calendar reads floating times, as its VTIMEZONE and as its name.
 * RFC 4791 §5.2.2 (calendar-timezone), RFC 7809 §5.2 (calendar-timezone-id), RFC 7265 §6 (as jCal), RFC 7808 §5.1.
 * Both are one column of the calendar; a VTIMEZONE that a client set is also kept as it came, until a name replaces it.
 * Elsewhere: zones (src/calendar/calendars.ts), reading and writing any property (protocols/dav/properties.ts).
 */
import { timeZoneColumn, timeZoneNamed } from '../../src/calendar/calendars.ts';
import { parseContent } from '../../src/calendar/content.ts';
import { printJcal, textOfJcal } from '../../src/calendar/jcal.ts';
import { vtimezoneOf } from '../../src/calendar/vtimezone-text.ts';
import { DomainError } from '../../src/errors.ts';
import type { CalendarColumns } from '../../storage/store.ts';
import type { LiveProperty, PropertyValue } from '../dav/contract.ts';
import { DavError } from '../dav/dav-error.ts';
import { CALDAV } from '../dav/namespaces.ts';
import { type Element, escapeXml, hrefXml } from '../dav/xml.ts';
import { parseXml } from '../dav/xml-parser.ts';
import { asksForJcal } from './calendar-data.ts';
import { JCAL_TYPE } from './calendar-representation.ts';
import { TIME_ZONE_SERVICE } from './time-zone-service.ts';

const PRODUCT = '-//Convene//Time zones//EN';

export const timeZoneProperties: readonly LiveProperty[] = [
  // RFC 7809 §5.1: where its clients get the zones that answers leave out.
  { namespace: CALDAV, name: 'timezone-service-set', on: ['home'], read: () => hrefXml(TIME_ZONE_SERVICE) },
  {
    namespace: CALDAV,
    name: 'calendar-timezone',
    on: ['collection'],
    // Set by its name alone: the VTIMEZONE is made from that (RFC 7809 §5.2).
    read(resource, _exchange, asked) {
      if (resource.kind !== 'collection') return undefined;
      const { timeZone } = resource.collection;
      const component = timeZone === '' ? undefined : vtimezoneOf(timeZone);
      if (component === undefined) return undefined;
      return inForm(`BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:${PRODUCT}\r\n${component}END:VCALENDAR\r\n`, asked);
    },
    present(stored, asked) {
      const element = parseXml(Buffer.from(stored));
      if (asksForJcal(element) === asksForJcal(asked)) return stored;
      const value = inForm(icalendarOf(element), asked);
      const { attributes, content } = typeof value === 'string' ? { attributes: '', content: value } : value;
      return `<C:calendar-timezone${attributes}>${content}</C:calendar-timezone>`;
    },
    settable: {
      stored: 'shared',
      check: (value) =>
        refusable('<C:valid-calendar-data/>', () => ({
          timeZone: value === undefined ? '' : timeZoneColumn(icalendarOf(value)),
        })),
    },
  },
  {
    namespace: CALDAV,
    name: 'calendar-timezone-id',
    on: ['collection'],
    read(resource) {
      if (resource.kind !== 'collection' || resource.collection.timeZone === '') return undefined;
      // A zone of the client's own has no name that others know.
      return resource.collection.timeZone.includes('\n') ? undefined : escapeXml(resource.collection.timeZone);
    },
    settable: {
      stored: 'no',
      displaces: ['calendar-timezone'],
      check: (value) =>
        refusable('<C:valid-timezone/>', () => ({ timeZone: value === undefined ? '' : nameOfZone(value.text()) })),
    },
  },
];

function nameOfZone(text: string): string {
  timeZoneNamed(text);
  return text.trim();
}

/** The iCalendar text of a value, which may be jCal. @throws DomainError as jcal.ts does */
function icalendarOf(element: Element): string {
  return asksForJcal(element) ? textOfJcal(element.text()) : element.text();
}

function inForm(icalendar: string, asked: Element): PropertyValue {
  if (!asksForJcal(asked)) return escapeXml(icalendar);
  const content = escapeXml(printJcal(parseContent(icalendar)));
  return { attributes: ` content-type="${JCAL_TYPE}" version="2.0"`, content };
}

/** The columns, or the refusal of the domain as that of the property (RFC 4791 §5.2.2, RFC 7809 §5.2). */
function refusable(condition: string, columns: () => Partial<CalendarColumns>): Partial<CalendarColumns> | DavError {
  try {
    return columns();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return new DavError(403, error.message, condition);
  }
}
