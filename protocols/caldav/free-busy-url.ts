/**
 * Free/busy of a person at a plain URL, for programs that only know how to GET one.
 * CalConnect CC/R 0801 (Freebusy Read URL): start, end, period. `/dav/calendars/{name}/freebusy`.
 * Elsewhere: whose times may be seen (src/scheduling/free-busy.ts).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MAX_DATE_TIME, MIN_DATE_TIME } from '../../src/calendar/calendar-component.ts';
import { DAY } from '../../src/calendar/date-time.ts';
import { parseDuration, parseLocalTime } from '../../src/calendar/date-values.ts';
import { DomainError } from '../../src/errors.ts';
import { printFreeBusy } from '../../src/scheduling/busy-periods.ts';
import type { FreeBusy } from '../../src/scheduling/free-busy.ts';
import type { Interval } from '../../src/scheduling/intervals.ts';
import type { DavServer } from '../dav/contract.ts';
import { badRequest } from '../dav/dav-error.ts';
import { ICALENDAR_CONTENT_TYPE } from './calendar-representation.ts';

/** What is told when nothing says how much. */
const DEFAULT_PERIOD = 42 * DAY;

export function freeBusyUrl(freeBusy: FreeBusy, now: () => number) {
  return (fastify: FastifyInstance, { directory }: DavServer): void => {
    const handler = async (request: FastifyRequest, reply: FastifyReply) => {
      const { owner } = request.params as { owner: string };
      const principal = await directory.byName(request.principal, owner.toLowerCase());
      if (principal === undefined) throw new DomainError('not-found', 'There is nothing at this address.');
      const range = rangeOf(new URLSearchParams(request.url.split('?', 2)[1] ?? ''), now());
      const periods = await freeBusy.ofPrincipal(request.principal, principal, range);
      return reply
        .header('content-type', ICALENDAR_CONTENT_TYPE)
        .header('cache-control', 'no-store')
        .send(printFreeBusy({ range, periods, stamp: now() }));
    };
    for (const url of ['/dav/calendars/:owner/freebusy', '/dav/calendars/:owner/freebusy/']) {
      fastify.route({ method: ['GET', 'HEAD'], url, exposeHeadRoute: false, handler });
    }
  };
}

/** From the start of today for six weeks, unless the request says otherwise. @throws DavError 400 */
function rangeOf(parameters: URLSearchParams, now: number): Interval {
  const [start, end, period] = ['start', 'end', 'period'].map((name) => {
    if (parameters.getAll(name).length > 1) throw badRequest(`${name} is given more than once.`);
    return parameters.get(name);
  });
  if (end != null && period != null) throw badRequest('Give an end or a period, not both.');
  const from = start == null ? now - (now % DAY) : readable(() => instantOf(start));
  const until =
    end == null
      ? from + (period == null ? DEFAULT_PERIOD : readable(() => lengthOf(period)))
      : readable(() => instantOf(end));
  if (until <= from) throw badRequest('The range ends before it begins.');
  if (from < MIN_DATE_TIME || until > MAX_DATE_TIME) throw badRequest('The range is out of bounds.');
  return { from, until };
}

/** A date or a time in UTC, as in iCalendar or in RFC 3339, with or without an offset. */
function instantOf(text: string): number {
  if (/^\d{8}(?:T\d{6}Z)?$/.test(text)) return parseLocalTime(text).local;
  const instant = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(instant)) throw badRequest('start and end are dates or times in UTC.');
  return instant;
}

function lengthOf(text: string): number {
  const { days, milliseconds } = parseDuration(text);
  return days * DAY + milliseconds;
}

function readable(read: () => number): number {
  try {
    return read();
  } catch (error) {
    throw error instanceof DomainError ? badRequest(error.message) : error;
  }
}
