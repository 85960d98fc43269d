/**
 * The properties and components that later RFCs added to iCalendar, judged when a client writes them.
 * RFC 7986 §4 to §6 (of calendars, images, conferences), RFC 9073 §5 to §7 (participants, locations, resources), RFC 9074 §4 to
 * §8 (alarms), RFC 9253 §6, §8 and §9 (links, concepts, relations). Interpretation 115 says what is let pass.
 * What is stored is never judged again, and what others send in messages is not judged here: it is read as it is.
 * Elsewhere: RFC 5545 itself (calendar-component.ts, calendar-validation.ts), types in jCal (jcal-values.ts).
 */
import { DomainError } from '../errors.ts';
import { isColourName } from './colour-names.ts';
import { type Component, type Property, parameterOf } from './content.ts';
import { parseDuration, parseLocalTime } from './date-values.ts';

/** undefined when it is right, else what is wrong. */
type Judge = (property: Property, type: string) => string | undefined;

interface PropertyRule {
  /** Types that VALUE may name; the first one is meant without VALUE, BINARY with ENCODING=BASE64. */
  readonly types: readonly string[];
  /** RFC 9073 §6.5: types that are defined in the future are let pass. */
  readonly open?: boolean;
  readonly judge?: Judge;
}

const TOKEN = /^[A-Za-z0-9-]+$/;
const TOKENS = /^[A-Za-z0-9-]+(?:,[A-Za-z0-9-]+)*$/;
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

const token: Judge = ([, , , value]) => (TOKEN.test(value.trim()) ? undefined : 'is not a single word');

const listed =
  (parameter: string): Judge =>
  (property) => {
    const value = parameterOf(property, parameter);
    return value === '' || TOKENS.test(value) ? undefined : `has a bad ${parameter.toUpperCase()}`;
  };

/** RFC 7986 §5.7. */
const refreshInterval: Judge = ([, , , value]) => {
  const { days, milliseconds } = parseDuration(value);
  return days < 0 || milliseconds < 0 || days + milliseconds === 0 ? 'is not a positive duration' : undefined;
};

/** RFC 7986 §5.9, CSS names; hexadecimal ones are what calendar programs write where the name should be. */
const colour: Judge = ([, , , value]) =>
  isColourName(value.trim()) || /^#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(value.trim())
    ? undefined
    : 'is not the name of a colour';

/** RFC 9073 §6.6: what is not a mere reference says what it is; §5.2: a SCHEMA is a URI. */
const structuredData: Judge = (property, type) => {
  const schema = parameterOf(property, 'schema');
  if (schema !== '' && !URI.test(schema)) return 'has a SCHEMA that is not a URI';
  return type !== 'uri' && (parameterOf(property, 'fmttype') === '' || schema === '')
    ? 'has no FMTTYPE or no SCHEMA'
    : undefined;
};

/** RFC 9073 §5.3. */
const styledDescription: Judge = (property) =>
  /^(?:|true|false)$/i.test(parameterOf(property, 'derived'))
    ? undefined
    : 'has a DERIVED that is neither TRUE nor FALSE';

/** RFC 9074 §6.1: an instant in UTC. */
const acknowledged: Judge = ([, , , value]) => (parseLocalTime(value).utc ? undefined : 'is not in UTC');

/** RFC 9253 §6.1: a registered word or a URI. */
const link: Judge = (property) => {
  const relation = parameterOf(property, 'linkrel');
  if (relation === '') return 'has no LINKREL';
  return TOKEN.test(relation) || URI.test(relation) ? undefined : 'has a bad LINKREL';
};

/** RFC 9253 §6.2; §9.1: what older programs read as the UID of a parent, child or sibling stays one. */
const related: Judge = (property, type) => {
  const gap = parameterOf(property, 'gap');
  if (gap !== '') parseDuration(gap);
  return type === 'uri' && /^(?:parent|child|sibling)$/i.test(parameterOf(property, 'reltype'))
    ? 'names by URI what only a UID can name'
    : undefined;
};

const RULES: ReadonlyMap<string, PropertyRule> = new Map<string, PropertyRule>([
  ['refresh-interval', { types: ['duration'], judge: refreshInterval }],
  ['source', { types: ['uri'] }],
  ['color', { types: ['text'], judge: colour }],
  ['image', { types: ['uri', 'binary'], judge: listed('display') }],
  ['conference', { types: ['uri'], judge: listed('feature') }],
  ['participant-type', { types: ['text'], judge: token }],
  ['resource-type', { types: ['text'], judge: token }],
  ['location-type', { types: ['text'] }],
  ['calendar-address', { types: ['cal-address', 'uri'] }],
  ['styled-description', { types: ['text', 'uri'], open: true, judge: styledDescription }],
  ['structured-data', { types: ['text', 'binary', 'uri'], judge: structuredData }],
  ['acknowledged', { types: ['date-time'], judge: acknowledged }],
  ['proximity', { types: ['text'], judge: token }],
  ['concept', { types: ['uri'] }],
  ['link', { types: ['uri', 'uid', 'xml-reference'], judge: link }],
  ['refid', { types: ['text'] }],
  ['related-to', { types: ['text', 'uid', 'uri'], judge: related }],
]);

interface ComponentRule {
  /** At most one of each. */
  readonly once: readonly string[];
  /** At least one of each. */
  readonly required?: readonly string[];
  /** At most one of each in one language. */
  readonly oncePerLanguage?: readonly string[];
}

