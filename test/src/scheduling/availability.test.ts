/** RFC 7953: what VAVAILABILITY components say, alone and together. */
import t from 'tap';
import { UTC } from '../../../src/calendar/date-time.ts';
import { findTimeZone } from '../../../src/calendar/time-zones.ts';
import { checkAvailability, declaresHours, unavailablePeriods } from '../../../src/scheduling/availability.ts';
import { icalendar } from '../../support/calendar.ts';

const HOUR = 3_600_000;
const at = (date: number, hour = 0) => Date.UTC(2026, 2, date, hour);
const BUDGET = () => ({ steps: 100_000 });

function availability(lines: string[], ...available: string[][]): string {
  const inner = available.flatMap((own, i) => ['BEGIN:AVAILABLE', `UID:a${i}`, ...own, 'END:AVAILABLE']);
  return icalendar('VAVAILABILITY', 'UID:v', 'DTSTAMP:20260101T000000Z', ...lines, ...inner);
}

const OFFICE = ['DTSTART:20260302T090000Z', 'DTEND:20260302T170000Z', 'RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR'];

function hours(texts: string[], from: number, until: number, zone = UTC) {
  return unavailablePeriods(texts, { from, until }, zone, BUDGET()).map((period) => [
    (period.from - from) / HOUR,
    (period.until - from) / HOUR,
    period.type,
  ]);
}

t.test('outside of every AVAILABLE is busy, of BUSYTYPE', async (t) => {
  t.same(hours([availability([], OFFICE)], at(2), at(3)), [
    [0, 9, 'BUSY-UNAVAILABLE'],
    [17, 24, 'BUSY-UNAVAILABLE'],
  ]);
  t.same(hours([availability([], OFFICE)], at(7), at(8)), [[0, 24, 'BUSY-UNAVAILABLE']], 'a Saturday');
  t.same(hours([availability(['BUSYTYPE:BUSY-TENTATIVE'], OFFICE)], at(7), at(8)), [[0, 24, 'BUSY-TENTATIVE']]);
  t.same(hours([availability(['DTSTART:20260302T120000Z', 'DURATION:PT4H'])], at(2), at(3)), [
    [12, 16, 'BUSY-UNAVAILABLE'],
  ]);
  t.same(hours([availability(['DTSTART:20260302T230000Z'])], at(2), at(3)), [[23, 24, 'BUSY-UNAVAILABLE']], 'no end');
  t.same(hours(['not iCalendar'], at(2), at(3)), [], 'what cannot be read says nothing');
});

t.test('AVAILABLE recurs with exceptions and overrides of its own', async (t) => {
  const moved = ['RECURRENCE-ID:20260303T090000Z', 'DTSTART:20260303T120000Z', 'DTEND:20260303T130000Z'];
  const text = availability([], [...OFFICE, 'EXDATE:20260304T090000Z']).replace(
    'END:VAVAILABILITY',
    ['BEGIN:AVAILABLE', 'UID:a0', ...moved, 'END:AVAILABLE', 'END:VAVAILABILITY'].join('\r\n'),
  );
  t.same(hours([text], at(3), at(5)), [
    [0, 12, 'BUSY-UNAVAILABLE'],
    [13, 48, 'BUSY-UNAVAILABLE'],
  ]);
});

t.test('working hours stand still on the clock when it changes', async (t) => {
  const berlin = findTimeZone('Europe/Berlin')!;
  const local = OFFICE.map((line) => line.replace('00Z', '00'));
  const text = availability([], local);
  t.same(hours([text], at(27), at(28), berlin)[0], [0, 8, 'BUSY-UNAVAILABLE'], 'winter time: 9:00 is 8:00 UTC');
  t.same(hours([text], at(30), at(31), berlin)[0], [0, 7, 'BUSY-UNAVAILABLE'], 'summer time: 7:00 UTC');
});

t.test('§4: a higher priority replaces a lower one; within one priority the busier wins', async (t) => {
  const office = availability(['PRIORITY:9'], OFFICE);
  const absence = availability(['DTSTART:20260302T100000Z', 'DTEND:20260302T120000Z', 'BUSYTYPE:BUSY', 'PRIORITY:1']);
  t.same(hours([absence, office], at(2), at(3)), [
    [0, 9, 'BUSY-UNAVAILABLE'],
    [10, 12, 'BUSY'],
    [17, 24, 'BUSY-UNAVAILABLE'],
  ]);
  const evening = availability(
    ['DTSTART:20260302T180000Z', 'DTEND:20260302T220000Z', 'PRIORITY:2'],
    ['DTSTART:20260302T180000Z', 'DTEND:20260302T200000Z'],
  );
  t.same(hours([evening, office], at(2), at(3)), [
    [0, 9, 'BUSY-UNAVAILABLE'],
    [17, 18, 'BUSY-UNAVAILABLE'],
    [20, 24, 'BUSY-UNAVAILABLE'],
  ]);
  const same = absence.replace('PRIORITY:1', 'PRIORITY:9');
  t.same(hours([office, same], at(2), at(3)), hours([same, office], at(2), at(3)), 'the order does not matter');
  t.same(hours([office, same], at(2), at(3))[1], [10, 12, 'BUSY']);
});

t.test('what calendar-availability takes', async (t) => {
  t.doesNotThrow(() => checkAvailability(availability([], OFFICE)));
  const one = availability([], OFFICE);
  const two = one.replace('END:VCALENDAR', one.slice(one.indexOf('BEGIN:VAVAILABILITY')));
  const refused = [
    'hello',
    icalendar('VEVENT', 'UID:e', 'DTSTART:20260302T090000Z'),
    two,
    availability([], ['DTSTART:yesterday']),
    availability([], ['SUMMARY:never']),
  ];
  for (const text of refused) t.throws(() => checkAvailability(text), { code: /^invalid-/ }, text.slice(0, 80));
  t.throws(() => checkAvailability('x'.repeat(200_000)), { code: 'too-large' });
  t.ok(declaresHours(one));
  t.notOk(declaresHours(availability(['DTSTART:20260302T120000Z'])));
  t.notOk(declaresHours(''));
});

t.test('no rule holds the loop', async (t) => {
  const text = availability([], ['DTSTART:20260101T000000Z', 'DURATION:PT1S', 'RRULE:FREQ=SECONDLY']);
  t.throws(() => hours([text], at(1), at(1) + 400 * 24 * HOUR), { code: 'too-many-results' });
});
