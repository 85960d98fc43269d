/** Connections: greeting, states, answers in order, what others did. RFC 3501 §3, §5.5, §6.1, §7.4.1, RFC 9051 §7.5.1, RFC 2971. */
import t from 'tap';
import { connectImap, IMAP_PORTS, literal, loginImap } from '../../support/imap.ts';
import { startServer } from '../../support/server.ts';

const MESSAGE = 'Subject: one\r\n\r\nbody\r\n';

t.test('connections', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');

  t.test('what can be done is announced, more of it after log-in', async (t) => {
    const client = await connectImap(t, server);
    const before = await client.ok('CAPABILITY');
    t.match(before.untagged[0], /^CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL\+ SASL-IR ID ENABLE STARTTLS .*AUTH=PLAIN/);
    t.notMatch(before.untagged[0], 'LITERAL-');
    const { text } = await client.login(anna);
    t.match(text, /^\[CAPABILITY IMAP4rev1 .*\bIDLE UIDPLUS MOVE\b.*\] /);
    const after = await client.ok('CAPABILITY');
    t.ok(text.includes(after.untagged[0] ?? '?'), 'the same as with the answer to LOGIN');
    t.notMatch(after.untagged[0], 'STARTTLS');
  });

  t.test('ID before and after log-in', async (t) => {
    const client = await connectImap(t, server);
    t.match((await client.ok('ID ("name" "Mac OS X Mail" "version" "1.0")')).untagged, [/^ID \("name" "Convene"/]);
    t.match((await client.ok('ID NIL')).untagged.length, 1);
    t.equal((await client.run('ID ("name")')).status, 'BAD');
    t.equal((await client.run('ID')).status, 'BAD');
  });

  t.test('commands in the wrong state are refused', async (t) => {
    const client = await connectImap(t, server);
    for (const command of ['SELECT INBOX', 'LIST "" *', 'APPEND INBOX {3+}\r\nabc', 'FETCH 1 FLAGS', 'IDLE', 'EXPUNGE'])
      t.equal((await client.run(command)).status, 'BAD', command);
    await client.login(anna);
    for (const command of ['FETCH 1 FLAGS', 'CLOSE', 'EXPUNGE', 'LOGIN anna x', 'STARTTLS', 'NOSUCH', 'UID NOOP'])
      t.equal((await client.run(command)).status, 'BAD', command);
    t.equal((await client.run('NOOP')).status, 'OK');
  });

  t.test('a pipeline is answered in order and at once', async (t) => {
    const client = await loginImap(t, server, anna);
    const tags = ['SELECT INBOX', 'NOOP', `APPEND INBOX ${literal(MESSAGE)}`, 'FETCH 1 (UID)', 'LOGOUT'].map(
      (command) => client.begin(command),
    );
    const replies = [];
    for (const tag of tags) replies.push(await client.reply(tag));
    t.same(
      replies.map(({ status }) => status),
      ['OK', 'OK', 'OK', 'OK', 'OK'],
    );
    t.same(replies[3]?.untagged, ['1 FETCH (UID 1)']);
    t.match(replies[4]?.untagged, [/^BYE /]);
    t.equal(await client.rest(), '', 'and closed');
  });

  t.test('EXPUNGE is told where it may be: not while sequence numbers are in use', async (t) => {
    const [one, two] = [await loginImap(t, server, anna), await loginImap(t, server, anna)];
    await one.ok('CREATE told');
    for (let n = 0; n < 3; n++) await one.append('told', MESSAGE);
    await one.ok('SELECT told');
    await two.ok('SELECT told');
    await one.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
    t.same((await one.ok('EXPUNGE')).untagged, ['1 EXPUNGE']);
    const during = await two.ok('FETCH 1:3 (UID)');
    t.same(during.untagged, ['2 FETCH (UID 2)', '3 FETCH (UID 3)'], 'the gone one is passed over, no number moves');
    t.same((await two.ok('SEARCH ALL')).untagged, ['SEARCH 2 3']);
    t.same((await two.ok('STORE 2 +FLAGS (\\Flagged)')).untagged, ['2 FETCH (FLAGS (\\Flagged))']);
    t.same((await two.ok('UID SEARCH ALL')).untagged, ['SEARCH 2 3', '1 EXPUNGE'], 'UID commands may tell it');
    t.same((await two.ok('FETCH 1 (UID)')).untagged, ['1 FETCH (UID 2)']);
    t.equal((await two.run('FETCH 3 (UID)')).status, 'BAD');
  });

  t.test('flags and new messages of others come with the next answer', async (t) => {
    const [one, two] = [await loginImap(t, server, anna), await loginImap(t, server, anna)];
    await one.ok('CREATE news');
    await one.append('news', MESSAGE);
    await two.ok('SELECT news');
    await one.ok('SELECT news');
    await one.ok('STORE 1 +FLAGS (\\Seen $Work)');
    await one.append('news', MESSAGE);
    const { untagged } = await two.ok('NOOP');
    t.equal(untagged[0], '2 EXISTS');
    t.match(untagged[1], /^[01] RECENT$/);
    t.ok(
      untagged.some((line) => /^FLAGS \(.*\$Work\)/.test(line)),
      'a new keyword is announced',
    );
    t.ok(untagged.some((line) => /^1 FETCH \(FLAGS \(\\Seen \$Work.*\)\)$/.test(line)));
    t.same((await two.ok('NOOP')).untagged, [], 'and once');
  });

  t.test('the mailbox of a session goes: it is told and ends', async (t) => {
    const [one, two] = [await loginImap(t, server, anna), await loginImap(t, server, anna)];
    await one.ok('CREATE goes');
    await two.ok('SELECT goes');
    await one.ok('DELETE goes');
    two.begin('NOOP');
    t.match(await two.rest(), /^\* BYE /);
  });

  t.test('a stopping server says so', async (t) => {
    const other = await startServer(t, { environment: IMAP_PORTS });
    const user = await other.addUser('bob');
    const [waiting, idling] = [await loginImap(t, other, user), await loginImap(t, other, user)];
    idling.begin('IDLE');
    t.equal(await idling.response(), '+ idling');
    const closed = other.close();
    t.match(await waiting.rest(), /^\* BYE /);
    t.match(await idling.rest(), /\* BYE /);
    await closed;
  });
});
