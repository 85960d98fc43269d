/** calendar-query and calendar-multiget: RFC 4791 §7.8, §7.9, §9.6 to §9.9, through a whole server. */
import t from 'tap';
import { busyTime } from '../../support/busy-time.ts';
import { event, icalendar } from '../../support/calendar.ts';
import { startServer, type TestServer, type TestUser } from '../../support/server.ts';

const CALENDAR = '/dav/calendars/anna/calendar/';
const NAMESPACES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"';
const GETETAG = '<D:prop><D:getetag/></D:prop>';
const DATA = '<D:prop><D:getetag/><C:calendar-data/></D:prop>';

function condition(text: string): string | undefined {
  return /<D:error[^>]*><([A-Z]+:[a-z-]+)(?:\/>|>.*<\/\1>)<\/D:error>\s*$/s.exec(text)?.[1];
}

function names(text: string): string[] {
  return [...text.matchAll(/<D:href>[^<]*\/([^/<]+)<\/D:href>/g)].map((match) => match[1] ?? '').sort();
}

const query = (filter: string, asked = GETETAG, more = '') =>
  `<C:calendar-query ${NAMESPACES}>${asked}<C:filter>${filter}</C:filter>${more}</C:calendar-query>`;
const inCalendar = (inner: string) => `<C:comp-filter name="VCALENDAR">${inner}</C:comp-filter>`;
const during = (start: string, end: string, component = 'VEVENT') =>
  inCalendar(`<C:comp-filter name="${component}"><C:time-range start="${start}" end="${end}"/></C:comp-filter>`);

async function setUp(t: Parameters<typeof startServer>[0]) {
  const server = await startServer(t);
  const anna = await server.addUser('anna');
  const put = async (name: string, body: string, path = CALENDAR) => {
    const { status, text } = await server.request(anna, 'PUT', path + name, {
      headers: { 'Content-Type': 'text/calendar' },
      body,
    });
    if (status >= 300) throw new Error(`${name}: ${status} ${text}`);
  };
  return { server, anna, put, report: reporter(server, anna) };
}

function reporter(server: TestServer, user: TestUser) {
  return (body: string, path = CALENDAR, headers: Record<string, string> = { Depth: '1' }) =>
    server.request(user, 'REPORT', path, { headers: { 'Content-Type': 'application/xml', ...headers }, body });
}

