/** What FETCH tells of messages beyond IMAP4rev1: OBJECTID, SAVEDATE, PREVIEW. RFC 8474, RFC 8514, RFC 8970. */
import t from 'tap';
import { numberOf } from '../../../protocols/imap/object-ids.ts';
import { IMAP_PORTS, loginImap } from '../../support/imap.ts';
import { startServer } from '../../support/server.ts';

t.test('ids off the wire', (t) => {
  const table: [letter: 'M' | 'T', text: string, number: number][] = [
    ['M', 'M12', 12],
    ['T', 'T1', 1],
    ['M', 'T12', 0],
    ['M', 'm12', 0],
    ['M', 'M', 0],
    ['M', 'M012', 0],
    ['M', 'M1e3', 0],
    ['M', `M${'9'.repeat(16)}`, 0],
  ];
  for (const [letter, text, number] of table) t.equal(numberOf(letter, text), number, text);
  t.end();
});

t.test('ids, dates and previews', async (t) => {
  const clock = { now: Date.UTC(2026, 4, 1, 10, 0, 0) };
  const server = await startServer(t, { environment: IMAP_PORTS, now: () => clock.now });
  const anna = await server.addUser('anna');
  const client = await loginImap(t, server, anna);
  const message = (id: string, references: string, body: string) =>
    `Message-ID: <${id}@x>\r\nReferences: ${references}\r\nSubject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${body}\r\n`;
  const made = await client.ok('CREATE box');
  await client.append('box', message('a', '', 'Hello  there.'), '"01-Jan-2020 00:00:00 +0000" ');
  await client.append('box', message('b', '<a@x>', 'Grüße "alle"'));
  await client.append('box', message('c', '', ''));
  const selected = await client.ok('SELECT box');
  const items = async (what: string) => (await client.ok(`FETCH 1:* (${what})`)).untagged;

  await t.test('are announced', async (t) => {
    const [capability = ''] = (await client.ok('CAPABILITY')).untagged;
    for (const word of ['OBJECTID', 'SAVEDATE', 'PREVIEW']) t.ok(capability.split(' ').includes(word), word);
  });

  await t.test('MAILBOXID', async (t) => {
    const [, id = ''] = /^\[MAILBOXID \((F[\w-]+)\)\] /.exec(made.text) ?? [];
    t.match(selected.untagged.join('\n'), `OK [MAILBOXID (${id})] `);
    t.same((await client.ok('STATUS box (MAILBOXID MESSAGES)')).untagged, [
      `STATUS box (MAILBOXID (${id}) MESSAGES 3)`,
    ]);
    t.match((await client.ok('LIST "" box RETURN (STATUS (MAILBOXID))')).untagged[1], `STATUS box (MAILBOXID (${id}))`);
    await client.ok('RENAME box renamed');
    t.same((await client.ok('STATUS renamed (MAILBOXID)')).untagged, [`STATUS renamed (MAILBOXID (${id}))`]);
    const again = await client.ok('CREATE box');
    t.notMatch(again.text, `(${id})`);
    await client.ok('DELETE box');
    await client.ok('RENAME renamed box');
  });

  await t.test('EMAILID and THREADID', async (t) => {
    const [first = '', second = '', third = ''] = await items('EMAILID THREADID');
    const idOf = (line: string, name: string) => new RegExp(`${name} \\(([A-Z]\\d+)\\)`).exec(line)?.[1];
    t.match(first, /^1 FETCH \(EMAILID \(M\d+\) THREADID \(T\d+\)\)$/);
    t.equal(new Set([first, second, third].map((line) => idOf(line, 'EMAILID'))).size, 3);
    t.equal(idOf(second, 'THREADID'), idOf(first, 'THREADID'), 'an answer is of the same thread');
    t.not(idOf(third, 'THREADID'), idOf(first, 'THREADID'));
    await client.ok('COPY 2 Archive');
    const search = async (criteria: string) => (await client.ok(`SEARCH ${criteria}`)).untagged;
    t.same(await search(`EMAILID ${idOf(second, 'EMAILID')}`), ['SEARCH 2']);
    t.same(await search(`THREADID ${idOf(first, 'THREADID')}`), ['SEARCH 1 2']);
    t.same(await search(`OR EMAILID ${idOf(third, 'EMAILID')} EMAILID ${idOf(first, 'EMAILID')}`), ['SEARCH 1 3']);
    t.same(await search('EMAILID T1'), ['SEARCH']);
    t.same(await search('THREADID nonsense'), ['SEARCH']);
    await client.ok('SELECT Archive');
    t.match(await items('THREADID EMAILID'), [second.replace(/^2/, '1')], 'a copy is the same message');
    await client.ok('SELECT box');
  });

  await t.test('SAVEDATE', async (t) => {
    t.same(
      await items('SAVEDATE'),
      [1, 2, 3].map((seq) => `${seq} FETCH (SAVEDATE " 1-May-2026 10:00:00 +0000")`),
    );
    clock.now = Date.UTC(2026, 4, 3, 9, 30, 0);
    await client.ok('COPY 1 Archive');
    await client.ok('SELECT Archive');
    t.equal(
      (await items('SAVEDATE INTERNALDATE')).at(-1),
      '2 FETCH (INTERNALDATE " 1-Jan-2020 00:00:00 +0000" SAVEDATE " 3-May-2026 09:30:00 +0000")',
    );
    const table: [criteria: string, numbers: string][] = [
      ['SAVEDON 1-May-2026', ' 1'],
      ['SAVEDBEFORE 3-May-2026', ' 1'],
      ['SAVEDSINCE 2-May-2026', ' 2'],
      ['SAVEDSINCE 1-May-2026 NOT SAVEDON 1-May-2026', ' 2'],
      ['SAVEDATESUPPORTED', ' 1 2'],
      ['NOT SAVEDATESUPPORTED', ''],
    ];
    for (const [criteria, numbers] of table)
      t.same((await client.ok(`SEARCH ${criteria}`)).untagged, [`SEARCH${numbers}`], criteria);
    await client.ok('SELECT box');
  });

  await t.test('PREVIEW', async (t) => {
    const utf8 = Buffer.from('Grüße "alle"').toString('latin1');
    const expected = ['"Hello there."', `{${utf8.length}}\r\n${utf8}`, '""'];
    t.same(
      await items('PREVIEW'),
      expected.map((preview, index) => `${index + 1} FETCH (PREVIEW ${preview})`),
    );
    t.same((await client.ok('FETCH 1 PREVIEW (LAZY)')).untagged, ['1 FETCH (PREVIEW "Hello there.")']);
    t.same((await client.ok('FETCH 1 (PREVIEW (LAZY) UID)')).untagged, ['1 FETCH (UID 1 PREVIEW "Hello there.")']);
    t.same((await client.ok('FETCH 1 (PREVIEW BODY.PEEK[TEXT]<0.5>)')).untagged, [
      '1 FETCH (PREVIEW "Hello there." BODY[TEXT]<0> {5}\r\nHello)',
    ]);
    t.match((await client.ok('FETCH 1 PREVIEW (CHANGEDSINCE 1)')).untagged.at(-1), /MODSEQ .* PREVIEW/);
    t.notMatch((await client.ok('FETCH 1 FLAGS')).untagged[0], 'Seen', 'a preview is no reading');
    await client.append('box', message('d', '', `large ${'x'.repeat(500_000)}`));
    t.match((await client.ok('FETCH 4 PREVIEW')).untagged.at(-1), /^4 FETCH \(PREVIEW "large x{194}"\)$/);
  });

  await t.test('what is none', async (t) => {
    for (const bad of [
      'FETCH 1 PREVIEW (EAGER)',
      'FETCH 1 (PREVIEW ())',
      'SEARCH EMAILID',
      'SEARCH SAVEDON',
      'SEARCH SAVEDON x',
    ])
      t.equal((await client.run(bad)).status, 'BAD', bad);
  });
});
