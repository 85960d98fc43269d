/** UTF8=ACCEPT: names and strings as they are. RFC 6855. */
import t from 'tap';
import { IMAP_PORTS, literal, loginImap } from '../../support/imap.ts';
import { startServer } from '../../support/server.ts';

/** UTF-8, octet for character. */
function utf8(text: string): string {
  return Buffer.from(text).toString('latin1');
}

t.test('UTF8=ACCEPT', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const [client, plain] = [await loginImap(t, server, anna), await loginImap(t, server, anna)];
  t.equal((await plain.run(`APPEND INBOX UTF8 (~{1+}\r\nx)`)).status, 'BAD', 'not before it is enabled');
  t.same((await client.ok('ENABLE UTF8=ACCEPT')).untagged, ['ENABLED UTF8=ACCEPT']);

  t.test('names go both ways, and others read them in modified UTF-7', async (t) => {
    await client.ok(`CREATE "${utf8('Entwürfe & Co/你好')}"`);
    const listed = (await client.ok(`LIST "" "${utf8('Entw*')}"`)).untagged;
    t.ok(listed[1]?.endsWith(utf8('Entwürfe & Co/你好')), String(listed[1]));
    t.match((await plain.ok('LIST "" "Entw*"')).untagged[1], '"Entw&APw-rfe &- Co/&T2BZfQ-"');
    t.equal((await client.run(`SELECT ${literal('Entwürfe & Co/你好')}`)).status, 'OK');
    t.match((await client.ok(`STATUS "${utf8('Entwürfe & Co')}" (MESSAGES)`)).untagged[0], utf8('Entwürfe & Co'));
    await client.ok(`SUBSCRIBE "${utf8('grün')}"`);
    t.ok((await client.ok('LSUB "" "gr*"')).untagged[0]?.endsWith(utf8('grün')));
    t.match(await client.run('CREATE "\xff\xfe"'), { status: 'NO', text: /^\[CANNOT\]/ });
    t.match(await plain.run(`CREATE "${utf8('grün')}"`), { status: 'NO', text: /^\[CANNOT\]/ });
  });

  t.test('messages with UTF-8 in their header, and searching without a charset', async (t) => {
    const other = await loginImap(t, server, anna);
    await other.ok('ENABLE UTF8=ACCEPT');
    const message = utf8('Subject: Grüße\r\n\r\nHallo\r\n');
    const tag = other.begin(`APPEND Archive (\\Seen) UTF8 (~{${message.length}+}\r\n${message})`);
    t.match(await other.reply(tag), { status: 'OK', text: /^\[APPENDUID \d+ 1\]/ });
    t.equal((await other.run(`APPEND Archive UTF8 (~{${message.length}+}\r\n${message}`)).status, 'BAD');
    await other.ok('SELECT Archive');
    t.same((await other.ok('FETCH 1 (BODY.PEEK[])')).untagged, [`1 FETCH (BODY[] {${message.length}}\r\n${message})`]);
    t.same((await other.ok(`SEARCH SUBJECT "${utf8('GRÜSSE')}"`)).untagged, ['SEARCH 1']);
    t.equal((await other.run('SEARCH CHARSET UTF-8 ALL')).status, 'BAD');
  });
});
