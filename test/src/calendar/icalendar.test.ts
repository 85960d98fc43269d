/** Reading and checking calendar objects: what real clients send, what is refused, what is let pass. */
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { indexCalendarObject } from '../../../src/calendar/calendar-index.ts';
import { parseVtimezone } from '../../../src/calendar/calendar-zones.ts';
import { parseCalendarObject } from '../../../src/calendar/icalendar.ts';
import { DomainError } from '../../../src/errors.ts';
import { busyTime } from '../../support/busy-time.ts';

const WINDOW = { from: Date.UTC(2025, 10, 1), until: Date.UTC(2029, 10, 1) };
const FIXTURES = new URL('../../../fixtures/icalendar/', import.meta.url);

function refusal(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

function codeOf(run: () => unknown): string {
  try {
    run();
    return 'accepted';
  } catch (error) {
    return error instanceof DomainError ? error.code : `thrown: ${String(error)}`;
  }
}

function calendar(...lines: string[]): string {
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//EN', ...lines, 'END:VCALENDAR', ''].join('\r\n');
}

function event(...lines: string[]): string {
  return calendar('BEGIN:VEVENT', 'UID:1', 'DTSTAMP:20260101T000000Z', ...lines, 'END:VEVENT');
}

const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString());

t.test('objects of real clients', async (t) => {
  const names = readdirSync(FIXTURES).filter((name) => name.endsWith('.ics'));
  t.ok(names.length >= 7);
  for (const name of names) {
    const index = indexCalendarObject(parseCalendarObject(readFileSync(new URL(name, FIXTURES), 'utf8')), WINDOW);
    const { component, icalUid, recurring, firstStart, lastEnd, occurrences } = index;
    t.same(
      {
        component,
        icalUid,
        recurring,
        firstStart: iso(firstStart),
        lastEnd: iso(lastEnd),
        occurrences: occurrences.map((row) => [iso(row.startAt), iso(row.endAt), row.floating, row.busy]),
      },
      JSON.parse(readFileSync(new URL(name.replace('.ics', '.json'), FIXTURES), 'utf8')),
      name,
    );
  }
});

t.test('RFC 4791 §4.1: calendar object resources', async (t) => {
  const start = 'DTSTART:20260101T100000Z';
  const vevent = (...lines: string[]) => ['BEGIN:VEVENT', ...lines, 'END:VEVENT'];
  const cases: [string, string, string][] = [
    ['one event', event(start), 'accepted'],
    ['METHOD', calendar('METHOD:PUBLISH', ...vevent('UID:1', start)), 'invalid-object'],
    ['no component', calendar(), 'invalid-object'],
    ['only a VTIMEZONE', calendar('BEGIN:VTIMEZONE', 'TZID:X', 'END:VTIMEZONE'), 'invalid-object'],
    ['two types', calendar(...vevent('UID:1', start), 'BEGIN:VTODO', 'UID:1', 'END:VTODO'), 'invalid-object'],
    [
      'two UIDs',
      calendar(...vevent('UID:1', start), ...vevent('UID:2', 'RECURRENCE-ID:20260102T100000Z', start)),
      'invalid-object',
    ],
    ['no UID', calendar(...vevent(start)), 'invalid-object'],
    ['empty UID', calendar(...vevent('UID: ', start)), 'invalid-object'],
    ['UID of 2,000 characters', calendar(...vevent(`UID:${'u'.repeat(2_000)}`, start)), 'invalid-object'],
    ['two UID properties', calendar(...vevent('UID:1', 'UID:1', start)), 'invalid-data'],
    ['two main components', calendar(...vevent('UID:1', start), ...vevent('UID:1', start)), 'invalid-object'],
    [
      'the same RECURRENCE-ID twice',
      calendar(
        ...vevent('UID:1', start, 'RECURRENCE-ID:20260102T100000Z'),
        ...vevent('UID:1', start, 'RECURRENCE-ID:20260102T100000Z'),
      ),
      'invalid-object',
    ],
    [
      'overrides alone',
      calendar(
        ...vevent('UID:1', start, 'RECURRENCE-ID:20260102T100000Z'),
        ...vevent('UID:1', start, 'RECURRENCE-ID:20260103T100000Z'),
      ),
      'accepted',
    ],
    ['unknown component', calendar('BEGIN:VPOLL', 'UID:1', 'END:VPOLL'), 'unsupported-component'],
    ['VAVAILABILITY', calendar('BEGIN:VAVAILABILITY', 'UID:1', 'END:VAVAILABILITY'), 'accepted'],
    ['two calendars', event(start) + event(start), 'invalid-data'],
    ['a card', 'BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nFN:A\r\nEND:VCARD\r\n', 'invalid-data'],
    ['version 1.0', event(start).replace('VERSION:2.0', 'VERSION:1.0'), 'invalid-data'],
    ['no version', event(start).replace('VERSION:2.0\r\n', ''), 'invalid-data'],
    ['CALSCALE', calendar('CALSCALE:HEBREW', ...vevent('UID:1', start)), 'invalid-data'],
    ['nothing', '', 'invalid-data'],
    ['not iCalendar', 'hello', 'invalid-data'],
    ['end missing', event(start).replace('END:VCALENDAR\r\n', ''), 'invalid-data'],
    ['ends crossed', event(start).replace('END:VEVENT', 'END:VTODO'), 'invalid-data'],
    ['text behind it', `${event(start)}X:1\r\n`, 'invalid-data'],
    ['BEGIN with a parameter', event('BEGIN;X=1:VALARM', start), 'invalid-data'],
  ];
  for (const [name, text, expected] of cases)
    t.equal(
      codeOf(() => parseCalendarObject(text)),
      expected,
      name,
    );
});

