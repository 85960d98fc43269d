/**
 * Time zones read from a VTIMEZONE: the fallback for names that ICU does not know.
 * RFC 5545 §3.6.5.
 * Observances in, a TimeZone out, cached by content. Costly or senseless ones are refused.
 * Elsewhere: zones by name (time-zones.ts), the iCalendar text (icalendar.ts).
 */

import { DomainError } from '../errors.ts';
import type { TimeZone } from './date-time.ts';
import type { RecurrenceRule } from './recurrence-rule.ts';

/** One STANDARD or DAYLIGHT: times are local to offsetFrom, offsets in milliseconds east of UTC. */
export interface Observance {
  readonly start: number;
  readonly offsetFrom: number;
  readonly offsetTo: number;
  readonly rules: readonly RecurrenceRule[];
  /** RDATE, local like start; a PERIOD counts by its start. */
  readonly dates: readonly number[];
}

export interface VtimezoneContent {
  readonly tzid: string;
  readonly observances: readonly Observance[];
}

/**
 * The zone a VTIMEZONE describes.
 * @throws DomainError invalid-data without observances, with offsets of a day or more, or too costly to evaluate
 */
export function timeZoneFromVtimezone(content: VtimezoneContent): TimeZone {
  throw new DomainError('invalid-data', `The time zone ${content.tzid} is not read yet.`);
}
