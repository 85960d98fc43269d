/** The promises of the writer: durable before acknowledged, shared flushes, failures that undo themselves alone. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { openConnection } from '../../storage/connection.ts';
import { type ChangeHint, StoreError } from '../../storage/store.ts';
import { addCollection, addObject, addPerson, objectRow, temporaryFolder, temporaryStore } from '../support/store.ts';

t.test('every connection runs with WAL, FULL flushes and the settings that keep data safe', async (t) => {
  const path = join(temporaryFolder(t), 'settings.sqlite');
  for (const readonly of [false, true]) {
    const { database } = openConnection(path, { readonly });
    const settings = [
      'journal_mode',
      'synchronous',
      'foreign_keys',
      'trusted_schema',
      'cell_size_check',
      'secure_delete',
    ];
    const values = settings.map((name) => database.pragma(name, { simple: true }));
    t.same(values, ['wal', 2, 1, 0, 1, 1], readonly ? 'reader' : 'writer');
    database.close();
  }
});

t.test('waiting transactions share one commit and one failure undoes itself alone', async (t) => {
  const store = await temporaryStore(t);
  const owner = await addPerson(store, 'anna');
  const calendar = await addCollection(store, owner, 'calendar', 'work');
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      store.transaction(async (write) => {
        const modseq = await write.accounts.nextModseq(owner, [calendar]);
        await write.calendarObjects.add(objectRow(calendar, `${index}.ics`, modseq), 'x', []);
        if (index % 5 === 3) throw new Error(`refused ${index}`);
        return modseq;
      }),
    ),
  );
  t.same(
    results.map((result) => (result.status === 'rejected' ? String(result.reason) : result.value)).slice(0, 5),
    [2, 3, 4, 'Error: refused 3', 5],
    'the refused transaction gave its modseq back',
  );
  t.equal(await store.calendarObjects.count(calendar), 16);
  t.equal(await store.calendarObjects.get(calendar, '3.ics'), undefined);
  t.equal((await store.collections.get(calendar))?.modseq, 17);
});

t.test('an answer comes after the commit, never before', async (t) => {
  const folder = temporaryFolder(t);
  const store = await temporaryStore(t, {}, folder);
  const owner = await addPerson(store, 'anna');
  const calendar = await addCollection(store, owner, 'calendar', 'work');
  const outside = new Database(join(folder, 'convene.sqlite'), { readonly: true });
  t.teardown(() => outside.close());
  const count = outside.prepare('SELECT COUNT(*) FROM calendar_objects').pluck();
  await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      await addObject(store, owner, calendar, `${index}.ics`);
      t.ok((count.get() as number) > index - 30, 'visible to another connection once acknowledged');
      t.not(outside.prepare('SELECT 1 FROM calendar_objects WHERE name = ?').get(`${index}.ics`), undefined);
    }),
  );
});

t.test('readers see the last commit while a transaction is open, without waiting', async (t) => {
  const store = await temporaryStore(t);
  const owner = await addPerson(store, 'anna');
  const calendar = await addCollection(store, owner, 'calendar', 'work');
  let during: number | undefined;
  await store.transaction(async (write) => {
    const modseq = await write.accounts.nextModseq(owner, [calendar]);
    await write.calendarObjects.add(objectRow(calendar, 'a.ics', modseq), 'x', []);
    during = await store.calendarObjects.count(calendar);
    t.equal(await write.calendarObjects.count(calendar), 1, 'the transaction sees its own write');
  });
  t.equal(during, 0, 'a reader does not');
  t.equal(await store.calendarObjects.count(calendar), 1);
});

t.test('a snapshot sees one state whatever is committed meanwhile', async (t) => {
  const store = await temporaryStore(t);
  const owner = await addPerson(store, 'anna');
  const calendar = await addCollection(store, owner, 'calendar', 'work');
  await addObject(store, owner, calendar, 'a.ics');
  const seen = await store.snapshot(async (read) => {
    const before = await read.calendarObjects.count(calendar);
    const outer = store.snapshot(async (other) => other.calendarObjects.count(calendar));
    const after = await read.calendarObjects.count(calendar);
    return { before, after, outer };
  });
  t.same([seen.before, seen.after, await seen.outer], [1, 1, 1]);
});

t.test('a collision is told apart from other errors and leaves the transaction usable', async (t) => {
  const store = await temporaryStore(t);
  const owner = await addPerson(store, 'anna');
  const calendar = await addCollection(store, owner, 'calendar', 'work');
  await addObject(store, owner, calendar, 'a.ics');
  const outcome = await store.transaction(async (write) => {
    const modseq = await write.accounts.nextModseq(owner, [calendar]);
    try {
      await write.calendarObjects.add(objectRow(calendar, 'a.ics', modseq), 'x', []);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      await write.calendarObjects.add(objectRow(calendar, 'b.ics', modseq), 'x', []);
      return error.code;
    }
  });
  t.equal(outcome, 'unique');
  t.not(await store.calendarObjects.get(calendar, 'b.ics'), undefined);
});

t.test('undefined is refused instead of being stored as NULL', async (t) => {
  const store = await temporaryStore(t);
  const name = undefined as unknown as string;
  await t.rejects(
    store.transaction((write) => write.settings.set('name', name)),
    TypeError,
  );
});

t.test('a transaction that waits for something else ends the process', async (t) => {
  const fatal: Error[] = [];
  const store = await temporaryStore(t, { onFatal: (error) => fatal.push(error) });
  await store
    .transaction(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
    })
    .catch(() => {});
  t.match(fatal[0]?.message, /waited for something that is not the store/);
  await t.rejects(
    store.transaction((write) => write.settings.set('a', 'b')),
    /waited/,
    'nothing is written any more',
  );
});

t.test('hints leave after the commit, for every collection a transaction touched', async (t) => {
  const hints: ChangeHint[] = [];
  const store = await temporaryStore(t, { onChange: (hint) => hints.push(hint) });
  const owner = await addPerson(store, 'anna');
  const one = await addCollection(store, owner, 'calendar', 'one');
  const two = await addCollection(store, owner, 'calendar', 'two');
  hints.length = 0;
  await store.transaction(async (write) => {
    await write.accounts.nextModseq(owner, [one, two]);
    t.same(hints, [], 'not before the commit');
  });
  t.same(hints, [
    { accountId: owner, collectionId: one, modseq: 3 },
    { accountId: owner, collectionId: two, modseq: 3 },
  ]);
  hints.length = 0;
  await t.rejects(
    store.transaction(async (write) => {
      await write.accounts.nextModseq(owner, [one]);
      throw new Error('no');
    }),
  );
  t.same(hints, [], 'nor from a transaction that failed');
});

/** A store that octets are put into, and how long its write-ahead log is: pages in it and the length of its file. */
async function storeWithLog(t: Test) {
  const folder = temporaryFolder(t);
  const store = await temporaryStore(t, {}, folder);
  const owner = await addPerson(store, 'anna');
  const [outside, reader] = [0, 1].map(() => new Database(join(folder, 'convene.sqlite'))) as [
    Database.Database,
    Database.Database,
  ];
  t.teardown(() => [outside, reader].map((database) => database.close()));
  const octets = Buffer.alloc(200_000, 1);
  let written = 0;
  const put = async (count: number, lanes = 1) => {
    for (let index = 0; index < count; index += lanes)
      await Promise.all(
        Array.from({ length: lanes }, () => {
          const own = Buffer.from(octets);
          own.writeUInt32BE(written++);
          return store.transaction((write) => write.blobs.put(owner, own.subarray(0, 4), own, 1));
        }),
      );
  };
  const pages = () => (outside.pragma('wal_checkpoint(NOOP)') as { log: number }[])[0]?.log ?? 0;
  const length = () => statSync(join(folder, 'convene.sqlite-wal')).size;
  return { put, pages, length, reader };
}

t.test('a write-ahead log stays short however fast transactions come', async (t) => {
  const { put, length } = await storeWithLog(t);
  await put(400, 8);
  t.ok(length() > 12_000_000 && length() < 72_000_000, `80 MB were written, the log has ${length()}`);
  const before = length();
  await put(200);
  t.ok(length() >= before && length() < 72_000_000, `it is written from its beginning again, not cut: ${length()}`);
});

t.test('a reader postpones the folding, and when it is gone the log begins again', async (t) => {
  const { put, pages, reader } = await storeWithLog(t);
  reader.exec('BEGIN; SELECT COUNT(*) FROM principals');
  await put(400);
  const long = pages();
  t.ok(long > 19_000, `${long} pages in the log beside a reader`);
  reader.exec('COMMIT');
  await put(400);
  t.ok(pages() < 17_000, `${pages()} without one`);
});