t.test('calendar-query', async (t) => {
  const { put, report } = await setUp(t);
  await put('once.ics', event('once', '20260310T100000Z', 'SUMMARY:a [b]+ & <c>'));
  await put('weekly.ics', event('weekly', '20260105T100000Z', 'RRULE:FREQ=WEEKLY'));
  await put('floating.ics', event('floating', '20260310T233000'));
  const day = during('20260310T000000Z', '20260311T000000Z');

  await t.test('Depth: absent means the members (conformance of all clients)', async (t) => {
    t.same(names((await report(query(day))).text), ['floating.ics', 'once.ics']);
    t.same(names((await report(query(day), CALENDAR, {})).text), ['floating.ics', 'once.ics']);
    t.same(names((await report(query(day), CALENDAR, { Depth: '0' })).text), []);
    t.same(names((await report(query(day), CALENDAR, { Depth: 'infinity' })).text), ['floating.ics', 'once.ics']);
    const home = await report(query(day), '/dav/calendars/anna/');
    t.same(names(home.text), ['floating.ics', 'once.ics'], 'all calendars of a home');
    t.same(names((await report(query(day), `${CALENDAR}once.ics`, { Depth: '0' })).text), ['once.ics']);
    t.same(names((await report(query(day), `${CALENDAR}weekly.ics`, { Depth: '0' })).text), []);
  });

  await t.test('the zone of floating times (RFC 4791 §9.8)', async (t) => {
    const vtimezone = (tzid: string) =>
      `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:${tzid}\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n`;
    const zone = (text: string) => `<C:timezone>${text}</C:timezone>`;
    const tokyo = await report(query(day, GETETAG, zone(vtimezone('Asia/Tokyo'))));
    t.same(names(tokyo.text), ['floating.ics', 'once.ics'], '23:30 in Tokyo is 14:30 in UTC');
    const newYork = await report(query(day, GETETAG, zone(vtimezone('America/New_York'))));
    t.same(names(newYork.text), ['once.ics']);
    const bad = await report(query(day, GETETAG, zone('nonsense')));
    t.same([bad.status, condition(bad.text)], [403, 'C:valid-calendar-data']);
  });

  await t.test('data is the stored text, escaped', async (t) => {
    const { text } = await report(query(day, DATA));
    t.match(text, 'SUMMARY:a [b]+ &amp; &lt;c&gt;&#13;\n');
  });

  await t.test('text is a substring, never a pattern', async (t) => {
    const summary = (text: string) =>
      query(
        inCalendar(
          `<C:comp-filter name="VEVENT"><C:prop-filter name="SUMMARY"><C:text-match>${text}</C:text-match></C:prop-filter></C:comp-filter>`,
        ),
      );
    t.same(names((await report(summary('A [B]+'))).text), ['once.ics']);
    for (const pattern of ['.*', '(a+)+$', '[b.]', 'a|b'])
      t.same(names((await report(summary(pattern))).text), [], pattern);
  });

  await t.test('preconditions, each alone in the body (RFC 4791 §7.8)', async (t) => {
    const event = (inner: string) => inCalendar(`<C:comp-filter name="VEVENT">${inner}</C:comp-filter>`);
    const range = (attributes: string) => event(`<C:time-range ${attributes}/>`);
    const table: [string, string][] = [
      ['<C:comp-filter name="VEVENT"/>', 'C:valid-filter'],
      ['', 'C:valid-filter'],
      [inCalendar('<C:time-range start="20260101T000000Z"/>'), 'C:valid-filter'],
      [inCalendar('<C:comp-filter name="VALARM"/>'), 'C:valid-filter'],
      [event('<C:comp-filter name="VEVENT"/>'), 'C:valid-filter'],
      [
        event('<C:prop-filter name="SUMMARY"><C:time-range start="20260101T000000Z"/></C:prop-filter>'),
        'C:valid-filter',
      ],
      [range('start="20260101"'), 'C:valid-filter'],
      [range('start="20260101T000000"'), 'C:valid-filter'],
      [range('start="20260102T000000Z" end="20260101T000000Z"'), 'C:valid-filter'],
      [inCalendar('<C:comp-filter name="VPOLL"/>'), 'C:supported-filter'],
      [inCalendar('<C:comp-filter name="constructor"/>'), 'C:supported-filter'],
      [
        event('<C:prop-filter name="UID"><C:text-match collation="i;klingon">x</C:text-match></C:prop-filter>'),
        'C:supported-collation',
      ],
    ];
    for (const [filter, expected] of table) {
      const { status, text } = await report(query(filter));
      t.same([status, condition(text)], [403, expected], filter);
    }
    const noRange = await report(query(range('')));
    t.same([noRange.status, condition(noRange.text)], [400, 'C:valid-filter'], 'neither a start nor an end');
    for (const attributes of ['content-type="application/calendar+xml"', 'version="1.0"']) {
      const asked = `<D:prop><C:calendar-data ${attributes}/></D:prop>`;
      const { status, text } = await report(query(day, asked));
      t.same([status, condition(text)], [403, 'C:supported-calendar-data'], attributes);
      const multiget = `<C:calendar-multiget ${NAMESPACES}>${asked}<D:href>${CALENDAR}once.ics</D:href></C:calendar-multiget>`;
      t.equal(condition((await report(multiget)).text), 'C:supported-calendar-data');
    }
  });
});

