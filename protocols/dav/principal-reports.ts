/**
 * Searching for principals.
 * RFC 3744 §9.4 (principal-property-search), §9.5 (principal-search-property-set).
 * Elsewhere: reports about who is named by what (acl-reports.ts), who may see whom (src/principals/directory.ts).
 */

import type { Principal } from '../../src/principals/access.ts';
import type { Depth, Exchange, PrincipalResource, PropertyValue, Report } from './contract.ts';
import { badRequest } from './dav-error.ts';
import { principalHref } from './hrefs.ts';
import { startMultistatus, statusResponse, XML_CONTENT_TYPE } from './multistatus.ts';
import { CALDAV, CALENDARSERVER, DAV, DECLARATIONS } from './namespaces.ts';
import { type Element, qualifiedName } from './xml.ts';

/** Principals that one search returns. */
const MAX_MATCHES = 500;

/** What can be searched, with the words clients show for it. */
const SEARCHABLE: readonly (readonly [namespace: string, name: string, words: string])[] = [
  [DAV, 'displayname', 'Display name'],
  [CALENDARSERVER, 'email-address-set', 'E-mail address'],
  [CALDAV, 'calendar-user-address-set', 'Calendar user address'],
  [CALDAV, 'calendar-user-type', 'Kind of principal'],
];

const principalPropertySearch: Report = {
  namespace: DAV,
  name: 'principal-property-search',
  on: ['root', 'principals', 'principal', 'homes', 'home', 'collection'],
  async run(exchange, { resource, body, depth }) {
    requireDepthZero(depth);
    const { server, viewer } = exchange;
    const searches = body.elements(DAV, 'property-search').map(readSearch);
    if (searches.length === 0) throw badRequest('DAV:principal-property-search has no DAV:property-search.');
    const any = body.attribute('test') === 'anyof';
    // RFC 3744 §9.4: without the element, the members of the collection at the URL.
    const everywhere = body.child(DAV, 'apply-to-principal-collection-set') !== undefined;
    const asked = server.properties.ask(exchange, body, 'nothing');
    const answer = startMultistatus(exchange);
    let matches = 0;
    for (const principal of everywhere || resource.kind === 'principals' ? await server.directory.list(viewer) : []) {
      const candidate = asResource(principal);
      if (!(await isFound(exchange, candidate, searches, any))) continue;
      if (++matches > MAX_MATCHES) {
        answer.add(statusResponse(resource.href, '507 Insufficient Storage', '<D:number-of-matches-within-limits/>'));
        break;
      }
      answer.add(await asked.respond(candidate));
    }
    await answer.end();
  },
};

const principalSearchPropertySet: Report = {
  namespace: DAV,
  name: 'principal-search-property-set',
  on: ['root', 'principals', 'principal'],
  async run({ reply }, { depth }) {
    requireDepthZero(depth);
    let properties = '';
    for (const [namespace, name, words] of SEARCHABLE) {
      const prop = `<D:prop><${qualifiedName(namespace, name).tag}/></D:prop>`;
      properties += `<D:principal-search-property>${prop}<D:description xml:lang="en">${words}</D:description></D:principal-search-property>`;
    }
    const text = `<?xml version="1.0" encoding="utf-8"?>\n<D:principal-search-property-set${DECLARATIONS}>${properties}</D:principal-search-property-set>`;
    await reply.code(200).header('content-type', XML_CONTENT_TYPE).send(text);
  },
};

export const principalReports: readonly Report[] = [principalPropertySearch, principalSearchPropertySet];

/** RFC 3744 §9.1 and on: these reports are about one resource. */
export function requireDepthZero(depth: Depth | undefined): void {
  if (depth !== undefined && depth !== 0) throw badRequest('This report is asked with Depth 0.');
}

function asResource(principal: Principal): PrincipalResource {
  return { kind: 'principal', href: principalHref(principal.name), principal };
}

interface Search {
  readonly properties: readonly Element[];
  readonly match: string;
  /** calendarserver's attribute `match-type`; RFC 3744 §9.4 knows 'contains' only. */
  readonly type: string;
}

function readSearch(search: Element): Search {
  const match = search.child(DAV, 'match');
  const properties = search.child(DAV, 'prop')?.elements() ?? [];
  if (match === undefined || properties.length === 0)
    throw badRequest('DAV:property-search needs DAV:prop and DAV:match.');
  return { properties, match: fold(match.text()), type: match.attribute('match-type') ?? 'contains' };
}

async function isFound(
  exchange: Exchange,
  candidate: PrincipalResource,
  searches: readonly Search[],
  any: boolean,
): Promise<boolean> {
  for (const search of searches) {
    const found = await hasMatch(exchange, candidate, search);
    if (found === any) return any;
  }
  return !any;
}

async function hasMatch(
  exchange: Exchange,
  candidate: PrincipalResource,
  { properties, match, type }: Search,
): Promise<boolean> {
  for (const element of properties) {
    const property = exchange.server.properties.find(element.namespace, element.name, candidate);
    const value = await property?.read(candidate, exchange, element);
    if (value === undefined) continue;
    if (textsOf(value).some((text) => matches(text, match, type))) return true;
  }
  return false;
}

function matches(text: string, match: string, type: string): boolean {
  switch (type) {
    case 'equals':
      return text === match;
    case 'starts-with':
      // Of any word, as people type names.
      return text.startsWith(match) || text.includes(` ${match}`);
    case 'ends-with':
      return text.endsWith(match);
    default:
      return text.includes(match);
  }
}

/** The pieces of text in a serialised value, folded. */
function textsOf(value: PropertyValue): string[] {
  const content = typeof value === 'string' ? value : value.content;
  return content
    .split(/<[^>]*>/)
    .filter((text) => text !== '')
    .map((text) => fold(unescapeXml(text)));
}

function fold(text: string): string {
  return text.trim().toLowerCase();
}

export function unescapeXml(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&#13;', '\r').replaceAll('&amp;', '&');
}
