/**
 * vCard 3.0 as 4.0. RFC 2426 §3 to RFC 6350 §5, §6. Pure.
 * Several properties of 3.0 are one of 4.0 with parameters; they are joined first, then each property is converted.
 */
import {
  changed,
  firstOf,
  type Parameter,
  type Property,
  parameterValues,
  renamed,
  splitValue,
  typesOf,
  unescapeText,
  type VCard,
} from './vcard.ts';
import { DATES, MEDIA, named, RELATIONS, typeParameter, without } from './vcard-parameters.ts';
import { date4, geo4, media4, offset4, timestamp4 } from './vcard-values.ts';

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

/** What 3.0 says in several properties and 4.0 in one: found before the properties are converted one by one. */
interface Joined {
  /** Properties that another one takes in. */
  readonly gone: Set<Property>;
  /** Parameters that a property takes over from them. */
  readonly added: Map<Property, Parameter[]>;
}

/** The whole card. */
export function toVersion4(card: VCard): VCard {
  const joined: Joined = { gone: new Set(), added: new Map() };
  joinLabels(card, joined);
  joinSortString(card, joined);
  joinRelations(card, joined);
  joinAnniversaries(card, joined);
  const first = firstByName(card);
  const properties: Property[] = [];
  for (const property of card.properties) {
    if (joined.gone.has(property)) continue;
    const made = one4(property, first);
    const preferred = typesOf(property).includes('pref') && parameterValues(property, 'PREF').length === 0;
    properties.push(
      changed(made, {
        parameters: [
          ...typeParameter(made, TYPES_OF_3),
          ...named('PREF', ...(preferred ? ['1'] : [])),
          // RFC 6350 §3.1: always UTF-8.
          ...without(made, 'TYPE', 'CHARSET'),
          ...(joined.added.get(property) ?? []),
        ],
      }),
    );
  }
  // RFC 6350 §6.2.1: FN is required.
  if (firstOf(card, 'FN') === undefined)
    properties.push({ group: '', name: 'FN', parameters: [], value: nameOf(card) });
  return { properties };
}

/** Types that 4.0 has another word for, or none because every reader takes them for granted. */
const TYPES_OF_3 = ['pref', 'internet'];

function add(joined: Joined, property: Property, parameters: Parameter[]): void {
  joined.added.set(property, [...(joined.added.get(property) ?? []), ...parameters]);
}

/** LABEL goes into the address of the same types. */
function joinLabels(card: VCard, joined: Joined): void {
  const key = (property: Property) => `${property.group.toLowerCase()};${typesOf(property).sort().join(',')}`;
  const addresses = new Map<string, Property[]>();
  for (const property of card.properties) {
    if (property.name !== 'ADR') continue;
    const same = addresses.get(key(property));
    if (same === undefined) addresses.set(key(property), [property]);
    else same.push(property);
  }
  for (const label of card.properties) {
    if (label.name !== 'LABEL') continue;
    const address = addresses.get(key(label))?.shift();
    if (address === undefined) continue;
    joined.gone.add(label);
    add(joined, address, labelParameter(label));
  }
}

/** RFC 6350 §6.3.1 writes line breaks in the parameter as `\n`; quotes cannot stand in it (RFC 6868). */
function labelParameter(label: Property): Parameter[] {
  return named('LABEL', unescapeText(label.value).replace(/\r?\n/g, '\\n').replaceAll('"', "^'"));
}

function joinSortString(card: VCard, joined: Joined): void {
  const sort = firstOf(card, 'SORT-STRING');
  const name = firstOf(card, 'N') ?? firstOf(card, 'FN');
  if (sort === undefined || name === undefined || parameterValues(name, 'SORT-AS').length > 0) return;
  joined.gone.add(sort);
  add(joined, name, named('SORT-AS', unescapeText(sort.value).replace(/\s+/g, ' ').replaceAll('"', "^'")));
}

/** A related name whose group holds nothing but it and a label with a meaning of its own. */
function joinRelations(card: VCard, joined: Joined): void {
  const groups = new Map<string, Property[]>();
  for (const property of card.properties) {
    if (property.group === '') continue;
    const same = groups.get(property.group.toLowerCase());
    if (same === undefined) groups.set(property.group.toLowerCase(), [property]);
    else same.push(property);
  }
  for (const members of groups.values()) {
    const name = members.find((property) => property.name === 'X-ABRELATEDNAMES');
    const label = members.find((property) => property.name === 'X-ABLABEL');
    const type = label && RELATIONS.get(label.value);
    if (members.length !== 2 || name === undefined || label === undefined || type === undefined) continue;
    joined.gone.add(label);
    add(joined, name, named('TYPE', type));
  }
}