t.test('RFC 5545: values', async (t) => {
  const start = 'DTSTART:20260101T100000Z';
  const cases: [string[], string][] = [
    [['SUMMARY:no start'], 'invalid-data'],
    [[start, start], 'invalid-data'],
    [['DTSTART:20260231T100000Z'], 'invalid-data'],
    [['DTSTART;VALUE=DATE:20260229'], 'invalid-data'],
    [['DTSTART;VALUE=DATE:20280229'], 'accepted'],
    [['DTSTART:20260101T240000Z'], 'invalid-data'],
    [['DTSTART:20260101T250000'], 'invalid-data'],
    [['DTSTART:20260101T106000'], 'invalid-data'],
    [['DTSTART:20260101T235960Z'], 'accepted'],
    [['DTSTART:2026-01-01T10:00:00Z'], 'invalid-data'],
    [['DTSTART:20260101T100000+01'], 'invalid-data'],
    [['DTSTART:'], 'invalid-data'],
    [['DTSTART:20260101'], 'accepted'],
    [['DTSTART;VALUE=DATE:20260101T100000'], 'invalid-data'],
    [[start, 'DTEND:20260101T110000Z'], 'accepted'],
    [[start, 'DTEND:20260101T100000Z'], 'accepted'],
    [[start, 'DTEND:20260101T090000Z'], 'invalid-data'],
    [['DTSTART;TZID=Europe/Berlin:20260101T100000', 'DTEND;TZID=Europe/London:20260101T093000'], 'accepted'],
    // An end of another type than the start is written by programs in use.
    [[start, 'DTEND;VALUE=DATE:20260102'], 'accepted'],
    [[start, 'DTEND:20060101T000000'], 'accepted'],
    [['CREATED:   51222T205954Z', start], 'accepted'],
    [['DTSTART;VALUE=DATE:20260101', 'DTEND;VALUE=DATE:20260101'], 'accepted'],
    [['DTSTART;VALUE=DATE:20260102', 'DTEND;VALUE=DATE:20260101'], 'invalid-data'],
    [[start, 'DTEND:20260101T110000Z', 'DURATION:PT1H'], 'invalid-data'],
    [[start, 'DURATION:PT1H'], 'accepted'],
    [[start, 'DURATION:P1W'], 'accepted'],
    [[start, 'DURATION:-PT1H'], 'invalid-data'],
    [[start, 'DURATION:P'], 'invalid-data'],
    [[start, 'DURATION:1H'], 'invalid-data'],
    [['DTSTART;TZID=Nowhere/Land:20260101T100000'], 'unknown-time-zone'],
    [['DTSTART;TZID=../../etc/passwd:20260101T100000'], 'unknown-time-zone'],
    [['DTSTART;TZID=Europe/Berlin:20260101T100000Z'], 'accepted'],
    [['DTSTART;TZID=W. Europe Standard Time:20260101T100000'], 'accepted'],
    [['DTSTART;TZID=/mozilla.org/20050126_1/Europe/Berlin:20260101T100000'], 'accepted'],
    [[start, 'DTSTAMP:yesterday'], 'invalid-data'],
    [[start, 'CREATED:00001231T000000Z'], 'accepted'],
    [['DTSTART:00010101T000000Z'], 'date-out-of-range'],
    [['DTSTART:99980101T000000Z'], 'date-out-of-range'],
    [[start, 'DTEND:99980101T000000Z'], 'date-out-of-range'],
    [[start, 'RDATE:99980101T000000Z'], 'date-out-of-range'],
    [[start, 'RRULE:FREQ=DAILY;UNTIL=99991231T235959Z'], 'accepted'],
    [[start, 'RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30'], 'accepted'],
    [[start, 'RRULE:FREQ=SECONDLY'], 'accepted'],
    [[start, 'RRULE:FREQ=DAILY;INTERVAL=0'], 'invalid-data'],
    [[start, 'RRULE:FREQ=DAILY;INTERVAL=-1'], 'invalid-data'],
    [[start, 'RRULE:FREQ=NEVER'], 'invalid-data'],
    [[start, 'RRULE:'], 'invalid-data'],
    [[start, 'RRULE;X-EVOLUTION-ENDDATE=20260101T000000Z:FREQ=DAILY;COUNT=2'], 'accepted'],
    [[start, ...Array.from({ length: 200 }, () => 'RRULE:FREQ=DAILY')], 'too-many-instances'],
    [[start, `RDATE:${Array.from({ length: 50_000 }, () => '20260101T100000Z').join(',')}`], 'too-many-instances'],
    [[start, ...Array.from({ length: 15_000 }, () => 'EXDATE:20260101T100000Z')], 'too-many-instances'],
    [[start, 'EXDATE:'], 'accepted'],
    [[start, 'RDATE;VALUE=PERIOD:20260102T100000Z/PT1H,20260103T100000Z/20260103T120000Z'], 'accepted'],
    [[start, ...Array.from({ length: 20_000 }, (_, i) => `ATTENDEE:mailto:a${i}@example.org`)], 'too-many-attendees'],
    [[start, 'SUMMARY:a\u0001b'], 'invalid-data'],
    [[start, 'SUMMARY:a\0b'], 'invalid-data'],
    [[start, 'SUMMARY:a\rDTSTART:20270101T000000Z'], 'invalid-data'],
    [[start, 'SUMMARY:a\ufffeb'], 'invalid-data'],
    [[start, 'SUMMARY:tab\there, \u2028 and \u{1f382}'], 'accepted'],
    [[start, 'no colon'], 'invalid-data'],
    [[start, ':no name'], 'invalid-data'],
    [[start, 'BAD NAME:x'], 'invalid-data'],
    [[start, 'X-A;B="open:x'], 'invalid-data'],
    [[start, '__proto__:x', 'CONSTRUCTOR;TOSTRING=1;__PROTO__=2:x'], 'accepted'],
    [[start, 'DESCRIPTION:<script>alert(1)</script>'], 'accepted'],
  ];
  for (const [lines, expected] of cases) {
    t.equal(
      codeOf(() => parseCalendarObject(event(...lines))),
      expected,
      lines
        .join(' | ')
        .slice(0, 90)
        .replace(/[^ -~]/g, '?'),
    );
  }
  const todo = calendar('BEGIN:VTODO', 'UID:1', 'DTSTART;VALUE=DATE:20260105', 'DUE:20260101T100000Z', 'END:VTODO');
  t.equal(
    codeOf(() => parseCalendarObject(todo)),
    'accepted',
    'a task may be due before it starts',
  );
});

