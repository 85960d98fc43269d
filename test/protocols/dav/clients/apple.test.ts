/**
 * What Apple's Calendar, Reminders and Contacts ask, in the shape and order in which they ask it: RFC 6764 §6, RFC 4791, RFC 6352,
 * RFC 6638 and the extensions of http://calendarserver.org/ns/.
 */
import t from 'tap';
import { ask, CALENDAR, event } from '../../../support/dav.ts';
import { startServer } from '../../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const home = '/dav/calendars/alice/';
const books = '/dav/addressbooks/alice/';
const principal = '/dav/principals/alice/';
const AGENT = { 'user-agent': 'macOS/10.14 (18A389) accountsd/113', 'content-type': 'text/xml', brief: 't' };
const CALENDARS = { ...AGENT, accept: '*/*', prefer: 'return=minimal', depth: '1' };

const NAMESPACES = {
  A: 'DAV:',
  B: 'urn:ietf:params:xml:ns:caldav',
  C: 'http://calendarserver.org/ns/',
  D: 'http://apple.com/ns/ical/',
  E: 'http://me.com/_namespace/',
  F: 'urn:ietf:params:xml:ns:carddav',
} as const;

/** Each element declares its own namespace, as Apple's programs write it. */
function element(name: string, content = ''): string {
  const [prefix = 'A', local = ''] = name.split(':');
  const space = `xmlns:${prefix}="${NAMESPACES[prefix as keyof typeof NAMESPACES]}"`;
  return content === '' ? `<${name} ${space}/>` : `<${name} ${space}>${content}</${prefix}:${local}>`;
}
const list = (prefix: string, names: string) => names.split(' ').map((name) => element(`${prefix}:${name}`));
const propfind = (...properties: string[]) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<A:propfind xmlns:A="DAV:"><A:prop>${properties.join('')}</A:prop></A:propfind>`;

t.test('A1, A14: well-known, then the principal', async (t) => {
  for (const path of ['/.well-known/caldav/', '/.well-known/carddav/']) {
    const redirected = await server.request(undefined, 'PROPFIND', path, { headers: { ...AGENT, depth: '0' } });
    t.equal(redirected.status, 301);
    const root = String(redirected.headers.location).slice(server.url.length);
    t.equal((await server.request(undefined, 'PROPFIND', root, { headers: { ...AGENT, depth: '0' } })).status, 401);
    const who = propfind(...list('A', 'current-user-principal principal-URL resourcetype'));
    const answer = await ask(server, alice, 'PROPFIND', root, { ...AGENT, depth: '0' }, who);
    t.equal(answer.responses[0]?.ok.get('current-user-principal')?.text(), principal);
  }
  const asked = propfind(
    ...list('B', 'calendar-home-set calendar-user-address-set schedule-inbox-URL schedule-outbox-URL'),
    ...list('A', 'current-user-principal displayname principal-collection-set principal-URL resource-id'),
    ...list('A', 'supported-report-set'),
    ...list('C', 'dropbox-home-URL email-address-set notification-URL'),
    ...list('F', 'addressbook-home-set directory-gateway'),
  );
  // Without Brief, what is missing is told too.
  const { brief: _, ...plain } = AGENT;
  const { status, headers, responses } = await ask(
    server,
    alice,
    'PROPFIND',
    principal,
    { ...plain, depth: '0' },
    asked,
  );
  t.equal(status, 207);
  t.match(headers.dav, /^1, .*access-control.*calendar-proxy.*calendar-access.*calendar-auto-schedule.*addressbook/);
  const { ok } = responses[0] ?? { ok: new Map() };
  const text = (name: string) => ok.get(name)?.text().trim();
  t.equal(text('calendar-home-set'), home);
  t.equal(text('addressbook-home-set'), books);
  t.equal(text('principal-URL'), principal);
  t.equal(text('principal-collection-set'), '/dav/principals/');
  t.match(text('resource-id'), /^urn:uuid:[0-9a-f-]{36}$/);
  t.match(text('calendar-user-address-set'), /mailto:alice@example\.org/);
  t.match(text('email-address-set'), /alice@example\.org/);
  t.match(text('schedule-inbox-URL'), /^\/dav\/calendars\/alice\/inbox\/$/);
  t.match(text('schedule-outbox-URL'), /^\/dav\/calendars\/alice\/outbox\/$/);
  t.ok(ok.has('displayname') && ok.has('supported-report-set') && ok.has('notification-URL'));
});

const CALENDAR_HOME = [
  ...list('A', 'add-member current-user-privilege-set displayname owner quota-available-bytes quota-used-bytes'),
  ...list('A', 'resource-id resourcetype supported-report-set sync-token'),
  ...list('B', 'calendar-alarm calendar-description calendar-free-busy-set calendar-timezone'),
  ...list('B', 'default-alarm-vevent-date default-alarm-vevent-datetime managed-attachments-server-URL'),
  ...list('B', 'schedule-calendar-transp schedule-default-calendar-URL supported-calendar-component-set'),
  ...list('B', 'supported-calendar-component-sets'),
  ...list('C', 'allowed-sharing-modes getctag invite pre-publish-url publish-url push-transports pushkey source'),
  ...list('C', 'subscribed-strip-alarms subscribed-strip-attachments subscribed-strip-todos'),
  ...list('D', 'autoprovisioned calendar-color calendar-order language-code location-code refreshrate'),
  ...list('E', 'bulk-requests'),
];

t.test('A2, A5, A6: the calendar home, everything at once', async (t) => {
  const answer = await ask(server, alice, 'PROPFIND', home, CALENDARS, propfind(...CALENDAR_HOME));
  t.equal(answer.status, 207);
  t.match(answer.headers.dav, /^1, /, 'Apple reads what works from this answer');
  const at = (href: string) => answer.responses.find((one) => one.href === href)?.ok;
  for (const { href, ok } of answer.responses) t.ok(ok.has('resourcetype'), href);
  t.match(at(home)?.get('supported-calendar-component-sets')?.elements().length, 2, 'events and tasks apart');
  t.match(at(`${home}inbox/`)?.get('schedule-default-calendar-URL')?.text().trim(), `${home}calendar/`);
  const components = (href: string) =>
    at(href)
      ?.get('supported-calendar-component-set')
      ?.elements()
      .map((one) => one.attribute('name'));
  t.notOk(components(`${home}calendar/`)?.includes('VTODO'));
  t.ok(components(`${home}calendar/`)?.includes('VEVENT'));
  t.same(components(`${home}tasks/`), ['VTODO']);
  t.match(at(`${home}calendar/`)?.get('getctag')?.text(), /\S/);
  t.match(at(`${home}calendar/`)?.get('sync-token')?.text(), /\S/);
});

const ALARM = ['BEGIN:VALARM', 'X-WR-ALARMUID:1', 'UID:1', 'TRIGGER:-PT15H', 'ACTION:NONE', 'END:VALARM'].join(
  '&#13;\n',
);

t.test('A3: what it writes comes back as written', async (t) => {
  const cases: [path: string, name: string, content: string][] = [
    [home, 'B:default-alarm-vevent-date', ALARM],
    [home, 'B:default-alarm-vevent-datetime', ALARM],
    [`${home}calendar/`, 'D:calendar-order', '3'],
    [`${home}calendar/`, 'A:displayname', 'Büro &amp; more'],
    [`${home}calendar/`, 'B:calendar-description', 'two\nlines'],
  ];
  for (const [path, name, content] of cases) {
    const body = `<A:propertyupdate xmlns:A="DAV:"><A:set><A:prop>${element(name, content)}</A:prop></A:set></A:propertyupdate>`;
    const { brief: _, ...plain } = AGENT;
    const set = await ask(server, alice, 'PROPPATCH', path, plain, body);
    t.equal(set.status, 207, name);
    t.ok(set.responses[0]?.ok.has(name.slice(2)), name);
    const got = await server.request(alice, 'PROPFIND', path, {
      headers: { ...plain, depth: '0' },
      body: propfind(element(name)),
    });
    t.ok(got.text.includes(`>${content}<`), `${name}: ${got.text}`);
  }
  const colour =
    '<D:calendar-color xmlns:D="http://apple.com/ns/ical/" symbolic-color="custom">#FF2968FF</D:calendar-color>';
  const body = `<A:propertyupdate xmlns:A="DAV:"><A:set><A:prop>${colour}</A:prop></A:set></A:propertyupdate>`;
  t.match((await server.request(alice, 'PROPPATCH', `${home}calendar/`, { headers: AGENT, body })).status, 200);
  const got = await ask(
    server,
    alice,
    'PROPFIND',
    `${home}calendar/`,
    { depth: '0' },
    propfind(element('D:calendar-color')),
  );
  t.equal(got.responses[0]?.ok.get('calendar-color')?.text(), '#FF2968FF');
  t.equal(got.responses[0]?.ok.get('calendar-color')?.attribute('symbolic-color'), 'custom');
});

t.test('A4: a calendar and a list of reminders', async (t) => {
  for (const component of ['VEVENT', 'VTODO']) {
    const path = `${home}6F2C1D7C-${component}/`;
    const properties = [
      '<D:calendar-color xmlns:D="http://apple.com/ns/ical/" symbolic-color="orange">#FF9500FF</D:calendar-color>',
      element('B:supported-calendar-component-set', `<B:comp name="${component}"/>`),
      element('A:displayname', 'Untitled'),
      element('D:calendar-order', '5'),
      element('B:schedule-calendar-transp', '<B:transparent/>'),
    ];
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<B:mkcalendar xmlns:B="urn:ietf:params:xml:ns:caldav"><A:set xmlns:A="DAV:"><A:prop>${properties.join('')}</A:prop></A:set></B:mkcalendar>`;
    t.equal((await server.request(alice, 'MKCALENDAR', path, { headers: AGENT, body })).status, 201, component);
    const wanted = propfind(...list('B', 'supported-calendar-component-set schedule-calendar-transp'));
    const { responses } = await ask(server, alice, 'PROPFIND', path, { depth: '0' }, wanted);
    t.equal(responses[0]?.ok.get('supported-calendar-component-set')?.elements().length, 1);
    t.ok(responses[0]?.ok.get('schedule-calendar-transp')?.child(NAMESPACES.B, 'transparent'));
  }
});

