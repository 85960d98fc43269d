/**
 * Who gets what of someone else's calendars and address books: every kind of URL, every method, and people with no grant, no
 * log-in, and grants of each kind. Nothing leaks, nothing changes that was not granted, and to who may not see it, what is
 * there answers like what is not.
 */
import t from 'tap';
import type { GrantRights } from '../../storage/store.ts';
import { startServer, type TestResponse, type TestServer, type TestUser } from '../support/server.ts';

/** A word in everything of the owner's that a stranger must never see. */
const CANARY = 'zitronenfalter';

const EVENT = [
  'BEGIN:VCALENDAR',
  'VERSION:2.0',
  'PRODID:-//Example//Matrix//EN',
  'BEGIN:VEVENT',
  `UID:${CANARY}-event`,
  'DTSTAMP:20260101T000000Z',
  'DTSTART:20260302T090000Z',
  'DTEND:20260302T100000Z',
  `SUMMARY:${CANARY}`,
  'END:VEVENT',
  'END:VCALENDAR',
  '',
].join('\r\n');
const CARD = [
  'BEGIN:VCARD',
  'VERSION:3.0',
  `UID:${CANARY}-card`,
  `FN:${CANARY}`,
  `N:${CANARY};;;;`,
  'END:VCARD',
  '',
].join('\r\n');
const OTHER_EVENT = EVENT.replaceAll(CANARY, 'intruder');
const OTHER_CARD = CARD.replaceAll(CANARY, 'intruder');

const NAMESPACES =
  'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="urn:ietf:params:xml:ns:carddav" xmlns:X="urn:example:matrix"';
const PROPERTIES = '<prop><getetag/><displayname/><X:note/><C:calendar-data/><A:address-data/><sync-token/></prop>';
const FILTER = '<C:filter><C:comp-filter name="VCALENDAR"/></C:filter>';
const XML = { 'content-type': 'application/xml' };

