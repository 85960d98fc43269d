/** What the Outlook plug-in CalDav Synchronizer asks, in the shape in which it asks it. */
import t from 'tap';
import { ask, CALENDAR } from '../../../support/dav.ts';
import { startServer } from '../../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const home = '/dav/calendars/alice/';
const calendar = `${home}calendar/`;
const book = '/dav/addressbooks/alice/addressbook/';
const AGENT = { 'user-agent': 'CalDavSynchronizer/4.5', 'content-type': 'application/xml; charset=utf-8' };
const SPACES =
  'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="urn:ietf:params:xml:ns:carddav" xmlns:E="http://apple.com/ns/ical/" xmlns:S="http://calendarserver.org/ns/"';
const propfind = (...names: string[]) =>
  `<?xml version='1.0'?><D:propfind ${SPACES}><D:prop>${names.map((name) => `<${name}/>`).join('')}</D:prop></D:propfind>`;
const query = (component: string, from: string, until: string) =>
  `<?xml version="1.0"?><C:calendar-query ${SPACES}><D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="${component}"><C:time-range start="${from}" end="${until}"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`;
const object = (uid: string, start: string) =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//ddaysoftware.com//NONSGML DDay.iCal 1.0//EN',
    'BEGIN:VEVENT',
    `UID:${uid}`,
    'DTSTAMP:20260101T000000Z',
    `DTSTART:${start}`,
    'DURATION:PT1H',
    'SUMMARY:Outlook',
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');

t.test('C1: what the collections can', async (t) => {
  t.match((await server.request(alice, 'OPTIONS', calendar, { headers: AGENT })).headers.dav, /calendar-access/);
  t.match((await server.request(alice, 'OPTIONS', book, { headers: AGENT })).headers.dav, /addressbook/);
  const asked = propfind('D:resourcetype', 'D:supported-report-set');
  const { responses } = await ask(server, alice, 'PROPFIND', calendar, { ...AGENT, depth: '0' }, asked);
  t.ok(responses[0]?.ok.get('resourcetype')?.child('urn:ietf:params:xml:ns:caldav', 'calendar'));
  t.match(responses[0]?.ok.get('supported-report-set')?.elements().length, /\d/);
});

t.test('C2, C3: calendars are listed with name, components and owner', async (t) => {
  const names = [
    'D:resourcetype',
    'D:displayname',
    'E:calendar-color',
    'C:supported-calendar-component-set',
    'D:owner',
  ];
  const { responses } = await ask(
    server,
    alice,
    'PROPFIND',
    home,
    { ...AGENT, depth: '1' },
    propfind(...names, 'D:current-user-principal', 'D:acl'),
  );
  const calendars = responses.filter(({ ok }) =>
    ok.get('resourcetype')?.child('urn:ietf:params:xml:ns:caldav', 'calendar'),
  );
  t.ok(calendars.length >= 2);
  for (const { href, ok } of calendars) {
    t.ok(ok.has('displayname') && ok.has('supported-calendar-component-set'), href);
    const colour = ok.get('calendar-color')?.text();
    t.ok(colour === undefined || colour.length >= 7, href);
    t.equal(ok.get('owner')?.text().trim(), '/dav/principals/alice/');
    t.equal(ok.get('owner')?.text().trim(), ok.get('current-user-principal')?.text().trim());
  }
  const who = await ask(
    server,
    alice,
    'PROPFIND',
    '/dav/principals/alice/',
    { ...AGENT, depth: '0' },
    propfind('C:calendar-user-address-set'),
  );
  t.match(
    who.responses[0]?.ok.get('calendar-user-address-set')?.elements()[0]?.text(),
    /^mailto:alice@example\.org$/,
    'the first one',
  );
});

t.test('C4: queries for ETags; nothing found is 207 with no member', async (t) => {
  const empty = await ask(
    server,
    alice,
    'REPORT',
    calendar,
    { ...AGENT, depth: '1' },
    query('VEVENT', '20300101T000000Z', '20310101T000000Z'),
  );
  t.same([empty.status, empty.responses.length], [207, 0]);
  await server.request(alice, 'PUT', `${calendar}q.ics`, {
    headers: { ...CALENDAR, 'if-none-match': '*' },
    body: object('q', '20260105T090000Z'),
  });
  const found = await ask(
    server,
    alice,
    'REPORT',
    calendar,
    { ...AGENT, depth: '1' },
    query('VEVENT', '20260101T000000Z', '20260201T000000Z'),
  );
  t.same([...(found.responses[0]?.ok.keys() ?? [])], ['getetag']);
  const tasks = await ask(
    server,
    alice,
    'REPORT',
    `${home}tasks/`,
    { ...AGENT, depth: '1' },
    query('VTODO', '20260101T000000Z', '20260201T000000Z'),
  );
  t.same([tasks.status, tasks.responses.length], [207, 0]);
  const multiget = `<?xml version="1.0"?><C:calendar-multiget ${SPACES}><D:prop><D:getetag/><D:displayname/><C:calendar-data/></D:prop><D:href>${calendar}q.ics</D:href></C:calendar-multiget>`;
  const got = await ask(server, alice, 'REPORT', calendar, { ...AGENT, depth: '1' }, multiget);
  t.match(got.responses[0]?.ok.get('calendar-data')?.text(), /SUMMARY:Outlook/);
  const sync = `<?xml version="1.0"?><D:sync-collection ${SPACES}><D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>`;
  const first = await ask(server, alice, 'REPORT', calendar, { ...AGENT, depth: '0' }, sync);
  t.equal(first.responses.length, 1);
  const unknown = sync.replace('<D:sync-token/>', '<D:sync-token>http://example.com/1</D:sync-token>');
  const refused = await ask(server, alice, 'REPORT', calendar, { ...AGENT, depth: '0' }, unknown);
  t.same([refused.status, refused.condition], [403, ['valid-sync-token']]);
});

