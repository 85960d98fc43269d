/**
 * Reads XML request bodies into an Element tree.
 * XML 1.0 (fifth edition) and Namespaces in XML 1.0, without document types: RFC 4918 §8.2, §20.6.
 * Written by hand because every limit must stop the work before it is done and no input may cost more than linear time:
 * event parsers resolve prefixes through a chain of objects (minutes for 60 declarations on each of 31 levels), count
 * attributes when all are read, and let markup pass that is not well-formed. One pass, jumping from mark to mark by indexOf.
 * Elsewhere: the tree and printing it (xml.ts).
 */
import { badRequest, DavError } from './dav-error.ts';
import { type Attribute, Element, XML_NAMESPACE } from './xml.ts';

const MAX_OCTETS = 8 * 1024 * 1024;
const MAX_DEPTH = 32;
const MAX_ELEMENTS = 60_000;
/** Of one element, namespace declarations included. */
const MAX_ATTRIBUTES = 64;
/** Entity and character references of a whole body: each costs more than plain text. */
const MAX_REFERENCES = 100_000;

/**
 * Parses a request body: UTF-8, or UTF-16 with a byte order mark.
 * @throws DavError 413 above 8 MB, 400 for everything that is not well-formed, valid text, without document type, in limits
 */
export function parseXml(body: Buffer): Element {
  if (body.length > MAX_OCTETS) throw new DavError(413, 'The XML body is larger than 8 MB.');
  const text = decode(body);
  // XML 1.0 §2.11: every line ending is one LF.
  return new Parser(text.includes('\r') ? text.replaceAll('\r\n', '\n').replaceAll('\r', '\n') : text).document();
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

/** What XML 1.0 §2.2 does not allow. Surrogates come in pairs, or the decoder had refused. */
const FORBIDDEN = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
const START =
  'A-Z_a-z\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d\\u2070-\\u218f' +
  '\\u2c00-\\u2fef\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd\\u{10000}-\\u{effff}';
const NCNAME = `[${START}][${START}\\-.0-9\\u00b7\\u0300-\\u036f\\u203f\\u2040]*`;
const QNAME = new RegExp(`(?:(${NCNAME}):)?(${NCNAME})`, 'uy');
const SPACE = /[ \t\n]*/y;
const ONLY_SPACE = /^[ \t\n]*$/;
const EQUALS = /[ \t\n]*=[ \t\n]*/y;
const REFERENCE = /&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9a-fA-F]{1,6}));/y;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Prefixes in scope: those an element declares, then those of its ancestors. */
interface Scope {
  readonly own: ReadonlyMap<string, string>;
  readonly outer: Scope | undefined;
}

const OUTERMOST: Scope = {
  own: new Map([
    ['', ''],
    ['xml', XML_NAMESPACE],
  ]),
  outer: undefined,
};

interface Open {
  readonly element: Element;
  readonly scope: Scope;
}

class Parser {
  private readonly text: string;
  private at = 0;
  private elements = 0;
  private references = 0;
  private root: Element | undefined;
  private readonly open: Open[] = [];

  constructor(text: string) {
    this.text = text;
  }

  document(): Element {
    const { text } = this;
    if (FORBIDDEN.test(text)) throw malformed('it has a character that XML does not allow');
    if (text.startsWith('<?xml') && /[ \t\n]/.test(text.charAt(5))) this.declaration();
    while (this.at < text.length) {
      const mark = text.indexOf('<', this.at);
      this.characters(text.slice(this.at, mark < 0 ? text.length : mark));
      if (mark < 0) break;
      this.at = mark;
      this.markup(text.charCodeAt(mark + 1));
    }
    if (this.root === undefined) throw malformed('it has no root element');
    if (this.open.length > 0) throw malformed('it ends too early');
    return this.root;
  }

