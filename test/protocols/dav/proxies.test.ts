/** Delegation by calendar-proxy groups: calendarserver's caldav-proxy draft; RFC 3744 §4.3, §4.4; RFC 3253 §3.8. */
import t from 'tap';
import { ask, CALENDAR, event, propfindBody, setBody, xml } from '../../support/dav.ts';
import { startServer, type TestUser } from '../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
const carol = await server.addUser('carol');
const principal = '/dav/principals/alice/';
const home = '/dav/calendars/alice/';
await server.request(alice, 'PUT', `${home}calendar/a.ics`, { headers: CALENDAR, body: event('a') });

const members = (...names: string[]) =>
  setBody(
    `<D:group-member-set>${names.map((name) => `<D:href>/dav/principals/${name}/</D:href>`).join('')}</D:group-member-set>`,
  );
const delegate = (access: string, body: string, user = alice) =>
  ask(server, user, 'PROPPATCH', `${principal}calendar-proxy-${access}/`, {}, body);
const hrefs = async (user: TestUser, path: string, name: string) => {
  const { responses } = await ask(server, user, 'PROPFIND', path, { depth: '0' }, propfindBody(name));
  const element = responses[0]?.ok.get(name.slice(name.indexOf(':') + 1));
  return element?.elements().map((one) => one.text());
};
const status = async (user: TestUser, method: string, path: string, body?: string) =>
  (await server.request(user, method, path, { headers: { ...CALENDAR, depth: '0' }, ...(body && { body }) })).status;

t.test('the groups', async (t) => {
  const read = await ask(
    server,
    bob,
    'PROPFIND',
    `${principal}calendar-proxy-read/`,
    { depth: '0' },
    propfindBody('D:resourcetype', 'D:principal-URL'),
  );
  t.same(
    read.responses[0]?.ok
      .get('resourcetype')
      ?.elements()
      .map(({ name }) => name),
    ['collection', 'principal', 'calendar-proxy-read'],
  );
  t.equal(read.responses[0]?.ok.get('principal-URL')?.text(), `${principal}calendar-proxy-read/`);
  t.equal(await status(bob, 'PROPFIND', `${principal}calendar-proxy-other/`), 404);
  const listed = await ask(server, bob, 'PROPFIND', principal, { depth: '1' }, propfindBody('D:resourcetype'));
  t.same(
    listed.responses.map(({ href }) => href),
    [principal, `${principal}calendar-proxy-read/`, `${principal}calendar-proxy-write/`],
    'RFC 4918 §5.2: they are members of the principal',
  );
  t.equal(await status(bob, 'PROPFIND', '/dav/principals/nobody/calendar-proxy-read/'), 404);
  t.equal((await delegate('read', members('bob'), bob)).status, 403, 'nobody makes themselves a delegate');
  t.equal((await delegate('read', xml('D:propertyupdate', ''))).status, 400);
  for (const [body, condition] of [
    [members('nobody'), 'recognized-principal'],
    [members('alice'), 'recognized-principal'],
    [
      members('bob').replace('</D:prop>', '<D:displayname>x</D:displayname></D:prop>'),
      'cannot-modify-protected-property',
    ],
  ] as const) {
    const refused = await delegate('write', body);
    t.equal(refused.status, 207);
    t.match(refused.text, `<D:${condition}/>`);
  }
  t.same(await hrefs(alice, `${principal}calendar-proxy-write/`, 'D:group-member-set'), [], 'nothing was set');
});

t.test('a delegate reads, then reads and writes, then neither', async (t) => {
  t.equal(await status(bob, 'PROPFIND', home), 403);
  t.equal((await delegate('read', members('bob'))).status, 207);
  t.same(await hrefs(alice, `${principal}calendar-proxy-read/`, 'D:group-member-set'), ['/dav/principals/bob/']);
  t.same(await hrefs(carol, `${principal}calendar-proxy-read/`, 'D:group-member-set'), [], 'others are not told');
  t.same(await hrefs(bob, '/dav/principals/bob/', 'CS:calendar-proxy-read-for'), [principal]);
  t.same(await hrefs(bob, '/dav/principals/bob/', 'CS:calendar-proxy-write-for'), []);
  t.same(await hrefs(bob, '/dav/principals/bob/', 'D:group-membership'), [`${principal}calendar-proxy-read/`]);
  t.equal(await hrefs(carol, '/dav/principals/bob/', 'CS:calendar-proxy-read-for'), undefined);
  t.equal(await status(bob, 'PROPFIND', home), 207);
  t.equal(await status(bob, 'GET', `${home}calendar/a.ics`), 200);
  t.equal(await status(bob, 'PUT', `${home}calendar/a.ics`, event('a')), 403);
  t.equal(await status(bob, 'MKCALENDAR', `${home}new/`), 403);
  t.equal(await status(bob, 'PROPFIND', '/dav/addressbooks/alice/'), 403, 'contacts are not part of it');

  await delegate('write', members('bob'));
  t.same(await hrefs(alice, `${principal}calendar-proxy-read/`, 'D:group-member-set'), [], 'one kind of access each');
  t.equal(await status(bob, 'PUT', `${home}calendar/a.ics`, event('a')), 204);
  t.equal(await status(bob, 'MKCALENDAR', `${home}new/`), 201);
  t.equal((await server.request(bob, 'DELETE', `${home}calendar/`)).status, 403, 'deleting calendars is the owner’s');
  t.equal((await delegate('read', members('carol'), bob)).status, 403, 'so are the delegates');

  await delegate('write', xml('D:propertyupdate', '<D:remove><D:prop><D:group-member-set/></D:prop></D:remove>'));
  t.equal(await status(bob, 'GET', `${home}calendar/a.ics`), 403);
  t.equal(await status(bob, 'PROPFIND', home), 403);
  t.same(await hrefs(bob, '/dav/principals/bob/', 'CS:calendar-proxy-write-for'), []);
});

t.test('expand-property, as Apple asks it', async (t) => {
  await delegate('write', members('bob', 'carol'));
  const property = (name: string, namespace: string, inner = '') =>
    `<D:property name="${name}" namespace="${namespace}">${inner}</D:property>`;
  const CS = 'http://calendarserver.org/ns/';
  const body = xml(
    'D:expand-property',
    property(
      'calendar-proxy-write-for',
      CS,
      property('displayname', 'DAV:') + property('calendar-home-set', 'urn:ietf:params:xml:ns:caldav'),
    ),
  );
  const { status, text } = await ask(server, bob, 'REPORT', '/dav/principals/bob/', { depth: '0' }, body);
  t.equal(status, 207);
  t.match(text, new RegExp(`<D:href>${principal}</D:href>`));
  t.match(text, new RegExp(`<C:calendar-home-set><D:href>${home}</D:href>`));
});