t.test('C5: PUT answers with the ETag; what is gone or changed is a conflict', async (t) => {
  const path = `${calendar}5e7a.ics`;
  const put = (headers: Record<string, string>) =>
    server.request(alice, 'PUT', path, {
      headers: { ...AGENT, 'content-type': 'text/calendar', ...headers },
      body: object('5e7a', '20260106T090000Z'),
    });
  t.ok([404, 412].includes((await put({ 'if-match': '"1"' })).status), 'an update of what is not there');
  const made = await put({ 'if-none-match': '*' });
  t.equal(made.status, 201);
  t.match(made.headers.etag, /^"[^"]+"$/);
  t.equal((await put({ 'if-match': '"1"' })).status, 412);
});

t.test('C6: a calendar by MKCOL with its type only, then its name and colour', async (t) => {
  const path = `${home}outlook/`;
  const body = `<?xml version='1.0'?><D:mkcol ${SPACES}><D:set><D:prop><D:resourcetype><D:collection/><C:calendar/></D:resourcetype></D:prop></D:set></D:mkcol>`;
  t.equal((await server.request(alice, 'MKCOL', path, { headers: AGENT, body })).status, 201);
  for (const property of ['<D:displayname>Outlook</D:displayname>', '<E:calendar-color>#00FF00FF</E:calendar-color>']) {
    const set = `<?xml version='1.0'?><D:propertyupdate ${SPACES}><D:set><D:prop>${property}</D:prop></D:set></D:propertyupdate>`;
    const answer = await ask(server, alice, 'PROPPATCH', path, AGENT, set);
    t.equal(answer.responses[0]?.ok.size, 1, property);
  }
  const { responses } = await ask(
    server,
    alice,
    'PROPFIND',
    path,
    { ...AGENT, depth: '0' },
    propfind('C:supported-calendar-component-set'),
  );
  const names = responses[0]?.ok
    .get('supported-calendar-component-set')
    ?.elements()
    .map((one) => one.attribute('name'));
  t.ok(names?.includes('VEVENT') && names.includes('VTODO'));
});

t.test('C7: delegates and rooms', async (t) => {
  const options = await server.request(alice, 'OPTIONS', '/dav/principals/alice/', { headers: AGENT });
  t.match(options.headers.dav, /calendar-proxy/);
  const asked = propfind('S:calendar-proxy-read-for', 'S:calendar-proxy-write-for');
  const { responses } = await ask(server, alice, 'PROPFIND', '/dav/principals/alice/', { ...AGENT, depth: '0' }, asked);
  t.equal(responses[0]?.ok.size, 2);
  for (const type of ['ROOM', 'RESOURCE']) {
    const body = `<?xml version="1.0"?><D:principal-property-search ${SPACES}><D:property-search><D:prop><C:calendar-user-type/></D:prop><D:match>${type}</D:match></D:property-search><D:prop><C:calendar-user-address-set/><D:displayname/></D:prop></D:principal-property-search>`;
    t.equal((await ask(server, alice, 'REPORT', '/dav/principals/', { ...AGENT, depth: '0' }, body)).status, 207, type);
  }
});

t.test('C8: cards as Outlook fills them, and distribution lists of three kinds', async (t) => {
  const cards: [name: string, lines: string[]][] = [
    [
      'person',
      [
        'VERSION:3.0',
        'UID:person',
        'N:Doe;Jo;;;',
        'FN:Jo Doe',
        'X-ASSISTANT:Max',
        'X-MANAGER:Eva',
        'X-SPOUSE:Kim',
        'IMPP;TYPE=HOME:xmpp:jo@example.org',
        'X-SKYPE:jo',
      ],
    ],
    ['list', ['VERSION:3.0', 'UID:list', 'N:List;;;;', 'FN:List', 'KIND:group', 'MEMBER:mailto:jo@example.org']],
    [
      'apple',
      [
        'VERSION:3.0',
        'UID:apple',
        'N:Apple;;;;',
        'FN:Apple',
        'X-ADDRESSBOOKSERVER-KIND:group',
        'X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:person',
      ],
    ],
  ];
  for (const [name, lines] of cards) {
    const body = ['BEGIN:VCARD', ...lines, 'END:VCARD', ''].join('\r\n');
    const headers = { ...AGENT, 'content-type': 'text/vcard', 'if-none-match': '*' };
    t.equal((await server.request(alice, 'PUT', `${book}${name}.vcf`, { headers, body })).status, 201, name);
    t.equal((await server.request(alice, 'GET', `${book}${name}.vcf`)).text, body);
  }
  const { responses } = await ask(
    server,
    alice,
    'PROPFIND',
    book,
    { ...AGENT, depth: '1' },
    propfind('D:getetag', 'D:getcontenttype'),
  );
  const members = responses.filter(({ href }) => href !== book);
  t.equal(members.length, cards.length);
  for (const { href, ok } of members) t.match(ok.get('getcontenttype')?.text(), /^text\/(?:x-)?vcard/, href);
});
