/**
 * A backup while eight people write: it holds every write that was acknowledged before it began, octet for octet, nobody waits
 * longer than a quarter of a second for it, and a folder restored from it serves the same.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { verifyBackup } from '../../src/administration/verification.ts';
import { restoreWhole } from '../../src/administration/whole-restore.ts';
import { card, event } from '../support/generated-data.ts';
import { convene, environmentFor } from '../support/program.ts';
import { basic } from '../support/server.ts';
import { addPeople, people, startServerProcess } from '../support/server-process.ts';

t.setTimeout(600_000);

const WRITERS = 8;
/** Objects there are before the backup, for it to take a while. */
const BEFORE = 1_500;

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

t.test('backed up under load, restored elsewhere, compared', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'convene-backup-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const data = join(folder, 'data');
  const users = people(WRITERS);
  addPeople(data, users);
  const server = await startServerProcess({ data });
  const acknowledged = new Map<string, { user: string; body: string; at: number }>();
  const waits: { at: number; ms: number }[] = [];
  const put = async (user: string, path: string, body: string) => {
    const began = performance.now();
    const type = path.endsWith('.vcf') ? 'text/vcard' : 'text/calendar';
    const headers = { Authorization: basic(user, user), 'Content-Type': type };
    const { status } = await fetch(server.url + path, { method: 'PUT', headers, body });
    waits.push({ at: performance.now(), ms: performance.now() - began });
    if (status === 201) acknowledged.set(path, { user, body, at: performance.now() });
    return status;
  };
  let going = true;
  const counts = users.map(() => 0);
  const writers = users.map(async ({ name }, index) => {
    for (let n = 0; going; n++) {
      const [path, body] =
        n % 4 === 3
          ? [`/dav/addressbooks/${name}/addressbook/${n}.vcf`, card(n)]
          : [`/dav/calendars/${name}/calendar/${n}.ics`, event(n)];
      const status = await put(name, path, body);
      if (status !== 201) throw new Error(`PUT ${path}: ${status}`);
      counts[index] = n;
    }
  });
  const failed = Promise.all(writers);
  while (acknowledged.size < BEFORE) await Promise.race([pause(50), failed]);
  const calm = waits.slice(-1_000).map(({ ms }) => ms);
  const saved = join(folder, 'saved');
  const began = performance.now();
  const made = await convene(['backup', saved], { ...environmentFor(data), CONVENE_DOMAIN: 'example.com' });
  t.equal(made.code, 0, made.err || made.out);
  const during = waits.filter(({ at }) => at >= began).map(({ ms }) => ms);
  await pause(300);
  going = false;
  await failed;
  t.ok(during.length > 20, `${during.length} writes during the backup`);
  const p99 = percentile(during, 0.99);
  t.ok(p99 < 250, `p99 of a write during it ${p99.toFixed()} ms, before ${percentile(calm, 0.99).toFixed()} ms`);
  await server.stop();

  t.same((await verifyBackup(saved, folder)).problems, []);
  const elsewhere = join(folder, 'elsewhere');
  await restoreWhole(saved, elsewhere, false, Date.now);
  const restored = await startServerProcess({ data: elsewhere });
  let compared = 0;
  const different: string[] = [];
  for (const [path, { user, body, at }] of acknowledged) {
    if (at >= began) continue;
    const answer = await fetch(restored.url + path, { headers: { Authorization: basic(user, user) } });
    compared += 1;
    if ((await answer.text()) !== body) different.push(path);
  }
  await restored.stop();
  t.ok(compared >= BEFORE, `${compared} compared`);
  t.same(different, []);
});
