/** Rooms answer invitations: rules, series accepted in part, and nothing booked twice, whoever is faster. */
import fc from 'fast-check';
import t from 'tap';
import { whileMoved } from '../../../src/calendar/object-writing.ts';
import type { Booking } from '../../../src/scheduling/room-bookings.ts';
import { icalendar } from '../../support/calendar.ts';
import { startServer } from '../../support/server.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 2, 1, 12);
const server = await startServer(t, { now: () => NOW });
const { rooms, store, principals } = server.app;
const { roomBookings: bookings } = server.app.scheduling;
const anna = await server.addUser('anna');
const bert = await server.addUser('bert');

let made = 0;
/** A new room with these rules; gives back its name. */
async function room(rules: Parameters<typeof rooms.change>[1] = {}): Promise<string> {
  const { name } = await rooms.add({ kind: 'room', address: `r${++made}@example.org`, ...rules });
  return name;
}

function invitation(name: string, uid: string, ...lines: string[]): string {
  return icalendar(
    'VEVENT',
    `UID:${uid}`,
    'DTSTAMP:20260101T000000Z',
    ...lines,
    'ORGANIZER:mailto:anna@example.org',
    'ATTENDEE;PARTSTAT=ACCEPTED:mailto:anna@example.org',
    `ATTENDEE;CUTYPE=ROOM;RSVP=TRUE:MAILTO:${name.toUpperCase()}@Example.org`,
  );
}

const hourly = (start: string, length = 'PT1H') => [`DTSTART:${start}`, `DURATION:${length}`];
const answersOf = ({ answers }: Booking) => answers.map(({ answer }) => answer);
/** Decides and books, as the delivery of an invitation does. */
function deliver(name: string, text: string, organizerId?: number, also?: () => Promise<void>): Promise<Booking> {
  return whileMoved(async () => {
    const booking = await bookings.decide(name, text, organizerId);
    await store.transaction(async (write) => {
      const modseq = await write.accounts.nextModseq(booking.room.id, [booking.calendar.id]);
      await bookings.hold(write, booking, modseq);
      await also?.();
    });
    return booking;
  });
}
const book = async (name: string, uid: string, ...lines: string[]) => deliver(name, invitation(name, uid, ...lines));

/** When the room is busy, as everybody is told. */
async function busy(name: string, from = NOW, until = NOW + 400 * DAY): Promise<string[]> {
  const body = JSON.stringify({
    attendees: [`${name}@example.org`],
    from: new Date(from),
    until: new Date(Math.min(until, from + 366 * DAY)),
  });
  const headers = { 'Content-Type': 'application/json' };
  const { text } = await server.request(anna, 'POST', '/api/scheduling/free-busy', { headers, body });
  const { attendees } = JSON.parse(text) as { attendees: { busy: { from: string; until: string }[] }[] };
  return attendees[0]!.busy.map((period) => `${period.from.slice(0, 16)}/${period.until.slice(0, 16)}`);
}

t.test('who comes first has it; what touches does not overlap', async (t) => {
  const name = await room();
  const first = await book(name, 'a', ...hourly('20260302T100000Z'));
  t.same(answersOf(first), ['ACCEPTED']);
  t.equal(first.comment, '');
  const unfolded = first.prepared.octets.replaceAll('\r\n ', '');
  t.match(unfolded, /ATTENDEE;CUTYPE=ROOM;PARTSTAT=ACCEPTED:MAILTO:/, 'the answer, and no RSVP');
  t.match(unfolded, 'ATTENDEE;PARTSTAT=ACCEPTED:mailto:anna@example.org', 'others are left alone');
  const second = await book(name, 'b', ...hourly('20260302T103000Z'));
  t.same(answersOf(second), ['DECLINED']);
  t.equal(second.comment, `${name} is taken: 2026-03-02 10:30 to 11:30 (UTC).`);
  t.match(second.prepared.octets, 'PARTSTAT=DECLINED');
  t.same(answersOf(await book(name, 'c', ...hourly('20260302T110000Z'))), ['ACCEPTED']);
  t.same(answersOf(await book(name, 'd', ...hourly('20260302T090000Z'))), ['ACCEPTED']);
  t.same(await busy(name), ['2026-03-02T09:00/2026-03-02T12:00']);
  t.equal(await store.calendarObjects.ofUid((await rooms.find(name)).id, 0, 'b'), undefined, 'declined: not kept');
});

