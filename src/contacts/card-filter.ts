/**
 * Does a card match a filter?
 * RFC 6352 §10.5 (elements), §8.3 (collations). Pure: a card is given as its search text, one string out of which the few
 * properties a filter names are found without parsing the rest; and once more folded, as nearly all filters compare.
 * Elsewhere: reading the filter off XML (protocols/carddav/addressbook-filter.ts), which cards there are (card-search.ts).
 */
import { type Collation, fold } from '../collections/collation.ts';
import { decodeParameter, type Property, unescapeText, type VCard } from './vcard.ts';

export type Test = 'anyof' | 'allof';
export type MatchType = 'equals' | 'contains' | 'starts-with' | 'ends-with';

export interface TextMatch {
  readonly text: string;
  readonly collation: Collation;
  readonly type: MatchType;
  /** Match when the text does not. */
  readonly negate: boolean;
}

export interface ParameterFilter {
  /** In any case. */
  readonly name: string;
  /** Match when the property has no such parameter. */
  readonly notDefined: boolean;
  readonly text?: TextMatch;
}

export interface PropertyFilter {
  /** In any case; with a group in front, `item1.TEL`, only that one matches. */
  readonly name: string;
  readonly test: Test;
  /** Match when the card has no such property. */
  readonly notDefined: boolean;
  readonly texts: readonly TextMatch[];
  readonly parameters: readonly ParameterFilter[];
}

export interface CardFilter {
  readonly test: Test;
  readonly properties: readonly PropertyFilter[];
}

/** Longest value that a search text holds; pictures and essays stay out. */
const LONGEST_VALUE = 4096;
/** Longest search text. */
const LONGEST_TEXT = 64 * 1024;

/** A card as filters see it. */
export interface SearchText {
  readonly text: string;
  /** `text` as i;unicode-casemap folds it. */
  readonly folded: string;
  /** Names of properties with values too long to be in it, each between two FIELD; undefined: none of the card is in it. */
  readonly cut: string | undefined;
}

/** Of a card that is not kept. */
export const NOT_KEPT: SearchText = { text: '', folded: '', cut: undefined };

const DEFAULT_COLLATION: Collation = 'i;unicode-casemap';

// Control characters that no stored card holds, so nothing in a card can look like the beginning of a property.
const PROPERTY = '\x01';
const FIELD = '\x02';
const PARAMETER = '\x03';
const PARAMETER_VALUE = '\x04';

/** What of a card is worth keeping in memory for searches. */
export function searchTextOf(card: VCard): SearchText {
  let cut = '';
  let text = '';
  for (const property of card.properties) {
    const value = isOctets(property) ? undefined : property.value;
    const long = value === undefined || value.length > LONGEST_VALUE;
    if (long) cut += FIELD + property.name + FIELD;
    text += textOf(property, long ? '' : unescapeText(value));
    if (text.length > LONGEST_TEXT) return NOT_KEPT;
  }
  return { text, folded: fold(text, DEFAULT_COLLATION), cut };
}

/** Whether the value is a picture, sound or key that nobody searches in. */
function isOctets({ name, parameters }: Property): boolean {
  return OCTETS.has(name) && parameters.some((parameter) => parameter.name === 'ENCODING');
}

const OCTETS = new Set(['PHOTO', 'LOGO', 'SOUND', 'KEY']);

/** All of a card, however long. */
export function fullTextOf(card: VCard): SearchText {
  const text = card.properties.map((property) => textOf(property, unescapeText(property.value))).join('');
  return { text, folded: fold(text, DEFAULT_COLLATION), cut: '' };
}

function textOf(property: Property, value: string): string {
  let text = PROPERTY + property.name + FIELD + property.group.toLowerCase() + FIELD;
  for (const { name, values } of property.parameters) {
    for (const item of name === 'TYPE' ? values.flatMap((list) => list.split(',')) : values) {
      text += PARAMETER + name + PARAMETER_VALUE + decodeParameter(item);
    }
  }
  return text + FIELD + value;
}

/** A filter ready to run on many cards. */
export interface CompiledFilter {
  /** Whether the card matches. */
  matches(card: SearchText): boolean;
  /** Whether a search text leaves out something that the filter asks for. */
  needsMore(card: SearchText): boolean;
}

