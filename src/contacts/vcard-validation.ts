/**
 * Whether a card may be stored, and what the store keeps of it beside its octets.
 * RFC 6352 §5.1 and §6.3.2.1, RFC 2426 §3, RFC 6350 §6.
 * Strict about what would break other clients or the address book (one card, one UID, a known version), lenient about the
 * rest: properties a version requires but real address books leave out do no harm.
 */
import { DomainError } from '../errors.ts';
import { parseVCard, unescapeText, type VCard } from './vcard.ts';

export type VCardVersion = '3.0' | '4.0';

/** What the store keeps of a card beside its octets. */
export interface CardFacts {
  /** See `uidKey`. */
  readonly cardUid: string;
  readonly version: VCardVersion;
  /** 'individual', 'group', 'org', 'location' or what the client named, in lower case (RFC 6350 §6.1.4). */
  readonly kind: string;
}

const MAX_UID = 1024;

/**
 * Reads a card and judges it.
 * @throws DomainError 'invalid-data'; 'unsupported-media-type' for a version that is not among supported-address-data.
 */
export function factsOf(octets: string): CardFacts {
  const card = parseVCard(octets);
  const version = single(card, 'VERSION').trim();
  // RFC 6352 §6.2.2: what supported-address-data does not list is refused with that precondition; 2.1 is not convertible.
  if (version !== '3.0' && version !== '4.0') {
    throw new DomainError('unsupported-media-type', `vCard ${version.slice(0, 20)} is not supported, 3.0 and 4.0 are.`);
  }
  const cardUid = uidKey(unescapeText(single(card, 'UID')));
  if (cardUid === '' || cardUid.length > MAX_UID)
    throw new DomainError('invalid-data', 'The UID is empty or too long.');
  // FN is required by both versions, N by 3.0 alone; address books with N and no FN exist, without either none.
  if (!card.properties.some(({ name }) => name === 'FN' || (name === 'N' && version === '3.0'))) {
    throw new DomainError('invalid-data', 'The card has no FN.');
  }
  return { cardUid, version, kind: kindOf(card) };
}

function single(card: VCard, name: string): string {
  const found = card.properties.filter((property) => property.name === name);
  // RFC 6352 §5.1: cards in an address book MUST have a UID.
  if (found.length !== 1) throw new DomainError('invalid-data', `The card has ${found.length} ${name} instead of one.`);
  return (found[0] as { value: string }).value;
}

/**
 * The UID as it is compared. 4.0 writes a UUID as `urn:uuid:…` (RFC 6350 §6.7.6), 3.0 writes it bare, and conversion goes
 * from one to the other: both name the same card.
 */
export function uidKey(uid: string): string {
  return uid.trim().replace(/^urn:uuid:/i, '');
}

/** KIND, or what address books that speak 3.0 write for it. */
function kindOf(card: VCard): string {
  const kind = card.properties.find(({ name }) => name === 'KIND' || name === 'X-ADDRESSBOOKSERVER-KIND');
  return kind?.value.trim().toLowerCase().slice(0, 64) || 'individual';
}
