/** Logging in, TLS, capabilities, and what is refused. RFC 1939, RFC 2449, RFC 2595, RFC 5034, RFC 6856. */
import t from 'tap';
import { connectPop3, fillInbox, POP3_PORTS } from '../../support/pop3.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t, { environment: POP3_PORTS, pop3Limits: { login: 1_000, idle: 1_500, bad: 10 } });
const anna = await server.addUser('anna');
await fillInbox(server, anna, ['Subject: x\r\n\r\nx\r\n']);
const plain = (name: string, password: string, identity = '') =>
  Buffer.from(`${identity}\0${name}\0${password}`).toString('base64');

t.test('capabilities are those of the moment', async (t) => {
  const client = await connectPop3(t, server);
  const before = await client.lines('CAPA');
  for (const name of ['TOP', 'UIDL', 'USER', 'STLS', 'PIPELINING', 'RESP-CODES', 'AUTH-RESP-CODE', 'EXPIRE NEVER'])
    t.ok(before.includes(name), name);
  t.ok(before.includes('SASL SCRAM-SHA-256 PLAIN LOGIN'));
  await client.login(anna);
  t.ok((await client.lines('CAPA')).includes('UIDL'));
  await client.run('QUIT');
  const secured = await connectPop3(t, server, { tls: true });
  t.notOk((await secured.lines('capa')).includes('STLS'), 'no TLS within TLS');
});

t.test('logging in', async (t) => {
  const right = [
    [`AUTH PLAIN ${plain('anna', 'anna-password')}`],
    [`auth plain ${plain('anna@example.org', 'anna-password', 'anna')}`],
    ['AUTH PLAIN', plain('anna', 'anna-password')],
    ['AUTH LOGIN', Buffer.from('anna').toString('base64'), Buffer.from('anna-password').toString('base64')],
    ['user anna@example.org', 'pass anna-password'],
    ['UTF8', 'USER anna', 'PASS anna-password'],
  ];
  for (const lines of right) {
    const client = await connectPop3(t, server);
    let last = '';
    for (const line of lines) last = await client.run(line);
    t.match(last, /^\+OK 1 messages/, lines.join(' | '));
    await client.run('QUIT');
    await client.rest();
  }
  const wrong: [string[], RegExp][] = [
    [['USER anna', 'PASS wrong'], /^-ERR \[AUTH\] /],
    [['USER nobody', 'PASS anna-password'], /^-ERR \[AUTH\] /],
    [['PASS anna-password'], /^-ERR USER comes first/],
    [['USER anna', 'PASS wrong', 'PASS anna-password'], /^-ERR USER comes first/],
    [['USER'], /^-ERR/],
    [['AUTH PLAIN', '*'], /^-ERR .*cancelled/],
    [['AUTH PLAIN', 'not base64!'], /^-ERR .*base64/],
    [['AUTH PLAIN ='], /^-ERR PLAIN takes/],
    [['AUTH CRAM-MD5'], /^-ERR/],
    [[`AUTH PLAIN ${plain('anna', 'anna-password')} more`], /^-ERR/],
    [[`AUTH PLAIN ${plain('anna', 'anna-password', 'bert')}`], /^-ERR \[AUTH\] /],
    [['USER \xff'], /^-ERR .*UTF-8/],
  ];
  for (const [lines, answer] of wrong) {
    const client = await connectPop3(t, server);
    let last = '';
    for (const line of lines) last = await client.run(line);
    t.match(last, answer, lines.join(' | '));
    t.match(await client.run('STAT'), /^-ERR/, 'and nothing is open');
    client.destroy();
  }
  const client = await connectPop3(t, server);
  t.match(await client.run('USER nobody'), /^\+OK/, 'which names exist is not told');
  client.send('AUTH\r\n');
  t.match(await client.line(), /^\+OK/);
  t.same(
    [await client.line(), await client.line(), await client.line(), await client.line()],
    ['SCRAM-SHA-256', 'PLAIN', 'LOGIN', '.'],
  );
});

