/**
 * The live properties CalDAV adds to principals, homes, calendars and calendar objects.
 * RFC 4791 §5.2 (calendars), §6.2 (principals), §9.6 (calendar-data), RFC 6638 §2.4 (addresses, type), §9.1 (transparency).
 * Each is a row: where it is, how its value reads, and what setting it changes.
 * Elsewhere: reading and writing any property (protocols/dav/properties.ts, proppatch.ts), the rules (src/calendar/calendars.ts).
 */
import { MAX_ATTACHMENTS } from '../../src/calendar/attachment-check.ts';
import { MAX_ATTACHMENT_OCTETS } from '../../src/calendar/attachments.ts';
import { MAX_DATE_TIME, MIN_DATE_TIME } from '../../src/calendar/calendar-component.ts';
import { RECURRENCE_SCALES } from '../../src/calendar/calendar-scales.ts';
import { MAX_ATTENDEES } from '../../src/calendar/calendar-validation.ts';
import { componentColumn, componentsOf } from '../../src/calendar/calendars.ts';
import { printInstant } from '../../src/calendar/date-values.ts';
import { MAX_CALENDAR_OBJECT_OCTETS } from '../../src/calendar/object-writing.ts';
import { DomainError } from '../../src/errors.ts';
import type { CalendarColumns, PrincipalKind } from '../../storage/store.ts';
import type { LiveProperty, Resource, Settable } from '../dav/contract.ts';
import { DavError } from '../dav/dav-error.ts';
import { homeHref, principalHref } from '../dav/hrefs.ts';
import { CALDAV, CALENDARSERVER } from '../dav/namespaces.ts';
import { type Element, escapeAttribute, escapeXml, hrefXml } from '../dav/xml.ts';
import { availabilityProperties } from './availability-property.ts';
import { calendarDataProperty } from './calendar-data-property.ts';
import { ICALENDAR_TYPE, JCAL_TYPE } from './calendar-representation.ts';
import { schedulingProperties } from './scheduling-properties.ts';
import { timeZoneProperties } from './time-zone-properties.ts';

/** RFC 6638 §2.4.2; its words are those of CUTYPE (RFC 5545 §3.2.3). */
const USER_TYPES: Record<PrincipalKind, string> = {
  individual: 'INDIVIDUAL',
  group: 'GROUP',
  resource: 'RESOURCE',
  room: 'ROOM',
};

/** Component types that clients keep in collections of their own, each a set (RFC 4791 §5.2.3 extended to homes). */
const SEPARATE_SETS = ['VEVENT', 'VTODO'];

const onCalendar = (read: LiveProperty['read'], name: string, settable?: Settable): LiveProperty => ({
  namespace: CALDAV,
  name,
  on: ['collection'],
  read,
  ...(settable === undefined ? {} : { settable }),
});

