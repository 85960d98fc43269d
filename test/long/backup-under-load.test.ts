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
import { literal, loginImap } from '../support/imap.ts';
import { convene, environmentFor } from '../support/program.ts';
import { basic } from '../support/server.ts';
import { addPeople, freePort, people, startServerProcess } from '../support/server-process.ts';

t.setTimeout(600_000);

const WRITERS = 8;
/** Objects there are before the backup, for it to take a while. */
const BEFORE = 1_500;
const MESSAGES = 100;

function message(n: number): string {
  // Some larger than what is kept in one piece.
  const lines = n % 20 === 0 ? 6_000 : 20;
  return `Subject: ${n}\r\nFrom: a@example.com\r\n\r\n${`line of message ${n}, and more to fill it up\r\n`.repeat(lines)}`;
}

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
  const imapPort = await freePort();
  const environment = { CONVENE_IMAP_PORT: String(imapPort) };
  const server = await startServerProcess({ data, environment });
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
  const imapAt = async () => {
    const address = { address: '127.0.0.1', family: 'IPv4', port: imapPort };
    return loginImap(t, { app: { addresses: { imap: address } } }, { name: 'user01', password: 'user01' });
  };
  const mail = Array.from({ length: MESSAGES }, (_, n) => message(n));
  const client = await imapAt();
  for (const octets of mail) await client.ok(`APPEND INBOX (\\Seen) ${literal(octets)}`);
  client.close();
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
  const before = percentile(calm, 0.99);
  // On a machine that is busy with other things writes are slow without a backup too.
  t.ok(
    p99 < Math.max(250, 2.5 * before),
    `p99 of a write during it ${p99.toFixed()} ms, before ${before.toFixed()} ms`,
  );
  await server.stop();

  t.same((await verifyBackup(saved, folder)).problems, []);
  const elsewhere = join(folder, 'elsewhere');
  await restoreWhole(saved, elsewhere, false, Date.now);
  const restored = await startServerProcess({ data: elsewhere, environment });
  let compared = 0;
  const different: string[] = [];
  for (const [path, { user, body, at }] of acknowledged) {
    if (at >= began) continue;
    const answer = await fetch(restored.url + path, { headers: { Authorization: basic(user, user) } });
    compared += 1;
    if ((await answer.text()) !== body) different.push(path);
  }
  const again = await imapAt();
  await again.ok('SELECT INBOX');
  for (const [n, octets] of mail.entries()) {
    const { untagged } = await again.ok(`FETCH ${n + 1} (BODY.PEEK[])`);
    if (!untagged.join('').includes(octets)) different.push(`message ${n + 1}`);
  }
  again.close();
  await restored.stop();
  t.ok(compared >= BEFORE, `${compared} compared`);
  t.same(different, []);
});
