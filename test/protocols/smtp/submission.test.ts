/** RFC 6409, 5321, 4954, 3207, 8314, 1870, 6531: what people of this server may send, command by command. */
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

t.test('RFC 3207, RFC 4954: TLS and log-in', async (t) => {
  const { anna } = server;
  const plain = Buffer.from(`\0${anna.name}\0${anna.password}`).toString('base64');

  t.test('what is announced', async (t) => {
    const client = await SmtpClient.connect(server.door('submission'), { greeting: false });
    t.match(await client.reply(), /^220 mx\.example\.org ESMTP/);
    const words = (await client.command('EHLO client')).split('\n').map((line) => line.slice(4));
    t.same(words.slice(1).sort(), [
      '8BITMIME',
      'AUTH SCRAM-SHA-256 PLAIN LOGIN',
      'DSN',
      'ENHANCEDSTATUSCODES',
      'PIPELINING',
      `SIZE ${50 * 1024 * 1024}`,
      'SMTPUTF8',
      'STARTTLS',
    ]);
    t.match(await client.startTls(), /^220/);
    t.match(await client.command('MAIL FROM:<anna@example.org>'), /^503/, 'after TLS everything begins again');
    t.notMatch(await client.command('EHLO client'), /STARTTLS/);
    t.match(await client.command('STARTTLS'), /^503/);
    t.match(await client.command('HELO client'), /^250 mx/);
    t.match(await client.command('QUIT'), /^221/);
    t.ok(await client.ended());
  });

  t.test('mechanisms', async (t) => {
    const client = await SmtpClient.connect(server.door('submissions'), { tls: true });
    t.match(await client.command(`AUTH PLAIN ${plain}`), /^503/, 'EHLO comes first');
    await client.command('EHLO client');
    t.match(await client.command('MAIL FROM:<anna@example.org>'), /^530 5\.7\.0/);
    t.match(await client.command('AUTH'), /^50[14]/);
    t.match(await client.command('AUTH CRAM-MD5'), /^504 5\.5\.4/);
    t.match(await client.command('AUTH PLAIN !!!'), /^501 5\.5\.2/);
    t.match(await client.command('AUTH PLAIN'), /^334 ?$/);
    t.match(await client.command('*'), /^501/);
    t.match(await client.command(`AUTH PLAIN ${Buffer.from('\0anna\0wrong').toString('base64')}`), /^535 5\.7\.8/);
    t.match(await client.command('AUTH LOGIN'), /^334 VXNlcm5hbWU6/);
    t.match(await client.command(Buffer.from('anna@example.org').toString('base64')), /^334 UGFzc3dvcmQ6/);
    t.match(await client.command(Buffer.from(anna.password).toString('base64')), /^235 2\.7\.0/);
    t.match(await client.command(`AUTH PLAIN ${plain}`), /^503/);
    t.match(await client.command('MAIL FROM:<anna@example.org>'), /^250 2\.1\.0/);
    client.end();
    const login = await server.talk('submission');
    t.match(await login.command('NOOP'), /^250/);
  });

  t.test('too many wrong passwords end the connection', async (t) => {
    const client = await SmtpClient.connect(server.door('submission'));
    await client.command('EHLO client');
    const wrong = Buffer.from('\0nobody-at-all\0wrong').toString('base64');
    const replies: string[] = [];
    while (!client.closed && replies.length < 12) replies.push(await client.command(`AUTH PLAIN ${wrong}`));
    t.ok(
      replies.some((reply) => reply.startsWith('421')),
      replies.join(' | '),
    );
    t.ok(await client.ended());
  });

  t.test('a password in the clear is taken on loopback only as long as it may be', async (t) => {
    const strict = await startMailServer(t, { environment: { CONVENE_PLAINTEXT_LOGIN: 'never' } });
    const client = await SmtpClient.connect(strict.door('submission'));
    t.notMatch(await client.command('EHLO client'), /AUTH/);
    t.match(await client.command(`AUTH PLAIN ${plain}`), /^538 5\.7\.11/);
    t.match(await client.command('MAIL FROM:<anna@example.org>'), /^530 5\.7\.0/);
    await client.startTls();
    t.match(await client.command('EHLO client'), /AUTH SCRAM-SHA-256 PLAIN LOGIN/);
    t.match(await client.logIn(anna.name, anna.password), /^235/);
  });
});

