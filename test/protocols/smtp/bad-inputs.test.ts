/** What breaks or abuses other mail servers, each beside somebody who goes on working: RFC 5321 §4.5.3, §7.3, §7.8. */
import { connect } from 'node:net';
import { memoryUsage } from 'node:process';
import t, { type Test } from 'tap';
import { bystander, bystanderPatience } from '../../support/bystander.ts';
import { letter, type MailServer, startMailServer } from '../../support/mail-server.ts';
import { SmtpClient } from '../../support/smtp.ts';

const MB = 1024 * 1024;
const DOORS = ['smtp', 'submission', 'lmtp'] as const;

let server: MailServer;
t.before(async () => {
  server = await startMailServer(t);
});
t.beforeEach(async () => {
  await server.news(server.anna);
  await server.news(server.bob);
});

/** Runs a case beside a bystander, who must not notice. */
async function beside(t: Test, server: MailServer, work: () => Promise<void>): Promise<void> {
  const carol = await bystander(server);
  try {
    await work();
  } finally {
    const { slowest, sent } = await carol.stop();
    t.ok(sent > 0 && slowest < bystanderPatience(), `the slowest of ${sent} answers took ${Math.round(slowest)} ms`);
  }
}

/** An envelope at any door, up to 354. */
async function readyForData(server: MailServer, door: (typeof DOORS)[number]): Promise<SmtpClient> {
  const client = await server.talk(door);
  const reply = await client.commands('MAIL FROM:<anna@example.org>', 'RCPT TO:<bob@example.org>', 'DATA');
  if (!reply.startsWith('354')) throw new Error(reply);
  return client;
}

const ENDINGS = [
  '\n.\n',
  '\r.\r',
  '\r.\n',
  '\n.\r',
  '\n.\r\n',
  '\r\n.\n',
  '\r.\r\n',
  '\r\n.\r',
  '\n\n.\n\n',
  '\n.\n\n',
  '\r\n\0.\r\n',
  '\r\n.\0\r\n',
  '\r\r\n.\r\r\n',
  '\r\n.\r\r\n',
];
const SECOND = 'MAIL FROM:<evil@example.net>\r\nRCPT TO:<anna@example.org>\r\nDATA\r\nSubject: smuggled\r\n\r\nx';

t.test('wrong endings of a message never end it: nothing is smuggled at any door', async (t) => {
  await beside(t, server, async () => {
    for (const door of DOORS)
      for (const ending of ENDINGS) {
        const client = await readyForData(server, door);
        client.write(Buffer.from(`${letter('anna@example.org', 'First')}${ending}${SECOND}\r\n.\r\n`, 'latin1'));
        t.match(await client.reply(), /^550 5\.[56]\./, `${door} ${JSON.stringify(ending)}`);
        t.match(await client.command('NOOP'), /^250/, 'one reply, and the conversation goes on');
        client.end();
      }
  });
  t.equal((await server.news(server.bob)).length, 0);
  t.equal((await server.news(server.anna)).length, 0);
});

t.test(
  'what follows DATA before its 354 ends the connection; a whole second message may follow a whole first',
  async (t) => {
    for (const door of DOORS) {
      const client = await server.talk(door);
      await client.commands('MAIL FROM:<anna@example.org>', 'RCPT TO:<bob@example.org>');
      client.write(`DATA\r\n${letter('anna@example.org', 'Eager')}.\r\n`);
      t.match(await client.reply(), /^554 5\.5\.0/);
      t.ok(await client.ended());
      const second = await readyForData(server, door);
      second.write(
        `${letter('anna@example.org', 'One')}.\r\nMAIL FROM:<anna@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n`,
      );
      for (const code of ['250', '250', '250', '354']) t.match(await second.reply(), code);
      second.write(`${letter('anna@example.org', 'Two')}.\r\n`);
      t.match(await second.reply(), /^250/);
    }
    t.equal((await server.news(server.bob)).length, 6);
  },
);

