/**
 * CardDAV as one value: what it adds to the DAV server.
 * RFC 6352 §6.1 (addressbook). Services in, a DavExtension out.
 */
import type { CardSearch } from '../../src/contacts/card-search.ts';
import { type Cards, MAX_CARD_SIZE } from '../../src/contacts/cards.ts';
import type { DirectoryCards } from '../../src/contacts/directory-cards.ts';
import type { HomeExtension } from '../dav/contract.ts';
import { CARDDAV } from '../dav/namespaces.ts';
import { addressBookProperties } from './address-book-properties.ts';
import { versionOf } from './address-data.ts';
import { CARD_CONTENT_TYPE, cardRefusal, cardTextOf, representCard } from './address-object.ts';
import { addressbookMultiget, addressbookQuery } from './addressbook-query.ts';
import { DIRECTORY_TYPES, directoryRoutes } from './organisation-directory.ts';
import { wholeAddressBook } from './whole-address-book.ts';

/** What CardDAV is made of. */
export interface ContactServices {
  readonly cards: Cards;
  readonly cardSearch: CardSearch;
  readonly directoryCards: DirectoryCards;
}

export function carddav({ cards, cardSearch, directoryCards }: ContactServices): HomeExtension {
  const extension: HomeExtension = {
    home: 'addressbooks',
    kind: 'addressbook',
    namespace: CARDDAV,
    resourceType: 'addressbook',
    tokens: ['addressbook'],
    members: cards,
    memberSuffix: '.vcf',
    contentType: () => CARD_CONTENT_TYPE,
    uniformContentType: CARD_CONTENT_TYPE,
    properties: addressBookProperties,
    reports: [addressbookQuery(cardSearch), addressbookMultiget],
    maxResourceSize: MAX_CARD_SIZE,
    textOf: cardTextOf,
    represent: ({ member }, octets, accept) => representCard(octets, versionOf(member), accept),
    whole: wholeAddressBook,
    refusal: cardRefusal,
    resourceTypesOf: ({ computed }) => (computed === true ? DIRECTORY_TYPES : undefined),
    routes: directoryRoutes(directoryCards, () => extension),
  };
  return extension;
}
