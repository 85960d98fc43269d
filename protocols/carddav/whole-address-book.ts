/**
 * An address book as one file of cards, all in one version: 3.0, or 4.0 for those who ask for it.
 * RFC 6350 §3.3 (vcard-entity), RFC 6352 §5.1.1. Elsewhere: sending it (protocols/dav/whole-collection.ts).
 */
import { convertVCard } from '../../src/contacts/vcard-conversion.ts';
import type { VCardVersion } from '../../src/contacts/vcard-validation.ts';
import type { CollectionResource, Exchange, WholeCollection } from '../dav/contract.ts';
import { membersOf } from '../dav/whole-collection.ts';
import { versionOf } from './address-data.ts';
import { CARD_CONTENT_TYPE } from './address-object.ts';

export function wholeAddressBook(exchange: Exchange, resource: CollectionResource): WholeCollection | undefined {
  if (resource.collection.kind !== 'addressbook') return undefined;
  const version = /version\s*=\s*"?4\.0/i.test(exchange.request.headers.accept ?? '') ? '4.0' : '3.0';
  return { contentType: `${CARD_CONTENT_TYPE}; version=${version}`, parts: parts(exchange, resource, version) };
}

async function* parts(exchange: Exchange, resource: CollectionResource, version: VCardVersion): AsyncGenerator<string> {
  for await (const { data, ...member } of membersOf(exchange, resource)) {
    const card = convertVCard(data, versionOf(member), version);
    yield card.endsWith('\n') ? card : `${card}\r\n`;
  }
}
