/**
 * CONFERENCE properties that only the organizer may see: with the code that opens the call.
 * RFC 7986 §6.3 (FEATURE), §7 (servers MUST NOT send those of the moderator to attendees).
 * Elsewhere: types and values (extension-properties.ts).
 */
import { type Property, parameterOf } from './content.ts';

export function isForModerators(property: Property): boolean {
  return property[0] === 'conference' && /(?:^|,)\s*MODERATOR\s*(?:,|$)/i.test(parameterOf(property, 'feature'));
}
