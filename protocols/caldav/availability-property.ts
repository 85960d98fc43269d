/**
 * When a person can be met at all: the VAVAILABILITY on the scheduling inbox.
 * RFC 7953 §7.2.4 (calendar-availability), in its namespace and in the one it had before; both name one value.
 * Elsewhere: what counts as one, and applying it to free/busy (src/scheduling/availability.ts).
 */
import { isSchedulingCollection } from '../../src/collections/collections.ts';
import { DomainError } from '../../src/errors.ts';
import { checkAvailability } from '../../src/scheduling/availability.ts';
import type { CalendarColumns } from '../../storage/store.ts';
import type { LiveProperty } from '../dav/contract.ts';
import { DavError } from '../dav/dav-error.ts';
import { CALDAV, CALENDARSERVER } from '../dav/namespaces.ts';
import { type Element, escapeXml } from '../dav/xml.ts';

export const availabilityProperties: readonly LiveProperty[] = [CALDAV, CALENDARSERVER].map((namespace) => ({
  namespace,
  name: 'calendar-availability',
  on: ['collection'],
  async read(resource, { server }) {
    if (resource.kind !== 'collection' || !isSchedulingCollection(resource.collection)) return undefined;
    const text = await server.collections.availability(resource.collection);
    return text === '' ? undefined : escapeXml(text);
  },
  settable: { stored: 'no', check: columnsOf },
}));

function columnsOf(value: Element | undefined): Partial<CalendarColumns> | DavError {
  try {
    return { availability: value === undefined ? '' : checkAvailability(value.text().trim()) };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return new DavError(403, error.message, '<C:valid-calendar-data/>');
  }
}