t.test('A7: free/busy by the outbox, and an inbox whose members can be deleted', async (t) => {
  const question = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'METHOD:REQUEST',
    'PRODID:-//Apple Inc.//iCal 5.0.3//EN',
    'BEGIN:VFREEBUSY',
  ];
  question.push('UID:fb1', 'DTSTAMP:20260101T000000Z', 'DTSTART:20260105T080000Z', 'DTEND:20260105T180000Z');
  question.push(
    'ORGANIZER:mailto:alice@example.org',
    'ATTENDEE:mailto:alice@example.org',
    'END:VFREEBUSY',
    'END:VCALENDAR',
    '',
  );
  const headers = {
    'content-type': 'text/calendar',
    originator: 'mailto:alice@example.org',
    recipient: 'mailto:alice@example.org',
  };
  const answer = await server.request(alice, 'POST', `${home}outbox/`, { headers, body: question.join('\r\n') });
  t.equal(answer.status, 200);
  t.match(answer.text, /schedule-response/);
  t.match(answer.text, /request-status>2\.0/);
  const type = await ask(
    server,
    alice,
    'PROPFIND',
    `${home}inbox/`,
    { ...AGENT, depth: '1' },
    propfind(...list('A', 'resourcetype')),
  );
  t.ok(type.responses[0]?.ok.get('resourcetype')?.child(NAMESPACES.B, 'schedule-inbox'));
});

