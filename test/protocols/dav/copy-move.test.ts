/** COPY and MOVE: RFC 4918 §9.8, §9.9, §10.3, §10.6. */
import t from 'tap';
import { ask, CALENDAR, event, propfindBody, setBody } from '../../support/dav.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
const home = '/dav/calendars/alice/';
for (const name of ['other', 'third']) await ask(server, alice, 'MKCALENDAR', `${home}${name}/`);
const put = (path: string, uid: string, user = alice) =>
  server.request(user, 'PUT', path, { headers: CALENDAR, body: event(uid) });
const get = async (path: string) => (await server.request(alice, 'GET', path)).status;
const source = `${home}calendar/a.ics`;
await put(source, 'a');
await put('/dav/calendars/bob/calendar/b.ics', 'b', bob);

async function transfer(
  method: string,
  from: string,
  destination: string | undefined,
  headers: Record<string, string> = {},
) {
  const all = destination === undefined ? headers : { ...headers, destination };
  return (await ask(server, alice, method, from, all)).status;
}

t.test('destinations that are refused leave the source alone', async (t) => {
  const { host } = new URL(server.url);
  const cases: [destination: string | undefined, statuses: number[]][] = [
    [undefined, [400]],
    ['', [400]],
    ['relative.ics', [502]],
    [`http://elsewhere.example/dav/calendars/alice/other/a.ics`, [502]],
    ['//elsewhere.example/dav/calendars/alice/other/a.ics', [502]],
    ['file:///etc/passwd', [502]],
    [`http://${host}@elsewhere.example/dav/calendars/alice/other/a.ics`, [502]],
    [`${server.url}/dav/calendars/alice/other/../../bob/calendar/a.ics`, [400]],
    [`${home}other/%2e%2e/%2e%2e/bob/a.ics`, [400]],
    [`${home}other/a.ics#x`, [400]],
    [`${server.url}${source}`, [403]],
    [`${source}/below.ics`, [409]],
    ['/dav/calendars/bob/calendar/a.ics', [403]],
    ['/dav/calendars/bob/missing/a.ics', [403]],
    ['/dav/calendars/bob/a.ics', [403]],
    [`${home}missing/a.ics`, [409]],
    [`${home}a.ics`, [403]],
    [`${home}other/`, [403]],
    ['/dav/addressbooks/alice/addressbook/a.ics', [403]],
    ['/dav/', [403, 409]],
    [`${home}other/${'x'.repeat(300)}`, [403]],
  ];
  for (const method of ['COPY', 'MOVE']) {
    for (const [destination, statuses] of cases) {
      const status = await transfer(method, source, destination);
      t.ok(statuses.includes(status), `${method} to ${destination?.slice(0, 60)} is ${status}`);
    }
    t.equal(await transfer(method, source, `${home}other/a.ics`, { overwrite: 'X' }), 400);
    t.equal(await transfer(method, `${home}calendar/none.ics`, `${home}other/a.ics`), 404);
    t.equal(await transfer(method, '/dav/calendars/bob/calendar/b.ics', `${home}other/b.ics`), 403);
  }
  t.equal(await get(source), 200);
});

t.test('members', async (t) => {
  t.equal(await transfer('COPY', source, `${server.url}${home}other/a.ics`), 201);
  t.equal(await transfer('COPY', source, `${home}other/a.ics`, { overwrite: 'F' }), 412);
  t.equal(await transfer('COPY', source, `${home}other/a.ics`), 204);
  const moved = await ask(server, alice, 'MOVE', source, { destination: `${home}third/b%20c.ics` });
  t.equal(moved.status, 201);
  t.equal(moved.headers.location, `${server.url}${home}third/b%20c.ics`, 'where it is now');
  t.equal(await transfer('MOVE', `${home}third/b%20c.ics`, `${home}third/b.ics`), 201);
  t.equal(await get(source), 404);
  t.equal(await get(`${home}third/b.ics`), 200);
  t.equal(await transfer('MOVE', `${home}third/b.ics`, `${home}other/a.ics`, { overwrite: 'F' }), 412);
  t.equal(await get(`${home}third/b.ics`), 200);
  t.equal(await transfer('MOVE', `${home}third/b.ics`, `${home}other/a.ics`, { overwrite: 'T' }), 204);
  t.equal(await get(`${home}third/b.ics`), 404);
});

t.test('whole collections, in the own home only', async (t) => {
  await ask(server, alice, 'PROPPATCH', `${home}other/`, {}, setBody('<A:calendar-color>#123456FF</A:calendar-color>'));
  t.equal(await transfer('COPY', `${home}other/`, `${home}copy/`), 201);
  const { responses } = await ask(
    server,
    alice,
    'PROPFIND',
    `${home}copy/`,
    { depth: '1' },
    propfindBody('A:calendar-color'),
  );
  t.same(
    responses.map(({ href }) => href),
    [`${home}copy/`, `${home}copy/a.ics`],
  );
  t.equal(responses[0]?.ok.get('calendar-color')?.text(), '#123456FF');
  t.equal(await transfer('COPY', `${home}other/`, `${home}empty/`, { depth: '0' }), 201);
  t.equal(await get(`${home}empty/a.ics`), 404);
  t.equal(await transfer('COPY', `${home}other/`, `${home}x/`, { depth: '1' }), 400);
  t.equal(await transfer('MOVE', `${home}copy/`, `${home}x/`, { depth: '0' }), 400);
  t.equal(await transfer('MOVE', `${home}copy/`, `${home}empty/`, { overwrite: 'F' }), 412);
  t.equal(await transfer('MOVE', `${home}copy/`, `${home}empty/`), 204);
  t.equal(await get(`${home}copy/`), 404);
  t.equal(await get(`${home}empty/a.ics`), 200);
  t.equal(await transfer('MOVE', `${home}empty/`, `${home}moved/`), 201);
  t.equal(await get(`${home}moved/a.ics`), 200);
  for (const [destination, status] of [
    ['/dav/calendars/bob/moved/', 403],
    ['/dav/addressbooks/alice/moved/', 403],
    [`${home}moved/below/`, 403],
    [`${home}moved/`, 403],
    [`${home}inbox/`, 403],
    ['/dav/calendars/nobody/x/', 409],
  ] as const) {
    t.equal(await transfer('MOVE', `${home}moved/`, destination), status, destination);
    t.equal(await transfer('COPY', `${home}moved/`, destination), status, destination);
  }
  t.equal(await get(`${home}moved/a.ics`), 200);
  t.equal(await transfer('MOVE', home, `${home}x/`), 405);
});
