/** Suggestions and free/busy as JSON, through a whole server; every answer is judged by the schema that describes it. */
import Fastify from 'fastify';
import t from 'tap';
import { schemas } from '../../../protocols/api/schemas.ts';
import { JSON_VALIDATION } from '../../../protocols/api/validation.ts';
import { event, icalendar } from '../../support/calendar.ts';
import { startServer, type TestUser } from '../../support/server.ts';

const CALENDAR = { 'Content-Type': 'text/calendar; charset=utf-8' };
const JSON_TYPE = { 'Content-Type': 'application/json' };
const SUGGESTIONS = '/api/scheduling/suggestions';
const FREE_BUSY = '/api/scheduling/free-busy';

interface Conflict {
  kind: string;
  who?: string;
  summary?: string;
  wholeDay: boolean;
  bufferOnly: boolean;
  from: string;
  until: string;
}
interface Slot {
  rank?: number;
  start: string;
  fits: boolean;
  conflicts: Conflict[];
  reasons: { code: string; text: string }[];
  rooms: ({ address: string } | null)[];
}
interface Suggested {
  suggestions: Slot[];
  compromises: Slot[];
  explained: Slot[];
  examined: number;
  fitting: number;
  attendees: {
    address: string;
    availability: string;
    unknownBecause?: string;
    counted: boolean;
    workingHours: string;
  }[];
  nothingFits?: { text: string; blockers: { who?: string; room?: number; blocked: number }[] };
  notes: string[];
}
interface FreeBusyAnswer {
  attendees: { address: string; availability: string; busy: { type: string; from: string; until: string }[] }[];
}

/** Monday 2 March 2026, in winter time. */
const NOW = Date.UTC(2026, 2, 1, 12);
const server = await startServer(t, { now: () => NOW });
const anna = await server.addUser('anna');
const bert = await server.addUser('bert');
const cleo = await server.addUser('cleo');
const dora = await server.addUser('dora');

/** Judges an answer by the schema of that name, as a body. */
const judge = Fastify({ ajv: { customOptions: JSON_VALIDATION } });
judge.addSchema({ $id: 'convene', components: { schemas } });
for (const name of ['SuggestionResponse', 'FreeBusyResponse', 'Problem']) {
  const schema = { body: { $ref: `convene#/components/schemas/${name}` } };
  judge.post(`/${name}`, { schema }, async () => 'fits');
}

async function fits(name: string, text: string): Promise<void> {
  const { body } = await judge.inject({ method: 'POST', url: `/${name}`, headers: JSON_TYPE, payload: text });
  t.equal(body, 'fits', `the answer is a ${name}`);
}

function send(user: TestUser | undefined, path: string, body: unknown) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return server.request(user, 'POST', path, { headers: JSON_TYPE, body: text });
}

async function suggest(given: object, user = anna): Promise<Suggested> {
  const { status, headers, text } = await send(user, SUGGESTIONS, {
    organizer: 'anna@example.org',
    duration: 60,
    window: { from: '2026-03-02T00:00', until: '2026-03-07T00:00' },
    ...given,
  });
  t.equal(status, 200, text);
  t.equal(headers['content-type'], 'application/json; charset=utf-8');
  await fits('SuggestionResponse', text);
  return JSON.parse(text) as Suggested;
}

async function put(user: TestUser, uid: string, body: string): Promise<void> {
  const path = `/dav/calendars/${user.name}/calendar/${uid}.ics`;
  t.equal((await server.request(user, 'PUT', path, { headers: CALENDAR, body })).status, 201);
}

async function clear(user: TestUser, ...uids: string[]): Promise<void> {
  for (const uid of uids) await server.request(user, 'DELETE', `/dav/calendars/${user.name}/calendar/${uid}.ics`);
}

const starts = (slots: readonly Slot[]) => slots.map(({ start }) => start);
const ATTENDEES = { requiredAttendees: ['bert@example.org'] };

