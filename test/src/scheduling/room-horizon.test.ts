/** Series without an end in a room: booked to the horizon, further as days come nearer, and never twice. */
import fc from 'fast-check';
import t from 'tap';
import { ask, CALENDAR } from '../../support/dav.ts';
import { attendee, calendarText, organizer } from '../../support/scheduling.ts';
import { startServer } from '../../support/server.ts';

const DAY = 86_400_000;
const START = Date.UTC(2027, 0, 4);
let now = START;
const server = await startServer(t, { now: () => now });
const anna = await server.addUser('anna');
const { rooms, store } = server.app;
const { roomDelivery, queue } = server.app.scheduling;
const failures: unknown[] = [];

let made = 0;
async function room(horizonDays: number): Promise<string> {
  now = START;
  const { name } = await rooms.add({ kind: 'room', address: `h${++made}@example.org`, horizonDays });
  return name;
}

/** Anna asks for a room; the event as she has it, when the room has answered. */
async function book(name: string, uid: string, start: string, ...lines: string[]): Promise<string> {
  const people = [organizer('anna'), attendee('anna', 'ACCEPTED'), `ATTENDEE;CUTYPE=ROOM:mailto:${name}@example.org`];
  const text = calendarText(uid, [{ start, lines: [...people, ...lines] }]);
  const { status } = await ask(server, anna, 'PUT', `/dav/calendars/anna/calendar/${uid}.ics`, CALENDAR, text);
  if (status > 204) throw new Error(String(status));
  return answered(uid);
}

