/** Free/busy information: RFC 4791 §7.10, RFC 5545 §3.6.4. */
import t from 'tap';
import { parseContent } from '../../../src/calendar/content.ts';
import { HOUR, UTC } from '../../../src/calendar/date-time.ts';
import { findTimeZone } from '../../../src/calendar/time-zones.ts';
import { busyPeriods, printFreeBusy } from '../../../src/scheduling/busy-periods.ts';

const DAY_START = Date.UTC(2026, 0, 1);
const range = { from: DAY_START, until: DAY_START + 24 * HOUR };

function row(from: number, until: number, busy: number, floating = 0) {
  return { startAt: DAY_START + from * HOUR, endAt: DAY_START + until * HOUR, floating, busy };
}

function periods(rows: ReturnType<typeof row>[], zone = UTC) {
  return busyPeriods(rows, range, zone).map(({ from, until, type }) => [
    (from - DAY_START) / HOUR,
    (until - DAY_START) / HOUR,
    type,
  ]);
}

t.test('periods are merged, clipped and do not overlap', async (t) => {
  t.strictSame(periods([]), []);
  t.strictSame(periods([row(10, 11, 1), row(9, 10, 1), row(12, 13, 0)]), [[9, 11, 'BUSY']]);
  t.strictSame(periods([row(-5, 1, 1), row(23, 30, 1), row(30, 31, 1)]), [
    [0, 1, 'BUSY'],
    [23, 24, 'BUSY'],
  ]);
  t.strictSame(periods([row(9, 12, 2), row(10, 11, 1)]), [
    [9, 10, 'BUSY-TENTATIVE'],
    [10, 11, 'BUSY'],
    [11, 12, 'BUSY-TENTATIVE'],
  ]);
  t.strictSame(periods([row(9, 12, 3), row(8, 13, 2)]), [
    [8, 9, 'BUSY-TENTATIVE'],
    [9, 12, 'BUSY-UNAVAILABLE'],
    [12, 13, 'BUSY-TENTATIVE'],
  ]);
  t.strictSame(periods([row(10, 10, 1)]), [], 'nothing is busy for no time');
  t.strictSame(periods([row(10, 11, 1, 1)], findTimeZone('America/New_York')), [[15, 16, 'BUSY']]);
});

t.test('printing', async (t) => {
  const text = printFreeBusy({
    range,
    periods: busyPeriods([row(9, 10, 1), row(11, 12, 1), row(14, 15, 2)], range, UTC),
    stamp: DAY_START,
    icalUid: 'a,b',
    method: 'REPLY',
    properties: [['attendee', {}, 'unknown', 'mailto:eva@example.org']],
  });
  t.ok(text.endsWith('END:VFREEBUSY\r\nEND:VCALENDAR\r\n'));
  const calendar = parseContent(text);
  t.same(
    calendar[1].map(([name]) => name),
    ['version', 'prodid', 'method'],
  );
  t.same(
    calendar[2][0]![1].map(([name, , , value]) => [name, value]),
    [
      ['uid', 'a\\,b'],
      ['dtstamp', '20260101T000000Z'],
      ['dtstart', '20260101T000000Z'],
      ['dtend', '20260102T000000Z'],
      ['attendee', 'mailto:eva@example.org'],
      ['freebusy', '20260101T090000Z/20260101T100000Z,20260101T110000Z/20260101T120000Z'],
      ['freebusy', '20260101T140000Z/20260101T150000Z'],
    ],
  );
  const without = printFreeBusy({ range, periods: [], stamp: DAY_START });
  t.notMatch(without, /METHOD|FREEBUSY[;:]|UID/);
});