  private declaration(): void {
    const declaration = this.until('?>', 0);
    const encoding =
      /[ \t\n]encoding[ \t\n]*=[ \t\n]*["']([^"']*)["']/.exec(declaration)?.[1]?.toLowerCase() ?? 'utf-8';
    const known = encoding === 'utf-8' || encoding === 'utf8' || encoding.startsWith('utf-16');
    if (!known && /[^\x00-\x7f]/.test(this.text)) throw badRequest('Send XML as UTF-8.');
  }

  private markup(next: number): void {
    if (next === 0x2f) this.endTag();
    else if (next === 0x3f) this.instruction();
    else if (next === 0x21) this.commentOrCdata();
    else this.startTag();
  }

  private instruction(): void {
    const instruction = this.until('?>', this.at + 2);
    if (/^xml(?![^ \t\n])/i.test(instruction)) throw malformed('an XML declaration is not at its beginning');
  }

  private commentOrCdata(): void {
    const { text, at } = this;
    if (text.startsWith('<!--', at)) {
      this.until('--', at + 4);
      if (text.charAt(this.at) !== '>') throw malformed('a comment holds --');
      this.at++;
    } else if (text.startsWith('<![CDATA[', at)) {
      append(this.current().element, this.until(']]>', at + 9));
    } else throw badRequest('Document type declarations are refused.');
  }

  private startTag(): void {
    if (this.open.length >= MAX_DEPTH) throw badRequest(`Elements nest deeper than ${MAX_DEPTH}.`);
    if (++this.elements > MAX_ELEMENTS) throw badRequest(`More than ${MAX_ELEMENTS} elements.`);
    if (this.root !== undefined && this.open.length === 0) throw malformed('it has two root elements');
    this.at++;
    const [prefix, local] = this.name();
    const attributes: [prefix: string, local: string, value: string][] = [];
    let declared: Map<string, string> | undefined;
    for (;;) {
      const before = this.at;
      this.skip(SPACE);
      const code = this.text.charCodeAt(this.at);
      if (code === 0x3e || code === 0x2f) break;
      if (this.at === before) throw malformed('a tag cannot be read');
      if (attributes.length + (declared?.size ?? 0) >= MAX_ATTRIBUTES) {
        throw badRequest(`An element has more than ${MAX_ATTRIBUTES} attributes.`);
      }
      const [space, name] = this.name();
      const value = this.attributeValue();
      if (space !== 'xmlns' && (space !== '' || name !== 'xmlns')) {
        attributes.push([space, name, value]);
        continue;
      }
      declared ??= new Map();
      this.declare(declared, space === '' ? '' : name, value);
    }
    const outer = this.open.length === 0 ? OUTERMOST : this.current().scope;
    const scope = declared === undefined ? outer : { own: declared, outer };
    const element = new Element(lookUp(scope, prefix), local, prefix, resolve(scope, attributes));
    if (this.root === undefined) this.root = element;
    else this.current().element.children.push(element);
    if (this.text.charCodeAt(this.at) === 0x3e) {
      this.open.push({ element, scope });
      this.at++;
    } else {
      if (this.text.charCodeAt(this.at + 1) !== 0x3e) throw malformed('a tag cannot be read');
      this.at += 2;
    }
  }

  private endTag(): void {
    this.at += 2;
    const [prefix, local] = this.name();
    this.skip(SPACE);
    const open = this.open.pop()?.element;
    if (open?.name !== local || open.prefix !== prefix || this.text.charCodeAt(this.at) !== 0x3e) {
      throw malformed('an end tag does not fit');
    }
    this.at++;
  }

  private characters(raw: string): void {
    if (raw === '') return;
    if (this.open.length === 0) {
      if (!ONLY_SPACE.test(raw)) throw malformed('it has text outside of its root element');
      return;
    }
    if (raw.includes(']]>')) throw malformed('its text holds ]]>');
    append(this.current().element, this.unescape(raw));
  }

  private name(): [prefix: string, local: string] {
    QNAME.lastIndex = this.at;
    const match = QNAME.exec(this.text);
    if (match === null) throw malformed('a name cannot be read');
    this.at = QNAME.lastIndex;
    return [match[1] ?? '', match[2] ?? ''];
  }

