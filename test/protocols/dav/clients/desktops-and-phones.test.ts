/** What DAVx5, Evolution, KDE and vdirsyncer ask, in the shape in which they ask it. */
import t from 'tap';
import { ask, CALENDAR } from '../../../support/dav.ts';
import { startServer } from '../../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const home = '/dav/calendars/alice/';
const calendar = `${home}calendar/`;
const book = '/dav/addressbooks/alice/addressbook/';
const SPACES =
  'xmlns="DAV:" xmlns:CAL="urn:ietf:params:xml:ns:caldav" xmlns:CARD="urn:ietf:params:xml:ns:carddav" xmlns:CS="http://calendarserver.org/ns/" xmlns:A="http://apple.com/ns/ical/" xmlns:P="https://bitfire.at/webdav-push"';
const XML = { 'content-type': 'application/xml; charset=utf-8' };
const propfind = (names: string) =>
  `<?xml version='1.0' encoding='UTF-8' ?><propfind ${SPACES}><prop>${names
    .split(' ')
    .map((name) => `<${name}/>`)
    .join('')}</prop></propfind>`;
const lines = (...content: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:x', ...content, 'END:VCALENDAR', ''].join('\r\n');
const series = lines(
  'BEGIN:VEVENT',
  'UID:weekly',
  'DTSTAMP:20260101T000000Z',
  'DTSTART:20260105T090000Z',
  'DURATION:PT1H',
  'RRULE:FREQ=WEEKLY',
  'SUMMARY:Weekly',
  'END:VEVENT',
);

t.test('D1, D2: DAVx5 finds out, and skips what is not there', async (t) => {
  const well = await server.request(alice, 'PROPFIND', '/.well-known/caldav', { headers: { ...XML, depth: '0' } });
  t.equal(well.status, 301);
  const root = '/dav/';
  const first = await ask(
    server,
    alice,
    'PROPFIND',
    root,
    { ...XML, depth: '0' },
    propfind('resourcetype displayname CAL:calendar-description CAL:calendar-home-set current-user-principal'),
  );
  const principal = first.responses[0]?.ok.get('current-user-principal')?.text().trim() ?? '';
  const options = await server.request(alice, 'OPTIONS', principal);
  t.match(options.headers.dav, /\bcalendar-access\b/);
  t.match(options.headers.dav, /\baddressbook\b/);
  const asked =
    'resourcetype displayname current-user-privilege-set owner supported-report-set sync-token CS:getctag CS:source A:calendar-color CAL:calendar-description CAL:calendar-timezone CAL:calendar-timezone-id CAL:supported-calendar-component-set CAL:max-resource-size P:transports P:topic';
  const { responses } = await ask(server, alice, 'PROPFIND', home, { ...XML, depth: '1' }, propfind(asked));
  const own = responses.find(({ href }) => href === calendar);
  for (const name of [
    'sync-token',
    'getctag',
    'owner',
    'supported-report-set',
    'current-user-privilege-set',
    'max-resource-size',
  ])
    t.ok(own?.ok.has(name), name);
  t.equal(own?.failed.get('transports'), 'HTTP/1.1 404 Not Found');
  const books = await ask(
    server,
    alice,
    'PROPFIND',
    '/dav/addressbooks/alice/',
    { ...XML, depth: '1' },
    propfind('resourcetype CARD:supported-address-data CARD:max-resource-size sync-token'),
  );
  const types = books.responses
    .find(({ href }) => href === book)
    ?.ok.get('supported-address-data')
    ?.elements();
  t.same(
    types?.map((one) => one.attribute('version')),
    ['3.0', '4.0'],
  );
});

t.test('D3: DAVx5 synchronises in pages and goes on from the token of each', async (t) => {
  for (let i = 0; i < 5; i++)
    await server.request(alice, 'PUT', `${calendar}page-${i}.ics`, {
      headers: { ...CALENDAR, 'if-none-match': '*' },
      body: series.replace('weekly', `page-${i}`),
    });
  const seen = new Set<string>();
  let token = '';
  for (let pages = 0; ; pages++) {
    const body = `<?xml version='1.0' encoding='UTF-8' ?><sync-collection ${SPACES}><sync-token>${token}</sync-token><sync-level>1</sync-level><limit><nresults>2</nresults></limit><prop><getetag/></prop></sync-collection>`;
    const answer = await ask(server, alice, 'REPORT', calendar, { ...XML, depth: '0' }, body);
    t.equal(answer.status, 207);
    const more = answer.responses.some(
      ({ href, status }) => href === calendar && status === 'HTTP/1.1 507 Insufficient Storage',
    );
    for (const { href, ok } of answer.responses) if (ok.has('getetag')) seen.add(href);
    token = answer.syncToken ?? '';
    if (!more) break;
    if (pages > 10) throw new Error('it does not end');
  }
  t.equal(seen.size, 5);
  const path = `${calendar}page-0.ics`;
  const got = await server.request(alice, 'GET', path, {
    headers: { accept: 'text/calendar;version="2.0", text/calendar;q=0.5' },
  });
  t.equal(got.status, 200);
  const stale = { ...CALENDAR, 'if-match': '"0"' };
  t.equal(
    (await server.request(alice, 'PUT', path, { headers: stale, body: series.replace('weekly', 'page-0') })).status,
    412,
  );
});

t.test('D3: DAVx5 makes a calendar and an address book', async (t) => {
  const made = `<mkcalendar xmlns="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:" xmlns:A="http://apple.com/ns/ical/"><D:set><D:prop><D:resourcetype><D:collection/><calendar/></D:resourcetype><D:displayname>Work</D:displayname><A:calendar-color>#D32F2FFF</A:calendar-color><calendar-timezone-id>Europe/Zurich</calendar-timezone-id><supported-calendar-component-set><comp name="VEVENT"/><comp name="VTODO"/></supported-calendar-component-set></D:prop></D:set></mkcalendar>`;
  t.equal((await server.request(alice, 'MKCALENDAR', `${home}9d1c/`, { headers: XML, body: made })).status, 201);
  const asked = propfind('resourcetype A:calendar-color CAL:supported-calendar-component-set CAL:calendar-timezone-id');
  const { responses } = await ask(server, alice, 'PROPFIND', `${home}9d1c/`, { depth: '0' }, asked);
  t.equal(responses[0]?.ok.get('supported-calendar-component-set')?.elements().length, 2);
  t.equal(responses[0]?.ok.get('calendar-timezone-id')?.text(), 'Europe/Zurich');
  const kept = `<mkcol ${SPACES}><set><prop><resourcetype><collection/><CARD:addressbook/></resourcetype><displayname>Club</displayname><CARD:addressbook-description>All</CARD:addressbook-description></prop></set></mkcol>`;
  t.equal(
    (await server.request(alice, 'MKCOL', '/dav/addressbooks/alice/9d1d/', { headers: XML, body: kept })).status,
    201,
  );
});

t.test('E1: Evolution looks around', async (t) => {
  const root = propfind(
    'resourcetype current-user-principal principal-URL CAL:calendar-home-set CAL:calendar-user-address-set',
  );
  t.equal((await ask(server, alice, 'PROPFIND', '/', { ...XML, depth: '0' }, root)).status, 207);
  const asked = propfind(
    'CS:source CAL:supported-calendar-component-set displayname resourcetype CS:getctag getetag getcontenttype getcontentlength creationdate getlastmodified CAL:calendar-description A:calendar-color A:calendar-order',
  );
  const { status, responses } = await ask(server, alice, 'PROPFIND', home, { ...XML, depth: '1' }, asked);
  t.equal(status, 207);
  for (const { href, ok } of responses) t.ok(ok.has('resourcetype'), href);
  t.match((await server.request(alice, 'OPTIONS', calendar)).headers.allow, /PUT|PROPPATCH/);
});

t.test('E2: Evolution asks for ETags in ten weeks, and a series that began before is among them', async (t) => {
  const path = `${calendar}weekly.ics`;
  const headers = { ...CALENDAR, 'if-none-match': '*', prefer: 'return=minimal' };
  t.equal((await server.request(alice, 'PUT', path, { headers, body: series })).status, 201);
  const body = `<?xml version="1.0" encoding="UTF-8"?><CAL:calendar-query ${SPACES}><prop><getetag/></prop><CAL:filter><CAL:comp-filter name="VCALENDAR"><CAL:comp-filter name="VEVENT"><CAL:time-range start="20260801T000000Z" end="20261010T000000Z"/></CAL:comp-filter></CAL:comp-filter></CAL:filter></CAL:calendar-query>`;
  const { responses } = await ask(server, alice, 'REPORT', calendar, { ...XML, depth: '1' }, body);
  const found = responses.find(({ href }) => href === path);
  t.same([...(found?.ok.keys() ?? [])], ['getetag']);
  const encoded = await ask(
    server,
    alice,
    'PROPFIND',
    '/dav/calendars/%61lice/calendar/weekly%2Eics',
    { ...XML, depth: '0' },
    propfind('getetag'),
  );
  t.equal(encoded.responses[0]?.href, path, 'one spelling in answers');
});

t.test('K1: KDE makes a calendar with components that are not kept', async (t) => {
  const components = ['VCALENDAR', 'VEVENT', 'VTODO', 'VFREEBUSY', 'VJOURNAL']
    .map((name) => `<CAL:comp name="${name}"/>`)
    .join('');
  const body = `<mkcol ${SPACES}><set><prop><displayname>kde</displayname><resourcetype><collection/><CAL:calendar/></resourcetype><CAL:supported-calendar-component-set>${components}</CAL:supported-calendar-component-set></prop></set></mkcol>`;
  t.equal((await server.request(alice, 'MKCOL', `${home}kde/`, { headers: XML, body })).status, 201);
  for (const component of ['VEVENT', 'VTODO']) {
    const query = `<CAL:calendar-query ${SPACES}><prop><getetag/><resourcetype/></prop><CAL:filter><CAL:comp-filter name="VCALENDAR"><CAL:comp-filter name="${component}"/></CAL:comp-filter></CAL:filter></CAL:calendar-query>`;
    t.equal((await ask(server, alice, 'REPORT', `${home}kde/`, { ...XML, depth: '1' }, query)).status, 207, component);
  }
  const asked = propfind(
    'displayname resourcetype A:calendar-color CAL:supported-calendar-component-set current-user-privilege-set CS:getctag',
  );
  t.equal((await ask(server, alice, 'PROPFIND', home, { ...XML, depth: '1' }, asked)).status, 207);
});

t.test('V1: vdirsyncer', async (t) => {
  const asked = propfind('resourcetype getcontenttype getetag');
  const events = await ask(server, alice, 'PROPFIND', calendar, { ...XML, depth: '1' }, asked);
  const members = events.responses.filter(({ href }) => href !== calendar);
  t.ok(members.length > 0 && members.every(({ ok }) => ok.get('getcontenttype')?.text().startsWith('text/calendar')));
  const card = ['BEGIN:VCARD', 'VERSION:3.0', 'UID:v', 'FN:V', 'N:V;;;;', 'END:VCARD', ''].join('\r\n');
  await server.request(alice, 'PUT', `${book}v.vcf`, {
    headers: { 'content-type': 'text/vcard', 'if-none-match': '*' },
    body: card,
  });
  const cards = await ask(server, alice, 'PROPFIND', book, { ...XML, depth: '1' }, asked);
  t.match(
    cards.responses
      .find(({ href }) => href === `${book}v.vcf`)
      ?.ok.get('getcontenttype')
      ?.text(),
    /^text\/vcard/,
  );
  for (const [name, value] of [
    ['displayname', 'Renamed'],
    ['A:calendar-color', '#ff0000ff'],
  ] as const) {
    const body = `<propertyupdate ${SPACES}><set><prop><${name}>${value}</${name}></prop></set></propertyupdate>`;
    const set = await ask(server, alice, 'PROPPATCH', calendar, XML, body);
    t.ok(set.responses[0]?.ok.has(name.replace('A:', '')), name);
  }
});
