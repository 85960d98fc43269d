/** What the store keeps of a calendar object: occurrences, bounds, and how far the index is complete. */
import t from 'tap';
import { ALL_TIME, indexCalendarObject, MAX_OCCURRENCES, overlaps } from '../../../src/calendar/calendar-index.ts';
import { DAY, HOUR, UTC } from '../../../src/calendar/date-time.ts';
import { parseCalendarObject } from '../../../src/calendar/icalendar.ts';
import { findTimeZone } from '../../../src/calendar/time-zones.ts';

const WINDOW = { from: Date.UTC(2026, 0, 1), until: Date.UTC(2030, 0, 1) };

function index(name: string, ...lines: string[]) {
  const text = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    `BEGIN:${name}`,
    'UID:1',
    ...lines,
    `END:${name}`,
    'END:VCALENDAR',
    '',
  ];
  return indexCalendarObject(parseCalendarObject(text.join('\r\n')), WINDOW);
}

t.test('RFC 4791 §7.10: what counts as busy', async (t) => {
  const cases: [string, string[], number][] = [
    ['VEVENT', [], 1],
    ['VEVENT', ['TRANSP:OPAQUE'], 1],
    ['VEVENT', ['TRANSP:TRANSPARENT'], 0],
    ['VEVENT', ['STATUS:TENTATIVE'], 2],
    ['VEVENT', ['STATUS:CONFIRMED'], 1],
    ['VEVENT', ['STATUS:cancelled'], 0],
    ['VEVENT', ['STATUS:TENTATIVE', 'TRANSP:TRANSPARENT'], 0],
    ['VTODO', [], 0],
    ['VJOURNAL', [], 0],
  ];
  for (const [name, lines, busy] of cases) {
    t.equal(index(name, 'DTSTART:20260101T100000Z', ...lines).occurrences[0]?.busy, busy, `${name} ${lines.join(' ')}`);
  }
  const periods = 'FREEBUSY:20260101T100000Z/PT1H';
  t.same(
    index(
      'VFREEBUSY',
      periods,
      'FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260102T100000Z/PT1H',
      'FREEBUSY;FBTYPE=FREE:20260103T100000Z/PT1H',
      'FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260104T100000Z/PT1H',
    ).occurrences.map(({ busy }) => busy),
    [1, 2, 0, 3],
  );
});

t.test('objects that do not recur have their row whatever the window', async (t) => {
  const old = index('VEVENT', 'DTSTART:19990101T100000Z', 'DURATION:PT1H');
  const start = Date.UTC(1999, 0, 1, 10);
  t.match(old, {
    recurring: 0,
    firstStart: start,
    lastEnd: start + HOUR,
    indexedFrom: ALL_TIME.from,
    indexedUntil: ALL_TIME.until,
  });
  t.same(old.occurrences, [{ startAt: start, endAt: start + HOUR, floating: 0, busy: 1 }]);
  t.equal(index('VJOURNAL').occurrences.length, 0);
  t.same(index('VTODO').occurrences, [{ startAt: ALL_TIME.from, endAt: ALL_TIME.until, floating: 0, busy: 0 }]);
  t.match(index('VTODO'), { lastEnd: null });
  t.equal(index('VEVENT', 'DTSTART;VALUE=DATE:20260101').occurrences[0]?.floating, 1);
});

t.test('a series is indexed within the window', async (t) => {
  const daily = index('VEVENT', 'DTSTART;TZID=Europe/Berlin:20200101T100000', 'DURATION:PT1H', 'RRULE:FREQ=DAILY');
  t.match(daily, {
    recurring: 1,
    firstStart: Date.UTC(2020, 0, 1, 9),
    lastEnd: null,
    indexedFrom: WINDOW.from,
    indexedUntil: WINDOW.until,
  });
  t.equal(daily.occurrences.length, 1_461);
  t.equal(index('VEVENT', 'DTSTART:20200101T100000Z', 'RRULE:FREQ=DAILY;COUNT=3').occurrences.length, 0);
  const floating = index('VEVENT', 'DTSTART;VALUE=DATE:20200101', 'RRULE:FREQ=DAILY');
  t.match(
    floating,
    { indexedFrom: WINDOW.from + DAY, indexedUntil: WINDOW.until - DAY },
    'the outermost days are not certain',
  );
});

t.test('a dense series is cut where the index is still complete', async (t) => {
  const minutely = index('VEVENT', 'DTSTART:20260101T000000Z', 'RRULE:FREQ=HOURLY');
  t.equal(minutely.occurrences.length, MAX_OCCURRENCES);
  t.equal(minutely.indexedUntil, WINDOW.from + MAX_OCCURRENCES * HOUR);
  for (const rule of ['FREQ=SECONDLY', 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30']) {
    const before = performance.now();
    const hostile = index('VEVENT', 'DTSTART:20260101T000000Z', `RRULE:${rule}`);
    t.ok(performance.now() - before < 500, rule);
    t.ok(hostile.occurrences.length <= MAX_OCCURRENCES);
    t.ok(hostile.indexedUntil >= hostile.indexedFrom);
  }
});

t.test('overlap is exact, also for floating rows', async (t) => {
  const zone = findTimeZone('America/New_York')!;
  const row = (startAt: number, endAt: number, floating = 0) => ({ startAt, endAt, floating, busy: 1 });
  const range = { from: 10 * HOUR, until: 12 * HOUR };
  const cases: [ReturnType<typeof row>, boolean][] = [
    [row(8 * HOUR, 10 * HOUR), false],
    [row(8 * HOUR, 11 * HOUR), true],
    [row(12 * HOUR, 13 * HOUR), false],
    [row(10 * HOUR, 10 * HOUR), true],
    [row(12 * HOUR, 12 * HOUR), false],
    [row(9 * HOUR, 9 * HOUR), false],
    [row(5 * HOUR, 6 * HOUR, 1), true],
    [row(11 * HOUR, 12 * HOUR, 1), false],
  ];
  for (const [occurrence, expected] of cases)
    t.equal(overlaps(occurrence, range, zone), expected, JSON.stringify(occurrence));
  t.equal(overlaps(row(11 * HOUR, 12 * HOUR, 1), range, UTC), true);
});

t.test('rows cover whatever a task matches', async (t) => {
  const at = (hour: number) => Date.UTC(2026, 0, 1, hour);
  const cases: [string[], number, number][] = [
    [['DUE:20260101T100000Z'], at(10), at(10)],
    [['DTSTART:20260101T080000Z', 'DUE:20260101T100000Z'], at(8), at(10)],
    [['DTSTART:20260101T120000Z', 'DUE:20260101T100000Z'], at(10), at(12)],
    [['COMPLETED:20260101T120000Z', 'CREATED:20260101T100000Z'], at(10), at(12)],
    [['COMPLETED:20260101T120000Z'], at(12), at(12)],
    [['CREATED:20260101T120000Z'], at(12), ALL_TIME.until],
  ];
  for (const [lines, first, last] of cases) {
    const [row] = index('VTODO', ...lines).occurrences;
    t.ok(row && row.startAt < first && row.endAt >= last, lines.join(' '));
  }
});
