/** RFC 6647: strangers are asked to come again, and are known when they did. */
import t from 'tap';
import { letter, startMailServer } from '../../support/mail-server.ts';
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
