/** Calendars and calendar objects that tests of services and of CalDAV start from. */

import type { Collection } from '../../src/collections/members.ts';
import { ALL_RIGHTS, type Principal, type Rights } from '../../src/principals/access.ts';
import type { CalendarColumns, Store } from '../../storage/store.ts';
import { addCollection, addPerson } from './store.ts';

/** A person as services see it. */
export async function person(store: Store, name: string): Promise<Principal> {
  const id = await addPerson(store, name);
  const row = await store.principals.get(id);
  if (row === undefined) throw new Error('The person was not added.');
  return { ...row, addresses: await store.principals.addresses(id) };
}

/** A calendar of a person, as that person sees it or with other rights. */
export async function calendar(
  store: Store,
  owner: Principal,
  segment: string,
  columns: Partial<CalendarColumns> = {},
  rights: Rights = ALL_RIGHTS,
): Promise<Collection> {
  const id = await addCollection(store, owner.id, 'calendar', segment);
  await store.transaction((write) =>
    write.collections.setCalendar(id, { components: 'VEVENT,VTODO', timeZone: '', transparent: 0, ...columns }),
  );
  const row = await store.collections.get(id);
  if (row === undefined) throw new Error('The calendar was not added.');
  return { ...row, owner, rights };
}

/** An iCalendar object around these lines of one component. */
export function icalendar(component: string, ...lines: string[]): string {
  const all = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Convene//Tests//EN', `BEGIN:${component}`, ...lines];
  return `${[...all, `END:${component}`, 'END:VCALENDAR'].join('\r\n')}\r\n`;
}

/** An event of an hour; `lines` come after UID, DTSTAMP and DTSTART. */
export function event(uid: string, start = '20260302T100000Z', ...lines: string[]): string {
  return icalendar('VEVENT', `UID:${uid}`, 'DTSTAMP:20260101T000000Z', `DTSTART:${start}`, 'DURATION:PT1H', ...lines);
}

/** A precondition that lets everything pass. */
export const always = (): void => {};
