/**
 * The collections a new individual, a new room and a new resource start with.
 * Elsewhere: making them (src/principals/principals.ts, rooms.ts), and the address book again (collections.ts).
 */
import type { CalendarColumns, CollectionKind, Home } from '../../storage/store.ts';

interface DefaultCollection {
  readonly home: Home;
  readonly segment: string;
  readonly kind: CollectionKind;
  readonly columns: CalendarColumns | undefined;
  readonly properties: readonly { namespace: string; name: string; xml: string; scope: 'personal' }[];
}

function named(title: string): DefaultCollection['properties'] {
  const xml = `<displayname xmlns="DAV:">${title}</displayname>`;
  return [{ namespace: 'DAV:', name: 'displayname', xml, scope: 'personal' }];
}

function calendar(segment: string, title: string, components: string): DefaultCollection {
  const columns = { components, timeZone: '', transparent: 0 };
  return { home: 'calendars', segment, kind: 'calendar', columns, properties: named(title) };
}

export const DEFAULT_ADDRESS_BOOK: DefaultCollection = {
  home: 'addressbooks',
  segment: 'addressbook',
  kind: 'addressbook',
  columns: undefined,
  properties: named('Contacts'),
};

export const DEFAULT_COLLECTIONS: readonly DefaultCollection[] = [
  // Busy time that others publish is kept among the events it is compared with.
  calendar('calendar', 'Calendar', 'VEVENT,VFREEBUSY'),
  calendar('tasks', 'Tasks', 'VTODO'),
  // Clients put nothing into these two, therefore no component.
  calendar('inbox', 'Inbox', ''),
  calendar('outbox', 'Outbox', ''),
  DEFAULT_ADDRESS_BOOK,
];

/** A room is booked in its calendar; requests arrive in its inbox. */
export const RESOURCE_COLLECTIONS: readonly DefaultCollection[] = [
  calendar('calendar', 'Bookings', 'VEVENT'),
  calendar('inbox', 'Inbox', ''),
  calendar('outbox', 'Outbox', ''),
];
