import t, { type Test } from 'tap';
import type { ComponentFilter, FilterRange } from '../../../src/calendar/calendar-filter.ts';
import { CalendarObjects } from '../../../src/calendar/calendar-objects.ts';
import { CalendarQuery } from '../../../src/calendar/calendar-query.ts';
import { UTC } from '../../../src/calendar/date-time.ts';
import { findTimeZone } from '../../../src/calendar/time-zones.ts';
import type { Collection } from '../../../src/collections/members.ts';
import { NO_RIGHTS } from '../../../src/principals/access.ts';
import { always, calendar, event, icalendar, person } from '../../support/calendar.ts';
import { temporaryStore } from '../../support/store.ts';

const NOW = Date.UTC(2026, 2, 1, 12);

async function setUp(test: Test) {
  const store = await temporaryStore(test, { now: () => NOW });
  const anna = await person(store, 'anna');
  const home = await calendar(store, anna, 'calendar');
  const objects = new CalendarObjects(store, () => NOW);
  const query = new CalendarQuery(store);
  const put = (name: string, octets: string) => objects.put(home, name, octets, always);
  return { store, home, put, query };
}

const part = (name: string, rest: Partial<ComponentFilter> = {}): ComponentFilter => ({
  name,
  isNotDefined: false,
  timeRange: null,
  properties: [],
  components: [],
  ...rest,
});
const during = (from: number | null, until: number | null, component = 'VEVENT', rest: Partial<ComponentFilter> = {}) =>
  part('VCALENDAR', { components: [part(component, { timeRange: { from, until } satisfies FilterRange, ...rest })] });
const day = (year: number, month: number, date: number) => Date.UTC(year, month - 1, date);

async function names(query: CalendarQuery, home: Collection, filter: ComponentFilter, zone = UTC): Promise<string[]> {
  const found: string[] = [];
  for await (const page of query.matching(home, filter, zone, false)) found.push(...page.map(({ name }) => name));
  return found.sort();
}

t.test('time-range looks at every occurrence, in and beyond the index (RFC 4791 §9.9)', async (t) => {
  const { put, home, query } = await setUp(t);
  await put('once', event('once', '20260310T100000Z'));
  await put('weekly', event('weekly', '20260105T100000Z', 'RRULE:FREQ=WEEKLY'));
  await put('ended', event('ended', '20260105T100000Z', 'RRULE:FREQ=DAILY;COUNT=3'));
  await put('old', event('old', '19990105T100000Z', 'RRULE:FREQ=YEARLY'));
  await put('task', icalendar('VTODO', 'UID:task', 'DTSTAMP:20260101T000000Z'));
  const table: [string, ComponentFilter, string[]][] = [
    ['a week in the index', during(day(2026, 3, 9), day(2026, 3, 16)), ['once', 'weekly']],
    ['before everything', during(day(1990, 1, 1), day(1991, 1, 1)), []],
    ['long ago', during(day(2005, 1, 1), day(2005, 2, 1)), ['old']],
    ['far ahead', during(day(2040, 1, 1), day(2040, 1, 10)), ['old', 'weekly']],
    ['far ahead, between two years', during(day(2040, 2, 1), day(2040, 2, 10)), ['weekly']],
    ['an open end', during(day(2026, 3, 9), null), ['old', 'once', 'weekly']],
    ['an open start', during(null, day(2026, 1, 6)), ['ended', 'old', 'weekly']],
    ['a task without dates is always on', during(day(2026, 3, 9), day(2026, 3, 16), 'VTODO'), ['task']],
  ];
  for (const [about, filter, expected] of table) t.same(await names(query, home, filter), expected, about);
});

t.test('floating times are read in the zone asked for', async (t) => {
  const { put, home, query } = await setUp(t);
  await put('floating', event('floating', '20260310T233000'));
  await put('weekly', event('weekly', '20260310T233000', 'RRULE:FREQ=WEEKLY'));
  const tokyo = findTimeZone('Asia/Tokyo');
  const newYork = findTimeZone('America/New_York');
  const utcDay = during(day(2026, 3, 11), day(2026, 3, 12));
  t.same(await names(query, home, utcDay, newYork), ['floating', 'weekly'], '23:30 in New York is the next day in UTC');
  t.same(await names(query, home, utcDay, tokyo), []);
  t.same(await names(query, home, during(day(2026, 3, 10), day(2026, 3, 11)), tokyo), ['floating', 'weekly']);
});

t.test('what the index cannot know is read', async (t) => {
  const { put, home, query } = await setUp(t);
  await put('a', event('a', '20260310T100000Z', 'SUMMARY:Budget [x]+'));
  await put('b', event('b', '20260310T100000Z', 'SUMMARY:Picnic'));
  await put('c', event('c', '20270310T100000Z', 'SUMMARY:Budget'));
  const summary = (text: string) => ({
    properties: [
      {
        name: 'SUMMARY',
        isNotDefined: false,
        timeRange: null,
        textMatch: { text, collation: 'i;ascii-casemap' as const, negate: false },
        parameters: [],
      },
    ],
  });
  const anyTime = (text: string) => part('VCALENDAR', { components: [part('VEVENT', summary(text))] });
  t.same(await names(query, home, anyTime('budget')), ['a', 'c']);
  t.same(await names(query, home, anyTime('[x]+')), ['a']);
  t.same(await names(query, home, during(day(2026, 3, 1), day(2026, 4, 1), 'VEVENT', summary('budget'))), ['a']);
  t.same(await names(query, home, part('VCALENDAR')), ['a', 'b', 'c']);
  t.same(await names(query, home, part('VCALENDAR', { components: [part('VTODO')] })), []);
});

t.test('octets come when asked for, in pages of at most 500', async (t) => {
  const { put, home, query } = await setUp(t);
  await Promise.all(Array.from({ length: 1_100 }, (_, i) => put(`${i}`, event(`${i}`, '20260310T100000Z'))));
  const sizes: number[] = [];
  for await (const page of query.matching(home, during(day(2026, 3, 10), day(2026, 3, 11)), UTC, true)) {
    sizes.push(page.length);
    t.ok(page.every(({ data }) => data?.startsWith('BEGIN:VCALENDAR')));
  }
  t.same(sizes, [500, 500, 100]);
});

t.test('other work runs while objects are judged', async (t) => {
  const { put, home, query } = await setUp(t);
  const attendees = Array.from({ length: 1_000 }, (_, i) => `ATTENDEE;CN="Person ${i}":mailto:p${i}@example.org`);
  await Promise.all(
    Array.from({ length: 200 }, (_, i) => put(`${i}`, event(`${i}`, '20260310T100000Z', ...attendees))),
  );
  const withoutAlarms = part('VCALENDAR', {
    components: [part('VEVENT', { components: [part('VALARM', { isNotDefined: true })] })],
  });
  let turns = 0;
  let next: NodeJS.Immediate;
  const turn = () => {
    turns++;
    next = setImmediate(turn);
  };
  turn();
  const found = await names(query, home, withoutAlarms);
  clearImmediate(next!);
  t.equal(found.length, 200);
  t.ok(turns > 3, `${turns} turns of the loop`);
});

t.test('nothing without the right to read', async (t) => {
  const { home, query } = await setUp(t);
  await t.rejects(names(query, { ...home, rights: { ...NO_RIGHTS, freeBusy: true } }, part('VCALENDAR')), {
    code: 'not-found',
  });
});
