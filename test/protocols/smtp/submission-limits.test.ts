/** RFC 6409 §3.3: how much one person may send in an hour. */
import t from 'tap';
import { letter, startMailServer } from '../../support/mail-server.ts';

t.test('messages and recipients of an hour, counted for each person', async (t) => {
  let now = Date.UTC(2026, 0, 1, 10);
  const server = await startMailServer(t, {
    now: () => now,
    environment: { CONVENE_SUBMISSION_MESSAGES: '3', CONVENE_SUBMISSION_RECIPIENTS: '2' },
  });
  const client = await server.talk('submission');
  const send = async (...recipients: string[]) => {
    const refusal = await client.command('MAIL FROM:<anna@example.org>');
    if (!refusal.startsWith('250')) return refusal;
    for (const recipient of recipients) {
      const reply = await client.command(`RCPT TO:<${recipient}>`);
      if (!reply.startsWith('250')) return reply;
    }
    return client.data(letter('anna@example.org', 'Hello'));
  };
  t.match(await send('bob@example.org', 'x@elsewhere.example'), /^250/);
  now += 20 * 60_000;
  t.equal(
    await send('y@elsewhere.example', 'z@elsewhere.example'),
    '452 4.7.1 You may write to 2 recipients elsewhere an hour; try again in 40 minutes.',
  );
  t.match(await client.data(letter('anna@example.org', 'Part')), /^250/, 'to those that were taken it goes');
  t.match(await send('w@elsewhere.example'), /^452 4\.7\.1/);
  await client.command('RSET');
  t.match(await send('bob@example.org'), /^250/, 'people of this server are not counted');
  t.equal(await send('bob@example.org'), '450 4.7.1 You may send 3 messages an hour; try again in 40 minutes.');

  const other = await server.talk('submission', server.bob);
  t.match(await other.command('MAIL FROM:<bob@example.org>'), /^250/, 'somebody else is not concerned');

  now += 40 * 60_000;
  t.match(await send('v@elsewhere.example'), /^250/, 'an hour after the first one');
  t.match(await send('bob@example.org'), /^450 4\.7\.1 .* in 20 minutes\.$/);
});

t.test('connections at once send no more, and what is refused is not counted', async (t) => {
  const server = await startMailServer(t, { environment: { CONVENE_SUBMISSION_MESSAGES: '2' } });
  const clients = await Promise.all([1, 2, 3].map(() => server.talk('submission')));
  for (const client of clients)
    t.match(await client.commands('MAIL FROM:<anna@example.org>', 'RCPT TO:<bob@example.org>'), /^250/);
  const [first] = clients;
  t.match(await first?.data(letter('stranger@example.net', 'Not mine')), /^550 5\.7\.1/);
  t.match(await first?.commands('MAIL FROM:<anna@example.org>', 'RCPT TO:<bob@example.org>'), /^250/);
  const replies = await Promise.all(clients.map((client) => client.data(letter('anna@example.org', 'Mine'))));
  t.same(replies.map((reply) => reply.slice(0, 9)).sort(), ['250 2.0.0', '250 2.0.0', '450 4.7.1']);
  t.equal((await server.arrived(server.bob, 2)).length, 2);
});

t.test('without limits', async (t) => {
  const server = await startMailServer(t, {
    environment: { CONVENE_SUBMISSION_MESSAGES: '0', CONVENE_SUBMISSION_RECIPIENTS: '0' },
  });
  const client = await server.talk('submission');
  await client.command('MAIL FROM:<anna@example.org>');
  for (let i = 0; i < 20; i++) t.match(await client.command(`RCPT TO:<r${i}@elsewhere.example>`), /^250/);
});
