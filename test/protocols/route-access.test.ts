/**
 * Who is answered what, for every method of every route of HTTP. The routes are the ones the server registered, so that a new
 * one fails here until somebody says who may ask it what.
 * Elsewhere: what grants allow below /dav (test/long/access-matrix.test.ts).
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { FastifyInstance } from 'fastify';
import tap from 'tap';
import { DEVICE_SCOPES } from '../../src/principals/device-passwords.ts';
import { startServer, type TestResponse, type TestServer, type TestUser } from '../support/server.ts';

/** A word in everything of the owner's that only the owner may see. */
const CANARY = 'zitronenfalter';
const EVENT = [
  'BEGIN:VCALENDAR',
  'VERSION:2.0',
  'PRODID:-//Example//Routes//EN',
  'BEGIN:VEVENT',
  'UID:routes',
  'DTSTAMP:20260101T000000Z',
  'DTSTART:20260302T090000Z',
  `SUMMARY:${CANARY}`,
  'END:VEVENT',
  'END:VCALENDAR',
  '',
].join('\r\n');
const CARD = `BEGIN:VCARD\r\nVERSION:3.0\r\nUID:routes\r\nFN:${CANARY}\r\nN:${CANARY};;;;\r\nEND:VCARD\r\n`;
const JSON_TYPE = { 'content-type': 'application/json' };

/**
 * Who passes the door: `everybody` without a log-in; `web` with the chosen password or a session and never with a device
 * password; the others also with a device password of one of their scopes.
 */
type Door = 'everybody' | 'web' | 'calendars' | 'contacts' | 'either';
const SCOPES_OF: Readonly<Record<Door, readonly string[]>> = {
  everybody: DEVICE_SCOPES,
  web: [],
  calendars: ['calendars'],
  contacts: ['contacts'],
  either: ['calendars', 'contacts'],
};

/** What one route is asked. */
interface Expectation {
  readonly url: string;
  /** All methods of the route that another expectation does not name, when left out. */
  readonly methods?: readonly string[];
  readonly door: Door;
  /** Paths that the pattern matches; each is asked. `ID` stands for what belongs to the owner. */
  readonly paths?: readonly string[];
  /** The same paths with nothing there: everybody but the owner gets the same answer, without 2xx. */
  readonly missing?: readonly string[];
  readonly body?: object;
  /** The answer to the owner, asked after all others, in the order of this list. */
  readonly owner?: number;
}