t.test('the description is OpenAPI 3.1 for everybody, and whole', async (t) => {
  const { status, headers, text } = await server.request(undefined, 'GET', '/api/openapi.json');
  t.equal(status, 200);
  t.equal(headers['content-type'], 'application/json; charset=utf-8');
  const document = JSON.parse(text) as {
    openapi: string;
    paths: object;
    components: { schemas: object; securitySchemes: Record<string, { in?: string; name?: string }> };
  };
  t.equal(document.openapi, '3.1.0');
  t.ok(SUGGESTIONS in document.paths && FREE_BUSY in document.paths);
  const { paths } = document as unknown as { paths: Record<string, Record<string, Record<string, unknown>>> };
  t.match(paths['/api/device-passwords'], { get: { tags: ['Device passwords'] }, post: { requestBody: {} } });
  t.match(paths['/api/deleted/items/{id}/restore']?.['post']?.['parameters'], [{ name: 'id', in: 'path' }]);
  t.same(paths['/api/session']?.['post']?.['security'], [], 'a log-in needs no log-in');
  for (const [path, operations] of Object.entries(paths)) {
    t.notMatch(path, ':');
    for (const [method, { summary, responses }] of Object.entries(operations)) {
      t.ok(summary && Object.keys(responses as object).length > 0, `${method} ${path} says what it does`);
      t.not(method, 'head');
    }
  }
  const { session, csrf } = document.components.securitySchemes;
  t.same([session?.in, session?.name, csrf?.in, csrf?.name], ['cookie', '__Host-convene', 'header', 'X-CSRF-Token']);
  const names = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
  t.ok(names.length > 10);
  for (const name of new Set(names)) t.ok(name! in document.components.schemas, `${name} exists`);
});

t.test('who is not logged in is asked to', async (t) => {
  for (const path of [SUGGESTIONS, FREE_BUSY]) {
    const { status, headers } = await send(undefined, path, {});
    t.equal(status, 401);
    t.match(headers['www-authenticate'], 'Basic');
  }
  t.equal((await send({ ...anna, password: 'wrong' }, SUGGESTIONS, {})).status, 401);
});

