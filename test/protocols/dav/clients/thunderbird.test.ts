/** What Thunderbird's calendar and address book ask, in the shape and order in which they ask it. */
import t from 'tap';
import { ask, CALENDAR, event } from '../../../support/dav.ts';
import { startServer } from '../../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const home = '/dav/calendars/alice/';
const calendar = `${home}calendar/`;
const book = '/dav/addressbooks/alice/addressbook/';
const AGENT = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.7.0',
  accept: 'text/xml',
  'accept-charset': 'utf-8,*;q=0.1',
  'content-type': 'text/xml; charset=utf-8',
};
const SPACES =
  "xmlns:D='DAV:' xmlns:A='http://apple.com/ns/ical/' xmlns:C='urn:ietf:params:xml:ns:caldav' xmlns:CS='http://calendarserver.org/ns/' xmlns:card='urn:ietf:params:xml:ns:carddav'";
const propfind = (...names: string[]) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<D:propfind ${SPACES}><D:prop>${names.map((name) => `<${name}/>`).join('')}</D:prop></D:propfind>`;

t.test('T10: from the root to the calendars', async (t) => {
  const names = [
    'D:resourcetype',
    'D:owner',
    'D:displayname',
    'D:current-user-principal',
    'D:current-user-privilege-set',
  ];
  names.push('A:calendar-color', 'C:calendar-home-set');
  const anonymous = await server.request(undefined, 'PROPFIND', '/', {
    headers: { ...AGENT, depth: '0' },
    body: propfind(...names),
  });
  t.equal(anonymous.status, 401);
  t.match(anonymous.headers['www-authenticate'], /^Basic realm="[^"]+", charset="UTF-8"$/);
  const root = await ask(server, alice, 'PROPFIND', '/', { ...AGENT, depth: '0' }, propfind(...names));
  const principal = root.responses[0]?.ok.get('current-user-principal')?.text().trim() ?? '';
  const own = await ask(server, alice, 'PROPFIND', principal, { ...AGENT, depth: '0' }, propfind(...names));
  t.equal(own.responses[0]?.ok.get('calendar-home-set')?.text().trim(), home);
  const listed = await ask(server, alice, 'PROPFIND', home, { ...AGENT, depth: '1' }, propfind(...names));
  t.equal(listed.status, 207);
  for (const { href, ok } of listed.responses) t.ok(ok.has('resourcetype'), `${href} has its type in a 200 propstat`);
  t.match(listed.text, /<D:status>HTTP\/1\.1 200 OK<\/D:status>/);
});

t.test('T11: one calendar, its parent, and the principal with a slash', async (t) => {
  const names = ['D:resourcetype', 'D:owner', 'D:current-user-principal', 'D:current-user-privilege-set'];
  names.push('D:supported-report-set', 'C:supported-calendar-component-set', 'CS:getctag');
  const { status, responses } = await ask(
    server,
    alice,
    'PROPFIND',
    calendar,
    { ...AGENT, depth: '0' },
    propfind(...names),
  );
  t.equal(status, 207);
  t.equal(responses[0]?.failed.size, 0);
  const reports = responses[0]?.ok.get('supported-report-set')?.elements() ?? [];
  const known = reports.map((one) => one.child('DAV:', 'report')?.elements()[0]?.name);
  for (const name of ['calendar-query', 'calendar-multiget', 'sync-collection', 'free-busy-query'])
    t.ok(known.includes(name), name);
  const privileges = responses[0]?.ok
    .get('current-user-privilege-set')
    ?.elements()
    .map((one) => one.elements()[0]?.name);
  for (const name of ['read', 'write', 'write-content', 'write-properties', 'bind', 'unbind', 'all'])
    t.ok(privileges?.includes(name), name);
  const options = await server.request(alice, 'OPTIONS', home, { headers: AGENT });
  t.equal(options.status, 200);
  const [, ...rest] = String(options.headers.dav).split(/,\s*/);
  t.ok(rest.includes('calendar-access') && rest.includes('calendar-auto-schedule'), 'the first token is dropped');
  const asked = propfind(
    'C:calendar-home-set',
    'C:calendar-user-address-set',
    'C:schedule-inbox-URL',
    'C:schedule-outbox-URL',
  );
  const who = await ask(server, alice, 'PROPFIND', '/dav/principals/alice/', { ...AGENT, depth: '0' }, asked);
  t.equal(who.responses[0]?.failed.size, 0);
});

t.test('T12: a new event, read back by multiget; change, conflict, deletion', async (t) => {
  const path = `${calendar}a_b-c.d_e.ics`;
  const put = (headers: Record<string, string>, summary: string) =>
    server.request(alice, 'PUT', path, {
      headers: { ...AGENT, ...CALENDAR, ...headers },
      body: event('a b-c.d@e', summary),
    });
  const made = await put({ 'if-none-match': '*' }, 'one');
  t.equal(made.status, 201);
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<C:calendar-multiget ${SPACES}><D:prop><D:getetag/><C:calendar-data/></D:prop><D:href>${path}</D:href></C:calendar-multiget>`;
  const read = await ask(server, alice, 'REPORT', calendar, { ...AGENT, depth: '1' }, body);
  t.equal(read.responses[0]?.ok.get('getetag')?.text(), made.headers.etag);
  t.match(read.responses[0]?.ok.get('calendar-data')?.text(), /SUMMARY:one/);
  const changed = await put({ 'if-match': String(made.headers.etag) }, 'two');
  t.equal(changed.status, 204);
  const stale = { ...AGENT, 'if-match': String(made.headers.etag) };
  t.equal((await server.request(alice, 'DELETE', path, { headers: stale })).status, 412);
  t.equal((await server.request(alice, 'HEAD', path, { headers: AGENT })).headers.etag, changed.headers.etag);
  const fresh = { ...AGENT, 'if-match': String(changed.headers.etag) };
  t.equal((await server.request(alice, 'DELETE', path, { headers: fresh })).status, 204);
  t.equal((await server.request(alice, 'HEAD', path, { headers: AGENT })).status, 404);
});

