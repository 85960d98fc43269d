/** SORT and THREAD on the wire. RFC 5256, RFC 5957, RFC 5267 §3. The order itself is also tested below the wire. */
import t from 'tap';
import { IMAP_PORTS, literal, loginImap } from '../../../support/imap.ts';
import { startServer } from '../../../support/server.ts';

const MESSAGES: readonly [id: string, references: string, from: string, subject: string, day: number][] = [
  ['a', '', 'Zoe <bob@example.org>', 'beta', 3],
  ['b', '<a@x>', '=?utf-8?q?=C3=84nne?= <carla@example.org>', 'Re: beta', 1],
  ['c', '<a@x> <b@x>', 'anna@example.org', 'Re: BETA', 4],
  ['d', '<a@x>', '"adam" <zoe@example.org>', '=?utf-8?q?=C3=84lter?=', 2],
  ['e', '', 'anna@example.org', 'alpha', 5],
];

t.test('SORT and THREAD', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const client = await loginImap(t, server, anna);
  await client.ok('CREATE box');
  await client.append('box', 'gone\r\n', '(\\Deleted) ');
  for (const [id, references, from, subject, day] of MESSAGES)
    await client.append(
      'box',
      `Message-ID: <${id}@x>\r\nReferences: ${references}\r\nFrom: ${from}\r\nSubject: ${subject}\r\nDate: ${day} Jan 2026 10:00:00 +0000\r\n\r\n`,
      id === 'd' ? '(\\Flagged) ' : '',
    );
  await client.ok('SELECT box');
  // UIDs are the sequence numbers and one.
  await client.ok('UID EXPUNGE 1');

  await t.test('are announced', async (t) => {
    const [capability = ''] = (await client.ok('CAPABILITY')).untagged;
    for (const word of ['SORT', 'SORT=DISPLAY', 'ESORT', 'THREAD=ORDEREDSUBJECT', 'THREAD=REFERENCES', 'I18NLEVEL=1'])
      t.ok(capability.split(' ').includes(word), word);
  });

  await t.test('SORT', async (t) => {
    const table: [command: string, numbers: string][] = [
      ['SORT (DATE) UTF-8 ALL', ' 2 4 1 3 5'],
      ['SORT (REVERSE DATE) UTF-8 ALL', ' 5 3 1 4 2'],
      ['SORT (ARRIVAL) US-ASCII ALL', ' 1 2 3 4 5'],
      ['SORT (SUBJECT) UTF-8 ALL', ' 5 4 1 2 3'],
      ['sort (subject reverse date) utf-8 all', ' 5 4 3 1 2'],
      ['SORT (FROM) UTF-8 ALL', ' 3 5 1 2 4'],
      ['SORT (DISPLAYFROM) UTF-8 ALL', ' 4 3 5 2 1'],
      ['SORT (TO CC SIZE DISPLAYTO) UTF-8 FLAGGED', ' 4'],
      ['SORT (DATE) UTF-8 UNFLAGGED FROM anna', ' 3 5'],
      [`SORT (DATE) UTF-8 SUBJECT ${literal('älter')}`, ' 4'],
      ['SORT (DATE) UTF-8 ANSWERED', ''],
      ['UID SORT (DATE) UTF-8 ALL', ' 3 5 2 4 6'],
      ['UID SORT (DATE) UTF-8 2:3', ' 3 4'],
    ];
    for (const [command, numbers] of table) t.same((await client.ok(command)).untagged, [`SORT${numbers}`], command);
    t.match((await client.ok('SORT (DATE) UTF-8 MODSEQ 1')).untagged.at(-1), /^SORT 2 4 1 3 5 \(MODSEQ \d+\)$/);
  });

  await t.test('ESORT', async (t) => {
    const table: [command: string, answer: string][] = [
      ['SORT RETURN () (DATE) UTF-8 ALL', 'ALL 2,4,1,3,5'],
      ['SORT RETURN (ALL) (ARRIVAL) UTF-8 ALL', 'ALL 1:5'],
      ['SORT RETURN (MIN MAX COUNT) (REVERSE DATE) UTF-8 ALL', 'MIN 5 MAX 2 COUNT 5'],
      ['SORT RETURN (COUNT) (DATE) UTF-8 ANSWERED', 'COUNT 0'],
      ['UID SORT RETURN (ALL MIN) (SUBJECT) UTF-8 ALL', 'UID MIN 6 ALL 6,5,2:4'],
    ];
    for (const [command, answer] of table) {
      const { untagged } = await client.ok(command);
      t.same(untagged, [`ESEARCH (TAG "${client.tag}") ${answer}`], command);
    }
  });

  await t.test('SAVE and PARTIAL, in the order asked for', async (t) => {
    t.same((await client.ok('SORT RETURN (SAVE) (REVERSE DATE) UTF-8 UNFLAGGED')).untagged, []);
    t.same((await client.ok('SEARCH $')).untagged, ['SEARCH 1 2 3 5']);
    await client.ok('SORT RETURN (SAVE MIN) (REVERSE DATE) UTF-8 ALL');
    t.same((await client.ok('SEARCH $')).untagged, ['SEARCH 5'], 'the first one in the order');
    const { untagged } = await client.ok('SORT RETURN (PARTIAL 2:3) (DATE) UTF-8 ALL');
    t.same(untagged, [`ESEARCH (TAG "${client.tag}") PARTIAL (2:3 4,1)`]);
  });

  await t.test('THREAD', async (t) => {
    const table: [command: string, threads: string][] = [
      ['THREAD REFERENCES UTF-8 ALL', ' (1 (2 3)(4))(5)'],
      ['UID THREAD REFERENCES UTF-8 ALL', ' (2 (3 4)(5))(6)'],
      ['thread references us-ascii 2:4', ' ((2 3)(4))'],
      ['THREAD ORDEREDSUBJECT UTF-8 ALL', ' (2 (1)(3))(4)(5)'],
      ['UID THREAD ORDEREDSUBJECT UTF-8 UNFLAGGED', ' (3 (2)(4))(6)'],
      ['THREAD REFERENCES UTF-8 ANSWERED', ''],
    ];
    for (const [command, threads] of table) t.same((await client.ok(command)).untagged, [`THREAD${threads}`], command);
  });

  await t.test('what another session expunged', async (t) => {
    const other = await loginImap(t, server, anna);
    await other.ok('SELECT box');
    await other.ok('STORE 4 +FLAGS.SILENT (\\Deleted)');
    await other.ok('EXPUNGE');
    const { untagged } = await client.ok('SORT (DATE) UTF-8 ALL');
    t.same(
      untagged.filter((line) => line.startsWith('SORT')),
      ['SORT 2 1 3 5'],
      'numbers stay while SORT runs',
    );
    t.notOk(untagged.some((line) => line.endsWith('EXPUNGE')));
    t.match((await client.ok('UID SORT (DATE) UTF-8 ALL')).untagged, ['SORT 3 2 4 6', '4 EXPUNGE']);
  });

  await t.test('what is no command', async (t) => {
    for (const bad of [
      'SORT',
      'SORT (DATE)',
      'SORT (DATE) UTF-8',
      'SORT () UTF-8 ALL',
      'SORT DATE UTF-8 ALL',
      'SORT (NONSENSE) UTF-8 ALL',
      'SORT (REVERSE) UTF-8 ALL',
      `SORT (${'DATE '.repeat(21).trim()}) UTF-8 ALL`,
      'SORT RETURN (SAVED) (DATE) UTF-8 ALL',
      'THREAD',
      'THREAD REFS UTF-8 ALL',
      'THREAD constructor UTF-8 ALL',
      'THREAD REFERENCES ALL',
      'THREAD REFERENCES UTF-8',
    ])
      t.equal((await client.run(bad)).status, 'BAD', bad);
    for (const command of ['SORT (DATE) KLINGON ALL', 'THREAD REFERENCES KLINGON ALL'])
      t.match(await client.run(command), { status: 'NO', text: /^\[BADCHARSET/ });
  });
});
