/** The spam filter by HTTP: what it is asked and told, and what follows. */
import t from 'tap';
import { type FakeRspamd, startFakeRspamd } from '../support/fake-rspamd.ts';
import { IMAP_PORTS, loginImap } from '../support/imap.ts';
import { letter, type MailServer, startMailServer } from '../support/mail-server.ts';

const HAM = [200, { score: 1.5, required_score: 15, action: 'no action' }] as const;
const SPAM = [200, { score: 7.25, required_score: 15, action: 'add header' }] as const;

async function deliver(server: MailServer, subject: string, more = ''): Promise<string> {
  const client = await server.talk('smtp');
  await client.commands(
    'MAIL FROM:<eve@elsewhere.example>',
    'RCPT TO:<bob@example.org>',
    'RCPT TO:<anna+x@example.org>',
  );
  const reply = await client.data(letter('eve@elsewhere.example', subject, 'Text.\r\n', more));
  client.end();
  return reply;
}

t.test('what it calls spam goes to Junk, all else to the inbox', async (t) => {
  const filter = await startFakeRspamd(t, ({ octets }) => (octets.includes('Buy') ? SPAM : HAM));
  const server = await startMailServer(t, {
    environment: { CONVENE_RSPAMD: filter.url.replace('//', '//:s%20cret@') },
  });
  t.match(await deliver(server, 'Buy'), /^250/);
  t.match(await deliver(server, 'Hello', 'X-Spam-Status: No\r\n'), /^250/);
  const [junk = ''] = await server.mailbox(server.bob, 'Junk');
  t.match(junk, /^Return-Path[\s\S]*\r\nX-Spam-Status: Yes, score=7\.25\r\nFrom: eve/);
  const [inbox = '', ...more] = await server.news(server.bob);
  t.match(inbox, /\r\nX-Spam-Status: No, score=1\.50\r\nFrom: eve/);
  t.same(more, []);
  t.equal((await server.mailbox(server.anna, 'Junk')).length, 1);
  const [asked] = filter.requests;
  t.match(asked, {
    path: 'POST /checkv2',
    headers: {
      from: ['eve@elsewhere.example'],
      rcpt: ['bob@example.org', 'anna+x@example.org'],
      ip: ['127.0.0.1'],
      helo: ['client.example.net'],
      password: ['s cret'],
    },
    octets: letter('eve@elsewhere.example', 'Buy'),
  });
  t.equal(filter.requests.length, 2, 'once for each message');

  const own = await server.talk('submission');
  await own.commands('MAIL FROM:<anna@example.org>', 'RCPT TO:<bob@example.org>');
  t.match(await own.data(letter('anna@example.org', 'Buy')), /^250/);
  t.equal(filter.requests.length, 2, 'people of this server are not asked about');
});

t.test('a score of the operator decides instead', async (t) => {
  const filter = await startFakeRspamd(t, () => SPAM);
  const environment = { CONVENE_RSPAMD: filter.url, CONVENE_SPAM_SCORE: '7.3' };
  const server = await startMailServer(t, { environment });
  await deliver(server, 'Below');
  filter.answer = () => [200, { score: 7.3, action: 'no action' }];
  await deliver(server, 'Reached');
  t.equal((await server.news(server.bob)).length, 1);
  t.match(await server.mailbox(server.bob, 'Junk'), [/Subject: Reached/]);
  filter.answer = () => [200, { is_skipped: true, score: 15, action: 'reject' }];
  await deliver(server, 'Pattern');
  t.equal((await server.mailbox(server.bob, 'Junk')).length, 2, 'decided before all rules have run');
});

t.test('when it is silent, wrong or gone, mail arrives', async (t) => {
  const filter = await startFakeRspamd(t, () => HAM);
  const server = await startMailServer(t, { environment: { CONVENE_RSPAMD: filter.url }, rspamd: { timeoutMs: 200 } });
  const ANSWERS: readonly (readonly [string, FakeRspamd['answer']])[] = [
    ['silent', () => 'hang'],
    ['an error', () => [500, { error: 'no' }]],
    ['no score', () => [200, { action: 'reject' }]],
    ['no object', () => [200, null]],
    ['skipped', () => [200, { is_skipped: true, score: 0, action: 'no action' }]],
  ];
  for (const [name, answer] of ANSWERS) {
    filter.answer = answer;
    t.match(await deliver(server, name), /^250/, name);
    const [got = ''] = await server.news(server.bob);
    t.notMatch(got, /X-Spam-Status/, name);
    t.ok(got.includes('Subject'), name);
  }
});

