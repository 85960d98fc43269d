/** What an operator does with mail: the queue, further addresses, groups, by the command line of a running server. */
import { tmpdir } from 'node:os';
import t from 'tap';
import { administration } from '../../../src/administration/commands.ts';
import { servicesOf } from '../../../src/setup/service-records.ts';
import { FakeMx } from '../../support/fake-mx.ts';
import { letter, type MailServer, startMailServer } from '../../support/mail-server.ts';
import { convene, environmentFor } from '../../support/program.ts';

async function reaches(server: MailServer, address: string): Promise<string> {
  const client = await server.talk('smtp');
  await client.command('MAIL FROM:<a@example.net>');
  const reply = await client.command(`RCPT TO:<${address}>`);
  if (reply.startsWith('250')) await client.data(letter('a@example.net', `to ${encodeURIComponent(address)}`));
  client.end();
  return reply.slice(0, 9);
}

t.test('addresses and groups', async (t) => {
  const server = await startMailServer(t);
  const run = administration({ ...server.app, services: () => servicesOf(server.app.config, {}) });
  t.equal(await reaches(server, 'sales@example.org'), '550 5.1.1');
  t.same(await run('alias.add', { address: 'Sales@Example.org', user: 'anna' }), {
    address: 'sales@example.org',
    name: 'anna',
  });
  t.equal(await reaches(server, 'sales+x@example.org'), '250 2.1.5');
  await t.rejects(run('alias.add', { address: 'sales@example.org', user: 'bob' }), { code: 'already-exists' });
  await t.rejects(run('alias.add', { address: 'x@elsewhere.example', user: 'bob' }), { code: 'not-found' });
  await t.rejects(run('alias.add', { address: 'x y@example.org', user: 'bob' }), { code: 'invalid-data' });
  await t.rejects(run('alias.remove', { address: 'anna@example.org' }), { code: 'forbidden' });
  t.same(await run('alias.list', {}), [{ address: 'sales@example.org', name: 'anna' }]);
  const submitted = await server.talk('submission');
  t.match(await submitted.command('MAIL FROM:<sales@example.org>'), /^250/, 'who has it may send as it');

  await run('group.add', { address: 'team@example.org' });
  t.equal(await reaches(server, 'team@example.org'), '550 5.1.1', 'a group without members is nobody');
  await run('group.join', { group: 'team', member: 'anna' });
  await run('group.join', { group: 'team', member: 'anna' });
  t.same(await run('group.join', { group: 'team@example.org', member: 'bob' }), {
    name: 'team',
    address: 'team@example.org',
    members: ['anna', 'bob'],
  });
  await t.rejects(run('group.join', { group: 'team', member: 'team' }), { code: 'invalid-data' });
  await t.rejects(run('group.join', { group: 'anna', member: 'bob' }), { code: 'not-found' });
  await server.news(server.anna);
  t.equal(await reaches(server, 'team@example.org'), '250 2.1.5');
  t.equal((await server.news(server.anna)).length, 1);
  t.equal((await server.news(server.bob)).length, 1);
  await run('group.leave', { group: 'team', member: 'bob' });
  await reaches(server, 'team@example.org');
  t.equal((await server.news(server.bob)).length, 0);

  await run('alias.add', { address: '*@example.org', user: 'bob' });
  t.equal(await reaches(server, 'anything.at.all@example.org'), '250 2.1.5');
  t.equal((await server.news(server.bob)).length, 1, 'the catch-all');
  await run('alias.remove', { address: '*@example.org' });
  await run('alias.remove', { address: 'sales@example.org' });
  await run('group.remove', { group: 'team' });
  for (const address of ['anything@example.org', 'sales@example.org', 'team@example.org'])
    t.equal(await reaches(server, address), '550 5.1.1', address);
});

t.test('the queue, by the command line of a running server', async (t) => {
  const relay = await FakeMx.listen(t, {
    command: (line) => (line.startsWith('RCPT') ? '450 4.2.0 Later' : undefined),
  });
  const server = await startMailServer(t, { environment: { CONVENE_RELAY: `smtp://127.0.0.1:${relay.port}` } });
  const client = await server.talk('submission');
  await client.commands('MAIL FROM:<anna@example.org>', 'RCPT TO:<x@example.net>', 'RCPT TO:<y@example.net>');
  await client.data(letter('anna@example.org', 'Queued'));
  const settled = async (attempts: number) => {
    for (let patience = 200; patience > 0; patience--) {
      const rows = await server.store.submissions.list(10);
      if (rows.every((row) => row.attempts >= attempts && !row.lastError?.includes('not finished'))) return rows;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error('the queue does not settle');
  };
  const [first] = await settled(1);
  const environment = environmentFor(server.data, { TMPDIR: tmpdir() });
  const say = (...words: string[]) => convene(words, environment);
  const listed = await say('queue', 'list');
  t.match(
    listed.out,
    /^q\d+ {2}queued {2}1 {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}<anna@example\.org> {2}<x@example\.net> {2}450 4\.2\.0 Later\n/,
  );
  t.equal((await say('queue', 'hold', `q${first?.id}`)).out, 'Held 1 recipient.\n');
  t.equal((await server.store.submissions.get(first?.id ?? 0))?.state, 'held');
  t.match(await say('queue', 'hold', 'q999'), { code: 1, err: /There is no q999 in the queue/ });
  relay.behaviour = {};
  t.equal((await say('queue', 'retry', 'all')).out, 'Tried now: 2 recipients.\n');
  for (let patience = 200; relay.messages.length === 0 && patience > 0; patience--)
    await new Promise((resolve) => setTimeout(resolve, 20));
  t.same(relay.messages[0]?.recipients, ['x@example.net', 'y@example.net']);
  t.equal((await say('queue', 'drop', 'all')).code, 0);
  t.equal((await say('queue', 'list')).out, '');
});
