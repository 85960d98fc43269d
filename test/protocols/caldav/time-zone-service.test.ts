/** The time zone service: RFC 7808 §4.1, §5, §6. */
import t from 'tap';
import { parseVtimezone } from '../../../src/calendar/calendar-zones.ts';
import { timeZoneVersion } from '../../../src/calendar/time-zones.ts';
import { propfindBody } from '../../support/dav.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const service = '/dav/stdtimezones';
const get = (path: string) => server.request(undefined, 'GET', service + path);
const json = async (path: string) => JSON.parse((await get(path)).text) as Record<string, unknown>;
const error = async (path: string) => {
  const { status, text } = await get(path);
  return `${status} ${(JSON.parse(text) as { type: string }).type.replace('urn:ietf:params:tzdist:error:', '')}`;
};

t.test('discovery', async (t) => {
  const found = await server.request(undefined, 'GET', '/.well-known/timezone');
  t.equal(found.status, 301);
  t.equal(found.headers.location, `${server.url}${service}`);
  const home = await server.request(alice, 'PROPFIND', '/dav/calendars/alice/', {
    headers: { depth: '0' },
    body: propfindBody('C:timezone-service-set'),
  });
  t.match(home.text, `<C:timezone-service-set><D:href>${service}</D:href>`);
  const actions = (await json('/capabilities'))['actions'] as { name: string }[];
  t.same(
    actions.map(({ name }) => name),
    ['capabilities', 'list', 'get', 'expand', 'find'],
  );
  for (const method of ['PUT', 'POST', 'DELETE', 'PROPFIND'])
    t.equal((await server.request(undefined, method, service)).status, 405, method);
});

t.test('list and find', async (t) => {
  const names = async (query: string) =>
    ((await json(`/zones${query}`))['timezones'] as { tzid: string }[]).map(({ tzid }) => tzid);
  const all = await names('');
  t.ok(all.length > 300 && all.includes('Europe/Zurich'));
  t.same(await names(`?changedsince=${timeZoneVersion()}`), []);
  const cases: [pattern: string, expected: string[]][] = [
    ['America/New_York', ['America/New_York']],
    ['*/new york', ['America/New_York']],
    ['US/East*', ['America/New_York']],
    ['*Zuri*', ['Europe/Zurich']],
    ['Zurich', []],
  ];
  for (const [pattern, expected] of cases)
    t.same(await names(`?pattern=${encodeURIComponent(pattern)}`), expected, pattern);
  for (const pattern of ['*', '**', 'a*b', ''])
    t.equal(await error(`/zones?pattern=${pattern}`), '400 invalid-pattern', pattern);
  t.equal(await error('/zones?pattern=a&pattern=b'), '400 invalid-pattern');
});

t.test('one zone', async (t) => {
  const got = await get('/zones/America%2FNew_York');
  t.equal(got.headers['content-type'], 'text/calendar; charset=utf-8');
  t.equal(parseVtimezone(got.text).tzid, 'America/New_York');
  t.match(got.text, 'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU');
  t.equal(await error('/zones/America%2FPittsburgh'), '404 tzid-not-found');
  t.equal(await error('/zones/..%2F..%2Fetc'), '404 tzid-not-found');
  for (const path of ['', '/', '/foobar', '/zones/a/b', '/zones/a/b/c', '/observances'])
    t.equal(await error(path), '400 invalid-action', path);
});

t.test('its changes', async (t) => {
  const range = '?start=2008-01-01T00:00:00Z&end=2009-01-01T00:00:00Z';
  for (const path of ['/zones/America%2FNew_York/observances', '/observances/America%2FNew_York']) {
    const answer = (await json(path + range)) as unknown as { observances: Record<string, unknown>[] };
    t.same(
      answer.observances.map((one) => [one['onset'], one['utc-offset-from'], one['utc-offset-to']]),
      [
        ['2008-01-01T00:00:00Z', -18000, -18000],
        ['2008-03-09T07:00:00Z', -18000, -14400],
        ['2008-11-02T06:00:00Z', -14400, -18000],
      ],
    );
  }
  const cases: [query: string, expected: string][] = [
    ['', '400 invalid-start'],
    ['?start=20080101', '400 invalid-start'],
    ['?start=2008-01-01T00:00:00Z&start=2009-01-01T00:00:00Z', '400 invalid-start'],
    ['?start=2008-01-01T00:00:00Z&end=2009', '400 invalid-end'],
    ['?start=2008-01-01T00:00:00Z&end=2008-01-01T00:00:00Z', '400 invalid-end'],
    ['?start=0001-01-01T00:00:00Z&end=9999-01-01T00:00:00Z', '400 invalid-end'],
  ];
  for (const [query, expected] of cases)
    t.equal(await error(`/zones/Europe%2FZurich/observances${query}`), expected, query);
});