t.test('moving into Junk and out of it teaches it', async (t) => {
  const filter = await startFakeRspamd(t, () => HAM);
  const server = await startMailServer(t, {
    environment: {
      ...IMAP_PORTS,
      CONVENE_RSPAMD: filter.url,
      CONVENE_RSPAMD_CONTROLLER: filter.url.replace('//', '//:teacher@'),
    },
    lessons: { delaysMs: [10, 10] },
  });
  for (const subject of ['One', 'Two', 'Three', 'Large'])
    await deliver(server, subject, subject === 'Large' ? `X-Pad: ${'x'.repeat(900)}\r\n`.repeat(250) : '');
  filter.requests.length = 0;
  let failures = 2;
  filter.answer = () => (failures-- > 0 ? [503, {}] : [200, { success: true }]);
  const client = await loginImap(t, server, server.bob);
  await client.run('SELECT INBOX');
  t.equal((await client.run('UID MOVE 1 Junk')).status, 'OK');
  const first = await filter.asked(3);
  t.match(
    first.map(({ path }) => path),
    ['POST /learnspam', 'POST /learnspam', 'POST /learnspam'],
    'it is told again until it listens',
  );
  t.match(first[2], { headers: { password: ['teacher'] }, octets: /Subject: One/ });
  await client.run('UID COPY 2,4 Junk');
  await client.run('UID MOVE 3 Archive');
  await client.run('SELECT Junk');
  await client.run('UID MOVE 1 INBOX');
  await client.run('UID MOVE 2 Trash');
  await client.run('UID MOVE 3 Archive');
  const told = (await filter.asked(7)).slice(3);
  t.same(
    told.map(({ path, octets }) => `${path} ${/Subject: (\w+)/.exec(octets)?.[1]}`),
    ['POST /learnspam Two', 'POST /learnspam Large', 'POST /learnham One', 'POST /learnham Large'],
  );
});

t.test('a controller that hangs keeps nobody waiting, not even the end', async (t) => {
  const filter = await startFakeRspamd(t, ({ path }) => (path.includes('learn') ? 'hang' : HAM));
  const server = await startMailServer(t, {
    environment: { ...IMAP_PORTS, CONVENE_RSPAMD: filter.url, CONVENE_RSPAMD_CONTROLLER: filter.url },
  });
  await deliver(server, 'One');
  await deliver(server, 'Two');
  const client = await loginImap(t, server, server.bob);
  await client.run('SELECT INBOX');
  t.equal((await client.run('UID MOVE 1 Junk')).status, 'OK');
  await filter.asked(3);
  t.equal((await client.run('UID MOVE 2 Junk')).status, 'OK');
  await server.close();
  t.equal(filter.requests.filter(({ path }) => path.includes('learn')).length, 1);
});

t.test('large messages are shown whole, octet for octet, or as much of them as is allowed', async (t) => {
  const filter = await startFakeRspamd(t, ({ octets }) => (octets.includes('needle') ? SPAM : HAM));
  const server = await startMailServer(t, {
    environment: { CONVENE_RSPAMD: filter.url },
    rspamd: { maxOctets: 3_000_000 },
  });
  const bring = async (subject: string, lines: number, last: string): Promise<string> => {
    const body = `${Array.from({ length: lines }, (_, i) => `${i} ${'x'.repeat(70)}\r\n`).join('')}${last}\r\n`;
    const message = letter('eve@elsewhere.example', subject, body);
    const client = await server.talk('smtp');
    await client.commands('MAIL FROM:<eve@elsewhere.example>', 'RCPT TO:<bob@example.org>');
    t.match(await client.data(message), /^250/);
    client.end();
    return message;
  };
  // Around the size of what stays in memory, of a chunk, and of what is shown to others.
  for (const [i, lines] of [100, 3_400, 6_800, 14_000, 30_000].entries()) {
    const sent = await bring(`Large ${lines}`, lines, 'a needle');
    t.ok(filter.requests[i]?.octets === sent, `${sent.length} octets`);
    t.ok((await server.mailbox(server.bob, 'Junk')).at(-1)?.endsWith(sent), 'and are stored as they came');
  }
  const sent = await bring('Too large', 45_000, 'a needle');
  t.ok(sent.length > 3_000_000);
  t.ok(filter.requests[5]?.octets === sent.slice(0, 3_000_000), 'its beginning');
  t.ok((await server.news(server.bob)).at(-1)?.endsWith(sent), 'the needle was not seen');

  filter.answer = () => [413, {}];
  await bring('Refused', 30_000, 'a needle');
  t.match((await server.news(server.bob)).at(-1), /Subject: Refused/, 'unseen, and not lost');
});
