/** Sessions, device passwords and the second factor over HTTP. RFC 6238, RFC 6265; what other sites may not do. */
import t from 'tap';
import { codeAt } from '../../../src/principals/second-factor.ts';
import { startServer, type TestServer, type TestUser } from '../../support/server.ts';

const JSON_TYPE = { 'Content-Type': 'application/json' };

function api(
  server: TestServer,
  user: TestUser | undefined,
  method: string,
  path: string,
  body?: object,
  headers = {},
) {
  return server.request(user, method, path, {
    headers: { ...(body === undefined ? {} : JSON_TYPE), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

async function signIn(server: TestServer, user: TestUser, code?: string, headers = {}) {
  const { name, password } = user;
  const answer = await api(server, undefined, 'POST', '/api/session', { name, password, code }, headers);
  const cookie = String(answer.headers['set-cookie']?.[0] ?? '');
  return { ...answer, cookie, id: cookie.split(';')[0] ?? '', csrf: JSON.parse(answer.text).csrf as string };
}

t.test('device passwords: made once, good for their scopes, revoked at once', async (t) => {
  let now = Date.parse('2026-11-26T12:00:00Z');
  const server = await startServer(t, { now: () => now });
  const anna = await server.addUser('anna');
  const made = await api(server, anna, 'POST', '/api/device-passwords', { name: 'Phone', scopes: ['calendars'] });
  t.equal(made.status, 201);
  const { id, password, qr } = JSON.parse(made.text);
  t.match(password, /^[a-z0-9]{6}(-[a-z0-9]{5}){4}$/, '130 random bits');
  t.match(qr, /^<svg/);
  const phone = { ...anna, password };
  const at = (user: TestUser, path: string) =>
    server.request(user, 'GET', path, { headers: { 'User-Agent': 'iOS/18 dataaccessd' } });
  t.equal((await at(phone, '/dav/calendars/anna/calendar/')).status, 200);
  t.equal((await at(phone, '/dav/addressbooks/anna/addressbook/')).status, 401, 'not for contacts');
  t.equal((await at(phone, '/api/device-passwords')).status, 401, 'not for the web');
  t.equal((await at(phone, '/%61pi/device-passwords')).status, 401, 'however it is written');
  await server.store.transaction(async () => {});
  const listed = await api(server, anna, 'GET', '/api/device-passwords');
  t.match(JSON.parse(listed.text), [
    {
      id,
      name: 'Phone',
      lastUsedAt: now,
      lastPeer: '127.0.0.1',
      lastClient: 'iOS/18 dataaccessd',
      scopes: ['calendars'],
    },
  ]);
  t.notMatch(listed.text, password);
  t.equal((await api(server, anna, 'DELETE', `/api/device-passwords/${id}`)).status, 204);
  t.equal((await at(phone, '/dav/calendars/anna/calendar/')).status, 401, 'also where it was cached');
  t.equal((await api(server, anna, 'DELETE', `/api/device-passwords/${id}`)).status, 404);

  const bob = await server.addUser('bob');
  for (const [bad, status] of [
    [{}, 400],
    [{ name: '' }, 422],
    [{ name: 'x', scopes: ['web'] }, 400],
    [{ name: 'x', networks: ['10.0.0.0/99'] }, 422],
    [{ name: 'x', expiresAt: 1 }, 422],
    [{ name: 'x', more: 1 }, 400],
  ] as const)
    t.equal((await api(server, bob, 'POST', '/api/device-passwords', bad)).status, status, JSON.stringify(bad));
  const brief = await api(server, bob, 'POST', '/api/device-passwords', { name: 'x', expiresAt: now + 1_000 });
  const device = { ...bob, password: JSON.parse(brief.text).password as string };
  t.equal((await at(device, '/dav/calendars/bob/calendar/')).status, 200);
  now += 1_000;
  t.equal((await at(device, '/dav/calendars/bob/calendar/')).status, 401, 'expired');
});

t.test('the second factor: programs need device passwords, the web a code, each code once', async (t) => {
  let now = Date.parse('2026-11-26T12:00:00Z');
  const server = await startServer(t, { now: () => now });
  const anna = await server.addUser('anna');
  const begun = JSON.parse((await api(server, anna, 'POST', '/api/second-factor')).text);
  t.match(begun.uri, /^otpauth:\/\/totp\/Convene%3Aanna%40example\.org\?secret=[A-Z2-7]{32}&issuer=Convene/);
  t.equal((await server.request(anna, 'GET', '/dav/calendars/anna/calendar/')).status, 200, 'not on yet');
  t.equal((await api(server, anna, 'POST', '/api/second-factor/confirm', { code: '000000' })).status, 403);
  const code = () => codeAt(begun.secret, now);
  t.equal((await api(server, anna, 'POST', '/api/second-factor/confirm', { code: code() })).status, 204);
  t.equal(
    (await server.request(anna, 'GET', '/dav/calendars/anna/calendar/')).status,
    401,
    'the chosen password is off',
  );
  t.equal((await api(server, anna, 'GET', '/api/second-factor')).status, 401, 'also for the web without a code');

  const missing = await signIn(server, anna);
  t.equal(missing.status, 401);
  t.match(JSON.parse(missing.text), { error: { code: 'second-factor-required' } });
  t.equal((await signIn(server, anna, code())).status, 401, 'the code that turned it on is used up');
  now += 30_000;
  const used = code();
  const session = await signIn(server, anna, used);
  t.equal(session.status, 201);
  t.equal((await signIn(server, anna, used)).status, 401, 'replayed');
  now += 60_000;
  t.equal((await signIn(server, anna, codeAt(begun.secret, now - 60_000))).status, 401, 'two steps old');
  t.equal((await signIn(server, anna, codeAt(begun.secret, now + 60_000))).status, 401, 'two steps early');
  const headers = { Cookie: session.id, 'X-CSRF-Token': session.csrf };
  const made = await api(server, undefined, 'POST', '/api/device-passwords', { name: 'desk' }, headers);
  t.equal(made.status, 201);
  const desk = { ...anna, password: JSON.parse(made.text).password as string };
  t.equal((await server.request(desk, 'GET', '/dav/calendars/anna/calendar/')).status, 200);

  let last = 0;
  for (let i = 0; i < 10; i++) last = (await signIn(server, anna, String(100_000 + i))).status;
  t.equal(last, 429, 'guesses of codes are counted like those of passwords');
  t.equal((await server.request(desk, 'GET', '/dav/calendars/anna/calendar/')).status, 200, 'and lock nobody out');
});

t.test('sessions: cookie, fixation, log-out, change of password', async (t) => {
  const server = await startServer(t);
  const anna = await server.addUser('anna');
  const first = await signIn(server, anna);
  t.match(first.cookie, /^__Host-convene=[A-Za-z0-9_-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict$/);
  t.equal(first.headers['cache-control'], 'no-store');
  const uses = async ({ id }: { id: string }) =>
    (await api(server, undefined, 'GET', '/api/feeds', undefined, { Cookie: id })).status;
  t.equal(await uses(first), 200);
  t.equal(
    (await server.request(undefined, 'GET', '/dav/calendars/anna/calendar/', { headers: { Cookie: first.id } })).status,
    401,
  );
  const second = await signIn(server, anna, undefined, { Cookie: first.id });
  t.not(second.id, first.id, 'a new secret at each sign-in');
  t.equal(await uses(first), 401, 'and the one before is over');
  const chosen = await signIn(server, anna, undefined, { Cookie: '__Host-convene=chosen-by-an-attacker' });
  t.notMatch(chosen.id, 'chosen-by-an-attacker');

  t.equal(
    (await api(server, undefined, 'DELETE', '/api/session', undefined, { Cookie: chosen.id })).status,
    403,
    'no token',
  );
  const end = { Cookie: chosen.id, 'X-CSRF-Token': chosen.csrf };
  t.equal((await api(server, undefined, 'DELETE', '/api/session', undefined, end)).status, 204);
  t.equal(await uses(chosen), 401, 'after the log-out');
  t.equal(await uses(second), 200);
  await server.app.principals.setPassword('anna', 'another');
  t.equal(await uses(second), 401, 'after a change of password');
});

t.test('pages of other sites may do nothing', async (t) => {
  const server = await startServer(t, { environment: { CONVENE_PUBLIC_URL: 'https://dav.example.org' } });
  const anna = await server.addUser('anna');
  const body = { name: 'x' };
  const post = async (headers: object) =>
    (await api(server, anna, 'POST', '/api/device-passwords', body, headers)).status;
  t.equal(await post({ Origin: 'https://evil.example' }), 403);
  t.equal(await post({ Origin: 'null' }), 403);
  t.equal(await post({ Origin: 'https://dav.example.org.evil.example' }), 403);
  t.equal(await post({ 'Sec-Fetch-Site': 'cross-site' }), 403);
  t.equal(await post({ Origin: 'https://dav.example.org', 'Sec-Fetch-Site': 'same-origin' }), 201);
  t.equal(await post({ 'Content-Type': 'text/plain' }), 415, 'a form cannot write JSON');
  const { csrf, id } = await signIn(server, anna);
  const by = (token: object) => api(server, undefined, 'POST', '/api/device-passwords', body, { Cookie: id, ...token });
  t.equal((await by({})).status, 403);
  t.equal((await by({ 'X-CSRF-Token': `${csrf}x` })).status, 403);
  t.equal((await by({ 'X-CSRF-Token': csrf })).status, 201);
  const preflight = await server.request(undefined, 'OPTIONS', '/api/feeds', {
    headers: { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' },
  });
  for (const answer of [preflight, await api(server, anna, 'GET', '/api/feeds')])
    t.notOk(
      Object.keys(answer.headers).some((name) => name.startsWith('access-control')),
      'no CORS',
    );
});

t.test('links over the API', async (t) => {
  const server = await startServer(t, { environment: { CONVENE_PUBLIC_URL: 'https://dav.example.org' } });
  const anna = await server.addUser('anna');
  const made = await api(server, anna, 'POST', '/api/feeds', { calendar: 'calendar', level: 'busy', name: 'For Bob' });
  t.equal(made.status, 201);
  const link = JSON.parse(made.text);
  t.match(link, {
    url: /^https:\/\/dav\.example\.org\/feeds\/.+\/calendar\.ics$/,
    webcal: /^webcal:\/\//,
    level: 'busy',
  });
  t.equal((await api(server, anna, 'PATCH', `/api/feeds/${link.id}`, { level: 'full' })).status, 200);
  t.equal((await api(server, anna, 'POST', '/api/feeds', { calendar: 'calendar', level: 'all' })).status, 400);
  const rotated = JSON.parse((await api(server, anna, 'POST', `/api/feeds/${link.id}/rotate`)).text);
  t.not(rotated.url, link.url);
  const bob = await server.addUser('bob');
  t.equal((await api(server, bob, 'DELETE', `/api/feeds/${link.id}`)).status, 404, "somebody else's");
  t.equal((await api(server, anna, 'DELETE', `/api/feeds/${link.id}`)).status, 204);
  t.match(JSON.parse((await api(server, anna, 'GET', '/api/feeds')).text), [
    { state: 'revoked', level: 'full', name: 'For Bob' },
  ]);
  t.equal((await api(server, anna, 'POST', `/api/feeds/${link.id}/rotate`)).status, 410);
  const audit = JSON.parse((await api(server, anna, 'GET', '/api/audit')).text).map(
    ({ action }: { action: string }) => action,
  );
  for (const action of ['feed.create', 'feed.change', 'feed.rotate', 'feed.revoke', 'login'])
    t.ok(audit.includes(action), action);
});
