/** What the command line grants and shares, as DAV then shows it. */
import t from 'tap';
import { ask, CALENDAR, event, propfindBody } from '../../support/dav.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t);
const anna = await server.addUser('anna');
const bert = await server.addUser('bert');
const { access } = server.app;
const path = 'calendars/anna/calendar';
const url = `/dav/${path}/`;
await server.request(anna, 'PUT', `${url}a.ics`, { headers: CALENDAR, body: event('a') });
const get = async (at: string) => (await server.request(bert, 'GET', `${at}a.ics`)).status;
const refused = (code: string) => ({ code });

t.test('grants', async (t) => {
  await access.grant(path, 'bert@example.org', 'read');
  t.equal(await get(url), 200);
  t.same(await access.list(`/dav/${path}/`), [{ to: 'bert', rights: 'read', inherited: false }]);
  await access.grant(path, 'bert', 'manage');
  t.same(await access.list(path), [{ to: 'bert', rights: 'manage', inherited: false }], 'instead, not as well');
  await access.grant(path, 'bert', 'none');
  t.equal(await get(url), 403);
  await access.grant(path, 'everybody', 'read');
  t.equal(await get(url), 200);
  await access.grant(path, 'everybody', 'none');
  t.same(await access.list(path), []);
  await t.rejects(access.grant(path, 'bert', 'send-as'), refused('invalid-data'));
  await t.rejects(access.grant(path, 'anna', 'read'), refused('forbidden'));
  await t.rejects(access.grant(path, 'nobody', 'read'), refused('not-found'));
  for (const wrong of ['calendars/anna', 'mail/anna/inbox', '', 'calendars//x'])
    await t.rejects(access.grant(wrong, 'bert', 'read'), wrong);
  await t.rejects(access.list('calendars/anna/none'), refused('not-found'));
});

t.test('sharing', async (t) => {
  t.equal(await access.share(path, 'bert', false), 'calendars/bert/anna-calendar');
  t.equal(await get('/dav/calendars/bert/anna-calendar/'), 200);
  const home = await ask(
    server,
    bert,
    'PROPFIND',
    '/dav/calendars/bert/',
    { depth: '1' },
    propfindBody('D:resourcetype'),
  );
  t.ok(home.responses.some(({ href }) => href === '/dav/calendars/bert/anna-calendar/'));
  const put = () =>
    server.request(bert, 'PUT', '/dav/calendars/bert/anna-calendar/b.ics', { headers: CALENDAR, body: event('b') });
  t.equal((await put()).status, 403);
  t.equal(await access.share(path, 'bert', true), 'calendars/bert/anna-calendar', 'again, with more rights');
  t.equal((await put()).status, 201);
  await t.rejects(
    access.share('calendars/bert/anna-calendar', 'anna', false),
    refused('not-found'),
    'not his to pass on',
  );
  await t.rejects(access.share(path, 'anna', false), refused('forbidden'));
  await t.rejects(access.share('calendars/anna/inbox', 'bert', false), refused('forbidden'));
  await access.grant(path, 'bert', 'none');
  t.equal(await get('/dav/calendars/bert/anna-calendar/'), 404, 'with the rights it leaves the home');
});
