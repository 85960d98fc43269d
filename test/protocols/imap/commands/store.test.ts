/** STORE, EXPUNGE, CONDSTORE. RFC 3501 §6.4.3, §6.4.6, RFC 4315 §2.1, RFC 7162 §3.1. */
import t from 'tap';
import { IMAP_PORTS, loginImap } from '../../../support/imap.ts';
import { startServer } from '../../../support/server.ts';

const MESSAGE = 'Subject: one\r\n\r\nbody\r\n';

t.test('flags', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  let box = 0;
  /** A session with a new mailbox of so many messages open. */
  const opened = async (count: number) => {
    const client = await loginImap(t, server, anna);
    const name = `box${++box}`;
    await client.ok(`CREATE ${name}`);
    for (let n = 0; n < count; n++) await client.append(name, MESSAGE);
    await client.ok(`EXAMINE ${name}`);
    await client.ok(`SELECT ${name}`);
    const second = await loginImap(t, server, anna);
    await second.ok(`SELECT ${name}`);
    return { client: second, other: client, name };
  };

  t.test('set, add, remove, silent', async (t) => {
    const { client } = await opened(2);
    const steps: readonly [string, readonly string[]][] = [
      ['STORE 1 FLAGS (\\Seen $a)', ['1 FETCH (FLAGS (\\Seen $a))']],
      ['STORE 1:2 +FLAGS \\Flagged', ['1 FETCH (FLAGS (\\Seen \\Flagged $a))', '2 FETCH (FLAGS (\\Flagged))']],
      ['STORE 1 -FLAGS (\\Seen)', ['1 FETCH (FLAGS (\\Flagged $a))']],
      ['STORE 1 +FLAGS.SILENT (\\Answered)', []],
      ['UID STORE 2 FLAGS ()', ['2 FETCH (UID 2 FLAGS ())']],
      ['UID STORE 99 FLAGS (\\Seen)', []],
      ['STORE 1:* FLAGS.SILENT (\\Draft)', []],
    ];
    for (const [command, expected] of steps) {
      const { untagged } = await client.ok(command);
      t.same(
        untagged.filter((line) => line.includes('FETCH')),
        expected,
        command,
      );
    }
    t.same((await client.ok('FETCH 1:2 FLAGS')).untagged, ['1 FETCH (FLAGS (\\Draft))', '2 FETCH (FLAGS (\\Draft))']);
  });

  t.test('what is no STORE', async (t) => {
    const { client } = await opened(1);
    for (const bad of [
      'STORE 1 FLAGS',
      'STORE FLAGS (\\Seen)',
      'STORE 1 =FLAGS (\\Seen)',
      'STORE 2 FLAGS (\\Seen)',
      'STORE 0 FLAGS (\\Seen)',
      'STORE 1 FLAGS (\\Seen) more',
      'STORE 1 FLAGS.LOUD (\\Seen)',
      'STORE 1 (UNCHANGEDSINCE x) FLAGS (\\Seen)',
    ])
      t.equal((await client.run(bad)).status, 'BAD', bad);
    t.equal((await client.run('STORE 1 +FLAGS (\\Nonsense)')).status, 'NO');
  });

  t.test('modseqs are told from the first command that asks for them', async (t) => {
    const { client, other, name } = await opened(2);
    t.notMatch((await client.ok('STORE 1 +FLAGS (\\Seen)')).untagged.join(), 'MODSEQ');
    const first = await client.ok('FETCH 1:2 (MODSEQ)');
    t.match(first.untagged[0], /^OK \[HIGHESTMODSEQ \d+\]/);
    const [one, two] = first.untagged.slice(1).map((line) => Number(/MODSEQ \((\d+)\)/.exec(line)?.[1]));
    t.ok(Number(one) > Number(two), 'the changed message has the higher one');
    t.same((await client.ok(`FETCH 1:* (UID) (CHANGEDSINCE ${two})`)).untagged, [`1 FETCH (UID 1 MODSEQ (${one}))`]);
    t.same((await client.ok(`UID FETCH 1:* (FLAGS) (CHANGEDSINCE ${one})`)).untagged, []);
    t.equal((await client.ok('FETCH 1:* (UID) (CHANGEDSINCE 0)')).untagged.length, 2, 'iOS sends 0');
    t.match((await client.ok('STORE 2 +FLAGS.SILENT (\\Seen)')).untagged, [/^2 FETCH \(MODSEQ \(\d+\)\)$/]);
    t.match((await client.ok(`STATUS ${name} (HIGHESTMODSEQ)`)).untagged, [/HIGHESTMODSEQ \d+/]);
    t.match((await client.ok(`SEARCH MODSEQ ${one}`)).untagged, [/^SEARCH 1 2 \(MODSEQ \d+\)$/]);
    await other.ok('STORE 1 -FLAGS (\\Seen)');
    t.match((await client.ok('NOOP')).untagged, [/^1 FETCH \(FLAGS \(.*\) UID 1 MODSEQ \(\d+\)\)$/]);
  });

  t.test('UNCHANGEDSINCE leaves alone what changed, and says which', async (t) => {
    const { client, other } = await opened(3);
    const { untagged } = await client.ok('FETCH 3 (MODSEQ)');
    const modseq = Number(/MODSEQ \((\d+)\)/.exec(untagged.join())?.[1]);
    await other.ok('STORE 2 +FLAGS (\\Flagged)');
    const reply = await client.ok(`STORE 1:3 (UNCHANGEDSINCE ${modseq}) +FLAGS.SILENT (\\Deleted)`);
    t.match(reply.text, /^\[MODIFIED 2\]/);
    const byUid = await client.ok(`UID STORE 1:3 (UNCHANGEDSINCE ${modseq}) +FLAGS.SILENT (\\Seen)`);
    t.match(byUid.text, /^\[MODIFIED 1:3\]/);
    const { untagged: after } = await client.ok('FETCH 1:3 FLAGS');
    t.same(
      after.map((line) => line.includes('Deleted')),
      [true, false, true],
    );
    t.match(await client.ok('STORE 1 (UNCHANGEDSINCE 0) +FLAGS (\\Draft)'), { text: /^\[MODIFIED 1\]/ });
  });

  t.test('EXPUNGE and UID EXPUNGE', async (t) => {
    const { client, other } = await opened(5);
    await client.ok('STORE 1,3,4 +FLAGS.SILENT (\\Deleted)');
    t.same((await client.ok('UID EXPUNGE 3:3')).untagged, ['3 EXPUNGE']);
    t.same((await client.ok('UID EXPUNGE 99')).untagged, []);
    t.same((await client.ok('EXPUNGE')).untagged, ['3 EXPUNGE', '1 EXPUNGE']);
    const told = (await other.ok('NOOP')).untagged.filter((line) => line.includes('EXPUNGE'));
    const left = [1, 2, 3, 4, 5];
    for (const line of told) left.splice(Number.parseInt(line, 10) - 1, 1);
    t.same(left, [2, 5], 'the numbers told to another session lead to the same messages');
    t.same((await client.ok('UID FETCH 1:* (UID)')).untagged, ['1 FETCH (UID 2)', '2 FETCH (UID 5)']);
  });

  t.test('keywords run out with LIMIT, and \\* is withdrawn', async (t) => {
    const { client, name } = await opened(1);
    const words = Array.from({ length: 48 }, (_, n) => `kw${n}`).join(' ');
    const { untagged } = await client.ok(`STORE 1 +FLAGS.SILENT (${words})`);
    t.ok(untagged.some((line) => line.startsWith('OK [PERMANENTFLAGS') && !line.includes('\\*')));
    t.match(await client.run('STORE 1 +FLAGS (one-more)'), { status: 'NO', text: /^\[LIMIT\]/ });
    t.notMatch((await client.ok(`SELECT ${name}`)).untagged.join('\n'), '\\*');
    await client.ok('STORE 1 FLAGS ()');
    t.equal((await client.run('STORE 1 +FLAGS (one-more)')).status, 'OK', 'an unused one makes room');
  });
});
