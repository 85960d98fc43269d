/** Subscribed calendars over the wire: fetched from a server of the test, read by CalDAV, written by nobody. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { startServer, type TestServer, type TestUser } from '../../support/server.ts';

t.setTimeout(60_000);

const event = (uid: string, title: string, day = 1) =>
  `BEGIN:VEVENT\r\nUID:${uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:202612${String(day).padStart(2, '0')}T090000Z\r\nSUMMARY:${title}\r\nEND:VEVENT\r\n`;

/** A calendar elsewhere: what it answers is set by the test. */
const remote = {
  status: 200,
  events: [event('a', 'One'), event('b', 'Two')],
  seen: [] as { etag: string | undefined; agent: string | undefined }[],
  body: undefined as string | undefined,
};
const elsewhere = createServer((request, response) => {
  remote.seen.push({ etag: request.headers['if-none-match'], agent: request.headers['user-agent'] });
  const body =
    remote.body ??
    `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nX-WR-CALNAME:Holidays\r\nX-PUBLISHED-TTL:PT2H\r\n${remote.events.join('')}END:VCALENDAR\r\n`;
  const etag = `"${Buffer.from(body).length}-${remote.events.join().length}-${body.slice(-200).replace(/\W/g, '')}"`;
  if (remote.status !== 200) return void response.writeHead(remote.status).end();
  if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end();
  response.writeHead(200, { ETag: etag, 'Content-Type': 'text/calendar' }).end(body);
});
let origin = '';
t.before(async () => {
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
});
t.teardown(() => {
  elsewhere.closeAllConnections();
  elsewhere.close();
});

const allowed = { CONVENE_FETCH_FROM: '127.0.0.1' };

async function titles(server: TestServer, user: TestUser, segment: string): Promise<string[]> {
  const { text } = await server.request(user, 'REPORT', `/dav/calendars/${user.name}/${segment}/`, {
    headers: { Depth: '1' },
    body: '<C:calendar-query xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns="DAV:"><prop><C:calendar-data/></prop><C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>',
  });
  return [...text.matchAll(/SUMMARY:([^\r\n&]*)/g)].map((match) => match[1] ?? '').sort();
}