t.test('what is wrong with a body is named, place by place', async (t) => {
  const window = { from: '2026-03-02T00:00', until: '2026-03-07T00:00' };
  const good = { organizer: 'anna@example.org', duration: 60, window };
  const many = Array.from({ length: 201 }, (_, i) => `a${i}@example.org`);
  const table: [unknown, number, string[]][] = [
    ['', 400, []],
    ['{', 400, []],
    ['{"organizer":"\udc00"', 400, []],
    [Buffer.from([0x22, 0xff, 0x22]).toString('latin1'), 422, ['#']],
    ['[]', 422, ['#']],
    [`{"requiredAttendees":[${'1,'.repeat(100_000)}1]}`, 422, []],
    [`${'['.repeat(200_000)}`, 400, []],
    [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, 422, ['#']],
    [
      { ...good, requiredAttendees: Array(1_900).fill('') },
      422,
      ['#/requiredAttendees', ...Array.from({ length: 19 }, (_, i) => `#/requiredAttendees/${i}`)],
    ],
    ['null', 422, ['#']],
    [{}, 422, ['#/organizer', '#/duration', '#/window']],
    [{ ...good, duration: '60' }, 422, ['#/duration']],
    [{ ...good, duration: 0 }, 422, ['#/duration']],
    [{ ...good, duration: 1.5 }, 422, ['#/duration']],
    [{ ...good, duration: true }, 422, ['#/duration']],
    [{ ...good, duration: 1e300 }, 422, ['#/duration']],
    [{ ...good, step: 1 }, 422, ['#/step']],
    [{ ...good, limit: 51 }, 422, ['#/limit']],
    [{ ...good, workingHours: null }, 422, ['#/workingHours']],
    [{ ...good, organizer: 'anna' }, 422, ['#/organizer']],
    [{ ...good, organizer: 'a@b\r\nBcc: x' }, 422, ['#/organizer']],
    [
      { ...good, requiredAttendees: ['bert@example.org', 'x', 3] },
      422,
      ['#/requiredAttendees/1', '#/requiredAttendees/2'],
    ],
    [{ ...good, requiredAttendees: many }, 422, ['#/requiredAttendees']],
    [{ ...good, timeZone: 'Mars/Base' }, 422, ['#/timeZone']],
    [{ ...good, start: '10:00' }, 422, ['#/start']],
    [{ ...good, window: { ...window, from: '2026-02-30T00:00' } }, 422, ['#/window/from']],
    [{ ...good, window: { ...window, until: '2026-03-07T25:00' } }, 422, ['#/window/until']],
    [{ ...good, window: { from: window.until, until: window.from } }, 422, ['#/window/until']],
    [
      { ...good, window: { from: '9999-01-01T00:00', until: '9999-01-02T00:00' } },
      422,
      ['#/window/from', '#/window/until'],
    ],
    [{ ...good, rooms: [{ capacity: -1 }, { seats: 3 }] }, 422, ['#/rooms/0/capacity', '#/rooms/1/seats']],
    [{ ...good, 'a/b~c': 1 }, 422, ['#/a~1b~0c']],
    [
      '{"organizer":"anna@example.org","duration":60,"window":{},"__proto__":{"x":1}}',
      422,
      ['#/__proto__', '#/window/from', '#/window/until'],
    ],
    [{ ...good, window: { from: '2026-01-01T00:00', until: '2028-01-01T00:00' } }, 422, []],
    [{ ...good, step: 5, window: { from: '2026-01-01T00:00', until: '2026-12-01T00:00' } }, 422, []],
    [{ ...good, explain: ['2026-04-01T00:00'] }, 422, []],
  ];
  for (const [body, expected, pointers] of table) {
    const { status, headers, text } = await send(anna, SUGGESTIONS, body);
    const name = (typeof body === 'string' ? body : JSON.stringify(body)).slice(0, 90);
    t.equal(status, expected, `${name}: ${text}`);
    t.equal(headers['content-type'], 'application/problem+json; charset=utf-8');
    await fits('Problem', text);
    const { errors = [], detail } = JSON.parse(text) as { errors?: { pointer: string }[]; detail: string };
    t.same(errors.map(({ pointer }) => pointer).sort(), [...pointers].sort(), name);
    t.notMatch(detail, /undefined|\bat \//);
  }
});

t.test('wrong methods, types, sizes and paths', async (t) => {
  const get = await server.request(anna, 'GET', SUGGESTIONS);
  t.match([get.status, get.headers.allow], [405, 'POST']);
  t.equal((await server.request(anna, 'POST', '/api/openapi.json', { headers: JSON_TYPE, body: '{}' })).status, 405);
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1', '']) {
    const { status, text } = await server.request(anna, 'POST', SUGGESTIONS, {
      headers: { 'Content-Type': type },
      body: '{}',
    });
    t.equal(status, 415, `${type}: ${text}`);
  }
  t.equal((await send(anna, SUGGESTIONS, ' '.repeat(300_000))).status, 413);
  t.equal((await server.request(anna, 'GET', '/api/nothing')).status, 404);
  const outside = await send(anna, FREE_BUSY, {
    attendees: ['bert@example.org'],
    from: '2026-01-01T00:00',
    until: '2027-06-01T00:00',
  });
  t.equal(outside.status, 422);
  t.match(outside.text, '#/until');
});

t.test('nearest to the wish first, with ranks and reasons, the same every time', async (t) => {
  await put(bert, 'a', event('a', '20260303T100000Z'));
  const given = { ...ATTENDEES, start: '2026-03-03T10:00', limit: 5 };
  const { suggestions, compromises, fitting, examined, nothingFits } = await suggest(given);
  t.same(starts(suggestions), [
    '2026-03-03T09:00:00Z',
    '2026-03-03T11:00:00Z',
    '2026-03-03T11:30:00Z',
    '2026-03-03T12:00:00Z',
    '2026-03-03T12:30:00Z',
  ]);
  t.same(
    suggestions.map(({ rank }) => rank),
    [1, 2, 3, 4, 5],
  );
  t.ok(suggestions.every((slot) => slot.fits && slot.conflicts.length === 0));
  t.match(suggestions[0]!.reasons, [
    { code: 'distance', text: '1 hour before the wished time.' },
    { code: 'required', text: 'The required person is free.' },
    { code: 'working-hours' },
  ]);
  t.same([compromises, nothingFits, fitting, examined], [[], undefined, 72, 239]);
  const again = await send(anna, SUGGESTIONS, {
    organizer: 'anna@example.org',
    duration: 60,
    window: { from: '2026-03-02', until: 'x' },
  });
  t.equal(again.status, 422);
  const body = {
    organizer: 'anna@example.org',
    duration: 60,
    window: { from: '2026-03-02T00:00', until: '2026-03-07T00:00' },
    ...given,
  };
  t.equal((await send(anna, SUGGESTIONS, body)).text, (await send(anna, SUGGESTIONS, body)).text);
  await clear(bert, 'a');
});

