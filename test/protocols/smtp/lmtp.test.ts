/** RFC 2033: a mail server in front hands over, and hears of each recipient. */
import t from 'tap';
import { letter, startMailServer } from '../../support/mail-server.ts';
import { SmtpClient } from '../../support/smtp.ts';

t.test('an outcome for each recipient, in order', async (t) => {
  const server = await startMailServer(t);
  const client = await SmtpClient.connect(server.door('lmtp'));
  t.match(await client.command('EHLO front'), /^500|^503/, 'RFC 2033 §4.1: only LHLO');
  t.match(await client.command('HELO front'), /^500|^503/);
  const words = await client.command('LHLO front.example.org');
  for (const word of ['PIPELINING', 'ENHANCEDSTATUSCODES', '8BITMIME']) t.match(words, word);
  t.notMatch(words, /AUTH|STARTTLS/);
  await client.commands('MAIL FROM:<a@example.net>', 'RCPT TO:<bob@example.org>', 'RCPT TO:<anna@example.org>');
  t.match(await client.command('RCPT TO:<nobody@example.org>'), /^550 5\.1\.1/);
  t.match(await client.command('RCPT TO:<x@example.com>'), /^550 5\.7\.1/);
  t.match(await client.command('RCPT TO:<bob+tag@example.org>'), /^250/);
  t.match(await client.data(letter('a@example.net', 'By LMTP')), /^250 2\.0\.0 Delivered to bob@/);
  t.match(await client.reply(), /^250 2\.0\.0 Delivered to anna@/);
  t.match(await client.reply(), /^250 2\.0\.0 Delivered to bob\+tag@/, 'one for each RCPT');
  t.equal((await server.mailbox(server.bob)).length, 1, 'and one message');
  t.match((await server.mailbox(server.anna))[0], /with LMTP id/);
  t.match(await client.command('MAIL FROM:<a@example.net>'), /^250/, 'the next message');
  t.match(await client.command('DATA'), /^503/);
  await client.commands('RCPT TO:<bob@example.org>', 'RCPT TO:<anna@example.org>');
  t.match(await client.data('A: b\nbare\r\n'), /^550 5\.5\.2/);
  t.match(await client.reply(), /^550 5\.5\.2/, 'a refusal is said for each, too');
  t.match(await client.command('QUIT'), /^221/);
});

t.test('who has no room hears it, the others get theirs', async (t) => {
  const server = await startMailServer(t);
  await server.app.principals.quota('bob', 300);
  const client = await server.talk('lmtp');
  await client.commands('MAIL FROM:<a@example.net>', 'RCPT TO:<anna@example.org>', 'RCPT TO:<bob@example.org>');
  t.match(await client.data(letter('a@example.net', 'Large', 'x\r\n'.repeat(300))), /^250/);
  t.match(await client.reply(), /^452 4\.2\.2/);
  t.equal((await server.mailbox(server.anna)).length, 1);
  t.equal((await server.mailbox(server.bob)).length, 0);
  const strangers = await server.talk('smtp');
  await strangers.commands('MAIL FROM:<a@example.net>', 'RCPT TO:<bob@example.org>');
  t.match(await strangers.data(letter('a@example.net', 'Large', 'x\r\n'.repeat(300))), /^452 4\.2\.2/);
});

t.test('the door is on loopback, whatever the host says', async (t) => {
  const server = await startMailServer(t, { environment: { CONVENE_HOST: '0.0.0.0' } });
  t.equal(server.app.addresses.lmtp?.address, '127.0.0.1');
  t.equal(server.app.addresses.smtp?.address, '0.0.0.0');
});
