/**
 * The expand-property report: hrefs in values become responses of what they name.
 * RFC 3253 §3.8, with a bound on how much one request visits.
 */
import { DomainError } from '../../src/errors.ts';
import type { Exchange, Report, Resource } from './contract.ts';
import { badRequest, DavError } from './dav-error.ts';
import { encodeSegment } from './hrefs.ts';
import { startMultistatus, statusResponse } from './multistatus.ts';
import { DAV } from './namespaces.ts';
import { resolve, splitPath, type Target } from './paths.ts';
import { unescapeXml } from './principal-reports.ts';
import { hrefsIn, storedProperty } from './stored-hrefs.ts';
import { Element, escapeXml, qualifiedName, serialise } from './xml.ts';

/** Resources that one expand-property visits. */
const MAX_EXPANDED = 500;

export const expandProperty: Report = {
  namespace: DAV,
  name: 'expand-property',
  on: ['root', 'principals', 'principal', 'proxy', 'homes', 'home', 'collection', 'member'],
  async run(exchange, { resource, body }) {
    const answer = startMultistatus(exchange);
    answer.add(await expand(exchange, resource, body.elements(DAV, 'property'), { left: MAX_EXPANDED }));
    await answer.end();
  },
};

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
    const expandAll = async (hrefs: readonly string[]) => {
      let expanded = '';
      for (const href of hrefs) expanded += await expandHref(exchange, href, inner, budget);
      return expanded;
    };
    const { tag, declaration } = qualifiedName(element.namespace, element.name);
    const from = text.indexOf(`<${tag}>`);
    const to = text.indexOf(`</${tag}>`, from);
    const live = exchange.server.properties.find(element.namespace, element.name, resource) !== undefined;
    if (live && from >= 0 && to >= 0) {
      const start = from + tag.length + 2;
      const hrefs = [...text.slice(start, to).matchAll(/<D:href>([^<]*)<\/D:href>/g)];
      const expanded = await expandAll(hrefs.map(([, href = '']) => unescapeXml(href)));
      text = text.slice(0, start) + expanded + text.slice(to);
    } else if (!live) {
      const kept = await storedProperty(exchange, resource, element);
      if (kept === undefined) continue;
      const expanded = await expandAll(hrefsIn(kept));
      text = text.replace(serialise(kept), () => `<${tag}${declaration}>${expanded}</${tag}>`);
    }
  }
  return text;
}

async function expandHref(
  exchange: Exchange,
  href: string,
  wanted: readonly Element[],
  budget: { left: number },
): Promise<string> {
  const target = href.startsWith('/') ? await resolved(exchange, href) : undefined;
  const resource = target?.resource;
  if (resource === undefined || (resource.kind === 'collection' && !resource.collection.rights.read)) {
    const path = target === undefined ? escapeXml(href) : `/${splitPath(href).map(encodeSegment).join('/')}`;
    return statusResponse(path, '404 Not Found');
  }
  return expand(exchange, resource, wanted, budget);
}

/** undefined for what no path can be: values that clients made may hold anything. */
async function resolved(exchange: Exchange, href: string): Promise<Target | undefined> {
  try {
    return await resolve(exchange.server, exchange.viewer, href);
  } catch (error) {
    if (error instanceof DavError) return undefined;
    throw error;
  }
}