t.test('text after STARTTLS in the same packet is never answered inside TLS', async (t) => {
  for (const door of ['smtp', 'submission'] as const) {
    const client = await SmtpClient.connect(server.door(door));
    await client.command('EHLO x');
    client.write('STARTTLS\r\nEHLO injected\r\nMAIL FROM:<injected@example.net>\r\n');
    const reply = await client.reply();
    if (reply.startsWith('220')) {
      t.equal(client.received, '', 'nothing more in the clear');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    t.notMatch(client.received, /250/);
    client.end();
    // A garbage handshake ends the connection and nothing else.
    const garbage = await SmtpClient.connect(server.door(door));
    await garbage.commands('EHLO x', 'STARTTLS');
    garbage.write('EHLO in the clear\r\nQUIT\r\n'.repeat(20));
    t.ok(await garbage.ended());
  }
  const nothing = await SmtpClient.connect(server.door('submissions'), { greeting: false });
  nothing.write('EHLO without TLS\r\n'.repeat(20));
  t.ok(await nothing.ended(), 'implicit TLS takes nothing else');
});

t.test('5,000 recipients: those beyond the limit hear 452 and the message goes to the others', async (t) => {
  await beside(t, server, async () => {
    const client = await server.talk('submission');
    await client.command('MAIL FROM:<anna@example.org>');
    client.write('RCPT TO:<bob@example.org>\r\n'.repeat(5_000));
    const codes: Record<string, number> = {};
    for (let count = 0; count < 5_000; count++) {
      const code = (await client.reply()).slice(0, 9);
      codes[code] = (codes[code] ?? 0) + 1;
    }
    t.same(codes, { '250 2.1.5': 1_000, '452 4.5.3': 4_000 });
    t.match(await client.data(letter('anna@example.org', 'Many')), /^250/);
  });
  t.equal((await server.news(server.bob)).length, 1);
});

t.test('20 MB without SIZE where 4 are taken: 552 after the dot, with flat memory, at every door', async (t) => {
  const server = await startMailServer(t, { smtpLimits: { size: 4 * MB } });
  const piece = Buffer.from(`${'x'.repeat(76)}\r\n`.repeat(840 * 4));
  // The thread that checks mail from elsewhere takes memory of its own, once.
  const first = await readyForData(server, 'smtp');
  first.write(`${letter('anna@example.org', 'First')}.\r\n`);
  t.match(await first.reply(), /^250/);
  t.equal((await server.news(server.bob)).length, 1);
  await beside(t, server, async () => {
    for (const door of DOORS) {
      const client = await readyForData(server, door);
      client.write(letter('anna@example.org', 'Huge'));
      const before = memoryUsage().rss;
      let most = 0;
      for (let sent = 0; sent < 20 * MB; sent += piece.length) {
        await client.push(piece);
        most = Math.max(most, memoryUsage().rss - before);
      }
      client.write('.\r\n');
      t.match(await client.reply(), /^552 5\.3\.4/, door);
      t.ok(most < 100 * MB, `${door}: ${Math.round(most / MB)} MB more`);
      t.match(await client.command('NOOP'), /^250/);
    }
  });
  t.equal((await server.news(server.bob)).length, 0);
});

t.test('endless command lines', async (t) => {
  await beside(t, server, async () => {
    for (const door of DOORS) {
      const endless = await server.talk(door);
      for (let sent = 0; sent < 10 * MB && !endless.closed; sent += 64 * 1024)
        await endless.push(Buffer.alloc(64 * 1024, 'x')).catch(() => {});
      t.match(await endless.reply().catch(() => ''), /^(?:421|$)/);
      t.ok(await endless.ended());
      const client = await server.talk(door);
      t.match(await client.command(`${door === 'lmtp' ? 'LHLO' : 'EHLO'} ${'x'.repeat(5_000)}`), /^50[01]/);
      t.match(await client.command(`MAIL FROM:<anna@example.org> X=${'x'.repeat(5_000)}`), /^50[01]/);
      t.match(await client.command('NOOP'), /^250/);
    }
  });
});

t.test('messages of odd shapes are answered cheaply', async (t) => {
  await beside(t, server, async () => {
    const SHAPES: readonly [what: string, message: string, reply: RegExp][] = [
      ['a line of 5 MB', letter('anna@example.org', 'Line', `${'x'.repeat(5 * MB)}\r\n`), /^(?:250|554)/],
      ['100,000 fields', `From: anna@example.org\r\n${'X: y\r\n'.repeat(100_000)}\r\nx\r\n`, /^(?:250|554)/],
      ['a field of 1 MB', `From: anna@example.org\r\nX: ${'y\r\n '.repeat(300_000)}\r\n\r\nx\r\n`, /^(?:250|554)/],
      [
        '100,000 addresses',
        `From: anna@example.org\r\nTo: ${'<a@b.example>,\r\n '.repeat(14_000)}\r\n\r\nx\r\n`,
        /^250/,
      ],
      [
        '100 Received fields',
        `${'Received: from x\r\n'.repeat(100)}${letter('anna@example.org', 'Loop')}`,
        /^554 5\.4\.6/,
      ],
      [
        '20,000 parts',
        letter(
          'anna@example.org',
          'Parts',
          '--b\r\n\r\nx\r\n'.repeat(20_000),
          'Content-Type: multipart/mixed; boundary=b\r\n',
        ),
        /^250/,
      ],
      ['no empty line', 'From: anna@example.org\r\n', /^250/],
      ['nothing but an empty line', '\r\n', /^(?:250|554)/],
      ['nothing at all', '', /^(?:250|554)/],
    ];
    for (const door of DOORS)
      for (const [what, message, reply] of SHAPES) {
        const client = await server.talk(door);
        await client.commands('MAIL FROM:<anna@example.org>', 'RCPT TO:<bob@example.org>');
        const began = performance.now();
        t.match(await client.data(message), reply, `${door}: ${what}`);
        t.ok(
          performance.now() - began < 3 * bystanderPatience(),
          `${what} took ${Math.round(performance.now() - began)} ms`,
        );
        client.end();
      }
  });
});

t.test('probing for addresses is slowed, then cut; VRFY and EXPN tell nothing', async (t) => {
  const server = await startMailServer(t, { smtpLimits: { unknownDelay: 60 } });
  await beside(t, server, async () => {
    for (const door of ['smtp', 'submission'] as const) {
      const client = await server.talk(door);
      for (const who of ['bob', 'nobody', 'bob@example.org', 'x@example.com']) {
        t.match(await client.command(`VRFY ${who}`), /^252 /);
        t.match(await client.command(`EXPN ${who}`), /^502 5\.5\.1/);
      }
      const same = new Set([await client.command('VRFY bob'), await client.command('VRFY nobody')]);
      t.equal(same.size, 1);
      await client.command('MAIL FROM:<anna@example.org>');
      const replies: string[] = [];
      const began = performance.now();
      while (!client.closed && replies.length < 50)
        replies.push(await client.command(`RCPT TO:<probe${replies.length}@example.org>`));
      t.equal(replies.filter((reply) => reply.startsWith('550 5.1.1')).length, 19);
      t.match(replies[19], /^421 4\.7\.0/);
      t.ok(performance.now() - began > 9 * 60, 'the later ones were slow');
    }
  });
});

t.test('BDAT is not offered, and its octets are never taken for commands', async (t) => {
  for (const words of ['BDAT 20 LAST', 'BDAT 4294967296', 'BDAT -1', 'BDAT', 'BDAT 99999999999999999999 LAST'])
    for (const door of DOORS) {
      const client = await server.talk(door);
      t.notMatch(await client.command(`${door === 'lmtp' ? 'LHLO' : 'EHLO'} x`), /CHUNKING/);
      await client.commands('MAIL FROM:<anna@example.org>', 'RCPT TO:<bob@example.org>');
      client.write(`${words}\r\nRSET\r\nMAIL FROM:<x@example.net>\r\n`);
      t.match(await client.reply(), /^50[0-3] /, words);
      t.ok(await client.ended());
      t.equal(client.received, '');
    }
});

t.test('junk, HTTP and early talkers are sent away', async (t) => {
  await beside(t, server, async () => {
    for (const door of DOORS) {
      const http = await SmtpClient.connect(server.door(door), { greeting: false });
      http.write('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n');
      t.match(await http.reply(), /^421/, `${door}: HTTP`);
      t.ok(await http.ended());
      const junk = await server.talk(door);
      const replies: string[] = [];
      while (!junk.closed && replies.length < 60) replies.push(await junk.command(`JUNK${replies.length}`));
      t.ok(
        replies.length <= 12 && replies.some((reply) => reply.startsWith('421')),
        `${door}: ${replies.length} replies`,
      );
    }
    const binary = await SmtpClient.connect(server.door('smtp'));
    binary.write(Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7919) & 255)));
    t.ok(await binary.ended());
  });
});

