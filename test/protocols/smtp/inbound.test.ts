/** RFC 5321 §3, §4 and §7: what strangers may deliver, and that nobody gets anything relayed. */
import t from 'tap';
import { letter, type MailServer, startMailServer } from '../../support/mail-server.ts';
import { SmtpClient } from '../../support/smtp.ts';

let server: MailServer;
t.before(async () => {
  server = await startMailServer(t);
});
t.beforeEach(async () => {
  await server.news(server.anna);
  await server.news(server.bob);
});

t.test('RFC 5321 §4.4: a message from elsewhere, octet for octet below its trace fields', async (t) => {
  const client = await server.talk('smtp');
  await client.commands(
    'MAIL FROM:<stranger@example.net>',
    'RCPT TO:<bob@example.org>',
    'RCPT TO:<anna+list@example.org>',
  );
  const sent = letter('stranger@example.net', 'Hello', '..two dots\r\n.\r\n8-bit \xe4\r\n');
  t.match(await client.data(Buffer.from(sent, 'latin1')), /^250 2\.0\.0/);
  for (const user of [server.anna, server.bob]) {
    const [got = ''] = await server.news(user);
    t.equal(got.slice(-sent.length), sent);
    t.match(
      got.slice(0, -sent.length),
      /^Return-Path: <stranger@example\.net>\r\nReceived: from client\.example\.net \(\[127\.0\.0\.1\]\)\r\n\tby mx\.example\.org with ESMTP id [\w-]+;\r\n\t\w{3}, \d/,
    );
  }
  t.match(await client.command('MAIL FROM:<>'), /^250/, 'the null sender');
  t.match(await client.command('RCPT TO:<postmaster>'), /^250/);
  t.match(await client.command('RCPT TO:<PostMaster@example.org>'), /^250/);
  t.match(await client.command('RCPT TO:<abuse@EXAMPLE.org>'), /^250/);
});

t.test('RFC 5321 §4.1.2: the forms of addresses', async (t) => {
  const client = await server.talk('smtp');
  const FORMS: readonly [path: string, reply: RegExp][] = [
    ['<bob@example.org>', /^250/],
    [' <bob@example.org>', /^250/],
    ['<BOB@EXAMPLE.ORG>', /^250/],
    ['<"bob"@example.org>', /^250/],
    ['<"b\\ob"@example.org>', /^250/],
    ['bob@example.org', /^501 5\.1\.3/],
    ['<bob@example.org', /^501 5\.1\.3/],
    ['<bob>', /^501 5\.1\.3/],
    ['<@example.org>', /^501 5\.1\.3/],
    ['<bob@>', /^501 5\.1\.3/],
    ['<bob@@example.org>', /^501 5\.1\.3/],
    ['<bob@exam ple.org>', /^501/],
    ['<bob..x@example.org>', /^501 5\.1\.3/],
    ['<.bob@example.org>', /^501 5\.1\.3/],
    ['<"bob@example.org>', /^501 5\.1\.3/],
    ['<bob@-example.org>', /^501 5\.1\.3/],
    ['<bob@[300.1.1.1]>', /^501 5\.1\.3/],
    ['<bob@example.org>x', /^501 5\.1\.3/],
    ['<>', /^501 5\.1\.3/],
    [`<${'x'.repeat(65)}@example.org>`, /^501 5\.1\.3/],
    ['<bob\0@example.org>', /^501/],
    ['<b\xffob@example.org>', /^501/],
  ];
  for (const [path, reply] of FORMS) {
    await client.commands('RSET', 'MAIL FROM:<a@example.net>');
    client.write(Buffer.from(`RCPT TO:${path}\r\n`, 'latin1'));
    t.match(await client.reply(), reply, JSON.stringify(path));
  }
});