t.test('calendar-multiget', async (t) => {
  const { server, anna, put, report } = await setUp(t);
  await put('a.ics', event('a'));
  await put('b%20c.ics', event('b'));
  const multiget = (hrefs: readonly string[], asked = DATA) =>
    `<C:calendar-multiget ${NAMESPACES}>${asked}${hrefs.map((href) => `<D:href>${href}</D:href>`).join('')}</C:calendar-multiget>`;
  const statuses = (text: string) =>
    [...text.matchAll(/<D:response><D:href>([^<]*)<\/D:href>.*?<D:status>HTTP\/1.1 (\d+)/gs)].map(
      ([, href, status]) => [href, status],
    );

  await t.test('hrefs are compared after decoding; order is kept', async (t) => {
    const { status, text } = await report(
      multiget([`${CALENDAR}none.ics`, `/dav/calendars/Anna/calendar/%62%20c.ics`, `${server.url}${CALENDAR}a.ics`]),
    );
    t.equal(status, 207);
    t.same(statuses(text), [
      [`${CALENDAR}none.ics`, '404'],
      [`${CALENDAR}b%20c.ics`, '200'],
      [`${CALENDAR}a.ics`, '200'],
    ]);
    t.equal(text.match(/BEGIN:VCALENDAR/g)?.length, 2);
  });

  await t.test('nothing is told about what lies elsewhere', async (t) => {
    const bert = await server.addUser('bert');
    const secret = '/dav/calendars/bert/calendar/secret.ics';
    await server.request(bert, 'PUT', secret, {
      headers: { 'Content-Type': 'text/calendar' },
      body: event('secret', '20260302T100000Z', 'SUMMARY:Secret'),
    });
    await server.request(anna, 'MKCALENDAR', '/dav/calendars/anna/other/');
    await put('d.ics', event('d', '20260302T100000Z', 'SUMMARY:Secret'), '/dav/calendars/anna/other/');
    const hrefs = [
      secret,
      '/dav/calendars/bert/calendar/none.ics',
      `${CALENDAR}../../../bert/calendar/secret.ics`,
      `${CALENDAR}..%2f..%2fbert%2fcalendar%2fsecret.ics`,
      '/dav/calendars/anna/other/d.ics',
      '/dav/principals/bert/',
      '%ff',
      '',
    ];
    const { status, text } = await report(multiget(hrefs));
    t.equal(status, 207);
    t.notMatch(text, /Secret|BEGIN:/);
    t.equal(text.match(/404 Not Found/g)?.length, hrefs.length);
    const home = await report(multiget(['/dav/calendars/anna/other/d.ics', secret]), '/dav/calendars/anna/');
    t.same(statuses(home.text), [
      ['/dav/calendars/anna/other/d.ics', '200'],
      [secret, '404'],
    ]);
  });

  await t.test('50,000 hrefs are answered, at the price of each of a few', async (t) => {
    const ask = async (count: number): Promise<number> => {
      const hrefs = Array.from({ length: count }, (_, i) => `${CALENDAR}none-${i}.ics`);
      const started = busyTime();
      const { status, text } = await report(multiget([...hrefs, `${CALENDAR}a.ics`, `${CALENDAR}a.ics`]));
      t.equal(status, 207);
      t.equal(text.match(/BEGIN:VCALENDAR/g)?.length, 1, 'an object is told once');
      return (busyTime() - started) / count;
    };
    await ask(5_000);
    const [few, many] = [await ask(5_000), await ask(50_000)];
    t.ok(many < few * 4, `${many} and ${few} ms for each`);
  });
});

t.test('a multiget tells which objects are too much to expand, and answers the others', async (t) => {
  const { put, report } = await setUp(t);
  await put('often.ics', event('often', '20260101T000000Z', 'RRULE:FREQ=SECONDLY'));
  await put('once.ics', event('once', '20260101T000000Z'));
  const { status, text } = await report(
    `<C:calendar-multiget ${NAMESPACES}><D:prop><C:calendar-data><C:expand start="20260101T000000Z" end="20270101T000000Z"/></C:calendar-data></D:prop>` +
      `<D:href>${CALENDAR}once.ics</D:href><D:href>${CALENDAR}often.ics</D:href></C:calendar-multiget>`,
  );
  t.equal(status, 207);
  t.match(text, `${CALENDAR}often.ics</D:href><D:status>HTTP/1.1 507 Insufficient Storage`);
  t.match(text, 'UID:once');
});

