/**
 * iCalendar as JSON and back: jCal.
 * RFC 7265 §3 (iCalendar to jCal), §4 (the way back), §5 (unknown types). Both ways lose nothing: what is not written as its
 * type demands is given with the type 'unknown', whose value is the text as it stands (§5.1).
 * Elsewhere: content lines (content.ts), single values and their types (jcal-values.ts).
 */
import { DomainError } from '../errors.ts';
import { type Component, MAX_DEPTH, MAX_LINES, type Parameters, type Property, printContent } from './content.ts';
import { defaultTypeOf, isMultiValued, rawOf, UNKNOWN, valuesOf } from './jcal-values.ts';

/** Octets of JSON that are parsed at once; more would hold up everybody else. */
export const MAX_JCAL_OCTETS = 2 * 1024 * 1024;

const NAME = /^[A-Za-z0-9-]{1,100}$/;
/** What would end the content line it is put into, or is not text at all. */
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f\ufffe\uffff]/;

/** With the flag, what is half of a surrogate pair and not a whole one. */
const HALF_PAIR = /\p{Surrogate}/u;

type JsonProperty = [name: string, parameters: Parameters, type: string, ...values: unknown[]];
type JsonComponent = [name: string, properties: JsonProperty[], components: JsonComponent[]];

/** The JSON text of a tree. */
export function printJcal(content: Component): string {
  return JSON.stringify(jsonOf(content));
}

function jsonOf([name, properties, components]: Component): JsonComponent {
  return [name, properties.map(jsonOfProperty), components.map(jsonOf)];
}

function jsonOfProperty([name, parameters, stated, value]: Property): JsonProperty {
  const type = stated === UNKNOWN ? defaultTypeOf(name) : stated;
  const values = valuesOf(name, type, value);
  // §5.1: 'unknown' and the raw text, so that the way back gives the same line.
  if (values === undefined) return [name, parametersWith(parameters, stated), UNKNOWN, value];
  return [name, parameters, type, ...values];
}

/** A VALUE that cannot be honoured is kept beside the value it belongs to. */
function parametersWith(parameters: Parameters, stated: string): Parameters {
  return stated === UNKNOWN ? parameters : { ...parameters, value: stated };
}

/**
 * The iCalendar text of jCal text.
 * @throws DomainError invalid-data, too-large
 */
export function textOfJcal(json: string): string {
  if (json.length > MAX_JCAL_OCTETS) {
    throw new DomainError('too-large', 'A jCal object has at most 2 MiB.', { limit: MAX_JCAL_OCTETS });
  }
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw malformed('The text is not JSON.');
  }
  const text = printContent(componentOf(value, 1, { lines: MAX_LINES }));
  // RFC 8259 §8.2: JSON can name half of a surrogate pair; RFC 7265 §3 is UTF-8, which has no octets for it.
  if (HALF_PAIR.test(text)) throw malformed('The text holds half of a surrogate pair.');
  return text;
}

function componentOf(value: unknown, depth: number, left: { lines: number }): Component {
  if (!Array.isArray(value) || value.length !== 3) throw malformed('A component is an array of three.');
  if (depth > MAX_DEPTH) throw malformed(`Components are nested deeper than ${MAX_DEPTH}.`);
  const [name, properties, components] = value as unknown[];
  if (!Array.isArray(properties) || !Array.isArray(components)) throw malformed('A component holds two arrays.');
  left.lines -= 2 + properties.length;
  if (left.lines < 0) throw malformed(`The object has more than ${MAX_LINES} properties.`);
  return [
    nameOf(name),
    properties.map(propertyOf),
    components.map((component) => componentOf(component, depth + 1, left)),
  ];
}

function propertyOf(value: unknown): Property {
  if (!Array.isArray(value) || value.length < 4) throw malformed('A property is an array of four or more.');
  const [name, parameters, type, ...values] = value as unknown[];
  const property = nameOf(name);
  if (property === 'begin' || property === 'end') throw malformed(`${property} is not a property.`);
  const valueType = nameOf(type);
  const { value: kept, ...own } = parametersOf(parameters);
  if (values.length > 1 && !isMultiValued(property)) throw malformed(`${property} has more than one value.`);
  const raw = rawOf(property, valueType, values);
  if (raw === undefined || CONTROL.test(raw)) throw malformed(`The value of ${property} is not of type ${valueType}.`);
  if (valueType === UNKNOWN) return [property, own, typeof kept === 'string' ? kept.toLowerCase() : UNKNOWN, raw];
  return [property, own, valueType === defaultTypeOf(property) ? UNKNOWN : valueType, raw];
}

function parametersOf(value: unknown): Parameters {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('Parameters are an object.');
  const parameters: Parameters = {};
  const entries = Object.entries(value);
  if (entries.length > 200) throw malformed('A property has at most 200 parameters.');
  for (const [name, content] of entries) parameters[nameOf(name)] = parameterOf(content);
  return parameters;
}

function parameterOf(content: unknown): string | string[] {
  if (Array.isArray(content)) return content.map((one) => parameterText(one));
  return parameterText(content);
}

/** Line ends may stand in a parameter (RFC 6868), other control characters not. */
function parameterText(content: unknown): string {
  const text = typeof content === 'string' ? content.replace(/\r\n?/g, '\n') : undefined;
  if (text === undefined || CONTROL.test(text.replaceAll('\n', ''))) throw malformed('A parameter is text.');
  return text;
}

function nameOf(value: unknown): string {
  if (typeof value !== 'string' || !NAME.test(value)) throw malformed('A name is letters, digits and hyphens.');
  return value.toLowerCase();
}

function malformed(message: string): DomainError {
  return new DomainError('invalid-data', message);
}