t.test("the organizer's own calendar counts only when that is wanted", async (t) => {
  await put(anna, 'own', event('own', '20260303T100000Z', 'SUMMARY:Dentist'));
  const given = { ...ATTENDEES, start: '2026-03-03T10:00', limit: 1 };
  const without = await suggest(given);
  t.same(starts(without.suggestions), ['2026-03-03T10:00:00Z']);
  t.match(without.attendees, [
    { address: 'anna@example.org', counted: false, workingHours: 'ignored' },
    { address: 'bert@example.org', counted: true, workingHours: 'assumed' },
  ]);
  t.ok(without.notes.includes("The organizer's own calendar does not count."));
  const counted = await suggest({ ...given, countOrganizer: true, explain: ['2026-03-03T10:00'] });
  t.same(starts(counted.suggestions), ['2026-03-03T09:00:00Z']);
  t.match(counted.explained[0], {
    fits: false,
    conflicts: [
      {
        kind: 'busy',
        who: 'anna@example.org',
        summary: 'Dentist',
        from: '2026-03-03T10:00:00Z',
        until: '2026-03-03T11:00:00Z',
      },
    ],
  });
  t.equal(counted.explained[0]?.rank, undefined);
  await clear(anna, 'own');
});

t.test('the asker learns times, and titles only of what it may read', async (t) => {
  await put(bert, 'secret', event('secret', '20260304T100000Z', 'SUMMARY:Merger'));
  await put(bert, 'private', event('private', '20260304T103000Z', 'SUMMARY:Doctor', 'CLASS:PRIVATE'));
  const given = { ...ATTENDEES, explain: ['2026-03-04T10:00'] };
  const [blind] = (await suggest(given)).explained;
  t.same(
    blind?.conflicts.map(({ who, summary }) => [who, summary]),
    [
      ['bert@example.org', undefined],
      ['bert@example.org', undefined],
    ],
  );
  const calendar = (await server.store.collections.bySegment(bert.id, 'calendars', 'calendar'))!;
  const grant = {
    accountId: bert.id,
    collectionId: calendar.id,
    granteeId: anna.id,
    rights: 'read',
    createdAt: 0,
  } as const;
  await server.store.transaction((write) => write.grants.add(grant));
  const [reader] = (await suggest(given)).explained;
  t.same(
    reader?.conflicts.map(({ summary }) => summary),
    ['Merger', undefined],
  );
  await server.store.transaction(async (write) => {
    for (const { id } of await write.grants.on(bert.id, calendar.id)) await write.grants.remove(id);
  });

  await server.store.transaction((write) => write.freeBusySharing.set(bert.id, 'nobody'));
  const closed = await suggest({
    requiredAttendees: ['bert@example.org', 'x@elsewhere.example'],
    ...{ explain: given.explain },
  });
  t.match(closed.attendees.slice(1), [
    { address: 'bert@example.org', availability: 'unknown', unknownBecause: 'not-shared' },
    { address: 'x@elsewhere.example', availability: 'unknown', unknownBecause: 'no-account' },
  ]);
  t.equal(closed.explained[0]?.fits, true, 'what is not known is neither free nor busy');
  t.match(
    closed.explained[0]?.reasons.find(({ code }) => code === 'unknown')?.text,
    'bert@example.org, x@elsewhere.example',
  );
  t.notMatch(JSON.stringify(closed), /Merger|Doctor/);
  t.same(closed.explained[0]?.conflicts, []);
  await server.store.transaction((write) => write.freeBusySharing.set(bert.id, 'organisation'));
  await clear(bert, 'secret', 'private');
});

t.test('whole days block when they are opaque, and the answer says so', async (t) => {
  const allDay = (uid: string, date: string, transp: string) =>
    icalendar('VEVENT', `UID:${uid}`, 'DTSTAMP:20260101T000000Z', `DTSTART;VALUE=DATE:${date}`, `TRANSP:${transp}`);
  await put(bert, 'fair', allDay('fair', '20260303', 'OPAQUE'));
  await put(bert, 'birthday', allDay('birthday', '20260304', 'TRANSPARENT'));
  const { explained, notes } = await suggest({ ...ATTENDEES, explain: ['2026-03-03T10:00', '2026-03-04T10:00'] });
  t.match(explained[0], { fits: false, conflicts: [{ kind: 'busy', wholeDay: true }] });
  t.same([explained[1]?.fits, explained[1]?.conflicts], [true, []]);
  t.ok(notes.some((note) => /whole days.*opaque/.test(note)));
  await clear(bert, 'fair', 'birthday');
});

