/**
 * A calendar as one iCalendar object.
 * RFC 5545 §3.4 and §3.6; X-WR-CALNAME and X-WR-TIMEZONE as subscribing programs read them.
 * Components are taken over as they are stored; each time zone once, in front of the first component of its object.
 * Elsewhere: sending it (protocols/dav/whole-collection.ts).
 */
import { encodeText, foldLine } from '../../src/calendar/content.ts';
import { isSchedulingCollection } from '../../src/collections/collections.ts';
import type { CollectionResource, Exchange, WholeCollection } from '../dav/contract.ts';
import { displayNameOf, membersOf } from '../dav/whole-collection.ts';
import { ICALENDAR_CONTENT_TYPE } from './calendar-representation.ts';

export async function wholeCalendar(
  exchange: Exchange,
  resource: CollectionResource,
): Promise<WholeCollection | undefined> {
  if (isSchedulingCollection(resource.collection) || resource.collection.kind !== 'calendar') return undefined;
  const name = await displayNameOf(exchange, resource);
  return { contentType: ICALENDAR_CONTENT_TYPE, parts: parts(exchange, resource, name) };
}

async function* parts(exchange: Exchange, resource: CollectionResource, name: string): AsyncGenerator<string> {
  const { timeZone } = resource.collection;
  let head = 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Convene//Convene//EN\r\nCALSCALE:GREGORIAN\r\n';
  head += foldLine(`X-WR-CALNAME:${encodeText(name)}`);
  if (timeZone !== '' && !timeZone.includes('\n')) head += foldLine(`X-WR-TIMEZONE:${encodeText(timeZone)}`);
  yield head;
  const zones = new Set<string>();
  for await (const { data } of membersOf(exchange, resource)) yield componentsOf(data, zones);
  yield 'END:VCALENDAR\r\n';
}

/** The components of a stored object, without time zones that were printed before. */
export function componentsOf(octets: string, zones: Set<string>): string {
  const text = /(?<!\r)\n/.test(octets) ? octets.replace(/\r?\n/g, '\r\n') : octets;
  // Properties of the calendar come before its components, and its end is the last line that is not empty (RFC 5545 §3.6).
  const from = text.slice(1).search(/^BEGIN:/im) + 1;
  const until = text.search(/^END:VCALENDAR[ \t]*(?:\r\n)*$(?![\s\S])/im);
  if (from === 0 || until < from) return '';
  return text.slice(from, until).replace(/^BEGIN:VTIMEZONE\r\n[\s\S]*?^END:VTIMEZONE\r\n/gim, (zone) => {
    const tzid = /^TZID[^:\r\n]*:(.*)$/im.exec(zone.replace(/\r\n[ \t]/g, ''))?.[1]?.trim() ?? '';
    if (zones.has(tzid)) return '';
    zones.add(tzid);
    return zone;
  });
}
