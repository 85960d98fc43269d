/** Logging in over HTTP: names, passwords, the cache, guesses. RFC 7617; a server runs for each group. */
import { hash } from 'node:crypto';
import t from 'tap';
import { deviceHash } from '../../../src/principals/password-hashing.ts';
import { basic, startServer, type TestServer } from '../../support/server.ts';

/** Status of a request that needs a log-in and asks for nothing that exists: 404 means that it passed. */
async function login(server: TestServer, name: string, password: string, path = '/nothing-here'): Promise<number> {
  return (await server.request(undefined, 'GET', path, { headers: { Authorization: basic(name, password) } })).status;
}

t.test('who is not logged in is asked for Basic', async (t) => {
  const server = await startServer(t);
  const attempts: Record<string, string>[] = [
    {},
    { Authorization: 'Bearer x' },
    { Authorization: 'Basic' },
    { Authorization: 'Basic !!!' },
    { Authorization: `Basic ${Buffer.from('nocolon').toString('base64')}` },
  ];
  for (const headers of attempts) {
    const reply = await server.request(undefined, 'GET', '/dav/', { headers });
    t.equal(reply.status, 401, JSON.stringify(headers));
    t.equal(reply.headers['www-authenticate'], 'Basic realm="Convene", charset="UTF-8"');
  }
});

t.test('names: the name, any address, any letter case, percent-encoded', async (t) => {
  const server = await startServer(t);
  await server.app.principals.add({ address: 'Anna@Example.ORG', name: 'anna', password: 'pässwörd' });
  for (const name of [
    'anna',
    'ANNA',
    'anna@example.org',
    'Anna@EXAMPLE.org',
    'anna%40example.org',
    'ANNA%40Example.org',
  ])
    t.equal(await login(server, name, 'pässwörd'), 404, name);
  t.equal(await login(server, 'anna', 'pa\u0308sswo\u0308rd'), 404, 'decomposed letters');
  const latin1 = `Basic ${Buffer.from('anna:pässwörd', 'latin1').toString('base64')}`;
  t.equal(
    (await server.request(undefined, 'GET', '/x', { headers: { Authorization: latin1 } })).status,
    404,
    'Latin-1',
  );
  t.equal(
    (
      await server.request(undefined, 'GET', '/x', {
        headers: { Authorization: basic('anna', 'pässwörd').replace('Basic', 'bAsIc') },
      })
    ).status,
    404,
  );
  for (const password of ['PÄSSWÖRD', 'pässwörd ', 'password', ''])
    t.equal(await login(server, 'anna', password), 401, password);
});

t.test('hostile names and passwords are refused', async (t) => {
  const server = await startServer(t);
  const { password } = await server.addUser('anna');
  const cases: [name: string, password: string][] = [
    ['anna', ''],
    ['anna', 'x'.repeat(1_025)],
    ['anna', 'x'.repeat(4_096)],
    ['anna', `${password}\0`],
    ['anna', `' OR 1=1 --`],
    [`anna' --`, password],
    [`' OR '1'='1`, password],
    ['__proto__', '__proto__'],
    ['constructor', 'x'],
    ['', ''],
    ['', password],
    ['anna\0', password],
    ['anna%00', password],
    ['%', password],
    ['x'.repeat(4_000), password],
    ['anna@example.com', password],
    [' anna', 'x'],
  ];
  for (const [name, given] of cases) {
    const status = await login(server, name, given);
    t.ok(status === 401 || status === 429, `${name.slice(0, 20)}: ${status}`);
  }
  t.equal((await server.app.store.credentials.list(1)).length, 1, 'nothing was harmed');
});

t.test('guesses are slowed down, in a row and in parallel, but not for who is logged in', async (t) => {
  // The clock stands still: on a slow machine a second of grace would come back in between.
  const server = await startServer(t, { now: () => Date.parse('2026-11-26T12:00:00Z') });
  const anna = await server.addUser('anna');
  await server.addUser('bob');
  t.equal(await login(server, 'anna', anna.password), 404);
  for (const name of ['anna', 'nobody']) {
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++) statuses.push(await login(server, name, `wrong${i}`));
    t.same(statuses.slice(0, 5), [401, 401, 401, 401, 401], `${name}: five are answered`);
    t.ok(statuses.slice(5).filter((status) => status === 429).length >= 5, `${name}: ${statuses.join(' ')}`);
  }
  const refused = await server.request({ ...anna, password: 'wrong' }, 'GET', '/x');
  t.equal(refused.status, 429);
  t.equal(refused.headers['retry-after'], '1');
  t.equal(await login(server, 'anna', anna.password), 404, 'a cached log-in is never refused');
  t.equal(await login(server, 'Anna@example.org', 'wrong'), 429, 'the address is the same account');

  const different = await Promise.all(Array.from({ length: 24 }, (_, i) => login(server, 'bob', `wrong${i}`)));
  t.equal(different.filter((status) => status === 401).length, 5, '24 at once: five');
  const same = await Promise.all(Array.from({ length: 24 }, () => login(server, 'carl', 'wrong')));
  t.equal(same.filter((status) => status === 401).length, 5, 'also with one password');
});

