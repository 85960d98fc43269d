/** APPEND: octets, flags, dates, refusals. RFC 3501 §6.3.11, RFC 4315 §3, RFC 7889. */
import t from 'tap';
import { IMAP_PORTS, literal, loginImap } from '../../../support/imap.ts';
import { startServer } from '../../../support/server.ts';

const MESSAGE = 'Subject: one\r\n\r\nbody\r\n';

t.test('APPEND', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const client = await loginImap(t, server, anna);

  t.test('octets come back as they went in', async (t) => {
    await client.ok('CREATE octets');
    const shapes: readonly [string, Buffer][] = [
      ['plain', Buffer.from(MESSAGE)],
      ['no header', Buffer.from('just text')],
      ['bare line ends', Buffer.from('A: b\n\nx\ry\n')],
      ['8-bit and NUL', Buffer.from([0x41, 0x3a, 0, 0xff, 0x80, 13, 10, 13, 10, 0, 1, 2, 254])],
      ['every octet', Buffer.from(Array.from({ length: 4096 }, (_, at) => at % 256))],
      ['large', Buffer.concat([Buffer.from(MESSAGE), Buffer.alloc(3_000_000, 'abcdefg\r\n')])],
    ];
    for (const [name, octets] of shapes) {
      const uid = await client.append('octets', octets);
      await client.ok('SELECT octets');
      const { untagged } = await client.ok(`UID FETCH ${uid} (RFC822.SIZE BODY.PEEK[])`);
      const [, size, text] = /RFC822\.SIZE (\d+) BODY\[\] \{\d+\}\r\n(.*)\)$/s.exec(untagged[0] ?? '') ?? [];
      t.equal(Number(size), octets.length, name);
      t.ok(Buffer.from(text ?? '', 'latin1').equals(octets), name);
    }
  });

  t.test('flags and date', async (t) => {
    await client.ok('CREATE flags');
    await client.append('flags', MESSAGE, '(\\Seen $Label1 \\Flagged) " 1-Feb-2020 03:04:05 +0200" ');
    await client.append('flags', MESSAGE, '() "28-Feb-2021 23:59:59 -1130" ');
    await client.ok('SELECT flags');
    const { untagged } = await client.ok('FETCH 1:2 (FLAGS INTERNALDATE)');
    t.match(untagged[0], /FLAGS \(\\Seen \\Flagged \$Label1 \\Recent\)/);
    t.match(untagged[0], '" 1-Feb-2020 01:04:05 +0000"');
    t.match(untagged[1], '" 1-Mar-2021 11:29:59 +0000"');
  });

  t.test('APPENDUID counts on', async (t) => {
    await client.ok('CREATE uids');
    const first = await client.ok(`APPEND uids ${literal(MESSAGE)}`);
    const second = await client.ok(`APPEND uids ${literal(MESSAGE)}`);
    const [, validity] = /^\[APPENDUID (\d+) 1\] /.exec(first.text) ?? [];
    t.ok(Number(validity) > 0);
    t.match(second.text, `[APPENDUID ${validity} 2] `);
  });

  t.test('what is refused is not stored, and the connection goes on', async (t) => {
    const refused: readonly [string, string, RegExp][] = [
      ['nowhere', 'NO', /^\[TRYCREATE\]/],
      ['INBOX (\\Nonsense)', 'NO', /./],
      ['INBOX "32-Feb-2020 00:00:00 +0000"', 'BAD', /./],
      ['INBOX (\\Seen', 'BAD', /./],
    ];
    for (const [target, status, text] of refused)
      t.match(await client.run(`APPEND ${target} ${literal(MESSAGE)}`), { status, text }, target);
    t.equal((await client.run('APPEND INBOX')).status, 'BAD');
    t.equal((await client.run('APPEND INBOX "text"')).status, 'BAD');
    t.match((await client.ok('STATUS INBOX (MESSAGES UIDNEXT)')).untagged, ['STATUS INBOX (MESSAGES 0 UIDNEXT 1)']);
  });

  t.test('several at once, all or none', async (t) => {
    await client.ok('CREATE several');
    const { text } = await client.ok(
      `APPEND several (\\Seen) ${literal(MESSAGE)} "01-Feb-2020 00:00:00 +0000" ${literal(MESSAGE)} ${literal(MESSAGE)}`,
    );
    t.match(text, /^\[APPENDUID \d+ 1:3\]/);
    t.match(
      await client.run(`APPEND several ${literal(MESSAGE)} (\\Nonsense) ${literal(MESSAGE)} ${literal(MESSAGE)}`),
      {
        status: 'NO',
      },
    );
    t.match(await client.run(`APPEND several ${literal(MESSAGE)} more`), { status: 'BAD' });
    const tag = client.begin(`APPEND several ${literal(MESSAGE)} {999999999}`);
    t.match(await client.reply(tag), { status: 'NO', text: /^\[TOOBIG\]/ });
    t.same((await client.ok('STATUS several (MESSAGES UIDNEXT)')).untagged, ['STATUS several (MESSAGES 3 UIDNEXT 4)']);
  });

  t.test('too large is said before it is sent', async (t) => {
    const tag = client.begin(`APPEND INBOX {${65 * 1024 * 1024}}`);
    t.match(await client.reply(tag), { status: 'NO', text: /^\[TOOBIG\]/, untagged: [] });
    t.match((await client.ok('CAPABILITY')).untagged[0], / APPENDLIMIT=67108864\b/);
    t.match((await client.ok('STATUS INBOX (APPENDLIMIT)')).untagged[0], 'APPENDLIMIT 67108864');
  });

  t.test('a message that is cut off is absent', async (t) => {
    const cut = await loginImap(t, server, anna);
    cut.send('x APPEND INBOX {1000+}\r\nSubject: half');
    cut.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    t.match((await client.ok('STATUS INBOX (MESSAGES)')).untagged, ['STATUS INBOX (MESSAGES 0)']);
  });

  t.test('what is appended to the open mailbox is told with the answer', async (t) => {
    await client.ok('CREATE open');
    await client.ok('SELECT open');
    const reply = await client.ok(`APPEND open ${literal(MESSAGE)}`);
    t.same(reply.untagged, ['1 EXISTS', '1 RECENT']);
    t.same((await client.ok('SEARCH SUBJECT one')).untagged, ['SEARCH 1'], 'and found at once');
  });
});
