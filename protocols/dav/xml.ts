/**
 * The Element tree of request bodies, and XML as text: escaping, hrefs, properties that are kept as they came.
 * RFC 4918 §4.3, §8.3, §17.
 * Elsewhere: reading bodies (xml-parser.ts), answers of many responses (multistatus.ts).
 */
import { prefixOf } from './namespaces.ts';

export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';

export interface Attribute {
  readonly namespace: string;
  readonly prefix: string;
  readonly name: string;
  readonly value: string;
}

/** An element with its children in document order; text is a string. */
export class Element {
  readonly namespace: string;
  readonly name: string;
  /** As the client wrote it; '' for the default namespace. */
  readonly prefix: string;
  readonly attributes: readonly Attribute[];
  readonly children: (Element | string)[] = [];

  constructor(namespace: string, name: string, prefix = '', attributes: readonly Attribute[] = []) {
    this.namespace = namespace;
    this.name = name;
    this.prefix = prefix;
    this.attributes = attributes;
  }

  is(namespace: string, name: string): boolean {
    return this.name === name && this.namespace === namespace;
  }

  /** Its child elements, of one name when given. */
  elements(namespace?: string, name?: string): Element[] {
    const found: Element[] = [];
    for (const child of this.children) {
      if (typeof child !== 'string' && (name === undefined || child.is(namespace ?? '', name))) found.push(child);
    }
    return found;
  }

  /** The first child element of that name. */
  child(namespace: string, name: string): Element | undefined {
    for (const child of this.children) if (typeof child !== 'string' && child.is(namespace, name)) return child;
    return undefined;
  }

  /** All text in it, also of its descendants, in document order. */
  text(): string {
    let text = '';
    for (const child of this.children) text += typeof child === 'string' ? child : child.text();
    return text;
  }

  /** The value of an attribute without namespace. */
  attribute(name: string): string | undefined {
    return this.attributes.find((attribute) => attribute.name === name && attribute.namespace === '')?.value;
  }
}

const ESCAPED = /[&<>\r]/;

/** Text for element content. CR is written as a reference, or XML's line ending rule would take it away (XML 1.0 §2.11). */
export function escapeXml(text: string): string {
  if (!ESCAPED.test(text)) return text;
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\r', '&#13;');
}

/** Text for an attribute in double quotes. */
export function escapeAttribute(text: string): string {
  return escapeXml(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\t', '&#9;');
}

/** `<D:href>…</D:href>` of a path that is encoded already. */
export function hrefXml(path: string): string {
  return `<D:href>${escapeXml(path)}</D:href>`;
}

/** The qualified name to open an element with, and the declaration it needs when the namespace has no fixed prefix. */
export function qualifiedName(namespace: string, name: string): { tag: string; declaration: string } {
  const prefix = prefixOf(namespace);
  if (prefix !== undefined) return { tag: `${prefix}:${name}`, declaration: '' };
  if (namespace === '') return { tag: name, declaration: '' };
  return { tag: `X:${name}`, declaration: ` xmlns:X="${escapeAttribute(namespace)}"` };
}

/**
 * Serialises an element so that it can be put into any document: it declares every prefix it uses, keeps those the client
 * chose, its attributes and xml:lang (RFC 4918 §4.3).
 */
export function serialise(element: Element): string {
  return print(element, new Map([['xml', XML_NAMESPACE]]));
}

function print(element: Element, inherited: ReadonlyMap<string, string>): string {
  let scope = inherited;
  let declarations = '';
  const declare = (prefix: string, namespace: string) => {
    if ((scope.get(prefix) ?? '') === namespace && (scope.has(prefix) || namespace === '')) return;
    if (scope === inherited) scope = new Map(inherited);
    (scope as Map<string, string>).set(prefix, namespace);
    declarations += ` ${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}="${escapeAttribute(namespace)}"`;
  };
  declare(element.prefix, element.namespace);
  let attributes = '';
  for (const attribute of element.attributes) {
    if (attribute.prefix !== '') declare(attribute.prefix, attribute.namespace);
    const name = attribute.prefix === '' ? attribute.name : `${attribute.prefix}:${attribute.name}`;
    attributes += ` ${name}="${escapeAttribute(attribute.value)}"`;
  }
  const tag = element.prefix === '' ? element.name : `${element.prefix}:${element.name}`;
  if (element.children.length === 0) return `<${tag}${declarations}${attributes}/>`;
  let content = '';
  for (const child of element.children) content += typeof child === 'string' ? escapeXml(child) : print(child, scope);
  return `<${tag}${declarations}${attributes}>${content}</${tag}>`;
}
