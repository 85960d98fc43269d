/** What `convene verify` finds: a single octet that changed, and every counter or index that is not what it should be. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t from 'tap';
import { verifyBackup, verifyStore } from '../../../src/administration/verification.ts';
import { startServer } from '../../support/server.ts';
import { temporaryFolder } from '../../support/store.ts';

const event = (uid: string, rest = '') =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nBEGIN:VEVENT\r\nUID:${uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20261201T090000\r\n${rest}SUMMARY:canary-in-the-event ${uid}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`;
const card = 'BEGIN:VCARD\r\nVERSION:3.0\r\nUID:c\r\nFN:canary-in-the-card\r\nN:C;;;;\r\nEND:VCARD\r\n';

t.test('a sound store, beside the running server and as a backup; then one flipped octet at a time', async (t) => {
  const data = temporaryFolder(t);
  const server = await startServer(t, { data });
  const anna = await server.addUser('anna');
  const put = (path: string, body: string, type: string) =>
    server.request(anna, 'PUT', path, { headers: { 'Content-Type': type }, body });
  for (const [i, rest] of [
    '',
    'RRULE:FREQ=DAILY\r\n',
    'RRULE:FREQ=WEEKLY;COUNT=10\r\nEXDATE:20261208T090000\r\n',
  ].entries())
    t.equal((await put(`/dav/calendars/anna/calendar/${i}.ics`, event(`e${i}`, rest), 'text/calendar')).status, 201);
  t.equal((await put('/dav/addressbooks/anna/addressbook/c.vcf', card, 'text/vcard')).status, 201);
  const octets = Buffer.from('canary-in-the-message '.repeat(100));
  const hash = createHash('sha256').update(octets).digest();
  const large = Buffer.alloc(300_000, 'canary-in-the-chunk ');
  await server.store.transaction(async (write) => {
    await write.blobs.put(anna.id, hash, octets, Date.now());
    const id = await write.blobs.open(anna.id, Date.now());
    await write.blobs.append(id, 0, large.subarray(0, 200_000));
    await write.blobs.append(id, 1, large.subarray(200_000));
    const digest = createHash('sha256').update(large).digest();
    await write.blobs.complete(id, anna.id, digest, large.length, Date.now());
  });
  const sound = await verifyStore(data);
  t.same(sound, { read: { 'calendar objects': 3, cards: 1, blobs: 2 }, problems: [] }, 'beside the running server');
  const backup = join(temporaryFolder(t), 'saved');
  await server.app.backups.make(backup);
  t.same((await verifyBackup(backup, temporaryFolder(t))).problems, []);
  await server.close();

  const path = join(data, 'convene.sqlite');
  const whole = readFileSync(path);
  t.notOk(existsSync(`${path}-wal`), 'everything is in one file');
  for (const [canary, found] of [
    ['canary-in-the-event e0', /calendar object \d+ .*not what was stored/],
    ['canary-in-the-card', /card \d+ .*not what was stored/],
    ['canary-in-the-message', /blob \d+ is not what was stored/],
    ['canary-in-the-chunk', /blob \d+ is not what was stored/],
  ] as const) {
    const damaged = Buffer.from(whole);
    const at = damaged.indexOf(canary) + 3;
    t.ok(at > 3, `${canary} is in the file`);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    writeFileSync(path, damaged);
    const { problems } = await verifyStore(data);
    t.equal(problems.length, 1, canary);
    t.match(problems[0], found);
  }
  const copied = readFileSync(join(backup, 'convene.sqlite'));
  copied[copied.length - 50] = (copied[copied.length - 50] ?? 0) ^ 1;
  writeFileSync(join(backup, 'convene.sqlite'), copied);
  t.match((await verifyBackup(backup, temporaryFolder(t))).problems, [/convene.sqlite is not the file that was saved/]);

  const damaged = Buffer.from(whole);
  for (const canary of ['canary-in-the-event e0', 'canary-in-the-card']) {
    const at = damaged.indexOf(canary) + 3;
    damaged[at] = (damaged[at] ?? 0) ^ 1;
  }
  writeFileSync(path, damaged);
  const serving = await startServer(t, { data });
  for (const place of ['/dav/calendars/anna/calendar/0.ics', '/dav/addressbooks/anna/addressbook/c.vcf'])
    t.equal((await serving.request(anna, 'GET', place)).status, 500, 'served as an error, not as wrong data');
  t.equal((await serving.request(anna, 'GET', '/dav/calendars/anna/calendar/1.ics')).status, 200);
  await serving.close();
  writeFileSync(path, whole);

  const changes: [sql: string, found: RegExp][] = [
    ['UPDATE occurrences SET start_at = start_at + 60000 WHERE ordinal = 0', /occurrences in the index/],
    ['DELETE FROM occurrences WHERE ordinal = 3', /occurrences in the index/],
    ['UPDATE calendar_objects SET last_end = 5 WHERE last_end IS NULL', /wrong lastEnd/],
    ['UPDATE accounts SET used_bytes = 7', /counts 7 octets and holds 0/],
    ['UPDATE accounts SET modseq = 1', /its account at 1/],
    ["UPDATE collections SET modseq = 1 WHERE kind = 'addressbook'", /one card of it at/],
    ["UPDATE cards SET card_uid = 'other'", /UID, version or kind/],
    ['DELETE FROM calendar_object_data', /lost its text/],
  ];
  for (const [sql, found] of changes) {
    const database = new Database(path);
    database.pragma('foreign_keys = OFF');
    database.exec(sql);
    database.close();
    const { problems } = await verifyStore(data);
    t.ok(
      problems.some((problem) => found.test(problem)),
      `${sql}: ${problems.join(' ')}`,
    );
    writeFileSync(path, whole);
  }
});

t.test('a folder without a store', async (t) => {
  await t.rejects(verifyStore(temporaryFolder(t)), { code: 'damaged', message: /no store/ });
  await t.rejects(verifyBackup(temporaryFolder(t), temporaryFolder(t)), { code: 'not-found' });
});
