/**
 * When a person can be met at all: the VAVAILABILITY on the scheduling inbox.
 * RFC 7953 §7.2.4 (calendar-availability), in its namespace and in the one it had before.
 * Elsewhere: applying it to free/busy (src/scheduling/availability.ts).
 */
import { DomainError } from '../../src/errors.ts';
import { parseAvailability } from '../../src/scheduling/availability.ts';
import type { LiveProperty } from '../dav/contract.ts';
import { DavError } from '../dav/dav-error.ts';
import { CALDAV, CALENDARSERVER } from '../dav/namespaces.ts';
import type { Element } from '../dav/xml.ts';

export const availabilityProperties: readonly LiveProperty[] = [CALDAV, CALENDARSERVER].map((namespace) => ({
  namespace,
  name: 'calendar-availability',
  on: ['collection'],
  read: () => undefined,
  settable: { stored: 'shared', check: checkAvailability },
}));

function checkAvailability(value: Element | undefined): DavError | undefined {
  if (value === undefined) return undefined;
  try {
    parseAvailability(value.text());
    return undefined;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
  }
  return new DavError(403, 'This is not an iCalendar object with VAVAILABILITY.', '<C:valid-calendar-data/>');
}
