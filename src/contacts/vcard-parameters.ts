/**
 * Parameters of properties on their way between vCard 3.0 and 4.0, and the tables both directions share.
 * RFC 6350 §5, RFC 2426 §4. Used by vcard-to-3.ts and vcard-to-4.ts.
 */
import { type Parameter, type Property, parameterValues } from './vcard.ts';

/** All parameters but those. */
export function without(property: Property, ...names: string[]): Parameter[] {
  return property.parameters.filter((parameter) => !names.includes(parameter.name));
}

/** A parameter, or none without values. */
export function named(name: string, ...values: string[]): Parameter[] {
  return values.length === 0 ? [] : [{ name, values }];
}

/** TYPE values in the client's letters, without those in `but`, as one parameter. */
export function typeParameter(property: Property, but: readonly string[], more: readonly string[] = []): Parameter[] {
  const seen = new Set(but);
  const kept: string[] = [];
  for (const type of [...parameterValues(property, 'TYPE').flatMap((value) => value.split(',')), ...more]) {
    const folded = type.trim().toLowerCase();
    if (folded === '' || seen.has(folded)) continue;
    seen.add(folded);
    kept.push(type.trim());
  }
  return named('TYPE', ...kept);
}

/** Properties that hold octets or point to them. */
export const MEDIA = new Set(['PHOTO', 'LOGO', 'SOUND', 'KEY']);
export const DATES = new Set(['BDAY', 'ANNIVERSARY', 'DEATHDATE']);

/** Apple's built-in labels of related names, and the type of RELATED that says the same (RFC 6350 §6.6.6). */
export const RELATIONS = new Map([
  ['_$!<Friend>!$_', 'friend'],
  ['_$!<Spouse>!$_', 'spouse'],
  ['_$!<Child>!$_', 'child'],
  ['_$!<Parent>!$_', 'parent'],
  ['_$!<Sibling>!$_', 'sibling'],
]);