t.test('RFC 5321 §4.1.4: the order of commands', async (t) => {
  const client = await server.talk('submission');
  t.match(await client.command('RCPT TO:<bob@example.org>'), /^503/);
  t.match(await client.command('DATA'), /^503/);
  t.match(await client.command('MAIL FROM:<anna@example.org>'), /^250 2\.1\.0/);
  t.match(await client.command('MAIL FROM:<anna@example.org>'), /^503/);
  t.match(await client.command('DATA'), /^503/, 'no recipient');
  t.match(await client.command('RCPT TO:<nobody@example.org>'), /^550 5\.1\.1/);
  t.match(await client.command('DATA'), /^503/, 'no valid recipient');
  t.match(await client.command('RCPT TO:<bob@example.org>'), /^250 2\.1\.5/);
  t.match(await client.command('RSET'), /^250/);
  t.match(await client.command('RCPT TO:<bob@example.org>'), /^503/, 'RSET ended it');
  t.match(await client.command('EHLO again'), /^250/);
  t.match(await client.command('MAIL FROM:<anna@example.org>'), /^250/, 'EHLO keeps the log-in');
  t.match(await client.command('VRFY bob'), /^252/);
  t.match(await client.command('EXPN list'), /^502 5\.5\.1/);
  t.match(await client.command('HELP'), /^214/);
  t.match(await client.command('NOOP whatever'), /^250/);
  t.match(await client.command('TURN'), /^50[02]/);
  t.match(await client.command('MAIL'), /^50[13]/);
  t.match(await client.command('RCPT TO:<bob@example.org>'), /^250/);
  t.match(await client.command('DATA now'), /^501 5\.5\.4/);
  t.match(await client.data(letter('anna@example.org', 'In order')), /^250 2\.0\.0/);
  t.equal((await server.news(server.bob)).length, 1);
});

t.test('RFC 5321 §4.1.1.11, RFC 1870, RFC 3461: parameters', async (t) => {
  const client = await server.talk('submission');
  const MAIL: readonly [parameters: string, reply: RegExp][] = [
    ['SIZE=100 BODY=8BITMIME', /^250/],
    ['BODY=7BIT', /^250/],
    ['SMTPUTF8', /^250/],
    ['AUTH=<>', /^250/],
    ['RET=HDRS ENVID=QQ314159', /^250/],
    ['RET=full', /^250/],
    ['SIZE=100000000', /^552 5\.3\.4/],
    ['SIZE=99999999999999999999', /^552 5\.3\.4/],
    ['SIZE=abc', /^501 5\.5\.4/],
    ['SIZE', /^501/],
    ['SIZE=1 SIZE=2', /^501/],
    ['BODY=BINARYMIME', /^501/],
    ['RET=SOME', /^501/],
    ['ENVID=+0A', /^501/],
    ['FUTURE=1', /^555 5\.5\.4/],
    ['=x', /^501/],
    ['NOTIFY=NEVER', /^555/],
  ];
  for (const [parameters, reply] of MAIL) {
    t.match(await client.command(`MAIL FROM:<anna@example.org> ${parameters}`), reply, parameters);
    await client.command('RSET');
  }
  await client.command('MAIL FROM:<anna@example.org>');
  const RCPT: readonly [parameters: string, reply: RegExp][] = [
    ['NOTIFY=SUCCESS,FAILURE,DELAY', /^250/],
    ['NOTIFY=NEVER', /^250/],
    ['ORCPT=rfc822;someone+40example.net', /^250/],
    ['NOTIFY=NEVER,FAILURE', /^501/],
    ['NOTIFY=SOMETIMES', /^501/],
    ['NOTIFY=FAILURE,FAILURE', /^501/],
    ['ORCPT=rfc822', /^501/],
    ['ORCPT=rfc822;a+0D+0AMAIL', /^501/],
    ['SIZE=1', /^555/],
  ];
  for (const [parameters, reply] of RCPT)
    t.match(await client.command(`RCPT TO:<bob@example.org> ${parameters}`), reply, parameters);
});

t.test('RFC 6409 §6.1: sender and author belong to who logged in', async (t) => {
  const client = await server.talk('submission');
  t.match(await client.command('MAIL FROM:<bob@example.org>'), /^550 5\.7\.1/);
  t.match(await client.command('MAIL FROM:<anna@elsewhere.example>'), /^550 5\.7\.1/);
  const AUTHORS: readonly [fields: string, reply: RegExp][] = [
    ['From: anna@example.org\r\n', /^250/],
    ['From: "Bob <bob@example.org>" <ANNA@Example.ORG>\r\n', /^250/],
    ['From: Anna <anna+lists@example.org>\r\n', /^250/],
    ['From: bob@example.org\r\n', /^550 5\.7\.1/],
    ['From: anna@example.org, bob@example.org\r\n', /^550 5\.7\.1/],
    ['From: anna@example.org\r\nFrom: bob@example.org\r\n', /^554 5\.6\.0/],
    ['From: anna@example.org\r\nSender: bob@example.org\r\n', /^550 5\.7\.1/],
    ['From: Anna\r\n', /^55[04]/],
    ['Subject: from nobody\r\n', /^554 5\.6\.0/],
    ['From : bob@example.org\r\n', /^55[04]/],
    ['From: =?utf-8?q?anna=40example.org?= <bob@example.org>\r\n', /^550 5\.7\.1/],
    ['From: anna@example.org <bob@example.org>\r\n', /^550 5\.7\.1/],
  ];
  for (const [fields, reply] of AUTHORS) {
    await client.commands('MAIL FROM:<anna@example.org>', 'RCPT TO:<bob@example.org>');
    t.match(await client.data(`${fields}To: bob@example.org\r\n\r\nText.\r\n`), reply, JSON.stringify(fields));
  }
  t.equal((await server.news(server.bob)).length, 3, 'refused ones are nowhere');

  // A grant of send-as opens another address.
  const { principals } = server.app;
  const owner = await principals.find('bob');
  const friend = await principals.find('anna');
  await server.store.transaction((write) =>
    write.grants.add({ accountId: owner.id, collectionId: 0, granteeId: friend.id, rights: 'send-as', createdAt: 1 }),
  );
  await client.commands('MAIL FROM:<bob@example.org>', 'RCPT TO:<bob@example.org>');
  t.match(await client.data(letter('bob@example.org', 'As bob')), /^250/);
});