t.test('A8: If-None-Match, If-Match and the schedule tag', async (t) => {
  const path = `${home}calendar/F3A0.ics`;
  const put = (headers: Record<string, string>, summary: string) =>
    server.request(alice, 'PUT', path, { headers: { ...CALENDAR, ...headers }, body: event('F3A0', summary) });
  const made = await put({ 'if-none-match': '*' }, 'one');
  t.equal(made.status, 201);
  t.equal((await put({ 'if-none-match': '*' }, 'two')).status, 412);
  t.equal((await put({ 'if-match': String(made.headers.etag) }, 'two')).status, 204);
  t.equal((await put({ 'if-match': String(made.headers.etag) }, 'three')).status, 412);
  t.equal((await put({ 'if-schedule-tag-match': '"none"' }, 'three')).status, 412);
});

t.test('A10: a subscription is a calendar of the home that every client can read', async (t) => {
  const source = element('C:source', '<A:href xmlns:A="DAV:">webcal://example.com/a.ics?x=1&amp;amp;y=2</A:href>');
  const type = element('A:resourcetype', `<A:collection/>${element('C:subscribed')}`);
  const body = `<A:mkcol xmlns:A="DAV:"><A:set><A:prop>${type}${source}${element('D:refreshrate', 'P1W')}${element('C:subscribed-strip-alarms')}</A:prop></A:set></A:mkcol>`;
  const path = `${home}subscription/`;
  const { status } = await server.request(alice, 'MKCOL', path, { headers: AGENT, body });
  t.equal(status, 201);
  const got = await ask(
    server,
    alice,
    'PROPFIND',
    path,
    { depth: '0' },
    propfind(element('C:source'), element('A:resourcetype')),
  );
  t.ok(got.responses[0]?.ok.get('resourcetype')?.child(NAMESPACES.B, 'calendar'));
  t.match(got.responses[0]?.ok.get('source')?.text(), /example\.com\/a\.ics/);
});

