/** Collections as principals see them, and the properties kept on them. */
import t from 'tap';
import { Collections } from '../../../src/collections/collections.ts';
import { etagOf } from '../../../src/collections/etag.ts';
import { KeptProperties } from '../../../src/collections/kept-properties.ts';
import type { Principal } from '../../../src/principals/access.ts';
import { Directory } from '../../../src/principals/directory.ts';
import type { Store } from '../../../storage/store.ts';
import { addPerson, temporaryStore } from '../../support/store.ts';

const CALENDAR = { kind: 'calendar', columns: { components: 'VEVENT', timeZone: '', transparent: 0 } } as const;

async function person(store: Store, name: string): Promise<Principal> {
  const row = await store.principals.get(await addPerson(store, name));
  if (row === undefined) throw new Error('nobody');
  return { ...row, addresses: [`${name}@example.com`] };
}

async function scene(t: Parameters<typeof temporaryStore>[0]) {
  const store = await temporaryStore(t);
  const ada = await person(store, 'ada');
  const bob = await person(store, 'bob');
  const collections = new Collections(store, new Directory(store), () => 5_000);
  const keptProperties = new KeptProperties(store);
  const work = await collections.create(ada, ada, 'calendars', 'work', CALENDAR);
  const share = (rights: 'read' | 'free-busy' | 'manage') =>
    store.transaction((write) =>
      write.grants.add({ accountId: ada.id, collectionId: work.id, granteeId: bob.id, rights, createdAt: 1 }),
    );
  const as = (viewer: Principal) => collections.find(viewer, ada, 'calendars', 'work');
  return { store, ada, bob, collections, keptProperties, work, share, as };
}

t.test('what is not shared is not there', async (t) => {
  const { ada, bob, collections, share, as } = await scene(t);
  t.match(await as(ada), { segment: 'work', components: 'VEVENT', rights: { manage: true } });
  t.equal(await as(bob), undefined);
  t.same(await collections.list(bob, ada, 'calendars'), []);
  await share('free-busy');
  t.match(await as(bob), { rights: { freeBusy: true, read: false } });
  t.same(await collections.list(bob, ada, 'calendars'), [], 'busy times are not a listing');
  await share('read');
  t.match(await as(bob), { owner: { name: 'ada' }, rights: { read: true, write: false, manage: false } });
  t.equal((await collections.list(bob, ada, 'calendars')).length, 1);
});

t.test('making, renaming, copying, deleting', async (t) => {
  const { store, ada, bob, collections, keptProperties, work, share, as } = await scene(t);
  await t.rejects(collections.create(ada, ada, 'calendars', 'work', CALENDAR), { code: 'already-exists' });
  await t.rejects(collections.create(bob, ada, 'calendars', 'new', CALENDAR), { code: 'forbidden' });
  for (const name of ['', '.', '..', 'a/b', 'a\u0000', 'inbox', 'outbox', 'x'.repeat(256)])
    await t.rejects(collections.create(ada, ada, 'calendars', name, CALENDAR), { code: 'forbidden' }, name.slice(0, 9));
  await share('read');
  const seen = await as(bob);
  if (seen === undefined) throw new Error('not shared');
  await t.rejects(collections.remove(seen), { code: 'forbidden' });
  await t.rejects(collections.rename(bob, seen, 'mine', true), { code: 'forbidden' });

  await collections.create(ada, ada, 'calendars', 'second', CALENDAR);
  await t.rejects(collections.rename(ada, work, 'second', false), { code: 'already-exists' });
  t.same(await collections.rename(ada, work, 'second', true), { created: false });
  t.equal(await as(ada), undefined);
  const renamed = await collections.find(ada, ada, 'calendars', 'second');
  t.equal(renamed?.id, work.id, 'it stays the same collection');
  t.ok((renamed?.modseq ?? 0) > work.modseq);

  const keep = { owner: 'collection', id: work.id, accountId: ada.id } as const;
  await keptProperties.change(ada, keep, [{ namespace: 'urn:x', name: 'n', xml: '<n/>', scope: 'personal' }], {
    transparent: 1,
  });
  const { copy, created } = await collections.copyEmpty(ada, { ...work, transparent: 1 }, ada, 'copy', false);
  t.equal(created, true);
  t.not(copy.id, work.id);
  t.equal(copy.transparent, 1);
  const kept = await keptProperties.list(ada, { owner: 'collection', id: copy.id, accountId: ada.id });
  t.same(
    kept.map(({ name }) => name),
    ['n'],
  );
  await collections.remove(copy);
  t.equal(await store.collections.get(copy.id), undefined);
});

t.test('each sees an own value, or that of the owner', async (t) => {
  const { ada, bob, collections, keptProperties, work } = await scene(t);
  const holder = { owner: 'collection', id: work.id, accountId: ada.id } as const;
  const set = (viewer: Principal, xml: string | undefined, scope: 'personal' | 'shared' = 'personal') =>
    keptProperties.change(viewer, holder, [{ namespace: 'urn:x', name: 'colour', xml, scope }]);
  const seen = async (viewer: Principal) => (await keptProperties.list(viewer, holder)).map(({ xml }) => xml);
  await set(ada, '<red/>');
  t.same(await seen(bob), ['<red/>']);
  await set(bob, '<blue/>');
  t.same([await seen(ada), await seen(bob)], [['<red/>'], ['<blue/>']]);
  await set(bob, undefined);
  t.same(await seen(bob), ['<red/>']);
  await set(bob, '<green/>', 'shared');
  t.same([await seen(ada), await seen(bob)], [['<green/>'], ['<green/>']]);
  const before = (await collections.find(ada, ada, 'calendars', 'work'))?.modseq ?? 0;
  await t.rejects(set(ada, `<x>${'x'.repeat(2e6)}</x>`), { code: 'limit-exceeded' });
  t.equal((await collections.find(ada, ada, 'calendars', 'work'))?.modseq, before, 'a refusal changes nothing');
});

t.test('a home has an end', async (t) => {
  const { store, ada, collections } = await scene(t);
  await store.transaction(async (write) => {
    const modseq = await write.accounts.nextModseq(ada.id, []);
    for (let i = 1; i < 1000; i++) {
      const collectionId = await write.collections.add({
        accountId: ada.id,
        kind: 'addressbook',
        modseq,
        createdAt: 1,
      });
      await write.collections.bind({
        principalId: ada.id,
        collectionId,
        home: 'addressbooks',
        segment: `${i}`,
        now: 1,
      });
    }
  });
  await collections.create(ada, ada, 'addressbooks', 'last', { kind: 'addressbook' });
  await t.rejects(collections.create(ada, ada, 'addressbooks', 'more', { kind: 'addressbook' }), {
    code: 'limit-exceeded',
  });
});

t.test('the same octets have the same tag', async (t) => {
  t.match(etagOf('x'), /^[\w-]{22}$/);
  t.equal(etagOf('x'), etagOf('x'));
  t.not(etagOf('x'), etagOf('y'));
});
