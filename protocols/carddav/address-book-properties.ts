/**
 * The live properties CardDAV adds to principals, homes and address books.
 * RFC 6352 §6.2 (address books), §7.1.1 (addressbook-home-set), §8.3.1 (collations); me-card and max-image-size as address
 * books of Apple's kind ask for them.
 * Elsewhere: reading and writing any property (protocols/dav/properties.ts), address-data (address-data.ts).
 */
import { COLLATIONS } from '../../src/collections/collation.ts';
import { MAX_CARD_SIZE } from '../../src/contacts/cards.ts';
import type { Exchange, LiveProperty, Resource } from '../dav/contract.ts';
import { DavError } from '../dav/dav-error.ts';
import { encodeSegment, homeHref } from '../dav/hrefs.ts';
import { CALENDARSERVER, CARDDAV, DAV } from '../dav/namespaces.ts';
import { splitPath } from '../dav/paths.ts';
import { type Element, hrefXml } from '../dav/xml.ts';
import { addressDataProperty } from './address-data.ts';
import { directoryGateway } from './organisation-directory.ts';

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
  {
    // As Apple's server has it: where new cards go; the first address book of the home unless another one was chosen.
    namespace: CARDDAV,
    name: 'default-addressbook-URL',
    on: ['home'],
    async read(resource, { server, viewer }) {
      if (resource.kind !== 'home') return undefined;
      const [first] = await server.collections.list(viewer, resource.principal, 'addressbooks');
      return first === undefined ? undefined : hrefXml(`${resource.href}${encodeSegment(first.segment)}/`);
    },
    settable: { stored: 'personal', verify: verifyAddressBook },
  },
  addressDataProperty,
  directoryGateway,
];

async function verifyAddressBook(
  value: Element | undefined,
  resource: Resource,
  { server, viewer }: Exchange,
): Promise<DavError | undefined> {
  if (value === undefined || resource.kind !== 'home') return undefined;
  const href = value.child(DAV, 'href')?.text().trim() ?? '';
  const [dav, home, owner, segment, ...more] = splitPath(href.replace(/^https?:\/\/[^/]*/i, ''));
  const own = dav === 'dav' && home === 'addressbooks' && owner?.toLowerCase() === resource.principal.name;
  const found =
    own && segment !== undefined && more.length === 0
      ? await server.collections.find(viewer, resource.principal, 'addressbooks', segment)
      : undefined;
  if (found !== undefined) return undefined;
  return new DavError(409, 'This is not an address book of this home.');
}

function checkHref(value: Element | undefined): DavError | undefined {
  if (value === undefined || value.child(DAV, 'href') !== undefined) return undefined;
  return new DavError(409, 'me-card has a DAV:href.');
}
