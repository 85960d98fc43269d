import t, { type Test } from 'tap';
import { CalendarObjects } from '../../../src/calendar/calendar-objects.ts';
import { ALL_RIGHTS, NO_RIGHTS } from '../../../src/principals/access.ts';
import { FreeBusy } from '../../../src/scheduling/free-busy.ts';
import { always, calendar, event, icalendar, person } from '../../support/calendar.ts';
import { temporaryStore } from '../../support/store.ts';

const NOW = Date.UTC(2026, 2, 1, 12);
const HOUR = 3_600_000;
const at = (date: number, hour = 0, minute = 0) => Date.UTC(2026, 2, date, hour, minute);

async function setUp(test: Test) {
  const store = await temporaryStore(test, { now: () => NOW });
  const anna = await person(store, 'anna');
  const home = await calendar(store, anna, 'calendar', { components: 'VEVENT,VTODO,VFREEBUSY' });
  const objects = new CalendarObjects(store, () => NOW);
  let n = 0;
  const put = (octets: string, to = home) => objects.put(to, `${n++}.ics`, octets, always);
  return { store, anna, home, put, freeBusy: new FreeBusy(store) };
}

t.test('RFC 4791 §7.10: what makes busy, of which type, merged and cut to the range', async (t) => {
  const { home, put, freeBusy } = await setUp(t);
  await put(event('a', '20260310T090000Z'));
  await put(event('b', '20260310T093000Z'));
  await put(event('free', '20260310T120000Z', 'TRANSP:TRANSPARENT'));
  await put(event('gone', '20260310T120000Z', 'STATUS:CANCELLED'));
  await put(event('maybe', '20260310T150000Z', 'STATUS:TENTATIVE'));
  await put(event('late', '20260310T233000Z'));
  await put(icalendar('VTODO', 'UID:todo', 'DTSTAMP:20260101T000000Z', 'DUE:20260310T180000Z'));
  await put(
    icalendar(
      'VFREEBUSY',
      'UID:fb',
      'DTSTAMP:20260101T000000Z',
      'DTSTART:20260310T000000Z',
      'DTEND:20260311T000000Z',
      'FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260310T200000Z/PT1H',
    ),
  );
  t.same(await freeBusy.periods([home], { from: at(10), until: at(11) }), [
    { from: at(10, 9), until: at(10, 10, 30), type: 'BUSY' },
    { from: at(10, 15), until: at(10, 16), type: 'BUSY-TENTATIVE' },
    { from: at(10, 20), until: at(10, 21), type: 'BUSY-UNAVAILABLE' },
    { from: at(10, 23, 30), until: at(11), type: 'BUSY' },
  ]);
});

t.test('recurrences, in and beyond the index', async (t) => {
  const { home, put, freeBusy } = await setUp(t);
  await put(event('daily', '20260101T100000Z', 'RRULE:FREQ=DAILY', 'EXDATE:20260311T100000Z'));
  const week = await freeBusy.periods([home], { from: at(9), until: at(16) });
  t.same(
    week.map(({ from }) => from),
    [9, 10, 12, 13, 14, 15].map((date) => at(date, 10)),
  );
  const from = Date.UTC(2040, 0, 1);
  const ahead = await freeBusy.periods([home], { from, until: from + 7 * 24 * HOUR });
  t.equal(ahead.length, 7);
  t.equal(ahead[0]?.from, from + 10 * HOUR);
});

t.test('floating times in the zone of each calendar, several calendars as one', async (t) => {
  const { store, anna, home, put, freeBusy } = await setUp(t);
  const tokyo = await calendar(store, anna, 'tokyo', { timeZone: 'Asia/Tokyo' });
  await put(event('utc', '20260310T100000'));
  await put(event('tokyo', '20260310T193000'), tokyo);
  t.same(await freeBusy.periods([home, tokyo], { from: at(10), until: at(11) }), [
    { from: at(10, 10), until: at(10, 11, 30), type: 'BUSY' },
  ]);
});

t.test('the right to see busy times suffices, and is needed', async (t) => {
  const { home, put, freeBusy } = await setUp(t);
  await put(event('a', '20260310T090000Z'));
  const range = { from: at(10), until: at(11) };
  const shared = { ...home, rights: { ...NO_RIGHTS, freeBusy: true } };
  t.equal((await freeBusy.periods([shared], range)).length, 1);
  await t.rejects(freeBusy.periods([{ ...home, rights: NO_RIGHTS }], range), { code: 'not-found' });
  t.equal((await freeBusy.periods([{ ...home, rights: ALL_RIGHTS }], range)).length, 1);
});

t.test('no range takes for ever, and none is answered in part', async (t) => {
  const { home, put, freeBusy } = await setUp(t);
  await put(event('often', '20260101T000000Z', 'RRULE:FREQ=SECONDLY'));
  const started = performance.now();
  const wide = { from: Date.UTC(1600, 0, 1), until: Date.UTC(2500, 0, 1) };
  await t.rejects(freeBusy.periods([home], wide), { code: 'too-many-results' });
  t.ok(performance.now() - started < 2_000);
});