/** Until nothing is under way any more. */
async function settled(): Promise<void> {
  queue.wake();
  for (let patience = 2_000; (await store.scheduleMessages.nextAttemptAt()) !== undefined; patience--) {
    if (patience === 0) throw new Error(JSON.stringify(await store.scheduleMessages.due(now + DAY, 5)));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Anna's event when the room has answered. */
async function answered(uid: string): Promise<string> {
  await settled();
  const { text } = await server.request(anna, 'GET', `/dav/calendars/anna/calendar/${uid}.ics`);
  return text.replace(/\r\n /g, '');
}

/** Days pass, and the job runs. */
async function passed(days: number): Promise<void> {
  now = START + days * DAY;
  await roomDelivery.extendAll({ error: (fields) => failures.push(fields) });
  await settled();
}

async function copy(name: string, uid: string) {
  const { id } = await rooms.find(name);
  const row = await store.calendarObjects.ofUid(id, 0, uid);
  return {
    row,
    text: row === undefined ? '' : ((await store.calendarObjects.data(row.id)) ?? '').replace(/\r\n /g, ''),
  };
}

/** Days on which the room is busy in its own calendar, each as often as it is. */
async function busyDays(name: string): Promise<string[]> {
  const { id } = await rooms.find(name);
  const calendar = await store.collections.bySegment(id, 'calendars', 'calendar');
  const rows = await store.calendarObjects.busy(calendar?.id ?? 0, START, START + 800 * DAY);
  return rows.map(({ startAt }) => new Date(startAt).toISOString().slice(5, 10)).sort();
}

t.test('it is accepted as far as it can be booked, and goes on', async (t) => {
  const name = await room(20);
  const mine = await book(name, 'series', '20270104T090000Z', 'RRULE:FREQ=WEEKLY');
  t.match(mine, /RRULE:FREQ=WEEKLY\r\n/, 'the organizer’s is as it was');
  t.match(mine, /PARTSTAT=ACCEPTED[^:]*:mailto:h/);
  t.match((await copy(name, 'series')).text, /RRULE:FREQ=WEEKLY;UNTIL=20270118T090000Z\r\n/);
  t.same(await busyDays(name), ['01-04', '01-11', '01-18']);
  const { row } = await copy(name, 'series');
  await passed(1);
  t.equal((await copy(name, 'series')).row?.etag, row?.etag, 'nothing new: nothing is written');
  await passed(5);
  t.same(await busyDays(name), ['01-04', '01-11', '01-18', '01-25']);
  await passed(19);
  t.same(await busyDays(name), ['01-04', '01-11', '01-18', '01-25', '02-01', '02-08']);
  t.same(await answered('series'), mine, 'the organizer hears nothing of it');
});

t.test('who booked in the meantime keeps the time, and the organizer is told', async (t) => {
  const name = await room(20);
  await book(name, 'series', '20270104T090000Z', 'RRULE:FREQ=WEEKLY');
  now = START + 5 * DAY;
  t.match(await book(name, 'other', '20270125T093000Z'), /PARTSTAT=ACCEPTED[^:]*:mailto:h/, 'before the job ran');
  await passed(12);
  t.same(await busyDays(name), ['01-04', '01-11', '01-18', '01-25', '02-01']);
  const mine = await answered('series');
  const [, series = '', instance = ''] = mine.split('BEGIN:VEVENT');
  t.match(series, /PARTSTAT=ACCEPTED[^:]*:mailto:h/);
  t.match(instance, /RECURRENCE-ID:20270125T090000Z/);
  t.match(instance, /PARTSTAT=DECLINED[^:]*:mailto:h/);
  const { status } = await server.request(anna, 'DELETE', '/dav/calendars/anna/calendar/other.ics');
  t.equal(status, 204);
  await answered('series');
  await passed(13);
  t.same(await busyDays(name), ['01-04', '01-11', '01-18', '02-01'], 'what was declined stays declined');
});

t.test('a change of the organizer counts for all of it', async (t) => {
  const name = await room(20);
  await book(name, 'series', '20270104T090000Z', 'RRULE:FREQ=WEEKLY');
  await passed(5);
  await book(name, 'series', '20270104T090000Z', 'RRULE:FREQ=WEEKLY', 'SUMMARY:Title');
  t.same(await busyDays(name), ['01-04', '01-11', '01-18', '01-25']);
  await book(name, 'series', '20270104T090000Z', 'RRULE:FREQ=WEEKLY;COUNT=3', 'SUMMARY:Title');
  t.notMatch((await copy(name, 'series')).text, /X-CONVENE|UNTIL/);
  await passed(40);
  t.notMatch(await busyDays(name), ['01-25']);
});

t.test('an instance that was moved beyond the horizon is decided when it comes near', async (t) => {
  const name = await room(20);
  const people = [organizer('anna'), attendee('anna', 'ACCEPTED'), `ATTENDEE:mailto:${name}@example.org`];
  const moved = { start: '20270220T090000Z', lines: [...people, 'RECURRENCE-ID:20270111T090000Z'] };
  const text = calendarText('moved', [{ start: '20270104T090000Z', lines: [...people, 'RRULE:FREQ=WEEKLY'] }, moved]);
  await ask(server, anna, 'PUT', '/dav/calendars/anna/calendar/moved.ics', CALENDAR, text);
  await answered('moved');
  t.same(await busyDays(name), ['01-04', '01-18']);
  await passed(40);
  t.same((await busyDays(name)).slice(-4), ['02-15', '02-20', '02-22', '03-01']);
  t.match((await answered('moved')).split('BEGIN:VEVENT')[2], /PARTSTAT=ACCEPTED[^:]*:mailto:h/);
});

t.test('whole days and zones: the rule ends as DTSTART is written', async (t) => {
  const name = await room(20);
  const people = [
    organizer('anna'),
    attendee('anna', 'ACCEPTED'),
    `ATTENDEE:mailto:${name}@example.org`,
    'RRULE:FREQ=WEEKLY',
  ];
  const put = (uid: string, text: string) =>
    ask(server, anna, 'PUT', `/dav/calendars/anna/calendar/${uid}.ics`, CALENDAR, text);
  const base = (uid: string) => calendarText(uid, [{ lines: people }]);
  await put(
    'days',
    base('days').replace('DTSTART:20270104T090000Z', 'DTSTART;VALUE=DATE:20270105').replace('PT1H', 'P1D'),
  );
  await put('paris', base('paris').replace('DTSTART:20270104T090000Z', 'DTSTART;TZID=Europe/Paris:20270106T080000'));
  await answered('days');
  t.match((await copy(name, 'days')).text, /RRULE:FREQ=WEEKLY;UNTIL=20270119\r\n/);
  t.match((await copy(name, 'paris')).text, /RRULE:FREQ=WEEKLY;UNTIL=20270120T070000Z\r\n/);
});

t.test('nothing is ever booked twice', async (t) => {
  const rule = fc.record({
    start: fc.integer({ min: 0, max: 10 }),
    every: fc.integer({ min: 1, max: 9 }),
    on: fc.integer({ min: 0, max: 30 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(rule, { minLength: 2, maxLength: 4 }), async (rules) => {
      const name = await room(15);
      for (const [index, { start, every, on }] of rules.entries()) {
        now = Math.max(now, START + on * DAY);
        const at = new Date(now + (start + 1) * DAY).toISOString().slice(0, 10).replaceAll('-', '');
        await book(name, `${name}-${index}`, `${at}T090000Z`, `RRULE:FREQ=DAILY;INTERVAL=${every}`);
        await passed(Math.round((now - START) / DAY) + 3);
        const days = await busyDays(name);
        if (new Set(days).size !== days.length) return false;
      }
      await passed(70);
      const days = await busyDays(name);
      // The room and the organizers agree on what is booked in the days that come.
      const known = new Set<string>();
      for (const index of rules.keys()) for (const day of await acceptedDays(name, `${name}-${index}`)) known.add(day);
      const ahead = days.filter((day) => day > '03-15' && day < '03-30');
      return new Set(days).size === days.length && ahead.every((day) => known.has(day));
    }),
    { numRuns: 6, endOnFailure: true },
  );
  t.same(failures, []);
});

/** Days of an event that the room accepted, as its organizer has it. */
async function acceptedDays(name: string, uid: string): Promise<string[]> {
  const [head = '', ...instances] = (await answered(uid)).split('BEGIN:VEVENT').slice(1);
  const accepts = (text: string) => new RegExp(`PARTSTAT=ACCEPTED[^:\\r\\n]*:mailto:${name}@`).test(text);
  if (!accepts(head)) return [];
  const declined = new Set(
    instances.filter((text) => !accepts(text)).map((text) => /RECURRENCE-ID:(\d{8})/.exec(text)?.[1] ?? ''),
  );
  const [, first = '', every = '1'] = /DTSTART:(\d{8})[\s\S]*INTERVAL=(\d)/.exec(head) ?? [];
  const begin = Date.parse(`${first.slice(0, 4)}-${first.slice(4, 6)}-${first.slice(6)}`);
  const days: string[] = [];
  for (let at = begin; at < START + 120 * DAY; at += Number(every) * DAY) {
    const day = new Date(at).toISOString().slice(0, 10);
    if (!declined.has(day.replaceAll('-', ''))) days.push(day.slice(5));
  }
  return days;
}