/** The further names of the anniversary that say nothing new. */
function joinAnniversaries(card: VCard, joined: Joined): void {
  let known = firstOf(card, 'ANNIVERSARY')?.value;
  for (const property of card.properties) {
    if (!OTHER_ANNIVERSARIES.has(property.name)) continue;
    const day = date4(property);
    if (known === undefined) known = property.value;
    else if (day !== undefined && day === date4(changed(property, { value: known }))) joined.gone.add(property);
  }
}

const OTHER_ANNIVERSARIES = new Set(['X-ANNIVERSARY', 'X-EVOLUTION-ANNIVERSARY']);

/** The first property of each name; the anniversary under any of its names. */
function firstByName(card: VCard): Map<string, Property> {
  const first = new Map<string, Property>();
  for (const property of card.properties) {
    if (!first.has(property.name)) first.set(property.name, property);
    if (OTHER_ANNIVERSARIES.has(property.name) && !first.has('other anniversary'))
      first.set('other anniversary', property);
  }
  return first;
}

function one4(property: Property, first: ReadonlyMap<string, Property>): Property {
  const { name, value } = property;
  if (MEDIA.has(name)) return media4(property);
  if (DATES.has(name)) return dated4(property);
  if (OTHER_ANNIVERSARIES.has(name)) {
    const anniversary = first.get('ANNIVERSARY') ?? first.get('other anniversary');
    return anniversary === property ? dated4(renamed(property, 'ANNIVERSARY')) : property;
  }
  switch (name) {
    case 'VERSION':
      return changed(property, { value: '4.0' });
    case 'UID':
      return isUuid(value) ? changed(property, { value: `urn:uuid:${value}` }) : property;
    case 'X-ADDRESSBOOKSERVER-KIND':
      return !first.has('KIND') ? renamed(property, 'KIND') : property;
    case 'X-ADDRESSBOOKSERVER-MEMBER':
      return renamed(property, 'MEMBER');
    case 'X-GENDER':
      return !first.has('GENDER') ? renamed(property, 'GENDER') : property;
    case 'GEO':
      return changed(property, { value: geo4(value) });
    case 'TZ':
      return timeZone4(property);
    case 'REV':
      return changed(property, { parameters: without(property, 'VALUE'), value: timestamp4(value) });
    case 'LABEL':
      // Its address is not on the card.
      return changed(renamed(property, 'ADR'), {
        parameters: [...property.parameters, ...labelParameter(property)],
        value: ';;;;;;',
      });
    case 'X-ABRELATEDNAMES':
      return changed(renamed(property, 'RELATED'), { parameters: [...named('VALUE', 'text'), ...property.parameters] });
    default:
      return property;
  }
}

function dated4(property: Property): Property {
  const value = date4(property);
  const rest = without(property, 'VALUE', 'X-APPLE-OMIT-YEAR');
  if (value === undefined) return changed(property, { parameters: [...named('VALUE', 'text'), ...rest] });
  return changed(property, { parameters: rest, value });
}

function timeZone4(property: Property): Property {
  const offset = offset4(property.value);
  const rest = without(property, 'VALUE');
  if (offset !== undefined)
    return changed(property, { parameters: [...named('VALUE', 'utc-offset'), ...rest], value: offset });
  const uri = parameterValues(property, 'VALUE')[0]?.toLowerCase() === 'uri';
  return uri ? property : changed(property, { parameters: rest });
}

/** A formatted name out of what else the card has. */
function nameOf(card: VCard): string {
  const components = splitValue(firstOf(card, 'N')?.value ?? '', ';');
  const name = [3, 1, 2, 0, 4].map((index) => components[index]?.trim() ?? '').filter((part) => part !== '');
  if (name.length > 0) return name.join(' ');
  for (const other of ['ORG', 'NICKNAME', 'EMAIL']) {
    const first = splitValue(firstOf(card, other)?.value ?? '', ';')[0]?.trim();
    if (first) return first;
  }
  return '';
}
