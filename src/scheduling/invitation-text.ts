/**
 * What a scheduling message says to a person, in English or French: subject, and the lines of text and HTML.
 * RFC 6047 §3 (the calendar is for programs; people need words beside it).
 * A message in, words out. Times are told in the zone of the event and, when it is known and another, in the reader's.
 * Elsewhere: the mail around it (imip.ts).
 */

import { durationOf } from '../calendar/calendar-component.ts';
import { foldCalendarUser } from '../calendar/calendar-user-address.ts';
import { type Component, parameterOf, propertyOf, textOf } from '../calendar/content.ts';
import { DAY, type DateTime, endOf, instantOf, UTC } from '../calendar/date-time.ts';
import { ownAttendee } from './attendee-properties.ts';
import type { ItipMethod } from './itip-message.ts';
import { resolved } from './schedule-comparison.ts';
import { organizerOf, partstatOf, type SchedulingObject } from './scheduling-object.ts';

export type Language = 'en' | 'fr';
export const LANGUAGES: readonly Language[] = ['en', 'fr'];

export interface InvitationText {
  readonly subject: string;
  /** The sentence that says what this is. */
  readonly headline: string;
  /** Label and value of what there is to know; values may have several lines. */
  readonly facts: readonly (readonly [label: string, value: string])[];
}

interface Words {
  readonly subjects: Readonly<Record<'invitation' | 'update' | 'cancelled' | 'reply' | 'other', string>>;
  readonly headlines: Readonly<Record<'invitation' | 'update' | 'cancelled' | 'other', string>>;
  readonly answers: Readonly<Record<string, string>>;
  readonly labels: Readonly<
    Record<'when' | 'yourTime' | 'where' | 'who' | 'repeats' | 'notes' | 'comment' | 'due', string>
  >;
  readonly repeats: string;
  readonly untitled: string;
  readonly allDay: string;
}

/** `%n` is a name, `%t` a title. */
const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    subjects: {
      invitation: 'Invitation: %t',
      update: 'Updated invitation: %t',
      cancelled: 'Cancelled: %t',
      reply: '%a: %t',
      other: 'About: %t',
    },
    headlines: {
      invitation: '%n invites you to “%t”.',
      update: '%n has changed “%t”.',
      cancelled: '%n has cancelled “%t”.',
      other: '%n writes about “%t”.',
    },
    answers: {
      ACCEPTED: 'Accepted|%n has accepted “%t”.',
      DECLINED: 'Declined|%n has declined “%t”.',
      TENTATIVE: 'Tentative|%n may come to “%t”.',
      DELEGATED: 'Delegated|%n sends somebody else to “%t”.',
      'NEEDS-ACTION': 'No answer|%n has not decided about “%t”.',
      COMPLETED: 'Completed|%n has completed “%t”.',
      'IN-PROCESS': 'In progress|%n is working on “%t”.',
    },
    labels: {
      when: 'When',
      yourTime: 'Your time',
      where: 'Where',
      who: 'Who',
      repeats: 'Repeats',
      notes: 'Notes',
      comment: 'Comment',
      due: 'Due',
    },
    repeats: 'yes, this is the first time',
    untitled: 'Untitled',
    allDay: 'all day',
  },
  fr: {
    subjects: {
      invitation: 'Invitation : %t',
      update: 'Invitation modifiée : %t',
      cancelled: 'Annulé : %t',
      reply: '%a : %t',
      other: 'À propos de : %t',
    },
    headlines: {
      invitation: '%n vous invite à « %t ».',
      update: '%n a modifié « %t ».',
      cancelled: '%n a annulé « %t ».',
      other: '%n vous écrit à propos de « %t ».',
    },
    answers: {
      ACCEPTED: 'Accepté|%n a accepté « %t ».',
      DECLINED: 'Refusé|%n a refusé « %t ».',
      TENTATIVE: 'Provisoire|%n viendra peut-être à « %t ».',
      DELEGATED: 'Délégué|%n se fait représenter à « %t ».',
      'NEEDS-ACTION': 'Sans réponse|%n n’a pas encore répondu à « %t ».',
      COMPLETED: 'Terminé|%n a terminé « %t ».',
      'IN-PROCESS': 'En cours|%n travaille à « %t ».',
    },
    labels: {
      when: 'Quand',
      yourTime: 'Votre heure',
      where: 'Où',
      who: 'Qui',
      repeats: 'Répétition',
      notes: 'Notes',
      comment: 'Commentaire',
      due: 'Échéance',
    },
    repeats: 'oui, ceci est la première fois',
    untitled: 'Sans titre',
    allDay: 'toute la journée',
  },
};

/** People named in one mail. */
const MAX_NAMED = 30;
/** Characters of a description that are shown. */
const MAX_NOTES = 2_000;

/**
 * What to say of a message. `sender` is a folded address.
 * @param readersZone the IANA name of the reader's zone, when it is known
 */