t.test('proxies by expand-property, and changes of the whole home', async (t) => {
  const property = (name: string, space: string, inner = '') =>
    `<A:property name="${name}" namespace="${space}">${inner}</A:property>`;
  const names = ['email-address-set', 'displayname', 'calendar-user-address-set'];
  const inner = names.map((name, i) => property(name, [NAMESPACES.C, 'DAV:', NAMESPACES.B][i] ?? '')).join('');
  const body = `<A:expand-property xmlns:A="DAV:">${property('calendar-proxy-write-for', NAMESPACES.C, inner)}${property('calendar-proxy-read-for', NAMESPACES.C, inner)}</A:expand-property>`;
  const proxies = await ask(server, alice, 'REPORT', principal, { ...AGENT, depth: '0' }, body);
  t.equal(proxies.status, 207);
  t.ok(proxies.responses[0]?.ok.has('calendar-proxy-read-for'));
  const sync = `<A:sync-collection xmlns:A="DAV:"><A:sync-token/><A:sync-level>1</A:sync-level><A:prop>${list('A', 'getetag').join('')}</A:prop></A:sync-collection>`;
  const first = await ask(server, alice, 'REPORT', home, AGENT, sync);
  t.equal(first.status, 207);
  await server.request(alice, 'PUT', `${home}calendar/changed.ics`, { headers: CALENDAR, body: event('changed') });
  const later = sync.replace('<A:sync-token/>', `<A:sync-token>${first.syncToken}</A:sync-token>`);
  const changes = await ask(server, alice, 'REPORT', home, AGENT, later);
  t.same(
    changes.responses.map(({ href }) => href),
    [`${home}calendar/`],
  );
});

