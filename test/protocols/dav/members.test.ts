/** GET, HEAD, PUT, DELETE and conditional requests: RFC 9110 §9.3 and §13, RFC 4918 §9.4 to §9.7 and §10.4. */
import t from 'tap';
import { parseIf } from '../../../protocols/dav/conditional.ts';
import { DavError } from '../../../protocols/dav/dav-error.ts';
import { ask, CALENDAR, event } from '../../support/dav.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
const calendar = '/dav/calendars/alice/calendar/';
const put = (path: string, body = event(path), headers: Record<string, string> = {}, user = alice) =>
  server.request(user, 'PUT', path, { headers: { ...CALENDAR, ...headers }, body });
const etagOf = async (path: string) => String((await server.request(alice, 'HEAD', path)).headers.etag);

t.test('what was put is what is got', async (t) => {
  const path = `${calendar}a.ics`;
  const body = event('a');
  const created = await put(path, body);
  t.equal(created.status, 201);
  t.match(created.headers.etag, /^"[\w-]{22}"$/);
  const got = await server.request(alice, 'GET', path);
  t.equal(got.status, 200);
  t.equal(got.text, body);
  t.equal(got.headers.etag, created.headers.etag);
  t.match(got.headers['content-type'], /^text\/calendar/);
  t.equal(got.headers['x-content-type-options'], 'nosniff');
  t.match(got.headers['last-modified'], /GMT$/);
  const head = await server.request(alice, 'HEAD', path);
  t.equal(head.text, '');
  t.equal(head.headers['content-length'], String(Buffer.byteLength(body)));
  const changed = await put(path, event('a', 'Other'));
  t.equal(changed.status, 204);
  t.not(changed.headers.etag, created.headers.etag);
});

t.test('where a member cannot be', async (t) => {
  const cases: [path: string, status: number][] = [
    [calendar, 403],
    ['/dav/calendars/alice/', 403],
    ['/dav/calendars/alice/a.ics', 403],
    ['/dav/calendars/alice/missing/a.ics', 409],
    ['/dav/calendars/nobody/calendar/a.ics', 409],
    [`${calendar}a.ics/b.ics`, 409],
    [`${calendar}${'x'.repeat(300)}`, 403],
    ['/dav/calendars/alice/tasks/%00.ics', 400],
  ];
  for (const [path, status] of cases) t.equal((await put(path)).status, status, path);
  t.equal((await put(`${calendar}r.ics`, event('r'), { 'content-range': 'bytes 0-1/2' })).status, 400);
  t.equal((await put(`${calendar}b.ics`, event('b'), {}, bob)).status, 403, 'like a calendar that does not exist');
  t.equal((await put('/dav/calendars/alice/missing/b.ics', event('b'), {}, bob)).status, 403);
});