t.test('a change is decided again; one that is declined gives its time back', async (t) => {
  const name = await room();
  await book(name, 'a', ...hourly('20260302T100000Z'));
  await book(name, 'b', ...hourly('20260302T120000Z'));
  t.same(
    answersOf(await book(name, 'a', ...hourly('20260302T103000Z'))),
    ['ACCEPTED'],
    'its own time is not in its way',
  );
  t.same(await busy(name), ['2026-03-02T10:30/2026-03-02T11:30', '2026-03-02T12:00/2026-03-02T13:00']);
  t.same(answersOf(await book(name, 'a', ...hourly('20260302T123000Z'))), ['DECLINED']);
  t.same(await busy(name), ['2026-03-02T12:00/2026-03-02T13:00']);
});

t.test('RFC 5545 §3.8.4.4: a series is accepted in part', async (t) => {
  const name = await room();
  await book(name, 'one', ...hourly('20260310T083000Z'));
  await book(name, 'two', 'DTSTART;TZID=Europe/Paris:20260407T090000', 'DURATION:PT30M');
  const series = [
    'DTSTART;TZID=Europe/Paris:20260303T090000',
    'DTEND;TZID=Europe/Paris:20260303T110000',
    'RRULE:FREQ=WEEKLY;COUNT=6',
  ];
  const booking = await book(name, 'series', ...series, 'TRANSP:TRANSPARENT');
  t.same(answersOf(booking), ['ACCEPTED', 'DECLINED', 'ACCEPTED', 'ACCEPTED', 'ACCEPTED', 'DECLINED']);
  t.equal(booking.comment, `${name} is taken: 2026-03-10 09:00 to 11:00, 2026-04-07 09:00 to 11:00 (Europe/Paris).`);
  const events = booking.prepared.octets.replaceAll('\r\n ', '').split('BEGIN:VEVENT').slice(1);
  t.equal(events.length, 3);
  t.match(events[0], /RRULE:FREQ=WEEKLY;COUNT=6[\s\S]*PARTSTAT=ACCEPTED/);
  t.notMatch(events[0], 'TRANSP', 'what is booked makes busy');
  t.match(
    events[1],
    /RECURRENCE-ID;TZID=Europe\/Paris:20260310T090000\r\nDTSTART;TZID=Europe\/Paris:20260310T090000\r\nDTEND;TZID=Europe\/Paris:20260310T110000/,
  );
  t.match(events[2], 'RECURRENCE-ID;TZID=Europe/Paris:20260407T090000');
  for (const declined of events.slice(1)) {
    t.match(declined, 'PARTSTAT=DECLINED');
    t.match(declined, 'TRANSP:TRANSPARENT');
    t.notMatch(declined, 'RRULE');
  }
  t.same(await busy(name), [
    '2026-03-03T08:00/2026-03-03T10:00',
    '2026-03-10T08:30/2026-03-10T09:30',
    '2026-03-17T08:00/2026-03-17T10:00',
    '2026-03-24T08:00/2026-03-24T10:00',
    '2026-03-31T07:00/2026-03-31T09:00',
    '2026-04-07T07:00/2026-04-07T07:30',
  ]);
  // The time of a declined occurrence is still somebody else's to take.
  t.same(answersOf(await book(name, 'three', ...hourly('20260407T080000Z'))), ['ACCEPTED']);
});

t.test('whole days and floating times lie in the zone of the room', async (t) => {
  const name = await room();
  const { id } = await rooms.find(name);
  const calendar = (await store.collections.bySegment(id, 'calendars', 'calendar'))!;
  const columns = { components: 'VEVENT', timeZone: 'America/New_York', transparent: 0 } as const;
  await store.transaction((write) => write.collections.setCalendar(calendar.id, columns));
  t.same(answersOf(await book(name, 'day', 'DTSTART;VALUE=DATE:20260302')), ['ACCEPTED']);
  t.same(
    answersOf(await book(name, 'before', ...hourly('20260302T040000Z'))),
    ['ACCEPTED'],
    'still the day before in New York',
  );
  t.same(answersOf(await book(name, 'during', ...hourly('20260303T040000Z'))), ['DECLINED']);
  t.same(answersOf(await book(name, 'floating', 'DTSTART:20260303T090000', 'DURATION:PT1H')), ['ACCEPTED']);
  t.same(answersOf(await book(name, 'same', ...hourly('20260303T143000Z'))), ['DECLINED']);
  const week = await book(name, 'week', 'DTSTART;VALUE=DATE:20260301', 'RRULE:FREQ=DAILY;COUNT=4');
  t.same(answersOf(week), ['DECLINED', 'DECLINED', 'DECLINED', 'ACCEPTED']);
  t.match(week.prepared.octets, 'RECURRENCE-ID;VALUE=DATE:20260302\r\nDTSTART;VALUE=DATE:20260302\r\n');
});

