/**
 * What must be refused, and how: sizes, depths, floods, names. Another session stays quick all the while.
 * RFC 3501 §9, RFC 7888 §4, RFC 5530.
 */
import t from 'tap';
import { connectImap, IMAP_PORTS, type ImapClient, literal, loginImap } from '../../support/imap.ts';
import { startServer } from '../../support/server.ts';

/** Milliseconds a bystander may wait. */
const QUICK = 1_000;

t.test('bad input', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const bob = await server.addUser('bob');
  const bystander = await loginImap(t, server, bob);
  await bystander.ok('SELECT INBOX');
  let slowest = 0;
  let watching = true;
  const watch = (async () => {
    while (watching) {
      const began = performance.now();
      await bystander.ok('NOOP');
      slowest = Math.max(slowest, performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  const session = () => loginImap(t, server, anna);
  /** Runs a command; it must be answered within a second. */
  const quick = async (client: ImapClient, command: string, patience = QUICK) => {
    const began = performance.now();
    const reply = await client.run(command);
    t.ok(performance.now() - began < patience, `${command.slice(0, 60)} took ${performance.now() - began} ms`);
    return reply;
  };

  await t.test('huge literals before log-in are not asked for', async (t) => {
    for (const size of ['1073741824', '4294967296', '10000000000000000000000']) {
      const client = await connectImap(t, server);
      t.match(await client.run(`LOGIN {${size}}`), { status: 'BAD', untagged: [] }, size);
      t.equal((await client.login(anna)).status, 'OK');
    }
    const client = await connectImap(t, server);
    t.equal((await client.run('LOGIN {-1}')).status, 'BAD');
    t.equal((await client.run('LOGIN {9000}')).status, 'BAD', '8 KB are enough');
  });

  await t.test('a huge literal that does not wait ends the connection', async (t) => {
    for (const client of [await connectImap(t, server), await session()]) {
      client.send('x SEARCH SUBJECT {1073741824+}\r\n');
      t.match(await client.rest(), /^\* BYE /);
    }
  });

  await t.test('endless lines, long tags, HTTP, and nothing but errors', async (t) => {
    const long = await connectImap(t, server);
    long.send(`a ${'x'.repeat(1024 * 1024)}`);
    t.match(await long.rest(), /^\* BAD .*\r\n\* BYE /);
    const tag = await connectImap(t, server);
    tag.send(`${'t'.repeat(10_000)} NOOP\r\n`);
    t.match(await tag.response(), /^\* BAD /);
    const http = await connectImap(t, server);
    http.send(`GET / HTTP/1.1\r\n${'Host: x\r\n'.repeat(20)}`);
    t.match(await http.rest(), /BAD .*\* BYE /s);
    const errors = await session();
    errors.send('x NONSENSE\r\n'.repeat(200));
    const said = await errors.rest();
    t.match(said, /\* BYE /);
    t.ok((said.match(/BAD/g) ?? []).length <= 50);
  });

  await t.test('deep nesting', async (t) => {
    const client = await session();
    await client.ok('SELECT INBOX');
    for (const keys of [
      `${'('.repeat(20_000)}ALL${')'.repeat(20_000)}`,
      `${'NOT '.repeat(10_000)}ALL`,
      `${'OR ALL '.repeat(9_000)}ALL`,
      `${'('.repeat(51)}ALL${')'.repeat(51)}`,
    ])
      t.equal((await quick(client, `SEARCH ${keys}`)).status, 'BAD', keys.slice(0, 20));
    t.equal((await quick(client, `SEARCH ${'('.repeat(40)}ALL${')'.repeat(40)}`)).status, 'OK');
    t.equal((await quick(client, `FETCH 1 ${'('.repeat(20_000)}`)).status, 'BAD');
    t.equal((await quick(client, `LIST "" ${'('.repeat(20_000)}`)).status, 'BAD');
  });

  await t.test('sets', async (t) => {
    const client = await session();
    await client.ok('CREATE sets');
    for (let n = 0; n < 3; n++) await client.append('sets', 'Subject: x\r\n\r\n');
    await client.ok('SELECT sets');
    const many = Array.from({ length: 10_000 }, (_, n) => 2 * n + 1).join(',');
    t.match(await quick(client, `UID FETCH ${many} (UID)`), { status: 'OK', untagged: { length: 2 } });
    t.equal((await quick(client, `UID FETCH ${'1,'.repeat(30_000)}1 (UID)`)).status, 'BAD');
    t.match(await quick(client, 'UID FETCH 1:4294967295 (UID)'), { status: 'OK', untagged: { length: 3 } });
    for (const set of ['0', '1:0', '4294967296', '1:4294967296', '99999999999999999999', '-1', '1::2', '1,,2'])
      t.equal((await client.run(`UID FETCH ${set} (UID)`)).status, 'BAD', set);
  });

  await t.test('sections', async (t) => {
    const client = await session();
    await client.ok('SELECT sets');
    const fields = Array.from({ length: 6_000 }, (_, n) => `X-${n}`).join(' ');
    t.equal((await quick(client, `FETCH 1 BODY[HEADER.FIELDS (${fields})]`)).status, 'BAD');
    t.equal((await quick(client, `FETCH 1 BODY[${'1.'.repeat(5_000)}1]`)).status, 'BAD');
    t.match((await quick(client, 'FETCH 1 BODY.PEEK[]<4294967295.4294967295>')).untagged, [/ \{0\}\r\n\)$/]);
    t.equal((await client.run('FETCH 1 BODY[]<99999999999999999999.1>')).status, 'BAD');
    t.equal((await client.run(`FETCH 1 (${'BODY.PEEK[] '.repeat(5_000)})`)).status, 'BAD');
  });

  await t.test('keywords', async (t) => {
    const client = await session();
    await client.ok('SELECT sets');
    const words = Array.from({ length: 2_000 }, (_, n) => `k${n}`).join(' ');
    t.match(await quick(client, `STORE 1 +FLAGS (${words})`), { status: 'NO', text: /^\[LIMIT\]/ });
    t.match(await quick(client, `STORE 1 +FLAGS (${'k'.repeat(60_000)})`), { status: 'NO', text: /^\[LIMIT\]/ });
    t.match(await quick(client, `APPEND sets (${words}) {1+}\r\nx`), { status: 'NO', text: /^\[LIMIT\]/ });
  });

  await t.test('patterns take no time', async (t) => {
    const client = await session();
    await client.ok(`CREATE ${'a'.repeat(200)}`);
    for (const pattern of ['*%'.repeat(500), `${'*a'.repeat(500)}b`, `${'%a'.repeat(500)}b`]) {
      const began = performance.now();
      t.same((await client.ok(`LIST "" ${pattern}`)).untagged.length < 20, true);
      t.ok(performance.now() - began < 250, `${performance.now() - began} ms`);
    }
  });

  await t.test('names', async (t) => {
    const client = await session();
    const kept = ['..', '"../../etc"', '/absolute', '~', '__proto__', 'constructor'];
    for (const name of kept) {
      const { status, text } = await client.run(`CREATE ${name}`);
      if (status !== 'OK') {
        t.match(text, /^\[CANNOT\]/, name);
        continue;
      }
      const listed = (await client.ok('LIST "" *')).untagged.map((line) => /"\/" (.*)$/.exec(line)?.[1]);
      t.ok(listed.includes(name) || listed.includes(name.replaceAll('"', '')), name);
      await client.ok(`DELETE ${name}`);
    }
    const refused = [
      literal('a\rb'),
      literal('a\nb'),
      literal('a\x01b'),
      '"&bad-"',
      '&AGE-',
      '&2AA-',
      'x'.repeat(5_000),
      Array.from({ length: 500 }, () => 'd').join('/'),
      '""',
    ];
    for (const name of refused)
      t.match(await client.run(`CREATE ${name}`), { status: 'NO', text: /^\[/ }, name.slice(0, 30));
    t.equal((await client.run(`CREATE ${literal('a\0b')}`)).status, 'BAD');
    await client.ok('SELECT sets');
    t.match((await client.run(`STORE 1 +FLAGS (${literal('a\r\n* BYE')})`)).status, /NO|BAD/);
    t.match((await client.run(`SUBSCRIBE ${literal('a\r\n* BYE')}`)).status, /NO|BAD/);
    t.equal((await client.run('NOOP')).status, 'OK');
  });

  await t.test('forged modseqs', async (t) => {
    const client = await session();
    await client.ok('SELECT sets (CONDSTORE)');
    t.same((await client.ok('UID FETCH 1:* (FLAGS) (CHANGEDSINCE 9223372036854775807)')).untagged, []);
    t.equal((await client.run('UID FETCH 1:* (FLAGS) (CHANGEDSINCE 99999999999999999999)')).status, 'BAD');
    t.equal((await client.run('UID FETCH 1:* (FLAGS) (CHANGEDSINCE -1)')).status, 'BAD');
    t.equal((await client.run('STORE 1 (UNCHANGEDSINCE 99999999999999999999) FLAGS ()')).status, 'BAD');
    t.equal((await client.run('SEARCH MODSEQ x')).status, 'BAD');
  });

  await t.test('mailboxes of others look like missing ones', async (t) => {
    const client = await session();
    await (await loginImap(t, server, bob)).ok('CREATE secret');
    const missing = await client.run('SELECT nowhere-at-all');
    for (const name of [
      '"Other users/bob/secret"',
      '"Other users/bob/INBOX"',
      '"other users/bob/secret"',
      '"Other users/BOB/secret"',
      '"Other users//bob/secret"',
      '"/Other users/bob/secret"',
      '"Other users/bob@example.org/secret"',
      '"Other users/anna/../bob/secret"',
      '"Other users/2/secret"',
      'bob/secret',
      '"~bob/secret"',
      'user.bob.secret',
      '"#user/bob/secret"',
      '"../bob/secret"',
      'secret',
    ])
      for (const command of ['SELECT', 'EXAMINE', 'STATUS'])
        t.same(
          await client.run(`${command} ${name}${command === 'STATUS' ? ' (MESSAGES)' : ''}`),
          missing,
          `${command} ${name}`,
        );
    t.notMatch((await client.ok('LIST "" *')).untagged.join('\n'), /secret|bob/);
  });

  await t.test('sixty sessions that wait', async (t) => {
    const clients: ImapClient[] = [];
    let refused = 0;
    for (let n = 0; n < 60; n++) {
      const client = await connectImap(t, server);
      const { status, text } = await client.run(`LOGIN ${anna.name} ${anna.password}`);
      if (status === 'OK') {
        client.begin('IDLE');
        await client.response();
      } else {
        t.match(text, /^\[LIMIT\]/);
        refused++;
      }
      clients.push(client);
    }
    t.ok(refused > 0);
    t.equal((await (await connectImap(t, server)).login(bob)).status, 'OK');
    for (const client of clients) client.close();
  });

  watching = false;
  await watch;
  t.ok(slowest < QUICK, `the bystander waited ${Math.round(slowest)} ms at most`);
});

t.test('two thousand mailboxes are listed in time', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const client = await loginImap(t, server, anna);
  await server.store.transaction(async (write) => {
    const modseq = await write.accounts.nextModseq(anna.id, []);
    for (let n = 0; n < 2_000; n++) {
      const name = `box${n % 50}/${n}`;
      await write.mailboxes.add({ accountId: anna.id, name, specialUse: '', modseq, now: 1 });
    }
  });
  const began = performance.now();
  const { untagged } = await client.ok('LIST "" * RETURN (SUBSCRIBED CHILDREN)');
  t.equal(untagged.length, 2_056, 'with the fifty levels above');
  t.ok(performance.now() - began < 2_000, `${performance.now() - began} ms`);
});
