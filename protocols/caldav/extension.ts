/**
 * CalDAV as one value: what it adds to the DAV server.
 * RFC 4791 §2, §5.1 (calendar-access). Services in, a DavExtension out.
 */
import type { Attachments } from '../../src/calendar/attachments.ts';
import type { CalendarObjects } from '../../src/calendar/calendar-objects.ts';
import type { CalendarQuery } from '../../src/calendar/calendar-query.ts';
import { calendarColumns } from '../../src/calendar/calendars.ts';
import { MAX_CALENDAR_OBJECT_OCTETS } from '../../src/calendar/object-writing.ts';
import type { Subscriptions } from '../../src/calendar/subscriptions.ts';
import { isSchedulingCollection } from '../../src/collections/collections.ts';
import type { FreeBusy } from '../../src/scheduling/free-busy.ts';
import type { CalendarObjectRow, MemberRow } from '../../storage/store.ts';
import type { HomeExtension } from '../dav/contract.ts';
import { CALDAV } from '../dav/namespaces.ts';
import { calendarRefusal, calendarTextOf, isConverted } from './calendar-object.ts';
import { calendarProperties } from './calendar-properties.ts';
import { calendarMultigetReport, calendarQueryReport } from './calendar-query.ts';
import { ICALENDAR_CONTENT_TYPE, representCalendar } from './calendar-representation.ts';
import { freeBusyQuery } from './free-busy-query.ts';
import { freeBusyUrl } from './free-busy-url.ts';
import { attachmentActions, attachmentRoutes } from './managed-attachments.ts';
import { scheduleOutbox } from './schedule-outbox.ts';
import { sourceProperty } from './source-property.ts';
import { timeZoneRoutes } from './time-zone-service.ts';
import { wholeCalendar } from './whole-calendar.ts';

/** What CalDAV is made of. */
export interface CalendarServices {
  readonly attachments: Attachments;
  readonly calendarObjects: CalendarObjects;
  readonly calendarQuery: CalendarQuery;
  readonly freeBusy: FreeBusy;
  readonly subscriptions: Subscriptions;
  readonly now: () => number;
}

/** RFC 6638 §8.2: with GET, HEAD and PUT of what is scheduled. */
function scheduleTagHeader(member: MemberRow): Record<string, string> {
  const tag = (member as CalendarObjectRow).scheduleTag;
  return tag === null ? {} : { 'schedule-tag': `"${tag}"` };
}

export function caldav(services: CalendarServices): HomeExtension {
  const outbox = scheduleOutbox(services.freeBusy, services.now);
  const actions = attachmentActions(services.attachments);
  return {
    home: 'calendars',
    kind: 'calendar',
    namespace: CALDAV,
    resourceType: 'calendar',
    resourceTypesOf: (collection) =>
      isSchedulingCollection(collection) ? [`schedule-${collection.segment}`] : undefined,
    async post(exchange, resource, body) {
      return (await outbox(exchange, resource, body)) || actions(exchange, resource, body);
    },
    routes(fastify, server) {
      attachmentRoutes(services.attachments)(fastify);
      freeBusyUrl(services.freeBusy, services.now)(fastify, server);
      timeZoneRoutes(fastify);
    },
    createMethod: 'MKCALENDAR',
    tokens: [
      'calendar-access',
      'calendar-availability',
      'calendar-auto-schedule',
      'calendar-managed-attachments',
      'calendar-no-timezone',
      'inbox-availability',
    ],
    members: services.calendarObjects,
    memberSuffix: '.ics',
    contentType: () => ICALENDAR_CONTENT_TYPE,
    uniformContentType: ICALENDAR_CONTENT_TYPE,
    reports: [
      calendarQueryReport(services.calendarQuery),
      calendarMultigetReport,
      freeBusyQuery(services.freeBusy, services.now),
    ],
    maxResourceSize: MAX_CALENDAR_OBJECT_OCTETS,
    textOf: calendarTextOf,
    isConverted,
    memberHeaders: scheduleTagHeader,
    whole: wholeCalendar,
    represent: (_resource, octets, accept, headers) => representCalendar(octets, accept, headers),
    subscribe: (owner, segment, url, properties) => services.subscriptions.attach(owner, segment, url, { properties }),
    properties: [...calendarProperties, sourceProperty(services.subscriptions)],
    columnsOf: ({ columns }) => calendarColumns(columns),
    refusal: calendarRefusal,
  };
}