t.test('RFC 5545 §3.8.5: recurring events with an exception and a moved occurrence', async (t) => {
  const lines = ['DTSTAMP:20260101T000000Z', 'UID:daily'];
  const daily = icalendar(
    'VEVENT',
    ...lines,
    'DTSTART;TZID=Europe/Paris:20260105T100000',
    'DURATION:PT8H',
    'RRULE:FREQ=DAILY',
    'EXDATE;TZID=Europe/Paris:20260304T100000',
    'END:VEVENT',
    'BEGIN:VEVENT',
    ...lines,
    'RECURRENCE-ID;TZID=Europe/Paris:20260305T100000',
    'DTSTART;TZID=Europe/Paris:20260305T140000',
    'DURATION:PT3H',
  );
  await put(bert, 'daily', daily);
  const { suggestions, fitting } = await suggest({
    ...ATTENDEES,
    timeZone: 'Europe/Paris',
    start: '2026-03-04T09:00',
    step: 60,
    limit: 50,
  });
  const days = new Map<string, number>();
  for (const start of starts(suggestions)) days.set(start.slice(0, 10), (days.get(start.slice(0, 10)) ?? 0) + 1);
  t.same(Object.fromEntries(days), {
    '2026-03-04': 8,
    '2026-03-05': 5,
    '2026-03-02': 1,
    '2026-03-03': 1,
    '2026-03-06': 1,
  });
  t.equal(fitting, 16);
  await clear(bert, 'daily');
});

t.test('a day whose clock changes, and zones of half and quarter hours', async (t) => {
  const all = { ...ATTENDEES, workingHours: false, limit: 50, step: 60 };
  const paris = { ...all, timeZone: 'Europe/Paris' };
  // 29 March 2026: 2:00 becomes 3:00. 25 October 2026: 3:00 becomes 2:00.
  const spring = await suggest({ ...paris, window: { from: '2026-03-29T00:00', until: '2026-03-29T06:00' } });
  t.same(starts(spring.suggestions), [
    '2026-03-29T00:00:00+01:00',
    '2026-03-29T01:00:00+01:00',
    '2026-03-29T03:00:00+02:00',
    '2026-03-29T04:00:00+02:00',
    '2026-03-29T05:00:00+02:00',
  ]);
  const autumn = await suggest({ ...paris, window: { from: '2026-10-25T01:00', until: '2026-10-25T05:00' } });
  t.same(starts(autumn.suggestions), [
    '2026-10-25T01:00:00+02:00',
    '2026-10-25T02:00:00+02:00',
    '2026-10-25T02:00:00+01:00',
    '2026-10-25T03:00:00+01:00',
    '2026-10-25T04:00:00+01:00',
  ]);
  // A weekly meeting at 9:00 in Paris: 8:00 UTC before the change, 7:00 after it.
  await put(
    bert,
    'weekly',
    icalendar(
      'VEVENT',
      'UID:weekly',
      'DTSTAMP:20260101T000000Z',
      'DTSTART;TZID=Europe/Paris:20260323T090000',
      'DURATION:PT1H',
      'RRULE:FREQ=WEEKLY',
    ),
  );
  const asked = ['2026-03-23T08:00Z', '2026-03-23T07:00Z', '2026-03-30T08:00Z', '2026-03-30T07:00Z'];
  const weekly = await suggest({
    ...paris,
    window: { from: '2026-03-23T00:00', until: '2026-04-01T00:00' },
    explain: asked,
  });
  t.same(
    weekly.explained.map((slot) => slot.fits),
    [false, true, true, false],
  );
  await clear(bert, 'weekly');

  // Lord Howe changes by half an hour: on 5 April 2026 2:00 becomes 1:30.
  const howe = await suggest({
    ...all,
    timeZone: 'Australia/Lord_Howe',
    step: 30,
    window: { from: '2026-04-05T01:00', until: '2026-04-05T03:00' },
  });
  t.same(starts(howe.suggestions), [
    '2026-04-05T01:00:00+11:00',
    '2026-04-05T01:30:00+11:00',
    '2026-04-05T01:30:00+10:30',
    '2026-04-05T02:00:00+10:30',
  ]);
  for (const [zone, offset] of [
    ['Asia/Kolkata', '+05:30'],
    ['Asia/Kathmandu', '+05:45'],
  ] as const) {
    const office = await suggest({ ...ATTENDEES, timeZone: zone, start: '2026-03-03T09:00', limit: 1 });
    t.same(starts(office.suggestions), [`2026-03-03T09:00:00${offset}`], `assumed hours are those of ${zone}`);
  }
});

