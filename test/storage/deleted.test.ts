/** What is deleted is kept for a time, and then goes for good. */
import t from 'tap';
import { expireDeleted } from '../../src/housekeeping.ts';
import { addCollection, addObject, addPerson, temporaryStore } from '../support/store.ts';

t.test('members and collections are kept, and purging leaves them until they expire', async (t) => {
  let now = 1_000;
  const store = await temporaryStore(t, { now: () => now });
  const anna = await addPerson(store, 'anna');
  const calendar = await addCollection(store, anna, 'calendar', 'work');
  const inbox = await addCollection(store, anna, 'calendar', 'inbox');
  await addObject(store, anna, calendar, 'a.ics');
  await addObject(store, anna, calendar, 'b.ics');
  await addObject(store, anna, inbox, 'c.ics');
  await store.transaction(async (write) => {
    const modseq = await write.accounts.nextModseq(anna, [calendar, inbox]);
    for (const [collection, name] of [
      [calendar, 'a.ics'],
      [inbox, 'c.ics'],
    ] as const) {
      const row = await write.calendarObjects.get(collection, name);
      if (row !== undefined) await write.calendarObjects.remove(row, anna, modseq);
    }
    await write.collections.remove(calendar, await write.accounts.nextModseq(anna, []));
  });
  const kept = await store.deleted.members(anna, 10);
  t.match(kept, [{ name: 'a.ics', kind: 'calendar-object', deletedAt: 1_000, collectionId: calendar }]);
  t.equal(kept.length, 1, 'not what scheduling put into the inbox');
  t.match(await store.deleted.member(kept[0]?.id ?? 0), { data: 'data of a.ics' });
  t.match(await store.deleted.collections(anna), [{ collectionId: calendar, home: 'calendars', segment: 'work' }]);
  t.equal(await store.transaction((write) => write.purge.step(100)), 0, 'purging leaves it alone');
  t.ok(await store.calendarObjects.get(calendar, 'b.ics'));

  now = 5_000;
  await expireDeleted(store, 1_000, new AbortController().signal);
  t.equal((await store.deleted.members(anna, 10)).length, 1, 'not yet');
  await expireDeleted(store, 1_001, new AbortController().signal);
  t.same(await store.deleted.members(anna, 10), []);
  while ((await store.transaction((write) => write.purge.step(100))) > 0);
  t.equal(await store.calendarObjects.get(calendar, 'b.ics'), undefined);
});