  private attributeValue(): string {
    if (!this.skip(EQUALS)) throw malformed('an attribute has no value');
    const quote = this.text.charAt(this.at);
    if (quote !== '"' && quote !== "'") throw malformed('an attribute value has no quotes');
    const raw = this.until(quote, this.at + 1);
    if (raw.includes('<')) throw malformed('an attribute value holds <');
    // XML 1.0 §3.3.3: white space that is not written as a reference becomes a space.
    return this.unescape(/[\t\n]/.test(raw) ? raw.replaceAll('\t', ' ').replaceAll('\n', ' ') : raw);
  }

  /** Namespaces in XML 1.0 §3, §5. */
  private declare(declared: Map<string, string>, prefix: string, namespace: string): void {
    const reserved = prefix === 'xmlns' || namespace === 'http://www.w3.org/2000/xmlns/';
    const misused = (prefix === 'xml') !== (namespace === XML_NAMESPACE);
    if (reserved || misused || (prefix !== '' && namespace === ''))
      throw malformed('a namespace declaration is not allowed');
    if (declared.has(prefix)) throw malformed('an attribute comes twice');
    declared.set(prefix, namespace);
  }

  private unescape(raw: string): string {
    let text = '';
    let from = 0;
    for (let mark = raw.indexOf('&'); mark >= 0; mark = raw.indexOf('&', from)) {
      if (++this.references > MAX_REFERENCES) throw badRequest(`More than ${MAX_REFERENCES} references.`);
      REFERENCE.lastIndex = mark;
      const match = REFERENCE.exec(raw);
      if (match === null) throw malformed('an entity is not defined');
      text += raw.slice(from, mark) + referenced(match[1], match[2], match[3]);
      from = REFERENCE.lastIndex;
    }
    return from === 0 ? raw : text + raw.slice(from);
  }

  private current(): Open {
    const open = this.open[this.open.length - 1];
    if (open === undefined) throw malformed('it has markup outside of its root element');
    return open;
  }

  /** Moves behind what a sticky expression matches; whether it matched. */
  private skip(expression: RegExp): boolean {
    expression.lastIndex = this.at;
    const matched = expression.test(this.text);
    if (matched) this.at = expression.lastIndex;
    return matched;
  }

  /** The text from `from` to an end mark, and moves behind the mark. */
  private until(end: string, from: number): string {
    const close = this.text.indexOf(end, from);
    if (close < 0) throw malformed('it ends too early');
    this.at = close + end.length;
    return this.text.slice(from, close);
  }
}

function referenced(name: string | undefined, decimal: string | undefined, hexadecimal: string | undefined): string {
  if (name !== undefined) return NAMED[name] ?? '';
  const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal);
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw malformed('a reference names no character');
  const character = String.fromCodePoint(code);
  if (FORBIDDEN.test(character)) throw malformed('a reference names a character that XML does not allow');
  return character;
}

function append({ children }: Element, text: string): void {
  const last = children.length - 1;
  const before = children[last];
  if (typeof before === 'string') children[last] = before + text;
  else children.push(text);
}

function resolve(scope: Scope, found: readonly [prefix: string, local: string, value: string][]): readonly Attribute[] {
  const attributes: Attribute[] = [];
  for (const [prefix, name, value] of found) {
    const namespace = prefix === '' ? '' : lookUp(scope, prefix);
    if (attributes.some((other) => other.name === name && other.namespace === namespace)) {
      throw malformed('an attribute comes twice');
    }
    attributes.push({ namespace, prefix, name, value });
  }
  return attributes;
}

function lookUp(scope: Scope, prefix: string): string {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    const namespace = at.own.get(prefix);
    if (namespace !== undefined) return namespace;
  }
  throw malformed('a prefix is not declared');
}

function malformed(why: string): DavError {
  return badRequest(`The XML body is not well-formed: ${why}.`);
}