t.test('buffers before and after, which may overlap those of neighbours', async (t) => {
  await put(bert, 'early', event('early', '20260303T090000Z'));
  await put(bert, 'late', event('late', '20260303T120000Z'));
  const given = {
    ...ATTENDEES,
    window: { from: '2026-03-03T09:00', until: '2026-03-03T13:00' },
    step: 15,
    start: '2026-03-03T10:00',
    limit: 50,
  };
  const between = async (bufferBefore: number, bufferAfter: number) =>
    starts((await suggest({ ...given, bufferBefore, bufferAfter })).suggestions).map((start) => start.slice(11, 16));
  t.same(await between(0, 0), ['10:00', '10:15', '10:30', '10:45', '11:00']);
  t.same(await between(15, 0), ['10:15', '10:30', '10:45', '11:00']);
  t.same(await between(30, 30), ['10:30']);
  t.same(await between(45, 30), []);
  const { explained } = await suggest({ ...given, bufferBefore: 15, explain: ['2026-03-03T10:00'] });
  t.match(explained[0]?.conflicts, [{ kind: 'busy', bufferOnly: true }]);
  const edge = await suggest({
    ...given,
    bufferBefore: 60,
    window: { from: '2026-03-03T10:00', until: '2026-03-03T11:00' },
  });
  t.equal(edge.fitting, 0, 'a buffer also looks at what lies before the window');
  await clear(bert, 'early', 'late');
});

t.test('when nothing fits: the fewest conflicts, and why', async (t) => {
  const span = (uid: string, from: string, until: string) =>
    icalendar('VEVENT', `UID:${uid}`, 'DTSTAMP:20260101T000000Z', `DTSTART:${from}`, `DTEND:${until}`);
  await put(bert, 'b', span('b', '20260302T000000Z', '20260307T000000Z'));
  await put(cleo, 'c', span('c', '20260302T000000Z', '20260305T100000Z'));
  const people = {
    requiredAttendees: ['bert@example.org', 'cleo@example.org'],
    optionalAttendees: ['dora@example.org'],
  };
  const none = await suggest({ ...people, start: '2026-03-03T10:00', limit: 2 });
  t.same([none.fitting, none.suggestions], [0, []]);
  t.same(starts(none.compromises), ['2026-03-05T10:00:00Z', '2026-03-05T10:30:00Z']);
  t.match(none.compromises[0], { rank: 1, fits: false, conflicts: [{ who: 'bert@example.org' }] });
  t.match(none.nothingFits, {
    text: 'bert@example.org is free at none of the times.',
    blockers: [{ who: 'bert@example.org', blocked: none.examined }, { who: 'cleo@example.org' }],
  });
  await clear(bert, 'b');
  await put(bert, 'b', span('b', '20260305T100000Z', '20260307T000000Z'));
  t.equal((await suggest(people)).nothingFits?.text, 'Each could at some time, but never all at the same time.');
  const optional = await suggest({ optionalAttendees: ['bert@example.org'], start: '2026-03-05T10:00', limit: 1 });
  t.match(optional.suggestions[0], {
    fits: true,
    start: '2026-03-05T10:00:00Z',
    conflicts: [{ who: 'bert@example.org', required: false }],
  });
  const short = await suggest({ ...people, window: { from: '2026-03-05T10:00', until: '2026-03-05T10:30' } });
  t.match(short, { examined: 0, nothingFits: { text: /shorter than the meeting/ } });
  await clear(bert, 'b');
  await clear(cleo, 'c');
});