const READ = ['GET', 'HEAD'];
const NOTHING_OF_ID = 999_999;
const EXPECTED: readonly Expectation[] = [
  { url: '/health/live', door: 'everybody' },
  { url: '/health/ready', door: 'everybody' },
  { url: '/metrics', door: 'everybody' },
  { url: '/', door: 'either' },
  { url: '/dav', door: 'either' },
  { url: '/principals', door: 'either' },
  { url: '/principals/*', door: 'either', paths: ['/principals/'] },
  {
    url: '/dav/*',
    door: 'calendars',
    paths: ['/dav/calendars/owner/private/event.ics', '/dav/calendars/owner/private/'],
    missing: ['/dav/calendars/owner/private/missing.ics', '/dav/calendars/owner/missing/'],
  },
  {
    url: '/dav/*',
    door: 'contacts',
    paths: ['/dav/addressbooks/owner/addressbook/card.vcf', '/dav/addressbooks/owner/addressbook/'],
    missing: ['/dav/addressbooks/owner/addressbook/missing.vcf', '/dav/addressbooks/owner/missing/'],
  },
  { url: '/dav/*', door: 'either', paths: ['/dav/', '/dav/principals/'] },
  {
    url: '/dav/calendars/:owner/dropbox/*',
    door: 'calendars',
    paths: ['/dav/calendars/owner/dropbox/ID/'],
    missing: [`/dav/calendars/owner/dropbox/${NOTHING_OF_ID}/`],
  },
  { url: '/dav/calendars/:owner/freebusy', door: 'calendars', paths: ['/dav/calendars/owner/freebusy'], owner: 200 },
  { url: '/dav/calendars/:owner/freebusy/', door: 'calendars', paths: ['/dav/calendars/owner/freebusy/'], owner: 200 },
  { url: '/dav/directory', door: 'contacts' },
  { url: '/dav/directory/*', door: 'contacts', paths: ['/dav/directory/', '/dav/directory/nothing.vcf'] },
  { url: '/dav/stdtimezones', door: 'everybody' },
  { url: '/dav/stdtimezones/*', door: 'everybody', paths: ['/dav/stdtimezones/capabilities'] },
  ...['timezone', 'caldav', 'carddav'].flatMap((name): Expectation[] => [
    { url: `/.well-known/${name}`, door: 'everybody' },
    { url: `/.well-known/${name}/`, door: 'everybody' },
  ]),
  { url: '/.well-known', door: 'everybody' },
  { url: '/.well-known/', door: 'everybody' },
  {
    url: '/feeds/:token/:name',
    door: 'everybody',
    paths: ['/feeds/AAAAAAAAAAAAAAAAAAAAAA/calendar.ics', '/feeds/owner/calendar.ics'],
    missing: ['/feeds/BBBBBBBBBBBBBBBBBBBBBB/calendar.ics', '/feeds/absent/calendar.ics'],
  },
  {
    url: '/feeds/:token/:name/subscribe.mobileconfig',
    door: 'everybody',
    paths: ['/feeds/AAAAAAAAAAAAAAAAAAAAAA/calendar.ics/subscribe.mobileconfig'],
  },
  {
    url: '/freebusy/:file',
    door: 'everybody',
    paths: ['/freebusy/owner@example.org.ifb'],
    missing: ['/freebusy/absent@example.org.ifb'],
  },
  { url: '/mail/config-v1.1.xml', door: 'everybody', paths: ['/mail/config-v1.1.xml?emailaddress=owner@example.org'] },
  {
    url: '/.well-known/autoconfig/mail/config-v1.1.xml',
    door: 'everybody',
    paths: ['/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=owner@example.org'],
  },
  {
    url: '/:folder(^[aA][uU][tT][oO][dD][iI][sS][cC][oO][vV][eE][rR]$)/*',
    door: 'everybody',
    paths: ['/autodiscover/autodiscover.json?Email=owner%40example.org&Protocol=ActiveSync', '/Autodiscover/other'],
  },
  { url: '/setup', door: 'everybody' },
  {
    url: '/setup/link/:token',
    door: 'everybody',
    paths: ['/setup/link/AAAAAAAAAAAAAAAAAAAAAA', '/setup/link/owner'],
    missing: ['/setup/link/BBBBBBBBBBBBBBBBBBBBBB', '/setup/link/absent'],
  },
  {
    url: '/setup/profile/:token/convene.mobileconfig',
    door: 'everybody',
    paths: ['/setup/profile/AAAAAAAAAAAAAAAAAAAAAA/convene.mobileconfig'],
    missing: ['/setup/profile/owner/convene.mobileconfig'],
  },
  {
    url: '/invitation/:token',
    door: 'everybody',
    paths: ['/invitation/AAAAAAAAAAAAAAAAAAAAAA'],
    missing: ['/invitation/owner'],
  },
  { url: '/api/*', door: 'web', paths: ['/api/nothing'], owner: 404 },
  { url: '/api/openapi.json', methods: READ, door: 'everybody' },
  { url: '/api/openapi.json', door: 'web', owner: 405 },
  { url: '/api/scheduling/suggestions', methods: ['POST'], door: 'web', body: {}, owner: 422 },
  { url: '/api/scheduling/suggestions', door: 'web', owner: 405 },
  { url: '/api/scheduling/free-busy', methods: ['POST'], door: 'web', body: {}, owner: 422 },
  { url: '/api/scheduling/free-busy', door: 'web', owner: 405 },
  { url: '/api/scheduling/replies', methods: READ, door: 'web', owner: 400 },
  { url: '/api/scheduling/sharing', methods: READ, door: 'web', owner: 200 },
  { url: '/api/scheduling/sharing', methods: ['PUT'], door: 'web', body: { sharedWith: 'nobody' }, owner: 200 },
  { url: '/api/scheduling/sharing', door: 'web', owner: 405 },
  { url: '/api/feeds', methods: READ, door: 'web', owner: 200 },
  { url: '/api/feeds', methods: ['POST'], door: 'web', body: { calendar: 'private', level: 'full' }, owner: 201 },
  ofOwner('/api/feeds/:id', 'PATCH', 200, { name: CANARY }),
  ofOwner('/api/feeds/:id/fetches', 'GET', 200),
  ofOwner('/api/feeds/:id/fetches', 'HEAD', 200),
  ofOwner('/api/feeds/:id/rotate', 'POST', 200),
  ofOwner('/api/feeds/:id', 'DELETE', 204),
  { url: '/api/subscriptions', methods: READ, door: 'web', owner: 200 },
  { url: '/api/subscriptions', methods: ['POST'], door: 'web', body: { url: 'no address' }, owner: 422 },
  // The port is closed: an answer, and no calendar.
  ofOwner('/api/subscriptions/:id/refresh', 'POST', 200),
  ofOwner('/api/subscriptions/:id', 'DELETE', 204),
  { url: '/api/deleted', methods: READ, door: 'web', owner: 200 },
  ofOwner('/api/deleted/items/:id/restore', 'POST', 200),
  ofOwner('/api/deleted/collections/:id/restore', 'POST', 200),
  { url: '/api/setup-links', methods: ['POST'], door: 'web', owner: 201 },
  { url: '/api/audit', methods: READ, door: 'web', owner: 200 },
  { url: '/api/device-passwords', methods: READ, door: 'web', owner: 200 },
  { url: '/api/device-passwords', methods: ['POST'], door: 'web', body: { name: 'Laptop' }, owner: 201 },
  ofOwner('/api/device-passwords/:id', 'DELETE', 204),
  { url: '/api/session', methods: ['POST'], door: 'everybody', body: {} },
  { url: '/api/session', methods: ['DELETE'], door: 'web', owner: 204 },
  { url: '/api/second-factor', methods: READ, door: 'web', owner: 200 },
  { url: '/api/second-factor', methods: ['POST'], door: 'web', owner: 201 },
  { url: '/api/second-factor/confirm', methods: ['POST'], door: 'web', body: { code: '000000' }, owner: 403 },
  { url: '/api/second-factor', methods: ['DELETE'], door: 'web', body: {}, owner: 422 },
];

