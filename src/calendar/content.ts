/**
 * iCalendar text to a tree of components and properties, and back.
 * RFC 5545 §3.1 (content lines, folding), §3.3.11 (TEXT), RFC 6868 (parameter values).
 * A linear scan unfolds, bounds and nests the lines; ical.js reads each of them. The tree has the shape of jCal
 * (RFC 7265), but values stay the text the client wrote, so that nothing is lost between reading and printing.
 * Elsewhere: what values mean (date-values.ts), what a calendar object may hold (icalendar.ts, calendar-validation.ts).
 */
import ICAL from 'ical.js';
import { DomainError } from '../errors.ts';

export type Parameters = Record<string, string | string[]>;
/** Name and parameter names in lower case; the type is that of VALUE in lower case, or 'unknown'; the value is raw text. */
export type Property = [name: string, parameters: Parameters, type: string, value: string];
/** Name in lower case. */
export type Component = [name: string, properties: Property[], components: Component[]];

/** Components within components; real ones are three deep. */
export const MAX_DEPTH = 10;
/** Content lines of one object, after unfolding. */
export const MAX_LINES = 50_000;
/** Characters of one unfolded line that is not an attachment. */
export const MAX_LINE_LENGTH = 1_048_576;
/** Parameters of one property. */
export const MAX_PARAMETERS = 200;

const FOLD = /\r?\n[ \t]/g;
const UNUSUAL_FOLD = /(?<!\r)\n[ \t]|\n\t/;
/** What XML 1.0 §2.2 cannot carry (the decoder of UTF-8 leaves no lone surrogates), and a CR that ends no line. */
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\r(?!\n)/;
const NAME = /^[A-Za-z0-9_.-]+$/;
/** Properties that may hold a file. */
const ATTACHMENT = /^(?:ATTACH|IMAGE|X-[A-Z0-9-]+)[;:]/i;

/** Every type is 'unknown', hence raw, unless VALUE says otherwise; only the quoted lists of RFC 5545 §3.2 are split. */
const QUOTED_LIST = { valueType: 'cal-address', multiValue: ',', multiValueSeparateDQuote: true };
const DESIGN = {
  name: 'raw',
  value: Object.create(null),
  param: Object.assign(Object.create(null), {
    member: QUOTED_LIST,
    'delegated-from': QUOTED_LIST,
    'delegated-to': QUOTED_LIST,
  }),
  property: Object.create(null),
  propertyGroups: false,
};

/**
 * Reads the one component a text consists of.
 * @throws DomainError invalid-data when it is not well-formed or outside the limits above
 */
export function parseContent(text: string): Component {
  if (FORBIDDEN.test(text)) throw malformed('The text holds a control character.');
  const unfolded = unfold(text);
  const stack: Component[] = [];
  let root: Component | undefined;
  let lines = 0;
  for (let start = 0; start < unfolded.length; ) {
    let end = unfolded.indexOf('\n', start);
    if (end === -1) end = unfolded.length;
    const line = unfolded.slice(start, unfolded.charCodeAt(end - 1) === 13 ? end - 1 : end);
    start = end + 1;
    if (line.trim() === '') continue;
    if (++lines > MAX_LINES) throw malformed(`The object has more than ${MAX_LINES} lines.`);

    const first = line.charCodeAt(0) | 0x20;
    if (first === 0x62 && isDelimiter(line, 'begin:')) {
      const component: Component = [componentName(line.slice(6)), [], []];
      const parent = stack.at(-1);
      if (parent) parent[2].push(component);
      else if (root) throw malformed('More than one component at the top.');
      else root = component;
      if (stack.push(component) > MAX_DEPTH) throw malformed(`Components are nested deeper than ${MAX_DEPTH}.`);
    } else if (first === 0x65 && isDelimiter(line, 'end:')) {
      const component = stack.pop();
      if (component?.[0] !== componentName(line.slice(4))) throw malformed(`${excerpt(line)} ends nothing.`);
    } else {
      const parent = stack.at(-1);
      if (!parent) throw malformed(`${excerpt(line)} stands outside of a component.`);
      parent[1].push(parseLine(line));
    }
  }
  if (!root) throw malformed('The text holds no component.');
  if (stack.length > 0) throw malformed('A component does not end.');
  return root;
}

/** Joins folded lines; a large text that folds in the usual way alone is joined three times as fast by splitting. */
function unfold(text: string): string {
  if (text.length > 100_000 && !UNUSUAL_FOLD.test(text)) return text.split('\r\n ').join('');
  return text.replace(FOLD, '');
}

/** Reads one unfolded content line. */
function parseLine(line: string): Property {
  if (line.length > 512) boundLine(line);
  let property: Property;
  try {
    property = ICAL.parse.property(line, DESIGN);
  } catch {
    throw malformed(`Not a content line: ${excerpt(line)}`);
  }
  if (!NAME.test(property[0]) || property[0] === 'begin' || property[0] === 'end') {
    throw malformed(`Not a property: ${excerpt(line)}`);
  }
  // ical.js loses count of the quotes in a list of quoted values and may cut the value in front of its colon.
  if (line.includes('","')) property[3] = line.slice(valueStart(line));
  return property;
}