t.test('declared working hours are input: RFC 7953', async (t) => {
  const office = icalendar(
    'VAVAILABILITY',
    'UID:office',
    'DTSTAMP:20260101T000000Z',
    'BEGIN:AVAILABLE',
    'UID:evenings',
    'DTSTART:20260302T180000Z',
    'DTEND:20260302T200000Z',
    'RRULE:FREQ=WEEKLY;BYDAY=MO,TU',
    'END:AVAILABLE',
  );
  const set = (value: string) =>
    server.request(dora, 'PROPPATCH', '/dav/calendars/dora/inbox/', {
      headers: { 'Content-Type': 'application/xml' },
      body: `<D:propertyupdate xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">${value}</D:propertyupdate>`,
    });
  const value = `<C:calendar-availability>${office.replaceAll('\r', '&#13;')}</C:calendar-availability>`;
  t.match((await set(`<D:set><D:prop>${value}</D:prop></D:set>`)).text, '200 OK');
  const given = { requiredAttendees: ['dora@example.org'], limit: 50, step: 60, start: '2026-03-02T18:00' };
  const { suggestions, attendees } = await suggest(given);
  t.same(starts(suggestions), [
    '2026-03-02T18:00:00Z',
    '2026-03-02T19:00:00Z',
    '2026-03-03T18:00:00Z',
    '2026-03-03T19:00:00Z',
  ]);
  t.match(attendees[1], { workingHours: 'declared' });
  const any = await suggest({ ...given, workingHours: false });
  t.equal(any.fitting, any.examined);
  const range = { attendees: ['dora@example.org'], from: '2026-03-02T00:00', until: '2026-03-03T00:00' };
  const { text } = await send(anna, FREE_BUSY, range);
  const told = JSON.parse(text) as FreeBusyAnswer;
  t.same(told.attendees[0]?.busy, [
    { type: 'BUSY-UNAVAILABLE', from: '2026-03-02T00:00:00Z', until: '2026-03-02T18:00:00Z' },
    { type: 'BUSY-UNAVAILABLE', from: '2026-03-02T20:00:00Z', until: '2026-03-03T00:00:00Z' },
  ]);
  const plain = JSON.parse((await send(anna, FREE_BUSY, { ...range, workingHours: false })).text) as FreeBusyAnswer;
  t.same(plain.attendees[0]?.busy, []);
  await set('<D:remove><D:prop><C:calendar-availability/></D:prop></D:remove>');
});

t.test('rooms: the smallest that does, each wish a room of its own', async (t) => {
  const made = { kind: 'room', building: 'Main' } as const;
  await server.app.rooms.add({ ...made, address: 'small@example.org', capacity: 4, features: ['Video'] });
  await server.app.rooms.add({ ...made, address: 'large@example.org', capacity: 20, features: ['video', 'piano'] });
  await server.app.rooms.add({ ...made, address: 'shut@example.org', capacity: 4, booking: 'auto-decline' });
  const given = { ...ATTENDEES, start: '2026-03-03T10:00', limit: 1, explain: ['2026-03-03T10:00'] };
  const names = (slot: Slot | undefined) => slot?.rooms.map((room) => room?.address ?? null);
  const wish = async (...rooms: object[]) => names((await suggest({ ...given, rooms })).explained[0]);
  t.same(await wish({}), ['small@example.org']);
  t.same(await wish({ capacity: 5 }), ['large@example.org']);
  t.same(await wish({ features: ['VIDEO'] }, { features: ['video'] }), ['small@example.org', 'large@example.org']);
  t.same(await wish({}, { capacity: 4 }, {}), ['small@example.org', 'large@example.org', null]);
  t.same(await wish({ building: 'Annex' }), [null]);
  t.same(await wish({ features: ['whiteboard'] }), [null]);
  const unmet = await suggest({ ...given, rooms: [{ capacity: 100 }] });
  t.match(unmet.nothingFits, { text: 'There is no room with at least 100 seats.', blockers: [{ room: 0 }] });
  t.match(unmet.compromises[0]?.conflicts, [{ kind: 'no-room' }]);
});

