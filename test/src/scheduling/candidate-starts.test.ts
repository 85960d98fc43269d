/** The grid of starts: whole steps of the clock on the wall, through changes of the clock. */
import t from 'tap';
import { UTC } from '../../../src/calendar/date-time.ts';
import { findTimeZone } from '../../../src/calendar/time-zones.ts';
import { candidateStarts } from '../../../src/scheduling/candidate-starts.ts';
import { assumedClosed } from '../../../src/scheduling/working-hours.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function starts(from: string, until: string, duration: number, step: number, wish: string, zone: string): string[] {
  const window = { from: Date.parse(from), until: Date.parse(until) };
  const found = candidateStarts(window, duration * MINUTE, step * MINUTE, Date.parse(wish), findTimeZone(zone)!);
  return [...found].map((at) => new Date(at).toISOString().slice(5, 16));
}

t.test('tables', async (t) => {
  const table: [string, Parameters<typeof starts>, string[]][] = [
    [
      'every half hour, ending within the window',
      ['2026-03-02T09:00Z', '2026-03-02T11:00Z', 60, 30, '2026-03-02T09:00Z', 'UTC'],
      ['03-02T09:00', '03-02T09:30', '03-02T10:00'],
    ],
    [
      'in line with the wish, which may lie outside',
      ['2026-03-02T09:00Z', '2026-03-02T11:00Z', 30, 30, '2026-03-05T17:10Z', 'UTC'],
      ['03-02T09:10', '03-02T09:40', '03-02T10:10'],
    ],
    [
      'a window shorter than the meeting',
      ['2026-03-02T09:00Z', '2026-03-02T09:30Z', 60, 30, '2026-03-02T09:00Z', 'UTC'],
      [],
    ],
    [
      'daily at 9 in Berlin, across the change to summer time',
      ['2026-03-27T00:00Z', '2026-03-31T00:00Z', 60, 1440, '2026-03-27T08:00Z', 'Europe/Berlin'],
      ['03-27T08:00', '03-28T08:00', '03-29T07:00', '03-30T07:00'],
    ],
    [
      'the hour that does not exist has no starts',
      ['2026-03-29T00:00Z', '2026-03-29T03:00Z', 30, 60, '2026-03-29T00:30Z', 'Europe/Berlin'],
      ['03-29T00:30', '03-29T01:30', '03-29T02:30'],
    ],
    [
      'an hour that occurs twice has them twice; 45 minutes count from the wish',
      ['2026-10-24T23:30Z', '2026-10-25T03:00Z', 15, 60, '2026-10-24T23:30Z', 'Europe/Berlin'],
      ['10-24T23:30', '10-25T00:30', '10-25T01:30', '10-25T02:30'],
    ],
    [
      'half-hour zone: full hours of India are half hours of UTC',
      ['2026-03-02T04:00Z', '2026-03-02T07:00Z', 60, 60, '2026-03-02T04:30Z', 'Asia/Kolkata'],
      ['03-02T04:30', '03-02T05:30'],
    ],
    [
      'Lord Howe moves its clock by half an hour: full hours stay full hours',
      ['2026-04-04T13:00Z', '2026-04-04T18:00Z', 30, 60, '2026-04-04T13:00Z', 'Australia/Lord_Howe'],
      ['04-04T13:00', '04-04T14:00', '04-04T15:30', '04-04T16:30', '04-04T17:30'],
    ],
  ];
  for (const [about, given, expected] of table) t.same(starts(...given), expected, about);
});

t.test('every start is on the grid, and none is missing', async (t) => {
  for (const name of ['Europe/Berlin', 'Australia/Lord_Howe', 'America/St_Johns', 'Asia/Kathmandu', 'UTC']) {
    const zone = findTimeZone(name)!;
    for (const month of [2, 3, 9]) {
      const window = { from: Date.UTC(2026, month, 1, 3, 7), until: Date.UTC(2026, month + 1, 1) };
      const wish = Date.UTC(2026, month, 5, 10);
      for (const step of [15, 45, 60]) {
        const expected: number[] = [];
        for (let at = window.from; at + HOUR <= window.until; at += MINUTE)
          if ((at + zone.offsetAt(at) - wish - zone.offsetAt(wish)) % (step * MINUTE) === 0) expected.push(at);
        t.same([...candidateStarts(window, HOUR, step * MINUTE, wish, zone)], expected, `${name} ${month} ${step}`);
      }
    }
  }
});

t.test('assumed working hours follow the clock on the wall', async (t) => {
  const berlin = findTimeZone('Europe/Berlin')!;
  const closed = (from: string, until: string, zone = berlin) =>
    assumedClosed({ from: Date.parse(from), until: Date.parse(until) }, zone).map((period) => [
      new Date(period.from).toISOString().slice(5, 16),
      new Date(period.until).toISOString().slice(5, 16),
    ]);
  t.same(closed('2026-03-27T00:00Z', '2026-03-31T00:00Z'), [
    ['03-27T00:00', '03-27T08:00'],
    ['03-27T16:00', '03-30T07:00'],
    ['03-30T15:00', '03-31T00:00'],
  ]);
  t.same(closed('2026-03-02T10:00Z', '2026-03-02T12:00Z'), [], 'in the middle of a day');
  t.equal(assumedClosed({ from: 0, until: 366 * DAY }, UTC).length, 263, '262 days of work and what lies around them');
});
