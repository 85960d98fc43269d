/**
 * CalDAV as one value: what it adds to the DAV server.
 * RFC 4791 §2, §5.1 (calendar-access). Services in, a DavExtension out.
 */
import type { CalendarObjects } from '../../src/calendar/calendar-objects.ts';
import { MAX_CALENDAR_OBJECT_OCTETS } from '../../src/calendar/calendar-objects.ts';
import type { CalendarQuery } from '../../src/calendar/calendar-query.ts';
import { calendarColumns } from '../../src/calendar/calendars.ts';
import { isSchedulingCollection } from '../../src/collections/collections.ts';
import type { FreeBusy } from '../../src/scheduling/free-busy.ts';
import type { HomeExtension } from '../dav/contract.ts';
import { CALDAV } from '../dav/namespaces.ts';
import { calendarRefusal, calendarTextOf } from './calendar-object.ts';
import { calendarProperties } from './calendar-properties.ts';
import { calendarMultigetReport, calendarQueryReport } from './calendar-query.ts';
import { freeBusyQuery } from './free-busy-query.ts';
import { scheduleOutbox } from './schedule-outbox.ts';

const CONTENT_TYPE = 'text/calendar; charset=utf-8';

/** What CalDAV is made of. */
export interface CalendarServices {
  readonly calendarObjects: CalendarObjects;
  readonly calendarQuery: CalendarQuery;
  readonly freeBusy: FreeBusy;
  readonly now: () => number;
}

export function caldav(services: CalendarServices): HomeExtension {
  return {
    home: 'calendars',
    kind: 'calendar',
    namespace: CALDAV,
    resourceType: 'calendar',
    resourceTypeOf: (collection) => (isSchedulingCollection(collection) ? `schedule-${collection.segment}` : undefined),
    post: scheduleOutbox(services.freeBusy, services.now),
    createMethod: 'MKCALENDAR',
    tokens: ['calendar-access'],
    members: services.calendarObjects,
    contentType: () => CONTENT_TYPE,
    uniformContentType: CONTENT_TYPE,
    properties: calendarProperties,
    reports: [
      calendarQueryReport(services.calendarQuery),
      calendarMultigetReport,
      freeBusyQuery(services.freeBusy, services.now),
    ],
    maxResourceSize: MAX_CALENDAR_OBJECT_OCTETS,
    textOf: calendarTextOf,
    columnsOf: ({ columns }) => calendarColumns(columns),
    refusal: calendarRefusal,
  };
}
