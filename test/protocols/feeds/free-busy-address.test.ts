/** Published free/busy: /freebusy/ADDRESS.ifb, for those who chose it; RFC 5546 §3.3.1. */
import t from 'tap';
import { event } from '../../support/calendar.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t, { now: () => Date.UTC(2026, 2, 2, 13, 30) });
const anna = await server.addUser('anna');
await server.addUser('bert');
const body = event('e', '20260305T100000Z', 'SUMMARY:Secret', 'LOCATION:Hidden');
await server.request(anna, 'PUT', '/dav/calendars/anna/calendar/e.ics', {
  headers: { 'Content-Type': 'text/calendar; charset=utf-8' },
  body,
});
const get = (path: string, method = 'GET') => server.request(undefined, method, path);
const share = (sharedWith: 'nobody' | 'organisation' | 'everyone') =>
  server.store.transaction((write) => write.freeBusySharing.set(anna.id, sharedWith));

t.test('only of those who chose it; closed and unknown look alike', async (t) => {
  const unknown = await get('/freebusy/nobody@example.org.ifb');
  t.equal(unknown.status, 404);
  for (const choice of [undefined, 'nobody', 'organisation'] as const) {
    if (choice !== undefined) await share(choice);
    const { status, text, headers } = await get('/freebusy/anna@example.org.ifb');
    t.same(
      [status, text, headers['cache-control']],
      [404, unknown.text, unknown.headers['cache-control']],
      `${choice}`,
    );
  }
});

t.test('times only, two months ahead, without a log-in', async (t) => {
  await share('everyone');
  const paths = ['anna@example.org.ifb', 'ANNA@Example.org.IFB', 'anna@example.org.vfb', 'anna%40example.org.ifb'];
  for (const path of paths) {
    const { status, headers, text } = await get(`/freebusy/${path}`);
    t.equal(status, 200, path);
    t.equal(headers['content-type'], 'text/calendar; charset=utf-8');
    t.match(text, /^BEGIN:VCALENDAR\r\nVERSION:2\.0\r\n/);
    for (const line of [
      'METHOD:PUBLISH',
      'ORGANIZER:mailto:anna@example.org',
      'DTSTART:20260302T000000Z',
      'DTEND:20260503T000000Z',
      'DTSTAMP:20260302T133000Z',
      'FREEBUSY;FBTYPE=BUSY:20260305T100000Z/20260305T110000Z',
    ])
      t.match(text, `\r\n${line}\r\n`);
    t.match(text, /\r\nUID:freebusy-/);
    t.notMatch(text, /Secret|Hidden|SUMMARY/);
  }
  const head = await get('/freebusy/anna@example.org.ifb', 'HEAD');
  t.same([head.status, head.text, head.headers['content-type']], [200, '', 'text/calendar; charset=utf-8']);
});

t.test('what is no such address', async (t) => {
  const table: [string, number][] = [
    ['anna@example.org', 404],
    ['anna@example.org.ics', 404],
    ['anna.ifb', 404],
    ['@.ifb', 404],
    ['bert@example.org.ifb', 404],
    [`${'a'.repeat(5_000)}@example.org.ifb`, 404],
    ['anna@example.org%00.ifb', 404],
    ['%ff@example.org.ifb', 400],
  ];
  for (const [path, status] of table) t.equal((await get(`/freebusy/${path}`)).status, status, path.slice(0, 40));
  t.not((await get('/freebusy/anna@example.org.ifb', 'DELETE')).status, 200);
});
