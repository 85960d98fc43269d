/** Access control: RFC 3744 §5 (properties), §8.1 (ACL), §9.2 and §9.3 (reports); RFC 4791 §6.1.1. */
import t from 'tap';
import { ask, CALENDAR, event, propfindBody, xml } from '../../support/dav.ts';
import { startServer, type TestUser } from '../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
const carol = await server.addUser('carol');
const calendar = '/dav/calendars/alice/calendar/';
await server.request(alice, 'PUT', `${calendar}a.ics`, { headers: CALENDAR, body: event('a') });

const href = (name: string) => `<D:href>/dav/principals/${name}/</D:href>`;
const ace = (principal: string, privileges: string, more = '') =>
  `<D:ace><D:principal>${principal}</D:principal><D:grant>${privileges
    .split(' ')
    .map((name) => `<D:privilege><${name}/></D:privilege>`)
    .join('')}</D:grant>${more}</D:ace>`;
const setAcl = (aces: string, path = calendar, user = alice) => ask(server, user, 'ACL', path, {}, xml('D:acl', aces));
const status = async (user: TestUser, method: string, path: string, body?: string) =>
  (await server.request(user, method, path, { headers: { ...CALENDAR, depth: '0' }, ...(body && { body }) })).status;
const property = async (user: TestUser, path: string, name: string) =>
  (await ask(server, user, 'PROPFIND', path, { depth: '0' }, propfindBody(name))).responses[0]?.ok.get(name.slice(2));
const privileges = async (user: TestUser, path: string) =>
  ((await property(user, path, 'D:current-user-privilege-set'))?.elements() ?? []).map(
    (element) => element.elements()[0]?.name,
  );

t.test('every precondition by its element', async (t) => {
  const cases: [what: string, aces: string, status: number, condition?: string][] = [
    [
      'deny',
      `<D:ace><D:principal>${href('bob')}</D:principal><D:deny><D:privilege><D:read/></D:privilege></D:deny></D:ace>`,
      403,
      'grant-only',
    ],
    [
      'invert',
      `<D:ace><D:invert><D:principal>${href('bob')}</D:principal></D:invert><D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace>`,
      403,
      'no-invert',
    ],
    ['a part', ace(href('bob'), 'D:bind'), 403, 'no-abstract'],
    ['unknown', ace(href('bob'), 'D:fly'), 403, 'not-supported-privilege'],
    ['of another namespace', ace(href('bob'), 'C:schedule-send'), 403, 'not-supported-privilege'],
    ['write without read', ace(href('bob'), 'D:write'), 403, 'not-supported-privilege'],
    ['nobody of this name', ace(href('nobody'), 'D:read'), 403, 'recognized-principal'],
    ['no principal at all', ace(`<D:href>${calendar}</D:href>`, 'D:read'), 403, 'recognized-principal'],
    ['an address of nobody', ace('<D:href>mailto:nobody@example.org</D:href>', 'D:read'), 403, 'recognized-principal'],
    ['everybody without log-in', ace('<D:all/>', 'D:read'), 403, 'allowed-principal'],
    ['nobody', ace('<D:unauthenticated/>', 'D:read'), 403, 'allowed-principal'],
    ['less for the owner', ace(href('alice'), 'D:read'), 403, 'no-protected-ace-conflict'],
    ['protected', ace(href('bob'), 'D:read', '<D:protected/>'), 403, 'no-protected-ace-conflict'],
    [
      'inherited',
      ace(href('bob'), 'D:read', '<D:inherited><D:href>/</D:href></D:inherited>'),
      403,
      'no-inherited-ace-conflict',
    ],
    ['501 entries', ace(href('bob'), 'D:read').repeat(501), 403, 'limited-number-of-aces'],
    ['nothing granted', `<D:ace><D:principal>${href('bob')}</D:principal><D:grant/></D:ace>`, 400],
    ['two principals', ace(href('bob') + href('carol'), 'D:read'), 400],
  ];
  for (const [what, aces, expected, condition] of cases) {
    const answer = await setAcl(aces);
    t.same([answer.status, answer.condition], [expected, condition === undefined ? [] : [condition]], what);
  }
  t.equal((await ask(server, alice, 'ACL', calendar, {}, xml('D:prop', ''))).status, 400);
  t.equal(await status(bob, 'GET', `${calendar}a.ics`), 403, 'none of them gave anything');
});

t.test('each step gives what it says and no more', async (t) => {
  const rows: [granted: string, get: number, put: number, acl: number, busy: number][] = [
    ['C:read-free-busy', 403, 403, 403, 200],
    ['D:read', 200, 403, 403, 200],
    ['D:read D:write', 200, 204, 403, 200],
    ['D:all', 200, 204, 200, 200],
  ];
  const busy = xml('C:free-busy-query', '<C:time-range start="20260101T000000Z" end="20260201T000000Z"/>');
  for (const [granted, get, put, acl, report] of rows) {
    t.equal((await setAcl(ace(href('bob'), granted))).status, 200, granted);
    t.equal(await status(bob, 'GET', `${calendar}a.ics`), get, `${granted}: GET`);
    t.equal(await status(bob, 'PUT', `${calendar}a.ics`, event('a')), put, `${granted}: PUT`);
    t.equal((await ask(server, bob, 'REPORT', calendar, {}, busy)).status, report, `${granted}: free/busy`);
    t.equal((await setAcl(ace(href('bob'), granted), calendar, bob)).status, acl, `${granted}: ACL`);
    t.equal(await status(carol, 'GET', `${calendar}a.ics`), 403, `${granted}: others`);
  }
  t.equal((await setAcl(ace('<D:authenticated/>', 'D:read'))).status, 200);
  t.equal(await status(carol, 'GET', `${calendar}a.ics`), 200, 'everybody in the organisation');
  t.equal((await setAcl('')).status, 200);
  t.equal(await status(carol, 'GET', `${calendar}a.ics`), 403, 'an empty list takes everything back');
});

