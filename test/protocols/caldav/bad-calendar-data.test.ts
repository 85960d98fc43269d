/**
 * Calendar data that is wrong, hostile or much: a clear answer within a second, others unharmed, nothing half stored.
 * RFC 4791 §5.3.2.1, §7.8, §7.10. Elsewhere: XML itself (test/fuzz/xml.test.ts), attachments (managed-attachments.test.ts).
 */
import t from 'tap';
import { busyTime } from '../../support/busy-time.ts';
import { icalendar } from '../../support/calendar.ts';
import { CALENDAR, xml } from '../../support/dav.ts';
import { startServer, type TestResponse } from '../../support/server.ts';

const server = await startServer(t, { now: () => Date.UTC(2026, 4, 1) });
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
const calendar = '/dav/calendars/alice/calendar/';
const PATIENCE = 1_000;

async function timed<T>(
  t: { ok(truth: unknown, name: string): boolean },
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  const began = busyTime();
  const result = await work();
  const took = busyTime() - began;
  t.ok(took < PATIENCE, `${name} took ${Math.round(took)} ms`);
  return result;
}

const condition = ({ status, text }: TestResponse) => {
  const name = /<D:error[^>]*><([A-Z]+:[a-z-]+)/.exec(text)?.[1];
  return name === undefined ? String(status) : `${status} ${name}`;
};
const put = (name: string, body: string | Buffer, headers: Record<string, string> = CALENDAR) =>
  server.request(alice, 'PUT', calendar + name, { headers, body });
const event = (...lines: string[]) => icalendar('VEVENT', 'UID:bad', 'DTSTAMP:20260101T000000Z', ...lines);
const start = 'DTSTART:20260501T100000Z';
const report = (body: string) => server.request(alice, 'REPORT', calendar, { headers: { depth: '1' }, body });
const query = (inside: string, data = '<D:getetag/>') =>
  report(
    xml(
      'C:calendar-query',
      `<D:prop>${data}</D:prop><C:filter><C:comp-filter name="VCALENDAR">${inside}</C:comp-filter></C:filter>`,
    ),
  );
const range = (from: string, until: string) =>
  `<C:comp-filter name="VEVENT"><C:time-range start="${from}" end="${until}"/></C:comp-filter>`;

