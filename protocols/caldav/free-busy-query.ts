/**
 * The free-busy-query report.
 * RFC 4791 §7.10. The right to read free/busy suffices (§6.1.1); the answer is iCalendar, not a multistatus.
 * A time range in, a VFREEBUSY out. Elsewhere: whose periods (src/scheduling/free-busy.ts).
 */
import { MAX_DATE_TIME, MIN_DATE_TIME } from '../../src/calendar/calendar-component.ts';
import { isSchedulingCollection } from '../../src/collections/collections.ts';
import { DomainError } from '../../src/errors.ts';
import { printFreeBusy } from '../../src/scheduling/busy-periods.ts';
import type { FreeBusy } from '../../src/scheduling/free-busy.ts';
import type { Report } from '../dav/contract.ts';
import { badRequest, DavError } from '../dav/dav-error.ts';
import { CALDAV } from '../dav/namespaces.ts';
import type { Element } from '../dav/xml.ts';
import { calendarsIn } from './calendar-query.ts';
import { type OpenRange, readRange } from './time-range.ts';

export function freeBusyQuery(freeBusy: FreeBusy, now: () => number): Report {
  return {
    namespace: CALDAV,
    name: 'free-busy-query',
    on: ['home', 'collection'],
    right: 'freeBusy',
    // RFC 6638 §2.3: inboxes have messages in them, not times; an outbox has nothing.
    appliesTo: (resource) => resource.kind !== 'collection' || !isSchedulingCollection(resource.collection),
    async run(exchange, { resource, body }) {
      const { reply } = exchange;
      const element = body.child(CALDAV, 'time-range');
      if (element === undefined) throw badRequest('free-busy-query needs a time-range.');
      const { from, until } = rangeOf(element);
      // RFC 4791 §9.11 asks for both; a range with an open side has no bounded answer.
      if (from === null || until === null) throw badRequest('The time-range of free-busy-query needs start and end.');
      if (from < MIN_DATE_TIME) throw new DavError(403, 'The range begins too early.', '<C:min-date-time/>');
      if (until > MAX_DATE_TIME) throw new DavError(403, 'The range ends too late.', '<C:max-date-time/>');
      const range = { from, until };
      const calendars = (await calendarsIn(exchange, resource)).map(({ collection }) => collection);
      // RFC 6638 §9.1: of several calendars only the opaque ones count; one that is asked by name always does.
      const counted = resource.kind === 'home' ? calendars.filter(({ transparent }) => transparent === 0) : calendars;
      const periods = await freeBusy.periods(counted, range);
      await reply
        .code(200)
        .header('content-type', 'text/calendar; charset=utf-8')
        .header('cache-control', 'no-store')
        .send(printFreeBusy({ range, periods, stamp: now() }));
    },
  };
}

/** Outside of a filter a bad range is bad syntax, not an invalid filter. */
function rangeOf(element: Element): OpenRange {
  try {
    return readRange(element);
  } catch (error) {
    throw error instanceof DomainError ? badRequest(error.message) : error;
  }
}
