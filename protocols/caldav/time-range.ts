/**
 * CALDAV:time-range and its relatives: two attributes to two instants.
 * RFC 4791 §9.9, §9.6.5 to §9.6.7 (expand, limit-recurrence-set, limit-freebusy-set).
 */
import { parseLocalTime } from '../../src/calendar/date-values.ts';
import { DomainError } from '../../src/errors.ts';
import { DavError } from '../dav/dav-error.ts';
import type { Element } from '../dav/xml.ts';

/** A range with open sides. Instants; from inclusive, until exclusive. */
export interface OpenRange {
  readonly from: number | null;
  readonly until: number | null;
}

/**
 * @throws DavError 400 when neither side is given, which is not the element of §9.9; DomainError invalid-filter when one is not
 *   a DATE-TIME in UTC, or the end is not after the start
 */
export function readRange(element: Element): OpenRange {
  const from = instantOf(element, 'start');
  const until = instantOf(element, 'end');
  if (from === null && until === null) {
    throw new DavError(400, 'A range needs a start or an end.', '<C:valid-filter/>');
  }
  if (from !== null && until !== null && until <= from) throw invalid('A range ends after it starts.');
  return { from, until };
}

function instantOf(element: Element, name: string): number | null {
  const text = element.attribute(name);
  if (text === undefined) return null;
  try {
    const { local, utc } = parseLocalTime(text);
    if (utc) return local;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
  }
  throw invalid(`${name} is not a date with time in UTC: ${text.slice(0, 40)}`);
}

function invalid(message: string): DomainError {
  return new DomainError('invalid-filter', message);
}
