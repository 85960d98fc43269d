/** SEARCH: criteria, charsets, ESEARCH. RFC 3501 §6.4.4, RFC 4731. Which messages match is also tested below the wire. */
import t from 'tap';
import { IMAP_PORTS, literal, loginImap } from '../../../support/imap.ts';
import { startServer } from '../../../support/server.ts';

const MESSAGES: readonly [flags: string, date: string, text: string][] = [
  [
    '(\\Seen)',
    '01-Jan-2020',
    'From: Anna <anna@example.org>\r\nSubject: Hello World\r\nDate: Wed, 1 Jan 2020 12:00:00 +0000\r\n\r\nfirst body\r\n',
  ],
  [
    '(\\Flagged $Work)',
    '15-Jun-2021',
    'From: bob@example.org\r\nTo: anna@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nsecond body\r\n',
  ],
  [
    '(\\Deleted \\Seen)',
    '31-Dec-2022',
    `X-Test: yes\r\nCc: carla@example.org\r\nSubject: third\r\n\r\n${'long '.repeat(200)}\r\n`,
  ],
];

t.test('SEARCH', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const client = await loginImap(t, server, anna);
  await client.ok('CREATE box');
  // UIDs 2, 3, 4: not the sequence numbers.
  await client.append('box', 'gone\r\n', '(\\Deleted) ');
  for (const [flags, date, text] of MESSAGES)
    await client.append(
      'box',
      text,
      `${flags} "${date} 12:00:00 +0000" `.replace('"01', '" 1').replace('" 1-Jan', '"01-Jan'),
    );
  await client.ok('SELECT box');
  await client.ok('UID EXPUNGE 1');

  const table: readonly [criteria: string, numbers: string][] = [
    ['ALL', ' 1 2 3'],
    ['1:* NOT DELETED', ' 1 2'],
    ['1:* DELETED', ' 3'],
    ['UNDELETED SEEN', ' 1'],
    ['UNSEEN', ' 2'],
    ['UNFLAGGED', ' 1 3'],
    ['KEYWORD $work', ' 2'],
    ['UNKEYWORD $Work', ' 1 3'],
    ['KEYWORD nonsense', ''],
    ['RECENT', ' 1 2 3'],
    ['OLD', ''],
    ['NEW', ' 2'],
    ['2', ' 2'],
    ['2:99', ' 2 3'],
    ['99', ''],
    ['*', ' 3'],
    ['UID 3', ' 2'],
    ['UID 4:*', ' 3'],
    ['FROM anna', ' 1'],
    ['TO ANNA', ' 2'],
    ['CC carla', ' 3'],
    ['SUBJECT "hello w"', ' 1'],
    ['HEADER X-Test ""', ' 3'],
    ['HEADER X-Test ES', ' 3'],
    ['HEADER X-None ""', ''],
    ['BODY body', ' 1 2'],
    ['TEXT example', ' 1 2 3'],
    ['SINCE 15-Jun-2021', ' 2 3'],
    ['BEFORE 15-Jun-2021', ' 1'],
    ['ON "15-Jun-2021"', ' 2'],
    ['SENTON 1-Jan-2020', ' 1'],
    ['LARGER 900', ' 3'],
    ['SMALLER 900', ' 1 2'],
    ['OR FROM anna CC carla', ' 1 3'],
    ['NOT (OR FROM anna CC carla)', ' 2'],
    ['(OR FROM "zz" (OR SUBJECT "zz" (OR TO "anna" (OR CC "zz" BODY "zz")))) NOT DELETED', ' 2'],
    ['CHARSET UTF-8 (OR FROM "zz" (OR SUBJECT "hello" (OR TO "zz" (OR CC "zz" BODY "zz")))) NOT DELETED', ' 1'],
    [`CHARSET UTF-8 UNDELETED SUBJECT ${literal('GRÜSSE')} BODY ${literal('second')}`, ' 2'],
    [`SUBJECT ${literal('grüße')}`, ' 2'],
    ['CHARSET US-ASCII SUBJECT third', ' 3'],
  ];
  t.test('criteria', async (t) => {
    for (const [criteria, numbers] of table)
      t.same((await client.ok(`SEARCH ${criteria}`)).untagged, [`SEARCH${numbers}`], criteria);
    t.same((await client.ok('UID SEARCH ALL')).untagged, ['SEARCH 2 3 4']);
    t.same((await client.ok('UID SEARCH 2:3')).untagged, ['SEARCH 3 4'], 'plain numbers are sequence numbers');
  });

  t.test('a literal that waits in the middle', async (t) => {
    const tag = client.begin('uid SEARCH CHARSET UTF-8 UNDELETED SUBJECT "h" BODY {5}');
    t.match(await client.response(), /^\+/);
    client.send('FIRST\r\n');
    t.same((await client.reply(tag)).untagged, ['SEARCH 2']);
  });

  t.test('ESEARCH', async (t) => {
    const cases: readonly [string, string][] = [
      ['SEARCH RETURN (MIN MAX) ALL', 'MIN 1 MAX 3'],
      ['SEARCH RETURN () ALL', 'ALL 1:3'],
      ['SEARCH RETURN (COUNT ALL) OR 1 3', 'ALL 1,3 COUNT 2'],
      ['SEARCH RETURN (COUNT) FLAGGED ANSWERED', 'COUNT 0'],
    ];
    for (const [command, expected] of cases) {
      const { untagged } = await client.ok(command);
      t.same(untagged, [`ESEARCH (TAG "${client.tag}") ${expected}`], command);
    }
    const byUid = await client.ok('UID SEARCH RETURN (ALL) 2:3');
    t.same(byUid.untagged, [`ESEARCH (TAG "${client.tag}") UID ALL 3:4`]);
    const empty = await client.ok('UID SEARCH RETURN (MIN) ANSWERED');
    t.same(empty.untagged, [`ESEARCH (TAG "${client.tag}") UID`], 'UID is said when nothing matches too');
  });

  t.test('what is no SEARCH', async (t) => {
    for (const bad of [
      'SEARCH',
      'SEARCH NONSENSE',
      'SEARCH OR ALL',
      'SEARCH NOT',
      'SEARCH (ALL',
      'SEARCH ALL)',
      'SEARCH ()',
      'SEARCH SINCE yesterday',
      'SEARCH SINCE 31-Feb-2020',
      'SEARCH LARGER x',
      'SEARCH HEADER X',
      'SEARCH RETURN (NONSENSE) ALL',
      'SEARCH RETURN (MIN)',
      'SEARCH UID x',
      'SEARCH 0',
    ])
      t.equal((await client.run(bad)).status, 'BAD', bad);
    t.match(await client.run('SEARCH CHARSET KLINGON ALL'), {
      status: 'NO',
      text: /^\[BADCHARSET \(US-ASCII UTF-8\)\]/,
    });
    t.match(await client.run(`SEARCH CHARSET UTF-8 SUBJECT {1+}\r\n\xff`), { status: 'NO', text: /^\[BADCHARSET/ });
  });
});
