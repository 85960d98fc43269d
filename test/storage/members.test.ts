/** Members, their change log and their index: what the tables promise to sync, queries and purging. */
import t from 'tap';
import type { Store } from '../../storage/store.ts';
import { addCollection, addObject, addPerson, cardRow, objectRow, temporaryStore } from '../support/store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = { modseq: 0, memberId: 0 };

async function calendarOf(t: Parameters<typeof temporaryStore>[0]) {
  const store = await temporaryStore(t);
  const owner = await addPerson(store, 'anna');
  return { store, owner, calendar: await addCollection(store, owner, 'calendar', 'work') };
}

async function removeObject(store: Store, owner: number, calendar: number, name: string) {
  await store.transaction(async (write) => {
    const modseq = await write.accounts.nextModseq(owner, [calendar]);
    const row = await write.calendarObjects.get(calendar, name);
    if (row !== undefined) await write.calendarObjects.remove(row, owner, modseq);
  });
}

t.test('the log pages through members in order of (modseq, id), also within one modseq', async (t) => {
  const { store, owner, calendar } = await calendarOf(t);
  await store.transaction(async (write) => {
    const modseq = await write.accounts.nextModseq(owner, [calendar]);
    for (const name of ['a', 'b', 'c']) await write.calendarObjects.add(objectRow(calendar, name, modseq), name, []);
  });
  await addObject(store, owner, calendar, 'd');
  const names: string[] = [];
  let after = START;
  for (;;) {
    const page = await store.calendarObjects.listing(calendar, after, 2);
    const last = page.at(-1);
    if (last === undefined) break;
    names.push(...page.map(([, name]) => name));
    after = { modseq: last[3], memberId: last[0] };
  }
  t.same(names, ['a', 'b', 'c', 'd']);
  t.same(
    (await store.calendarObjects.page(calendar, START, 10)).map((row) => row.name),
    names,
  );
});

t.test('tombstones are one row for each name and vanish when the name is taken again', async (t) => {
  const { store, owner, calendar } = await calendarOf(t);
  for (let round = 0; round < 3; round += 1) {
    await addObject(store, owner, calendar, 'a');
    t.same(await store.tombstones.page(calendar, START, 10), []);
    await removeObject(store, owner, calendar, 'a');
    t.equal((await store.tombstones.page(calendar, START, 10)).length, 1);
  }
  const [tombstone] = await store.tombstones.page(calendar, START, 10);
  t.equal(tombstone?.modseq, (await store.collections.get(calendar))?.modseq);
  t.same(
    await store.tombstones.page(calendar, { modseq: tombstone?.modseq ?? 0, memberId: tombstone?.memberId ?? 0 }, 10),
    [],
  );
});

t.test('ids are never reused', async (t) => {
  const { store, owner, calendar } = await calendarOf(t);
  const first = await addObject(store, owner, calendar, 'a');
  await removeObject(store, owner, calendar, 'a');
  t.ok((await addObject(store, owner, calendar, 'a')) > first);
});

t.test('an object moves with its octets and its index, and is missed where it was', async (t) => {
  const { store, owner, calendar } = await calendarOf(t);
  const other = await addCollection(store, owner, 'calendar', 'other');
  const id = await addObject(store, owner, calendar, 'a', 5 * DAY);
  await store.transaction(async (write) => {
    const modseq = await write.accounts.nextModseq(owner, [calendar, other]);
    const row = await write.calendarObjects.get(calendar, 'a');
    if (row !== undefined) await write.calendarObjects.move(row, owner, { collectionId: other, name: 'b' }, modseq);
  });
  t.equal((await store.calendarObjects.get(other, 'b'))?.id, id);
  t.equal(await store.calendarObjects.data(id), 'data of a');
  t.same(
    (await store.calendarObjects.overlapping(other, 5 * DAY, 6 * DAY)).map((row) => row.id),
    [id],
  );
  t.same(await store.calendarObjects.overlapping(calendar, 5 * DAY, 6 * DAY), []);
  t.same(
    (await store.tombstones.page(calendar, START, 10)).map((row) => row.name),
    ['a'],
  );
});

t.test('occurrences are found where they overlap', async (t) => {
  const { store, owner, calendar } = await calendarOf(t);
  // name, start, end, floating
  const rows: [string, number, number, number][] = [
    ['hour', 10 * DAY, 10 * DAY + HOUR, 0],
    ['instant', 10 * DAY, 10 * DAY, 0],
    ['month', 0, 30 * DAY, 0],
    ['day', 9 * DAY, 10 * DAY, 0],
    ['floating', 11 * DAY, 11 * DAY + HOUR, 1],
  ];
  await store.transaction(async (write) => {
    for (const [name, startAt, endAt, floating] of rows) {
      const modseq = await write.accounts.nextModseq(owner, [calendar]);
      const busy = name === 'day' ? 0 : 1;
      await write.calendarObjects.add(objectRow(calendar, name, modseq), name, [{ startAt, endAt, floating, busy }]);
    }
  });
  const found = async (from: number, until: number) =>
    (await store.calendarObjects.overlapping(calendar, from, until)).map((row) => row.name).sort();
  t.same(await found(10 * DAY, 10 * DAY + HOUR), ['floating', 'hour', 'instant', 'month'], 'floating: a day wider');
  t.same(await found(10 * DAY + HOUR, 10 * DAY + 2 * HOUR), ['floating', 'month'], 'the end is not part of it');
  t.same(await found(9 * DAY + HOUR, 9 * DAY + 2 * HOUR), ['day', 'month']);
  t.same(await found(30 * DAY, 31 * DAY), []);
  t.same(await found(15 * DAY, 16 * DAY), ['month'], 'long ones reach far');
  const busy = await store.calendarObjects.busy(calendar, 9 * DAY + HOUR, 9 * DAY + 2 * HOUR);
  t.same(
    busy.map((row) => row.endAt),
    [30 * DAY],
    'free ones are not busy',
  );
});