t.test('malformed objects', async (t) => {
  const cases: [name: string, body: string | Buffer, expected: string][] = [
    ['empty', '', '403 C:valid-calendar-data'],
    ['text', 'hello', '403 C:valid-calendar-data'],
    ['a card', 'BEGIN:VCARD\r\nVERSION:3.0\r\nFN:x\r\nEND:VCARD\r\n', '403 C:valid-calendar-data'],
    ['not UTF-8', Buffer.from([0x42, 0xff, 0xfe]), '403 C:valid-calendar-data'],
    ['a control character', event(start, 'SUMMARY:a\u0001b'), '403 C:valid-calendar-data'],
    ['no end', event(start).replace('END:VCALENDAR', ''), '403 C:valid-calendar-data'],
    ['a conference without a URI', event(start, 'CONFERENCE;VALUE=URI:call me'), '403 C:valid-calendar-data'],
    ['a participant without a UID', event(start, 'BEGIN:PARTICIPANT', 'END:PARTICIPANT'), '403 C:valid-calendar-data'],
    [
      'an alarm seen at no time',
      event(start, 'BEGIN:VALARM', 'ACKNOWLEDGED:x', 'END:VALARM'),
      '403 C:valid-calendar-data',
    ],
    ['a link without a relation', event(start, 'LINK;VALUE=URI:https://a.example'), '403 C:valid-calendar-data'],
    ['50,000 levels', `${'BEGIN:X\r\n'.repeat(50_000)}${'END:X\r\n'.repeat(50_000)}`, '403 C:valid-calendar-data'],
    ['no UID', event(start).replace('UID:bad\r\n', ''), '403 C:valid-calendar-object-resource'],
    [
      'METHOD',
      event(start).replace('BEGIN:VEVENT', 'METHOD:REQUEST\r\nBEGIN:VEVENT'),
      '403 C:valid-calendar-object-resource',
    ],
    [
      'two UIDs',
      event(start, 'END:VEVENT', 'BEGIN:VEVENT', 'UID:other', start),
      '403 C:valid-calendar-object-resource',
    ],
    [
      'two types',
      event(start, 'END:VEVENT', 'BEGIN:VTODO', 'UID:bad', 'END:VTODO', 'BEGIN:VEVENT', 'UID:bad', start),
      '403 C:valid-calendar-object-resource',
    ],
    ['no DTSTART', event(), '403 C:valid-calendar-data'],
    ['a bad date', event('DTSTART:20261301T100000Z'), '403 C:valid-calendar-data'],
    ['before 1600', event('DTSTART:10000101T100000Z'), '403 C:min-date-time'],
    ['after 2499', event('DTSTART:99980101T100000Z'), '403 C:max-date-time'],
    [
      'an unknown component',
      icalendar('VPOLL', 'UID:bad', 'DTSTAMP:20260101T000000Z'),
      '403 C:supported-calendar-component',
    ],
    [
      'a task where only events go',
      icalendar('VTODO', 'UID:bad', 'DTSTAMP:20260101T000000Z'),
      '403 C:supported-calendar-component',
    ],
    ['INTERVAL=0', event(start, 'RRULE:FREQ=DAILY;INTERVAL=0'), '403 C:valid-calendar-data'],
    ['INTERVAL=-1', event(start, 'RRULE:FREQ=DAILY;INTERVAL=-1'), '403 C:valid-calendar-data'],
    ['INTERVAL=10^20', event(start, `RRULE:FREQ=DAILY;INTERVAL=1${'0'.repeat(20)}`), '403 C:valid-calendar-data'],
    ['a name nobody knows as a path', event('DTSTART;TZID=../../etc/passwd:20260501T100000'), '403 C:valid-timezone'],
    [
      '50,000 RDATE',
      event(start, `RDATE:${'20260501T100000Z,'.repeat(50_000)}20260502T100000Z`),
      '403 C:max-instances',
    ],
    ['200 rules', event(start, ...Array.from({ length: 200 }, () => 'RRULE:FREQ=DAILY')), '403 C:max-instances'],
    [
      '20,000 attendees',
      event(start, ...Array.from({ length: 20_000 }, (_, i) => `ATTENDEE:mailto:a${i}@example.org`)),
      '403 C:max-attendees-per-instance',
    ],
    ['100,000 parameters', event(`${start.replace(':', `${';X-P=1'.repeat(100_000)}:`)}`), '403 C:valid-calendar-data'],
    ['a million folds', event(start, `SUMMARY:${'a\r\n '.repeat(1_000_000)}`), '201'],
    [
      'a VTIMEZONE of 1,500 rules',
      event('DTSTART;TZID=Own:20260501T100000').replace(
        'BEGIN:VEVENT',
        `BEGIN:VTIMEZONE\r\nTZID:Own\r\n${'BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=DAILY\r\nEND:STANDARD\r\n'.repeat(1_500)}END:VTIMEZONE\r\nBEGIN:VEVENT`,
      ),
      '403 C:valid-calendar-data',
    ],
    [
      'one that is known by name all the same',
      event('DTSTART;TZID=Europe/Zurich:20260501T100000').replace(
        'BEGIN:VEVENT',
        'BEGIN:VTIMEZONE\r\nTZID:Europe/Zurich\r\nnonsense:1\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT',
      ),
      '201',
    ],
  ];
  for (const [name, body, expected] of cases) {
    const answer = await timed(t, name, () => put('bad.ics', body));
    t.equal(condition(answer), expected, name);
    if (answer.status === 201) await server.request(alice, 'DELETE', `${calendar}bad.ics`);
    else t.equal((await server.request(alice, 'GET', `${calendar}bad.ics`)).status, 404, `${name} left nothing`);
  }
  t.equal(
    condition(await put('bad.ics', event(start), { 'content-type': 'text/html' })),
    '403 C:supported-calendar-data',
  );
  t.equal(
    condition(await put('bad.ics', event(start), { 'content-type': 'text/calendar; charset=utf-16' })),
    '403 C:supported-calendar-data',
  );
});

