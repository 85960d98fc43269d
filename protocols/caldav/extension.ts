/**
 * CalDAV as one value: what it adds to the DAV server.
 * RFC 4791 §2, §5.1 (calendar-access). Services in, a DavExtension out.
 */
import type { CalendarObjects } from '../../src/calendar/calendar-objects.ts';
import { MAX_CALENDAR_OBJECT_OCTETS } from '../../src/calendar/calendar-objects.ts';
import type { CalendarQuery } from '../../src/calendar/calendar-query.ts';
import { calendarColumns } from '../../src/calendar/calendars.ts';
import type { Subscriptions } from '../../src/calendar/subscriptions.ts';
import { isSchedulingCollection } from '../../src/collections/collections.ts';
import type { FreeBusy } from '../../src/scheduling/free-busy.ts';
import type { DavExtension } from '../dav/contract.ts';
import { CALDAV } from '../dav/namespaces.ts';
import { calendarRefusal, calendarTextOf } from './calendar-object.ts';
import { calendarProperties } from './calendar-properties.ts';
import { calendarMultigetReport, calendarQueryReport } from './calendar-query.ts';
import { freeBusyQuery } from './free-busy-query.ts';
import { scheduleOutbox } from './schedule-outbox.ts';
import { sourceProperty } from './source-property.ts';

const CONTENT_TYPE = 'text/calendar; charset=utf-8';

/** What CalDAV is made of. */
export interface CalendarServices {
  readonly calendarObjects: CalendarObjects;
  readonly calendarQuery: CalendarQuery;
  readonly freeBusy: FreeBusy;
  readonly subscriptions: Subscriptions;
  readonly now: () => number;
}

export function caldav(services: CalendarServices): DavExtension {
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
    reports: [
      calendarQueryReport(services.calendarQuery),
      calendarMultigetReport,
      freeBusyQuery(services.freeBusy, services.now),
    ],
    maxResourceSize: MAX_CALENDAR_OBJECT_OCTETS,
    textOf: calendarTextOf,
    subscribe: (owner, segment, url, properties) => services.subscriptions.attach(owner, segment, url, { properties }),
    properties: [...calendarProperties, sourceProperty(services.subscriptions)],
    columnsOf: ({ columns }) => calendarColumns(columns),
    refusal: calendarRefusal,
  };
}
