/** SELECT, EXAMINE, CLOSE, UNSELECT, ENABLE, \Recent. RFC 3501 §6.3.1, §6.4.2, §2.3.2, RFC 3691, RFC 5161, RFC 7162 §3.1.2. */
import t from 'tap';
import { IMAP_PORTS, loginImap } from '../../../support/imap.ts';
import { startServer } from '../../../support/server.ts';

const MESSAGE = 'Subject: one\r\n\r\nbody\r\n';

t.test('opening mailboxes', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const client = await loginImap(t, server, anna);

  t.test('an empty one', async (t) => {
    const { untagged, text } = await client.ok('SELECT inbox');
    t.match(untagged, [
      'FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)',
      /^OK \[PERMANENTFLAGS \(\\Answered \\Flagged \\Deleted \\Seen \\Draft \\\*\)\]/,
      '0 EXISTS',
      '0 RECENT',
      /^OK \[UIDVALIDITY \d+\]/,
      /^OK \[MAILBOXID \(F[\d-]+\)\]/,
      /^OK \[UIDNEXT 1\]/,
      /^OK \[HIGHESTMODSEQ \d+\]/,
    ]);
    t.equal(untagged.length, 8, 'no UNSEEN 0');
    t.match(text, /^\[READ-WRITE\]/);
  });

  t.test('with messages', async (t) => {
    await client.ok('CREATE full');
    await client.append('full', MESSAGE, '(\\Seen) ');
    await client.append('full', MESSAGE);
    const { untagged } = await client.ok('SELECT full');
    t.ok(untagged.includes('2 EXISTS'));
    t.ok(untagged.some((line) => line.startsWith('OK [UNSEEN 2]')));
    t.ok(untagged.includes('OK [CLOSED] The previous mailbox is closed.'));
  });

  t.test('\\Recent is seen by one session', async (t) => {
    await client.ok('CREATE recent');
    await client.append('recent', MESSAGE);
    const other = await loginImap(t, server, anna);
    t.ok((await other.ok('EXAMINE recent')).untagged.includes('1 RECENT'), 'EXAMINE takes nothing');
    t.ok((await client.ok('SELECT recent')).untagged.includes('1 RECENT'));
    t.ok((await other.ok('SELECT recent')).untagged.includes('0 RECENT'));
    t.same((await client.ok('FETCH 1 FLAGS')).untagged, ['1 FETCH (FLAGS (\\Recent))']);
    t.same((await other.ok('FETCH 1 FLAGS')).untagged, ['1 FETCH (FLAGS ())']);
    t.same((await client.ok('SEARCH NEW')).untagged, ['SEARCH 1']);
    t.same((await other.ok('SEARCH OLD')).untagged, ['SEARCH 1']);
  });

  t.test('EXAMINE changes nothing', async (t) => {
    await client.ok('CREATE readonly');
    await client.append('readonly', MESSAGE);
    t.match((await client.ok('EXAMINE readonly')).text, /^\[READ-ONLY\]/);
    await client.ok('FETCH 1 BODY[]');
    t.equal((await client.run('STORE 1 +FLAGS (\\Deleted)')).status, 'NO');
    t.equal((await client.run('EXPUNGE')).status, 'NO');
    t.equal((await client.run('MOVE 1 INBOX')).status, 'NO');
    t.equal((await client.run('COPY 1 INBOX')).status, 'OK');
    t.match((await client.ok('FETCH 1 FLAGS')).untagged, ['1 FETCH (FLAGS (\\Recent))'], 'not even \\Seen');
  });

  t.test('CLOSE removes and says nothing, UNSELECT leaves', async (t) => {
    await client.ok('CREATE closing');
    await client.append('closing', MESSAGE, '(\\Deleted) ');
    await client.ok('SELECT closing');
    await client.ok('UNSELECT');
    t.same((await client.ok('STATUS closing (MESSAGES)')).untagged, ['STATUS closing (MESSAGES 1)']);
    await client.ok('EXAMINE closing');
    await client.ok('CLOSE');
    t.same((await client.ok('STATUS closing (MESSAGES)')).untagged, ['STATUS closing (MESSAGES 1)']);
    await client.ok('SELECT closing');
    t.same((await client.ok('CLOSE')).untagged, []);
    t.same((await client.ok('STATUS closing (MESSAGES)')).untagged, ['STATUS closing (MESSAGES 0)']);
    t.equal((await client.run('CLOSE')).status, 'BAD');
  });

  t.test('a failed SELECT leaves nothing open', async (t) => {
    await client.ok('SELECT INBOX');
    t.match(await client.run('SELECT nowhere'), { status: 'NO', text: /^\[NONEXISTENT\]/ });
    t.equal((await client.run('FETCH 1 FLAGS')).status, 'BAD');
    for (const bad of ['SELECT', 'SELECT INBOX (NONSENSE)', 'SELECT INBOX more', 'SELECT (INBOX)'])
      t.equal((await client.run(bad)).status, 'BAD', bad);
  });

  t.test('ENABLE says what is on now', async (t) => {
    const other = await loginImap(t, server, anna);
    t.same((await other.ok('ENABLE X-NONSENSE')).untagged, ['ENABLED']);
    t.same((await other.ok('ENABLE condstore X-Y')).untagged, ['ENABLED CONDSTORE']);
    t.same((await other.ok('ENABLE CONDSTORE')).untagged, ['ENABLED']);
    t.equal((await other.run('ENABLE')).status, 'BAD');
  });
});
