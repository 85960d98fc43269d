/**
 * XML in and out: request bodies to an Element tree, and back to text.
 * RFC 4918 §4.3, §8.2, §17, §20.6; limits: bad-input items in test/fuzz/xml.test.ts.
 * sax feeds the tree directly, so that every limit stops the parse before the tree exists. Only UTF-8 and UTF-16 with a byte
 * order mark are read; any document type declaration is refused, therefore entities other than the five of XML are unknown.
 * Elsewhere: answers of many responses (multistatus.ts).
 */
import sax from 'sax';
import { badRequest, DavError } from './dav-error.ts';
import { prefixOf } from './namespaces.ts';

const MAX_OCTETS = 8 * 1024 * 1024;
const MAX_DEPTH = 32;
const MAX_ELEMENTS = 60_000;
const MAX_ATTRIBUTES = 64;
const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';

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

/**
 * Parses a request body.
 * @throws DavError 413 above 8 MB, 400 for everything that is not well-formed, valid UTF-8, without document type, in limits.
 */
export function parseXml(body: Buffer): Element {
  if (body.length > MAX_OCTETS) throw new DavError(413, 'The XML body is larger than 8 MB.');
  return parseText(decode(body));
}

function decode(body: Buffer): string {
  const encoding =
    body[0] === 0xfe && body[1] === 0xff ? 'utf-16be' : body[0] === 0xff && body[1] === 0xfe ? 'utf-16le' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(body);
  } catch {
    throw badRequest('The XML body is not valid text in its encoding.');
  }
}

function parseText(text: string): Element {
  const parser = sax.parser(true, { xmlns: true, position: false });
  const open: Element[] = [];
  let root: Element | undefined;
  let elements = 0;
  let attributes = 0;
  const append = (text: string) => {
    const parent = open[open.length - 1];
    if (parent === undefined) return;
    const last = parent.children.length - 1;
    const before = parent.children[last];
    if (typeof before === 'string') parent.children[last] = before + text;
    else parent.children.push(text);
  };
  parser.onerror = (error) => {
    throw badRequest(`The XML body is not well-formed: ${error.message.split('\n')[0]}.`);
  };
  parser.ondoctype = () => {
    throw badRequest('Document type declarations are refused.');
  };
  // Before sax resolves names: the prefixes of all open elements are copied from parent to child, so depth and number of
  // declarations must stop here and not in the finished tag.
  parser.onopentagstart = () => {
    attributes = 0;
    if (open.length >= MAX_DEPTH) throw badRequest(`Elements nest deeper than ${MAX_DEPTH}.`);
    if (++elements > MAX_ELEMENTS) throw badRequest(`More than ${MAX_ELEMENTS} elements.`);
  };
  parser.onattribute = () => {
    if (++attributes > MAX_ATTRIBUTES) throw badRequest(`An element has more than ${MAX_ATTRIBUTES} attributes.`);
  };
  parser.onopentag = (tag) => {
    const { uri, local, prefix, attributes: found } = tag as sax.QualifiedTag;
    const kept: Attribute[] = [];
    for (const key in found) {
      const attribute = found[key];
      if (attribute === undefined || attribute.prefix === 'xmlns' || key === 'xmlns') continue;
      kept.push({
        namespace: attribute.prefix === '' ? '' : attribute.uri,
        prefix: attribute.prefix,
        name: attribute.local,
        value: attribute.value,
      });
    }
    const element = new Element(uri, local, prefix, kept);
    if (root === undefined) root = element;
    else open[open.length - 1]?.children.push(element);
    open.push(element);
  };
  parser.onclosetag = () => {
    open.pop();
  };
  parser.ontext = append;
  parser.oncdata = append;
  parser.write(text).close();
  if (root === undefined) throw badRequest('The XML body has no root element.');
  return root;
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
