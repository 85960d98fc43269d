/** The requests of every row, as a client would send them, and what a right answer looks like. */
import { card, event } from '../test/support/generated-data.ts';
import { type Reply, requestBytes } from './http-connection.ts';

/** Where the collections of one server are. Paths end in a slash. */
export interface Target {
  readonly port: number;
  readonly authorization: string;
  readonly home: string;
  readonly calendar: string;
  readonly addressBook: string;
}

/** A row's work: serialisable, so that the load generator can be a process of its own. */
export type Work =
  | {
      readonly kind: 'put';
      readonly what: 'event' | 'card';
      readonly collection: string;
      readonly first: number;
      readonly revision?: number;
    }
  | { readonly kind: 'propfind'; readonly collection: string; readonly members: number }
  | { readonly kind: 'sync'; readonly collection: string; readonly token: string; readonly members: number }
  | { readonly kind: 'multiget'; readonly what: 'event' | 'card'; readonly collection: string; readonly of: number }
  | {
      readonly kind: 'month';
      readonly collection: string;
      readonly from: number;
      readonly until: number;
      readonly expand: boolean;
      readonly objects: number;
      readonly occurrences: number;
    }
  | {
      readonly kind: 'free-busy';
      readonly collection: string;
      readonly from: number;
      readonly until: number;
      readonly days: readonly string[];
    }
  | { readonly kind: 'poll'; readonly collection: string }
  | { readonly kind: 'email'; readonly collection: string; readonly text: string; readonly members: number };

const DAV =
  'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="urn:ietf:params:xml:ns:carddav" xmlns:S="http://calendarserver.org/ns/"';
const XML = '<?xml version="1.0" encoding="utf-8"?>';

/** Name of member number `index`. */
export function memberName(what: 'event' | 'card', index: number): string {
  return `made-${index}.${what === 'event' ? 'ics' : 'vcf'}`;
}

/** 20260301T000000Z */
export function utc(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d+/g, '');
}

/** Request number `index` of a row. */
export function requestOf(work: Work, index: number, authorization: string): Buffer {
  const send = (method: string, path: string, body: string, headers: Record<string, string> = {}) =>
    requestBytes(
      method,
      path,
      { Authorization: authorization, 'Content-Type': 'application/xml; charset=utf-8', ...headers },
      body,
    );
  const { collection } = work;
  switch (work.kind) {
    case 'put': {
      const number = work.first + index;
      const body = (work.what === 'event' ? event : card)(number, work.revision ?? 0);
      const headers: Record<string, string> = {
        'Content-Type': work.what === 'event' ? 'text/calendar; charset=utf-8' : 'text/vcard; charset=utf-8',
      };
      if (work.revision === undefined) headers['If-None-Match'] = '*';
      return send('PUT', `${collection}${memberName(work.what, number)}`, body, headers);
    }
    case 'propfind':
      return send('PROPFIND', collection, `${XML}<D:propfind ${DAV}><D:prop><D:getetag/></D:prop></D:propfind>`, {
        Depth: '1',
      });
    case 'sync':
      return send(
        'REPORT',
        collection,
        `${XML}<D:sync-collection ${DAV}><D:sync-token>${work.token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>`,
        { Depth: '0' },
      );
    case 'multiget': {
      // Fifty members, others each time, spread over the whole collection.
      const hrefs = Array.from({ length: 50 }, (_, i) => (index * 50 + i * 199) % work.of);
      const list = [...new Set(hrefs)]
        .map((number) => `<D:href>${collection}${memberName(work.what, number)}</D:href>`)
        .join('');
      return work.what === 'event'
        ? send(
            'REPORT',
            collection,
            `${XML}<C:calendar-multiget ${DAV}><D:prop><D:getetag/><C:calendar-data/></D:prop>${list}</C:calendar-multiget>`,
            { Depth: '1' },
          )
        : send(
            'REPORT',
            collection,
            `${XML}<A:addressbook-multiget ${DAV}><D:prop><D:getetag/><A:address-data/></D:prop>${list}</A:addressbook-multiget>`,
            { Depth: '1' },
          );
    }
    case 'month': {
      const range = `start="${utc(work.from)}" end="${utc(work.until)}"`;
      const data = work.expand ? `<C:calendar-data><C:expand ${range}/></C:calendar-data>` : '<C:calendar-data/>';
      return send(
        'REPORT',
        collection,
        `${XML}<C:calendar-query ${DAV}><D:prop><D:getetag/>${data}</D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range ${range}/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`,
        { Depth: '1' },
      );
    }
    case 'free-busy':
      return send(
        'REPORT',
        collection,
        `${XML}<C:free-busy-query ${DAV}><C:time-range start="${utc(work.from)}" end="${utc(work.until)}"/></C:free-busy-query>`,
        { Depth: '1' },
      );
    case 'poll':
      return send(
        'PROPFIND',
        collection,
        `${XML}<D:propfind ${DAV}><D:prop><S:getctag/><D:sync-token/></D:prop></D:propfind>`,
        { Depth: '0' },
      );
    case 'email':
      return send(
        'REPORT',
        collection,
        `${XML}<A:addressbook-query ${DAV}><D:prop><D:getetag/><A:address-data/></D:prop><A:filter><A:prop-filter name="EMAIL"><A:text-match collation="i;unicode-casemap" match-type="contains">${work.text}</A:text-match></A:prop-filter></A:filter></A:addressbook-query>`,
        { Depth: '1' },
      );
  }
}

function occurrencesOf(text: string, of: string): number {
  let count = 0;
  for (let at = text.indexOf(of); at >= 0; at = text.indexOf(of, at + of.length)) count++;
  return count;
}

/** Closing tags of DAV:response, whatever the prefix. */
function responses(text: string): number {
  const close = /<\/(?:[\w.-]+:)?response>/.exec(text)?.[0];
  return close === undefined ? 0 : occurrencesOf(text, close);
}

/** Why a reply is wrong; undefined when it is right. */
export function wrongIn(work: Work, { status, body }: Reply): string | undefined {
  const expect = (wanted: number, found: number, what: string) =>
    wanted === found ? undefined : `${found} ${what} and not ${wanted}`;
  if (work.kind === 'put') {
    const right = work.revision === undefined ? [201] : [201, 204];
    return right.includes(status) ? undefined : `status ${status}: ${body.toString('utf8', 0, 200)}`;
  }
  if (status !== (work.kind === 'free-busy' ? 200 : 207)) return `status ${status}: ${body.toString('utf8', 0, 200)}`;
  const text = body.toString('utf8');
  switch (work.kind) {
    case 'propfind':
      return expect(work.members + 1, responses(text), 'responses');
    case 'sync':
      return expect(work.members, responses(text), 'responses');
    case 'multiget':
      return expect(50, occurrencesOf(text, work.what === 'event' ? 'END:VCALENDAR' : 'END:VCARD'), 'members');
    case 'month':
      return work.expand
        ? expect(work.occurrences, occurrencesOf(text, 'END:VEVENT'), 'occurrences')
        : expect(work.objects, occurrencesOf(text, 'END:VCALENDAR'), 'objects');
    case 'free-busy':
      return work.days.every((day) => text.replaceAll('\r\n ', '').includes(day)) ? undefined : 'a busy day is missing';
    case 'poll':
      return /getctag>[^<]+</.test(text) ? undefined : 'no ctag';
    case 'email':
      return expect(work.members, occurrencesOf(text, 'END:VCARD'), 'cards');
  }
}
