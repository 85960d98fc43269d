/** ACL on the wire, and what it lets others do. RFC 4314 §3 to §5, RFC 2342. Rights are also tested below the wire. */
import t from 'tap';
import { IMAP_PORTS, type ImapClient, loginImap } from '../../../support/imap.ts';
import { startServer } from '../../../support/server.ts';

t.test('ACL', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const [anna, bob] = [await server.addUser('anna'), await server.addUser('bob')];
  const [client, other] = [await loginImap(t, server, anna), await loginImap(t, server, bob)];
  const shared = '"Other users/anna/Team"';
  await client.ok('CREATE Team');
  const one = async (of: ImapClient, command: string) => (await of.ok(command)).untagged;

  t.test('is announced', async (t) => {
    const [capability = ''] = await one(client, 'CAPABILITY');
    t.match(capability, / ACL /);
    t.match(capability, / RIGHTS=kxte( |$)/);
    t.match(capability, / LIST-MYRIGHTS( |$)/);
  });

  t.test('the owner has all, and always', async (t) => {
    t.same(await one(client, 'MYRIGHTS Team'), ['MYRIGHTS Team lrswipkxteacd']);
    t.same(await one(client, 'GETACL Team'), ['ACL Team anna lrswipkxteacd']);
    t.same(await one(client, 'LISTRIGHTS Team anna'), ['LISTRIGHTS Team anna lrswipkxteacd']);
    t.match(await client.run('SETACL Team anna lr'), { status: 'NO', text: /^\[NOPERM\]/ });
    t.match(await client.run('DELETEACL Team anna'), { status: 'NO', text: /^\[NOPERM\]/ });
  });

  t.test('given, changed and taken away', async (t) => {
    t.match(await other.run(`MYRIGHTS ${shared}`), { status: 'NO', text: /^\[NONEXISTENT\]/ });
    t.same(await one(client, 'LISTRIGHTS Team bob'), ['LISTRIGHTS Team bob "" l r s w i p k x t e a c d']);
    await client.ok('SETACL Team bob lrsd');
    t.same(await one(client, 'GETACL Team'), ['ACL Team anna lrswipkxteacd bob lrsted']);
    await client.ok('SETACL Team bob +k');
    await client.ok('SETACL Team bob@example.org -d');
    t.same(await one(client, 'GETACL Team'), ['ACL Team anna lrswipkxteacd bob lrskc']);
    t.same(await one(client, 'LISTRIGHTS Team bob@example.org'), [
      'LISTRIGHTS Team bob@example.org "" l r s w i p k x t e a c d',
    ]);
    t.same(await one(other, `MYRIGHTS ${shared}`), [`MYRIGHTS ${shared} lrskc`]);
    for (const command of [
      `GETACL ${shared}`,
      `SETACL ${shared} bob +a`,
      `LISTRIGHTS ${shared} bob`,
      `DELETEACL ${shared} bob`,
    ])
      t.match(await other.run(command), { status: 'NO', text: /^\[NOPERM\]/ }, command);
    await client.ok('DELETEACL Team bob');
    t.same(await one(client, 'GETACL Team'), ['ACL Team anna lrswipkxteacd']);
    await client.ok('SETACL Team bob ""');
    t.same(await one(client, 'GETACL Team'), ['ACL Team anna lrswipkxteacd']);
  });

  t.test('what is shared is listed in its namespace', async (t) => {
    await client.ok('SETACL Team bob lrsw');
    t.same(await one(other, 'NAMESPACE'), ['NAMESPACE (("" "/")) (("Other users/" "/")) NIL']);
    t.match(await one(other, 'LIST "" "Other users/*"'), [
      'LIST (\\Noselect \\HasChildren) "/" "Other users/anna"',
      'LIST (\\HasNoChildren) "/" "Other users/anna/Team"',
    ]);
    t.match(await one(other, 'LIST "" %'), /Other users/);
    await client.ok('SETACL Team bob -l');
    t.same(await one(other, 'LIST "" "Other users/*"'), []);
    await other.ok(`SELECT ${shared}`);
    await client.ok('SETACL Team bob +l');
    await client.ok('CREATE Team/sub');
    t.equal((await one(other, 'LIST "" "Other users/*"')).length, 3, 'a mailbox below is shared too');
  });

  t.test('LIST tells the rights too', async (t) => {
    await client.ok('SETACL Team bob lrs');
    await other.ok(`SUBSCRIBE ${shared}`);
    t.same(await one(other, `LIST "" (${shared} Sent nothing) RETURN (MYRIGHTS)`), [
      `LIST (\\HasChildren) "/" ${shared}`,
      `MYRIGHTS ${shared} lrs`,
      'LIST (\\HasNoChildren \\Sent) "/" Sent',
      'MYRIGHTS Sent lrswipkxteacd',
    ]);
    await other.ok(`UNSUBSCRIBE ${shared}`);
    await client.ok('SETACL Team/sub bob lrs');
    await other.ok('SUBSCRIBE "Other users/anna/Team/sub"');
    t.same(await one(other, `LIST (SUBSCRIBED RECURSIVEMATCH) "" ${shared} RETURN (MYRIGHTS)`), [
      `LIST (\\HasChildren) "/" ${shared} ("CHILDINFO" ("SUBSCRIBED"))`,
    ]);
  });

  t.test('flags and codes say what may be changed', async (t) => {
    await client.append('Team', 'Subject: x\r\n\r\n');
    const table: [rights: string, permanent: RegExp, code: RegExp][] = [
      ['lr', /PERMANENTFLAGS \(\)/, /READ-ONLY/],
      ['lrs', /PERMANENTFLAGS \(\\Seen\)/, /READ-WRITE/],
      ['lrt', /PERMANENTFLAGS \(\\Deleted\)/, /READ-WRITE/],
      ['lrw', /PERMANENTFLAGS \(\\Answered \\Flagged \\Draft \\\*\)/, /READ-WRITE/],
    ];
    for (const [rights, permanent, code] of table) {
      await client.ok(`SETACL Team bob ${rights}`);
      const reply = await other.ok(`SELECT ${shared}`);
      t.match(reply.untagged.join('\n'), permanent, rights);
      t.match(reply.text, code, rights);
    }
  });

  t.test('what is not allowed is refused, what may be left out is left out', async (t) => {
    await client.ok('SETACL Team bob lrs');
    await other.ok(`SELECT ${shared}`);
    for (const flags of ['\\Flagged', '\\Deleted', 'keyword', '\\Draft keyword'])
      t.match(await other.run(`STORE 1 +FLAGS (${flags})`), { status: 'NO', text: /^\[NOPERM\]/ }, flags);
    t.same(await one(other, 'FETCH 1 FLAGS'), ['1 FETCH (FLAGS ())']);
    await other.ok('STORE 1 +FLAGS (\\Seen \\Deleted)');
    t.match(
      await one(other, 'FETCH 1 FLAGS'),
      [/FLAGS \(\\Seen(?: \\Recent)?\)/],
      'with one that may be set, the others are passed over',
    );
    for (const command of ['EXPUNGE', 'UID EXPUNGE 1', 'MOVE 1 INBOX', `COPY 1 ${shared}`])
      t.match(await other.run(command), { status: 'NO', text: /^\[NOPERM\]/ }, command);
    t.match(await other.run(`APPEND ${shared} {3+}\r\nx\r\n`), { status: 'NO', text: /^\[NOPERM\]/ });
    t.match(await other.run(`CREATE "Other users/anna/Team/new"`), { status: 'NO', text: /^\[NOPERM\]/ });
    t.match(await other.run(`RENAME ${shared} "Other users/anna/x"`), { status: 'NO', text: /^\[NOPERM\]/ });
    t.match(await other.run(`DELETE ${shared}`), { status: 'NO', text: /^\[NOPERM\]/ });
    t.match((await other.ok('COPY 1 INBOX')).text, /^\[COPYUID \d+ 1 1\]/, 'reading lets copy it home');
    await other.ok('SELECT INBOX');
    t.match(await one(other, 'FETCH 1 (FLAGS BODY[])'), [/Subject: x/]);
  });

  t.test('what is no command', async (t) => {
    for (const bad of [
      'GETACL',
      'GETACL Team x',
      'SETACL Team bob',
      'SETACL Team bob lrq',
      'SETACL Team bob LR',
      'SETACL Team bob +0',
      'SETACL Team "" lr',
      'LISTRIGHTS Team',
      'MYRIGHTS',
      'DELETEACL Team',
    ])
      t.equal((await client.run(bad)).status, 'BAD', bad);
    t.match(await client.run('SETACL Team nobody lr'), { status: 'NO', text: /^\[CANNOT\] There is nobody/ });
    t.match(await client.run('SETACL Team -bob lr'), { status: 'NO', text: /^\[CANNOT\]/ });
    t.match(await client.run('GETACL nowhere'), { status: 'NO', text: /^\[NONEXISTENT\]/ });
  });
});
