/** FETCH: attributes, sections, partial ranges, \Seen. RFC 3501 §6.4.5, §7.4.2. */
import t from 'tap';
import { IMAP_PORTS, literal, loginImap } from '../../../support/imap.ts';
import { startServer } from '../../../support/server.ts';

const PARTS = [
  'From: Anna <anna@example.org>',
  'To: bob@example.org',
  'Subject: parts',
  'Date: Mon, 2 Mar 2020 10:00:00 +0100',
  'Message-ID: <1@example.org>',
  'Content-Type: multipart/mixed; boundary=x',
  '',
  'preamble',
  '--x',
  '',
  'first',
  '--x',
  'Content-Type: message/rfc822',
  '',
  'Subject: inner',
  '',
  'inner text',
  '--x',
  'Content-Type: application/octet-stream; name=a.bin',
  'Content-Transfer-Encoding: base64',
  '',
  'AAEC',
  '--x--',
  '',
].join('\r\n');

/** An attribute and its value as the answer holds them. */
function octets(label: string, value: string): string {
  return `${label} {${value.length}}\r\n${value}`;
}

t.test('FETCH', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const client = await loginImap(t, server, anna);
  await client.append('INBOX', PARTS, '(\\Seen) " 2-Mar-2020 10:00:00 +0000" ');
  await client.append('INBOX', 'Subject: two\r\nX-Long: a\r\n b\r\n\r\n0123456789');
  await client.ok('EXAMINE INBOX');

  const envelope =
    'ENVELOPE ("Mon, 2 Mar 2020 10:00:00 +0100" "parts" (("Anna" NIL "anna" "example.org")) (("Anna" NIL "anna" "example.org")) (("Anna" NIL "anna" "example.org")) ((NIL NIL "bob" "example.org")) NIL NIL NIL "<1@example.org>")';
  const basics = `INTERNALDATE " 2-Mar-2020 10:00:00 +0000" RFC822.SIZE ${PARTS.length}`;
  const header = PARTS.slice(0, PARTS.indexOf('preamble'));

  const table: readonly [string, string][] = [
    ['UID', 'UID 1'],
    ['(UID FLAGS)', 'UID 1 FLAGS (\\Seen \\Recent)'],
    ['FAST', `FLAGS (\\Seen \\Recent) ${basics}`],
    ['ALL', `FLAGS (\\Seen \\Recent) ${basics} ${envelope}`],
    ['(ENVELOPE UID)', `UID 1 ${envelope}`],
    ['(RFC822.SIZE INTERNALDATE)', basics],
    ['rfc822.size', `RFC822.SIZE ${PARTS.length}`],
    ['BODY.PEEK[1]', octets('BODY[1]', 'first')],
    ['BODY.PEEK[1.MIME]', octets('BODY[1.MIME]', '\r\n')],
    ['BODY.PEEK[2.HEADER]', octets('BODY[2.HEADER]', 'Subject: inner\r\n\r\n')],
    ['BODY.PEEK[2.TEXT]', octets('BODY[2.TEXT]', 'inner text')],
    ['BODY.PEEK[2.1]', octets('BODY[2.1]', 'inner text')],
    ['BODY.PEEK[3]', octets('BODY[3]', 'AAEC')],
    ['BODY.PEEK[9]', 'BODY[9] NIL'],
    ['BODY.PEEK[9]<0.10>', 'BODY[9]<0> NIL'],
    ['BODY.PEEK[HEADER]', octets('BODY[HEADER]', header)],
    ['RFC822.HEADER', octets('RFC822.HEADER', header)],
    ['BODY.PEEK[TEXT]', octets('BODY[TEXT]', PARTS.slice(header.length))],
    ['BODY.PEEK[]<0.5>', octets('BODY[]<0>', 'From:')],
    ['BODY.PEEK[]<4.3>', octets('BODY[]<4>', ': A')],
    ['BODY.PEEK[]<99999.3>', octets('BODY[]<99999>', '')],
    ['BODY.PEEK[1]<3.99>', octets('BODY[1]<3>', 'st')],
    [
      'BODY.PEEK[HEADER.FIELDS (subject "TO" x-none)]',
      octets('BODY[HEADER.FIELDS (subject TO x-none)]', 'To: bob@example.org\r\nSubject: parts\r\n\r\n'),
    ],
    ['BODY.PEEK[2.HEADER.FIELDS.NOT (From)]', octets('BODY[2.HEADER.FIELDS.NOT (From)]', 'Subject: inner\r\n\r\n')],
    [
      'BODYSTRUCTURE',
      'BODYSTRUCTURE (("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 5 0 NIL NIL NIL NIL)("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 28 (NIL "inner" NIL NIL NIL NIL NIL NIL NIL NIL) ("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 10 0 NIL NIL NIL NIL) 2 NIL NIL NIL NIL)("APPLICATION" "OCTET-STREAM" ("NAME" "a.bin") NIL NIL "BASE64" 4 NIL NIL NIL NIL) "MIXED" ("BOUNDARY" "x") NIL NIL NIL)',
    ],
    [
      'BODY',
      'BODY (("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 5 0)("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 28 (NIL "inner" NIL NIL NIL NIL NIL NIL NIL NIL) ("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 10 0) 2)("APPLICATION" "OCTET-STREAM" ("NAME" "a.bin") NIL NIL "BASE64" 4) "MIXED")',
    ],
  ];
  t.test('attributes', async (t) => {
    for (const [attributes, expected] of table) {
      const { untagged } = await client.ok(`FETCH 1 ${attributes}`);
      t.equal(untagged.length, 1, attributes);
      t.equal(untagged[0], `1 FETCH (${expected})`, attributes);
    }
  });

  t.test('BINARY', async (t) => {
    const raw = [
      'Content-Type: multipart/mixed; boundary=x',
      '',
      '--x',
      'Content-Type: application/octet-stream',
      'Content-Transfer-Encoding: binary',
      '',
      'a\0b\xff',
      '--x',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      'gr=C3=BC=C3=9Fe=',
      '',
      '--x',
      'Content-Transfer-Encoding: x-unknown',
      '',
      '???',
      '--x--',
      '',
    ].join('\r\n');
    await client.ok('CREATE binary');
    const { text } = await client.ok(`APPEND binary ~{${raw.length}+}\r\n${raw}`);
    t.match(text, /^\[APPENDUID/);
    await client.ok('SELECT binary');
    const { untagged } = await client.ok(
      'FETCH 1 (UID BINARY.SIZE[1] BINARY.PEEK[1] BINARY.PEEK[1]<1.2> BODY.PEEK[1] BINARY[2])',
    );
    t.equal(
      untagged[0],
      '1 FETCH (UID 1 BINARY.SIZE[1] 4 BINARY[1] ~{4}\r\na\0b\xff BINARY[1]<1> ~{2}\r\n\0b BODY[1] {10}\r\nYQBi/w==\r\n BINARY[2] {7}\r\ngr\xc3\xbc\xc3\x9fe)',
    );
    t.equal(untagged[1], '1 FETCH (FLAGS (\\Seen \\Recent))');
    t.match(await client.run('FETCH 1 BINARY.PEEK[3]'), { status: 'NO', text: /^\[UNKNOWN-CTE\]/ });
    t.match((await client.ok('FETCH 1 BINARY.PEEK[9]')).untagged, ['1 FETCH (BINARY[9] NIL)']);
    for (const bad of [
      'FETCH 1 BINARY[TEXT]',
      'FETCH 1 BINARY.SIZE[1]<0.1>',
      'FETCH 1 BINARY',
      'FETCH 1 BINARY[1.MIME]',
    ])
      t.equal((await client.run(bad)).status, 'BAD', bad);
    await client.ok('EXAMINE INBOX');
  });

  t.test('sets', async (t) => {
    const numbers: readonly [string, readonly string[]][] = [
      ['FETCH 1:2', ['1', '2']],
      ['FETCH *', ['2']],
      ['FETCH 2:1', ['1', '2']],
      ['FETCH *:1', ['1', '2']],
      ['FETCH 2,1,2', ['1', '2']],
      ['UID FETCH 1:4294967295', ['1', '2']],
      ['UID FETCH 3:*', ['2']],
      ['UID FETCH 7', []],
      ['UID FETCH 7:9', []],
    ];
    for (const [command, expected] of numbers)
      t.same(
        (await client.ok(`${command} (UID)`)).untagged.map((line) => line.split(' ')[0]),
        expected,
        command,
      );
  });

  t.test('what is no FETCH', async (t) => {
    for (const bad of [
      'FETCH',
      'FETCH 1',
      'FETCH 3 (UID)',
      'FETCH 0 (UID)',
      'FETCH 1:4294967296 (UID)',
      'FETCH 1: (UID)',
      'FETCH 1 ()',
      'FETCH 1 (UID FAST)',
      'FETCH 1 (NONSENSE)',
      'FETCH 1 BODY[',
      'FETCH 1 BODY[0]',
      'FETCH 1 BODY[1.]',
      'FETCH 1 BODY[MIME]',
      'FETCH 1 BODY[HEADER.FIELDS]',
      'FETCH 1 BODY[HEADER.FIELDS ()]',
      'FETCH 1 BODY[]<0>',
      'FETCH 1 BODY[]<0.0>',
      'FETCH 1 BODY[]<0.4294967296>',
      'FETCH 1 (UID) more',
      'FETCH 1 (UID) (CHANGEDSINCE)',
    ])
      t.equal((await client.run(bad)).status, 'BAD', bad);
    t.equal((await client.run('UID FETCH 0 (UID)')).status, 'BAD');
  });

  t.test('reading marks as read and tells the flags, peeking does not', async (t) => {
    const reader = await loginImap(t, server, anna);
    await reader.ok('SELECT INBOX');
    await reader.ok('FETCH 2 (BODY.PEEK[] RFC822.HEADER BODY.PEEK[TEXT])');
    t.same((await reader.ok('FETCH 2 FLAGS')).untagged, ['2 FETCH (FLAGS (\\Recent))']);
    const { untagged } = await reader.ok('FETCH 2 BODY[TEXT]');
    t.same(untagged, [`2 FETCH (${octets('BODY[TEXT]', '0123456789')})`, '2 FETCH (FLAGS (\\Seen \\Recent))']);
    t.equal((await reader.ok('FETCH 2 RFC822.TEXT')).untagged.length, 1, 'nothing to mark any more');
  });

  t.test('many messages come in order, however many are asked at once', async (t) => {
    await client.ok('CREATE many');
    const messages = Array.from({ length: 700 }, (_, n) => ` ${literal(`Subject: ${n}\r\n\r\ntext.\r\n`)}`);
    await client.ok(`APPEND many${messages.join('')}`);
    await client.ok('SELECT many');
    const { untagged } = await client.ok('FETCH 1:* (UID ENVELOPE BODY.PEEK[HEADER.FIELDS (Subject)])');
    t.equal(untagged.length, 700);
    t.ok(untagged.every((line, n) => line.startsWith(`${n + 1} FETCH (UID ${n + 1} ENVELOPE (NIL "${n}" `)));
    t.ok(untagged.every((line, n) => line.includes(`Subject: ${n}\r\n\r\n`)));
    const odd = Array.from({ length: 350 }, (_, n) => 2 * n + 1);
    const some = await client.ok(`FETCH ${odd.join(',')} (RFC822.SIZE)`);
    t.same(
      some.untagged.map((line) => Number.parseInt(line, 10)),
      odd,
    );
  });

  t.test('what is told of a message is never of another, though some leave meanwhile', async (t) => {
    const [reader, remover] = [await loginImap(t, server, anna), await loginImap(t, server, anna)];
    await reader.ok('CREATE leaving');
    const messages = Array.from({ length: 1500 }, (_, n) => ` (kw${n % 7}) ${literal('Subject: x\r\n\r\nab\r\n')}`);
    await reader.ok(`APPEND leaving${messages.join('')}`);
    await reader.ok('SELECT leaving');
    await remover.ok('SELECT leaving');
    await remover.ok('STORE 1:100,900:1000 +FLAGS.SILENT (\\Deleted)');
    const tag = reader.begin('FETCH 1:* (UID FLAGS ENVELOPE)');
    remover.begin('EXPUNGE');
    const { untagged } = await reader.reply(tag);
    const told = untagged.filter((line) => line.includes('ENVELOPE'));
    t.ok(told.length >= 1299, `${told.length} told`);
    const wrong = told.filter((line) => {
      const uid = Number(/UID (\d+)/.exec(line)?.[1]);
      return !line.startsWith(`${uid} FETCH`) || !line.includes(`kw${(uid - 1) % 7}`);
    });
    t.same(wrong, []);
  });
});
