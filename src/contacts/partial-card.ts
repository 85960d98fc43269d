/**
 * Parts of a card, exactly as they stand in it.
 * RFC 6352 §10.4.2: properties by name, with any group when none is named, with or without their values. Pure.
 */
import { parseVCard } from './vcard.ts';

export interface WantedProperty {
  /** In any case; `item1.TEL` means only that one. */
  readonly name: string;
  readonly withValue: boolean;
}

/** BEGIN, the lines of the properties wanted in the order of the card, END. */
export function partOf(octets: string, wanted: readonly WantedProperty[]): string {
  // A property named twice is given with its value if one of them says so.
  const values = new Map<string, boolean>();
  for (const { name, withValue } of wanted) {
    const key = name.toUpperCase();
    values.set(key, withValue || values.get(key) === true);
  }
  let text = 'BEGIN:VCARD\r\n';
  for (const { group, name, start, valueStart, end } of parseVCard(octets).properties) {
    const withValue = values.get(name) ?? values.get(`${group.toUpperCase()}.${name}`);
    if (withValue === undefined) continue;
    text += withValue ? octets.slice(start, end) : `${octets.slice(start, valueStart)}\r\n`;
  }
  return `${text}END:VCARD\r\n`;
}
