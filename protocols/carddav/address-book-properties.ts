/**
 * The live properties CardDAV adds to principals, homes and address books.
 * RFC 6352 §6.2 (address books), §7.1.1 (addressbook-home-set), §8.3.1 (collations); me-card and max-image-size as address
 * books of Apple's kind ask for them.
 * Elsewhere: reading and writing any property (protocols/dav/properties.ts), address-data (address-data.ts).
 */
import { COLLATIONS } from '../../src/collections/collation.ts';
import { MAX_CARD_SIZE } from '../../src/contacts/cards.ts';
import type { LiveProperty } from '../dav/contract.ts';
import { DavError } from '../dav/dav-error.ts';
import { homeHref } from '../dav/hrefs.ts';
import { CALENDARSERVER, CARDDAV, DAV } from '../dav/namespaces.ts';
import { type Element, hrefXml } from '../dav/xml.ts';
import { addressDataProperty } from './address-data.ts';

const VERSIONS = ['3.0', '4.0'];

export const addressBookProperties: readonly LiveProperty[] = [
  {
    namespace: CARDDAV,
    name: 'addressbook-home-set',
    on: ['principal'],
    read: (resource) =>
      resource.kind === 'principal' ? hrefXml(homeHref('addressbooks', resource.principal.name)) : undefined,
  },
  {
    namespace: CARDDAV,
    name: 'addressbook-description',
    on: ['collection'],
    read: () => undefined,
    settable: { stored: 'shared' },
  },
  {
    // RFC 6352 §6.2.2. 4.0 is listed because every card is also given as 3.0, to those who ask for nothing.
    namespace: CARDDAV,
    name: 'supported-address-data',
    on: ['collection'],
    read: () =>
      VERSIONS.map((version) => `<CR:address-data-type content-type="text/vcard" version="${version}"/>`).join(''),
  },
  {
    namespace: CARDDAV,
    name: 'supported-collation-set',
    on: ['collection'],
    read: () => COLLATIONS.map((name) => `<CR:supported-collation>${name}</CR:supported-collation>`).join(''),
  },
  { namespace: CARDDAV, name: 'max-resource-size', on: ['home', 'collection'], read: () => String(MAX_CARD_SIZE) },
  // A picture is part of its card.
  { namespace: CARDDAV, name: 'max-image-size', on: ['home', 'collection'], read: () => String(MAX_CARD_SIZE) },
  {
    namespace: CALENDARSERVER,
    name: 'me-card',
    on: ['home'],
    read: () => undefined,
    settable: { stored: 'personal', check: checkHref },
  },
  addressDataProperty,
];

function checkHref(value: Element | undefined): DavError | undefined {
  if (value === undefined || value.child(DAV, 'href') !== undefined) return undefined;
  return new DavError(409, 'me-card has a DAV:href.');
}