t.test('many connections with the right password are one verification', async (t) => {
  const server = await startServer(t);
  const { password } = await server.addUser('anna');
  const statuses = await Promise.all(Array.from({ length: 24 }, () => login(server, 'anna', password)));
  t.same(new Set(statuses), new Set([404]));
});

t.test('known and unknown names: same bytes, about the same time', async (t) => {
  let now = Date.now();
  const server = await startServer(t, { now: () => now });
  const anna = await server.addUser('anna');
  const measure = async (name: string, i: number) => {
    // A second passes between guesses, so that none is throttled.
    now += 60_000;
    const started = performance.now();
    const reply = await server.request({ ...anna, name, password: `wrong${i}` }, 'GET', '/x');
    const { date: _date, 'x-request-id': _id, ...headers } = reply.headers;
    return { ms: performance.now() - started, reply: { ...reply, headers } };
  };
  await measure('anna', -1);
  await measure('nobody', -1);
  const known: number[] = [];
  const unknown: number[] = [];
  for (let i = 0; i < 15; i++) {
    const a = await measure('anna', i);
    const b = await measure('nobody', i);
    known.push(a.ms);
    unknown.push(b.ms);
    t.same(a.reply, b.reply);
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[7]!;
  const ratio = median(known) / median(unknown);
  t.ok(ratio > 0.5 && ratio < 2, `medians ${median(known).toFixed(1)} and ${median(unknown).toFixed(1)} ms`);
});

t.test('a changed password and a removed person end what was cached', async (t) => {
  const server = await startServer(t);
  const anna = await server.addUser('anna');
  t.equal(await login(server, 'anna', anna.password), 404);
  await server.app.principals.setPassword('anna', 'other');
  t.equal(await login(server, 'anna', anna.password), 401);
  t.equal(await login(server, 'anna', 'other'), 404);
  await server.app.principals.remove('anna@example.org');
  t.equal(await login(server, 'anna', 'other'), 401);
});

t.test('a password changed while it is verified is not cached', async (t) => {
  const server = await startServer(t);
  const { authentication, principals } = server.app;
  await server.addUser('anna');
  const key = authentication.keyOf('race');
  const attempt = { name: 'anna', password: 'anna-password', peer: '192.0.2.1', scopes: ['calendars'] as const };
  const verifying = authentication.login(key, attempt);
  await new Promise((resolve) => setImmediate(resolve));
  authentication.forget((await principals.find('anna')).id);
  await verifying;
  t.equal(authentication.recall(key, '192.0.2.1', ['calendars']), undefined);
});

t.test('the cache lasts five minutes', async (t) => {
  let now = Date.now();
  const server = await startServer(t, { now: () => now });
  await server.addUser('anna');
  const { authentication } = server.app;
  const key = authentication.keyOf('k');
  await authentication.login(key, { name: 'anna', password: 'anna-password', peer: '::1', scopes: ['mail'] });
  t.match(authentication.recall(key, '::1', ['mail']), { name: 'anna', addresses: ['anna@example.org'] });
  now += 299_000;
  t.ok(authentication.recall(key, '::1', ['mail']));
  now += 1_000;
  t.equal(authentication.recall(key, '::1', ['mail']), undefined);
});

t.test('device passwords: scopes, networks, expiry, and last use', async (t) => {
  let now = Date.now();
  const server = await startServer(t, { now: () => now });
  const { id } = await server.addUser('anna');
  const add = (name: string, scopes: string[], networks: string[], expiresAt: number | null) =>
    server.store.transaction((write) =>
      write.credentials.add({
        principalId: id,
        kind: 'device',
        name,
        hash: deviceHash(name),
        scopes: JSON.stringify(scopes),
        networks: JSON.stringify(networks),
        createdAt: now,
        expiresAt,
        lastUsedAt: null,
        lastPeer: '',
        lastClient: '',
        scram: '',
      }),
    );
  await add('phone', ['calendars'], [], now + 60_000);
  await add('desk', ['calendars', 'contacts'], ['10.0.0.0/8'], null);
  t.equal(deviceHash('phone'), hash('sha256', 'phone'));
  t.equal(await login(server, 'anna', 'phone', '/dav/calendars/none/x'), 404);
  t.equal(await login(server, 'anna', 'phone', '/dav/addressbooks/none/x'), 401, 'not for contacts');
  t.equal(await login(server, 'anna', 'phone', '/dav/%61ddressbooks/none/x'), 401, 'however it is written');
  t.equal(await login(server, 'anna', 'desk', '/dav/calendars/none/x'), 401, 'not from this network');
  const credential = (await server.store.credentials.list(id)).find(({ name }) => name === 'phone');
  t.equal(credential?.lastUsedAt, now);
  now += 60_000;
  t.equal(await login(server, 'anna', 'phone', '/dav/calendars/none/x'), 401, 'expired, cached or not');
});
