/** UIDONLY (RFC 9586): messages have no sequence numbers, in what is asked and in what is said. */
import t from 'tap';
import { IMAP_PORTS, literal, loginImap } from '../../support/imap.ts';
import { startServer } from '../../support/server.ts';

const MESSAGE = 'Subject: one\r\n\r\nbody\r\n';

t.test('UIDONLY', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const client = await loginImap(t, server, anna);
  const other = await loginImap(t, server, anna);
  await client.ok('CREATE box');
  // UIDs 3 to 6, with numbers of their own.
  for (let n = 0; n < 6; n++) await client.append('box', MESSAGE, n === 4 ? '' : '(\\Seen) ');
  await other.ok('SELECT box');
  await other.ok('STORE 1:2 +FLAGS.SILENT (\\Deleted)');
  await other.ok('EXPUNGE');
  t.match((await client.ok('CAPABILITY')).untagged[0], / UIDONLY /);
  t.strictSame((await client.ok('ENABLE UIDONLY')).untagged, ['ENABLED UIDONLY']);

  t.test('SELECT tells no number of the first unseen message', async (t) => {
    const { untagged } = await client.ok('SELECT box');
    t.ok(untagged.includes('4 EXISTS'));
    t.notOk(untagged.some((line) => line.includes('UNSEEN')));
    t.ok(
      (await other.ok('SELECT box')).untagged.some((line) => line.includes('[UNSEEN 3]')),
      'others are told',
    );
  });

  t.test('what takes or answers with sequence numbers is refused', async (t) => {
    const refused = [
      'FETCH 1 FLAGS',
      'FETCH * FLAGS',
      'STORE 1 +FLAGS (\\Deleted)',
      'COPY 1 INBOX',
      'MOVE 1 INBOX',
      'SEARCH ALL',
      'SEARCH RETURN (SAVE) ALL',
      'SORT (DATE) UTF-8 ALL',
      'THREAD REFERENCES UTF-8 ALL',
      'UID SEARCH 1:2',
      'UID SEARCH UNSEEN NOT (OR 1:* SEEN)',
      'UID SORT (DATE) UTF-8 1',
      'UID THREAD REFERENCES UTF-8 1:2',
      `REPLACE 1 box ${literal(MESSAGE)}`,
      'REPLACE 1 box {100}',
    ];
    for (const command of refused)
      t.match(await client.run(command), { status: 'BAD', text: /^\[UIDREQUIRED\]/, untagged: [] }, command);
    t.strictSame((await client.ok('STATUS box (MESSAGES)')).untagged, ['STATUS box (MESSAGES 4)']);
  });

  t.test('UID FETCH is answered with UIDFETCH', async (t) => {
    t.strictSame((await client.ok('UID FETCH 3,5 FLAGS')).untagged, [
      '3 UIDFETCH (FLAGS (\\Seen))',
      '5 UIDFETCH (FLAGS ())',
    ]);
    const one = (items: string) => client.ok(`UID FETCH 6 ${items}`).then(({ untagged }) => untagged.join('|'));
    t.equal(await one('(UID RFC822.SIZE)'), `6 UIDFETCH (UID 6 RFC822.SIZE ${MESSAGE.length})`, 'with UID if asked');
    t.equal(
      await one('(BODY.PEEK[TEXT] BODY.PEEK[HEADER])'),
      '6 UIDFETCH (BODY[TEXT] {6}\r\nbody\r\n BODY[HEADER] {16}\r\nSubject: one\r\n\r\n)',
    );
    t.match(await one('(MODSEQ BODY.PEEK[]<0.4>)'), /6 UIDFETCH \(MODSEQ \(\d+\) BODY\[\]<0> \{4\}\r\nSubj\)$/);
    t.match((await client.ok('UID FETCH 1:* (FLAGS) (PARTIAL -1:-2)')).untagged, [/^5 UIDFETCH/, /^6 UIDFETCH/]);
  });

  t.test('UID SEARCH, UID SORT, $ and ESEARCH know UIDs alone', async (t) => {
    t.strictSame((await client.ok('UID SEARCH RETURN (SAVE MIN MAX ALL) ALL')).untagged.length, 1);
    t.strictSame((await client.ok('UID SEARCH $ UNSEEN')).untagged, ['SEARCH 5']);
    t.match((await client.ok('UID FETCH $ FLAGS')).untagged.length, 4);
    t.strictSame((await client.ok('UID SORT (REVERSE ARRIVAL) UTF-8 UID 3:4')).untagged, ['SORT 3 4']);
  });

  t.test('UID STORE, and what others do, come as UIDFETCH and VANISHED', async (t) => {
    const { untagged } = await client.ok('UID STORE 3 +FLAGS (\\Flagged)');
    t.match(untagged, [/^3 UIDFETCH \(FLAGS \(\\Seen \\Flagged\) MODSEQ \(\d+\)\)$/]);
    await other.ok('UID STORE 4 +FLAGS (\\Answered)');
    t.match((await client.ok('NOOP')).untagged, [/^4 UIDFETCH \(FLAGS \(\\Seen \\Answered\) MODSEQ \(\d+\)\)$/]);
    await other.ok('UID STORE 3 +FLAGS.SILENT (\\Deleted)');
    await other.ok('UID EXPUNGE 3');
    t.ok((await client.ok('NOOP')).untagged.includes('VANISHED 3'));
    await client.ok('UID STORE 4 +FLAGS.SILENT (\\Deleted)');
    t.match((await client.ok('EXPUNGE')).untagged, ['VANISHED 4']);
    const moved = await client.ok('UID MOVE 5 INBOX');
    t.match(moved.untagged, [/^OK \[COPYUID \d+ 5 1\]/, 'VANISHED 5']);
  });

  t.test('IDLE tells by UID', async (t) => {
    const idle = client.begin('IDLE');
    t.match(await client.response(), /^\+ /);
    await other.ok('UID STORE 6 +FLAGS (\\Draft)');
    t.match(await client.response(), /^\* 6 UIDFETCH \(FLAGS \(\\Seen \\Draft\)/);
    client.send('DONE\r\n');
    t.equal((await client.reply(idle)).status, 'OK');
  });

  t.test('QRESYNC is not told sequence numbers either', async (t) => {
    const sync = await loginImap(t, server, anna);
    await sync.ok('ENABLE UIDONLY QRESYNC');
    const { untagged } = await sync.ok('SELECT box');
    const validity = /UIDVALIDITY (\d+)/.exec(untagged.join())?.[1];
    t.match(await sync.run(`SELECT box (QRESYNC (${validity} 1 1:6 (1 6)))`), {
      status: 'BAD',
      text: /^\[UIDREQUIRED\]/,
    });
    const again = await sync.ok(`SELECT box (QRESYNC (${validity} 1))`);
    t.ok(again.untagged.some((line) => /^VANISHED \(EARLIER\) 1:5$/.test(line)));
    t.ok(again.untagged.some((line) => /^6 UIDFETCH \(FLAGS \(.*\) MODSEQ \(\d+\)\)$/.test(line)));
    t.notOk(again.untagged.some((line) => / FETCH /.test(line)));
  });
});
