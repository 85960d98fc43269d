/**
 * The calendar-query and calendar-multiget reports.
 * RFC 4791 §7.8, §7.9, §9.8 (timezone). One request in, a multistatus out, a page of objects at a time.
 * Without a Depth header a query on a calendar looks at its members, as all clients mean it.
 * Elsewhere: which objects match (src/calendar/calendar-query.ts), the filter's XML (calendar-filter.ts), what is printed of an
 * object (calendar-data-property.ts), multiget itself (protocols/dav/multiget.ts).
 */
import type { CalendarQuery } from '../../src/calendar/calendar-query.ts';
import { parseVtimezone } from '../../src/calendar/calendar-zones.ts';
import { timeZoneNamed, zoneOf } from '../../src/calendar/calendars.ts';
import type { TimeZone } from '../../src/calendar/date-time.ts';
import { DomainError } from '../../src/errors.ts';
import type {
  AskedProperties,
  CollectionResource,
  Exchange,
  MemberResource,
  Report,
  ReportRequest,
  Resource,
} from '../dav/contract.ts';
import { encodeSegment } from '../dav/hrefs.ts';
import { answerMultiget } from '../dav/multiget.ts';
import { type Multistatus, startMultistatus } from '../dav/multistatus.ts';
import { CALDAV, DAV } from '../dav/namespaces.ts';
import { memberOf, sampleOf } from '../dav/propfind.ts';
import { type Element, hrefXml } from '../dav/xml.ts';
import { prepareCalendarData } from './calendar-data-property.ts';
import { readFilter } from './calendar-filter.ts';

/** Milliseconds of printing between two yields. */
const SLICE = 10;

export function calendarQueryReport(query: CalendarQuery): Report {
  return {
    namespace: CALDAV,
    name: 'calendar-query',
    on: ['home', 'collection', 'member'],
    async run(exchange, request) {
      const { resource, body, depth } = request;
      const filter = readFilter(body.child(CALDAV, 'filter'));
      const zone = zoneAsked(body);
      prepareCalendarData(body.child(DAV, 'prop'), zone);
      const asked = exchange.server.properties.ask(exchange, body, 'nothing');
      const answer = new Answer(exchange, request, asked);
      if (resource.kind === 'member') {
        const octets = String(await resource.extension.members.read(resource.member, resource.collection));
        if (query.matches(octets, filter, zone ?? zoneOf(resource.collection))) {
          await answer.print({ ...resource, data: octets });
        }
      } else if (depth !== 0) {
        for (const calendar of await calendarsIn(exchange, resource)) {
          const { collection } = calendar;
          const withData = asked.needsData(sampleOf(calendar));
          for await (const page of query.matching(collection, filter, zone ?? zoneOf(collection), withData)) {
            for (const row of page) await answer.print(memberOf(calendar, row, row.data));
            await answer.page();
            if (answer.full) break;
          }
        }
      }
      await answer.end();
    },
  };
}

export const calendarMultigetReport: Report = {
  namespace: CALDAV,
  name: 'calendar-multiget',
  on: ['home', 'collection', 'member'],
  async run(exchange, request) {
    prepareCalendarData(request.body.child(DAV, 'prop'), undefined);
    const asked = exchange.server.properties.ask(exchange, request.body, 'nothing');
    await answerMultiget(exchange, request, asked);
  },
};

/**
 * The calendars a query looks into. Asked of a home it means all of them: with Depth 1 there would be nothing to find, and
 * no client means that.
 */
export async function calendarsIn(
  { server, viewer }: Exchange,
  resource: Resource,
): Promise<readonly CollectionResource[]> {
  if (resource.kind === 'collection') return [resource];
  if (resource.kind !== 'home') return [];
  const { extension, principal } = resource;
  const listed = await server.collections.list(viewer, principal, 'calendars');
  const collections = listed.filter(({ kind }) => kind === 'calendar');
  return collections.map((collection) => {
    const href = `${resource.href}${encodeSegment(collection.segment)}/`;
    return { kind: 'collection', href, extension, principal, collection };
  });
}

/** The answer on its way: prints objects, yields when printing takes long, ends early when a bound is met. */
class Answer {
  /** A bound was met: nothing more is printed. */
  full = false;
  private readonly multistatus: Multistatus;
  private readonly asked: AskedProperties;
  private readonly request: ReportRequest;
  private slice = performance.now();

  constructor(exchange: Exchange, request: ReportRequest, asked: AskedProperties) {
    this.multistatus = startMultistatus(exchange);
    this.asked = asked;
    this.request = request;
  }

  async print(member: MemberResource): Promise<void> {
    if (this.full) return;
    try {
      const response = this.asked.respond(member);
      this.multistatus.add(typeof response === 'string' ? response : await response);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'too-many-instances') throw error;
      // What was printed stands; the resource asked says that it is not everything (as RFC 6578 §3.6 does).
      this.full = true;
      this.multistatus.add(
        `<D:response>${hrefXml(this.request.resource.href)}<D:status>HTTP/1.1 507 Insufficient Storage</D:status>` +
          '<D:error><D:number-of-matches-within-limits/></D:error></D:response>',
      );
    }
    if (performance.now() - this.slice > SLICE) await this.page();
  }

  async page(): Promise<void> {
    await this.multistatus.page();
    this.slice = performance.now();
  }

  end(): Promise<void> {
    return this.multistatus.end();
  }
}

/** The zone a query reads floating times in, when it says so: by name (RFC 7809 §5.3) or by a VTIMEZONE. */
function zoneAsked(body: Element): TimeZone | undefined {
  const name = body.child(CALDAV, 'timezone-id');
  if (name !== undefined) return timeZoneNamed(name.text());
  const element = body.child(CALDAV, 'timezone');
  return element === undefined ? undefined : parseVtimezone(element.text(), true).zone;
}
