/** IMAP4rev2 (RFC 9051): its forms after ENABLE, and those of rev1 for everybody else. */
import t from 'tap';
import { IMAP_PORTS, literal, loginImap } from '../../support/imap.ts';
import { startServer } from '../../support/server.ts';

const MESSAGE = 'Subject: one\r\n\r\nbody\r\n';

/** Octets of UTF-8 as the client sends and shows them. */
function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

t.test('IMAP4rev2', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const old = await loginImap(t, server, anna);
  const client = await loginImap(t, server, anna);
  t.match((await client.ok('CAPABILITY')).untagged[0], /^CAPABILITY IMAP4rev1 IMAP4rev2 /);
  t.strictSame((await client.ok('ENABLE imap4rev2')).untagged, ['ENABLED IMAP4rev2']);

  t.test('SELECT names the mailbox, and tells neither RECENT nor UNSEEN', async (t) => {
    await old.append('INBOX', MESSAGE);
    await old.append('INBOX', MESSAGE, '(\\Seen) ');
    const { untagged } = await client.ok('SELECT inbox');
    t.ok(untagged.includes('LIST () "/" INBOX'));
    t.ok(untagged.includes('2 EXISTS'));
    t.notOk(untagged.some((line) => /RECENT|UNSEEN/.test(line)));
    t.match((await client.ok('FETCH 1:2 FLAGS')).untagged, ['1 FETCH (FLAGS ())', '2 FETCH (FLAGS (\\Seen))']);
    const before = await old.ok('SELECT INBOX');
    t.ok(before.untagged.includes('2 RECENT'), 'left to those who know it');
    t.ok(before.untagged.some((line) => line.startsWith('OK [UNSEEN 1]')));
    t.notOk(before.untagged.some((line) => line.startsWith('LIST')));
    await old.append('INBOX', MESSAGE);
    t.strictSame((await client.ok('NOOP')).untagged, ['3 EXISTS']);
  });

  t.test('selecting another mailbox is told by CLOSED', async (t) => {
    const { untagged } = await client.ok('SELECT Sent');
    t.match(untagged[0], /^OK \[CLOSED\]/);
  });

  t.test('SEARCH is answered with ESEARCH', async (t) => {
    await client.ok('SELECT INBOX');
    t.strictSame((await client.ok('SEARCH UNSEEN')).untagged, [`ESEARCH (TAG "${client.tag}") ALL 1,3`]);
    t.strictSame((await client.ok('UID SEARCH ALL')).untagged, [`ESEARCH (TAG "${client.tag}") UID ALL 1:3`]);
    t.strictSame((await client.ok('SEARCH SUBJECT nothing')).untagged, [`ESEARCH (TAG "${client.tag}")`]);
    t.strictSame((await client.ok('SEARCH RETURN (COUNT) ALL')).untagged, [`ESEARCH (TAG "${client.tag}") COUNT 3`]);
    t.match((await client.ok('SEARCH MODSEQ 1')).untagged, [/^OK \[HIGHESTMODSEQ/, /ESEARCH .* ALL 1:3 MODSEQ \d+$/]);
    t.strictSame((await old.ok('SEARCH UNSEEN')).untagged.at(-1), 'SEARCH 1 3');
    const text = utf8('grün');
    await client.append('INBOX', utf8(`Subject: =?utf-8?q?gr=C3=BCn?=\r\n\r\n`));
    t.match((await client.ok(`SEARCH SUBJECT "${text}"`)).untagged.at(-1), / ALL 4$/, 'strings are UTF-8');
    t.match((await client.ok(`SEARCH CHARSET UTF-8 SUBJECT ${literal('grün')}`)).untagged.at(-1), / ALL 4$/);
  });

  t.test('names are UTF-8, and rev1 sees the same in modified UTF-7', async (t) => {
    const name = utf8('Entwürfe & Pläne');
    t.strictSame((await client.ok(`CREATE "${name}"`)).untagged.length, 1);
    t.match((await client.ok('LIST "" "Ent*"')).untagged[0], name);
    t.match((await old.ok('LIST "" "Ent*"')).untagged, ['LIST (\\HasNoChildren) "/" "Entw&APw-rfe &- Pl&AOQ-ne"']);
    t.match((await client.ok(`STATUS "${name}" (MESSAGES SIZE DELETED)`)).untagged[0], /MESSAGES 0 SIZE 0 DELETED 0/);
    t.equal((await client.ok(`SELECT "${name}"`)).status, 'OK');
    await client.ok('UNSELECT');
  });

  t.test('a name that the server changed is told with the one that was asked for', async (t) => {
    t.strictSame((await client.ok('CREATE inbox/Invoices')).untagged, [
      'LIST () "/" INBOX/Invoices ("OLDNAME" (inbox/Invoices))',
    ]);
    t.ok(
      (await client.ok('SELECT iNbOx/Invoices')).untagged.includes(
        'LIST () "/" INBOX/Invoices ("OLDNAME" (iNbOx/Invoices))',
      ),
    );
    t.strictSame((await client.ok('CREATE Plain/')).untagged, ['LIST () "/" Plain']);
    t.strictSame((await old.ok('CREATE inbox/Old')).untagged, []);
  });

  t.test('levels without a mailbox are \\NonExistent', async (t) => {
    await old.ok('CREATE Level/Below');
    await old.run('DELETE Level');
    const of = async (who: typeof client) =>
      (await who.ok('LIST "" %')).untagged.filter((line) => line.endsWith(' "Other users"') || line.endsWith(' Level'));
    t.match(await of(client), [/^LIST \(\\NonExistent \\HasChildren\) "\/" Level$/]);
    t.match(await of(old), [/^LIST \(\\Noselect \\HasChildren\) "\/" Level$/]);
  });

  t.test('UTF8=ACCEPT stays a matter of its own', async (t) => {
    const message = literal(MESSAGE).replace('{', '~{');
    t.equal((await client.run(`APPEND INBOX UTF8 (${message})`)).status, 'BAD');
  });

  t.test('what rev2 folded in is there without being enabled', async (t) => {
    await client.ok('SELECT INBOX');
    await client.ok('NAMESPACE');
    await client.ok('LIST (SUBSCRIBED) "" * RETURN (CHILDREN STATUS (UNSEEN))');
    t.match((await client.ok('UID SEARCH RETURN (SAVE COUNT) UNSEEN')).untagged[0], /COUNT \d+$/);
    t.match((await client.ok('UID FETCH $ (BINARY.SIZE[1])')).untagged[0], /BINARY.SIZE\[1\] \d+/);
    t.match((await client.ok('UID MOVE 1 Archive')).untagged, [/^OK \[COPYUID/, '1 EXPUNGE']);
    await client.ok('UID STORE 2 +FLAGS.SILENT (\\Deleted)');
    t.match((await client.ok('UID EXPUNGE 2')).untagged, ['1 EXPUNGE']);
    await client.ok('UNSELECT');
  });
});
