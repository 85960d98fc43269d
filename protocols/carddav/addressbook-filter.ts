/**
 * CARDDAV:filter, from XML to the typed filter of the domain.
 * RFC 6352 §10.5 (filter, prop-filter, param-filter, text-match), §8.6 (supported-collation). Elements of other namespaces are
 * passed over (RFC 4918 §17); properties and parameters of any name can be asked for.
 * Elsewhere: judging cards (src/contacts/card-filter.ts).
 */
import { collationOf } from '../../src/collections/collation.ts';
import type {
  CardFilter,
  MatchType,
  ParameterFilter,
  PropertyFilter,
  Test,
  TextMatch,
} from '../../src/contacts/card-filter.ts';
import { DomainError } from '../../src/errors.ts';
import { badRequest } from '../dav/dav-error.ts';
import { CARDDAV } from '../dav/namespaces.ts';
import type { Element } from '../dav/xml.ts';

/** Conditions one filter may have; each is asked of every card. */
const MAX_CONDITIONS = 200;
/** Characters of one text to look for. */
const MAX_TEXT = 4096;

/**
 * The filter of an addressbook-query.
 * @throws DavError 400 for what RFC 6352 §10.5 does not allow; DomainError unsupported-collation, unsupported-filter
 */
export function readFilter(filter: Element | undefined): CardFilter {
  if (filter === undefined) throw badRequest('An addressbook-query has a filter.');
  const left = { conditions: MAX_CONDITIONS };
  const properties = filter.elements(CARDDAV, 'prop-filter').map((element) => readPropertyFilter(element, left));
  // A condition that is in no property would silently match everything.
  if (properties.length === 0 && filter.elements().some(({ namespace }) => namespace === CARDDAV)) {
    throw new DomainError('unsupported-filter', 'A filter consists of prop-filter elements.');
  }
  return { test: testOf(filter), properties };
}

function readPropertyFilter(element: Element, left: { conditions: number }): PropertyFilter {
  count(left);
  return {
    name: nameOf(element),
    test: testOf(element),
    notDefined: isNotDefined(element),
    texts: element.elements(CARDDAV, 'text-match').map((child) => readTextMatch(child, left)),
    parameters: element.elements(CARDDAV, 'param-filter').map((child) => readParameterFilter(child, left)),
  };
}

function readParameterFilter(element: Element, left: { conditions: number }): ParameterFilter {
  count(left);
  const text = element.child(CARDDAV, 'text-match');
  return {
    name: nameOf(element),
    notDefined: isNotDefined(element),
    ...(text === undefined ? {} : { text: readTextMatch(text, left) }),
  };
}

function readTextMatch(element: Element, left: { conditions: number }): TextMatch {
  count(left);
  const text = element.text();
  if (text.length > MAX_TEXT) throw badRequest(`A text-match has at most ${MAX_TEXT} characters.`);
  return {
    text,
    // RFC 6352 §8.3: i;unicode-casemap is the default.
    collation: collationOf(element.attribute('collation'), 'i;unicode-casemap'),
    type: matchTypeOf(element),
    negate: oneOf(element, 'negate-condition', ['no', 'yes']) === 'yes',
  };
}

const MATCH_TYPES: readonly MatchType[] = ['contains', 'equals', 'starts-with', 'ends-with'];

/** Clients write `endswith` and more; what is not known counts as the default, which finds all of it and more. */
function matchTypeOf(element: Element): MatchType {
  return MATCH_TYPES.find((type) => type === element.attribute('match-type')) ?? 'contains';
}

function testOf(element: Element): Test {
  return oneOf<Test>(element, 'test', ['anyof', 'allof']);
}

/** The value of an attribute that has a few; the first is the default. */
function oneOf<Value extends string>(element: Element, name: string, values: readonly [Value, ...Value[]]): Value {
  const value = element.attribute(name);
  if (value === undefined) return values[0];
  const found = values.find((one) => one === value);
  if (found === undefined) throw badRequest(`${name} is one of ${values.join(', ')}.`);
  return found;
}

/** RFC 6352 §10.5.1, §10.5.2: it stands alone. */
function isNotDefined(element: Element): boolean {
  if (element.child(CARDDAV, 'is-not-defined') === undefined) return false;
  if (element.elements().filter(({ namespace }) => namespace === CARDDAV).length > 1) {
    throw badRequest('is-not-defined stands alone.');
  }
  return true;
}

function nameOf(element: Element): string {
  const name = element.attribute('name');
  if (name === undefined || name === '') throw badRequest(`A ${element.name} needs a name.`);
  return name;
}

function count(left: { conditions: number }): void {
  if (--left.conditions < 0) {
    throw new DomainError('unsupported-filter', `A filter has at most ${MAX_CONDITIONS} conditions.`);
  }
}
