/** Backups of a running server: complete, consistent, put back whole or in part, and never mistaken for what was lost. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Backups } from '../../../src/administration/backups.ts';
import { restoreWhole } from '../../../src/administration/whole-restore.ts';
import { startServer, type TestServer, type TestUser } from '../../support/server.ts';
import { addPerson, temporaryFolder, temporaryStore } from '../../support/store.ts';

const EVENT = (uid: string, title: string) =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nBEGIN:VEVENT\r\nUID:${uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20261201T090000Z\r\nDTEND:20261201T100000Z\r\nSUMMARY:${title}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`;
const CARD = (uid: string, name: string) =>
  `BEGIN:VCARD\r\nVERSION:3.0\r\nUID:${uid}\r\nFN:${name}\r\nN:${name};;;;\r\nEND:VCARD\r\n`;

async function put(server: TestServer, user: TestUser, path: string, body: string): Promise<void> {
  const type = path.endsWith('.vcf') ? 'text/vcard' : 'text/calendar';
  const { status } = await server.request(user, 'PUT', path, { headers: { 'Content-Type': type }, body });
  if (status >= 300) throw new Error(`PUT ${path}: ${status}`);
}

const calendarOf = (user: TestUser, name = '') => `/dav/calendars/${user.name}/calendar/${name}`;
const bookOf = (user: TestUser, name = '') => `/dav/addressbooks/${user.name}/addressbook/${name}`;

async function textOf(server: TestServer, user: TestUser, path: string): Promise<string | number> {
  const { status, text } = await server.request(user, 'GET', path);
  return status === 200 ? text : status;
}

async function syncToken(server: TestServer, user: TestUser): Promise<string> {
  const body = '<propfind xmlns="DAV:"><prop><sync-token/></prop></propfind>';
  const { text } = await server.request(user, 'PROPFIND', calendarOf(user), { headers: { Depth: '0' }, body });
  return /<sync-token[^>]*>([^<]+)</.exec(text.replace(/<(\/?)\w+:/g, '<$1'))?.[1] ?? '';
}

async function sync(server: TestServer, user: TestUser, token: string): Promise<{ status: number; text: string }> {
  const body = `<sync-collection xmlns="DAV:"><sync-token>${token}</sync-token><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>`;
  return server.request(user, 'REPORT', calendarOf(user), { body });
}

t.test('a backup under load holds what was acknowledged before it, and is restored elsewhere', async (t) => {
  const server = await startServer(t);
  const anna = await server.addUser('anna');
  for (let i = 0; i < 20; i++) await put(server, anna, calendarOf(anna, `${i}.ics`), EVENT(`u${i}`, `Event ${i}`));
  await put(server, anna, bookOf(anna, 'c.vcf'), CARD('c', 'Cleo'));
  const token = await syncToken(server, anna);
  const folder = join(temporaryFolder(t), 'saved');
  let going = true;
  const load = (async () => {
    for (let i = 20; going; i++) await put(server, anna, calendarOf(anna, `${i}.ics`), EVENT(`u${i}`, `Event ${i}`));
  })();
  const made = await server.app.backups.make(folder);
  going = false;
  await load;
  t.same(readdirSync(folder).sort(), ['convene.sqlite', 'manifest.json', 'secret.key']);
  t.equal(statSync(folder).mode & 0o077, 0, 'nobody else may read it');
  t.ok(made.octets > 10_000);
  await t.rejects(server.app.backups.make(folder), { code: 'already-exists' });
  await put(server, anna, calendarOf(anna, 'later.ics'), EVENT('later', 'Later'));
  const lost = await syncToken(server, anna);
  t.equal((await sync(server, anna, lost)).status, 207);

  const data = temporaryFolder(t);
  await t.rejects(restoreWhole(folder, server.data, true, Date.now), { code: 'locked' }, 'not under a running server');
  await restoreWhole(folder, data, false, Date.now);
  await t.rejects(restoreWhole(folder, data, false, Date.now), { code: 'already-exists' });
  const restored = await startServer(t, { data });
  for (let i = 0; i < 20; i++)
    t.equal(await textOf(restored, anna, calendarOf(anna, `${i}.ics`)), EVENT(`u${i}`, `Event ${i}`));
  t.equal(await textOf(restored, anna, bookOf(anna, 'c.vcf')), CARD('c', 'Cleo'));
  t.equal(await textOf(restored, anna, calendarOf(anna, 'later.ics')), 404);
  const good = await sync(restored, anna, token);
  t.equal(good.status, 207, 'a token that the backup knows stays good');
  await put(restored, anna, calendarOf(anna, 'after.ics'), EVENT('after', 'After'));
  t.equal((await sync(restored, anna, lost)).status, 403, 'one of the lost time does not');
  const after = await restored.store.calendarObjects.get(
    (await restored.store.collections.bySegment(anna.id, 'calendars', 'calendar'))?.id ?? 0,
    'after.ics',
  );
  t.ok((after?.id ?? 0) > 10_000_000, 'ids leap over those of the lost time');
});

t.test('a damaged backup is not restored, and what was there before is kept', async (t) => {
  const folder = join(temporaryFolder(t), 'saved');
  const data = temporaryFolder(t);
  const store = await temporaryStore(t, {}, data);
  await addPerson(store, 'anna');
  const settings = { data, backupHours: 24, backupFolder: undefined, backupsKept: 2 };
  await new Backups(store, settings, 'test', () => 1_000).make(folder);
  await addPerson(store, 'bob');
  await store.close();
  const before = readFileSync(join(folder, 'convene.sqlite'));
  const flipped = Buffer.from(before);
  const at = flipped.length - 100;
  flipped[at] = (flipped[at] ?? 0) ^ 1;
  writeFileSync(join(folder, 'convene.sqlite'), flipped);
  await t.rejects(
    restoreWhole(folder, data, true, () => 5_000_000),
    { code: 'invalid-data', message: /damaged/ },
  );
  writeFileSync(join(folder, 'convene.sqlite'), before);
  const done = await restoreWhole(folder, data, true, () => 5_000_000);
  t.ok(existsSync(join(done.before ?? '', 'convene.sqlite')), 'what was there before is kept');
  const again = await temporaryStore(t, {}, data);
  t.ok(await again.principals.byName('anna'));
  t.equal(await again.principals.byName('bob'), undefined);
});

t.test('backups by the clock: when one is due, and only as many as are kept', async (t) => {
  const data = temporaryFolder(t);
  const store = await temporaryStore(t, {}, data);
  let now = Date.UTC(2026, 0, 1);
  const settings = { data, backupHours: 24, backupFolder: undefined, backupsKept: 2 };
  const backups = new Backups(store, settings, 'test', () => now);
  const { signal } = new AbortController();
  const names = () => readdirSync(join(data, 'backups')).sort();
  await backups.schedule.run(signal);
  await backups.schedule.run(signal);
  t.same(names(), ['convene-20260101T000000Z'], 'not twice');
  for (let day = 1; day < 4; day++) {
    now = Date.UTC(2026, 0, 1 + day, 1);
    await new Backups(store, settings, 'test', () => now).schedule.run(signal);
  }
  t.same(names(), ['convene-20260103T010000Z', 'convene-20260104T010000Z']);
  await new Backups(store, { ...settings, backupHours: 0 }, 'test', () => now * 2).schedule.run(signal);
  t.equal(names().length, 2, 'never');
});

t.test('parts of a backup: an item, a collection, a person', async (t) => {
  const server = await startServer(t);
  const anna = await server.addUser('anna');
  await put(server, anna, calendarOf(anna, 'a.ics'), EVENT('a', 'First'));
  await put(server, anna, calendarOf(anna, 'b.ics'), EVENT('b', 'Second'));
  await put(server, anna, bookOf(anna, 'c.vcf'), CARD('c', 'Cleo'));
  const parent = mkdtempSync(join(tmpdir(), 'convene-test-'));
  t.teardown(() => rmSync(parent, { recursive: true, force: true }));
  const folder = join(parent, 'saved');
  await server.app.backups.make(folder);
  const restore = (collection?: string, item?: string) =>
    server.app.restoring.restore(folder, { user: 'anna', collection, item });

  await put(server, anna, calendarOf(anna, 'a.ics'), EVENT('a', 'Changed'));
  await server.request(anna, 'DELETE', calendarOf(anna, 'b.ics'));
  await put(server, anna, calendarOf(anna, 'new.ics'), EVENT('new', 'New'));
  const token = await syncToken(server, anna);
  t.match(await restore('calendars/calendar', 'a.ics'), [{ counts: { added: 0, replaced: 1 } }]);
  t.equal(await textOf(server, anna, calendarOf(anna, 'a.ics')), EVENT('a', 'First'));
  t.equal(await textOf(server, anna, calendarOf(anna, 'b.ics')), 404);
  await t.rejects(restore('calendars/calendar', 'none.ics'), { code: 'not-found' });
  await t.rejects(restore('calendars/none'), { code: 'not-found' });

  t.match(await restore('calendars/calendar'), [{ counts: { added: 1, replaced: 0, same: 1 } }]);
  t.equal(await textOf(server, anna, calendarOf(anna, 'b.ics')), EVENT('b', 'Second'));
  t.equal(await textOf(server, anna, calendarOf(anna, 'new.ics')), EVENT('new', 'New'), 'what came since stays');
  const changes = await sync(server, anna, token);
  t.match(changes.text, /a\.ics/);
  t.match(changes.text, /b\.ics/);

  await server.app.principals.add({ address: 'own@example.org', password: 'own-password', role: 'owner' });
  await server.app.principals.remove('anna');
  t.equal((await server.request(anna, 'GET', calendarOf(anna, 'a.ics'))).status, 401);
  await restore();
  t.equal(await textOf(server, anna, calendarOf(anna, 'a.ics')), EVENT('a', 'First'), 'with the old password');
  t.equal(await textOf(server, anna, bookOf(anna, 'c.vcf')), CARD('c', 'Cleo'));
  t.same(
    readdirSync(server.data).filter((name) => name.startsWith('restore-')),
    [],
    'nothing is left aside',
  );
});