const EVENT: ComponentRule = { once: ['color'] };
const COMPONENTS: ReadonlyMap<string, ComponentRule> = new Map<string, ComponentRule>([
  // RFC 7986 §4, §5.1, §5.2.
  [
    'vcalendar',
    {
      once: ['uid', 'last-modified', 'url', 'color', 'source', 'refresh-interval'],
      oncePerLanguage: ['name', 'description'],
    },
  ],
  ['vevent', EVENT],
  ['vtodo', EVENT],
  ['vjournal', EVENT],
  // RFC 9074 §4, §6.1, §8.1.
  ['valarm', { once: ['uid', 'acknowledged', 'proximity'] }],
  // RFC 9073 §7.1 to §7.3.
  [
    'participant',
    {
      required: ['uid', 'participant-type'],
      once: [
        ...['uid', 'participant-type', 'calendar-address', 'created', 'description', 'dtstamp', 'geo', 'last-modified'],
        ...['priority', 'sequence', 'status', 'summary', 'url'],
      ],
    },
  ],
  ['vlocation', { required: ['uid'], once: ['uid', 'description', 'geo', 'name', 'location-type', 'url'] }],
  ['vresource', { required: ['uid'], once: ['uid', 'description', 'geo', 'name', 'resource-type'] }],
]);

/** Judges a calendar that a client writes. @throws DomainError invalid-data */
export function checkExtensions(component: Component): void {
  const [name, properties, components] = component;
  const rule = COMPONENTS.get(name);
  if (rule !== undefined) checkCardinality(name, properties, rule);
  for (const property of properties) {
    const own = RULES.get(property[0]);
    if (own !== undefined) checkProperty(property, own);
    checkOrder(property);
  }
  checkStyledDescriptions(properties);
  if (name === 'valarm') checkPlaces(component);
  for (const inner of components) checkExtensions(inner);
}

function checkCardinality(
  name: string,
  properties: readonly Property[],
  { once, required = [], oncePerLanguage = [] }: ComponentRule,
): void {
  const seen = new Set<string>();
  const twice = (key: string, property: string) => {
    if (seen.has(key)) throw invalid(`${name.toUpperCase()} has more than one ${property.toUpperCase()}.`);
    seen.add(key);
  };
  for (const property of properties) {
    const [own] = property;
    if (once.includes(own)) twice(own, own);
    else if (oncePerLanguage.includes(own)) twice(`${own} ${parameterOf(property, 'language').toLowerCase()}`, own);
    else seen.add(own);
  }
  for (const property of required) {
    if (!seen.has(property)) throw invalid(`${name.toUpperCase()} has no ${property.toUpperCase()}.`);
  }
}

function checkProperty(property: Property, { types, open = false, judge }: PropertyRule): void {
  const [name, , declared, value] = property;
  const type = declared === 'unknown' ? impliedType(property, types) : declared;
  const wrong = types.includes(type) ? (wrongValue(type, property) ?? judge?.(property, type)) : undefined;
  if (wrong !== undefined) throw invalid(`${name.toUpperCase()} ${wrong}: ${JSON.stringify(value.slice(0, 40))}`);
  if (!types.includes(type) && !open) throw invalid(`${name.toUpperCase()} cannot be of type ${type.toUpperCase()}.`);
}

/** RFC 9073 §5.1: a number from 1 on, wherever it stands. */
function checkOrder(property: Property): void {
  const order = parameterOf(property, 'order');
  if (order !== '' && !property[0].startsWith('x-') && !/^0*[1-9]\d{0,8}$/.test(order)) {
    throw invalid(`${property[0].toUpperCase()} has a bad ORDER.`);
  }
}

/** RFC 9073 §6.5: of several, all but one are derived. */
function checkStyledDescriptions(properties: readonly Property[]): void {
  const texts = properties.filter(([name]) => name === 'styled-description');
  const own = texts.filter((property) => !/^true$/i.test(parameterOf(property, 'derived')));
  if (texts.length > 1 && own.length !== 1) {
    throw invalid('Of several STYLED-DESCRIPTION exactly one is not DERIVED from the others.');
  }
}

/** What names a place in a VALARM: VLOCATION, or what drafts of it and Apple's programs write. */
const PLACES = new Set(['structured-location', 'x-apple-structured-location']);

/** RFC 9074 §8, §8.1: no place without a trigger that asks for it, and no such trigger without a place. */
function checkPlaces([, properties, components]: Component): void {
  const proximity = properties.find(([name]) => name === 'proximity')?.[3].trim();
  const hasLocation = components.some(([name]) => name === 'vlocation');
  if (hasLocation && proximity === undefined) throw invalid('VALARM has a VLOCATION and no PROXIMITY.');
  if (proximity === undefined || hasLocation || !/^(?:arrive|depart)$/i.test(proximity)) return;
  if (!properties.some(([name]) => PLACES.has(name))) throw invalid('VALARM has a PROXIMITY and no VLOCATION.');
}

/** The type of a value without VALUE. */
function impliedType(property: Property, types: readonly string[]): string {
  if (types.includes('binary') && /^base64$/i.test(parameterOf(property, 'encoding'))) return 'binary';
  return types[0] as string;
}

function wrongValue(type: string, property: Property): string | undefined {
  const value = property[3].trim();
  if (type === 'uri' || type === 'cal-address' || type === 'xml-reference')
    return URI.test(value) ? undefined : 'is not a URI';
  if (type !== 'binary') return undefined;
  // RFC 5545 §3.3.1.
  return /^base64$/i.test(parameterOf(property, 'encoding')) && BASE64.test(value) ? undefined : 'is not BASE64';
}

function invalid(message: string): DomainError {
  return new DomainError('invalid-data', message);
}