t.test('text that would like to be a property, or a page', async (t) => {
  const summary = 'SUMMARY:a\\nATTENDEE:mailto:x@example.org <script>alert(1)</script> __proto__';
  const body = event(start, summary, 'X-CONSTRUCTOR:1', 'DESCRIPTION;ALTREP="data:text/html,<script>":x');
  t.equal((await put('html.ics', body)).status, 201);
  const got = await server.request(alice, 'GET', `${calendar}html.ics`);
  t.equal(got.text, body);
  t.match(got.headers['content-type'], /^text\/calendar/);
  t.equal(got.headers['x-content-type-options'], 'nosniff');
  t.match(
    (
      await report(
        xml('C:calendar-multiget', `<D:prop><C:calendar-data/></D:prop><D:href>${calendar}html.ics</D:href>`),
      )
    ).text,
    '&lt;script&gt;',
  );
  await server.request(alice, 'DELETE', `${calendar}html.ics`);
});

t.test('the same UID elsewhere', async (t) => {
  await put('one.ics', event(start));
  const other = await put('two.ics', event(start));
  t.match(condition(other), /40[39] C:no-uid-conflict/);
  t.match(other.text, `<D:href>${calendar}one.ics</D:href>`);
  await server.request(alice, 'DELETE', `${calendar}one.ics`);
});

const BOMBS: readonly string[] = [
  'FREQ=SECONDLY',
  'FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=3;BYMINUTE=7;BYSECOND=11',
  'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30',
  'FREQ=MINUTELY;BYHOUR=1;BYMINUTE=2;BYMONTH=2;BYMONTHDAY=30',
  'FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;BYMONTH=6',
  `FREQ=DAILY;COUNT=1${'0'.repeat(18)}`,
  `FREQ=YEARLY;BYMONTH=${list(12)};BYMONTHDAY=${list(31)};BYHOUR=${list(23)};BYMINUTE=${list(59)};BYSECOND=${list(59)}`,
  'FREQ=YEARLY;INTERVAL=2147483647',
  'RSCALE=PERSIAN;FREQ=YEARLY;BYMONTH=13',
];

function list(last: number): string {
  return Array.from({ length: last }, (_, i) => i + 1).join(',');
}

t.test('rules that never end or never match', async (t) => {
  for (const [index, rule] of BOMBS.entries()) {
    const body = event(start, `RRULE:${rule}`).replace('UID:bad', `UID:bomb-${index}`);
    const stored = await timed(t, `PUT of ${rule.slice(0, 60)}`, () => put(`bomb-${index}.ics`, body));
    t.equal(stored.status, 201, rule.slice(0, 60));
  }
  const reads: [name: string, work: () => Promise<TestResponse>, allowed: readonly number[]][] = [
    ['a query', () => query(range('20260601T000000Z', '20260602T000000Z')), [207]],
    ['a query far ahead', () => query(range('24000601T000000Z', '24000602T000000Z')), [207]],
    [
      'an open query',
      () => query('<C:comp-filter name="VEVENT"><C:time-range start="20270101T000000Z"/></C:comp-filter>'),
      [207],
    ],
    [
      'expand',
      () =>
        query(
          range('20260601T000000Z', '20260608T000000Z'),
          '<C:calendar-data><C:expand start="20260601T000000Z" end="20260608T000000Z"/></C:calendar-data>',
        ),
      [207],
    ],
    [
      'expand over 1,000 years',
      () =>
        query(
          range('16000101T000000Z', '24990101T000000Z'),
          '<C:calendar-data><C:expand start="16000101T000000Z" end="24990101T000000Z"/></C:calendar-data>',
        ),
      [207, 403, 507],
    ],
    [
      'free/busy',
      () => report(xml('C:free-busy-query', '<C:time-range start="20260601T000000Z" end="20260608T000000Z"/>')),
      [200, 507],
    ],
    [
      'free/busy of centuries',
      () => report(xml('C:free-busy-query', '<C:time-range start="16000101T000000Z" end="24990101T000000Z"/>')),
      [403, 507],
    ],
    [
      'expand in the year 9998',
      () =>
        query(
          range('20260101T000000Z', '20270101T000000Z'),
          '<C:calendar-data><C:expand start="99980101T000000Z" end="99990101T000000Z"/></C:calendar-data>',
        ),
      [403],
    ],
  ];
  for (const [name, work, allowed] of reads) {
    // Somebody else goes on working meanwhile.
    const others: number[] = [];
    let done = false;
    const bystander = (async () => {
      while (!done) {
        const began = busyTime();
        const answer = await server.request(bob, 'PROPFIND', '/dav/calendars/bob/calendar/', {
          headers: { depth: '1' },
        });
        t.equal(answer.status, 207);
        others.push(busyTime() - began);
      }
    })();
    const answer = await timed(t, name, work);
    done = true;
    await bystander;
    t.ok(allowed.includes(answer.status), `${name}: ${answer.status}`);
    t.ok(answer.text.length < 10 * 1024 * 1024, `${name}: ${answer.text.length} characters`);
    t.ok(Math.max(...others) < 500, `${name}: somebody else waited ${Math.round(Math.max(...others))} ms at most`);
  }
  for (const index of BOMBS.keys()) await server.request(alice, 'DELETE', `${calendar}bomb-${index}.ics`);
});

