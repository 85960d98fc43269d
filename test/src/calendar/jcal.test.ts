/** jCal: RFC 7265 §3 (to JSON), §4 (and back), §5 (what is unknown). */
import fc from 'fast-check';
import t from 'tap';
import { parseContent, printContent } from '../../../src/calendar/content.ts';
import { MAX_JCAL_OCTETS, printJcal, textOfJcal } from '../../../src/calendar/jcal.ts';
import { DomainError } from '../../../src/errors.ts';

const wrap = (...lines: string[]) => `${['BEGIN:VEVENT', ...lines, 'END:VEVENT'].join('\r\n')}\r\n`;
const toJson = (line: string) => (JSON.parse(printJcal(parseContent(wrap(line)))) as [string, unknown[]])[1][0];
const fromJson = (property: unknown) => textOfJcal(JSON.stringify(['vevent', [property], []])).split('\r\n')[1];

/** Both ways, unless a third column says what comes back. */
const PROPERTIES: [line: string, json: unknown[], back?: string][] = [
  ['SUMMARY:a\\, b\\; c\\nd \\\\', ['summary', {}, 'text', 'a, b; c\nd \\']],
  ['SUMMARY;LANGUAGE=de;X-A="p;q":x', ['summary', { language: 'de', 'x-a': 'p;q' }, 'text', 'x']],
  ['CATEGORIES:a,b\\,c', ['categories', {}, 'text', 'a', 'b,c']],
  ['DTSTART:20260102T030405Z', ['dtstart', {}, 'date-time', '2026-01-02T03:04:05Z']],
  [
    'DTSTART;TZID=Europe/Zurich:20260102T030405',
    ['dtstart', { tzid: 'Europe/Zurich' }, 'date-time', '2026-01-02T03:04:05'],
  ],
  ['DTSTART;VALUE=DATE:20260102', ['dtstart', {}, 'date', '2026-01-02']],
  ['EXDATE;VALUE=DATE:20260102,20260103', ['exdate', {}, 'date', '2026-01-02', '2026-01-03']],
  ['RDATE;VALUE=PERIOD:20260102T030405Z/PT1H', ['rdate', {}, 'period', ['2026-01-02T03:04:05Z', 'PT1H']]],
  [
    'FREEBUSY;FBTYPE=BUSY:20260102T030405Z/20260102T040405Z',
    ['freebusy', { fbtype: 'BUSY' }, 'period', ['2026-01-02T03:04:05Z', '2026-01-02T04:04:05Z']],
  ],
  [
    'RRULE:FREQ=MONTHLY;COUNT=3;BYDAY=-1MO,TU;UNTIL=20260101',
    ['rrule', {}, 'recur', { freq: 'MONTHLY', count: 3, byday: ['-1MO', 'TU'], until: '2026-01-01' }],
  ],
  ['GEO:1.5;-2', ['geo', {}, 'float', [1.5, -2]]],
  ['REQUEST-STATUS:2.0;Success\\, yes;x', ['request-status', {}, 'text', ['2.0', 'Success, yes', 'x']]],
  ['TZOFFSETTO:-0330', ['tzoffsetto', {}, 'utc-offset', '-03:30']],
  ['TZOFFSETTO:+000921', ['tzoffsetto', {}, 'utc-offset', '+00:09:21']],
  ['SEQUENCE:7', ['sequence', {}, 'integer', 7]],
  ['SEQUENCE:007', ['sequence', {}, 'unknown', '007']],
  ['TRIGGER;RELATED=END:-PT5M', ['trigger', { related: 'END' }, 'duration', '-PT5M']],
  [
    'ATTENDEE;MEMBER="mailto:a@x","mailto:b@x":mailto:c@x',
    ['attendee', { member: ['mailto:a@x', 'mailto:b@x'] }, 'cal-address', 'mailto:c@x'],
  ],
  ['ATTACH;VALUE=BINARY;ENCODING=BASE64:AAAA', ['attach', { encoding: 'BASE64' }, 'binary', 'AAAA']],
  ['X-ANY;VALUE=INTEGER:12', ['x-any', {}, 'integer', 12]],
  ['X-ANY:a\\,b', ['x-any', {}, 'unknown', 'a\\,b']],
  ['DTSTART:nonsense', ['dtstart', {}, 'unknown', 'nonsense']],
  ['DTSTART;VALUE=DATE:nonsense', ['dtstart', { value: 'date' }, 'unknown', 'nonsense']],
  ['X-QUOTED;X-A=1^n2:v', ['x-quoted', { 'x-a': '1\n2' }, 'unknown', 'v']],
  ['CALENDAR-ADDRESS:mailto:a@x', ['calendar-address', {}, 'cal-address', 'mailto:a@x']],
  ['NAME:Work', ['name', {}, 'text', 'Work']],
];

