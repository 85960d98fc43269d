/**
 * POST to the scheduling outbox: when are these people busy?
 * RFC 6638 §2.1, §5 (requests and their preconditions), §10.2 (schedule-response), RFC 5546 §3.3.2 and §3.6 (status codes).
 * A VFREEBUSY request in, a VFREEBUSY reply for each attendee out. Invitations are not sent here: they follow from what is
 * put into a calendar. Elsewhere: whose times may be seen (src/scheduling/free-busy.ts).
 */
import { MAX_DATE_TIME, MIN_DATE_TIME } from '../../src/calendar/calendar-component.ts';
import { type Component, type Property, parseContent, propertyOf, textOf } from '../../src/calendar/content.ts';
import { parseLocalTime } from '../../src/calendar/date-values.ts';
import { printJcal } from '../../src/calendar/jcal.ts';
import { DomainError } from '../../src/errors.ts';
import type { Principal } from '../../src/principals/access.ts';
import { printFreeBusy } from '../../src/scheduling/busy-periods.ts';
import type { FreeBusy } from '../../src/scheduling/free-busy.ts';
import type { Interval } from '../../src/scheduling/intervals.ts';
import type { Exchange, Resource } from '../dav/contract.ts';
import { DavError } from '../dav/dav-error.ts';
import { principalHref } from '../dav/hrefs.ts';
import { DECLARATIONS } from '../dav/namespaces.ts';
import { escapeXml, hrefXml } from '../dav/xml.ts';
import { calendarTextOf, isConverted } from './calendar-object.ts';
import { JCAL_TYPE } from './calendar-representation.ts';

/** Attendees of one request. */
const MAX_RECIPIENTS = 200;

interface FreeBusyRequest {
  readonly range: Interval;
  readonly icalUid: string;
  readonly organizer: Property;
  readonly attendees: readonly Property[];
}

/** Answers POST on an outbox; false for every other resource. */
export function scheduleOutbox(freeBusy: FreeBusy, now: () => number) {
  return async (exchange: Exchange, resource: Resource, body: Buffer): Promise<boolean> => {
    if (resource.kind !== 'collection' || resource.collection.segment !== 'outbox') return false;
    const { viewer, reply, request } = exchange;
    if (resource.collection.accountId !== viewer.id) throw refusal('D:need-privileges', 'This is not your outbox.');
    const [mediaType = '', ...parameters] = String(request.headers['content-type'] ?? '').split(';');
    const text = calendarTextOf(body, mediaType.trim().toLowerCase(), parameters.join(';'));
    const asked = readRequest(text);
    const jcal = isConverted(mediaType.trim().toLowerCase());
    if (!namesPrincipal(asked.organizer[3], viewer)) throw refusal('C:valid-organizer', 'You are not the organizer.');
    let responses = '';
    for (const attendee of asked.attendees)
      responses += await answerFor(exchange, asked, attendee, freeBusy, now(), jcal);
    await reply
      .code(200)
      .header('content-type', 'application/xml; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(
        `<?xml version="1.0" encoding="utf-8"?>\n<C:schedule-response${DECLARATIONS}>${responses}</C:schedule-response>`,
      );
    return true;
  };
}

async function answerFor(
  { viewer, server }: Exchange,
  { range, icalUid, organizer }: FreeBusyRequest,
  attendee: Property,
  freeBusy: FreeBusy,
  stamp: number,
  jcal: boolean,
): Promise<string> {
  const response = (status: string, data = '') =>
    `<C:response><C:recipient>${hrefXml(attendee[3])}</C:recipient><C:request-status>${status}</C:request-status>${data}</C:response>`;
  const address = /^mailto:(.+)$/is.exec(attendee[3])?.[1]?.trim().toLowerCase();
  const principal = namesPrincipal(attendee[3], viewer)
    ? viewer
    : address === undefined
      ? undefined
      : await server.directory.byAddress(viewer, address);
  if (principal === undefined) return response('3.7;Invalid calendar user');
  try {
    const periods = await freeBusy.ofPrincipal(viewer, principal, range);
    const properties = [organizer, attendee];
    const data = printFreeBusy({ range, periods, stamp, icalUid, method: 'REPLY', properties });
    // RFC 7265 §6: who asks in jCal is answered in it.
    const type = jcal ? ` content-type="${JCAL_TYPE}" version="2.0"` : '';
    const body = escapeXml(jcal ? printJcal(parseContent(data)) : data);
    return response('2.0;Success', `<C:calendar-data${type}>${body}</C:calendar-data>`);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (error.code === 'forbidden') return response('3.8;No authority');
    if (error.code === 'too-many-results') return response('5.1;Service unavailable');
    throw error;
  }
}

/** @throws DavError with the preconditions of RFC 6638 §5 */
function readRequest(text: string): FreeBusyRequest {
  const calendar = parsed(text);
  const components = calendar[2].filter(([name]) => name !== 'vtimezone');
  const [request] = components;
  // RFC 6638 §5.2.1; the other preconditions are 403.
  const invalid = (message: string) => new DavError(400, message, '<C:valid-scheduling-message/>');
  if (request === undefined || components.length > 1 || request[0] !== 'vfreebusy') throw invalid('Ask for VFREEBUSY.');
  if (propertyOf(calendar, 'method')?.[3].toUpperCase() !== 'REQUEST') throw invalid('METHOD is not REQUEST.');
  const organizer = propertyOf(request, 'organizer');
  if (organizer === undefined) throw invalid('There is no ORGANIZER.');
  const attendees = request[1].filter(([name]) => name === 'attendee');
  if (attendees.length === 0) throw invalid('There is no ATTENDEE.');
  if (attendees.length > MAX_RECIPIENTS) throw invalid(`Ask for at most ${MAX_RECIPIENTS} attendees at once.`);
  const from = instantOf(request, 'dtstart');
  const until = instantOf(request, 'dtend');
  if (from === undefined || until === undefined || from >= until) throw invalid('DTSTART and DTEND must be in UTC.');
  if (from < MIN_DATE_TIME || until > MAX_DATE_TIME) throw invalid('The time asked for is out of range.');
  return { range: { from, until }, icalUid: textOf(request, 'uid'), organizer, attendees };
}

function parsed(text: string): Component {
  try {
    const calendar = parseContent(text);
    if (calendar[0] === 'vcalendar') return calendar;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
  }
  throw refusal('C:valid-calendar-data', 'The body is not iCalendar.');
}

function instantOf(component: Component, name: string): number | undefined {
  const value = propertyOf(component, name)?.[3];
  try {
    const time = value === undefined ? undefined : parseLocalTime(value);
    return time?.utc ? time.local : undefined;
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

/** Whether a calendar user address is one of the principal's: an address, or the principal itself. */
function namesPrincipal(calendarUserAddress: string, principal: Principal): boolean {
  const folded = calendarUserAddress.trim().toLowerCase();
  if (folded.startsWith('mailto:')) return principal.addresses.includes(folded.slice('mailto:'.length));
  return folded === principalHref(principal.name);
}

function refusal(condition: string, message: string): DavError {
  return new DavError(403, message, `<${condition}/>`);
}