/** A long line must be an attachment or of bounded length, and have few parameters: ical.js is quadratic in their number. */
function boundLine(line: string): void {
  if (line.length > MAX_LINE_LENGTH && !ATTACHMENT.test(line)) {
    throw malformed(`${excerpt(line)} is longer than ${MAX_LINE_LENGTH} characters.`);
  }
  let parameters = 0;
  const end = valueStart(line);
  for (
    let position = line.indexOf(';');
    position !== -1 && position < end;
    position = line.indexOf(';', position + 1)
  ) {
    if (++parameters > MAX_PARAMETERS) throw malformed(`${excerpt(line)} has more than ${MAX_PARAMETERS} parameters.`);
  }
}

/** Where the value begins: after the first colon outside of quotes. */
function valueStart(line: string): number {
  let quoted = false;
  for (let index = 0; index < line.length; index++) {
    const code = line.charCodeAt(index);
    if (code === 0x22) quoted = !quoted;
    else if (code === 0x3a && !quoted) return index + 1;
  }
  throw malformed(`Not a content line: ${excerpt(line)}`);
}

function isDelimiter(line: string, delimiter: string): boolean {
  return line.length < 100 && line.slice(0, delimiter.length).toLowerCase() === delimiter;
}

function componentName(text: string): string {
  const name = text.trim();
  if (!NAME.test(name)) throw malformed(`Not the name of a component: ${excerpt(text)}`);
  return name.toLowerCase();
}

function excerpt(line: string): string {
  return JSON.stringify(line.length > 60 ? `${line.slice(0, 60)}…` : line);
}

function malformed(message: string): DomainError {
  return new DomainError('invalid-data', message);
}

/** The first property of that name (lower case). */
export function propertyOf(component: Component, name: string): Property | undefined {
  for (const property of component[1]) if (property[0] === name) return property;
  return undefined;
}

/** A parameter (lower case) as one string; '' when absent. */
export function parameterOf(property: Property, name: string): string {
  const value = property[1][name];
  return typeof value === 'string' ? value : (value?.join(',') ?? '');
}

/** The value of a property of that name as TEXT; '' when absent. */
export function textOf(component: Component, name: string): string {
  const property = propertyOf(component, name);
  return property ? decodeText(property[3]) : '';
}

/** Undoes the escapes of TEXT (RFC 5545 §3.3.11). */
export function decodeText(value: string): string {
  if (!value.includes('\\')) return value;
  return value.replace(/\\([\\;,nN])/g, (_, escaped: string) => (escaped === 'n' || escaped === 'N' ? '\n' : escaped));
}

/** Escapes TEXT (RFC 5545 §3.3.11). */
export function encodeText(text: string): string {
  return text.replace(/[\\;,]|\r?\n/g, (character) => (character.endsWith('\n') ? '\\n' : `\\${character}`));
}

/** Prints components with CRLF, folded at 75 octets (RFC 5545 §3.1). */
export function printContent(component: Component): string {
  const name = component[0].toUpperCase();
  let text = `BEGIN:${name}\r\n`;
  for (const property of component[1]) text += printProperty(property);
  for (const child of component[2]) text += printContent(child);
  return `${text}END:${name}\r\n`;
}

/** Prints one property as folded lines, with the final CRLF. */
export function printProperty(property: Property): string {
  const [name, parameters, type, value] = property;
  let line = name.toUpperCase();
  if (type !== 'unknown') line += `;VALUE=${type.toUpperCase()}`;
  for (const parameter in parameters) {
    const content = parameters[parameter] as string | string[];
    line += `;${parameter.toUpperCase()}=${typeof content === 'string' ? printParameter(content) : content.map(printQuoted).join(',')}`;
  }
  return foldLine(`${line}:${value}`);
}

function printParameter(value: string): string {
  return /[,;:]/.test(value) ? printQuoted(value) : encodeParameter(value);
}

function printQuoted(value: string): string {
  return `"${encodeParameter(value)}"`;
}

/** RFC 6868 §3.2. */
function encodeParameter(value: string): string {
  return /["^\n]/.test(value)
    ? value.replace(/["^\n]/g, (character) => (character === '"' ? "^'" : character === '^' ? '^^' : '^n'))
    : value;
}

const LINE_OCTETS = 75;

/** Folds a line at 75 octets, never inside a character (RFC 5545 §3.1), and ends it. */
export function foldLine(line: string): string {
  if (line.length * 3 <= LINE_OCTETS) return `${line}\r\n`;
  let folded = '';
  let start = 0;
  let octets = 0;
  for (let index = 0; index < line.length; index++) {
    const code = line.charCodeAt(index);
    const pair = code >= 0xd800 && code < 0xdc00;
    const width = code < 0x80 ? 1 : code < 0x800 ? 2 : pair ? 4 : 3;
    if (octets + width > LINE_OCTETS) {
      folded += `${line.slice(start, index)}\r\n `;
      start = index;
      octets = 1;
    }
    octets += width;
    if (pair) index++;
  }
  return `${folded}${line.slice(start)}\r\n`;
}
