/** RFC 6647: strangers are asked to come again, and are known when they did. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { letter, startMailServer } from '../../support/mail-server.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { SmtpClient } from '../../support/smtp.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

t.test('who comes again is let in, and known from then on', async (t) => {
  let now = Date.UTC(2026, 0, 1);
  const server = await startMailServer(t, { now: () => now, environment: { CONVENE_GREYLIST_SECONDS: '300' } });
  const attempt = async (sender = 'ada@elsewhere.example', recipient = 'bob@example.org', from = '127.0.0.1') => {
    const client = await SmtpClient.connect(server.door('smtp'), { from });
    await client.commands('EHLO client.example.net', `MAIL FROM:<${sender}>`);
    const reply = await client.command(`RCPT TO:<${recipient}>`);
    client.end();
    return reply;
  };
  t.equal(await attempt(), '451 4.7.1 Greylisted; try again in 300 seconds.');
  now += MINUTE;
  t.equal(await attempt(), '451 4.7.1 Greylisted; try again in 240 seconds.', 'too early');
  now += 4 * MINUTE;
  t.match(await attempt(undefined, undefined, '127.0.0.77'), /^250/, 'in time, from a neighbour');
  t.match(await attempt(undefined, undefined, '127.0.5.1'), /^451/, 'another network');
  t.match(await attempt('eve@elsewhere.example'), /^451/, 'another sender');
  t.match(await attempt(undefined, 'anna@example.org'), /^451/, 'another recipient');
  t.match(await attempt(undefined, 'nobody@example.org'), /^550/, 'and nobody stays nobody');
  now += 30 * DAY;
  t.match(await attempt('ADA@elsewhere.example', 'Bob@example.org'), /^250/);
  now += 30 * DAY;
  t.match(await attempt(), /^250/, 'known as long as it comes');
  now += 37 * DAY;
  t.match(await attempt(), /^451/);
  now += DAY + MINUTE;
  t.match(await attempt(), /^451/, 'an attempt of yesterday is forgotten');

  const lmtp = await server.talk('lmtp');
  await lmtp.commands('MAIL FROM:<new@elsewhere.example>', 'RCPT TO:<bob@example.org>');
  t.match(await lmtp.data(letter('new@elsewhere.example', 'Front')), /^250/, 'the server in front is no stranger');
  const own = await server.talk('submission');
  t.match(await own.commands('MAIL FROM:<anna@example.org>', 'RCPT TO:<bob@example.org>'), /^250/);
});

t.test('a restart forgets nobody; what is over is taken away', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'convene-greylist-'));
  t.teardown(() => rmSync(data, { recursive: true, force: true }));
  let now = Date.UTC(2026, 0, 1);
  const start = () =>
    startServer(t, {
      data,
      now: () => now,
      environment: { CONVENE_GREYLIST_SECONDS: '300', CONVENE_SMTP_PORT: '0', CONVENE_DOMAIN: 'example.org' },
    });
  const attempt = async (server: TestServer, sender: string) => {
    const client = await SmtpClient.connect(server.app.addresses.smtp?.port ?? 0);
    await client.commands('EHLO client.example.net', `MAIL FROM:<${sender}>`);
    const reply = await client.command('RCPT TO:<bob@example.org>');
    client.end();
    return reply;
  };
  const first = await start();
  await first.addUser('bob');
  t.match(await attempt(first, 'ada@elsewhere.example'), /^451/);
  t.match(await attempt(first, 'eve@elsewhere.example'), /^451/);
  await first.close();
  now += 5 * MINUTE;
  const second = await start();
  t.match(await attempt(second, 'ada@elsewhere.example'), /^250/, 'the wait began before');
  await second.close();
  now += 2 * DAY;
  const third = await start();
  const expire = () => third.store.transaction((write) => write.greylist.expire(now, 10));
  t.equal(await expire(), 1, 'eve never came again');
  t.equal(await expire(), 0);
  t.match(await attempt(third, 'ada@elsewhere.example'), /^250/, 'known');
});

t.test('the table is bounded: the oldest make room', async (t) => {
  const { store } = await startServer(t);
  const digests = Array.from({ length: 8 }, (_, i) => Buffer.alloc(32, i));
  const put = (i: number) =>
    store.transaction((write) =>
      write.greylist.put({ digest: digests[i] as Buffer, seenAt: i, known: 0, expiresAt: 100 }, 5),
    );
  for (const i of [0, 1, 2, 3, 4, 0, 5]) await put(i);
  const left = await Promise.all(digests.map(async (digest) => (await store.greylist.get(digest))?.seenAt));
  t.same(left, [0, undefined, 2, 3, 4, 5, undefined, undefined], 'who came again is not the oldest any more');
});