t.test('an ordinary daily event meets no limit', async (t) => {
  await put('daily.ics', event('DTSTART:20000101T100000Z', 'DURATION:PT15M', 'RRULE:FREQ=DAILY'));
  for (const year of [2026, 2040, 2400]) {
    const answer = await query(
      range(`${year}0301T000000Z`, `${year}0302T000000Z`),
      `<C:calendar-data><C:expand start="${year}0101T000000Z" end="${year + 1}0101T000000Z"/></C:calendar-data>`,
    );
    t.ok(answer.text.split('BEGIN:VEVENT').length - 1 >= 365, String(year));
  }
  await server.request(alice, 'DELETE', `${calendar}daily.ics`);
});

t.test('1,095 overrides, and a long text expanded', async (t) => {
  const day = (i: number) => new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10).replaceAll('-', '');
  const overrides = Array.from(
    { length: 1_095 },
    (_, i) => `END:VEVENT\r\nBEGIN:VEVENT\r\nUID:bad\r\nRECURRENCE-ID:${day(i)}T100000Z\r\nDTSTART:${day(i)}T110000Z`,
  );
  const stored = await timed(t, 'overrides', () =>
    put('overrides.ics', event('DTSTART:20260101T100000Z', 'RRULE:FREQ=DAILY', ...overrides)),
  );
  t.equal(stored.status, 201);
  const expanded = await timed(t, 'expanding them', () =>
    query(
      range('20260101T000000Z', '20290101T000000Z'),
      '<C:calendar-data><C:expand start="20260101T000000Z" end="20290101T000000Z"/></C:calendar-data>',
    ),
  );
  t.equal(expanded.status, 207);
  await server.request(alice, 'DELETE', `${calendar}overrides.ics`);
  await put('long.ics', event(start, `DESCRIPTION:${'x'.repeat(200_000)}`, 'RRULE:FREQ=DAILY'));
  const long = await timed(t, 'a long text', () =>
    query(
      range('20260101T000000Z', '20290101T000000Z'),
      '<C:calendar-data><C:expand start="20260101T000000Z" end="20290101T000000Z"/></C:calendar-data>',
    ),
  );
  t.ok(long.text.length < 12 * 1024 * 1024, `${long.text.length} characters`);
  await server.request(alice, 'DELETE', `${calendar}long.ics`);
});

t.test('what looks like a pattern is text', async (t) => {
  await put('pattern.ics', event(start, `SUMMARY:${'a'.repeat(5_000)}!`, 'LOCATION:.*(a+)+$'));
  const match = (property: string, text: string) =>
    query(
      `<C:comp-filter name="VEVENT"><C:prop-filter name="${property}"><C:text-match>${text}</C:text-match></C:prop-filter></C:comp-filter>`,
    );
  t.notMatch((await timed(t, 'a pattern', () => match('SUMMARY', '^(a+)+$'))).text, 'pattern.ics');
  t.match((await match('LOCATION', '.*(a+)+$')).text, 'pattern.ics');
  t.notMatch((await match('LOCATION', '%')).text, 'pattern.ics');
});

t.test('a multiget of 50,000 hrefs is answered or refused soon', async (t) => {
  const hrefs = Array.from({ length: 50_000 }, (_, i) => `<D:href>${calendar}${i}.ics</D:href>`).join('');
  const began = busyTime();
  const answer = await report(xml('C:calendar-multiget', `<D:prop><D:getetag/></D:prop>${hrefs}`));
  t.ok([207, 413, 507].includes(answer.status), String(answer.status));
  t.ok(busyTime() - began < 5_000);
});