/** A route about one thing of the owner's. */
function ofOwner(url: string, method: string, owner: number, body?: object): Expectation {
  const paths = [url.replace(':id', 'ID')];
  const missing = [url.replace(':id', String(NOTHING_OF_ID))];
  return { url, methods: [method], door: 'web', paths, missing, owner, ...(body === undefined ? {} : { body }) };
}

/** The methods of every route of a server that is built meanwhile, by the pattern of its URL. */
async function withRoutes<T>(build: () => Promise<T>): Promise<[T, Map<string, Set<string>>]> {
  const routes = new Map<string, Set<string>>();
  const note = (message: unknown) => {
    const { fastify } = message as { fastify: FastifyInstance };
    fastify.addHook('onRoute', ({ url, method }) => {
      const known = routes.get(url) ?? new Set();
      routes.set(url, known);
      for (const one of [method].flat()) known.add(one);
    });
  };
  subscribe('fastify.initialization', note);
  try {
    return [await build(), routes];
  } finally {
    unsubscribe('fastify.initialization', note);
  }
}

/** What the owner has: what stands for ID in a path that begins so. */
async function prepare(server: TestServer, owner: TestUser): Promise<ReadonlyMap<string, string>> {
  const must = async (status: number, method: string, path: string, body?: string, type?: string) => {
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
    const answer = await server.request(owner, method, path, { headers, ...(body === undefined ? {} : { body }) });
    if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.text;
  };
  const json = async (path: string, body: object) =>
    JSON.parse(await must(201, 'POST', path, JSON.stringify(body), 'application/json'));
  const calendar = '/dav/calendars/owner/private';
  await must(201, 'MKCALENDAR', `${calendar}/`);
  await must(201, 'MKCALENDAR', '/dav/calendars/owner/removed/');
  await must(201, 'PUT', `${calendar}/event.ics`, EVENT, 'text/calendar');
  await must(201, 'PUT', `${calendar}/gone.ics`, EVENT.replace('UID:routes', 'UID:gone'), 'text/calendar');
  await must(201, 'PUT', '/dav/addressbooks/owner/addressbook/card.vcf', CARD, 'text/vcard');
  await must(204, 'DELETE', `${calendar}/gone.ics`);
  await must(204, 'DELETE', '/dav/calendars/owner/removed/');
  await must(201, 'POST', `${calendar}/event.ics?action=attachment-add`, CANARY, 'text/plain');
  const text = await must(200, 'GET', `${calendar}/event.ics`);
  const feed = await json('/api/feeds', { calendar: 'private', level: 'full', name: CANARY });
  const device = await json('/api/device-passwords', { name: CANARY });
  const principal = await server.app.principals.find('owner');
  await server.app.subscriptions.attach(principal, 'remote', 'http://127.0.0.1:9/calendar.ics', { properties: [] });
  const [subscription] = await server.app.subscriptions.list(principal);
  const { items, collections } = JSON.parse(await must(200, 'GET', '/api/deleted'));
  return new Map([
    ['/dav/calendars/owner/dropbox/', /MANAGED-ID=([^;:]+)/.exec(text.replaceAll('\r\n ', ''))?.[1] ?? ''],
    ['/api/feeds/', String(feed.id)],
    ['/api/device-passwords/', String(device.id)],
    ['/api/subscriptions/', String(subscription?.id)],
    ['/api/deleted/items/', String(items[0].id)],
    ['/api/deleted/collections/', String(collections[0].id)],
  ]);
}

