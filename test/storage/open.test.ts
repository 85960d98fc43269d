/** Opening a store: the lock, the boots, and migrations that refuse what they do not know. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t from 'tap';
import { migrate, readMigrations } from '../../storage/migrate.ts';
import { openStore } from '../../storage/open.ts';
import { addCollection, addPerson, temporaryFolder, temporaryStore } from '../support/store.ts';

const options = { now: () => 1, version: 'test' };

t.test('one process holds the folder', async (t) => {
  const folder = temporaryFolder(t);
  const store = await openStore(folder, options);
  await t.rejects(openStore(folder, options), { name: 'StoreError', code: 'locked' });
  await store.close();
  await (await openStore(folder, options)).close();
});

t.test('each start is a boot, and an account knows its first modseq in each boot it was written in', async (t) => {
  const folder = temporaryFolder(t);
  const first = await openStore(folder, options);
  const owner = await addPerson(first, 'anna');
  const calendar = await addCollection(first, owner, 'calendar', 'work');
  await first.close();
  const second = await openStore(folder, options);
  t.equal(second.boot, first.boot + 1);
  t.equal(await second.accounts.firstModseqAfterBoot(owner, first.boot), undefined, 'not written since');
  await second.close();
  const third = await openStore(folder, options);
  await third.transaction((write) => write.accounts.nextModseq(owner, [calendar]));
  await third.transaction((write) => write.accounts.nextModseq(owner, [calendar]));
  t.equal(await third.accounts.firstModseqAfterBoot(owner, first.boot), 2);
  t.equal(await third.accounts.firstModseqAfterBoot(owner, second.boot), 2);
  t.equal(await third.accounts.firstModseqAfterBoot(owner, third.boot), undefined);
  t.same(await Promise.all([first.boot, third.boot, 99].map((boot) => third.accounts.bootExists(boot))), [
    true,
    true,
    false,
  ]);
  await third.close();
});

t.test('migrations apply once, forward only', async (t) => {
  const database = new Database(join(temporaryFolder(t), 'migrations.sqlite'));
  t.teardown(() => database.close());
  const [initial] = readMigrations();
  if (initial === undefined) throw new Error('there is no migration');
  const next = { name: '0002_next.sql', sql: 'CREATE TABLE next (id INTEGER)', hash: 'next' };
  const broken = { name: '0003_broken.sql', sql: 'CREATE TABLE half (id INTEGER); SELECT nonsense', hash: 'broken' };
  migrate(database, [initial], 1);
  migrate(database, [initial, next], 2);
  migrate(database, [initial, next], 3);
  t.same(database.prepare('SELECT name, applied_at FROM migrations').raw().all(), [
    [initial.name, 1],
    [next.name, 2],
  ]);
  t.throws(() => migrate(database, [initial, next, broken], 4), /nonsense/);
  t.equal(database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'half'").get(), undefined, 'all of it or nothing');
  t.throws(() => migrate(database, [initial, { ...next, hash: 'edited' }], 5), {
    code: 'damaged',
    message: /was changed/,
  });
  t.throws(() => migrate(database, [initial], 6), { code: 'damaged', message: /newer version/ });
});

t.test('the files are for the owner alone', async (t) => {
  const folder = join(temporaryFolder(t), 'data');
  await temporaryStore(t, {}, folder);
  const { statSync } = await import('node:fs');
  t.equal(statSync(folder).mode & 0o777, 0o700);
  t.equal(statSync(join(folder, 'convene.sqlite')).mode & 0o777, 0o600);
});

t.test('a store that can be written says so', async (t) => {
  const store = await temporaryStore(t);
  t.equal(await store.writable(), true);
  await store.settings.get('last-probe').then((value) => t.equal(value, '1000'));
});
