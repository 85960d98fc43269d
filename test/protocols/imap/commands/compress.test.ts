/** COMPRESS=DEFLATE. RFC 4978. */
import t from 'tap';
import { IMAP_PORTS, loginImap } from '../../../support/imap.ts';
import { startServer } from '../../../support/server.ts';

t.test('COMPRESS', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const text = `Subject: long\r\n\r\n${'the same words again and again\r\n'.repeat(100_000)}`;

  t.test('everything goes both ways, large and small', async (t) => {
    const client = await loginImap(t, server, anna);
    t.equal((await client.run('COMPRESS LZMA')).status, 'NO');
    t.equal((await client.run('COMPRESS')).status, 'BAD');
    await client.ok('COMPRESS DEFLATE');
    client.deflate();
    await client.ok('SELECT INBOX');
    const uid = await client.append('INBOX', text);
    const before = client.socket.bytesRead;
    const { untagged } = await client.ok(`UID FETCH ${uid} BODY.PEEK[]`);
    t.ok(untagged[0]?.includes(`{${text.length}}\r\n${text})`), 'octet for octet');
    t.ok(client.socket.bytesRead - before < text.length / 20, 'and fewer on the wire');
    t.match(await client.run('COMPRESS DEFLATE'), { status: 'NO', text: /^\[COMPRESSIONACTIVE\]/ });
    const tags = Array.from({ length: 200 }, () => client.begin('NOOP'));
    for (const tag of tags) t.equal((await client.reply(tag)).status, 'OK');
    const other = await loginImap(t, server, anna);
    const idle = client.begin('IDLE');
    t.equal(await client.response(), '+ idling');
    await other.append('INBOX', 'Subject: x\r\n\r\n');
    t.equal(await client.response(), '* 2 EXISTS');
    await client.response();
    client.send('DONE\r\n');
    await client.reply(idle);
    const { untagged: bye } = await client.ok('LOGOUT');
    t.match(bye, [/^BYE/]);
    await new Promise((resolve) => client.socket.once('close', resolve));
  });

  t.test('octets that are not deflated end the connection', async (t) => {
    const client = await loginImap(t, server, anna);
    await client.ok('COMPRESS DEFLATE');
    client.send('\xff\xff\xff\xffa NOOP\r\n');
    await client.rest();
    t.equal((await (await loginImap(t, server, anna)).run('NOOP')).status, 'OK', 'that one only');
  });

  t.test('what is pipelined behind it is not guessed at', async (t) => {
    const client = await loginImap(t, server, anna);
    client.send('a COMPRESS DEFLATE\r\nb NOOP\r\n');
    t.notMatch(await client.rest(), /^b /m);
  });

  t.test('a line that never ends stays small in memory', async (t) => {
    const client = await loginImap(t, server, anna);
    await client.ok('COMPRESS DEFLATE');
    client.deflate();
    const before = process.memoryUsage().rss;
    client.send(`a ${'x'.repeat(50_000_000)}`);
    await new Promise((resolve) => client.socket.once('close', resolve));
    t.ok(process.memoryUsage().rss - before < 400_000_000);
  });
});