t.test('RFC 5321 §7.3: no relaying, however it is written', async (t) => {
  const server = await startMailServer(t, { smtpLimits: { unknownSlow: 100, unknownLast: 100 } });
  const client = await server.talk('smtp');
  const RELAYS: readonly [path: string, reply: RegExp][] = [
    ['<victim@example.com>', /^550 5\.7\.1/],
    ['<@example.org:victim@example.com>', /^550 5\.7\.1/],
    ['<@example.org,@example.net:victim@example.com>', /^550 5\.7\.1/],
    ['<victim%example.com@example.org>', /^550 5\.7\.1/],
    ['<"victim@example.com"@example.org>', /^550 5\.7\.1/],
    ['<example.com!victim@example.org>', /^550 5\.7\.1/],
    ['<example.com!victim>', /^501/],
    ['<victim@[127.0.0.1]>', /^550 5\.7\.1/],
    ['<victim@[IPv6:::1]>', /^550 5\.7\.1/],
    ['<victim@example.org.example.com>', /^550 5\.7\.1/],
    ['<victim@sub.example.org>', /^550 5\.7\.1/],
    ['<victim@localhost>', /^550 5\.7\.1/],
    ['<victim>', /^501/],
    ['victim@example.com', /^501/],
  ];
  for (const sender of ['<stranger@example.net>', '<anna@example.org>', '<>'])
    for (const [path, reply] of RELAYS) {
      await client.commands('RSET', `MAIL FROM:${sender}`);
      t.match(await client.command(`RCPT TO:${path}`), reply, `${sender} to ${path}`);
      t.match(await client.command('DATA'), /^503/);
    }
  t.same(await server.store.submissions.list(10), []);
  t.match(await client.command('AUTH PLAIN AGFubmEAYW5uYS1wYXNzd29yZA=='), /^50[023]/, 'no log-in at this door');
  t.notMatch(await client.command('EHLO x'), /AUTH/);
});

t.test('RFC 5321 §3.1, §4.1.1.1: greetings', async (t) => {
  for (const [greeting, code] of [
    ['EHLO', '501'],
    ['EHLO  ', '501'],
    ['EHLO a b', '501'],
    ['EHLO a<b', '501'],
    ['HELO', '501'],
    ['EHLO [127.0.0.1]', '250'],
    ['EHLO [IPv6:::1]', '250'],
    ['HELO some_host', '250'],
    [`EHLO ${'x'.repeat(300)}`, '501'],
  ] as const) {
    const client = await SmtpClient.connect(server.door('smtp'));
    t.match(await client.command('MAIL FROM:<a@example.net>'), /^503/, 'a greeting comes first');
    t.equal((await client.command(greeting)).slice(0, 3), code, greeting);
    client.end();
  }
  const early = await SmtpClient.connect(server.door('smtp'), { greeting: false });
  early.write('EHLO early\r\n');
  t.match(await early.reply(), /^421/, 'who talks before the greeting is no mail server');
  t.ok(await early.ended());
});

t.test('STARTTLS', async (t) => {
  const client = await server.talk('smtp');
  t.match(await client.startTls(), /^220/);
  await client.commands('EHLO sender.example.net', 'MAIL FROM:<a@example.net>', 'RCPT TO:<bob@example.org>');
  t.match(await client.data(letter('a@example.net', 'Sealed')), /^250/);
  t.match((await server.news(server.bob))[0], /with ESMTPS id/);
});

t.test('RFC 5321 §3.9: aliases, lists of members, and what nobody else has', async (t) => {
  const { app, anna, bob } = server;
  await app.aliases.add('sales@example.org', 'anna');
  await app.groups.add('team@example.org');
  await app.groups.add('all@example.org');
  await app.groups.add('empty@example.org');
  await app.groups.addMember('team', 'bob');
  await app.groups.addMember('all', 'team');
  await app.groups.addMember('all', 'anna');
  await app.groups.addMember('all', 'bob');
  const client = await server.talk('smtp');
  const rcpt = (address: string) => client.command(`RCPT TO:<${address}>`);
  const counts = async () => [(await server.news(anna)).length, (await server.news(bob)).length];
  const send = async (...recipients: string[]) => {
    await client.command('MAIL FROM:<stranger@example.net>');
    for (const address of recipients) t.match(await rcpt(address), /^250/, address);
    t.match(await client.data(letter('stranger@example.net', recipients.join())), /^250/);
    return counts();
  };
  t.same(await send('sales+spring@example.org'), [1, 0]);
  t.same(await send('team@example.org'), [0, 1]);
  t.same(await send('all@example.org', 'bob@example.org', 'sales@example.org'), [1, 1], 'once for each person');
  await client.command('MAIL FROM:<stranger@example.net>');
  t.match(await rcpt('empty@example.org'), /^550 5\.1\.1/, 'a list without members reaches nobody');
  t.match(await rcpt('nobody@example.org'), /^550 5\.1\.1/);
  await app.aliases.add('*@example.org', 'bob');
  await client.command('RSET');
  t.same(await send('nobody@example.org', 'sales@example.org'), [1, 1], 'the catch-all gets what is left');
  await app.aliases.remove('*@example.org');
  await client.command('MAIL FROM:<stranger@example.net>');
  t.match(await rcpt('nobody@example.org'), /^550 5\.1\.1/);
});