export function compileFilter(filter: CardFilter): CompiledFilter {
  // Nearly every filter uses the default collation alone: then nothing is folded while it runs.
  const folded = filter.properties.every(({ texts, parameters }) =>
    [...texts, ...parameters.map(({ text }) => text)].every(
      (match) => match?.collation !== 'i;octet' && match?.collation !== 'i;ascii-casemap',
    ),
  );
  const tests = filter.properties.map((property) => compileProperty(property, folded));
  const all = filter.test === 'allof';
  const read = filter.properties
    .filter(({ texts }) => texts.length > 0)
    .map(({ name }) => FIELD + splitName(name).name + FIELD);
  return {
    matches(card) {
      // RFC 6352 §10.5: an empty filter has nothing to fail.
      if (tests.length === 0) return true;
      const text = folded ? card.folded : card.text;
      return all ? tests.every((test) => test(text)) : tests.some((test) => test(text));
    },
    needsMore: ({ cut }) => cut === undefined || (cut !== '' && read.some((name) => cut.includes(name))),
  };
}

function splitName(name: string): { group: string | undefined; name: string } {
  const dot = name.indexOf('.');
  return dot === -1
    ? { group: undefined, name: name.toUpperCase() }
    : { group: name.slice(0, dot).toLowerCase(), name: name.slice(dot + 1).toUpperCase() };
}

function compileProperty(filter: PropertyFilter, folded: boolean): (text: string) => boolean {
  const { group, name } = splitName(filter.name);
  const begin = PROPERTY + (folded ? fold(name, DEFAULT_COLLATION) : name) + FIELD;
  const conditions = [
    ...filter.texts.map((match) => onValue(match, folded)),
    ...filter.parameters.map((parameter) => onParameters(parameter, folded)),
  ];
  const all = filter.test === 'allof';
  return (text) => {
    let defined = false;
    for (let at = text.indexOf(begin); at !== -1; at = text.indexOf(begin, at + 1)) {
      const fromGroup = at + begin.length;
      const fromParameters = text.indexOf(FIELD, fromGroup) + 1;
      // RFC 6352 §10.5.1: without a group in the filter, any group or none will do.
      if (group !== undefined && text.slice(fromGroup, fromParameters - 1) !== group) continue;
      defined = true;
      if (filter.notDefined) return false;
      if (conditions.length === 0) return true;
      const fromValue = text.indexOf(FIELD, fromParameters) + 1;
      const next = text.indexOf(PROPERTY, fromValue);
      const parameters = text.slice(fromParameters, fromValue - 1);
      const value = text.slice(fromValue, next === -1 ? text.length : next);
      if (hold(conditions, all, value, parameters)) return true;
    }
    return filter.notDefined && !defined;
  };
}

type Condition = (value: string, parameters: string) => boolean;

function hold(conditions: readonly Condition[], all: boolean, value: string, parameters: string): boolean {
  for (const condition of conditions) if (condition(value, parameters) !== all) return !all;
  return all;
}

function onValue(match: TextMatch, folded: boolean): Condition {
  const matches = compileText(match, folded);
  return (value) => matches(value) !== match.negate;
}

function onParameters({ name, notDefined, text }: ParameterFilter, folded: boolean): Condition {
  const begin = PARAMETER + (folded ? fold(name, DEFAULT_COLLATION) : name.toUpperCase()) + PARAMETER_VALUE;
  const matches = text === undefined ? undefined : compileText(text, folded);
  return (_, parameters) => {
    let at = parameters.indexOf(begin);
    if (at === -1) return notDefined;
    if (notDefined) return false;
    if (matches === undefined || text === undefined) return true;
    for (; at !== -1; at = parameters.indexOf(begin, at + 1)) {
      const from = at + begin.length;
      const next = parameters.indexOf(PARAMETER, from);
      if (matches(parameters.slice(from, next === -1 ? parameters.length : next))) return !text.negate;
    }
    return text.negate;
  };
}

/** Plain substrings: a text that looks like a pattern is a text. */
function compileText({ text, collation, type }: TextMatch, folded: boolean): (value: string) => boolean {
  const keyOf = folded ? (value: string) => value : (value: string) => fold(value, collation);
  const sought = fold(text, collation);
  switch (type) {
    case 'equals':
      return (value) => keyOf(value) === sought;
    case 'contains':
      return (value) => keyOf(value).includes(sought);
    case 'starts-with':
      return (value) => keyOf(value).startsWith(sought);
    case 'ends-with':
      return (value) => keyOf(value).endsWith(sought);
  }
}
