/** Content lines: RFC 5545 §3.1, RFC 6868, and what ical.js does not get right by itself. */
import t from 'tap';
import {
  decodeText,
  encodeText,
  foldLine,
  parameterOf,
  parseContent,
  printContent,
} from '../../../src/calendar/content.ts';

function line(text: string) {
  return parseContent(`BEGIN:VEVENT\r\n${text}\r\nEND:VEVENT\r\n`)[1][0]!;
}

t.test('property lines', async (t) => {
  const cases: [string, [string, Record<string, string | string[]>, string, string]][] = [
    ['SUMMARY:a:b;c=d', ['summary', {}, 'unknown', 'a:b;c=d']],
    ['summary;Language=en:x', ['summary', { language: 'en' }, 'unknown', 'x']],
    ['DTSTART;VALUE=DATE:20260101', ['dtstart', {}, 'date', '20260101']],
    [
      'ATTENDEE;CN="Eva; the:first, really":mailto:e',
      ['attendee', { cn: 'Eva; the:first, really' }, 'unknown', 'mailto:e'],
    ],
    ["X;P=a^'b^nc^^d:v", ['x', { p: 'a"b\nc^d' }, 'unknown', 'v']],
    ['X;P=:v', ['x', { p: '' }, 'unknown', 'v']],
    [
      'RRULE;X-EVOLUTION-ENDDATE=20260101T000000Z:FREQ=DAILY',
      ['rrule', { 'x-evolution-enddate': '20260101T000000Z' }, 'unknown', 'FREQ=DAILY'],
    ],
    ['X:', ['x', {}, 'unknown', '']],
    [
      'ATTENDEE;MEMBER="mailto:a@x","mailto:b@x","mailto:c@x","mailto:d@x","mailto:e@x":mailto:f@x',
      [
        'attendee',
        { member: ['mailto:a@x', 'mailto:b@x', 'mailto:c@x', 'mailto:d@x', 'mailto:e@x'] },
        'unknown',
        'mailto:f@x',
      ],
    ],
    ['SUM\r\n MARY:fol\r\n\tded', ['summary', {}, 'unknown', 'folded']],
    ['X:a\n b', ['x', {}, 'unknown', 'ab']],
  ];
  for (const [text, expected] of cases) t.strictSame(line(text), expected, JSON.stringify(text));
  t.equal(parameterOf(line('X;DELEGATED-TO="mailto:a","mailto:b":v'), 'delegated-to'), 'mailto:a,mailto:b');
});

t.test('printing', async (t) => {
  const text = [
    'BEGIN:VEVENT',
    'ATTENDEE;CN="a,b";X=^\'q^^:mailto:e',
    'DTSTART;VALUE=DATE:20260101',
    'BEGIN:VALARM',
    'X:1',
    'END:VALARM',
    'END:VEVENT',
    '',
  ].join('\r\n');
  t.equal(printContent(parseContent(text)), text);
});

t.test('folding at 75 octets, never inside a character', async (t) => {
  for (const character of ['a', 'é', '€', '🎂']) {
    for (let offset = 0; offset < 5; offset++) {
      const text = `DESCRIPTION:${'x'.repeat(offset)}${character.repeat(200)}`;
      const folded = foldLine(text);
      for (const part of folded.split('\r\n')) {
        t.ok(Buffer.byteLength(part) <= 75, `${character} ${Buffer.byteLength(part)}`);
        t.equal(Buffer.from(part).toString(), part);
      }
      t.equal(folded.replaceAll('\r\n ', ''), `${text}\r\n`);
    }
  }
  t.equal(foldLine('x'.repeat(75)), `${'x'.repeat(75)}\r\n`);
  t.equal(foldLine('x'.repeat(76)), `${'x'.repeat(75)}\r\n x\r\n`);
});

t.test('RFC 5545 §3.3.11: TEXT', async (t) => {
  t.equal(decodeText('a\\, b\\; c\\\\n\\nd\\Ne\\x'), 'a, b; c\\n\nd\ne\\x');
  t.equal(encodeText('a, b; c\\\r\nd'), 'a\\, b\\; c\\\\\\nd');
  t.equal(decodeText(encodeText('a,b;c\\n\nd')), 'a,b;c\\n\nd');
});
