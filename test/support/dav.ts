/** Requests and readable answers for tests of the DAV server. */
import type { Element } from '../../protocols/dav/xml.ts';
import { parseXml } from '../../protocols/dav/xml-parser.ts';
import type { TestResponse, TestServer, TestUser } from './server.ts';

const NAMESPACES =
  'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CR="urn:ietf:params:xml:ns:carddav" ' +
  'xmlns:CS="http://calendarserver.org/ns/" xmlns:A="http://apple.com/ns/ical/"';

/** A body whose root declares D, C, CR, CS and A. */
export function xml(root: string, content: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>\n<${root} ${NAMESPACES}>${content}</${root}>`;
}

/** The body of a PROPFIND for some properties: `propfindBody('D:getetag', 'CS:getctag')`. */
export function propfindBody(...names: string[]): string {
  return xml('D:propfind', `<D:prop>${names.map((name) => `<${name}/>`).join('')}</D:prop>`);
}

/** The body of a PROPPATCH that sets what it is given. */
export function setBody(properties: string): string {
  return xml('D:propertyupdate', `<D:set><D:prop>${properties}</D:prop></D:set>`);
}

export function syncBody(token: string, properties = '<D:getetag/>', more = ''): string {
  const level = '<D:sync-level>1</D:sync-level>';
  return xml('D:sync-collection', `<D:sync-token>${token}</D:sync-token>${level}${more}<D:prop>${properties}</D:prop>`);
}

/** A calendar object of one hour. */
export function event(uid: string, summary = 'Meeting'): string {
  const lines = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Convene//Test//EN', 'BEGIN:VEVENT', `UID:${uid}`];
  lines.push('DTSTAMP:20260101T000000Z', 'DTSTART:20260105T090000Z', 'DTEND:20260105T100000Z', `SUMMARY:${summary}`);
  return [...lines, 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n');
}

export const CALENDAR = { 'content-type': 'text/calendar; charset=utf-8' };

/** One response of a multistatus: property elements by their name, for each status. */
export interface DavResponse {
  readonly href: string;
  /** Of the response itself, when it has no properties. */
  readonly status: string | undefined;
  /** `ok.get('getetag')`: the element in the 200 propstat. */
  readonly ok: ReadonlyMap<string, Element>;
  /** Names in other propstats: `failed.get('getetag') === 'HTTP/1.1 404 Not Found'`. */
  readonly failed: ReadonlyMap<string, string>;
}

export interface DavAnswer extends TestResponse {
  readonly responses: readonly DavResponse[];
  readonly syncToken: string | undefined;
  /** Names of the elements in DAV:error. */
  readonly condition: readonly string[];
}

/** Sends a request and reads the answer, if it is XML. */
export async function ask(
  server: TestServer,
  user: TestUser,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<DavAnswer> {
  const response = await server.request(user, method, path, { headers, body });
  const isXml = String(response.headers['content-type'] ?? '').startsWith('application/xml');
  const root = isXml ? parseXml(Buffer.from(response.text)) : undefined;
  return {
    ...response,
    responses: (root?.elements('DAV:', 'response') ?? []).map(readResponse),
    syncToken: root?.child('DAV:', 'sync-token')?.text(),
    condition: root?.is('DAV:', 'error') ? root.elements().map(({ name }) => name) : [],
  };
}

function readResponse(element: Element): DavResponse {
  const ok = new Map<string, Element>();
  const failed = new Map<string, string>();
  for (const propstat of element.elements('DAV:', 'propstat')) {
    const status = propstat.child('DAV:', 'status')?.text() ?? '';
    for (const property of propstat.child('DAV:', 'prop')?.elements() ?? []) {
      if (status === 'HTTP/1.1 200 OK') ok.set(property.name, property);
      else failed.set(property.name, status);
    }
  }
  return {
    href: element.child('DAV:', 'href')?.text() ?? '',
    status: element.child('DAV:', 'status')?.text(),
    ok,
    failed,
  };
}