t.test('horizon, longest booking, and series without end', async (t) => {
  const name = await room({ horizonDays: 10, longestMinutes: 120 });
  const table: [string, string[], string[], RegExp][] = [
    ['long', hourly('20260302T100000Z', 'PT3H'), ['DECLINED'], /120 minutes at most/],
    ['far', hourly('20260312T100000Z'), ['DECLINED'], /can be booked until 2026-03-11/],
    [
      'endless',
      [...hourly('20260302T100000Z'), 'RRULE:FREQ=WEEKLY'],
      ['ACCEPTED', 'ACCEPTED'],
      /does not end.*until 2026-03-11, and further/,
    ],

    [
      'endless later',
      [...hourly('20260616T100000Z'), 'RRULE:FREQ=WEEKLY'],
      ['DECLINED'],
      /Give it an end and ask again/,
    ],
    [
      'mixed',
      [...hourly('20260302T100000Z'), 'RRULE:FREQ=WEEKLY;COUNT=3'],
      ['ACCEPTED', 'ACCEPTED', 'DECLINED'],
      /until 2026-03-11: 2026-03-16/,
    ],
    ['past', [...hourly('20260222T100000Z'), 'RRULE:FREQ=WEEKLY;COUNT=3'], ['ACCEPTED'], /^$/],
  ];
  for (const [uid, lines, expected, comment] of table) {
    const booking = await book(name, uid, ...lines);
    t.same(answersOf(booking), expected, uid);
    t.match(booking.comment, comment);
    await server.store.transaction(async (write) => {
      const row = await write.calendarObjects.ofUid(booking.room.id, 0, uid);
      if (row === undefined) return;
      await write.calendarObjects.remove(
        row,
        booking.room.id,
        await write.accounts.nextModseq(booking.room.id, [row.collectionId]),
      );
    });
  }
  const every = await book(
    await room(),
    'second',
    ...hourly('20260302T100000Z', 'PT1S'),
    'RRULE:FREQ=SECONDLY;COUNT=50000',
  );
  t.ok(every.answers.every(({ answer }) => answer === 'DECLINED'));
  const shut = await book(await room({ booking: 'auto-decline' }), 'a', ...hourly('20260302T100000Z'));
  t.match([answersOf(shut), shut.comment], [['DECLINED'], /cannot be booked/]);
  await t.rejects(deliver('anna', invitation('anna', 'a', ...hourly('20260302T100000Z'))), {
    code: 'not-found',
  });
});

t.test('by approval: the time is held until the manager has answered', async (t) => {
  const name = await room({ booking: 'approval', manager: 'bert' });
  const held = await book(name, 'a', ...hourly('20260302T100000Z'));
  t.same(answersOf(held), ['TENTATIVE']);
  t.match(held.comment, /held until its manager has answered/);
  t.same(answersOf(await book(name, 'b', ...hourly('20260302T100000Z'))), ['DECLINED'], 'held is held');
  const own = await deliver(name, invitation(name, 'own', ...hourly('20260302T120000Z')), bert.id);
  t.same(answersOf(own), ['ACCEPTED'], 'who approves need not ask');

  // The manager says yes by changing the room's copy.
  const { id } = await rooms.find(name);
  const row = (await store.calendarObjects.ofUid(id, 0, 'a'))!;
  const path = `/dav/calendars/${name}/calendar/${row.name}`;
  const body = held.prepared.octets.replace('PARTSTAT=TENTATIVE', 'PARTSTAT=ACCEPTED');
  const headers = { 'Content-Type': 'text/calendar; charset=utf-8' };
  t.equal((await server.request(bert, 'PUT', path, { headers, body })).status, 204);
  t.same(
    answersOf(await book(name, 'a', ...hourly('20260302T100000Z'), 'SUMMARY:New title')),
    ['ACCEPTED'],
    'not asked again',
  );
  t.same(
    answersOf(await book(name, 'a', ...hourly('20260302T140000Z'))),
    ['TENTATIVE'],
    'another time is another question',
  );

  await principals.remove('bert');
  const orphan = await book(name, 'c', ...hourly('20260303T100000Z'));
  t.match([answersOf(orphan), orphan.comment], [['DECLINED'], /cannot be booked/], 'nobody could ever say yes');
});