export const calendarProperties: readonly LiveProperty[] = [
  onCalendar(() => undefined, 'calendar-description', { stored: 'shared', ownInOwnHome: true }),
  ...timeZoneProperties,
  onCalendar(
    (resource) => (resource.kind === 'collection' ? componentSet(componentsOf(resource.collection)) : undefined),
    'supported-calendar-component-set',
    { stored: 'no', onlyAtCreation: true, check: (value) => componentsAsked(value) },
  ),
  onCalendar(
    () => [ICALENDAR_TYPE, JCAL_TYPE].map((type) => `<C:calendar-data content-type="${type}" version="2.0"/>`).join(''),
    'supported-calendar-data',
  ),
  onCalendar(
    () =>
      '<C:supported-collation>i;ascii-casemap</C:supported-collation><C:supported-collation>i;octet</C:supported-collation>' +
      '<C:supported-collation>i;unicode-casemap</C:supported-collation>',
    'supported-collation-set',
  ),
  onCalendar(() => String(MAX_CALENDAR_OBJECT_OCTETS), 'max-resource-size'),
  onCalendar(() => String(MAX_ATTACHMENT_OCTETS), 'max-attachment-size'),
  onCalendar(() => String(MAX_ATTACHMENTS), 'max-attachments-per-resource'),
  // RFC 8607 §6.1: empty, attachments are posted to the server of the calendar itself.
  { namespace: CALDAV, name: 'managed-attachments-server-URL', on: ['home'], read: () => '' },
  onCalendar(() => printInstant(MIN_DATE_TIME), 'min-date-time'),
  onCalendar(() => printInstant(MAX_DATE_TIME), 'max-date-time'),
  onCalendar(() => String(MAX_ATTENDEES), 'max-attendees-per-instance'),
  // RFC 6638 §9.1: opaque is the default; of what others share, in one's own home, it is the other way (Interpretation 222).
  onCalendar(
    (resource) =>
      resource.kind === 'collection'
        ? resource.collection.transparent === 1
          ? '<C:transparent/>'
          : '<C:opaque/>'
        : undefined,
    'schedule-calendar-transp',
    { stored: 'no', ownInOwnHome: true, check: transparencyAsked },
  ),
  {
    namespace: CALDAV,
    name: 'supported-calendar-component-sets',
    on: ['home'],
    read: () =>
      SEPARATE_SETS.map(
        (component) =>
          `<C:supported-calendar-component-set>${componentSet([component])}</C:supported-calendar-component-set>`,
      ).join(''),
  },
  // RFC 7529 §5.1.
  {
    namespace: CALDAV,
    name: 'supported-rscale-set',
    on: ['home', 'collection'],
    read: () => RECURRENCE_SCALES.map((scale) => `<C:supported-rscale>${scale}</C:supported-rscale>`).join(''),
  },
  calendarDataProperty,
  ...availabilityProperties,
  ...schedulingProperties,
  {
    namespace: CALDAV,
    name: 'calendar-home-set',
    on: ['principal'],
    read: (resource) =>
      resource.kind === 'principal' ? hrefXml(homeHref('calendars', resource.principal.name)) : undefined,
  },
  {
    namespace: CALDAV,
    name: 'calendar-user-address-set',
    on: ['principal'],
    read: (resource) => addressesOf(resource),
  },
  {
    namespace: CALDAV,
    name: 'calendar-user-type',
    on: ['principal'],
    read: (resource) => (resource.kind === 'principal' ? USER_TYPES[resource.principal.kind] : undefined),
  },
  {
    namespace: CALENDARSERVER,
    name: 'email-address-set',
    on: ['principal'],
    read: (resource) =>
      resource.kind === 'principal'
        ? resource.principal.addresses
            .map((address) => `<CS:email-address>${escapeXml(address)}</CS:email-address>`)
            .join('')
        : undefined,
  },
];

function componentSet(components: readonly string[]): string {
  return components.map((component) => `<C:comp name="${escapeAttribute(component)}"/>`).join('');
}

/** RFC 6638 §2.4.1: addresses as mailto, the primary one first and marked, then the principal itself. */
function addressesOf(resource: Resource): string | undefined {
  if (resource.kind !== 'principal') return undefined;
  const { addresses, name } = resource.principal;
  const mail = addresses.map(
    (address, index) =>
      `<D:href${index === 0 ? ' preferred="1"' : ''}>mailto:${escapeXml(encodeURI(address.toLowerCase()))}</D:href>`,
  );
  return mail.join('') + hrefXml(principalHref(name));
}

/** RFC 4791 §5.2.3, §5.3.1.1. */
function componentsAsked(value: Element | undefined): Partial<CalendarColumns> | DavError {
  const asked = value?.elements(CALDAV, 'comp') ?? [];
  try {
    return { components: componentColumn(asked.map((component) => component.attribute('name') ?? '')) };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return new DavError(403, error.message, '<C:supported-calendar-component/>');
  }
}

function transparencyAsked(value: Element | undefined): Partial<CalendarColumns> | DavError {
  if (value === undefined || value.child(CALDAV, 'opaque') !== undefined) return { transparent: 0 };
  if (value.child(CALDAV, 'transparent') !== undefined) return { transparent: 1 };
  return new DavError(409, 'schedule-calendar-transp is opaque or transparent.');
}
