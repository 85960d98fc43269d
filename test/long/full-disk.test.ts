/**
 * A full disk: writes are refused for the time being with the answer of the protocol, reading goes on, nothing acknowledged is
 * lost, and everything works again as soon as there is room, without a restart. Needs root, for a small file system.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { verifyStore } from '../../src/administration/verification.ts';
import { basic } from '../support/server.ts';
import { addPeople, people, startServerProcess } from '../support/server-process.ts';

t.setTimeout(300_000);

const event = (n: number, filling: number) =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:u${n}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\nSUMMARY:${n}\r\nX-FILL:${'x'.repeat(filling)}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`;

const place = mkdtempSync(join(tmpdir(), 'convene-full-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', place]).status === 0;
t.teardown(() => {
  if (mounted) spawnSync('umount', [place]);
  rmSync(place, { recursive: true });
});
const skip = mounted ? false : 'a small file system can be mounted by root only';

t.test('64 MB that fill up three times', { skip }, async (t) => {
  const data = join(place, 'data');
  addPeople(data, people(1));
  const server = await startServerProcess({ data });
  t.teardown(() => server.stop());
  const headers = { Authorization: basic('user01', 'user01'), 'Content-Type': 'text/calendar' };
  const at = (n: number) => `${server.url}/dav/calendars/user01/calendar/${n}.ics`;
  const acknowledged = new Map<number, string>();
  const put = async (n: number, filling: number) => {
    const body = event(n, filling);
    const answer = await fetch(at(n), { method: 'PUT', headers, body });
    const text = await answer.text();
    if (answer.status === 201) acknowledged.set(n, body);
    return { status: answer.status, text };
  };
  const ready = async () => (await fetch(`${server.url}/health/ready`)).status;
  let n = 0;
  for (let round = 0; round < 3; round++) {
    const filler = join(place, 'filler');
    const descriptor = openSync(filler, 'w');
    const block = Buffer.alloc(1024 * 1024);
    // What is left is filled by the server itself, so that the refusal comes in the middle of its own writes.
    try {
      for (let i = 0; i < 30 - round * 8; i++) writeSync(descriptor, block);
    } catch {}
    closeSync(descriptor);
    const statuses = new Map<number, number>();
    let refusal = '';
    for (let refused = 0; refused < 20 && n < 20_000; n++) {
      const { status, text } = await put(n, refused > 10 ? 100 : 100_000);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 201) continue;
      refused += 1;
      refusal ||= text;
    }
    t.same([...statuses.keys()].sort(), [201, 507], `created, then refused: ${JSON.stringify([...statuses])}`);
    t.match(refusal, /sufficient-disk-space/);
    t.equal(await ready(), 503, 'it says that it should get no work');
    const [first = 0] = acknowledged.keys();
    t.equal(await (await fetch(at(first), { headers })).text(), acknowledged.get(first), 'reading goes on');
    rmSync(filler);
    const began = performance.now();
    while ((await put(n++, 100)).status !== 201 && performance.now() - began < 10_000) await pause(100);
    t.ok(performance.now() - began < 10_000, `writing again after ${(performance.now() - began).toFixed()} ms`);
    await pause(1_100);
    t.equal(await ready(), 200);
    // Room for the next round.
    for (const [number] of [...acknowledged].slice(0, acknowledged.size - 5)) {
      t.equal((await fetch(at(number), { headers })).status, 200);
      const gone = await fetch(at(number), { method: 'DELETE', headers });
      if (gone.status === 204) acknowledged.delete(number);
      else t.equal(gone.status, 507, `DELETE answers ${gone.status}`);
    }
  }
  for (const [number, body] of acknowledged)
    t.equal(await (await fetch(at(number), { headers })).text(), body, `${number} is there`);
  t.equal(server.child.exitCode, null, 'the process went on all along');
  await server.stop();
  t.same((await verifyStore(data)).problems, []);
});