/** An answer without what differs between two names or two moments. */
function shape({ status, headers, text }: TestResponse, path: string): string {
  const varying = ['date', 'content-length', 'x-request-id'];
  const told = Object.entries(headers).filter(([name]) => !varying.includes(name));
  const plain = decodeURIComponent(path).replace(/\/\/+/g, '/').replace(/\/$/, '');
  const message = JSON.stringify([status, told.sort(), text]);
  return [path, plain].reduce((all, name) => all.replaceAll(name, 'PATH'), message);
}

interface Question {
  readonly method: string;
  readonly path: string;
  readonly missing: string | undefined;
  readonly expected: Expectation;
}

/** Every method of every route as a question; fails for routes nobody speaks of, and for expectations of no route. */
function questionsOf(
  t: Pick<typeof tap, 'not' | 'fail'>,
  routes: ReadonlyMap<string, ReadonlySet<string>>,
): Question[] {
  const left = new Map([...routes].map(([url, methods]) => [url, new Set(methods)]));
  const questions: Question[] = [];
  const named = (url: string) => EXPECTED.filter((one) => one.url === url).flatMap(({ methods }) => methods ?? []);
  for (const expected of EXPECTED) {
    const { url, paths = [url], missing } = expected;
    const others = [...(routes.get(url) ?? [])].filter((method) => !named(url).includes(method));
    const methods = expected.methods ?? others;
    t.not(methods.length, 0, `${url} has methods left`);
    for (const method of methods) {
      if (!routes.get(url)?.has(method)) t.fail(`there is no ${method} ${url}`);
      left.get(url)?.delete(method);
      for (const [i, path] of paths.entries()) questions.push({ method, path, missing: missing?.[i], expected });
    }
  }
  for (const [url, methods] of left)
    if (methods.size > 0) t.fail(`nobody said who may ask ${[...methods].join(', ')} ${url}`);
  return questions;
}

