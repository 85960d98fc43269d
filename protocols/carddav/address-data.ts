/**
 * CARDDAV:address-data as a property of cards in reports: whole or in part, in the version asked for.
 * RFC 6352 §10.4, §8.4, §5.1.1. The instructions inside the element are read once for each request; stored octets are printed
 * as they are when they are in that version and all of them were asked for.
 * Elsewhere: conversion (src/contacts/vcard-conversion.ts), taking a card apart (src/contacts/partial-card.ts).
 */
import { partOf, type WantedProperty } from '../../src/contacts/partial-card.ts';
import { convertVCard } from '../../src/contacts/vcard-conversion.ts';
import type { VCardVersion } from '../../src/contacts/vcard-validation.ts';
import type { CardRow, MemberRow } from '../../storage/store.ts';
import type { LiveProperty } from '../dav/contract.ts';
import { badRequest, DavError } from '../dav/dav-error.ts';
import { CARDDAV, DAV } from '../dav/namespaces.ts';
import { type Element, escapeXml } from '../dav/xml.ts';
import { isCardType } from './address-object.ts';

interface AddressDataRequest {
  readonly version: VCardVersion;
  /** undefined: the whole card. */
  readonly properties: readonly WantedProperty[] | undefined;
}

/** Properties one request may name. */
const MAX_PROPERTIES = 200;

/** By the element of the request, which lives as long as the request. */
const prepared = new WeakMap<Element, AddressDataRequest>();

/**
 * Reads the address-data of a DAV:prop before the answer begins, so that a refusal has its own status.
 * @throws DavError 403 supported-address-data, 400
 */
export function prepareAddressData(body: Element): void {
  const element = body.child(DAV, 'prop')?.child(CARDDAV, 'address-data');
  if (element !== undefined) prepared.set(element, readAddressData(element));
}

function readAddressData(element: Element): AddressDataRequest {
  const version = versionAsked(element.attribute('content-type'), element.attribute('version'));
  if (version === undefined) {
    throw new DavError(403, 'Cards are given as vCard 3.0 and 4.0.', '<CR:supported-address-data/>');
  }
  const properties = element.elements(CARDDAV, 'prop').map((prop) => {
    const name = prop.attribute('name');
    if (name === undefined || name === '') throw badRequest('A prop of address-data needs a name.');
    return { name, withValue: prop.attribute('novalue') !== 'yes' };
  });
  if (properties.length > MAX_PROPERTIES) throw badRequest(`address-data names at most ${MAX_PROPERTIES} properties.`);
  return { version, properties: properties.length === 0 ? undefined : properties };
}

/** RFC 6352 §10.4: text/vcard and 3.0 are the defaults. undefined: not supported. */
function versionAsked(contentType = 'text/vcard', version = '3.0'): VCardVersion | undefined {
  if (!isCardType(contentType.trim().toLowerCase())) return undefined;
  return version === '3.0' || version === '4.0' ? version : undefined;
}

export const addressDataProperty: LiveProperty = {
  namespace: CARDDAV,
  name: 'address-data',
  on: ['member'],
  needsData: true,
  read(resource, exchange, element) {
    // RFC 6352 §10.4: it is not a property of PROPFIND.
    if (resource.kind !== 'member' || resource.data === undefined || exchange.request.method !== 'REPORT') {
      return undefined;
    }
    const { version, properties } = prepared.get(element) ?? remember(element);
    const card = convertVCard(resource.data, versionOf(resource.member), version);
    const text = escapeXml(properties === undefined ? card : partOf(card, properties));
    return version === '3.0' ? text : { attributes: ' content-type="text/vcard" version="4.0"', content: text };
  },
};

/** In a report of WebDAV itself, what cannot be given as asked is given by default: its answer may have begun. */
function remember(element: Element): AddressDataRequest {
  let request: AddressDataRequest;
  try {
    request = readAddressData(element);
  } catch (error) {
    if (!(error instanceof DavError)) throw error;
    request = { version: '3.0', properties: undefined };
  }
  prepared.set(element, request);
  return request;
}

/** The version a card is stored in. */
export function versionOf(member: MemberRow): string {
  return (member as CardRow).version;
}
