/**
 * The body of a PUT of a calendar object resource, and what CalDAV answers to the refusals of its services.
 * RFC 4791 §5.3.2 (PUT), RFC 7265 §6 (jCal), §5.3.2.1, §7.8 and §7.10 (preconditions), RFC 6638 §3.2.4.1.
 * Octets to text; a DomainError to a status and the one element inside DAV:error.
 * Elsewhere: conditional headers and the answer itself (protocols/dav/members.ts), what the text must be (src/calendar).
 */
import { textOfJcal } from '../../src/calendar/jcal.ts';
import type { DomainError } from '../../src/errors.ts';
import { DavError } from '../dav/dav-error.ts';
import { hrefXml } from '../dav/xml.ts';
import { ICALENDAR_TYPE, JCAL_TYPE } from './calendar-representation.ts';

/** Whether a body of this type is stored as another: then the client does not know what is stored (RFC 4791 §5.3.4). */
export function isConverted(mediaType: string): boolean {
  return mediaType === JCAL_TYPE;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The iCalendar text of a PUT body, which may be jCal. A missing media type counts as text/calendar: some scripts leave it out.
 * @throws DavError 403 supported-calendar-data for another media type or charset, valid-calendar-data for what is not UTF-8;
 *   DomainError as jcal.ts does
 */
export function calendarTextOf(body: Buffer, mediaType: string, parameters: string): string {
  const charset = /(?:^|;)\s*charset\s*=\s*"?([^";\s]+)/i.exec(parameters)?.[1]?.toLowerCase() ?? 'utf-8';
  if (mediaType !== '' && mediaType !== ICALENDAR_TYPE && mediaType !== JCAL_TYPE) {
    const taken = `${ICALENDAR_TYPE} and ${JCAL_TYPE}`;
    throw new DavError(403, `A calendar takes ${taken}, not ${mediaType}.`, '<C:supported-calendar-data/>');
  }
  // US-ASCII is UTF-8; everything else would have to be converted, and then the stored octets were not those sent.
  if (charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii') {
    throw new DavError(403, `A calendar takes text in UTF-8, not ${charset}.`, '<C:supported-calendar-data/>');
  }
  let text: string;
  try {
    text = UTF8.decode(body);
  } catch {
    throw new DavError(403, 'The calendar object is not UTF-8.', '<C:valid-calendar-data/>');
  }
  return mediaType === JCAL_TYPE ? textOfJcal(text) : text;
}

/** Refusals of the calendar services and their preconditions. */
const CONDITIONS: Partial<Record<DomainError['code'], string>> = {
  'invalid-data': '<C:valid-calendar-data/>',
  'invalid-object': '<C:valid-calendar-object-resource/>',
  'invalid-time-zone': '<C:valid-calendar-data/>',
  'unknown-time-zone': '<C:valid-timezone/>',
  'unsupported-media-type': '<C:supported-calendar-data/>',
  'unsupported-component': '<C:supported-calendar-component/>',
  'unsupported-filter': '<C:supported-filter/>',
  'unsupported-collation': '<C:supported-collation/>',
  'invalid-filter': '<C:valid-filter/>',
  'too-large': '<C:max-resource-size/>',
  'too-many-instances': '<C:max-instances/>',
  'too-many-attendees': '<C:max-attendees-per-instance/>',
  'unsupported-recurrence-scale': '<C:supported-rscale/>',
  'invalid-managed-id': '<C:valid-managed-id/>',
  'invalid-rid': '<C:valid-rid/>',
  'attachment-too-large': '<C:max-attachment-size/>',
  'too-many-attachments': '<C:max-attachments-per-resource/>',
};

/** The answer to an error of the calendar services; undefined when CalDAV has no word for it. */
export function calendarRefusal(
  error: DomainError,
  hrefOf: (name: string) => string,
): { status: number; condition: string } | undefined {
  const { code, details } = error;
  if (code === 'uid-conflict') {
    // The other calendar of the owner is not named: the viewer may not be allowed to see it.
    if (details.name === undefined) return { status: 409, condition: '<C:unique-scheduling-object-resource/>' };
    return { status: 409, condition: `<C:no-uid-conflict>${hrefXml(hrefOf(details.name))}</C:no-uid-conflict>` };
  }
  if (code === 'date-out-of-range') {
    return { status: 403, condition: details.bound === 'max' ? '<C:max-date-time/>' : '<C:min-date-time/>' };
  }
  const condition = CONDITIONS[code];
  return condition === undefined ? undefined : { status: 403, condition };
}