t.test('RFC 6409 §8: the header is completed, and nothing else changes', async (t) => {
  const client = await server.talk('submission');
  await client.commands('MAIL FROM:<anna@example.org>', 'RCPT TO:<bob@example.org>', 'RCPT TO:<bob@example.org>');
  const sent =
    'From: anna@example.org\r\nBcc: hidden@example.net,\r\n secret@example.net\r\nX-Kept:  as  it is \r\nReturn-Path: <forged@example.net>\r\n\r\n.dot\r\n..dots\r\n\r\n \r\ntr\xe4iling  \r\n';
  t.match(await client.data(Buffer.from(sent, 'latin1')), /^250/);
  const [got = '', ...more] = await server.news(server.bob);
  t.equal(more.length, 0, 'given twice, got once');
  const [header = '', body] = got.split(/(?<=\r\n)\r\n(.*)/s);
  t.equal(body, '.dot\r\n..dots\r\n\r\n \r\ntr\xe4iling  \r\n');
  t.notMatch(got, /hidden|secret|Bcc|forged/);
  t.match(
    header,
    /^Return-Path: <anna@example\.org>\r\nReceived: from submission\r\n\tby mx\.example\.org with ESMTPA id /,
  );
  t.match(header, /\r\nX-Kept: {2}as {2}it is \r\n/);
  t.match(header, /\r\nDate: \w{3}, \d+ \w{3} \d{4} [\d:]{8} \+0000\r\nMessage-ID: <[\w-]+@example\.org>\r\n$/);
  t.notMatch(header, /127\.0\.0\.1|client\.example\.net/, 'where she is stays her own');

  await client.commands('MAIL FROM:<anna@example.org>', 'RCPT TO:<bob@example.org>');
  await client.data(letter('anna@example.org', 'Whole'));
  const [second = ''] = await server.news(server.bob);
  t.equal(second.match(/^(?:Date|Message-ID):/gm)?.length, 2, 'what is there is not added');
});

t.test('RFC 6531: addresses and headers in UTF-8', async (t) => {
  await server.app.principals.add({ address: 'jürgen@example.org', name: 'juergen', password: 'password-of-j' });
  const client = await server.talk('submission');
  await client.command('MAIL FROM:<anna@example.org>');
  t.match(await client.command('RCPT TO:<jürgen@example.org>'), /^553 5\.6\.7/);
  await client.commands('RSET', 'MAIL FROM:<anna@example.org> SMTPUTF8');
  t.match(await client.command('RCPT TO:<JÜRGEN@example.org>'), /^250/);
  t.match(await client.data('From: anna@example.org\r\nSubject: Grüße\r\n\r\nText.\r\n'), /^250/);
  const [got = ''] = await server.news({ ...server.anna, name: 'juergen' });
  t.match(Buffer.from(got, 'latin1').toString(), /with UTF8SMTPA id[\s\S]*Subject: Grüße\r\n/);
});

t.test('RFC 2920: a whole conversation in one packet', async (t) => {
  const client = await server.talk('submission');
  const envelope = [
    'MAIL FROM:<anna@example.org>',
    'RCPT TO:<nobody@example.org>',
    'RCPT TO:<bob@example.org>',
    'DATA',
  ];
  client.write(`${envelope.join('\r\n')}\r\n`);

  const codes = [];
  for (let count = 0; count < 4; count++) codes.push((await client.reply()).slice(0, 3));
  t.same(codes, ['250', '550', '250', '354']);
  client.write(`${letter('anna@example.org', 'Piped')}.\r\nRSET\r\nNOOP\r\nQUIT\r\n`);
  for (const code of ['250', '250', '250', '221']) t.match(await client.reply(), code);
  t.ok(await client.ended());
  t.equal((await server.news(server.bob)).length, 1);
});
