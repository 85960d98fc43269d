/**
 * Reports about principals, and expand-property.
 * RFC 3744 §9.3 (principal-match), §9.4 (principal-property-search), §9.5 (principal-search-property-set); RFC 3253 §3.8.
 * Elsewhere: who may see whom (src/principals/directory.ts).
 */

import { DomainError } from '../../src/errors.ts';
import type { Principal } from '../../src/principals/access.ts';
import type { Exchange, PrincipalResource, PropertyValue, Report, Resource } from './contract.ts';
import { badRequest } from './dav-error.ts';
import { encodeSegment, principalHref } from './hrefs.ts';
import { startMultistatus, statusResponse, XML_CONTENT_TYPE } from './multistatus.ts';
import { CALDAV, CALENDARSERVER, DAV, DECLARATIONS } from './namespaces.ts';
import { resolve, splitPath } from './paths.ts';
import { Element, escapeXml, qualifiedName } from './xml.ts';

/** Principals that one search returns. */
const MAX_MATCHES = 500;
/** Resources that one expand-property visits. */
const MAX_EXPANDED = 500;

/** What can be searched, with the words clients show for it. */
const SEARCHABLE: readonly (readonly [namespace: string, name: string, words: string])[] = [
  [DAV, 'displayname', 'Display name'],
  [CALENDARSERVER, 'email-address-set', 'E-mail address'],
  [CALDAV, 'calendar-user-address-set', 'Calendar user address'],
  [CALDAV, 'calendar-user-type', 'Kind of principal'],
];

const principalMatch: Report = {
  namespace: DAV,
  name: 'principal-match',
  on: ['principals', 'homes', 'home'],
  async run(exchange, { resource, body }) {
    const { server, viewer } = exchange;
    const asked = server.properties.ask(exchange, body, 'nothing');
    const answer = startMultistatus(exchange);
    // DAV:principal-property asks for members that name the viewer in a property: only principals name people here.
    if (resource.kind === 'principals' && body.child(DAV, 'self') !== undefined) {
      const groups = await server.directory.groupsOf(viewer, viewer);
      for (const principal of [viewer, ...groups]) answer.add(await asked.respond(asResource(principal)));
    }
    await answer.end();
  },
};

const principalPropertySearch: Report = {
  namespace: DAV,
  name: 'principal-property-search',
  on: ['root', 'principals', 'principal', 'homes', 'home'],
  async run(exchange, { resource, body }) {
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
  on: ['root', 'principals', 'principal', 'homes', 'home'],
  async run({ reply }) {
    let properties = '';
    for (const [namespace, name, words] of SEARCHABLE) {
      const prop = `<D:prop><${qualifiedName(namespace, name).tag}/></D:prop>`;
      properties += `<D:principal-search-property>${prop}<D:description xml:lang="en">${words}</D:description></D:principal-search-property>`;
    }
    const text = `<?xml version="1.0" encoding="utf-8"?>\n<D:principal-search-property-set${DECLARATIONS}>${properties}</D:principal-search-property-set>`;
    await reply.code(200).header('content-type', XML_CONTENT_TYPE).send(text);
  },
};

const expandProperty: Report = {
  namespace: DAV,
  name: 'expand-property',
  on: ['root', 'principals', 'principal', 'homes', 'home', 'collection', 'member'],
  async run(exchange, { resource, body }) {
    const answer = startMultistatus(exchange);
    answer.add(await expand(exchange, resource, body.elements(DAV, 'property'), { left: MAX_EXPANDED }));
    await answer.end();
  },
};

export const principalReports: readonly Report[] = [
  principalMatch,
  principalPropertySearch,
  principalSearchPropertySet,
  expandProperty,
];

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

function unescapeXml(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&#13;', '\r').replaceAll('&amp;', '&');
}

/** One response of expand-property: hrefs in a value become responses of what they name (RFC 3253 §3.8). */
async function expand(
  exchange: Exchange,
  resource: Resource,
  wanted: readonly Element[],
  budget: { left: number },
): Promise<string> {
  if (--budget.left < 0) throw new DomainError('too-many-results', 'The report would visit too many resources.');
  const flat = new Element('', '');
  const prop = new Element(DAV, 'prop');
  flat.children.push(prop);
  const nested: { element: Element; wanted: readonly Element[] }[] = [];
  for (const property of wanted) {
    const name = property.attribute('name');
    if (name === undefined) throw badRequest('DAV:property needs a name.');
    const element = new Element(property.attribute('namespace') ?? DAV, name);
    const inner = property.elements(DAV, 'property');
    if (inner.length > 0) nested.push({ element, wanted: inner });
    prop.children.push(element);
  }
  let text = await exchange.server.properties.ask(exchange, flat, 'nothing').respond(resource);
  for (const { element, wanted: inner } of nested) {
    const { tag } = qualifiedName(element.namespace, element.name);
    const from = text.indexOf(`<${tag}>`);
    const to = text.indexOf(`</${tag}>`, from);
    if (from < 0 || to < 0) continue;
    const start = from + tag.length + 2;
    let expanded = '';
    for (const [, href = ''] of text.slice(start, to).matchAll(/<D:href>([^<]*)<\/D:href>/g)) {
      expanded += await expandHref(exchange, unescapeXml(href), inner, budget);
    }
    text = text.slice(0, start) + expanded + text.slice(to);
  }
  return text;
}

async function expandHref(
  exchange: Exchange,
  href: string,
  wanted: readonly Element[],
  budget: { left: number },
): Promise<string> {
  const { resource } = href.startsWith('/')
    ? await resolve(exchange.server, exchange.viewer, href)
    : { resource: undefined };
  if (resource === undefined || (resource.kind === 'collection' && !resource.collection.rights.read)) {
    const path = href.startsWith('/') ? `/${splitPath(href).map(encodeSegment).join('/')}` : escapeXml(href);
    return statusResponse(path, '404 Not Found');
  }
  return expand(exchange, resource, wanted, budget);
}