interface Step {
  readonly name: string;
  readonly method: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** Every method, with the bodies that make it do something. `own` is a place of the asker's, `foreign` the URL asked. */
function steps(path: string, own: string): Step[] {
  const isCard = path.includes('/addressbooks/');
  const data = isCard ? OTHER_CARD : OTHER_EVENT;
  const type = { 'content-type': isCard ? 'text/vcard' : 'text/calendar' };
  const report = (name: string, body: string): Step => ({
    name,
    method: 'REPORT',
    headers: { ...XML, depth: '1' },
    body,
  });
  return [
    { name: 'OPTIONS', method: 'OPTIONS' },
    { name: 'GET', method: 'GET' },
    { name: 'HEAD', method: 'HEAD' },
    { name: 'POST', method: 'POST', headers: type, body: data },
    { name: 'PATCH', method: 'PATCH', headers: type, body: data },
    {
      name: 'PROPFIND 0',
      method: 'PROPFIND',
      headers: { ...XML, depth: '0' },
      body: `<propfind ${NAMESPACES}>${PROPERTIES}</propfind>`,
    },
    {
      name: 'PROPFIND 1',
      method: 'PROPFIND',
      headers: { ...XML, depth: '1' },
      body: `<propfind ${NAMESPACES}>${PROPERTIES}</propfind>`,
    },
    { name: 'PROPFIND allprop', method: 'PROPFIND', headers: { depth: '1' } },
    { name: 'PROPFIND infinity', method: 'PROPFIND', headers: { depth: 'infinity' } },
    {
      name: 'PROPPATCH',
      method: 'PROPPATCH',
      headers: XML,
      body: `<propertyupdate ${NAMESPACES}><set><prop><X:note>intruder</X:note></prop></set></propertyupdate>`,
    },
    { name: 'PUT', method: 'PUT', headers: type, body: data },
    { name: 'PUT new', method: 'PUT', headers: { ...type, 'if-none-match': '*' }, body: data },
    { name: 'PUT any', method: 'PUT', headers: { ...type, 'if-match': '*' }, body: data },
    { name: 'MKCOL', method: 'MKCOL' },
    {
      name: 'MKCOL extended',
      method: 'MKCOL',
      headers: XML,
      body: `<mkcol ${NAMESPACES}><set><prop><resourcetype><collection/><A:addressbook/></resourcetype></prop></set></mkcol>`,
    },
    { name: 'MKCALENDAR', method: 'MKCALENDAR' },
    { name: 'COPY to own', method: 'COPY', headers: { destination: own, overwrite: 'T' } },
    { name: 'MOVE to own', method: 'MOVE', headers: { destination: own, overwrite: 'T' } },
    {
      name: 'LOCK',
      method: 'LOCK',
      headers: XML,
      body: `<lockinfo ${NAMESPACES}><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>`,
    },
    { name: 'UNLOCK', method: 'UNLOCK', headers: { 'lock-token': '<urn:uuid:0>' } },
    {
      name: 'ACL',
      method: 'ACL',
      headers: XML,
      body: `<acl ${NAMESPACES}><ace><principal><all/></principal><grant><privilege><all/></privilege></grant></ace></acl>`,
    },
    report(
      'sync-collection',
      `<sync-collection ${NAMESPACES}><sync-token/><sync-level>1</sync-level>${PROPERTIES}</sync-collection>`,
    ),
    report('calendar-query', `<C:calendar-query ${NAMESPACES}>${PROPERTIES}${FILTER}</C:calendar-query>`),
    report(
      'calendar-multiget',
      `<C:calendar-multiget ${NAMESPACES}>${PROPERTIES}<href>${path}</href></C:calendar-multiget>`,
    ),
    report('addressbook-query', `<A:addressbook-query ${NAMESPACES}>${PROPERTIES}<A:filter/></A:addressbook-query>`),
    report(
      'addressbook-multiget',
      `<A:addressbook-multiget ${NAMESPACES}>${PROPERTIES}<href>${path}</href></A:addressbook-multiget>`,
    ),
    report(
      'free-busy-query',
      `<C:free-busy-query ${NAMESPACES}><C:time-range start="20260301T000000Z" end="20260401T000000Z"/></C:free-busy-query>`,
    ),
    report(
      'expand-property',
      `<expand-property ${NAMESPACES}><property name="owner"><property name="displayname"/></property></expand-property>`,
    ),
    report('principal-match', `<principal-match ${NAMESPACES}><self/></principal-match>`),
    report(
      'acl-principal-prop-set',
      `<acl-principal-prop-set ${NAMESPACES}><prop><displayname/></prop></acl-principal-prop-set>`,
    ),
    { name: 'DELETE', method: 'DELETE' },
  ];
}

interface Place {
  readonly kind: string;
  readonly there: string;
  /** A URL of the same kind that names nothing. */
  readonly missing: string;
  /**
   * People of one organisation may learn of each other, so a home answers them like an empty one of their own, and not like
   * that of nobody.
   */
  readonly home?: boolean;
}

const PLACES: readonly Place[] = [
  { kind: 'calendar home', there: '/dav/calendars/owner/', missing: '/dav/calendars/absent/', home: true },
  { kind: 'calendar', there: '/dav/calendars/owner/private/', missing: '/dav/calendars/owner/missing/' },
  { kind: 'calendar without slash', there: '/dav/calendars/owner/private', missing: '/dav/calendars/owner/missing' },
  {
    kind: 'calendar object',
    there: '/dav/calendars/owner/private/event.ics',
    missing: '/dav/calendars/owner/private/missing.ics',
  },
  {
    kind: 'object of a missing calendar',
    there: '/dav/calendars/owner/private/event.ics',
    missing: '/dav/calendars/owner/missing/event.ics',
  },
  { kind: 'address book home', there: '/dav/addressbooks/owner/', missing: '/dav/addressbooks/absent/', home: true },
  { kind: 'address book', there: '/dav/addressbooks/owner/private/', missing: '/dav/addressbooks/owner/missing/' },
  {
    kind: 'card',
    there: '/dav/addressbooks/owner/private/card.vcf',
    missing: '/dav/addressbooks/owner/private/missing.vcf',
  },
  {
    kind: 'card of a missing book',
    there: '/dav/addressbooks/owner/private/card.vcf',
    missing: '/dav/addressbooks/owner/missing/card.vcf',
  },
  {
    kind: 'encoded spelling',
    there: '/dav/calendars/%6Fwner/private/event%2Eics',
    missing: '/dav/calendars/%6Fwner/missing/event%2Eics',
  },
];

const GRANTED: readonly GrantRights[] = ['free-busy', 'read', 'read-write'];

async function prepare(server: TestServer): Promise<{ owner: TestUser; people: Map<string, TestUser> }> {
  const owner = await server.addUser('owner');
  const must = async (status: number, ...request: Parameters<TestServer['request']>) => {
    const answer = await server.request(...request);
    if (answer.status !== status) throw new Error(`${request[1]} ${request[2]}: ${answer.status} ${answer.text}`);
  };
  const mkcol = `<mkcol ${NAMESPACES}><set><prop><resourcetype><collection/><A:addressbook/></resourcetype><displayname>${CANARY}</displayname></prop></set></mkcol>`;
  const note = `<propertyupdate ${NAMESPACES}><set><prop><X:note>${CANARY}</X:note><displayname>${CANARY}</displayname></prop></set></propertyupdate>`;
  await must(201, owner, 'MKCALENDAR', '/dav/calendars/owner/private/');
  await must(201, owner, 'MKCOL', '/dav/addressbooks/owner/private/', { headers: XML, body: mkcol });
  await must(207, owner, 'PROPPATCH', '/dav/calendars/owner/private/', { headers: XML, body: note });
  await must(201, owner, 'PUT', '/dav/calendars/owner/private/event.ics', {
    headers: { 'content-type': 'text/calendar' },
    body: EVENT,
  });
  await must(201, owner, 'PUT', '/dav/addressbooks/owner/private/card.vcf', {
    headers: { 'content-type': 'text/vcard' },
    body: CARD,
  });
  const people = new Map([['stranger', await server.addUser('stranger')]]);
  const calendar = await server.store.collections.bySegment(owner.id, 'calendars', 'private');
  const book = await server.store.collections.bySegment(owner.id, 'addressbooks', 'private');
  for (const rights of GRANTED) {
    const person = await server.addUser(rights);
    people.set(rights, person);
    await server.store.transaction(async (write) => {
      for (const collection of [calendar, book])
        await write.grants.add({
          accountId: owner.id,
          collectionId: collection?.id ?? 0,
          granteeId: person.id,
          rights,
          createdAt: 1,
        });
    });
  }
  return { owner, people };
}

/** Everything of the owner's that a change could touch, as the owner sees it. */
async function stateOf(server: TestServer, owner: TestUser): Promise<string> {
  const parts: string[] = [];
  for (const home of ['/dav/calendars/owner/', '/dav/addressbooks/owner/', '/dav/principals/owner/']) {
    const body = `<propfind ${NAMESPACES}>${PROPERTIES}</propfind>`;
    for (const path of home.includes('principals') ? [home] : [home, `${home}private/`])
      parts.push((await server.request(owner, 'PROPFIND', path, { headers: { ...XML, depth: '1' }, body })).text);
  }
  for (const path of ['/dav/calendars/owner/private/event.ics', '/dav/addressbooks/owner/private/card.vcf']) {
    const { status, headers, text } = await server.request(owner, 'GET', path);
    parts.push(`${status} ${headers.etag} ${text}`);
  }
  return parts.join('\n');
}

/** An answer without what may differ between two names: the names themselves, times, lengths. */
function shape(answer: TestResponse, path: string): string {
  const headers = Object.entries(answer.headers)
    .filter(([name]) => !['date', 'content-length', 'etag', 'x-request-id'].includes(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const plain = decodeURIComponent(path).replace(/\/$/, '');
  return `${answer.status} ${JSON.stringify(headers)} ${answer.text.replaceAll(path, 'PATH').replaceAll(plain, 'PATH')}`;
}

t.test('a stranger and nobody', async (t) => {
  const server = await startServer(t);
  const { owner, people } = await prepare(server);
  const before = await stateOf(server, owner);
  t.match(before, CANARY, 'the owner sees the word');
  const stranger = people.get('stranger')!;
  let asked = 0;
  for (const [who, asker] of [
    ['stranger', stranger],
    ['nobody', undefined],
  ] as const)
    for (const { kind, there, missing, home } of PLACES) {
      const own = there.includes('/addressbooks/')
        ? '/dav/addressbooks/stranger/addressbook/stolen.vcf'
        : '/dav/calendars/stranger/calendar/stolen.ics';
      const [onThere, onMissing] = [steps(there, own), steps(missing, own)];
      for (const [i, step] of onThere.entries()) {
        const other = onMissing[i]!;
        const answer = await server.request(asker, step.method, there, step);
        const alike = await server.request(asker, other.method, missing, other);
        asked += 2;
        if (
          new RegExp(`${CANARY}|/private`).test(
            answer.text.replaceAll(there, '').replaceAll(decodeURIComponent(there), ''),
          )
        )
          t.fail(`${who}, ${step.name} of a ${kind} leaks`, { text: answer.text });
        if (home && asker !== undefined) {
          const harmless = ['OPTIONS', 'GET', 'HEAD', 'PROPFIND', 'REPORT'].includes(step.method);
          t.ok(answer.status >= 400 || harmless, `${who}: ${step.name} of a ${kind} is answered ${answer.status}`);
          continue;
        }
        if (step.name !== 'OPTIONS' && answer.status < 300 && answer.status !== 207)
          t.fail(`${who}, ${step.name} of a ${kind}: ${answer.status}`);
        t.equal(
          shape(answer, there),
          shape(alike, missing),
          `${who}: ${step.name} of a ${kind} answers as if it were missing`,
        );
      }
    }
  t.equal(await stateOf(server, owner), before, `nothing changed after ${asked} requests`);
  for (const path of ['/dav/calendars/stranger/calendar/', '/dav/addressbooks/stranger/addressbook/']) {
    const { text } = await server.request(stranger, 'PROPFIND', path, { headers: { depth: '1' } });
    t.notMatch(text, 'stolen', 'nothing was copied');
  }
});

t.test('ways around: own URLs that name foreign ones', async (t) => {
  const server = await startServer(t);
  const { owner, people } = await prepare(server);
  const before = await stateOf(server, owner);
  for (const who of ['stranger', 'free-busy']) {
    const asker = people.get(who)!;
    const calendar = `/dav/calendars/${asker.name}/calendar/`;
    const book = `/dav/addressbooks/${asker.name}/addressbook/`;
    await server.request(asker, 'PUT', `${calendar}mine.ics`, {
      headers: { 'content-type': 'text/calendar' },
      body: OTHER_EVENT,
    });
    await server.request(asker, 'PUT', `${book}mine.vcf`, {
      headers: { 'content-type': 'text/vcard' },
      body: OTHER_CARD,
    });
    const foreign = ['/dav/calendars/owner/private/event.ics', '/dav/addressbooks/owner/private/card.vcf'];
    for (const href of [...foreign, ...foreign.map((path) => `${server.url}${path}`)]) {
      for (const [path, name] of [
        [calendar, 'C:calendar-multiget'],
        [book, 'A:addressbook-multiget'],
      ]) {
        const { status, text } = await server.request(asker, 'REPORT', path!, {
          headers: { ...XML, depth: '1' },
          body: `<${name} ${NAMESPACES}>${PROPERTIES}<href>${href}</href></${name}>`,
        });
        t.equal(status, 207);
        t.match(text, '404 Not Found', `${who}: ${name} of ${href}`);
        t.notMatch(text, CANARY);
      }
      for (const method of ['COPY', 'MOVE'])
        for (const mine of [`${calendar}mine.ics`, `${book}mine.vcf`]) {
          const { status } = await server.request(asker, method, mine, {
            headers: { destination: href, overwrite: 'T' },
          });
          t.ok([403, 404, 409].includes(status), `${who}: ${method} onto ${href} is answered ${status}`);
        }
      const conditional = await server.request(asker, 'DELETE', `${calendar}missing.ics`, {
        headers: { if: `<${href}> (["x"])` },
      });
      const missing = await server.request(asker, 'DELETE', `${calendar}missing.ics`, {
        headers: { if: `<${href.replace(/event|card/, 'missing')}> (["x"])` },
      });
      t.equal(conditional.status, missing.status, 'an If header does not tell what exists');
    }
  }
  t.equal(await stateOf(server, owner), before);
});

t.test('what grants allow, and no more', async (t) => {
  const server = await startServer(t);
  const { owner, people } = await prepare(server);
  const event = '/dav/calendars/owner/private/event.ics';
  const card = '/dav/addressbooks/owner/private/card.vcf';
  const range = `<C:free-busy-query ${NAMESPACES}><C:time-range start="20260301T000000Z" end="20260401T000000Z"/></C:free-busy-query>`;

  const before = await stateOf(server, owner);
  const freeBusy = people.get('free-busy')!;
  const busy = await server.request(freeBusy, 'REPORT', '/dav/calendars/owner/private/', {
    headers: { ...XML, depth: '1' },
    body: range,
  });
  t.equal(busy.status, 200, 'free-busy may ask when the owner is busy');
  t.match(busy.text, /FREEBUSY.*20260302T090000Z/);
  t.notMatch(busy.text, CANARY);
  const reader = people.get('read')!;
  for (const path of [event, card]) {
    t.equal((await server.request(freeBusy, 'GET', path)).status, 404, 'free-busy may not read');
    const got = await server.request(reader, 'GET', path);
    t.equal(got.status, 200, 'read may read');
    t.match(got.text, CANARY);
  }
  for (const asker of [freeBusy, reader])
    for (const { kind, there } of PLACES)
      for (const step of steps(there, `/dav/calendars/${asker.name}/calendar/stolen.ics`)) {
        const answer = await server.request(asker, step.method, there, step);
        t.ok(
          answer.status < 500 || answer.status === 501,
          `${asker.name}: ${step.name} of a ${kind}: ${answer.status}`,
        );
        // Dead properties are each person's own where they may read (a reader's note is not the owner's).
        if (asker === freeBusy && answer.text.includes(CANARY))
          t.fail(`free-busy: ${step.name} of a ${kind} leaks`, { text: answer.text });
      }
  t.equal(await stateOf(server, owner), before, 'neither changed anything');

  const writer = people.get('read-write')!;
  for (const [path, body, type] of [
    [event, EVENT, 'text/calendar'],
    [card, CARD, 'text/vcard'],
  ] as const) {
    const headers = { 'content-type': type };
    t.equal(
      (await server.request(writer, 'PUT', path, { headers, body: body.replace(`UMMARY:${CANARY}`, 'UMMARY:changed') }))
        .status,
      204,
      'read-write may change',
    );
    t.equal((await server.request(writer, 'DELETE', path)).status, 204, 'and delete');
    t.equal((await server.request(writer, 'PUT', path, { headers, body })).status, 201, 'and add');
  }
  for (const collection of ['/dav/calendars/owner/private/', '/dav/addressbooks/owner/private/'])
    for (const [method, headers] of [
      ['DELETE', {}],
      ['MOVE', { destination: collection.replace('private', 'taken') }],
      ['MOVE', { destination: collection.replace('owner', 'read-write') }],
    ] as const) {
      const { status } = await server.request(writer, method, collection, { headers });
      t.ok([403, 404].includes(status), `read-write may not ${method} the collection: ${status}`);
    }
  for (const home of ['/dav/calendars/owner/', '/dav/addressbooks/owner/']) {
    const { status } = await server.request(writer, home.includes('cal') ? 'MKCALENDAR' : 'MKCOL', `${home}new/`);
    t.ok([403, 404].includes(status), `nor make one beside it: ${status}`);
  }
  const after = await stateOf(server, owner);
  t.match(after, /owner\/private\/event\.ics/);
  t.match(after, CANARY);
});