t.test('the list is shown to who may read it', async (t) => {
  await setAcl(
    ace(href('bob'), 'D:read') + ace('<D:authenticated/>', 'C:read-free-busy') + ace(href('alice'), 'D:all'),
  );
  const acl = await property(alice, calendar, 'D:acl');
  const shown = acl?.elements().map((element) => [
    element.child('DAV:', 'principal')?.elements()[0]?.name,
    element
      .child('DAV:', 'grant')
      ?.elements()
      .map((privilege) => privilege.elements()[0]?.name)
      .join(),
    element.child('DAV:', 'protected') !== undefined,
  ]);
  t.same(shown, [
    ['property', 'all', true],
    ['href', 'read', false],
    ['authenticated', 'read-free-busy', false],
  ]);
  t.equal(await property(bob, calendar, 'D:acl'), undefined, 'not to who may only read');
  const inherited = await property(alice, `${calendar}a.ics`, 'D:acl');
  t.equal(inherited?.elements()[1]?.child('DAV:', 'inherited')?.text(), calendar);
  t.same(
    (await property(alice, calendar, 'D:acl-restrictions'))?.elements().map(({ name }) => name),
    ['grant-only', 'no-invert'],
  );
  t.same(await privileges(bob, calendar), ['read', 'read-current-user-privilege-set', 'read-free-busy']);
  t.ok((await privileges(alice, calendar)).includes('write-acl'));
  const supported = await property(alice, calendar, 'D:supported-privilege-set');
  t.ok(supported?.elements()[0]?.child('DAV:', 'privilege')?.child('DAV:', 'all'));
});

t.test('homes, principals and members have no list to set', async (t) => {
  for (const path of ['/dav/calendars/alice/', '/dav/principals/alice/', `${calendar}a.ics`, '/dav/'])
    t.equal((await setAcl('', path)).status, 405, path);
  t.equal((await setAcl('', '/dav/calendars/alice/', bob)).status, 405, 'nor those of others');
  t.equal((await setAcl('', `${calendar}none/`, bob)).status, 404);
  const plain = '/dav/calendars/alice/shared-files/';
  await server.request(alice, 'MKCOL', plain);
  await server.request(alice, 'PUT', `${plain}f`, { body: 'f' });
  t.equal((await setAcl(ace(href('bob'), 'D:read'), plain)).status, 200);
  t.equal((await server.request(bob, 'GET', `${plain}f`)).text, 'f');
  t.equal(await status(bob, 'PUT', `${plain}g`, 'g'), 403);
});

t.test('reports', async (t) => {
  await setAcl(ace(href('bob'), 'D:read') + ace('<D:authenticated/>', 'C:read-free-busy'));
  const report = (user: TestUser, path: string, name: string, content: string, depth = '0') =>
    ask(server, user, 'REPORT', path, { depth }, xml(name, content));
  const prop = '<D:prop><D:displayname/></D:prop>';
  const named = await report(alice, calendar, 'D:acl-principal-prop-set', prop);
  t.same(
    named.responses.map((one) => one.href),
    ['/dav/principals/alice/', '/dav/principals/bob/'],
  );
  t.equal((await report(bob, calendar, 'D:acl-principal-prop-set', prop)).status, 403);
  t.equal((await report(alice, calendar, 'D:acl-principal-prop-set', prop, '1')).status, 400);
  t.equal((await report(alice, calendar, 'D:acl-principal-prop-set', '')).status, 400);
  t.equal((await report(alice, calendar, 'D:acl-principal-prop-set', prop + prop)).status, 400);
  const owned = await report(
    alice,
    '/dav/calendars/alice/',
    'D:principal-match',
    '<D:principal-property><D:owner/></D:principal-property>',
  );
  t.ok(owned.responses.some((one) => one.href === calendar));
  const listing = '<D:principal-property><D:acl/></D:principal-property>';
  for (const user of [alice, bob]) {
    const listed = await report(user, `/dav/calendars/${user.name}/`, 'D:principal-match', listing);
    t.equal(listed.status, 207, 'RFC 3744 §9.3: a list is a property like others; what may not be read matches nobody');
    const own = listed.responses.filter(({ href }) => href.startsWith(`/dav/calendars/${user.name}/`));
    t.equal(own.length, listed.responses.length);
  }
  const self = await report(bob, '/dav/principals/', 'D:principal-match', `<D:self/>${prop}`);
  t.same(
    self.responses.map((one) => one.href),
    ['/dav/principals/bob/'],
  );
  t.equal((await report(bob, '/dav/principals/', 'D:principal-match', '<D:self/>', 'infinity')).status, 400);
  t.equal((await report(bob, '/dav/principals/', 'D:principal-match', '')).status, 400);
  for (const name of ['D:principal-property-search', 'D:principal-search-property-set'])
    t.equal((await report(bob, '/dav/principals/', name, '', '1')).status, 400, name);
  t.same((await report(bob, '/dav/calendars/bob/', 'D:principal-search-property-set', '')).condition, [
    'supported-report',
  ]);
});
