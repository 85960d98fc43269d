/**
 * vCard 4.0 as 3.0. RFC 6350 §5, §6 to RFC 2426 §3. Pure.
 * What 3.0 lacks keeps its name; the words address books that speak 3.0 have for it come first.
 */
import {
  changed,
  decodeParameter,
  escapeText,
  firstOf,
  type Property,
  parameterValues,
  renamed,
  typesOf,
  unescapeText,
  type VCard,
} from './vcard.ts';
import { DATES, MEDIA, named, RELATIONS, typeParameter, without } from './vcard-parameters.ts';
import { date3, geo3, media3, offset3 } from './vcard-values.ts';

/** The whole card. */
export function toVersion3(card: VCard): VCard {
  const properties: Property[] = [];
  const preferred = preferences(card);
  const groups = new Groups(card);
  for (const property of card.properties) {
    // RFC 6350 §5.3: the least PREF of a property is the one that 3.0 calls TYPE=pref. The number stays for those who read it.
    const pref = preferred.get(property.name) === property ? ['pref'] : [];
    const types = typeParameter(property, [], pref);
    const rest = without(property, 'TYPE');
    for (const made of one3(changed(property, { parameters: [...types, ...rest] }), groups)) properties.push(made);
  }
  const sortAs = firstOf(card, 'N') ?? firstOf(card, 'FN');
  const sort = sortAs && parameterValues(sortAs, 'SORT-AS');
  if (sort !== undefined && sort.length > 0 && firstOf(card, 'SORT-STRING') === undefined) {
    properties.push({
      group: '',
      name: 'SORT-STRING',
      parameters: [],
      value: escapeText(decodeParameter(sort.join(','))),
    });
  }
  // RFC 2426 §3.1.2: N is required; address books fill it with the name of a group or company alone.
  if (firstOf(card, 'N') === undefined) {
    const name = firstOf(card, 'FN')?.value ?? '';
    properties.push({ group: '', name: 'N', parameters: [], value: `${escapeText(unescapeText(name))};;;;` });
  }
  return { properties };
}

/** For each name that has PREF: the property with the least. */
function preferences(card: VCard): Map<string, Property> {
  const least = new Map<string, { property: Property; pref: number }>();
  for (const property of card.properties) {
    const pref = Number.parseInt(parameterValues(property, 'PREF')[0] ?? '', 10);
    if (Number.isNaN(pref)) continue;
    const before = least.get(property.name);
    if (before === undefined || pref < before.pref) least.set(property.name, { property, pref });
  }
  return new Map([...least].map(([name, { property }]) => [name, property]));
}

/** The groups of a card, and names for new ones. */
class Groups {
  private readonly used: Set<string>;
  private readonly labelled: Set<string>;
  private last = 0;

  constructor(card: VCard) {
    this.used = new Set(card.properties.map(({ group }) => group.toLowerCase()));
    const labels = card.properties.filter(({ name }) => name === 'X-ABLABEL');
    this.labelled = new Set(labels.map(({ group }) => group.toLowerCase()));
  }

  isLabelled(group: string): boolean {
    return group !== '' && this.labelled.has(group.toLowerCase());
  }

  next(): string {
    do this.last += 1;
    while (this.used.has(`item${this.last}`));
    return `item${this.last}`;
  }
}

function one3(property: Property, groups: Groups): Property[] {
  const { name, value } = property;
  const valueType = parameterValues(property, 'VALUE')[0]?.toLowerCase();
  if (MEDIA.has(name)) return [media3(property)];
  if (DATES.has(name)) return dates3(property, valueType);
  switch (name) {
    case 'VERSION':
      return [changed(property, { value: '3.0' })];
    case 'UID':
      // 3.0 writes a UUID bare; X-ADDRESSBOOKSERVER-MEMBER refers to that.
      return [changed(property, { parameters: without(property, 'VALUE'), value: value.replace(/^urn:uuid:/i, '') })];
    case 'KIND':
      // Address books that speak 3.0 know this of groups alone.
      return [value.trim().toLowerCase() === 'group' ? renamed(property, 'X-ADDRESSBOOKSERVER-KIND') : property];
    case 'MEMBER':
      return [renamed(property, 'X-ADDRESSBOOKSERVER-MEMBER')];
    case 'GENDER':
      return [renamed(property, 'X-GENDER')];
    case 'GEO':
      return [changed(property, { parameters: without(property, 'VALUE'), value: geo3(value) })];
    case 'TZ':
      return [timeZone3(property, valueType)];
    case 'TEL':
      // RFC 2426 §3.3.1: a text; tel: URIs are not dialled by readers of 3.0.
      return [changed(property, { parameters: without(property, 'VALUE'), value: value.replace(/^tel:/i, '') })];
    case 'ADR':
      return address3(property);
    case 'N':
    case 'FN':
      return [changed(property, { parameters: without(property, 'SORT-AS') })];
    case 'RELATED':
      return related3(property, valueType, groups);
    default:
      return [property];
  }
}

function dates3(property: Property, valueType: string | undefined): Property[] {
  const rest = without(property, 'VALUE', 'CALSCALE');
  const date = valueType === 'text' ? undefined : date3(property.value);
  const made: Property =
    date === undefined
      ? changed(property, { parameters: [...named('VALUE', 'text'), ...rest] })
      : changed(property, { parameters: [...date.parameters, ...rest], value: date.value });
  if (property.name !== 'ANNIVERSARY' || date === undefined) return [made];
  // 3.0 has no anniversary. Half of its readers know the name of 4.0, the other half this one.
  return [made, renamed(made, 'X-ANNIVERSARY')];
}

function timeZone3(property: Property, valueType: string | undefined): Property {
  const offset = offset3(property.value);
  if (offset !== undefined) return changed(property, { parameters: without(property, 'VALUE'), value: offset });
  if (valueType === 'uri') return property;
  return changed(property, { parameters: [...named('VALUE', 'text'), ...without(property, 'VALUE')] });
}

/** RFC 6350 §6.3.1: the parameter LABEL is what 3.0 has as a property of its own (RFC 2426 §3.2.2). */
function address3(property: Property): Property[] {
  const label = parameterValues(property, 'LABEL').join(',');
  const address = changed(property, { parameters: without(property, 'LABEL') });
  if (label === '') return [address];
  const text = unescapeText(decodeParameter(label));
  const made = changed(renamed(property, 'LABEL'), {
    parameters: typeParameter(property, []),
    value: escapeText(text),
  });
  return address.value.replaceAll(';', '') === '' ? [made] : [address, made];
}

function related3(property: Property, valueType: string | undefined, groups: Groups): Property[] {
  if (valueType !== 'text') return [property];
  const rest = without(property, 'VALUE', 'TYPE');
  const made = renamed(property, 'X-ABRELATEDNAMES');
  const label = [...RELATIONS].find(([, type]) => typesOf(property).includes(type))?.[0];
  if (label === undefined || groups.isLabelled(property.group)) {
    return [changed(made, { parameters: [...typeParameter(property, []), ...rest] })];
  }
  const group = property.group === '' ? groups.next() : property.group;
  const types = typeParameter(property, [RELATIONS.get(label) as string]);
  return [
    changed(made, { group, parameters: [...types, ...rest] }),
    { group, name: 'X-ABLABEL', spelling: 'X-ABLabel', parameters: [], value: label },
  ];
}
