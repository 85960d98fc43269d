/** The change log of a collection and the bookmarks into it. */
import fc from 'fast-check';
import t from 'tap';
import { type Change, Changes, LOG_START } from '../../../src/collections/changes.ts';
import { addCollection, addPerson, objectRow, temporaryFolder, temporaryStore } from '../../support/store.ts';

/** A collection that is written like any other, and a client that follows it. */
async function scene(t: Parameters<typeof temporaryStore>[0]) {
  const store = await temporaryStore(t);
  const owner = await addPerson(store, 'ada');
  const id = await addCollection(store, owner, 'calendar', 'work');
  const current = async () => {
    const row = await store.collections.get(id);
    if (row === undefined) throw new Error('the collection has gone');
    return row;
  };
  const put = (name: string) =>
    store.transaction(async (write) => {
      const modseq = await write.accounts.nextModseq(owner, [id]);
      const there = await write.calendarObjects.get(id, name);
      if (there === undefined) await write.calendarObjects.add(objectRow(id, name, modseq), 'x', []);
      else await write.calendarObjects.replace({ ...there, modseq, etag: `e${modseq}` }, 'x', []);
    });
  const remove = (name: string) =>
    store.transaction(async (write) => {
      const modseq = await write.accounts.nextModseq(owner, [id]);
      const there = await write.calendarObjects.get(id, name);
      if (there !== undefined) await write.calendarObjects.remove(there, owner, modseq);
    });
  return { store, changes: new Changes(store), owner, id, current, put, remove };
}

t.test('a client that follows in pieces knows what is there', async (t) => {
  const { store, changes, current, put, remove, id } = await scene(t);
  const step = fc.tuple(
    fc.constantFrom('put', 'remove', 'sync'),
    fc.nat(7),
    fc.integer({ min: 1, max: 4 }),
    fc.boolean(),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const known = new Map<string, string>();
      let position = LOG_START;
      let began = (await current()).modseq;
      const sync = async (limit: number, whole: boolean, once: boolean) => {
        for (;;) {
          const collection = await current();
          const steps = { after: position, until: collection.modseq, began };
          const page = await changes.since(collection, steps, limit, whole);
          for (const change of page.changes) apply(known, change);
          const last = page.changes[page.changes.length - 1];
          if (page.complete || last === undefined) {
            position = { modseq: collection.modseq, memberId: Number.MAX_SAFE_INTEGER };
            began = 0;
            return;
          }
          position = { modseq: last.modseq, memberId: last.memberId };
          if (once) return;
        }
      };
      for (const [what, which, limit, flag] of steps) {
        if (what === 'put') await put(`${which}.ics`);
        else if (what === 'remove') await remove(`${which}.ics`);
        else await sync(limit, flag, true);
      }
      await sync(3, false, false);
      const there = await store.calendarObjects.listing(id, LOG_START, 100);
      return JSON.stringify([...known].sort()) === JSON.stringify(there.map(([, name, etag]) => [name, etag]).sort());
    }),
    { numRuns: 40 },
  );
});

function apply(known: Map<string, string>, { name, etag, member }: Change): void {
  if (etag === undefined) known.delete(name);
  else known.set(name, member?.etag ?? etag);
}

t.test('departures are no news to who begins', async (t) => {
  const { changes, current, put, remove } = await scene(t);
  await put('a.ics');
  await put('b.ics');
  await remove('a.ics');
  const collection = await current();
  const all = { until: collection.modseq, after: LOG_START };
  t.same(
    (await changes.since(collection, { ...all, began: collection.modseq }, 10, false)).changes.map(({ name }) => name),
    ['b.ics'],
  );
  const later = await changes.since(collection, { ...all, began: 0 }, 10, false);
  t.same(
    later.changes.map(({ name, etag }) => [name, etag === undefined]),
    [
      ['b.ics', false],
      ['a.ics', true],
    ],
  );
});

t.test('bookmarks that are refused', async (t) => {
  const folder = temporaryFolder(t);
  const first = await temporaryStore(t, {}, folder);
  const owner = await addPerson(first, 'ada');
  const id = await addCollection(first, owner, 'calendar', 'work');
  const other = await addCollection(first, owner, 'calendar', 'other');
  const write = (store: typeof first) => store.transaction((write) => write.accounts.nextModseq(owner, [id, other]));
  await write(first);
  const row = async (store: typeof first, collectionId = id) => {
    const found = await store.collections.get(collectionId);
    if (found === undefined) throw new Error('the collection has gone');
    return found;
  };
  const mark = new Changes(first).bookmark(await row(first));
  await first.close();

  const second = await temporaryStore(t, {}, folder);
  const changes = new Changes(second);
  await write(second);
  const collection = await row(second);
  const invalid = { code: 'sync-token-invalid' };
  await t.resolves(changes.verify(collection, mark), 'of an earlier start');
  await t.resolves(changes.verify(collection, changes.bookmark(collection)), 'of this start');
  await t.rejects(changes.verify(await row(second, other), mark), invalid, 'of another collection');
  await t.rejects(changes.verify(collection, { ...mark, boot: 99 }), invalid, 'of a start that is not known');
  await t.rejects(changes.verify(collection, { ...mark, boot: 0 }), invalid, 'of no start');
  await t.rejects(
    changes.verify(collection, { ...mark, modseq: collection.modseq }),
    invalid,
    'past the end of its start',
  );
  await t.rejects(
    changes.verify(collection, { ...changes.bookmark(collection), modseq: 1e6 }),
    invalid,
    'of the future',
  );
  await t.rejects(
    changes.verify(collection, { ...changes.bookmark(collection), began: 1e6 }),
    invalid,
    'begun in the future',
  );
});