t.test('TLS', async (t) => {
  const client = await connectPop3(t, server);
  t.match(await client.run('STLS'), /^\+OK/);
  await client.startTls();
  t.notOk((await client.lines('CAPA')).includes('STLS'));
  t.match(await client.run('STLS'), /^-ERR/);
  t.match(await client.login(anna), /^\+OK/);
  t.match(await client.run('STLS'), /^-ERR/);
  await client.run('QUIT');

  const injector = await connectPop3(t, server);
  injector.send('STLS\r\nUSER anna\r\n');
  t.equal(await injector.rest(), '', 'what came behind STLS is answered nowhere');

  const strict = await startServer(t, { environment: { ...POP3_PORTS, CONVENE_PLAINTEXT_LOGIN: 'never' } });
  await strict.addUser('anna');
  const bare = await connectPop3(t, strict);
  const offered = await bare.lines('CAPA');
  t.notOk(
    offered.some((line) => line === 'USER' || line.startsWith('SASL')),
    'no log-in without TLS',
  );
  for (const line of ['USER anna', `AUTH PLAIN ${plain('anna', 'anna-password')}`, 'AUTH LOGIN'])
    t.match(await bare.run(line), /^-ERR .*TLS/, line);
  await bare.run('STLS');
  await bare.startTls();
  t.match(await bare.run('USER anna'), /^\+OK/);
  t.match(await bare.run('PASS anna-password'), /^\+OK/);
});

t.test('hostile lines are refused while others are served', async (t) => {
  const bystander = await connectPop3(t, server);
  t.match(await bystander.login(anna), /^\+OK/);
  for (const line of [
    'STAT',
    'RETR 1',
    'DELE 1',
    'QUITE',
    '',
    ' ',
    '\0',
    `USER ${'x'.repeat(300)}`,
    `NOOP ${'x'.repeat(15_000)}`,
    'CAPA\0',
  ]) {
    const client = await connectPop3(t, server);
    t.match(await client.run(line), /^-ERR/, JSON.stringify(line.slice(0, 20)));
    t.match(await client.run('QUIT'), /^\+OK/, 'and the connection goes on');
  }
  // Between two of them a command that is right, or the connection would end.
  for (const number of ['0', '-1', '2', '99999999999999999999', '1.0', '1e0', '0x1', '1 1', ' 1', 'x', '٣'])
    t.match(
      [await bystander.run(`RETR ${Buffer.from(number).toString('latin1')}`), await bystander.run('NOOP')],
      [/^-ERR/, /^\+OK/],
      `number ${number}`,
    );

  const endless = await connectPop3(t, server);
  endless.send('x'.repeat(200_000));
  t.match(await endless.rest(), /^-ERR .*too long/);
  const stubborn = await connectPop3(t, server);
  stubborn.send('NONSENSE\r\n'.repeat(100));
  t.equal((await stubborn.rest()).split('\r\n').length - 1, 10, 'after ten the connection ends');
  const began = performance.now();
  t.match(await bystander.run('STAT'), /^\+OK 1 /);
  t.ok(performance.now() - began < 1_000, 'the bystander is answered at once');
  const pipelined = await connectPop3(t, server);
  pipelined.send('CAPA\r\nUSER nobody\r\nQUIT\r\n');
  t.match(await pipelined.rest(), /^\+OK[\s\S]*\r\n\.\r\n\+OK[^\r]*\r\n\+OK[^\r]*\r\n$/, 'answers in order');
});

t.test('who says nothing is sent away, and nothing is removed', async (t) => {
  const silent = await connectPop3(t, server);
  t.equal(await silent.rest(), '');
  const client = await connectPop3(t, server);
  for (let tries = 0; !(await client.login(anna)).startsWith('+OK') && tries < 50; tries++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  await client.run('DELE 1');
  t.equal(await client.rest(), '');
  const next = await connectPop3(t, server);
  t.match(await next.login(anna), /^\+OK 1 /);
});

t.test('a server that stops says so', async (t) => {
  const stopping = await startServer(t, { environment: POP3_PORTS });
  const client = await connectPop3(t, stopping);
  await stopping.close();
  t.match(await client.rest(), /^-ERR \[SYS\/TEMP\] /);
});
