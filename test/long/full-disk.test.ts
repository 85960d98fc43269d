/**
 * A full disk: writes are refused for the time being with the answer of each protocol (DAV 507, IMAP NO, SMTP, submission and LMTP
 * 4xx), reading goes on, nothing acknowledged is lost, and everything works again as soon as there is room, without a restart.
 * RFC 4331 §6, RFC 9051 §7.1, RFC 5321 §4.2.4 (452). Needs root, for a small file system.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { verifyStore } from '../../src/administration/verification.ts';
import { literal, loginImap } from '../support/imap.ts';
import { basic } from '../support/server.ts';
import { addPeople, freePort, people, startServerProcess } from '../support/server-process.ts';
import { SmtpClient } from '../support/smtp.ts';

t.setTimeout(300_000);

/** Megabytes. */
const LEFT_TO_THE_SERVER = 6;

const event = (n: number, filling: number) =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:u${n}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\nSUMMARY:${n}\r\nX-FILL:${'x'.repeat(filling)}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`;

/** The ways of mail into a store, by what each answers to a message of so many octets. */
async function mailDoors(t: Test) {
  const ports = {
    imap: await freePort(),
    smtp: await freePort(),
    submission: await freePort(),
    lmtp: await freePort(),
  };
  const octets = (token: string, size: number) =>
    `Subject: ${token}\r\nFrom: <user01@example.com>\r\nTo: <user01@example.com>\r\nDate: Thu, 1 Jan 2026 10:00:00 +0000\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(size / 72)}`;
  const imap = () => {
    const address = { address: '127.0.0.1', family: 'IPv4', port: ports.imap };
    return loginImap(t, { app: { addresses: { imap: address } } }, { name: 'user01', password: 'user01' });
  };
  const bring = async (way: 'smtp' | 'submission' | 'lmtp', token: string, size: number) => {
    const client = await SmtpClient.connect(ports[way]);
    try {
      await client.command(`${way === 'lmtp' ? 'LHLO' : 'EHLO'} client.example.net`);
      if (way === 'submission') await client.logIn('user01', 'user01');
      const sender = way === 'submission' ? 'user01@example.com' : 'ada@elsewhere.example';
      for (const line of [`MAIL FROM:<${sender}>`, 'RCPT TO:<user01@example.com>']) {
        const reply = await client.command(line);
        if (!reply.startsWith('250')) return reply;
      }
      return await client.data(octets(token, size));
    } finally {
      client.end();
    }
  };
  const ways = {
    async append(token: string, size: number) {
      const client = await imap();
      const { status, text } = await client.run(`APPEND INBOX ${literal(octets(token, size))}`);
      client.close();
      return `${status} ${text}`;
    },
    smtp: (token: string, size: number) => bring('smtp', token, size),
    submission: (token: string, size: number) => bring('submission', token, size),
    lmtp: (token: string, size: number) => bring('lmtp', token, size),
  };
  const environment = Object.fromEntries(
    Object.entries(ports).map(([name, port]) => [`CONVENE_${name.toUpperCase()}_PORT`, String(port)]),
  );
  /** Subjects of what is in INBOX. */
  const subjects = async () => {
    const client = await imap();
    await client.ok('EXAMINE INBOX');
    const { untagged } = await client.ok('UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])');
    client.close();
    return [...untagged.join('\n').matchAll(/Subject: (\S+)/g)].map(([, subject]) => subject);
  };
  return { ways, environment, subjects };
}

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
  const mail = await mailDoors(t);
  const mailed: string[] = [];
  const server = await startServerProcess({ data, environment: mail.environment });
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
    const { bavail, bsize } = statfsSync(place);
    const blocks = Math.floor((bavail * bsize) / block.length) - LEFT_TO_THE_SERVER;
    t.ok(blocks > 4, `${blocks} MB are taken, and given back later`);
    for (let i = 0; i < blocks; i++) writeSync(descriptor, block);
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
    // A fold of the log may have made a little room just now.
    for (let again = 0; again < 20 && (await ready()) !== 503; again++) await put(n++, 100_000);
    t.equal(await ready(), 503, 'it says that it should get no work');
    // Larger than the little that may be left between two pages.
    for (const [way, send] of Object.entries(mail.ways)) {
      const token = `${way}-${round}`;
      let answer = await send(token, 200_000);
      for (let again = 0; /^(250|OK)/.test(answer) && again < 5; again++) {
        mailed.push(again === 0 ? token : `${token}-${again - 1}`);
        answer = await send(`${token}-${again}`, 200_000);
      }
      t.match(answer, way === 'append' ? /^NO \[(OVERQUOTA|UNAVAILABLE)\]/ : /^4(52|31) 4\.3\.1/, `${way}: ${answer}`);
    }
    for (const subject of mailed) t.ok((await mail.subjects()).includes(subject), `${subject} is there`);
    const [first = 0] = acknowledged.keys();
    t.equal(await (await fetch(at(first), { headers })).text(), acknowledged.get(first), 'reading goes on');
    rmSync(filler);
    const began = performance.now();
    while ((await put(n++, 100)).status !== 201 && performance.now() - began < 10_000) await pause(100);
    t.ok(performance.now() - began < 10_000, `writing again after ${(performance.now() - began).toFixed()} ms`);
    for (const [way, send] of Object.entries(mail.ways)) {
      const token = `${way}-after-${round}`;
      t.match(await send(token, 2_000), /^(250|OK)/, `${way} takes mail again`);
      mailed.push(token);
    }
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
  const kept = await mail.subjects();
  for (const subject of mailed) t.ok(kept.includes(subject), `${subject} is there at the end`);
  await server.stop();
  t.same((await verifyStore(data)).problems, []);
});

t.test('a log that could not be folded for want of room is folded as soon as there is some', { skip }, async (t) => {
  const small = mkdtempSync(join(tmpdir(), 'convene-log-'));
  const size = (megabytes: number, ...how: string[]) =>
    spawnSync('mount', ['-t', 'tmpfs', '-o', [...how, `size=${megabytes}m`].join(), 'tmpfs', small]).status;
  t.equal(size(26), 0);
  t.teardown(() => {
    spawnSync('umount', [small]);
    rmSync(small, { recursive: true });
  });
  const data = join(small, 'data');
  addPeople(data, people(1));
  const server = await startServerProcess({ data });
  t.teardown(() => server.stop());
  const headers = { Authorization: basic('user01', 'user01'), 'Content-Type': 'text/calendar' };
  const put = async (n: number, filling: number) => {
    const body = event(n, filling);
    const url = `${server.url}/dav/calendars/user01/calendar/log-${n}.ics`;
    return (await fetch(url, { method: 'PUT', headers, body })).status;
  };
  let n = 0;
  while ((await put(n++, 100_000)) === 201 && n < 400);
  // Each refusal is another occasion to fold, and fails too.
  for (let refused = 0; refused < 20; refused++) await put(n++, 100_000);
  const octets = (name: string) => statSync(join(data, name)).size;
  t.ok(octets('convene.sqlite-wal') > 16 * 1024 * 1024, 'the log is long enough to be folded');
  t.ok(octets('convene.sqlite') < 8 * 1024 * 1024, 'and there was no room for it in the database');
  t.equal(size(80, 'remount'), 0);
  const began = performance.now();
  while (octets('convene.sqlite') < 16 * 1024 * 1024 && performance.now() - began < 10_000) {
    t.equal(await put(n++, 100), 201);
    await pause(200);
  }
  t.ok(octets('convene.sqlite') > 16 * 1024 * 1024, `${octets('convene.sqlite')} octets of database`);
});
