/**
 * CALDAV:filter, from XML to the typed filter of the domain.
 * RFC 4791 §9.7 (filter, comp-filter, prop-filter, param-filter, text-match), §9.9 (time-range), §7.8 (valid-filter,
 * supported-filter, supported-collation). Elements of other namespaces are passed over (RFC 4918 §17).
 * Elsewhere: judging objects (src/calendar/calendar-filter.ts).
 */
import type {
  ComponentFilter,
  ParameterFilter,
  PropertyFilter,
  TextMatch,
} from '../../src/calendar/calendar-filter.ts';
import { collationOf } from '../../src/collections/collation.ts';
import { DomainError } from '../../src/errors.ts';
import { CALDAV } from '../dav/namespaces.ts';
import type { Element } from '../dav/xml.ts';
import { type OpenRange, readRange } from './time-range.ts';

/** Conditions one filter may have; each is asked of every candidate. */
const MAX_CONDITIONS = 200;

/** Which components stand within which (RFC 5545 §3.6, RFC 7953 §3.1, RFC 9074 §3). */
const WITHIN: Readonly<Record<string, readonly string[] | undefined>> = {
  VCALENDAR: ['VEVENT', 'VTODO', 'VJOURNAL', 'VFREEBUSY', 'VTIMEZONE', 'VAVAILABILITY'],
  VEVENT: ['VALARM', 'PARTICIPANT', 'VLOCATION', 'VRESOURCE'],
  VTODO: ['VALARM', 'PARTICIPANT', 'VLOCATION', 'VRESOURCE'],
  VJOURNAL: ['PARTICIPANT', 'VLOCATION', 'VRESOURCE'],
  VFREEBUSY: ['PARTICIPANT', 'VLOCATION', 'VRESOURCE'],
  VTIMEZONE: ['STANDARD', 'DAYLIGHT'],
  VAVAILABILITY: ['AVAILABLE'],
  VALARM: [],
  STANDARD: [],
  DAYLIGHT: [],
  AVAILABLE: [],
  PARTICIPANT: ['VLOCATION', 'VRESOURCE'],
  VLOCATION: [],
  VRESOURCE: [],
};

/** Components whose time RFC 4791 §9.9 defines. */
const TIMED = new Set(['VEVENT', 'VTODO', 'VJOURNAL', 'VFREEBUSY', 'VALARM', 'VAVAILABILITY', 'AVAILABLE']);

/** Properties that hold a date or date with time (RFC 4791 §9.9). */
const DATED = new Set([
  'COMPLETED',
  'CREATED',
  'DTEND',
  'DTSTAMP',
  'DTSTART',
  'DUE',
  'EXDATE',
  'LAST-MODIFIED',
  'RDATE',
  'RECURRENCE-ID',
  'TRIGGER',
  'ACKNOWLEDGED',
]);

/**
 * The filter of a calendar-query.
 * @throws DomainError invalid-filter, unsupported-filter, unsupported-collation
 */
export function readFilter(filter: Element | undefined): ComponentFilter {
  const roots = filter?.elements(CALDAV, 'comp-filter') ?? [];
  const [root] = roots;
  if (root === undefined || roots.length > 1 || nameOf(root) !== 'VCALENDAR') {
    throw invalid('A filter begins with one comp-filter for VCALENDAR.');
  }
  return readComponentFilter(root, { conditions: MAX_CONDITIONS });
}

function readComponentFilter(element: Element, left: { conditions: number }): ComponentFilter {
  count(left);
  const name = nameOf(element);
  const timeRange = rangeOf(element);
  if (timeRange !== null && !TIMED.has(name)) throw invalid(`A time-range says nothing about ${name}.`);
  const components = element.elements(CALDAV, 'comp-filter').map((child) => {
    requireWithin(name, nameOf(child));
    return readComponentFilter(child, left);
  });
  const properties = element.elements(CALDAV, 'prop-filter').map((child) => readPropertyFilter(child, left));
  return { name, isNotDefined: isNotDefined(element), timeRange, properties, components };
}

function readPropertyFilter(element: Element, left: { conditions: number }): PropertyFilter {
  count(left);
  const name = nameOf(element);
  const timeRange = rangeOf(element);
  if (timeRange !== null && !DATED.has(name) && !name.startsWith('X-')) throw invalid(`${name} holds no date.`);
  const textMatch = readTextMatch(element);
  const parameters = element.elements(CALDAV, 'param-filter').map((child): ParameterFilter => {
    count(left);
    return { name: nameOf(child), isNotDefined: isNotDefined(child), textMatch: readTextMatch(child) };
  });
  return { name, isNotDefined: isNotDefined(element), timeRange, textMatch, parameters };
}

function readTextMatch(parent: Element): TextMatch | null {
  const element = parent.child(CALDAV, 'text-match');
  if (element === undefined) return null;
  const negate = element.attribute('negate-condition') ?? 'no';
  if (negate !== 'yes' && negate !== 'no') throw invalid('negate-condition is yes or no.');
  // RFC 4791 §9.7.5: i;ascii-casemap is the default.
  const collation = collationOf(element.attribute('collation'), 'i;ascii-casemap');
  return { text: element.text(), collation, negate: negate === 'yes' };
}

function rangeOf(element: Element): OpenRange | null {
  const range = element.child(CALDAV, 'time-range');
  return range === undefined ? null : readRange(range);
}

/** RFC 4791 §9.7.4: it stands alone. */
function isNotDefined(element: Element): boolean {
  if (element.child(CALDAV, 'is-not-defined') === undefined) return false;
  if (element.elements().filter(({ namespace }) => namespace === CALDAV).length > 1) {
    throw invalid('is-not-defined stands alone.');
  }
  return true;
}

function requireWithin(parent: string, name: string): void {
  if (name.startsWith('X-') || parent.startsWith('X-')) return;
  if (WITHIN[parent]?.includes(name)) return;
  if (Object.hasOwn(WITHIN, name)) throw invalid(`No ${name} stands within ${parent}.`);
  throw new DomainError('unsupported-filter', `Components named ${name.slice(0, 60)} cannot be asked for.`);
}

function nameOf(element: Element): string {
  const name = element.attribute('name')?.toUpperCase();
  if (name === undefined || name === '') throw invalid(`A ${element.name} needs a name.`);
  return name;
}

function count(left: { conditions: number }): void {
  if (--left.conditions < 0) {
    throw new DomainError('unsupported-filter', `A filter has at most ${MAX_CONDITIONS} conditions.`);
  }
}

function invalid(message: string): DomainError {
  return new DomainError('invalid-filter', message);
}