tap.test('every method of every route answers whom it is for, and tells nobody else what there is', async (t) => {
  let now = Date.parse('2026-03-01T00:00:00Z');
  const [server, routes] = await withRoutes(() => startServer(t, { now: () => now }));
  const owner = await server.addUser('owner');
  const other = await server.addUser('other');
  const chief = { name: 'chief', address: 'chief@example.org', password: 'chief-password' };
  const admin = { ...chief, ...(await server.app.principals.add({ ...chief, role: 'administrator' })) };
  const ids = await prepare(server, owner);
  const devices = new Map<string, TestUser>();
  for (const scope of DEVICE_SCOPES) {
    const principal = await server.app.principals.find('owner');
    const { password } = await server.app.devicePasswords.create(principal, { name: 'Phone', scopes: [scope] });
    devices.set(scope, { ...owner, password });
  }
  const named = (path: string) => {
    const prefix = [...ids.keys()].find((one) => path.startsWith(one)) ?? '';
    return path.replace(/\bID\b/, ids.get(prefix) ?? 'ID');
  };
  const ask = (user: TestUser | undefined, method: string, path: string, body?: object) =>
    server.request(user, method, path, {
      headers: body === undefined ? { depth: '1' } : JSON_TYPE,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const stateOf = async () => {
    const paths = ['/dav/calendars/owner/', '/dav/calendars/owner/private/', '/dav/addressbooks/owner/addressbook/'];
    const parts = await Promise.all(paths.map((path) => ask(owner, 'PROPFIND', path)));
    for (const path of ['/api/feeds', '/api/deleted', '/dav/calendars/owner/private/event.ics'])
      parts.push(await ask(owner, 'GET', path));
    // Whether one was fetched lately is left to the clock.
    const subscribed: { id: number; url: string }[] = JSON.parse((await ask(owner, 'GET', '/api/subscriptions')).text);
    return [...parts.map(({ text }) => text), ...subscribed.map(({ id, url }) => `${id} ${url}`)].join('\n');
  };

  // Thousands of right answers are not worth a line each.
  const check = (right: boolean, what: string, { status, text }: TestResponse) => {
    if (!right) t.fail(`${what} is answered ${status}`, { text: text.slice(0, 500) });
  };
  const questions = questionsOf(t, routes);
  const before = await stateOf();
  t.match(before, CANARY, 'the owner sees the word');
  for (const { method, path, missing, expected } of questions) {
    const { door, body } = expected;
    const there = named(path);
    const open = door === 'everybody';
    const nobody = await ask(undefined, method, there, body);
    check((nobody.status === 401) !== open && !nobody.text.includes(CANARY), `nobody: ${method} ${path}`, nobody);
    const others: (readonly [string, TestUser | undefined])[] = [['other', other]];
    others.push(open ? ['nobody', undefined] : ['administrator', admin]);
    for (const [who, asker] of others) {
      const answer = await ask(asker, method, there, body);
      const what = `${who}: ${method} ${path}`;
      check(![401, 429, 500].includes(answer.status) && !answer.text.includes(CANARY), what, answer);
      if (missing === undefined) continue;
      check(answer.status >= 300 || method === 'OPTIONS', what, answer);
      const alike = await ask(asker, method, missing, body);
      if (shape(answer, there) !== shape(alike, missing))
        t.equal(shape(answer, there), shape(alike, missing), `${what} answers as if it were missing`);
    }
    if (open) continue;
    for (const [scope, device] of devices) {
      // What a good one may do is the owner's, and would change what the next are asked about.
      if (SCOPES_OF[door].includes(scope)) continue;
      // Refused passwords are throttled by the clock.
      now += 2_000;
      const answer = await ask(device, method, there, body);
      check(answer.status === 401, `a device for ${scope}: ${method} ${path}`, answer);
    }
  }
  now += 60_000;
  t.equal(await stateOf(), before, `${questions.length} questions of others changed nothing`);

  for (const { method, path, expected } of questions) {
    const { door, body, owner: status } = expected;
    const there = named(path);
    const harmless = ['HEAD', 'OPTIONS', 'PROPFIND'].includes(method);
    for (const scope of harmless ? SCOPES_OF[door] : []) {
      const answer = await ask(devices.get(scope), method, there, body);
      check(answer.status !== 401, `a device for ${scope}: ${method} ${path}`, answer);
    }
    if (status === undefined) continue;
    const answer = await ask(owner, method, there, body);
    check(answer.status === status, `owner: ${method} ${path}, not ${status},`, answer);
  }
});

tap.test('a device password for one kind of home opens no other, whichever way leads there', async (t) => {
  let now = Date.parse('2026-03-01T00:00:00Z');
  const server = await startServer(t, { now: () => now });
  const owner = await server.addUser('owner');
  await prepare(server, owner);
  const principal = await server.app.principals.find('owner');
  const foreign = {
    calendars: '/dav/addressbooks/owner/addressbook/card.vcf',
    contacts: '/dav/calendars/owner/private/event.ics',
  };
  const own = { calendars: foreign.contacts, contacts: foreign.calendars };
  const spaces = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="urn:ietf:params:xml:ns:carddav"';
  const spelled = (path: string) => [
    path,
    path.replace('/dav/', '/dav//'),
    path.replace('/owner/', '//owner/'),
    path.replace('/dav/', '/dav/%2E/'),
    path.replace(/s\/owner/, '%73/owner'),
  ];
  for (const scope of ['calendars', 'contacts'] as const) {
    now += 60_000;
    const { password } = await server.app.devicePasswords.create(principal, { name: 'Phone', scopes: [scope] });
    const device = { ...owner, password };
    const ask = (method: string, path: string, headers: Record<string, string>, body = '') =>
      server.request(device, method, path, { headers: { 'content-type': 'application/xml', ...headers }, body });
    const note = `<X:n xmlns:X="urn:example:routes"><href>${foreign[scope]}</href></X:n>`;
    const data = ['getetag', 'displayname'].map((name) => `<property name="${name}"/>`).join('');
    const more =
      '<property name="calendar-data" namespace="urn:ietf:params:xml:ns:caldav"/><property name="address-data" namespace="urn:ietf:params:xml:ns:carddav"/>';
    for (const from of ['/dav/principals/owner/', own[scope]]) {
      const kept = await ask(
        'PROPPATCH',
        from,
        {},
        `<propertyupdate ${spaces}><set><prop>${note}</prop></set></propertyupdate>`,
      );
      t.equal(kept.status, 207);
      const expanded = await ask(
        'REPORT',
        from,
        { depth: '0' },
        `<expand-property ${spaces}><property name="n" namespace="urn:example:routes">${data}${more}</property></expand-property>`,
      );
      t.equal(expanded.status, 207);
      t.match(expanded.text, foreign[scope], 'the href is known');
      t.notMatch(expanded.text, new RegExp(`${CANARY}|<D:getetag>`), `${scope}: expand-property of ${from}`);
    }
    for (const path of spelled(foreign[scope]))
      for (const method of ['GET', 'DELETE']) {
        now += 2_000;
        const { status } = await ask(method, path, {});
        t.ok(![200, 204].includes(status), `${scope}: ${method} ${path} is answered ${status}`);
      }
    t.equal((await server.request(owner, 'GET', foreign[scope])).status, 200, 'it is still there');
    const all = await ask('PROPFIND', '/dav/', { depth: 'infinity' });
    t.notMatch(all.text, foreign[scope].replace(/[^/]*$/, ''), `${scope}: PROPFIND of everything`);
    for (const method of ['COPY', 'MOVE'])
      for (const destination of [foreign[scope], foreign[scope].replace(/[^/]*$/, 'new')]) {
        const { status } = await ask(method, own[scope], { destination });
        t.equal(status, 403, `${scope}: ${method} to ${destination}`);
      }
    for (const [report, space] of [
      ['calendar-multiget', 'C'],
      ['addressbook-multiget', 'A'],
    ])
      for (const from of [own[scope].replace(/[^/]*$/, ''), '/dav/', '/dav/principals/']) {
        const body = `<${space}:${report} ${spaces}><prop><getetag/><C:calendar-data/><A:address-data/></prop><href>${foreign[scope]}</href></${space}:${report}>`;
        const { text } = await ask('REPORT', from, { depth: '1' }, body);
        t.notMatch(text, new RegExp(`${CANARY}|<D:getetag>`), `${scope}: ${report} of ${from}`);
      }
  }
});