t.test('groups are taken apart; whoever is named twice counts once', async (t) => {
  const { organisationId } = (await server.store.principals.get(anna.id))!;
  const domain = (await server.store.organisations.domain('example.org'))!;
  await server.store.transaction(async (write) => {
    const row = {
      organisationId,
      kind: 'group',
      name: 'team',
      displayName: 'Team',
      uuid: 'team',
      role: 'member',
      createdAt: 0,
    } as const;
    const id = await write.principals.add(row, 1);
    await write.principals.addAddress(id, domain.id, 'team@example.org', 0);
    for (const member of [bert, cleo]) await write.principals.addMember(id, member.id);
  });
  const { attendees } = await suggest({
    requiredAttendees: ['mailto:CLEO@example.org'],
    optionalAttendees: ['team@example.org', 'cleo@example.org'],
  });
  t.match(attendees, [
    { address: 'anna@example.org' },
    { address: 'cleo@example.org', required: true },
    { address: 'bert@example.org', required: false, group: 'team@example.org' },
  ]);
  t.equal(attendees.length, 3);
});

t.test('of one person no more than five conflicts are told', async (t) => {
  const uids = Array.from({ length: 8 }, (_, i) => `many${i}`);
  for (const uid of uids) await put(bert, uid, event(uid, '20260303T100000Z'));
  const { explained } = await suggest({ ...ATTENDEES, explain: ['2026-03-03T10:00'] });
  t.equal(explained[0]?.conflicts.length, 5);
  t.match(explained[0]?.reasons[1]?.text, 'cannot: bert@example.org');
  await clear(bert, ...uids);
});

t.test('everybody says for himself who may ask', async (t) => {
  const url = '/api/scheduling/sharing';
  const put = (user: TestUser | undefined, body: string) =>
    server.request(user, 'PUT', url, { headers: JSON_TYPE, body });
  t.equal((await server.request(dora, 'GET', url)).text, '{"sharedWith":"organisation"}');
  t.equal((await server.request(undefined, 'GET', url)).status, 401);
  t.equal((await put(undefined, '{"sharedWith":"nobody"}')).status, 401);
  t.match(await put(dora, '{"sharedWith":"world"}'), { status: 422, text: /#\/sharedWith/ });
  t.match(await put(dora, '{"sharedWith":"nobody"}'), { status: 200, text: '{"sharedWith":"nobody"}' });
  t.equal((await server.request(dora, 'GET', url)).text, '{"sharedWith":"nobody"}');
  const asked = await send(anna, FREE_BUSY, {
    attendees: ['dora@example.org'],
    from: '2026-03-03T00:00',
    until: '2026-03-04T00:00',
  });
  t.match(asked.text, '"unknownBecause":"not-shared"');
  t.equal((await put(dora, '{"sharedWith":"everyone"}')).status, 200);
  t.equal((await server.request(undefined, 'GET', '/freebusy/dora@example.org.ifb')).status, 200);
  t.match(await server.request(dora, 'DELETE', url), { status: 405, headers: { allow: 'GET, HEAD, PUT' } });
});

t.test('free/busy: merged periods, in the zone asked for', async (t) => {
  await put(bert, 'one', event('one', '20260303T100000Z'));
  await put(bert, 'two', event('two', '20260303T103000Z', 'STATUS:TENTATIVE'));
  await put(bert, 'free', event('free', '20260303T150000Z', 'TRANSP:TRANSPARENT'));
  const { status, text } = await send(cleo, FREE_BUSY, {
    attendees: ['bert@example.org', 'nobody@elsewhere.example'],
    from: '2026-03-03T00:00',
    until: '2026-03-04T00:00',
    timeZone: 'Asia/Kolkata',
  });
  t.equal(status, 200);
  await fits('FreeBusyResponse', text);
  t.same((JSON.parse(text) as FreeBusyAnswer).attendees, [
    {
      address: 'bert@example.org',
      name: 'bert',
      kind: 'individual',
      availability: 'known',
      busy: [
        { type: 'BUSY', from: '2026-03-03T15:30:00+05:30', until: '2026-03-03T16:30:00+05:30' },
        { type: 'BUSY-TENTATIVE', from: '2026-03-03T16:30:00+05:30', until: '2026-03-03T17:00:00+05:30' },
      ],
    },
    { address: 'nobody@elsewhere.example', availability: 'unknown', unknownBecause: 'no-account', busy: [] },
  ]);
  await clear(bert, 'one', 'two', 'free');
});
