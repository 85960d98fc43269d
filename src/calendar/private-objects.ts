/**
 * What of a private calendar object is shown to those it was shared with: when it is, and nothing else.
 * RFC 5545 §3.8.1.3 (CLASS; what is not known counts as PRIVATE). Interpretation 80.
 * An object is private when one of its components is: an override says as much as the series it belongs to.
 * Stored octets in, the octets to show out; the same ones for whoever manages the calendar, and for objects that are public.
 * Elsewhere: who manages a calendar (src/principals/access.ts), free/busy, which shows times only (src/scheduling).
 */
import type { Collection } from '../collections/members.ts';
import { DomainError } from '../errors.ts';
import { type Component, type Property, parseContent, printContent, textOf } from './content.ts';

/** Whether a viewer is shown all there is in a calendar. */
export function seesEverything({ rights }: Pick<Collection, 'rights'>): boolean {
  return rights.manage;
}

/** Lines may be folded anywhere, so this only tells objects that certainly say nothing of it. */
const MAY_HAVE_CLASS = /C\s*L\s*A\s*S\s*S/i;

/** Whether somebody else may know no more than the times. */
export function isPrivate(octets: string): boolean {
  return MAY_HAVE_CLASS.test(octets) && hasPrivateComponent(parseContent(octets));
}

/** The octets that a viewer of the calendar is shown. */
export function shownOctets(collection: Pick<Collection, 'rights'>, octets: string): string {
  if (seesEverything(collection) || !MAY_HAVE_CLASS.test(octets)) return octets;
  const calendar = parseContent(octets);
  return hasPrivateComponent(calendar) ? printContent(timesOf(calendar)) : octets;
}

/** @throws DomainError forbidden when a viewer would write over, move or copy what it does not see */
export function requireShown(collection: Pick<Collection, 'rights'>, octets: string | undefined): void {
  if (octets !== undefined && !seesEverything(collection) && isPrivate(octets)) {
    throw new DomainError('forbidden', 'This is private to the owner of the calendar.');
  }
}

function hasPrivateComponent([, , components]: Component): boolean {
  return components.some((component) => {
    const word = textOf(component, 'class').trim().toUpperCase();
    return word !== '' && word !== 'PUBLIC';
  });
}

/** Properties that say when, and which object and instance this is. */
const TIMES = new Set(
  (
    'uid recurrence-id dtstamp dtstart dtend duration due rrule exrule rdate exdate sequence transp status class ' +
    'x-microsoft-cdo-alldayevent x-microsoft-cdo-busystatus'
  ).split(' '),
);
const BUSY: Property = ['summary', {}, 'unknown', 'Busy'];

function timesOf([name, properties, components]: Component): Component {
  return [
    name,
    properties.filter(([property]) => property === 'version' || property === 'prodid' || property === 'calscale'),
    components.map((component) => {
      if (component[0] === 'vtimezone') return component;
      return [component[0], [...component[1].filter(([property]) => TIMES.has(property)), BUSY], []];
    }),
  ];
}
