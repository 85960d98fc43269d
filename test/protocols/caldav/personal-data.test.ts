/**
 * What each one keeps of events in a calendar that is shared: alarms, TRANSP, acknowledgements.
 * RFC 4791 §5.3.4 (ETag of PUT), RFC 6578 §3 (what is told to whom), RFC 5545 §3.6.6, §3.8.2.7. Interpretations 220 and 221.
 */
import t from 'tap';
import { verifyStore } from '../../../src/administration/verification.ts';
import { ask, CALENDAR, propfindBody, setBody, syncBody, xml } from '../../support/dav.ts';
import { startServer, type TestUser } from '../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
const carol = await server.addUser('carol');
const HERE = '/dav/calendars/alice/calendar/';
for (const { name } of [bob, carol]) await server.app.access.share('calendars/alice/calendar', name, true);
const BOBS = '/dav/calendars/bob/alice-calendar/';
const CAROLS = '/dav/calendars/carol/alice-calendar/';

const alarm = (trigger: string, ...more: string[]) => [
  'BEGIN:VALARM',
  'ACTION:DISPLAY',
  'DESCRIPTION:Wake up',
  `TRIGGER:${trigger}`,
  ...more,
  'END:VALARM',
];
const component = (...lines: string[]) => ['BEGIN:VEVENT', ...lines, 'END:VEVENT'];
const object = (...lines: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Convene//Test//EN', ...lines, 'END:VCALENDAR', ''].join('\r\n');
const times = (uid: string, day = '05') => [
  `UID:${uid}`,
  'DTSTAMP:20260101T000000Z',
  `DTSTART:202601${day}T090000Z`,
  `DTEND:202601${day}T100000Z`,
];
const simple = (uid: string, summary: string, ...more: string[]) =>
  object(...component(...times(uid), `SUMMARY:${summary}`, ...more));
const put = (user: TestUser, path: string, body: string, headers = {}) =>
  server.request(user, 'PUT', path, { headers: { ...CALENDAR, ...headers }, body });
const get = (user: TestUser, path: string) => server.request(user, 'GET', path);
const text = async (user: TestUser, path: string) => (await get(user, path)).text;
const etag = async (user: TestUser, path: string) => (await get(user, path)).headers.etag;
const triggers = (octets: string) => [...octets.matchAll(/TRIGGER:(\S+)/g)].map(([, value]) => value);
const sync = (user: TestUser, path: string, token = '') => ask(server, user, 'REPORT', path, {}, syncBody(token));
const names = (answer: { responses: readonly { href: string }[] }) =>
  answer.responses.map(({ href }) => href.slice(href.lastIndexOf('/') + 1));

t.test('alarms are each one’s own', async (t) => {
  await put(
    alice,
    `${HERE}one.ics`,
    simple('one', 'Lunch', 'TRANSP:TRANSPARENT', 'X-MOZ-LASTACK:20260105T080000Z', ...alarm('-PT5M')),
  );
  const alices = await text(alice, `${HERE}one.ics`);
  for (const [user, path] of [
    [bob, BOBS],
    [carol, CAROLS],
  ] as const) {
    const seen = await text(user, `${path}one.ics`);
    t.match(seen, 'SUMMARY:Lunch');
    t.notMatch(seen, /VALARM|TRANSP|X-MOZ/, `${user.name} sees nothing of the owner’s`);
  }
  const answer = await put(
    bob,
    `${BOBS}one.ics`,
    simple(
      'one',
      'Lunch',
      'TRANSP:OPAQUE',
      'X-MOZ-LASTACK:20260105T084500Z',
      ...alarm('-PT15M', 'ACKNOWLEDGED:20260105T084500Z'),
    ),
  );
  t.equal(answer.status, 204);
  t.equal(await text(alice, `${HERE}one.ics`), alices, 'not an octet changed for the owner');
  t.notMatch(await text(carol, `${CAROLS}one.ics`), /VALARM|TRANSP|X-MOZ/);
  const bobs = await get(bob, `${BOBS}one.ics`);
  t.same(triggers(bobs.text), ['-PT15M']);
  t.match(bobs.text, /ACKNOWLEDGED:20260105T084500Z[\s\S]*END:VALARM/);
  t.match(bobs.text, 'TRANSP:OPAQUE');
  t.match(bobs.text, 'X-MOZ-LASTACK:20260105T084500Z');
  if (answer.headers.etag !== undefined) t.equal(answer.headers.etag, bobs.headers.etag);

  // What all see, changed by each of them.
  await put(bob, `${BOBS}one.ics`, simple('one', 'Dinner', ...alarm('-PT20M')));
  t.match(await text(alice, `${HERE}one.ics`), 'SUMMARY:Dinner');
  t.same(triggers(await text(alice, `${HERE}one.ics`)), ['-PT5M'], 'the owner’s alarm stays');
  t.match(
    await text(alice, `${HERE}one.ics`),
    /TRANSP:TRANSPARENT[\s\S]*LASTACK:20260105T080000Z|LASTACK:20260105T080000Z[\s\S]*TRANSP:TRANSPARENT/,
  );
  await put(carol, `${CAROLS}one.ics`, simple('one', 'Supper'));
  await put(alice, `${HERE}one.ics`, simple('one', 'Feast', ...alarm('-PT1M')));
  t.same(triggers(await text(bob, `${BOBS}one.ics`)), ['-PT20M']);
  t.match(await text(bob, `${BOBS}one.ics`), 'SUMMARY:Feast');
  t.same(triggers(await text(carol, `${CAROLS}one.ics`)), []);

  await put(bob, `${BOBS}one.ics`, simple('one', 'Feast'));
  t.same(triggers(await text(bob, `${BOBS}one.ics`)), [], 'and can be taken away');
  t.same(triggers(await text(alice, `${HERE}one.ics`)), ['-PT1M']);
});

t.test('an event made by a sharee', async (t) => {
  const answer = await put(bob, `${BOBS}made.ics`, simple('made', 'Made by Bob', ...alarm('-PT30M')));
  t.equal(answer.status, 201);
  t.notMatch(await text(alice, `${HERE}made.ics`), 'VALARM');
  t.same(triggers(await text(bob, `${BOBS}made.ics`)), ['-PT30M']);
  const plain = await put(bob, `${BOBS}plain.ics`, simple('plain', 'Nothing of one’s own'));
  t.equal(
    plain.headers.etag,
    await etag(bob, `${BOBS}plain.ics`),
    'the octets sent are those read: their ETag is told',
  );
  t.equal(await text(bob, `${BOBS}plain.ics`), simple('plain', 'Nothing of one’s own'));
});

t.test('ETags and conditions are the viewer’s', async (t) => {
  await put(alice, `${HERE}tags.ics`, simple('tags', 'Tags', ...alarm('-PT5M')));
  const before = {
    alice: await etag(alice, `${HERE}tags.ics`),
    bob: await etag(bob, `${BOBS}tags.ics`),
    carol: await etag(carol, `${CAROLS}tags.ics`),
  };
  t.not(before.alice, before.bob, 'other octets, another tag');
  t.equal(
    (await put(bob, `${BOBS}tags.ics`, simple('tags', 'Tags', ...alarm('-PT6M')), { 'if-match': before.alice ?? '' }))
      .status,
    412,
  );
  t.equal(
    (await put(bob, `${BOBS}tags.ics`, simple('tags', 'Tags', ...alarm('-PT6M')), { 'if-match': before.bob ?? '' }))
      .status,
    204,
  );
  t.not(await etag(bob, `${BOBS}tags.ics`), before.bob);
  t.equal(await etag(carol, `${CAROLS}tags.ics`), before.carol, 'nothing changed for the others');
  t.equal(await etag(alice, `${HERE}tags.ics`), before.alice);
  t.equal(
    (await put(bob, `${BOBS}tags.ics`, simple('tags', 'Tags', ...alarm('-PT7M')), { 'if-match': before.bob ?? '' }))
      .status,
    412,
    'two programs of one person',
  );
  const now = (await etag(bob, `${BOBS}tags.ics`)) ?? '';
  t.equal((await server.request(bob, 'GET', `${BOBS}tags.ics`, { headers: { 'if-none-match': now } })).status, 304);
  for (const [path, body] of [[`${BOBS}tags.ics`, propfindBody('D:getetag', 'D:getcontentlength')]] as const) {
    const { responses } = await ask(server, bob, 'PROPFIND', path, { depth: '0' }, body);
    t.equal(responses[0]?.ok.get('getetag')?.text(), now);
    t.equal(responses[0]?.ok.get('getcontentlength')?.text(), String(Buffer.byteLength(await text(bob, path))));
  }
  const listed = await ask(server, bob, 'PROPFIND', BOBS, { depth: '1' }, propfindBody('D:getetag'));
  t.equal(
    listed.responses
      .find(({ href }) => href.endsWith('tags.ics'))
      ?.ok.get('getetag')
      ?.text(),
    now,
  );
  const whole = await ask(
    server,
    bob,
    'PROPFIND',
    BOBS,
    { depth: '1' },
    propfindBody('D:getetag', 'D:getcontentlength'),
  );
  t.equal(
    whole.responses
      .find(({ href }) => href.endsWith('tags.ics'))
      ?.ok.get('getetag')
      ?.text(),
    now,
  );
  t.equal(
    (await server.request(bob, 'DELETE', `${BOBS}tags.ics`, { headers: { 'if-match': before.bob ?? '' } })).status,
    412,
  );
  t.equal((await server.request(bob, 'DELETE', `${BOBS}tags.ics`, { headers: { 'if-match': now } })).status, 204);
  await put(alice, `${HERE}tags.ics`, simple('tags', 'Tags'));
  t.notMatch(await text(bob, `${BOBS}tags.ics`), 'VALARM', 'with the event its alarms are gone');
});

t.test('sync-collection tells each one what changed for it', async (t) => {
  await put(alice, `${HERE}synced.ics`, simple('synced', 'Synced'));
  const start = { alice: await sync(alice, HERE), bob: await sync(bob, BOBS), carol: await sync(carol, CAROLS) };
  t.same(names(start.bob).sort(), names(start.alice).sort());
  await put(bob, `${BOBS}synced.ics`, simple('synced', 'Synced', ...alarm('-PT9M')));
  const news = {
    alice: await sync(alice, HERE, start.alice.syncToken),
    bob: await sync(bob, BOBS, start.bob.syncToken),
    carol: await sync(carol, CAROLS, start.carol.syncToken),
  };
  t.same(names(news.bob), ['synced.ics'], 'to who changed it');
  t.equal(news.bob.responses[0]?.ok.get('getetag')?.text(), await etag(bob, `${BOBS}synced.ics`));
  t.same([names(news.alice), names(news.carol)], [[], []], 'to nobody else');
  await put(alice, `${HERE}synced.ics`, simple('synced', 'Changed'));
  t.same(names(await sync(bob, BOBS, news.bob.syncToken)), ['synced.ics']);
  t.same(names(await sync(bob, BOBS, start.bob.syncToken)), ['synced.ics'], 'once');
  t.same(names(await sync(carol, CAROLS, news.carol.syncToken)), ['synced.ics']);
  await put(bob, `${BOBS}synced.ics`, simple('synced', 'Changed'));
  t.same(names(await sync(bob, BOBS, news.bob.syncToken)), ['synced.ics'], 'an alarm that was removed');

  // Pages of one, whose positions are those of either half.
  const seen: string[] = [];
  const more = '<D:limit><D:nresults>1</D:nresults></D:limit>';
  let token = '';
  for (let page = 0; page < 20; page++) {
    const answer = await ask(server, bob, 'REPORT', BOBS, {}, syncBody(token, '<D:getetag/><D:getcontenttype/>', more));
    seen.push(...names({ responses: answer.responses.filter(({ href }) => href !== BOBS) }));
    token = answer.syncToken ?? '';
    if (!answer.responses.some(({ status }) => status?.includes('507'))) break;
  }
  t.same(seen.toSorted(), names(await sync(bob, BOBS)).toSorted(), 'each member once');
});

t.test('reports show and judge what the viewer sees', async (t) => {
  await put(alice, `${HERE}asked.ics`, simple('asked', 'Asked', ...alarm('-PT5M')));
  await put(carol, `${CAROLS}asked.ics`, simple('asked', 'Asked', 'TRANSP:TRANSPARENT', ...alarm('-PT45M')));
  const withAlarm = xml(
    'C:calendar-query',
    '<D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">' +
      '<C:prop-filter name="UID"><C:text-match>asked</C:text-match></C:prop-filter><C:comp-filter name="VALARM"/>' +
      '</C:comp-filter></C:comp-filter></C:filter>',
  );
  const query = async (user: TestUser, path: string) => ask(server, user, 'REPORT', path, { depth: '1' }, withAlarm);
  t.same(names(await query(alice, HERE)), ['asked.ics']);
  t.same(names(await query(bob, BOBS)), [], 'nobody has alarms of others');
  const carols = await query(carol, CAROLS);
  t.same(names(carols), ['asked.ics']);
  t.same(triggers(carols.responses[0]?.ok.get('calendar-data')?.text() ?? ''), ['-PT45M']);
  t.equal(carols.responses[0]?.ok.get('getetag')?.text(), await etag(carol, `${CAROLS}asked.ics`));
  const multiget = xml(
    'C:calendar-multiget',
    `<D:prop><D:getetag/><C:calendar-data/></D:prop><D:href>${CAROLS}asked.ics</D:href>`,
  );
  const got = await ask(server, carol, 'REPORT', CAROLS, {}, multiget);
  t.same(triggers(got.responses[0]?.ok.get('calendar-data')?.text() ?? ''), ['-PT45M']);
  t.equal(got.responses[0]?.ok.get('getetag')?.text(), await etag(carol, `${CAROLS}asked.ics`));
  const ranged = xml(
    'C:calendar-query',
    '<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">' +
      '<C:time-range start="20260105T000000Z" end="20260106T000000Z"/></C:comp-filter></C:comp-filter></C:filter>',
  );
  const inRange = await ask(server, carol, 'REPORT', CAROLS, { depth: '1' }, ranged);
  t.equal(
    inRange.responses
      .find(({ href }) => href.endsWith('asked.ics'))
      ?.ok.get('getetag')
      ?.text(),
    await etag(carol, `${CAROLS}asked.ics`),
  );
  t.match(await text(carol, CAROLS), /UID:asked[\s\S]*TRIGGER:-PT45M/, 'the calendar as one document');
  t.notMatch(await text(bob, BOBS), /UID:asked[\s\S]*VALARM/);
});

t.test('instances of a series', async (t) => {
  const series = (summary: string, ...more: string[]) =>
    component(...times('series'), 'RRULE:FREQ=DAILY;COUNT=10', `SUMMARY:${summary}`, ...more);
  const instance = (day: string, summary: string, ...more: string[]) =>
    component(`RECURRENCE-ID:202601${day}T090000Z`, ...times('series', day), `SUMMARY:${summary}`, ...more);
  const moved = component(
    'RECURRENCE-ID:20260107T090000Z',
    ...times('series', '07').slice(0, 2),
    'DTSTART:20260107T110000Z',
    'DTEND:20260107T120000Z',
    'SUMMARY:Stand-up',
  );
  await put(
    alice,
    `${HERE}series.ics`,
    object(
      ...series('Stand-up', ...alarm('-PT10M')),
      ...instance('06', 'Stand-up', 'TRANSP:TRANSPARENT', ...alarm('-PT20M')),
      ...moved,
    ),
  );
  const alices = await text(alice, `${HERE}series.ics`);
  const first = await text(bob, `${BOBS}series.ics`);
  t.notMatch(first, /VALARM|TRANSP/);
  t.notMatch(first, '20260106', 'an instance that is there for the owner’s alarm alone');
  t.match(first, 'RECURRENCE-ID:20260107T090000Z');

  await put(
    bob,
    `${BOBS}series.ics`,
    object(
      ...series('Stand-up', ...alarm('-PT30M')),
      ...instance('08', 'Stand-up', ...alarm('-PT3M')),
      ...moved.slice(0, -1),
      'TRANSP:TRANSPARENT',
      'END:VEVENT',
    ),
  );
  t.equal(await text(alice, `${HERE}series.ics`), alices);
  t.equal(await text(carol, `${CAROLS}series.ics`), first);
  const bobs = await text(bob, `${BOBS}series.ics`);
  t.same(triggers(bobs), ['-PT30M', '-PT3M'], 'none for the instance without');
  t.match(bobs, /RECURRENCE-ID:20260108T090000Z/);
  t.match(bobs, /DTSTART:20260108T090000Z/);
  t.match(bobs, /RECURRENCE-ID:20260107T090000Z[\s\S]*TRANSP:TRANSPARENT/);
  const expanded = await ask(
    server,
    bob,
    'REPORT',
    BOBS,
    {},
    xml(
      'C:calendar-multiget',
      '<D:prop><C:calendar-data><C:expand start="20260108T000000Z" end="20260109T000000Z"/></C:calendar-data></D:prop>' +
        `<D:href>${BOBS}series.ics</D:href>`,
    ),
  );
  t.same(triggers(expanded.responses[0]?.ok.get('calendar-data')?.text() ?? ''), ['-PT3M']);

  // One changes what all see: instances of others stay as they were, with the new words.
  await put(carol, `${CAROLS}series.ics`, object(...series('Sit-down'), ...moved, ...instance('09', 'Long sit-down')));
  const after = await text(alice, `${HERE}series.ics`);
  t.same(triggers(after), ['-PT10M', '-PT10M', '-PT20M'], 'the owner is reminded of the new instance too');
  t.equal(after.match(/SUMMARY:Sit-down/g)?.length, 2);
  t.match(after, 'SUMMARY:Long sit-down');
  const bobsAfter = await text(bob, `${BOBS}series.ics`);
  t.same(triggers(bobsAfter).toSorted(), ['-PT30M', '-PT30M', '-PT3M'].toSorted());
  t.match(bobsAfter, /RECURRENCE-ID:20260108T090000Z/);

  // The series moves away from an instance: it is shown to nobody.
  await put(
    alice,
    `${HERE}series.ics`,
    object(...series('Sit-down').map((line) => line.replace('COUNT=10', 'COUNT=2'))),
  );
  t.same(triggers(await text(bob, `${BOBS}series.ics`)), ['-PT30M']);
});

t.test('the calendar at its owner’s address', async (t) => {
  // Who acts there says when the owner is busy, and is reminded alone.
  await server.app.access.grant('calendars/alice/calendar', 'bob', 'read-write');
  await put(alice, `${HERE}acting.ics`, simple('acting', 'Acting', 'TRANSP:OPAQUE', ...alarm('-PT5M')));
  t.match(await text(bob, `${HERE}acting.ics`), 'TRANSP:OPAQUE');
  t.notMatch(await text(bob, `${HERE}acting.ics`), 'VALARM');
  await put(bob, `${BOBS}acting.ics`, simple('acting', 'Acting', 'TRANSP:TRANSPARENT'));
  await put(bob, `${HERE}acting.ics`, simple('acting', 'Acting', 'TRANSP:OPAQUE', ...alarm('-PT8M')));
  t.match(await text(bob, `${BOBS}acting.ics`), /TRANSP:TRANSPARENT[\s\S]*TRIGGER:-PT8M/, 'one’s own TRANSP stays');
  await put(bob, `${HERE}acting.ics`, simple('acting', 'Acting', 'TRANSP:TRANSPARENT', ...alarm('-PT8M')));
  t.match(await text(alice, `${HERE}acting.ics`), /TRANSP:TRANSPARENT/);
  t.same(triggers(await text(alice, `${HERE}acting.ics`)), ['-PT5M']);
});

t.test('who is busy', async (t) => {
  const query = xml('C:free-busy-query', '<C:time-range start="20260201T000000Z" end="20260301T000000Z"/>');
  const periods = (answer: string) => {
    const octets = answer.replace(/&#13;/g, '\r').replace(/\r\n[ \t]/g, '');
    return [...octets.matchAll(/^FREEBUSY[^:]*:(.*)\r$/gm)].flatMap(([, value = '']) => value.split(',')).toSorted();
  };
  const ofCalendar = async (user: TestUser, path: string) =>
    periods(
      (await server.request(user, 'REPORT', path, { headers: { 'content-type': 'text/xml' }, body: query })).text,
    );
  const request = (of: TestUser) =>
    object(
      ...[
        'BEGIN:VFREEBUSY',
        'UID:fb',
        'DTSTAMP:20260101T000000Z',
        'DTSTART:20260201T000000Z',
        'DTEND:20260301T000000Z',
      ],
      ...['ORGANIZER:mailto:carol@example.org', `ATTENDEE:mailto:${of.address}`, 'END:VFREEBUSY'],
    ).replace('VERSION:2.0', 'VERSION:2.0\r\nMETHOD:REQUEST');
  const ofPerson = async (of: TestUser) =>
    periods(
      (await server.request(carol, 'POST', '/dav/calendars/carol/outbox/', { headers: CALENDAR, body: request(of) }))
        .text,
    );
  const at = (day: string) => `202602${day}T090000Z/202602${day}T100000Z`;
  const on = (day: string, ...more: string[]) =>
    object(
      ...component(
        `UID:busy${day}`,
        'DTSTAMP:20260101T000000Z',
        `DTSTART:202602${day}T090000Z`,
        `DTEND:202602${day}T100000Z`,
        ...more,
      ),
    );
  const days = (day: string, ...more: string[]) =>
    object(...component(`UID:busy${day}`, 'DTSTAMP:20260101T000000Z', `DTSTART;VALUE=DATE:202602${day}`, ...more));
  await put(alice, `${HERE}b02.ics`, on('02', 'TRANSP:TRANSPARENT'));
  await put(alice, `${HERE}b03.ics`, on('03'));
  await put(bob, `${BOBS}b03.ics`, on('03', 'TRANSP:TRANSPARENT'));
  await put(alice, `${HERE}b04.ics`, days('04'));
  await put(alice, `${HERE}b05.ics`, on('05', 'STATUS:CANCELLED', 'TRANSP:TRANSPARENT'));
  await put(alice, `${HERE}b06.ics`, on('06', 'STATUS:TENTATIVE'));
  await put(alice, `${HERE}b07.ics`, on('07', 'CLASS:PRIVATE', 'TRANSP:TRANSPARENT'));
  t.same((await ofCalendar(alice, HERE)).length, 3, '3, 4 and 6');
  t.same(await ofCalendar(bob, BOBS), [at('02'), at('06')], 'as Bob sees it');
  t.same((await ofCalendar(bob, HERE)).length, 3, 'as Alice is busy');
  t.match(await text(bob, `${BOBS}b04.ics`), 'TRANSP:TRANSPARENT', 'whole days of others keep nobody busy');
  t.notMatch(await text(alice, `${HERE}b04.ics`), 'TRANSP');

  const transparency = async (user: TestUser, path: string) =>
    (
      await ask(server, user, 'PROPFIND', path, { depth: '0' }, propfindBody('C:schedule-calendar-transp'))
    ).responses[0]?.ok
      .get('schedule-calendar-transp')
      ?.elements()[0]?.name;
  t.equal(await transparency(bob, BOBS), 'transparent');
  t.equal(await transparency(bob, HERE), 'opaque');
  t.same(await ofPerson(bob), [], 'calendars of others do not count by themselves');
  const opaque = setBody('<C:schedule-calendar-transp><C:opaque/></C:schedule-calendar-transp>');
  const before = await ask(server, bob, 'REPORT', '/dav/calendars/bob/', { depth: '1' }, syncBody(''));
  t.equal((await ask(server, bob, 'PROPPATCH', BOBS, {}, opaque)).responses[0]?.failed.size, 0);
  t.equal(await transparency(bob, BOBS), 'opaque');
  t.equal(await transparency(carol, CAROLS), 'transparent');
  const changed = await ask(
    server,
    bob,
    'REPORT',
    '/dav/calendars/bob/',
    { depth: '1' },
    syncBody(before.syncToken ?? ''),
  );
  t.same(
    changed.responses.map(({ href }) => href),
    [BOBS],
    'his other programs are told',
  );
  t.same(await ofPerson(bob), [at('02'), at('06')]);
  t.same((await ofPerson(alice)).length, 3);
  t.same(await ofPerson(carol), []);
  const description = (of: string) => setBody(`<C:calendar-description>${of}</C:calendar-description>`);
  const described = async (user: TestUser, path: string) =>
    (await ask(server, user, 'PROPFIND', path, { depth: '0' }, propfindBody('C:calendar-description'))).responses[0]?.ok
      .get('calendar-description')
      ?.text();
  await ask(server, alice, 'PROPPATCH', HERE, {}, description('Hers'));
  t.equal(await described(bob, BOBS), 'Hers');
  await ask(server, bob, 'PROPPATCH', BOBS, {}, description('His'));
  t.same(
    [await described(alice, HERE), await described(bob, BOBS), await described(carol, CAROLS)],
    ['Hers', 'His', 'Hers'],
  );
  await put(bob, `${BOBS}b04.ics`, days('04', 'TRANSP:OPAQUE'));
  t.same((await ofPerson(bob)).length, 3);
  t.equal(
    (await ask(server, bob, 'PROPPATCH', HERE, {}, opaque)).responses[0]?.ok.size,
    0,
    'of Alice only Alice decides',
  );
});

t.test('alarms of a meeting are nobody else’s business', async (t) => {
  const meeting = (summary: string, ...more: string[]) =>
    simple(
      'meeting',
      summary,
      'ORGANIZER:mailto:alice@example.org',
      'ATTENDEE;PARTSTAT=ACCEPTED:mailto:alice@example.org',
      'ATTENDEE:mailto:erin@example.org',
      ...more,
    );
  const erin = await server.addUser('erin');
  const inbox = async () => names(await sync(erin, '/dav/calendars/erin/inbox/'));
  t.equal((await put(alice, `${HERE}meeting.ics`, meeting('Meeting', ...alarm('-PT5M')))).status, 201);
  const [message, ...others] = await inbox();
  t.same(others, []);
  const invited = await text(alice, `${HERE}meeting.ics`);
  const seen = await text(bob, `${BOBS}meeting.ics`);
  t.notMatch(seen, 'VALARM');
  const withAlarm = seen.replace('END:VEVENT', [...alarm('-PT25M'), 'END:VEVENT'].join('\r\n'));
  t.equal((await put(bob, `${BOBS}meeting.ics`, withAlarm)).status, 204, 'who may not invite may be reminded');
  t.equal(await text(alice, `${HERE}meeting.ics`), invited);
  t.same(await inbox(), [message]);
  t.equal((await put(bob, `${BOBS}meeting.ics`, withAlarm.replace('SUMMARY:Meeting', 'SUMMARY:Party'))).status, 403);

  const copy = (await sync(erin, '/dav/calendars/erin/calendar/')).responses[0]?.href ?? '';
  const accepted = (await text(erin, copy)).replace(
    /ATTENDEE[^:]*:mailto:erin@example.org/,
    'ATTENDEE;PARTSTAT=ACCEPTED:mailto:erin@example.org',
  );
  t.equal((await put(erin, copy, accepted)).status, 204);
  const answered = await text(bob, `${BOBS}meeting.ics`);
  t.match(answered.replace(/\r\n /g, ''), /ATTENDEE;[^\r]*PARTSTAT=ACCEPTED[^\r]*:mailto:erin@example.org/);
  t.same(triggers(answered), ['-PT25M']);
  t.same(triggers(await text(alice, `${HERE}meeting.ics`)), ['-PT5M']);
});

t.test('COPY and MOVE take along what is one’s own', async (t) => {
  const to = (path: string) => ({ headers: { destination: server.url + path } });
  const own = '/dav/calendars/bob/calendar/';
  await put(bob, `${own}mine.ics`, simple('mine', 'Mine', ...alarm('-PT11M')));
  t.equal((await server.request(bob, 'COPY', `${own}mine.ics`, to(`${BOBS}mine.ics`))).status, 201);
  t.notMatch(await text(alice, `${HERE}mine.ics`), 'VALARM');
  t.same(triggers(await text(bob, `${BOBS}mine.ics`)), ['-PT11M']);
  await server.request(bob, 'DELETE', `${own}mine.ics`);
  await put(alice, `${HERE}mine.ics`, simple('mine', 'Mine', ...alarm('-PT1M')));
  t.equal((await server.request(bob, 'MOVE', `${BOBS}mine.ics`, to(`${own}moved.ics`))).status, 201);
  t.same(triggers(await text(bob, `${own}moved.ics`)), ['-PT11M'], 'not those of the owner it leaves');
  t.equal((await get(alice, `${HERE}mine.ics`)).status, 404);

  await put(alice, `${HERE}attached.ics`, simple('attached', 'Attached', ...alarm('-PT1M')));
  await put(bob, `${BOBS}attached.ics`, simple('attached', 'Attached', ...alarm('-PT13M')));
  const attachment = { headers: { 'content-type': 'text/plain', prefer: 'return=representation' }, body: 'Agenda' };
  const added = await server.request(bob, 'POST', `${BOBS}attached.ics?action=attachment-add`, attachment);
  t.equal(added.status, 201);
  t.same([triggers(added.text), added.headers.etag], [['-PT13M'], await etag(bob, `${BOBS}attached.ics`)]);
  t.match(await text(alice, `${HERE}attached.ics`), /ATTACH[\s\S]*-PT1M/);

  await put(alice, `${HERE}within.ics`, simple('within', 'Within'));
  await put(bob, `${BOBS}within.ics`, simple('within', 'Within', ...alarm('-PT12M')));
  t.equal((await server.request(alice, 'MOVE', `${HERE}within.ics`, to(`${HERE}renamed.ics`))).status, 201);
  t.same(triggers(await text(bob, `${BOBS}renamed.ics`)), ['-PT12M']);
  t.equal(
    (await server.request(alice, 'COPY', `${HERE}renamed.ics`, to('/dav/calendars/alice/copied.ics'))).status >= 400,
    true,
  );
  await server.request(alice, 'MKCALENDAR', '/dav/calendars/alice/second/');
  t.equal(
    (await server.request(alice, 'MOVE', `${HERE}renamed.ics`, to('/dav/calendars/alice/second/renamed.ics'))).status,
    201,
  );
  await server.app.access.share('calendars/alice/second', 'bob', true);
  t.same(triggers(await text(bob, '/dav/calendars/bob/alice-second/renamed.ics')), ['-PT12M']);
});

t.test('who may only read, default alarms, and the end of a share', async (t) => {
  const dave = await server.addUser('dave');
  await server.app.access.share('calendars/alice/calendar', 'dave', false);
  const path = '/dav/calendars/dave/alice-calendar/';
  await put(alice, `${HERE}read.ics`, simple('read', 'Read', ...alarm('-PT5M')));
  t.notMatch(await text(dave, `${path}read.ics`), 'VALARM');
  t.equal((await put(dave, `${path}read.ics`, simple('read', 'Read', ...alarm('-PT5M')))).status, 403);

  const value = '<C:default-alarm-vevent-datetime>BEGIN:VALARM</C:default-alarm-vevent-datetime>';
  const ofCalendar = async (user: TestUser, at: string) =>
    (await ask(server, user, 'PROPFIND', at, { depth: '0' }, propfindBody('C:default-alarm-vevent-datetime')))
      .responses[0]?.ok.size;
  await ask(server, alice, 'PROPPATCH', HERE, {}, setBody(value));
  t.equal(await ofCalendar(alice, HERE), 1);
  t.equal(await ofCalendar(bob, BOBS), 0);
  await ask(server, bob, 'PROPPATCH', BOBS, {}, setBody(value));
  t.equal(await ofCalendar(bob, BOBS), 1);

  await put(bob, `${BOBS}read.ics`, simple('read', 'Read', ...alarm('-PT6M')));
  const { syncToken } = await sync(bob, BOBS);
  await server.request(bob, 'DELETE', BOBS);
  await server.app.access.share('calendars/alice/calendar', 'bob', true);
  t.notMatch(await text(bob, `${BOBS}read.ics`), 'VALARM', 'a share that ended leaves nothing');
  t.ok(names(await sync(bob, BOBS, syncToken)).includes('read.ics'), 'and who did not look in between is told');
});

t.test('limits, and the store is sound', async (t) => {
  const large = alarm('-PT5M', `ATTACH;ENCODING=BASE64;VALUE=BINARY:${'A'.repeat(300_000)}`);
  const refused = await put(bob, `${BOBS}large.ics`, simple('large', 'Large', ...large));
  t.equal(refused.status, 403);
  t.match(refused.text, 'max-resource-size');
  t.equal((await get(alice, `${HERE}large.ics`)).status, 404);
  await put(bob, `${BOBS}small.ics`, simple('small', 'Small', ...alarm('-PT5M')));
  t.same((await verifyStore(server.data)).problems, []);
});