t.test('subscribing, reading, refreshing', async (t) => {
  let now = Date.UTC(2026, 10, 1);
  const server = await startServer(t, { environment: allowed, now: () => now });
  const anna = await server.addUser('anna');
  const api = async (method: string, path: string, body?: object) => {
    const options =
      body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
    const { status, text } = await server.request(anna, method, `/api/subscriptions${path}`, options);
    return { status, value: text === '' ? undefined : JSON.parse(text) };
  };
  const made = await api('POST', '', { url: `${origin}/feed.ics` });
  t.match(made, { status: 201, value: { segment: 'holidays', everyMinutes: 120, failures: 0, error: '' } });
  const { id } = made.value;
  t.same(await titles(server, anna, 'holidays'), ['One', 'Two']);
  t.match(remote.seen.at(-1)?.agent, /^Convene\//);
  t.match(await api('POST', '', { url: `${origin}/feed.ics` }), { status: 409 });
  const refused: [url: string, sentence: RegExp][] = [
    ['file:///etc/passwd', /Only http/],
    ['http://10.0.0.1/x.ics', /private network/],
    [`${origin.replace('127.0.0.1', '[::1]')}/x.ics`, /usual ports/],
    ['http://169.254.169.254/latest/meta-data', /private network/],
  ];
  for (const [url, sentence] of refused) {
    const { status, value } = await api('POST', '', { url });
    t.equal(status, 422, url);
    t.match(JSON.stringify(value), sentence);
  }

  await t.test('nobody writes into it, and clients are told so', async (t) => {
    const path = '/dav/calendars/anna/holidays/';
    const props = await server.request(anna, 'PROPFIND', path, {
      headers: { Depth: '0' },
      body: '<propfind xmlns="DAV:" xmlns:CS="http://calendarserver.org/ns/"><prop><current-user-privilege-set/><resourcetype/><displayname/><CS:source/></prop></propfind>',
    });
    t.match(props.text, /read/);
    t.notMatch(props.text, /:write\/>|write-content|:bind|D:all/);
    t.match(props.text, /write-properties/);
    t.match(props.text, /calendar/);
    t.match(props.text, /Holidays/);
    t.match(props.text, new RegExp(`${origin}/feed.ics`));
    const body = `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n${event('mine', 'Mine')}END:VCALENDAR\r\n`;
    const put = { headers: { 'Content-Type': 'text/calendar' }, body };
    t.equal((await server.request(anna, 'PUT', `${path}mine.ics`, put)).status, 403);
    const listing = await server.request(anna, 'PROPFIND', path, { headers: { Depth: '1' } });
    const member = /<D:href>([^<]+\.ics)<\/D:href>/.exec(listing.text)?.[1] ?? '';
    t.equal((await server.request(anna, 'DELETE', member)).status, 403);
    t.equal((await server.request(anna, 'GET', member)).status, 200);
    const own = body.replace('UID:mine', 'UID:a');
    t.equal(
      (await server.request(anna, 'PUT', '/dav/calendars/anna/calendar/a.ics', { ...put, body: own })).status,
      201,
      'an event of it may be copied into an own calendar',
    );
  });

  await t.test('the schedule asks with validators; what did not change touches nothing', async (t) => {
    const collection = async () => (await server.store.collections.bySegment(anna.id, 'calendars', 'holidays'))?.modseq;
    const before = await collection();
    const run = () => server.app.subscriptions.schedule.run(new AbortController().signal);
    const asked = remote.seen.length;
    await run();
    t.equal(remote.seen.length, asked, 'not before its time');
    now += 121 * 60_000;
    await run();
    t.equal(remote.seen.length, asked + 1);
    t.ok(remote.seen.at(-1)?.etag);
    remote.events = [event('a2', 'One'), event('b2', 'Two')];
    now += 121 * 60_000;
    await run();
    t.equal(await collection(), before, 'new UIDs for the same events are no change');
    remote.events = [event('a3', 'One'), event('b3', 'Two changed'), event('c3', 'Three')];
    now += 121 * 60_000;
    await run();
    t.same(await titles(server, anna, 'holidays'), ['One', 'Three', 'Two changed']);
    t.ok(((await collection()) ?? 0) > (before ?? 0));
    remote.events = [event('b3', 'Two again'), event('c3', 'Three')];
    const name = (
      await server.store.calendarObjects.byUid(
        (await server.store.collections.bySegment(anna.id, 'calendars', 'holidays'))?.id ?? 0,
        'b3',
      )
    )?.name;
    now += 121 * 60_000;
    await run();
    t.same(await titles(server, anna, 'holidays'), ['Three', 'Two again']);
    t.equal(
      (await server.request(anna, 'GET', `/dav/calendars/anna/holidays/${name}`)).status,
      200,
      'a changed event keeps its place',
    );
  });

  await t.test('the last good copy stays, and the state says why', async (t) => {
    const refresh = async () => (await api('POST', `/${id}/refresh`)).value;
    remote.status = 500;
    t.match(await refresh(), { failures: 1, error: /status 500/ });
    remote.status = 410;
    t.match(await refresh(), { failures: 2, error: /nothing there/ });
    remote.status = 200;
    remote.body = '<html>Please log in</html>';
    t.match(await refresh(), { failures: 3, error: /no calendar/ });
    remote.body = 'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:never\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n';
    t.match(await refresh(), { failures: 4, error: /can be read/ });
    t.same(await titles(server, anna, 'holidays'), ['Three', 'Two again']);
    remote.body = undefined;
    remote.events.push('BEGIN:VEVENT\r\nUID:bad\r\nDTSTART:never\r\nEND:VEVENT\r\n');
    t.match(await refresh(), { failures: 0, error: '1 entries cannot be read.' });
    remote.events.pop();
    t.match(await refresh(), { failures: 0, error: '' });
  });

  await t.test('one fetch serves all who subscribed; the end of it', async (t) => {
    const bob = await server.addUser('bob');
    const mkcol = (source: string) =>
      `<mkcol xmlns="DAV:" xmlns:CS="http://calendarserver.org/ns/"><set><prop><resourcetype><collection/><CS:subscribed/></resourcetype><displayname>Mine</displayname>${source}</prop></set></mkcol>`;
    const source = `<CS:source><href>${origin.replace('http:', 'webcal:')}/feed.ics</href></CS:source>`;
    const at = '/dav/calendars/bob/';
    t.equal((await server.request(bob, 'MKCOL', `${at}s1/`, { body: mkcol('') })).status, 403);
    t.equal(
      (await server.request(bob, 'MKCOL', `${at}s1/`, { body: mkcol('<CS:source><href>ftp://x/</href></CS:source>') }))
        .status,
      403,
    );
    t.equal((await server.request(anna, 'MKCOL', `${at}s1/`, { body: mkcol(source) })).status >= 400, true);
    t.equal((await server.request(bob, 'MKCOL', `${at}s1/`, { body: mkcol(source) })).status, 201);
    const asked = remote.seen.length;
    remote.events = [event('n', 'New')];
    await server.app.subscriptions.schedule.run(new AbortController().signal);
    t.equal(remote.seen.length, asked + 1);
    t.same(await titles(server, bob, 's1'), ['New']);
    t.same(await titles(server, anna, 'holidays'), ['New']);
    t.match(await api('DELETE', '/999999'), { status: 404 });
    t.match(await api('DELETE', `/${id}`), { status: 204 });
    t.match(await api('GET', ''), { value: [] });
    now += 3 * 60 * 60_000;
    await server.request(bob, 'DELETE', `${at}s1/`);
    const before = remote.seen.length;
    await server.app.subscriptions.schedule.run(new AbortController().signal);
    t.equal(remote.seen.length, before, 'nobody subscribes any more');
  });
});