t.test('who writes into the calendar of a room cannot book twice either', async (t) => {
  const name = await room({ manager: 'anna' });
  await book(name, 'a', ...hourly('20260302T100000Z'));
  const headers = { 'Content-Type': 'text/calendar; charset=utf-8' };
  const put = async (uid: string, ...lines: string[]) =>
    (
      await server.request(anna, 'PUT', `/dav/calendars/${name}/calendar/${uid}.ics`, {
        headers,
        body: icalendar('VEVENT', `UID:${uid}`, 'DTSTAMP:20260101T000000Z', ...lines),
      })
    ).status;
  t.equal(await put('x', ...hourly('20260302T103000Z')), 409);
  t.equal(await put('x', ...hourly('20260301T100000Z'), 'RRULE:FREQ=DAILY;COUNT=9'), 409);
  t.equal(
    await put('x', ...hourly('20260301T100000Z'), 'RRULE:FREQ=WEEKLY'),
    403,
    'without end nobody could compare it',
  );
  t.equal(await put('x', ...hourly('20260302T110000Z')), 201);
  t.equal(await put('x', ...hourly('20260302T090000Z')), 204);
  t.equal(await put('free', ...hourly('20260302T100000Z'), 'TRANSP:TRANSPARENT'), 201, 'a note is no booking');
  const own = await server.request(anna, 'PUT', '/dav/calendars/anna/calendar/m.ics', {
    headers,
    body: icalendar('VEVENT', 'UID:m', 'DTSTAMP:20260101T000000Z', ...hourly('20260302T100000Z')),
  });
  t.equal(own.status, 201);
  const moved = { headers: { Destination: `${server.url}/dav/calendars/${name}/calendar/m.ics` } };
  t.equal((await server.request(anna, 'MOVE', '/dav/calendars/anna/calendar/m.ics', moved)).status, 409);
  t.equal((await server.request(anna, 'COPY', '/dav/calendars/anna/calendar/m.ics', moved)).status, 409);
  t.same(await busy(name), ['2026-03-02T09:00/2026-03-02T11:00']);
});

t.test('one transaction: what fails with the delivery is not booked', async (t) => {
  const name = await room();
  const failing = deliver(name, invitation(name, 'a', ...hourly('20260302T100000Z')), undefined, async () => {
    throw new Error('the delivery failed');
  });
  await t.rejects(failing, /the delivery failed/);
  t.same(await busy(name), []);
});

t.test('40 at once for one hour: one has it, everybody has an answer', async (t) => {
  const name = await room();
  const all = await Promise.all(
    Array.from({ length: 40 }, (_, i) => book(name, `u${i}`, ...hourly('20260302T100000Z'))),
  );
  t.equal(all.filter((booking) => answersOf(booking)[0] === 'ACCEPTED').length, 1);
  t.equal(all.filter((booking) => answersOf(booking)[0] === 'DECLINED').length, 39);
  t.same(await busy(name), ['2026-03-02T10:00/2026-03-02T11:00']);
});

t.test('whatever is asked at once, no two bookings overlap', async () => {
  const request = fc.record({
    start: fc.integer({ min: 0, max: 40 }),
    length: fc.integer({ min: 1, max: 8 }),
    count: fc.integer({ min: 1, max: 4 }),
    every: fc.integer({ min: 1, max: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 2, maxLength: 8 }), async (requests) => {
      const name = await room();
      const all = await Promise.all(
        requests.map(({ start, length, count, every }, i) => {
          const at = new Date(NOW + start * HOUR).toISOString().replace(/[-:]|\.000/g, '');
          return book(
            name,
            `p${i}`,
            ...hourly(at, `PT${length}H`),
            `RRULE:FREQ=DAILY;COUNT=${count};INTERVAL=${every}`,
          );
        }),
      );
      const hours = new Map<number, number>();
      for (const [i, { answers }] of all.entries()) {
        for (const { answer, from, until } of answers) {
          if (answer === 'DECLINED') continue;
          for (let hour = from; hour < until; hour += HOUR) {
            if ((hours.get(hour) ?? i) !== i) return false;
            hours.set(hour, i);
          }
        }
      }
      const told = (await busy(name)).reduce((sum, period) => {
        const [from = '', until = ''] = period.split('/');
        return sum + (Date.parse(`${until}Z`) - Date.parse(`${from}Z`)) / HOUR;
      }, 0);
      return told === [...hours.keys()].filter((hour) => hour >= NOW).length;
    }),
    { numRuns: 15 },
  );
});
