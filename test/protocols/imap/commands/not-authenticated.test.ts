/** Logging in: LOGIN, AUTHENTICATE, STARTTLS, TLS from the first octet, throttling. RFC 3501 §6.2, RFC 4959, RFC 8314 §3. */
import t from 'tap';
import { connectImap, IMAP_PORTS, literal } from '../../../support/imap.ts';
import { startServer } from '../../../support/server.ts';

function plain(name: string, password: string): string {
  return Buffer.from(`\0${name}\0${password}`).toString('base64');
}

t.test('logging in', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');

  t.test('LOGIN with name or address, as atom, quoted, or literal', async (t) => {
    for (const command of [
      'LOGIN anna anna-password',
      'LOGIN "anna@example.org" "anna-password"',
      `LOGIN ${literal('anna')} ${literal('anna-password')}`,
      'login ANNA@EXAMPLE.ORG anna-password',
    ]) {
      const client = await connectImap(t, server);
      t.equal((await client.run(command)).status, 'OK', command);
      t.equal((await client.run('NOOP')).status, 'OK');
      client.close();
    }
  });

  t.test('a literal that waits is asked for', async (t) => {
    const client = await connectImap(t, server);
    const tag = client.begin('LOGIN {4}');
    t.match(await client.response(), /^\+ /);
    client.send('anna {13}\r\n');
    t.match(await client.response(), /^\+ /);
    client.send('anna-password\r\n');
    t.equal((await client.reply(tag)).status, 'OK');
  });

  t.test('AUTHENTICATE PLAIN and LOGIN', async (t) => {
    const first = await connectImap(t, server);
    t.equal((await first.run(`AUTHENTICATE PLAIN ${plain('anna', 'anna-password')}`)).status, 'OK');
    const second = await connectImap(t, server);
    const tag = second.begin('AUTHENTICATE PLAIN');
    t.equal(await second.response(), '+ ');
    second.send(`${plain('anna', 'anna-password')}\r\n`);
    t.match(await second.reply(tag), { status: 'OK', text: /^\[CAPABILITY IMAP4rev1/ });
    const third = await connectImap(t, server);
    const steps = third.begin('AUTHENTICATE LOGIN');
    for (const answer of ['anna', 'anna-password']) {
      t.match(await third.response(), /^\+ /);
      third.send(`${Buffer.from(answer).toString('base64')}\r\n`);
    }
    t.equal((await third.reply(steps)).status, 'OK');
  });

  t.test('what is refused', async (t) => {
    const client = await connectImap(t, server);
    t.match(await client.run('LOGIN anna wrong'), { status: 'NO', text: /^\[AUTHENTICATIONFAILED\]/ });
    t.match(await client.run('LOGIN nobody wrong'), { status: 'NO', text: /^\[AUTHENTICATIONFAILED\]/ });
    t.equal((await client.run('LOGIN anna')).status, 'BAD');
    t.equal((await client.run('AUTHENTICATE CRAM-MD5')).status, 'NO');
    t.equal((await client.run('AUTHENTICATE PLAIN %%%')).status, 'BAD');
    t.equal((await client.run(`AUTHENTICATE PLAIN ${Buffer.from('x').toString('base64')}`)).status, 'BAD');
    const tag = client.begin('AUTHENTICATE PLAIN');
    await client.response();
    client.send('*\r\n');
    t.equal((await client.reply(tag)).status, 'BAD', 'cancelled');
    t.equal((await client.login(anna)).status, 'OK', 'and then it works');
  });

  t.test('STARTTLS', async (t) => {
    const client = await connectImap(t, server);
    await client.ok('STARTTLS');
    await client.secure();
    const { untagged } = await client.ok('CAPABILITY');
    t.match(untagged, [/^CAPABILITY IMAP4rev1 /], 'nothing of STARTTLS is answered inside TLS');
    t.notMatch(untagged[0], 'STARTTLS');
    t.equal((await client.run('STARTTLS')).status, 'BAD');
    t.equal((await client.login(anna)).status, 'OK');
  });

  t.test('what comes in the same packet as STARTTLS is never answered inside TLS', async (t) => {
    const client = await connectImap(t, server);
    client.send('a STARTTLS\r\nb CAPABILITY\r\n');
    t.notMatch(await client.rest(), /^b /m);
  });

  t.test('TLS from the first octet', async (t) => {
    const client = await connectImap(t, server, true);
    t.notMatch((await client.ok('CAPABILITY')).untagged[0], 'STARTTLS');
    t.equal((await client.login(anna)).status, 'OK');
  });

  t.test('guessing is slowed down, for this name and here only', async (t) => {
    await server.addUser('bob');
    const codes: string[] = [];
    for (let n = 0; n < 12; n++) {
      const client = await connectImap(t, server);
      codes.push(/^\[(\w+)\]/.exec((await client.run(`LOGIN bob guess${n}`)).text)?.[1] ?? '');
      client.close();
    }
    t.equal(codes[0], 'AUTHENTICATIONFAILED');
    t.ok(codes.includes('UNAVAILABLE'), codes.join(' '));
    const other = await connectImap(t, server);
    t.equal((await other.login(anna)).status, 'OK');
  });

  t.test('a connection with ten failures ends', async (t) => {
    const client = await connectImap(t, server);
    for (let n = 0; n < 10; n++) client.begin(`LOGIN carla guess${n}`);
    t.match(await client.rest(), /\* BYE /);
  });
});

t.test('no password without TLS where that is forbidden', async (t) => {
  const server = await startServer(t, { environment: { ...IMAP_PORTS, CONVENE_PLAINTEXT_LOGIN: 'never' } });
  const anna = await server.addUser('anna');
  const client = await connectImap(t, server);
  const { untagged } = await client.ok('CAPABILITY');
  t.match(untagged[0], / LOGINDISABLED/);
  t.notMatch(untagged[0], 'AUTH=PLAIN');
  t.match(await client.run('LOGIN anna anna-password'), { status: 'NO', text: /^\[PRIVACYREQUIRED\]/ });
  t.match(await client.run('AUTHENTICATE PLAIN'), { status: 'NO', text: /^\[PRIVACYREQUIRED\]/ });
  await client.ok('STARTTLS');
  await client.secure();
  t.match((await client.ok('CAPABILITY')).untagged[0], 'AUTH=PLAIN');
  t.equal((await client.login(anna)).status, 'OK');
});

t.test('limits of time and number', async (t) => {
  const limits = { login: 300, idle: 400, check: 50, sessionsPerUser: 3 };
  const server = await startServer(t, { environment: IMAP_PORTS, imapLimits: limits });
  const anna = await server.addUser('anna');
  const bob = await server.addUser('bob');
  const open = [];
  for (let n = 0; n < 3; n++) {
    open.push(await connectImap(t, server));
    await open[n]?.login(anna);
  }
  const fourth = await connectImap(t, server);
  t.match(await fourth.run('LOGIN anna anna-password'), { status: 'NO', text: /^\[LIMIT\]/ });
  t.equal((await (await connectImap(t, server)).login(bob)).status, 'OK', 'others are served');
  t.match(await fourth.rest(), /^\* BYE /, 'who does not log in has to go');
  open[0]?.begin('IDLE');
  for (const client of open) t.match(await client.rest(), /\* BYE /, 'who says nothing too');
  t.equal((await (await connectImap(t, server)).login(anna)).status, 'OK', 'their places are free');
});
