/**
 * The calendar-query and calendar-multiget reports.
 * RFC 4791 §7.8, §7.9, §9.8 (timezone). One request in, a multistatus out, a page of objects at a time.
 * Without a Depth header a query on a calendar looks at its members, as all clients mean it.
 * Elsewhere: which objects match (src/calendar/calendar-query.ts), the filter's XML (calendar-filter.ts), what is printed of an
 * object (calendar-data-property.ts).
 */
import { setImmediate } from 'node:timers/promises';
import type { CalendarQuery, MatchingObject } from '../../src/calendar/calendar-query.ts';
import { parseVtimezone } from '../../src/calendar/calendar-zones.ts';
import { zoneOf } from '../../src/calendar/calendars.ts';
import type { TimeZone } from '../../src/calendar/date-time.ts';
import type { Collection } from '../../src/collections/members.ts';
import { DomainError } from '../../src/errors.ts';
import { DavError } from '../dav/dav-error.ts';
import type { Exchange } from '../dav/exchange.ts';
import type { DavExtension } from '../dav/extension.ts';
import { type Multistatus, startMultistatus } from '../dav/multistatus.ts';
import { CALDAV, DAV } from '../dav/namespaces.ts';
import { splitPath } from '../dav/paths.ts';
import type { AskedProperties } from '../dav/properties.ts';
import type { Report, ReportRequest } from '../dav/report.ts';
import { type CollectionResource, encodeSegment, type MemberResource } from '../dav/resource.ts';
import { type Element, hrefXml } from '../dav/xml.ts';
import { prepareCalendarData } from './calendar-data-property.ts';
import { readFilter } from './calendar-filter.ts';

/** Names looked up at once; the most the store takes. */
const BATCH = 500;
/** Milliseconds of printing between two yields. */
const SLICE = 10;

const NO_MEMBER = { id: 0, collectionId: 0, name: '', etag: '', size: 0, modseq: 0, createdAt: 0, modifiedAt: 0 };