t.test('a lost connection leaves nothing, or exactly one message', async (t) => {
  for (const door of DOORS) {
    const before = await readyForData(server, door);
    before.write(letter('anna@example.org', 'Lost'));
    await new Promise((resolve) => setTimeout(resolve, 30));
    before.end();
    const half = await readyForData(server, door);
    half.write(`${letter('anna@example.org', 'Half')}.`);
    half.end();
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.equal((await server.news(server.bob)).length, 0);
  for (const door of DOORS) {
    const after = await readyForData(server, door);
    after.write(`${letter('anna@example.org', door)}.\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 1));
    after.end();
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  const subjects = (await server.news(server.bob)).map((message) => /Subject: (\w+)/.exec(message)?.[1]);
  t.equal(new Set(subjects).size, subjects.length, 'none twice');
});

t.test('control characters in any value are refused where they come in', async (t) => {
  const VALUES = [
    'EHLO x\0y',
    'EHLO x\ty',
    'MAIL FROM:<anna@example.org> SIZE=1\x0b',
    'MAIL FROM:<anna\x7f@example.org>',
    'MAIL FROM:<"a\rb"@example.org>',
    'MAIL FROM:<"a\nb"@example.org>',
    'MAIL FROM:<anna@example.org> ENVID=a+0D+0ARCPT',
    'MAIL FROM:<anna@example.org> ENVID=a+0d+0a',
    'MAIL FROM:<anna@example.org> AUTH=a\x01b',
  ];
  for (const value of VALUES) {
    const client = await server.talk('submission');
    client.write(Buffer.from(`${value}\r\n`, 'latin1'));
    t.match(await client.reply(), /^50[01]/, JSON.stringify(value));
    client.end();
  }
});

t.test('slow and silent clients are dropped, drip by drip', async (t) => {
  const limits = { command: 300, login: 200, slowAfter: 300, slowRate: 5_000, tick: 50 };
  const server = await startMailServer(t, { smtpLimits: limits });
  const silent = await SmtpClient.connect(server.door('submission'));
  t.match(await silent.reply(), /^421 4\.4\.2/);
  const dripping = connect(server.door('smtp'), '127.0.0.1');
  dripping.on('error', () => {});
  const drip = setInterval(() => dripping.write('x'), 40);
  await new Promise((resolve) => dripping.on('close', resolve).resume());
  clearInterval(drip);
  const slow = await readyForData(server, 'smtp');
  const feeding = setInterval(() => slow.write('slow\r\n'), 20);
  t.match(await slow.reply(), /^421 4\.4\.2/);
  clearInterval(feeding);
  t.equal((await server.news(server.bob)).length, 0);
});

t.test('200 idle connections leave room for a newcomer', async (t) => {
  const idle = await Promise.all(
    Array.from({ length: 200 }, (_, i) => SmtpClient.connect(server.door('smtp'), { from: `127.0.0.${(i % 20) + 2}` })),
  );
  await beside(t, server, async () => {
    const began = performance.now();
    const client = await server.talk('smtp');
    t.match(await client.command('NOOP'), /^250/);
    t.ok(performance.now() - began < 1_000);
  });
  for (const client of idle) client.end();
});
