/**
 * Who among the attendees of an event is not coming, or perhaps, as the index of occurrences keeps it: a meeting that somebody
 * declined leaves their time free, whosever copy it is read from and whatever addresses they have by then.
 * RFC 5545 §3.2.12 (PARTSTAT), RFC 4791 §7.10 (which says nothing of it). Pure.
 */
import { hash } from 'node:crypto';
import { foldCalendarUser } from './calendar-user-address.ts';
import { type Property, parameterOf } from './content.ts';

const COMES_NOT = '-';
const PERHAPS = '?';
/** Characters of a mark: how the answer is, and 36 bits of the address. */
const WIDTH = 7;
/** Characters of all marks of an occurrence: each stands in every row of a series. Whoever does not fit in counts as coming. */
export const MAX_MARKS = 100 * WIDTH;

/** The mark of an ATTENDEE property; '' for who comes or has not answered. */
export function answerMark(property: Property): string {
  const partstat = parameterOf(property, 'partstat').toUpperCase();
  if (partstat === 'DECLINED' || partstat === 'DELEGATED') return COMES_NOT + digest(foldCalendarUser(property[3]));
  return partstat === 'TENTATIVE' ? PERHAPS + digest(foldCalendarUser(property[3])) : '';
}

/** Whose answers `answerIn` looks for: somebody with these folded addresses. */
export function answerKeys(addresses: readonly string[]): string[] {
  return addresses.map(digest);
}

/** What somebody has answered, by the marks of an occurrence. */
export function answerIn(marks: string, wanted: readonly string[]): 'declined' | 'tentative' | undefined {
  for (let at = 0; at < marks.length; at += WIDTH)
    if (wanted.includes(marks.slice(at + 1, at + WIDTH))) return marks[at] === COMES_NOT ? 'declined' : 'tentative';
  return undefined;
}

function digest(address: string): string {
  return hash('sha1', address, 'base64').slice(0, WIDTH - 1);
}
