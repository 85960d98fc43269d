/** Messages leave octet for octet. RFC 1939 §3 and §7. */
import fc from 'fast-check';
import t from 'tap';
import { connectPop3, fillInbox, POP3_PORTS } from '../../support/pop3.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t, { environment: POP3_PORTS });

/** What a client sees of a message: a line end is added where the last line has none. */
function shown(message: string): string {
  return message === '' || message.endsWith('\r\n') ? message : `${message}\r\n`;
}

t.test('messages of any shape', async (t) => {
  const anna = await server.addUser('anna');
  const header = 'Subject: x\r\n\r\n';
  const shapes = [
    `${header}.\r\n..\r\n...x\r\n.y`,
    `${header}no end`,
    'Subject: only a header\r\n',
    `${header}${'.\r\n'.repeat(70_000)}`,
    `${header}${'x'.repeat(200_000)}`,
    `Subject: 8 bit \xe9\xff\r\n\r\n\xc3\xa9\x80\r\n`,
    // A dot at every place around the end of a piece.
    ...[65_530, 65_531, 65_532, 65_533, 65_534, 65_535].map(
      (length) => `${header}${'a'.repeat(length - header.length)}\r\n.dot\r\n`,
    ),
  ];
  await fillInbox(
    server,
    anna,
    shapes.map((shape) => Buffer.from(shape, 'latin1')),
  );
  const client = await connectPop3(t, server);
  await client.login(anna);
  for (const [index, shape] of shapes.entries())
    t.ok((await client.octets(`RETR ${index + 1}`)) === shown(shape), `shape ${index + 1}`);
  t.match(await client.run('NOOP'), /^\+OK/, 'nothing is left over');
});

t.test('a bare LF before a dot does not end a response', async (t) => {
  const bert = await server.addUser('bert');
  await fillInbox(server, bert, ['Subject: x\n\na\n.\nb\n.\r\nc\n']);
  const client = await connectPop3(t, server);
  await client.login(bert);
  client.send('RETR 1\r\nNOOP\r\n');
  t.match(await client.line(), /^\+OK/);
  const lines: string[] = [];
  for (;;) {
    // As clients do that take LF for a line end.
    const line = await client.line();
    if (line === '.') break;
    lines.push(...line.split('\n'));
  }
  t.same(lines, ['Subject: x', '', 'a', '..', 'b', '..', 'c', '']);
  t.match(await client.line(), /^\+OK Done/);
});

t.test('TOP: the header and some lines', async (t) => {
  const cleo = await server.addUser('cleo');
  const long = `X-Long: ${'y'.repeat(100_000)}\r\n`;
  const body = ['one', '.two', '', 'four', 'five'].map((line) => `${line}\r\n`);
  await fillInbox(server, cleo, [
    `Subject: x\r\n\r\n${body.join('')}`,
    `${long}\r\n${body.join('')}`,
    'Subject: no body\r\n',
    '\r\nno header\r\nnext\r\n',
    'Subject: LF\n\none\ntwo\n',
  ]);
  const client = await connectPop3(t, server);
  await client.login(cleo);
  for (let lines = 0; lines < 8; lines++) {
    const wanted = body.slice(0, lines).join('');
    t.equal(await client.octets(`TOP 1 ${lines}`), `Subject: x\r\n\r\n${wanted}`, `${lines} lines`);
    t.ok((await client.octets(`TOP 2 ${lines}`)) === `${long}\r\n${wanted}`, `${lines} lines below a long header`);
  }
  t.equal(await client.octets('TOP 3 5'), 'Subject: no body\r\n');
  t.equal(await client.octets('TOP 4 1'), '\r\nno header\r\n');
  t.equal(await client.octets('TOP 5 1'), 'Subject: LF\n\none\n\r\n');
  for (const wrong of ['TOP', 'TOP 1', 'TOP 1 x', 'TOP 1 -1', 'TOP 1 1 1', 'TOP x 1', 'TOP 9 1'])
    t.match(await client.run(wrong), /^-ERR/, wrong);
});

t.test('any message comes back as it was', async (t) => {
  const dora = await server.addUser('dora');
  const piece = fc.constantFrom('.', '\r\n', 'a', '..', '\r\n.', ' ', 'Subject: x\r\n', '\xe9');
  const messages = fc.sample(
    fc.array(piece, { minLength: 1, maxLength: 60 }).map((pieces) => pieces.join('')),
    { numRuns: 200, seed: 20261126 },
  );
  await fillInbox(
    server,
    dora,
    messages.map((text) => Buffer.from(text, 'latin1')),
  );
  const client = await connectPop3(t, server);
  await client.login(dora);
  let right = 0;
  for (const [index, text] of messages.entries())
    if ((await client.octets(`RETR ${index + 1}`)) === shown(text)) right++;
    else t.fail(JSON.stringify(text));
  t.equal(right, messages.length);
});
