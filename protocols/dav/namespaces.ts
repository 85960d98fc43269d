/**
 * The XML namespaces Convene writes, each under one fixed prefix that the root element of every answer declares.
 * Property values and error conditions are built with these prefixes as plain text.
 */

export const DAV = 'DAV:';
export const CALDAV = 'urn:ietf:params:xml:ns:caldav';
export const CARDDAV = 'urn:ietf:params:xml:ns:carddav';
/** Namespace of Apple's calendar server: ctag, e-mail addresses, sharing. */
export const CALENDARSERVER = 'http://calendarserver.org/ns/';
/** Namespace of colour and order of calendars. */
export const APPLE_ICAL = 'http://apple.com/ns/ical/';

const PREFIXES = new Map([
  [DAV, 'D'],
  [CALDAV, 'C'],
  [CARDDAV, 'CR'],
  [CALENDARSERVER, 'CS'],
  [APPLE_ICAL, 'A'],
]);

/** The fixed prefix of a namespace, undefined for those of clients. */
export function prefixOf(namespace: string): string | undefined {
  return PREFIXES.get(namespace);
}

/** Declarations of all fixed prefixes, for a root element, with a space in front. */
export const DECLARATIONS = [...PREFIXES].map(([uri, prefix]) => ` xmlns:${prefix}="${uri}"`).join('');