t.test('recurring objects that the index does not cover are found by their bounds', async (t) => {
  const { store, owner, calendar } = await calendarOf(t);
  const recurring = { recurring: 1, indexedFrom: 100 * DAY, indexedUntil: 200 * DAY };
  await store.transaction(async (write) => {
    const modseq = await write.accounts.nextModseq(owner, [calendar]);
    const row = (name: string) => objectRow(calendar, name, modseq);
    await write.calendarObjects.add({ ...row('endless'), ...recurring, firstStart: 0, lastEnd: null }, 'x', []);
    await write.calendarObjects.add({ ...row('ended'), ...recurring, firstStart: 0, lastEnd: 150 * DAY }, 'x', []);
    await write.calendarObjects.add(row('single'), 'x', []);
  });
  const found = async (from: number, until: number) =>
    (await store.calendarObjects.outsideIndex(calendar, from, until)).map((row) => row.name).sort();
  t.same(await found(120 * DAY, 130 * DAY), [], 'inside the window the index answers');
  t.same(await found(300 * DAY, 301 * DAY), ['endless']);
  t.same(await found(10 * DAY, 11 * DAY), ['ended', 'endless']);
  t.same(
    (await store.calendarObjects.indexedUntilBefore(250 * DAY, 0, 10)).map((row) => row.name),
    ['endless'],
  );
});

t.test('cards keep octets apart from their row', async (t) => {
  const store = await temporaryStore(t);
  const owner = await addPerson(store, 'anna');
  const book = await addCollection(store, owner, 'addressbook', 'book');
  const add = (name: string) =>
    store.transaction(async (write) => {
      const modseq = await write.accounts.nextModseq(owner, [book]);
      return write.cards.add(cardRow(book, name, modseq), `card ${name}`);
    });
  await add('a.vcf');
  await add('b.vcf');
  const both = await store.cards.withData(book, ['b.vcf', 'a.vcf', 'none.vcf']);
  t.same(both.map((row) => row.data).sort(), ['card a.vcf', 'card b.vcf']);
  await t.rejects(add('a.vcf'), { code: 'unique' });
});

t.test('a removed collection is gone at once and purged in small steps', async (t) => {
  const { store, owner, calendar } = await calendarOf(t);
  for (let index = 0; index < 25; index += 1) await addObject(store, owner, calendar, `${index}`);
  await store.transaction(async (write) => {
    const modseq = await write.accounts.nextModseq(owner, [calendar]);
    await write.properties.set('collection', calendar, { principalId: 0, namespace: 'DAV:', name: 'x', xml: '<x/>' });
    await write.collections.remove(calendar, modseq);
  });
  t.equal(await store.collections.bySegment(owner, 'calendars', 'work'), undefined);
  const again = await addCollection(store, owner, 'calendar', 'work');
  t.ok(again > calendar, 'its place is free');
  t.equal(await store.transaction((write) => write.purge.step(10)), 0, 'it can be had back for a time');
  await store.transaction((write) => write.deleted.expire(1_001, 10));
  const steps: number[] = [];
  for (;;) {
    const gone = await store.transaction((write) => write.purge.step(10));
    if (gone === 0) break;
    steps.push(gone);
  }
  t.same(steps, [10, 10, 5, 1]);
  t.equal(await store.calendarObjects.count(calendar), 0);
  t.same(await store.properties.list('collection', calendar, 0), []);
  t.not(await store.collections.get(again), undefined, 'the new one stays');
});

t.test('a removed principal leaves nothing behind and frees its name', async (t) => {
  const { store, owner, calendar } = await calendarOf(t);
  await addObject(store, owner, calendar, 'a');
  await store.transaction((write) => write.principals.remove(owner));
  t.equal(await store.principals.byAddress('anna@example.com'), undefined);
  const again = await addPerson(store, 'anna');
  t.ok(again > owner);
  t.equal(await store.collections.bySegment(again, 'calendars', 'work'), undefined);
  while ((await store.transaction((write) => write.purge.step(10))) > 0);
  t.equal(await store.accounts.get(owner), undefined);
  t.not(await store.accounts.get(again), undefined);
});

t.test('a renamed collection leaves a tombstone in its account, and a new one takes it away', async (t) => {
  const { store, owner, calendar } = await calendarOf(t);
  await store.transaction(async (write) => {
    const modseq = await write.accounts.nextModseq(owner, [calendar]);
    const row = await write.collections.get(calendar);
    if (row !== undefined) await write.collections.rebind(row, 'renamed', modseq);
  });
  t.equal((await store.collections.bySegment(owner, 'calendars', 'renamed'))?.id, calendar);
  t.same(
    (await store.tombstones.page(0, START, 10)).map((row) => row.name),
    ['calendars/work'],
  );
  await addCollection(store, owner, 'calendar', 'work');
  t.same(await store.tombstones.page(0, START, 10), []);
});