t.test('recurrences that would go on for ever are answered in bounded time and size', async (t) => {
  const { put, report } = await setUp(t);
  const bombs = [
    'FREQ=SECONDLY',
    'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=YEARLY;COUNT=1000000000000000000',
    'FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=MINUTELY;BYHOUR=1;BYMINUTE=2;BYSECOND=3',
    `FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYHOUR=${Array.from({ length: 24 }, (_, i) => i)};BYMINUTE=${Array.from({ length: 60 }, (_, i) => i)}`,
    'FREQ=DAILY;INTERVAL=100000000000000000000',
  ];
  let stored = 0;
  for (const [i, rule] of bombs.entries()) {
    try {
      await put(`${i}.ics`, event(`bomb-${i}`, '20260101T000000Z', `RRULE:${rule}`));
      stored++;
    } catch (error) {
      t.match(String(error), /403.*C:(valid-calendar-data|max-instances)/s, rule);
    }
  }
  t.ok(stored >= 5, `${stored} stored`);
  const dates = Array.from(
    { length: 10_000 },
    (_, i) =>
      `202601${String(1 + (i % 28)).padStart(2, '0')}T${String(i % 24).padStart(2, '0')}${String(i % 60).padStart(2, '0')}00Z`,
  );
  await put('dates.ics', event('dates', '20260101T000000Z', `RDATE:${dates.join(',')}`));
  const overrides = Array.from({ length: 1_095 }, (_, i) => {
    const at = new Date(Date.UTC(2026, 0, 1 + i)).toISOString().replace(/[-:]|\.\d+/g, '');
    return `BEGIN:VEVENT\r\nUID:overrides\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:${at}\r\nDTSTART:${at}\r\nSUMMARY:${i}\r\nEND:VEVENT\r\n`;
  });
  const daily = event('overrides', '20260101T000000Z', 'RRULE:FREQ=DAILY', `DESCRIPTION:${'x'.repeat(200_000)}`);
  await put('overrides.ics', daily.replace('END:VCALENDAR', `${overrides.join('')}END:VCALENDAR`));

  const expand = (start: string, end: string) =>
    `<D:prop><C:calendar-data><C:expand start="${start}" end="${end}"/></C:calendar-data></D:prop>`;
  const spans: [string, string][] = [
    ['20260301T000000Z', '20260308T000000Z'],
    ['20400301T000000Z', '20400308T000000Z'],
    ['16000101T000000Z', '24991231T000000Z'],
  ];
  for (const [start, end] of spans) {
    for (const asked of [GETETAG, expand(start, end)]) {
      const started = busyTime();
      const { status, text } = await report(query(during(start, end), asked));
      const took = busyTime() - started;
      t.equal(status, 207, `${start} ${asked.length}`);
      t.ok(took < 1_000, `${Math.round(took)} ms`);
      t.ok(text.length < 12_000_000, `${text.length} octets`);
    }
  }
  const far = await report(
    query(during('99980101T000000Z', '99990101T000000Z'), expand('99980101T000000Z', '99990101T000000Z')),
  );
  t.same([far.status, condition(far.text)], [403, 'C:max-date-time']);
  const early = await report(
    query(during('20260101T000000Z', '20260201T000000Z'), expand('10000101T000000Z', '20000101T000000Z')),
  );
  t.same([early.status, condition(early.text)], [403, 'C:min-date-time']);
});

t.test('an ordinary daily event is expanded over ten years', async (t) => {
  const { put, report } = await setUp(t);
  await put('daily.ics', event('daily', '20200101T100000Z', 'RRULE:FREQ=DAILY'));
  const { status, text } = await report(
    query(
      during('20200101T000000Z', '20300101T000000Z'),
      '<D:prop><C:calendar-data><C:expand start="20200101T000000Z" end="20300101T000000Z"/></C:calendar-data></D:prop>',
    ),
  );
  t.equal(status, 207);
  t.equal(text.match(/BEGIN:VEVENT/g)?.length, 3_653);
  t.notMatch(text, /RRULE|507 Insufficient/);
});

t.test('a VTIMEZONE of 1,500 rules is refused or not evaluated', async (t) => {
  const { server, anna } = await setUp(t);
  const rules = Array.from(
    { length: 1_500 },
    (_, i) =>
      `BEGIN:STANDARD\r\nDTSTART:1970010${1 + (i % 9)}T000000\r\nRRULE:FREQ=DAILY\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0${i % 10}00\r\nEND:STANDARD\r\n`,
  ).join('');
  for (const [tzid, statuses] of [
    ['Europe/Paris', [201]],
    ['Mine', [403, 201]],
  ] as const) {
    const body = icalendar(
      'VEVENT',
      `UID:${tzid}`,
      'DTSTAMP:20260101T000000Z',
      `DTSTART;TZID=${tzid}:20260310T100000`,
    ).replace('BEGIN:VEVENT', `BEGIN:VTIMEZONE\r\nTZID:${tzid}\r\n${rules}END:VTIMEZONE\r\nBEGIN:VEVENT`);
    const started = busyTime();
    const { status } = await server.request(anna, 'PUT', `${CALENDAR}${tzid.length}.ics`, {
      headers: { 'Content-Type': 'text/calendar' },
      body,
    });
    t.ok((statuses as readonly number[]).includes(status), `${tzid}: ${status}`);
    t.ok(busyTime() - started < 1_000);
  }
});
