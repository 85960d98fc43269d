/** Upgrades: a store of the first schema, with data, is brought to this one by processes that are killed at every moment. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { verifyStore } from '../../src/administration/verification.ts';
import { openConnection } from '../../storage/connection.ts';
import { migrate, readMigrations } from '../../storage/migrate.ts';
import { openStore } from '../../storage/open.ts';
import { FROM_SOURCE } from '../support/server-process.ts';

t.setTimeout(300_000);

const OBJECTS = 5_000;
const text = (n: number) =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:u${n}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`;

t.test('killed while migrating, then whole', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'convene-upgrade-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const { etagOf } = await import('../../src/collections/etag.ts');
  const old = join(folder, 'old');
  await (await import('node:fs/promises')).mkdir(old);
  const { database } = openConnection(join(old, 'convene.sqlite'), { readonly: false });
  migrate(database, readMigrations().slice(0, 1), 1);
  database.exec(`
    INSERT INTO boots (started_at, version) VALUES (1, 'old');
    INSERT INTO organisations (name, created_at) VALUES ('Example', 1);
    INSERT INTO domains (organisation_id, name, created_at) VALUES (1, 'example.com', 1);
    INSERT INTO principals (organisation_id, kind, name, display_name, uuid, role, created_at)
      VALUES (1, 'individual', 'anna', 'Anna', 'u', 'owner', 1);
    INSERT INTO addresses (principal_id, domain_id, address, position) VALUES (1, 1, 'anna@example.com', 0);
    INSERT INTO accounts (id, modseq, next_uidvalidity, used_bytes) VALUES (1, ${OBJECTS}, 7, 0);
    INSERT INTO collections (account_id, kind, modseq, created_at, removed) VALUES (1, 'calendar', ${OBJECTS}, 1, 0);
    INSERT INTO calendars VALUES (1, 'VEVENT', '', 0);
    INSERT INTO bindings (principal_id, collection_id, home, segment, position, created_at) VALUES (1, 1, 'calendars', 'calendar', 1, 1);`);
  const at = Date.UTC(2026, 0, 1);
  const object = database.prepare(
    `INSERT INTO calendar_objects (collection_id, name, ical_uid, component, etag, size, modseq, created_at, modified_at, first_start,
      last_end, recurring, indexed_from, indexed_until) VALUES (1, ?, ?, 'VEVENT', ?, ?, ?, 1, 1, ${at}, ${at}, 0, ?, ?)`,
  );
  const data = database.prepare('INSERT INTO calendar_object_data VALUES (?, ?)');
  const occurrence = database.prepare(`INSERT INTO occurrences VALUES (1, 0, ${at}, ?, ${at}, 0, 1, 0)`);
  const bounds = [Date.parse('0001-01-01T00:00:00Z'), Date.UTC(10_000, 0, 1)];
  database.transaction(() => {
    for (let n = 1; n <= OBJECTS; n++) {
      object.run(`${n}.ics`, `u${n}`, etagOf(text(n)), Buffer.byteLength(text(n)), n, ...bounds);
      data.run(n, text(n));
      occurrence.run(n);
    }
  })();
  database.close();

  let killed = 0;
  for (let round = 0; round < 20; round++) {
    const copy = join(folder, `round-${round}`);
    cpSync(old, copy, { recursive: true });
    const environment = { PATH: process.env['PATH'], CONVENE_DATA: copy, CONVENE_DOMAIN: 'example.com' };
    const child = spawn(process.execPath, [...FROM_SOURCE, 'domain', 'list'], { env: environment, stdio: 'ignore' });
    const ended = once(child, 'exit');
    // Starting takes some hundred milliseconds; the migration is somewhere in the later ones.
    await pause(250 + round * 40);
    child.kill('SIGKILL');
    const [, signal] = await ended;
    if (signal === 'SIGKILL') killed += 1;
    const store = await openStore(copy, { now: Date.now, version: 'test' });
    t.equal(await store.calendarObjects.count(1), OBJECTS);
    await store.close();
    const { problems, read } = await verifyStore(copy);
    t.same(problems, [], `round ${round}`);
    t.equal(read['calendar objects'], OBJECTS);
    rmSync(copy, { recursive: true });
  }
  t.ok(killed >= 5, `${killed} were killed in time`);
});
