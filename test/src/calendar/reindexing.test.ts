import t from 'tap';
import { CalendarObjects } from '../../../src/calendar/calendar-objects.ts';
import { indexWindow } from '../../../src/calendar/object-writing.ts';
import { extendIndex, indexAnew } from '../../../src/calendar/reindexing.ts';
import { always, calendar, event, person } from '../../support/calendar.ts';
import { temporaryStore } from '../../support/store.ts';

const DAY = 86_400_000;

t.test('the window moves on with time', async (t) => {
  let now = Date.UTC(2026, 2, 1);
  const store = await temporaryStore(t, { now: () => now });
  const home = await calendar(store, await person(store, 'anna'), 'calendar');
  const objects = new CalendarObjects(store, () => now);
  await objects.put(home, 'daily', event('daily', '20260101T100000Z', 'RRULE:FREQ=DAILY'), always);
  await objects.put(home, 'once', event('once', '20260101T100000Z'), always);
  const before = await objects.find(home, 'daily');
  const { signal } = new AbortController();

  await extendIndex(store, () => now, signal);
  t.same(await objects.find(home, 'daily'), before, 'not every day');

  now += 200 * DAY;
  await extendIndex(store, () => now, signal);
  const after = await objects.find(home, 'daily');
  t.match(after, { indexedFrom: indexWindow(now).from, indexedUntil: indexWindow(now).until });
  t.equal(after?.modseq, before?.modseq, 'clients see no change');
  const last = indexWindow(now).until;
  t.equal((await store.calendarObjects.occurrences(home.id, last - 5 * DAY, last)).length, 5);
});

t.test('new time zone data indexes everything again, once', async (t) => {
  const now = () => Date.UTC(2026, 2, 1);
  const store = await temporaryStore(t, { now });
  const home = await calendar(store, await person(store, 'anna'), 'calendar');
  const objects = new CalendarObjects(store, now);
  const { signal } = new AbortController();
  await indexAnew(store, now, signal, '2025a');
  for (let i = 0; i < 45; i++) await objects.put(home, `${i}`, event(`${i}`, '20260310T100000Z'), always);

  /** Puts a mark into the index that only indexing again takes away. */
  const spoil = async () => {
    for (let i = 0; i < 45; i++) {
      const row = await objects.find(home, `${i}`);
      if (row !== undefined) await store.transaction((write) => write.calendarObjects.reindex(row, []));
    }
  };
  const occurrences = () => store.calendarObjects.occurrences(home.id, Date.UTC(2026, 2, 10), Date.UTC(2026, 2, 11));
  await spoil();
  await indexAnew(store, now, signal, '2025a');
  t.equal((await occurrences()).length, 0, 'the same data does nothing');
  await indexAnew(store, now, signal, '2026a');
  t.equal((await occurrences()).length, 45);
  await spoil();
  await indexAnew(store, now, signal, '2026a');
  t.equal((await occurrences()).length, 0, 'it was finished');

  const stopping = new AbortController();
  stopping.abort();
  await indexAnew(store, now, stopping.signal, '2026b');
  t.equal((await occurrences()).length, 0);
  await indexAnew(store, now, signal, '2026b');
  t.equal((await occurrences()).length, 45, 'what a stop interrupted goes on at the next start');
});