t.test('properties there and back', async (t) => {
  for (const [line, json, back] of PROPERTIES) {
    t.same(toJson(line), json, line);
    t.equal(fromJson(json), back ?? line, JSON.stringify(json));
  }
});

t.test('what is refused', async (t) => {
  const refused: unknown[] = [
    null,
    [],
    'vevent',
    ['vevent', [], [], []],
    ['vevent', {}, []],
    ['v event', [], []],
    ['vevent', [['summary', {}, 'text']], []],
    ['vevent', [['summary', {}, 'text', 'a', 'b']], []],
    ['vevent', [['summary', [], 'text', 'a']], []],
    ['vevent', [['summary', { a: 1 }, 'text', 'a']], []],
    ['vevent', [['begin', {}, 'text', 'VEVENT']], []],
    ['vevent', [['x-a', {}, 'unknown', 'a\r\nATTENDEE:mailto:b']], []],
    ['vevent', [['url', {}, 'uri', 'http://x\nATTACH:y']], []],
    ['vevent', [['summary\r\nX', {}, 'text', 'a']], []],
    ['vevent', [['summary', { 'a\r\nb': 'c' }, 'text', 'a']], []],
    ['vevent', [['dtstart', {}, 'date-time', '20260101T0000']], []],
    ['vevent', [['sequence', {}, 'integer', '7']], []],
    ['vevent', [['rrule', {}, 'recur', { freq: 'DAILY;COUNT=1' }]], []],
    ['vevent', [['rrule', {}, 'recur', 'FREQ=DAILY']], []],
    ['vevent', [['geo', {}, 'float', [{}]]], []],
    JSON.parse(`${'["vevent",[],['.repeat(11)}${']]'.repeat(11)}`),
  ];
  for (const value of refused) {
    t.throws(() => textOfJcal(JSON.stringify(value)), { code: 'invalid-data' }, JSON.stringify(value)?.slice(0, 80));
  }
  // JSON can name half of a surrogate pair, which no UTF-8 holds: what is stored would not be what was hashed.
  for (const part of [
    '["summary",{},"text","a\\ud800b"]',
    '["summary",{"x-p":"\\udc00"},"text","v"]',
    '["x-a",{},"unknown","\\ud83d"]',
  ])
    t.throws(() => textOfJcal(`["vcalendar",[${part}],[]]`), { code: 'invalid-data' }, part);
  t.match(textOfJcal('["vcalendar",[["summary",{},"text","\\ud83d\\ude00"]],[]]'), 'SUMMARY:😀');
  t.throws(() => textOfJcal('{'), { code: 'invalid-data' });
  t.throws(() => textOfJcal('['.repeat(100_000)), { code: 'invalid-data' });
  t.throws(() => textOfJcal(' '.repeat(MAX_JCAL_OCTETS + 1)), { code: 'too-large' });
});

t.test('nothing put into a value becomes a line of its own', async (t) => {
  const value = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('a\r\nb', 'x\n y', '\r', '"', '^n;:,'),
  );
  const type = fc.constantFrom(
    'text',
    'unknown',
    'uri',
    'date',
    'date-time',
    'duration',
    'cal-address',
    'utc-offset',
    'time',
    'period',
  );
  fc.assert(
    fc.property(
      value,
      value,
      type,
      fc.constantFrom('summary', 'x-a', 'attendee', 'rdate'),
      (content, parameter, valueType, name) => {
        let text: string;
        try {
          text = textOfJcal(JSON.stringify(['vevent', [[name, { p: parameter }, valueType, content]], []]));
        } catch (error) {
          if (error instanceof DomainError) return;
          throw error;
        }
        // What a value may not hold as iCalendar is refused by the reader of what was printed.
        try {
          t.equal(parseContent(text)[1].length, 1);
        } catch (error) {
          if (!(error instanceof DomainError)) throw error;
        }
      },
    ),
    { numRuns: 3_000 },
  );
});

t.test('a whole object comes back as it was', async (t) => {
  const text = wrap(
    ...PROPERTIES.map(([line]) => line),
    'BEGIN:VALARM',
    'ACTION:DISPLAY',
    'TRIGGER:-PT5M',
    'END:VALARM',
  );
  t.equal(textOfJcal(printJcal(parseContent(text))), printContent(parseContent(text)));
});
