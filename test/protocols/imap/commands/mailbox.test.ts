/** CREATE, DELETE, RENAME, SUBSCRIBE, STATUS and names on the wire. RFC 3501 §5.1, §6.3, RFC 6154 §3, RFC 8438. */
import t from 'tap';
import { IMAP_PORTS, literal, loginImap } from '../../../support/imap.ts';
import { startServer } from '../../../support/server.ts';

t.test('mailboxes', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const client = await loginImap(t, server, anna);
  const names = async (pattern = '*') =>
    (await client.ok(`LIST "" ${pattern}`)).untagged.map((line) => /"\/" (.*)$/s.exec(line)?.[1]);

  t.test('CREATE, RENAME, DELETE', async (t) => {
    await client.ok('CREATE a/b/');
    t.same(await names('a*'), ['a', 'a/b'], 'with the levels above');
    t.match(await client.run('CREATE a'), { status: 'NO', text: /^\[ALREADYEXISTS\]/ });
    t.match(await client.run('CREATE inbox'), { status: 'NO', text: /^\[ALREADYEXISTS\]/ });
    await client.ok('RENAME a c');
    t.same(await names('(a* c*)'), ['c', 'c/b'], 'children follow');
    t.match(await client.run('RENAME a x'), { status: 'NO', text: /^\[NONEXISTENT\]/ });
    t.match(await client.run('RENAME c Sent'), { status: 'NO', text: /^\[ALREADYEXISTS\]/ });
    await client.ok('DELETE c/b');
    await client.ok('DELETE c');
    t.same(await names('c*'), []);
    t.match(await client.run('DELETE c'), { status: 'NO', text: /^\[NONEXISTENT\]/ });
    t.match(await client.run('DELETE INBOX'), { status: 'NO' });
  });

  t.test('RENAME of INBOX moves its messages', async (t) => {
    await client.append('INBOX', 'Subject: x\r\n\r\n');
    await client.ok('RENAME INBOX moved');
    t.same((await client.ok('STATUS INBOX (MESSAGES)')).untagged, ['STATUS INBOX (MESSAGES 0)']);
    t.same((await client.ok('STATUS moved (MESSAGES)')).untagged, ['STATUS moved (MESSAGES 1)']);
  });

  t.test('STATUS', async (t) => {
    await client.append('moved', 'Subject: y\r\n\r\n', '(\\Seen \\Deleted) ');
    const { untagged } = await client.ok(
      'STATUS moved (MESSAGES UNSEEN DELETED SIZE UIDNEXT UIDVALIDITY HIGHESTMODSEQ RECENT)',
    );
    t.match(
      untagged[0],
      /^STATUS moved \(MESSAGES 2 UNSEEN 1 DELETED 1 SIZE 28 UIDNEXT 3 UIDVALIDITY \d+ HIGHESTMODSEQ \d+ RECENT \d\)$/,
    );
    for (const bad of ['STATUS moved', 'STATUS moved ()', 'STATUS moved (NONSENSE)', 'STATUS moved (MESSAGES) x'])
      t.equal((await client.run(bad)).status, 'BAD', bad);
    t.match(await client.run('STATUS nowhere (MESSAGES)'), { status: 'NO', text: /^\[NONEXISTENT\]/ });
  });

  t.test('names keep what they hold', async (t) => {
    for (const [sent, shown] of [
      ['"with space"', '"with space"'],
      ['Entw&APw-rfe', 'Entw&APw-rfe'],
      ['"a&-b"', 'a&-b'],
      ['&ZeVnLIqe-', '&ZeVnLIqe-'],
      ['__proto__', '__proto__'],
      [literal('q"uote'), '"q\\"uote"'],
    ] as const) {
      t.equal((await client.run(`CREATE ${sent}`)).status, 'OK', sent);
      t.ok((await names()).includes(shown), shown);
      t.equal((await client.run(`SELECT ${sent}`)).status, 'OK', sent);
      t.equal((await client.run(`DELETE ${sent}`)).status, 'OK', sent);
    }
  });

  t.test('special uses', async (t) => {
    t.match(await client.run('CREATE sent2 (USE (\\Sent))'), { status: 'NO', text: /^\[USEATTR\]/ });
    t.match(await client.run('CREATE odd (USE (\\Nonsense))'), { status: 'NO', text: /^\[USEATTR\]/ });
    await client.ok('DELETE Sent');
    await client.ok('CREATE sent2 (USE (\\Sent))');
    t.match((await client.ok('LIST "" sent2')).untagged, [/\\Sent/]);
  });

  t.test('subscriptions', async (t) => {
    await client.ok('SUBSCRIBE later');
    t.ok((await client.ok('LSUB "" later')).untagged.length === 1);
    await client.ok('UNSUBSCRIBE later');
    t.same((await client.ok('LSUB "" later')).untagged, []);
    t.equal((await client.run('UNSUBSCRIBE later')).status, 'OK', 'what is so already is fine');
  });
});
