/** COPY and MOVE. RFC 3501 §6.4.7, RFC 6851, RFC 4315 §3. */
import t from 'tap';
import { IMAP_PORTS, loginImap } from '../../../support/imap.ts';
import { startServer } from '../../../support/server.ts';

t.test('copying and moving', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const client = await loginImap(t, server, anna);
  await client.ok('CREATE target');
  for (let n = 1; n <= 6; n++) await client.append('INBOX', `Subject: ${n}\r\n\r\n`, '(\\Flagged $k) ');
  await client.ok('SELECT INBOX');

  t.test('COPY keeps octets, flags and dates', async (t) => {
    const { text, untagged } = await client.ok('COPY 2,5 target');
    t.match(text, /^\[COPYUID \d+ 2,5 1:2\]/);
    t.same(untagged, []);
    const before = await client.ok('FETCH 2 (INTERNALDATE RFC822.SIZE BODY.PEEK[])');
    const other = await loginImap(t, server, anna);
    await other.ok('SELECT target');
    const after = await other.ok('FETCH 1 (INTERNALDATE RFC822.SIZE BODY.PEEK[])');
    t.equal(after.untagged[0]?.slice(1), before.untagged[0]?.slice(1));
    t.match((await other.ok('FETCH 1 FLAGS')).untagged, ['1 FETCH (FLAGS (\\Flagged $k \\Recent))']);
  });

  t.test('MOVE says COPYUID before EXPUNGE', async (t) => {
    const { text, untagged } = await client.ok('UID MOVE 1:2 target');
    t.match(untagged, [/^OK \[COPYUID \d+ 1:2 3:4\]/, '2 EXPUNGE', '1 EXPUNGE']);
    t.notMatch(text, 'COPYUID');
    t.match((await client.ok('MOVE 1 target')).untagged, [/^OK \[COPYUID \d+ 3 5\]/, '1 EXPUNGE']);
    t.match((await client.ok('STATUS target (MESSAGES)')).untagged, ['STATUS target (MESSAGES 5)']);
  });

  t.test('what is gone answers OK', async (t) => {
    t.match(await client.run('UID MOVE 1:3 target'), { status: 'OK', untagged: [] });
    t.match(await client.run('UID COPY 1:3 target'), { status: 'OK', untagged: [] });
    t.equal((await client.run('MOVE 99 target')).status, 'BAD');
  });

  t.test('to the same mailbox', async (t) => {
    t.match((await client.ok('MOVE 1 INBOX')).untagged, [
      /^OK \[COPYUID \d+ 4 7\]/,
      '1 EXPUNGE',
      '3 EXISTS',
      /RECENT$/,
    ]);
    t.match((await client.ok('COPY 1 INBOX')).untagged, ['4 EXISTS', /RECENT$/]);
  });

  t.test('a missing target is TRYCREATE', async (t) => {
    for (const command of ['COPY 1 nowhere', 'UID MOVE 5 nowhere'])
      t.match(await client.run(command), { status: 'NO', text: /^\[TRYCREATE\]/ }, command);
    for (const bad of ['COPY 1', 'COPY target', 'MOVE 1 target more', 'COPY 1, target'])
      t.equal((await client.run(bad)).status, 'BAD', bad);
  });
});