t.test('many overrides', async (t) => {
  const override = (index: number, parameter = '') => {
    const id = new Date(Date.UTC(2026, 0, 1 + index)).toISOString().slice(0, 10).replaceAll('-', '');
    return ['BEGIN:VEVENT', 'UID:1', `RECURRENCE-ID${parameter}:${id}T100000Z`, `DTSTART:${id}T110000Z`, 'END:VEVENT'];
  };
  const series = (count: number, parameter = '') => {
    const main = ['BEGIN:VEVENT', 'UID:1', 'DTSTART:20260101T100000Z', 'RRULE:FREQ=DAILY', 'END:VEVENT'];
    return calendar(...main, ...Array.from({ length: count }, (_, index) => override(index, parameter)).flat());
  };
  const before = busyTime();
  const index = indexCalendarObject(parseCalendarObject(series(1_095)), WINDOW);
  t.equal(index.occurrences.length, 1_400, 'three years of overrides, then the rest of the series');
  t.ok(busyTime() - before < 500);
  t.equal(
    codeOf(() => parseCalendarObject(series(4_000))),
    'too-many-instances',
  );
  t.equal(
    codeOf(() => parseCalendarObject(series(50, ';RANGE=THISANDFUTURE'))),
    'accepted',
  );
  t.equal(
    codeOf(() => parseCalendarObject(series(500, ';RANGE=THISANDFUTURE'))),
    'too-many-instances',
  );
});

t.test('the bound that a date passed is named', async (t) => {
  t.match(
    refusal(() => parseCalendarObject(event('DTSTART:00010101T000000Z'))),
    { details: { bound: 'min' } },
  );
  t.match(
    refusal(() => parseCalendarObject(event('DTSTART:99980101T000000Z'))),
    { details: { bound: 'max' } },
  );
});

