/** How clients find their calendars: RFC 6764, RFC 5397, RFC 4918 §10.1 and §18; what OPTIONS says. */
import t from 'tap';
import { ask, propfindBody } from '../../support/dav.ts';
import { startServer } from '../../support/server.ts';

const TOKENS =
  '1, 3, access-control, extended-mkcol, calendar-proxy, calendarserver-sharing, calendar-access, calendar-availability, calendar-auto-schedule, calendar-managed-attachments, calendar-no-timezone, inbox-availability, addressbook';
const server = await startServer(t);
const alice = await server.addUser('alice');

t.test('well-known addresses lead to the root, for any method and nobody', async (t) => {
  for (const path of ['/.well-known/caldav', '/.well-known/caldav/', '/.well-known/carddav', '/.well-known/carddav/']) {
    for (const method of ['GET', 'PROPFIND', 'OPTIONS', 'HEAD']) {
      const { status, headers } = await server.request(undefined, method, path);
      t.equal(status, 301, `${method} ${path}`);
      t.equal(headers.location, `${server.url}/dav/`);
    }
  }
  t.equal((await server.request(undefined, 'GET', '/.well-known/')).status, 200);
  t.equal((await server.request(undefined, 'PROPFIND', '/.well-known/')).status, 207);
});

t.test('roots ask for a log-in, then tell who it is', async (t) => {
  for (const path of [
    '/',
    '/dav',
    '/dav/',
    '/principals',
    '/principals/',
    '/dav/principals/',
    '/dav/principals/alice/',
  ]) {
    const anonymous = await server.request(undefined, 'PROPFIND', path, { headers: { depth: '0' } });
    t.equal(anonymous.status, 401, path);
    t.equal(anonymous.headers.dav, TOKENS);
    const body = propfindBody('D:current-user-principal', 'D:principal-URL', 'D:resourcetype');
    const { status, responses, headers } = await ask(server, alice, 'PROPFIND', path, { depth: '0' }, body);
    t.equal(status, 207, path);
    t.equal(headers.dav, TOKENS);
    t.equal(responses[0]?.ok.get('current-user-principal')?.text(), '/dav/principals/alice/');
    t.equal(responses[0]?.ok.get('principal-URL')?.text(), '/dav/principals/alice/');
    t.ok(responses[0]?.ok.get('resourcetype')?.child('DAV:', 'collection'));
  }
});

t.test('OPTIONS tells what works, in one header each', async (t) => {
  for (const path of [
    '/',
    '/dav/',
    '/dav/principals/alice/',
    '/dav/calendars/alice/',
    '/dav/calendars/alice/calendar/',
  ]) {
    const { status, headers } = await server.request(alice, 'OPTIONS', path);
    t.equal(status, 200, path);
    t.equal(headers.dav, TOKENS);
    t.match(headers.allow, /PROPFIND/);
  }
  const home = await server.request(alice, 'OPTIONS', '/dav/calendars/alice/');
  t.notMatch(home.headers.allow, /DELETE|PUT|LOCK/);
});

t.test(
  'errors carry the DAV header too; one question to a home is answered without it (Interpretation 163)',
  async (t) => {
    t.equal((await server.request(alice, 'GET', '/dav/calendars/alice/none/')).headers.dav, TOKENS);
    t.equal((await server.request(alice, 'LOCK', '/dav/calendars/alice/')).headers.dav, TOKENS);
    const home = await server.request(alice, 'PROPFIND', '/dav/calendars/alice/', { headers: { depth: '0' } });
    t.equal(home.headers.dav, undefined);
    const content = await server.request(alice, 'PROPFIND', '/dav/calendars/alice/', { headers: { depth: '1' } });
    t.equal(content.headers.dav, TOKENS);
  },
);

t.test('methods that are not offered are 405 with Allow', async (t) => {
  const methods = ['LOCK', 'UNLOCK', 'ACL', 'POST', 'PATCH', 'SEARCH', 'DELETE', 'COPY', 'MOVE'];
  for (const method of methods) {
    const { status, headers } = await server.request(alice, method, '/dav/calendars/alice/', {
      headers: { destination: '/dav/calendars/alice/x/' },
    });
    t.equal(status, 405, method);
    t.match(headers.allow, /PROPFIND/, method);
  }
});

t.test('a collection answers without its slash; nothing is redirected', async (t) => {
  const { status, responses } = await ask(server, alice, 'PROPFIND', '/dav/calendars/alice/calendar', { depth: '0' });
  t.equal(status, 207);
  t.equal(responses[0]?.href, '/dav/calendars/alice/calendar/');
  const encoded = await ask(server, alice, 'PROPFIND', '/dav/%63alendars/%61lice/calendar/', { depth: '0' });
  t.equal(encoded.responses[0]?.href, '/dav/calendars/alice/calendar/');
  const page = await server.request(alice, 'GET', '/dav/calendars/alice/calendar/');
  t.equal(page.status, 200);
  t.match(page.headers['content-type'], /^text\/calendar/);
});

t.test('a person who opens a principal is told its addresses', async (t) => {
  const { status, text } = await server.request(alice, 'GET', '/dav/principals/alice/');
  t.equal(status, 200);
  for (const home of ['calendars', 'addressbooks']) t.match(text, `${server.url}/dav/${home}/alice/`);
});