t.test('A14, A15, A16: the address book home', async (t) => {
  const asked = propfind(
    ...list('A', 'add-member current-user-privilege-set displayname owner quota-available-bytes quota-used-bytes'),
    ...list('A', 'resource-id resourcetype supported-report-set sync-token'),
    ...list('C', 'me-card push-transports pushkey'),
    ...list('F', 'max-image-size max-resource-size'),
    ...list('E', 'bulk-requests'),
  );
  const answer = await ask(
    server,
    alice,
    'PROPFIND',
    books,
    { ...CALENDARS, 'user-agent': 'iOS/11.0 dataaccessd/1.0' },
    asked,
  );
  t.equal(answer.status, 207);
  const first = answer.responses.find(
    ({ ok }) => ok.get('resourcetype')?.child(NAMESPACES.F, 'addressbook') !== undefined,
  );
  t.equal(first?.href, `${books}addressbook/`, 'macOS shows the first one only');
  t.ok(Number(first?.ok.get('max-resource-size')?.text()) >= 10 * 1024 * 1024);
  t.ok(Number(first?.ok.get('max-image-size')?.text()) >= 1024 * 1024);
  const me = element('C:me-card', `<A:href xmlns:A="DAV:">${books}addressbook/me.vcf</A:href>`);
  const body = `<A:propertyupdate xmlns:A="DAV:"><A:set><A:prop>${me}</A:prop></A:set></A:propertyupdate>`;
  const { brief: _, ...plain } = AGENT;
  const set = await ask(server, alice, 'PROPPATCH', books, plain, body);
  t.ok(set.responses[0]?.ok.has('me-card'));
});

t.test('A17, A18, A19: what Thunderbird wrote as 4.0 is read as 3.0, groups and photos whole', async (t) => {
  const photo = Buffer.alloc(3000, 'jpeg').toString('base64');
  const cards: [name: string, lines: string[]][] = [
    [
      'new',
      [
        'VERSION:4.0',
        'UID:urn:uuid:11111111-1111-4111-8111-111111111111',
        'FN:New Person',
        'EMAIL;PREF=1:n@example.org',
      ],
    ],
    [
      'group',
      [
        'VERSION:3.0',
        'UID:group',
        'N:Team;;;;',
        'FN:Team',
        'X-ADDRESSBOOKSERVER-KIND:group',
        'X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:11111111-1111-4111-8111-111111111111',
      ],
    ],
    [
      'photo',
      [
        'VERSION:3.0',
        'UID:photo',
        'N:P;;;;',
        'FN:P',
        `PHOTO;ENCODING=b;TYPE=JPEG;X-ABCROP-RECTANGLE=ABClipRect_1&0&0&10&10&x==:${photo}`,
      ],
    ],
  ];
  for (const [name, lines] of cards) {
    const body = ['BEGIN:VCARD', ...lines, 'END:VCARD', ''].join('\r\n').replace(/(.{75})(?=.)/g, '$1\r\n ');
    const headers = { 'content-type': 'text/vcard; charset=utf-8', 'if-none-match': '*' };
    t.equal(
      (await server.request(alice, 'PUT', `${books}addressbook/${name}.vcf`, { headers, body })).status,
      201,
      name,
    );
  }
  const hrefs = cards.map(([name]) => `<A:href>${books}addressbook/${name}.vcf</A:href>`).join('');
  const body = `<F:addressbook-multiget xmlns:F="${NAMESPACES.F}" xmlns:A="DAV:"><A:prop><A:getetag/><F:address-data/></A:prop>${hrefs}</F:addressbook-multiget>`;
  const answer = await ask(server, alice, 'REPORT', `${books}addressbook/`, AGENT, body);
  const data = (name: string) =>
    answer.responses
      .find(({ href }) => href.endsWith(`${name}.vcf`))
      ?.ok.get('address-data')
      ?.text()
      .replace(/\r\n[ \t]/g, '') ?? '';
  t.match(data('new'), /VERSION:3\.0/);
  t.match(data('new'), /\r\nN:/, '3.0 has N');
  t.match(data('group'), /X-ADDRESSBOOKSERVER-KIND:group\r\n/);
  t.match(data('group'), /X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:11111111/);
  t.ok(data('photo').includes(photo) && data('photo').includes('X-ABCROP-RECTANGLE'));
});
