/**
 * The hrefs in properties that clients made and the server only keeps.
 * RFC 3253 §3.8 and RFC 3744 §9.3 speak of any property whose value holds DAV:href. What clients chose as prefixes is kept, so
 * the value is read as XML again.
 * Elsewhere: the reports (expand-property.ts, acl-reports.ts).
 */
import type { Exchange, Resource } from './contract.ts';
import { DAV, DECLARATIONS } from './namespaces.ts';
import { Element } from './xml.ts';
import { parseXml } from './xml-parser.ts';

/** A kept property as an element; undefined when the resource has none of that name. */
export async function storedProperty(
  exchange: Exchange,
  resource: Resource,
  { namespace, name }: Element,
): Promise<Element | undefined> {
  const body = new Element('', '');
  const prop = new Element(DAV, 'prop');
  prop.children.push(new Element(namespace, name));
  body.children.push(prop);
  const response = await exchange.server.properties.ask(exchange, body, 'nothing').respond(resource);
  const [told] = parseXml(Buffer.from(`<D:multistatus${DECLARATIONS}>${response}</D:multistatus>`)).elements();
  for (const propstat of told?.elements(DAV, 'propstat') ?? []) {
    if (propstat.child(DAV, 'status')?.text().includes(' 200 ') === true) {
      return propstat.child(DAV, 'prop')?.child(namespace, name);
    }
  }
  return undefined;
}

/** Every DAV:href in an element, however deep. */
export function hrefsIn(element: Element): string[] {
  return element.elements().flatMap((child) => (child.is(DAV, 'href') ? [child.text().trim()] : hrefsIn(child)));
}
