/**
 * Which form of a calendar object an answer carries: iCalendar or jCal, with or without the time zones everybody has.
 * RFC 7265 §6 with RFC 9110 §12.5.1 (Accept), RFC 7809 §4.1 (CalDAV-Timezones).
 * Stored octets in, a body and its media type out; nothing is parsed when the stored octets will do.
 * Elsewhere: jCal itself (src/calendar/jcal.ts), VTIMEZONEs (src/calendar/vtimezone-text.ts).
 */
import type { IncomingHttpHeaders } from 'node:http';
import { parseContent } from '../../src/calendar/content.ts';
import { printJcal } from '../../src/calendar/jcal.ts';
import { withKnownZones, withoutKnownZones } from '../../src/calendar/vtimezone-text.ts';
import type { Representation } from '../dav/contract.ts';

export const ICALENDAR_TYPE = 'text/calendar';
export const JCAL_TYPE = 'application/calendar+json';

export const ICALENDAR_CONTENT_TYPE = `${ICALENDAR_TYPE}; charset=utf-8`;
/** RFC 7265 §6: JSON is UTF-8, the parameter says so to those who ask. */
export const JCAL_CONTENT_TYPE = `${JCAL_TYPE}; charset=utf-8`;

/** The body of GET for stored octets. */
export function representCalendar(octets: string, accept: string, headers: IncomingHttpHeaders = {}): Representation {
  const text = inZonesOf(octets, headers);
  const vary = 'Accept, CalDAV-Timezones';
  if (!prefersJcal(accept)) return { contentType: ICALENDAR_CONTENT_TYPE, body: text, vary };
  return { contentType: JCAL_CONTENT_TYPE, body: printJcal(parseContent(text)), vary };
}

/** The octets with the time zones a client asks for. Without the header they are as stored, and complete. */
export function inZonesOf(octets: string, headers: IncomingHttpHeaders): string {
  const wanted = String(headers['caldav-timezones'] ?? '')
    .trim()
    .toUpperCase();
  return wanted === 'F' ? withoutKnownZones(octets) : withKnownZones(octets);
}

/** Whether an Accept header would rather have jCal. Between equals iCalendar, which is what is stored. */
export function prefersJcal(accept: string): boolean {
  if (!accept.toLowerCase().includes(JCAL_TYPE)) return false;
  return qualityOf(accept, JCAL_TYPE) > qualityOf(accept, ICALENDAR_TYPE);
}

/** RFC 9110 §12.5.1: the most specific range that matches counts. */
function qualityOf(accept: string, type: string): number {
  const [main] = type.split('/');
  let best = { specificity: -1, quality: 0 };
  for (const range of accept.toLowerCase().split(',').slice(0, 50)) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim());
    const specificity = [`*/*`, `${main}/*`, type].indexOf(name);
    if (specificity < best.specificity || specificity < 0) continue;
    const stated = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    const quality = stated === undefined ? 1 : Number(stated) || 0;
    best = { specificity, quality };
  }
  return best.quality;
}
