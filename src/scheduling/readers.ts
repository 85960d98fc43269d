/**
 * In which language and on which clock somebody reads an invitation.
 * RFC 5545 §3.2.10 (LANGUAGE, of people and of texts), RFC 6350 §6.4.4 (LANG), §6.5.1 (TZ).
 * A message, a recipient and what the sender's contacts say of it in; a choice out (Interpretation 146). Pure.
 * Elsewhere: the words (invitation-text.ts), finding the card (src/contacts/known-addresses.ts).
 */

import { foldCalendarUser } from '../calendar/calendar-user-address.ts';
import { type Component, parameterOf } from '../calendar/content.ts';
import { findTimeZone } from '../calendar/time-zones.ts';
import { parseVCard } from '../contacts/vcard.ts';
import { DomainError } from '../errors.ts';
import { LANGUAGES, type Language } from './invitation-text.ts';
import type { SchedulingObject } from './scheduling-object.ts';

export interface Reader {
  readonly language: Language;
  /** An IANA name; undefined when nobody knows it. */
  readonly zone: string | undefined;
}

/**
 * What is known of a recipient. The language is the one the event names for this person, then the one of the card, then the one the
 * event is written in, then `otherwise`.
 * @param user the recipient's folded address
 * @param card text of a vCard, when the sender has one
 */
export function readerOf(
  object: SchedulingObject,
  user: string,
  card: string | undefined,
  otherwise: Language,
): Reader {
  const components = [...object.components.values()];
  const { languages, zone } = card === undefined ? { languages: [], zone: undefined } : factsOf(card);
  const tags = [...languagesOf(components, user), ...languages, ...languagesOfTexts(components)];
  const language = tags.map(supported).find((one) => one !== undefined) ?? otherwise;
  return { language, zone };
}

/** The language we have for a language tag (by its primary subtag). */
function supported(tag: string): Language | undefined {
  const primary = tag.trim().toLowerCase().split(/[-_]/)[0];
  return LANGUAGES.find((language) => language === primary);
}

function languagesOf(components: readonly Component[], user: string): string[] {
  return components.flatMap(([, properties]) =>
    properties
      .filter(([name, , , value]) => (name === 'attendee' || name === 'organizer') && foldCalendarUser(value) === user)
      .map((property) => parameterOf(property, 'language')),
  );
}

/** What a program writes beside the title is the language its user works in. */
function languagesOfTexts(components: readonly Component[]): string[] {
  return components.flatMap(([, properties]) =>
    properties
      .filter(([name]) => name === 'summary' || name === 'description')
      .map((property) => parameterOf(property, 'language')),
  );
}

function factsOf(card: string): { languages: string[]; zone: string | undefined } {
  try {
    const { properties } = parseVCard(card);
    const of = (wanted: string) => properties.filter(({ name }) => name === wanted);
    const preference = (one: (typeof properties)[number]) =>
      Number(one.parameters.find(({ name }) => name.toUpperCase() === 'PREF')?.values[0] ?? 100);
    const languages = of('LANG')
      .sort((one, other) => preference(one) - preference(other))
      .map(({ value }) => value);
    const zone = of('TZ')
      .map(({ value }) => findTimeZone(value.trim())?.id)
      .find((id) => id !== undefined);
    return { languages, zone };
  } catch (error) {
    if (error instanceof DomainError) return { languages: [], zone: undefined };
    throw error;
  }
}