t.test('T13: free/busy with the headers of drafts', async (t) => {
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN',
    'METHOD:REQUEST',
  ];
  lines.push('BEGIN:VFREEBUSY', 'DTSTAMP:20260101T000000Z', 'ORGANIZER:mailto:alice@example.org', 'UID:1234');
  lines.push(
    'DTSTART:20260105T000000Z',
    'DTEND:20260106T000000Z',
    'ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:alice@example.org',
  );
  const body = [...lines, 'END:VFREEBUSY', 'END:VCALENDAR', ''].join('\r\n');
  const headers = {
    ...AGENT,
    ...CALENDAR,
    originator: 'mailto:alice@example.org',
    recipient: 'mailto:alice@example.org',
  };
  const { status, text } = await server.request(alice, 'POST', `${home}outbox/`, { headers, body });
  t.equal(status, 200);
  t.match(text, /<C:request-status>2\.\d/);
});

t.test('G9: a first sync with Depth 1, then what changed and what left', async (t) => {
  const sync = (token: string) =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<sync-collection xmlns="DAV:"><sync-token>${token}</sync-token><sync-level>1</sync-level><prop><getcontenttype/><getetag/></prop></sync-collection>`;
  await server.request(alice, 'PUT', `${calendar}s.ics`, { headers: CALENDAR, body: event('s') });
  const first = await ask(server, alice, 'REPORT', calendar, { ...AGENT, depth: '1' }, sync(''));
  t.match(
    first.responses
      .find(({ href }) => href.endsWith('/s.ics'))
      ?.ok.get('getcontenttype')
      ?.text(),
    /^text\/calendar/,
  );
  await server.request(alice, 'DELETE', `${calendar}s.ics`);
  const second = await ask(server, alice, 'REPORT', calendar, { ...AGENT, depth: '1' }, sync(first.syncToken ?? ''));
  t.same(
    second.responses.map(({ href, status }) => [href, status]),
    [[`${calendar}s.ics`, 'HTTP/1.1 404 Not Found']],
  );
  t.ok(second.syncToken);
  const unknown = await ask(
    server,
    alice,
    'REPORT',
    calendar,
    { ...AGENT, depth: '1' },
    sync('http://example.com/old/1'),
  );
  t.same([unknown.status, unknown.condition], [403, ['valid-sync-token']]);
});

t.test('T16: an address book', async (t) => {
  const names = ['D:resourcetype', 'D:displayname', 'D:current-user-privilege-set'];
  const found = await ask(
    server,
    alice,
    'PROPFIND',
    '/dav/addressbooks/alice/',
    { ...AGENT, depth: '1' },
    propfind(...names),
  );
  t.ok(
    found.responses.some(
      ({ href, ok }) => href === book && ok.get('resourcetype')?.child('urn:ietf:params:xml:ns:carddav', 'addressbook'),
    ),
  );
  const vcard = (fn: string) =>
    ['BEGIN:VCARD', 'VERSION:4.0', `FN:${fn}`, 'EMAIL;PREF=1:p@example.org', 'UID:1f8a', 'END:VCARD', ''].join('\r\n');
  const headers = { ...AGENT, 'content-type': 'text/vcard' };
  t.equal((await server.request(alice, 'PUT', `${book}1f8a.vcf`, { headers, body: vcard('Person') })).status, 201);
  t.equal(
    (await server.request(alice, 'PUT', `${book}1f8a.vcf`, { headers, body: vcard('Changed') })).status,
    204,
    'without If-Match',
  );
  const body = `<card:addressbook-multiget ${SPACES}><D:prop><D:getetag/><card:address-data/></D:prop><D:href>${book}1f8a.vcf</D:href></card:addressbook-multiget>`;
  const read = await ask(server, alice, 'REPORT', book, { ...AGENT, depth: '1' }, body);
  t.equal(read.responses[0]?.href, `${book}1f8a.vcf`);
  t.match(read.responses[0]?.ok.get('address-data')?.text(), /FN:Changed/);
  const all = await ask(
    server,
    alice,
    'PROPFIND',
    book,
    { ...AGENT, depth: '1' },
    propfind('D:resourcetype', 'D:getetag', 'CS:getctag'),
  );
  const [self, member] = all.responses;
  t.ok(self?.ok.has('getctag') && member?.ok.has('getetag') && member?.ok.has('resourcetype'));
  const sync = (token: string) =>
    `<sync-collection xmlns="DAV:" ${SPACES}><sync-token>${token}</sync-token><sync-level>1</sync-level><prop><getetag/><card:address-data/></prop></sync-collection>`;
  const first = await ask(server, alice, 'REPORT', book, { ...AGENT, depth: '1' }, sync(''));
  const { ok } = first.responses[0] ?? { ok: new Map() };
  t.ok(ok.has('getetag') && ok.has('address-data'), 'both in one go');
  const unknown = await ask(server, alice, 'REPORT', book, { ...AGENT, depth: '1' }, sync('http://example.com/old/1'));
  t.same([unknown.status, unknown.condition], [400, ['valid-sync-token']], 'any other status stops it for ever');
});