t.test('large objects take no time', async (t) => {
  const start = 'DTSTART:20260101T100000Z';
  const cases: [string, string, string][] = [
    ['50,000 levels', event(start, Array(50_000).fill('BEGIN:VALARM').join('\r\n')), 'invalid-data'],
    ['a million folded lines', event(start, `DESCRIPTION:a${'\r\n b'.repeat(1_000_000)}`), 'accepted'],
    ['100,000 parameters', event(start, `X-A${';P=1'.repeat(100_000)}:x`), 'invalid-data'],
    [
      '100,000 names of parameters',
      event(start, `X-A${Array.from({ length: 100_000 }, (_, i) => `;P${i}=1`).join('')}:x`),
      'invalid-data',
    ],
    ['200,000 lines', event(start, Array(200_000).fill('X-A:1').join('\r\n')), 'invalid-data'],
    ['a text of 5 MB', event(start, `DESCRIPTION:${'\\n'.repeat(2_500_000)}`), 'invalid-data'],
    ['an attachment of 5 MB', event(start, `ATTACH;ENCODING=BASE64;VALUE=BINARY:${'A'.repeat(5_000_000)}`), 'accepted'],
    ['1 MB of quotes', event(start, `X-A;P=${'"","'.repeat(250_000)}:x`), 'accepted or refused'],
    ['1 MB of commas', event(start, `CATEGORIES:${','.repeat(1_000_000)}`), 'accepted'],
  ];
  for (const [name, text, expected] of cases) {
    const before = busyTime();
    const code = codeOf(() => parseCalendarObject(text));
    const took = busyTime() - before;
    if (expected === 'accepted or refused') t.match(code, /^(accepted|invalid-data)$/, name);
    else t.equal(code, expected, name);
    t.ok(took < 1_000, `${name}: ${took.toFixed(0)} ms`);
  }
});

t.test('time zones: a known name wins over the VTIMEZONE sent', async (t) => {
  const zone = (tzid: string, ...rules: string[]) => [
    'BEGIN:VTIMEZONE',
    `TZID:${tzid}`,
    'BEGIN:STANDARD',
    'DTSTART:19700101T000000',
    'TZOFFSETFROM:+0500',
    'TZOFFSETTO:+0530',
    ...rules,
    'END:STANDARD',
    'END:VTIMEZONE',
  ];
  const startIn = (tzid: string, ...rules: string[]) => {
    const lines = ['BEGIN:VEVENT', 'UID:1', `DTSTART;TZID=${tzid}:20260701T120000`, 'END:VEVENT'];
    const model = parseCalendarObject(calendar(...zone(tzid, ...rules), ...lines));
    return iso(indexCalendarObject(model, WINDOW).firstStart);
  };
  t.equal(startIn('Europe/Berlin'), '2026-07-01T10:00:00.000Z');
  t.equal(startIn('My Zone'), '2026-07-01T06:30:00.000Z');
  t.equal(startIn('Europe/Berlin', 'RRULE:nonsense'), '2026-07-01T10:00:00.000Z');
  t.throws(() => startIn('My Zone', 'RRULE:nonsense'), { code: 'invalid-data' });
  t.throws(() => startIn('My Zone', ...Array.from({ length: 1_500 }, () => 'RRULE:FREQ=DAILY')), {
    code: 'invalid-data',
  });
});

t.test('RFC 4791 §5.2.2: CALDAV:calendar-timezone', async (t) => {
  const vtimezone = [
    'BEGIN:VTIMEZONE',
    'TZID:Europe/Vienna',
    'BEGIN:STANDARD',
    'DTSTART:19700101T000000',
    'TZOFFSETFROM:+0100',
    'TZOFFSETTO:+0100',
    'END:STANDARD',
    'END:VTIMEZONE',
  ];
  t.equal(parseVtimezone(calendar(...vtimezone)).tzid, 'Europe/Vienna');
  t.equal(parseVtimezone(calendar(...vtimezone)).zone.id, 'Europe/Vienna');
  for (const text of [
    '',
    'Europe/Vienna',
    calendar(),
    calendar(...vtimezone, ...vtimezone),
    event('DTSTART:20260101T000000Z'),
    calendar('BEGIN:VTIMEZONE', 'END:VTIMEZONE'),
    calendar('BEGIN:VTIMEZONE', 'TZID:Mine', 'END:VTIMEZONE'),
  ]) {
    t.equal(
      codeOf(() => parseVtimezone(text)),
      'invalid-time-zone',
      JSON.stringify(text.slice(60, 110)),
    );
  }
});