export function invitationText(
  method: ItipMethod,
  object: SchedulingObject,
  sender: string,
  language: Language,
  readersZone?: string,
): InvitationText {
  const words = WORDS[language];
  const [component = EMPTY] = object.components.values();
  const title = oneLine(textOf(component, 'summary')) || words.untitled;
  const name = nameOf(component, sender);
  const fill = (text: string) => text.replace('%n', name).replace('%t', title);
  const facts: [string, string][] = timeFacts(component, object, words, language, readersZone);
  const add = (label: keyof Words['labels'], value: string) => {
    if (value.trim() !== '') facts.push([words.labels[label], value.trim()]);
  };
  if (propertyOf(component, 'rrule') !== undefined) add('repeats', words.repeats);
  add('where', oneLine(textOf(component, 'location')));
  if (method !== 'REPLY') add('who', namesOf(component).join(', '));
  add('comment', textOf(component, 'comment'));
  if (method === 'REQUEST' || method === 'ADD') add('notes', textOf(component, 'description').slice(0, MAX_NOTES));
  if (method === 'REPLY') {
    const own = ownAttendee(component, (user) => user === sender);
    const [short = '', sentence = ''] = (words.answers[own === undefined ? '' : partstatOf(own)] ?? '').split('|');
    if (short !== '')
      return { subject: fill(words.subjects.reply.replace('%a', short)), headline: fill(sentence), facts };
  }
  const kind = kindOf(method, component);
  return { subject: fill(words.subjects[kind]), headline: fill(words.headlines[kind]), facts };
}

const EMPTY: Component = ['vevent', [], []];

function kindOf(method: ItipMethod, component: Component): 'invitation' | 'update' | 'cancelled' | 'other' {
  if (method === 'CANCEL') return 'cancelled';
  if (method !== 'REQUEST' && method !== 'ADD') return 'other';
  return Number(propertyOf(component, 'sequence')?.[3] ?? 0) > 0 ? 'update' : 'invitation';
}

function timeFacts(
  component: Component,
  object: SchedulingObject,
  words: Words,
  language: Language,
  readersZone: string | undefined,
): [string, string][] {
  const values = resolved(component, object);
  const { start, end } = values;
  if (start === null) return end === null ? [] : [[words.labels.due, timeIn(end, zoneNameOf(end), language)]];
  const zone = zoneNameOf(start);
  const until = endOf(start, durationOf(values), UTC);
  const facts: [string, string][] = [];
  const span = (name: string | undefined) => {
    if (start.isDate) return dayRange(start.local, until, language, words);
    const from = instantOf(start, UTC);
    return until > from
      ? `${instantIn(from, name, language)} – ${instantIn(until, name, language, sameDay(from, until, name))}${label(name)}`
      : `${instantIn(from, name, language)}${label(name)}`;
  };
  facts.push([words.labels.when, span(zone)]);
  const differs = readersZone !== undefined && readersZone !== zone && !start.isDate && start.zone !== null;
  if (differs) facts.push([words.labels.yourTime, span(readersZone)]);
  return facts;
}

/** The zone a time is told in; undefined: it has none, and is told as it is written. */
function zoneNameOf({ zone }: DateTime): string | undefined {
  if (zone === null) return undefined;
  return isKnown(zone.id) ? zone.id : 'UTC';
}

function isKnown(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function label(zone: string | undefined): string {
  return zone === undefined ? '' : ` (${zone})`;
}

function instantIn(instant: number, zone: string | undefined, language: Language, timeOnly = false): string {
  const options: Intl.DateTimeFormatOptions = timeOnly
    ? { hour: '2-digit', minute: '2-digit', hour12: false }
    : {
        weekday: 'long',
        year: 'numeric',
        month: 'long',
        day: 'numeric',
        hour: '2-digit',
        minute: '2-digit',
        hour12: false,
      };
  return new Intl.DateTimeFormat(LOCALES[language], { ...options, timeZone: zone ?? 'UTC' }).format(instant);
}

const LOCALES: Record<Language, string> = { en: 'en-GB', fr: 'fr-FR' };

function sameDay(from: number, until: number, zone: string | undefined): boolean {
  const day = new Intl.DateTimeFormat('en', { timeZone: zone ?? 'UTC', dateStyle: 'short' });
  return day.format(from) === day.format(until);
}

function timeIn(value: DateTime, zone: string | undefined, language: Language): string {
  return value.isDate
    ? dayOf(value.local, language)
    : `${instantIn(instantOf(value, UTC), zone, language)}${label(zone)}`;
}

function dayRange(from: number, until: number, language: Language, words: Words): string {
  const last = until - DAY;
  const days = last > from ? `${dayOf(from, language)} – ${dayOf(last, language)}` : dayOf(from, language);
  return `${days}, ${words.allDay}`;
}

function dayOf(local: number, language: Language): string {
  return new Intl.DateTimeFormat(LOCALES[language], { dateStyle: 'full', timeZone: 'UTC' }).format(local);
}

/** The name of whoever sends, or the address. */
function nameOf(component: Component, sender: string): string {
  for (const property of component[1]) {
    if ((property[0] === 'attendee' || property[0] === 'organizer') && foldCalendarUser(property[3]) === sender) {
      const name = oneLine(parameterOf(property, 'cn'));
      if (name !== '') return name;
    }
  }
  return sender;
}

function namesOf(component: Component): string[] {
  const names: string[] = [];
  const organizer = organizerOf([component]);
  const people = component[1].filter(([name]) => name === 'attendee');
  for (const property of organizer === undefined ? people : [organizer, ...people]) {
    const name = oneLine(parameterOf(property, 'cn')) || foldCalendarUser(property[3]);
    if (!names.includes(name)) names.push(name);
  }
  return names.length > MAX_NAMED ? [...names.slice(0, MAX_NAMED), '…'] : names;
}

/** A header must not be continued by what somebody wrote into a title. */
function oneLine(text: string): string {
  return text
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, 300);
}