t.test('GET with conditions', async (t) => {
  const path = `${calendar}a.ics`;
  const etag = await etagOf(path);
  const later = new Date(Date.now() + 60_000).toUTCString();
  const cases: [headers: Record<string, string>, status: number][] = [
    [{ 'if-none-match': etag }, 304],
    [{ 'if-none-match': `"x", W/${etag}` }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"x"' }, 200],
    [{ 'if-none-match': '"x"', 'if-modified-since': later }, 200],
    [{ 'if-modified-since': later }, 304],
    [{ 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 200],
    [{ 'if-modified-since': 'nonsense' }, 304],
    [{ 'if-match': etag }, 200],
    [{ 'if-match': '"x"' }, 412],
    [{ 'if-match': '"x"', 'if-none-match': etag }, 412],
    [{ 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 412],
  ];
  for (const [headers, status] of cases) {
    const answer = await server.request(alice, 'GET', path, { headers });
    t.equal(answer.status, status, JSON.stringify(headers));
    if (status === 304) t.equal(answer.headers.etag, etag);
  }
});

t.test('writing with conditions', async (t) => {
  const path = `${calendar}c.ics`;
  await put(path, event('c'));
  const etag = await etagOf(path);
  const refused: Record<string, string>[] = [
    { 'if-match': '"stale"' },
    { 'if-match': `W/${etag}` },
    { 'if-match': etag.slice(1, -1) },
    { 'if-none-match': '*' },
    { 'if-none-match': etag },
    { 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' },
    { if: '(["stale"])' },
    { if: `(Not [${etag}])` },
    { if: `([W/${etag}])` },
    { if: '(<opaquelocktoken:1>)' },
    { if: `(<opaquelocktoken:1> [${etag}])` },
    { if: `<${server.url}${path}> (["stale"])` },
    { if: `<${calendar}missing.ics> ([${etag}])` },
  ];
  for (const headers of refused) {
    const label = JSON.stringify(headers);
    t.equal((await put(path, event('c', 'changed'), headers)).status, 412, `PUT ${label}`);
    t.equal((await ask(server, alice, 'DELETE', path, headers)).status, 412, `DELETE ${label}`);
    for (const method of ['COPY', 'MOVE']) {
      const moved = await ask(server, alice, method, path, {
        ...headers,
        destination: '/dav/calendars/alice/tasks/c.ics',
      });
      t.equal(moved.status, 412, `${method} ${label}`);
    }
  }
  t.equal(await etagOf(path), etag, 'nothing happened');
  const passed: Record<string, string>[] = [
    { 'if-match': etag },
    { 'if-match': `"x", ${etag}` },
    { 'if-match': '*' },
    { 'if-none-match': '"x"' },
    { if: `([${etag}])` },
    { if: `(["stale"]) ([${etag}])` },
    { if: '(Not <DAV:no-lock>)' },
    { if: `<${path}> ([${etag}])` },
  ];
  for (const headers of passed) t.equal((await put(path, event('c'), headers)).status, 204, JSON.stringify(headers));
  t.equal((await put(`${calendar}new.ics`, event('new'), { 'if-match': '*' })).status, 412);
  t.equal((await put(`${calendar}new.ics`, event('new'), { 'if-match': etag })).status, 412);
  t.equal((await put(`${calendar}new.ics`, event('new'), { 'if-none-match': '*' })).status, 201);
  t.equal((await put(path, event('c'), { if: 'nonsense' })).status, 400);
});

t.test('of eight writers with one ETag one wins', async (t) => {
  const path = `${calendar}race.ics`;
  const created = await Promise.all(
    Array.from({ length: 8 }, () => put(path, event('race'), { 'if-none-match': '*' })),
  );
  t.same(created.map(({ status }) => status).sort(), [201, 412, 412, 412, 412, 412, 412, 412]);
  for (let round = 0; round < 10; round++) {
    const etag = await etagOf(path);
    const writes = Array.from({ length: 8 }, (_, i) => put(path, event('race', `${round} ${i}`), { 'if-match': etag }));
    const statuses = (await Promise.all(writes)).map(({ status }) => status).sort();
    t.same(statuses, [204, 412, 412, 412, 412, 412, 412, 412]);
  }
});

t.test('DELETE', async (t) => {
  t.equal((await ask(server, alice, 'DELETE', `${calendar}race.ics`)).status, 204);
  t.equal((await ask(server, alice, 'DELETE', `${calendar}race.ics`)).status, 404);
  t.equal((await ask(server, alice, 'DELETE', calendar, { depth: '0' })).status, 400);
  t.equal((await ask(server, alice, 'DELETE', calendar, { depth: '1' })).status, 400);
  t.equal((await ask(server, alice, 'DELETE', calendar, { depth: 'junk' })).status, 400);
  t.equal((await ask(server, alice, 'DELETE', calendar, { 'if-match': '"x"' })).status, 412);
  t.equal((await ask(server, alice, 'DELETE', '/dav/calendars/alice/')).status, 405);
  t.equal((await ask(server, alice, 'DELETE', '/dav/calendars/alice/tasks/', { depth: 'infinity' })).status, 204);
  t.equal((await ask(server, alice, 'PROPFIND', '/dav/calendars/alice/tasks/', { depth: '0' })).status, 404);
});

t.test('paths that try to leave', async (t) => {
  const paths = [
    '/dav/calendars/alice/calendar/../../bob/calendar/',
    '/dav/calendars/alice/calendar/%2e%2e/%2e%2e/bob/',
    '/dav/calendars/alice/calendar/..%2f..%2fbob/',
    '/dav/calendars/alice/calendar/%2e%2e%2fx.ics',
    '/dav/calendars/alice/calendar/..%5c..%5cbob',
    '/dav/calendars/alice/calendar/.%2e/x.ics',
    '/dav/calendars/alice/calendar/%252e%252e/x.ics',
    '/dav/calendars/alice/calendar/%c0%ae%c0%ae/x.ics',
    '/dav/calendars/alice/calendar/..;/x.ics',
    '/dav/calendars/alice/calendar/%00x.ics',
    '/dav/calendars/alice/calendar/%zz.ics',
    '/dav/calendars/alice/calendar/%0d%0aX-Header:%201.ics',
    `/dav/calendars/alice/calendar/${'x'.repeat(15_000)}`,
    `/dav/${'x'.repeat(64 * 1024)}`,
  ];
  for (const path of paths) {
    for (const method of ['GET', 'PROPFIND', 'PUT', 'DELETE']) {
      const body = method === 'PUT' ? event('t') : undefined;
      const { status, headers } = await server.request(alice, method, path, {
        headers: { ...CALENDAR, depth: '0' },
        body,
      });
      t.ok([400, 403, 404, 405, 409, 414].includes(status), `${method} ${path.slice(0, 80)} is ${status}`);
      t.equal(headers['x-header'], undefined);
    }
  }
});

t.test('the If header', async (t) => {
  t.same(parseIf('(<urn:a> [ "b" ]) (Not <urn:c>)').length, 2);
  t.same(parseIf('<http://x/y> (["b"])')[0]?.tag, 'http://x/y');
  for (const bad of ['', '()', '(', '([)', '(["a"]', 'x', '<a>', '(x)', '(Not)', '(["a"])'.repeat(101)]) {
    t.throws(() => parseIf(bad), DavError, bad.slice(0, 20));
  }
});
