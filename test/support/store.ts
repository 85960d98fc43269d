/** A store in a temporary folder, and the people and collections that tests of storage and services start from. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type OpenOptions, openStore } from '../../storage/open.ts';
import type { CalendarObjectRow, CardRow, CollectionKind, Store } from '../../storage/store.ts';

/** A folder that goes when the test ends. */
export function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'convene-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An open store that is closed, and its folder removed, when the test ends. */
export async function temporaryStore(
  t: Test,
  options: Partial<OpenOptions> = {},
  folder = temporaryFolder(t),
): Promise<Store> {
  const store = await openStore(folder, { now: () => 1_000, version: 'test', ...options });
  t.teardown(() => store.close());
  return store;
}

/** Adds a person; the organisation and domain are made when missing. Returns the id. */
export function addPerson(store: Store, name: string): Promise<number> {
  return store.transaction(async (write) => {
    const organisationId = (await write.organisations.list())[0]?.id ?? (await write.organisations.add('Example', 1));
    const domainId =
      (await write.organisations.domain('example.com'))?.id ??
      (await write.organisations.addDomain(organisationId, 'example.com', 1));
    const id = await write.principals.add(
      {
        organisationId,
        kind: 'individual',
        name,
        displayName: name,
        uuid: `uuid-${name}`,
        role: 'member',
        createdAt: 1,
      },
      7,
    );
    await write.principals.addAddress(id, domainId, `${name}@example.com`, 0);
    return id;
  });
}

/** Adds a collection and binds it where its owner sees it. Returns the id. */
export function addCollection(store: Store, owner: number, kind: CollectionKind, segment: string): Promise<number> {
  return store.transaction(async (write) => {
    const modseq = await write.accounts.nextModseq(owner, []);
    const id = await write.collections.add({ accountId: owner, kind, modseq, createdAt: 1 });
    const home = kind === 'calendar' ? 'calendars' : 'addressbooks';
    if (kind === 'calendar')
      await write.collections.setCalendar(id, { components: 'VEVENT', timeZone: '', transparent: 0 });
    await write.collections.bind({ principalId: owner, collectionId: id, home, segment, now: 1 });
    return id;
  });
}

/** A row of a calendar object that begins at `start` and lasts an hour. */
export function objectRow(
  collectionId: number,
  name: string,
  modseq: number,
  start = 0,
): Omit<CalendarObjectRow, 'id'> {
  return {
    collectionId,
    name,
    icalUid: name,
    component: 'VEVENT',
    etag: `etag-${name}-${modseq}`,
    scheduleTag: null,
    method: null,
    size: 4,
    modseq,
    createdAt: 1,
    modifiedAt: 1,
    firstStart: start,
    lastEnd: start + 3_600_000,
    recurring: 0,
    indexedFrom: Number.MIN_SAFE_INTEGER,
    indexedUntil: Number.MAX_SAFE_INTEGER,
  };
}

/** A row of a card. */
export function cardRow(collectionId: number, name: string, modseq: number): Omit<CardRow, 'id'> {
  return {
    collectionId,
    name,
    cardUid: name,
    version: '3.0',
    kind: 'individual',
    etag: `etag-${name}-${modseq}`,
    size: 4,
    modseq,
    createdAt: 1,
    modifiedAt: 1,
  };
}

/** Stores an event of an hour under a name; returns its id. */
export function addObject(
  store: Store,
  accountId: number,
  collectionId: number,
  name: string,
  start = 0,
): Promise<number> {
  return store.transaction(async (write) => {
    const modseq = await write.accounts.nextModseq(accountId, [collectionId]);
    return write.calendarObjects.add(objectRow(collectionId, name, modseq, start), `data of ${name}`, [
      { startAt: start, endAt: start + 3_600_000, floating: 0, busy: 1 },
    ]);
  });
}