export function calendarQueryReport(query: CalendarQuery): Report {
  return {
    namespace: CALDAV,
    name: 'calendar-query',
    on: ['collection', 'member'],
    async run(exchange, request) {
      const { resource, body, depth } = request;
      const filter = readFilter(body.child(CALDAV, 'filter'));
      const zone = zoneAsked(body);
      prepareCalendarData(body.child(DAV, 'prop'), zone);
      const asked = exchange.server.properties.ask(exchange, body, 'nothing');
      const answer = new Answer(exchange, request, asked);
      if (resource.kind === 'member') {
        const octets = await resource.extension.members.read(resource.member);
        if (query.matches(octets, filter, zone ?? zoneOf(resource.collection))) {
          await answer.print({ ...resource, data: octets });
        }
      } else if (resource.kind === 'collection' && depth !== 0) {
        const { collection } = resource;
        const withData = asked.needsData(memberOf(resource, NO_MEMBER));
        for await (const page of query.matching(collection, filter, zone ?? zoneOf(collection), withData)) {
          for (const row of page) await answer.print(memberOf(resource, row));
          await answer.page();
          if (answer.full) break;
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
    const { body } = request;
    prepareCalendarData(body.child(DAV, 'prop'), undefined);
    const asked = exchange.server.properties.ask(exchange, body, 'nothing');
    const answer = new Answer(exchange, request, asked);
    const seen = new Set<string>();
    let batch: Wanted[] = [];
    const flush = async () => {
      await printBatch(exchange, batch, answer);
      batch = [];
      await answer.page();
    };
    const below = new Below(exchange, request);
    for (const element of body.elements(DAV, 'href')) {
      const href = element.text().trim();
      // The same object many times would be a small request with a huge answer.
      if (seen.has(href)) continue;
      seen.add(href);
      const wanted = await below.find(href);
      if (wanted.name !== undefined && wanted.in !== undefined) {
        const canonical = `${wanted.in.href}${encodeSegment(wanted.name)}`;
        if (canonical !== href && seen.has(canonical)) continue;
        seen.add(canonical);
      }
      batch.push(wanted);
      if (batch.length >= BATCH) await flush();
      if (answer.full) break;
    }
    await flush();
    await answer.end();
  },
};

/** An href of a multiget, and what it names if it may be named here. */
interface Wanted {
  readonly href: string;
  readonly in?: CollectionResource;
  readonly name?: string;
}

/** Finds what hrefs name below the resource a multiget was sent to (RFC 4791 §7.9); everything else is not found. */
class Below {
  private readonly exchange: Exchange;
  private readonly request: ReportRequest;
  private readonly path: readonly string[];
  private readonly collections = new Map<string, CollectionResource | undefined>();

  constructor(exchange: Exchange, request: ReportRequest) {
    this.exchange = exchange;
    this.request = request;
    this.path = splitPath(request.resource.href);
  }

  async find(href: string): Promise<Wanted> {
    const { resource } = this.request;
    const segments = segmentsOf(href);
    // /dav/calendars/{name}/{segment}/{object}
    const [, , , segment, name] = segments;
    if (segments.length !== 5 || segment === undefined || name === undefined) return { href };
    if (segments[2]?.toLowerCase() !== this.path[2]?.toLowerCase()) return { href };
    for (let i = 0; i < this.path.length; i++) if (i !== 2 && this.path[i] !== segments[i]) return { href };
    const found =
      resource.kind === 'collection' ? resource : await this.collection(segment, resource.kind === 'member');
    return found === undefined ? { href } : { href, in: found, name };
  }

  private async collection(segment: string, ofMember: boolean): Promise<CollectionResource | undefined> {
    if (this.collections.has(segment)) return this.collections.get(segment);
    const { server, viewer } = this.exchange;
    const { resource } = this.request;
    let found: CollectionResource | undefined;
    const of =
      resource.kind === 'home'
        ? resource.principal
        : ofMember
          ? await server.directory.byName(viewer, this.path[2]?.toLowerCase() ?? '')
          : undefined;
    if (of !== undefined && 'extension' in resource) {
      const collection = await server.collections.find(viewer, of, 'calendars', segment);
      if (collection?.rights.read) {
        const href = `/${[...this.path.slice(0, 3), segment].map(encodeSegment).join('/')}/`;
        found = { kind: 'collection', href, extension: resource.extension, principal: of, collection };
      }
    }
    this.collections.set(segment, found);
    return found;
  }
}

/** The decoded path of an href, which may be a whole URL; empty when it cannot be one of ours. */
function segmentsOf(href: string): string[] {
  try {
    return splitPath(href.replace(/^https?:\/\/[^/]*/i, ''));
  } catch (error) {
    if (error instanceof DavError) return [];
    throw error;
  }
}

/** Prints the objects of a batch in the order asked for, and 404 for those that are not there. */
async function printBatch(exchange: Exchange, batch: readonly Wanted[], answer: Answer): Promise<void> {
  const byCollection = new Map<CollectionResource, string[]>();
  for (const { in: collection, name } of batch) {
    if (collection === undefined || name === undefined) continue;
    const names = byCollection.get(collection);
    if (names === undefined) byCollection.set(collection, [name]);
    else names.push(name);
  }
  const found = new Map<CollectionResource, Map<string, MemberResource>>();
  for (const [resource, names] of byCollection) {
    const rows = await exchange.server.changes.withData(resource.collection, names);
    found.set(resource, new Map(rows.map((row) => [row.name, memberOf(resource, row)])));
  }
  for (const { href, in: collection, name } of batch) {
    const member = collection && name !== undefined ? found.get(collection)?.get(name) : undefined;
    if (member !== undefined) await answer.print(member);
    else answer.missing(href);
    if (answer.full) return;
  }
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

  missing(href: string): void {
    this.multistatus.add(`<D:response>${hrefXml(href)}<D:status>HTTP/1.1 404 Not Found</D:status></D:response>`);
  }

  async page(): Promise<void> {
    await this.multistatus.page();
    await setImmediate();
    this.slice = performance.now();
  }

  end(): Promise<void> {
    return this.multistatus.end();
  }
}

function memberOf(
  { href, extension, collection }: { href: string; extension: DavExtension; collection: Collection },
  row: MatchingObject | typeof NO_MEMBER,
): MemberResource {
  const data = 'data' in row ? row.data : undefined;
  return { kind: 'member', href: href + encodeSegment(row.name), extension, collection, member: row, data };
}

/** The zone a query reads floating times in, when it says so. */
function zoneAsked(body: Element): TimeZone | undefined {
  const element = body.child(CALDAV, 'timezone');
  return element === undefined ? undefined : parseVtimezone(element.text()).zone;
}
