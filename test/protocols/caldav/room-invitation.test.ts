/** Rooms that are invited by CalDAV: RFC 6638 §3.2, RFC 5546 §3.2.3, through a whole server. */
import t from 'tap';
import { icalendar } from '../../support/calendar.ts';
import { startServer, type TestUser } from '../../support/server.ts';

const HEADERS = { 'Content-Type': 'text/calendar; charset=utf-8' };
const server = await startServer(t, { now: () => Date.UTC(2026, 2, 1, 12) });
const anna = await server.addUser('anna');
const bert = await server.addUser('bert');
await server.app.rooms.add({ kind: 'room', address: 'blue@example.org', displayName: 'Blue' });

const meeting = (user: TestUser, uid: string, room: string, ...lines: string[]) =>
  icalendar(
    'VEVENT',
    `UID:${uid}`,
    'DTSTAMP:20260101T000000Z',
    ...lines,
    `ORGANIZER:mailto:${user.address}`,
    `ATTENDEE;PARTSTAT=ACCEPTED:mailto:${user.address}`,
    `ATTENDEE;CUTYPE=ROOM;RSVP=TRUE:mailto:${room}@example.org`,
  );
const at = (start: string, ...more: string[]) => [`DTSTART:${start}`, 'DURATION:PT1H', ...more];
const pathOf = (user: TestUser, uid: string) => `/dav/calendars/${user.name}/calendar/${uid}.ics`;

async function put(user: TestUser, uid: string, room: string, ...lines: string[]): Promise<number> {
  const body = meeting(user, uid, room, ...lines);
  return (await server.request(user, 'PUT', pathOf(user, uid), { headers: HEADERS, body })).status;
}

/** The events of the organizer's copy when the room has answered: RECURRENCE-ID and the answer of the room. */
async function answers(user: TestUser, uid: string, room: string): Promise<string[]> {
  for (let tries = 0; ; tries++) {
    const { text } = await server.request(user, 'GET', pathOf(user, uid));
    const found = text
      .replaceAll('\r\n ', '')
      .split('BEGIN:VEVENT')
      .slice(1)
      .map((component) => {
        const attendee = component.split('\r\n').find((line) => line.endsWith(`${room}@example.org`)) ?? '';
        const partstat = /PARTSTAT=([A-Z-]+)/.exec(attendee)?.[1] ?? 'NEEDS-ACTION';
        const id = /RECURRENCE-ID[^:]*:(\S+)/.exec(component)?.[1];
        return id === undefined ? partstat : `${id} ${partstat}`;
      });
    if (!found.some((answer) => answer.includes('NEEDS-ACTION')) || tries === 50) return found.sort();
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

async function busy(room: string): Promise<string[]> {
  const { text } = await server.request(anna, 'GET', `/dav/calendars/${room}/freebusy?start=20260302&end=20260402`);
  const lines = text.replaceAll('\r\n ', '').split('\r\n');
  return lines.filter((line) => line.startsWith('FREEBUSY')).flatMap((line) => line.split(':')[1]!.split(','));
}

t.test('who comes first is accepted, who comes later learns why not', async (t) => {
  t.equal(await put(anna, 'first', 'blue', ...at('20260302T100000Z')), 201);
  t.same(await answers(anna, 'first', 'blue'), ['ACCEPTED']);
  t.equal(await put(bert, 'second', 'blue', ...at('20260302T103000Z')), 201);
  t.same(await answers(bert, 'second', 'blue'), ['DECLINED']);
  const inbox = await server.request(bert, 'PROPFIND', '/dav/calendars/bert/inbox/', { headers: { Depth: '1' } });
  const [reply = ''] = inbox.text.match(/\/dav\/calendars\/bert\/inbox\/[^<]+\.ics/) ?? [];
  const { text } = await server.request(bert, 'GET', reply);
  t.match(text.replaceAll('\r\n ', ''), 'COMMENT:Blue is taken: 2026-03-02 10:30 to 11:30 (UTC).');
  t.same(await busy('blue'), ['20260302T100000Z/20260302T110000Z']);
});

t.test('another time is another question; what is cancelled is free again', async (t) => {
  await put(bert, 'second', 'blue', ...at('20260302T110000Z'), 'SEQUENCE:1');
  t.same(await answers(bert, 'second', 'blue'), ['ACCEPTED']);
  t.same(await busy('blue'), ['20260302T100000Z/20260302T120000Z']);
  t.equal((await server.request(anna, 'DELETE', pathOf(anna, 'first'))).status, 204);
  for (let tries = 0; tries < 50 && (await busy('blue'))[0]?.startsWith('20260302T10'); tries++)
    await new Promise((resolve) => setTimeout(resolve, 40));
  t.same(await busy('blue'), ['20260302T110000Z/20260302T120000Z']);
  await put(bert, 'second', 'blue', ...at('20260302T103000Z'), 'SEQUENCE:2');
  t.same(await answers(bert, 'second', 'blue'), ['ACCEPTED']);
  t.same(await busy('blue'), ['20260302T103000Z/20260302T113000Z']);
  await server.request(bert, 'DELETE', pathOf(bert, 'second'));
});

t.test('a series is accepted in part, and the organizer sees which', async (t) => {
  await put(bert, 'other', 'blue', ...at('20260311T103000Z'));
  t.same(await answers(bert, 'other', 'blue'), ['ACCEPTED']);
  const series = at('20260310T100000Z', 'RRULE:FREQ=DAILY;COUNT=4');
  await put(anna, 'series', 'blue', ...series);
  t.same(await answers(anna, 'series', 'blue'), ['20260311T100000Z DECLINED', 'ACCEPTED']);
  t.same(await busy('blue'), [
    '20260310T100000Z/20260310T110000Z',
    '20260311T103000Z/20260311T113000Z',
    '20260312T100000Z/20260312T110000Z',
    '20260313T100000Z/20260313T110000Z',
  ]);
  await put(anna, 'forever', 'blue', ...at('20260320T100000Z', 'RRULE:FREQ=WEEKLY'));
  t.same(await answers(anna, 'forever', 'blue'), ['ACCEPTED']);
});

t.test('by approval: the manager answers in the calendar of the room', async (t) => {
  await server.app.rooms.add({ kind: 'room', address: 'hall@example.org', booking: 'approval', manager: 'bert' });
  await put(anna, 'party', 'hall', ...at('20260305T100000Z'));
  t.same(await answers(anna, 'party', 'hall'), ['TENTATIVE']);
  const listing = await server.request(bert, 'PROPFIND', '/dav/calendars/hall/calendar/', { headers: { Depth: '1' } });
  const [path = ''] = listing.text.match(/\/dav\/calendars\/hall\/calendar\/[^<]+\.ics/) ?? [];
  const { text } = await server.request(bert, 'GET', path);
  const body = text.replaceAll('\r\n ', '').replace('PARTSTAT=TENTATIVE', 'PARTSTAT=ACCEPTED');
  t.equal((await server.request(bert, 'PUT', path, { headers: HEADERS, body })).status, 204);
  for (let tries = 0; tries < 50 && (await answers(anna, 'party', 'hall'))[0] === 'TENTATIVE'; tries++)
    await new Promise((resolve) => setTimeout(resolve, 40));
  t.same(await answers(anna, 'party', 'hall'), ['ACCEPTED']);
  await put(bert, 'own', 'hall', ...at('20260306T100000Z'));
  t.same(await answers(bert, 'own', 'hall'), ['ACCEPTED'], 'who approves need not ask');
});

t.test('a task books nothing', async (t) => {
  const body = meeting(anna, 'task', 'blue', 'DTSTART:20260326T100000Z', 'DURATION:PT1H').replaceAll('VEVENT', 'VTODO');
  t.equal(
    (await server.request(anna, 'PUT', '/dav/calendars/anna/tasks/task.ics', { headers: HEADERS, body })).status,
    201,
  );
  t.notOk((await busy('blue')).some((period) => period.startsWith('20260326')));
});

t.test('twenty ask for one hour at once: one has it, all have an answer', async (t) => {
  const uids = Array.from({ length: 20 }, (_, i) => `rush${i}`);
  const statuses = await Promise.all(
    uids.map((uid, i) => put(i % 2 === 0 ? anna : bert, uid, 'blue', ...at('20260325T100000Z'))),
  );
  t.ok(statuses.every((status) => status === 201));
  const all = await Promise.all(uids.map((uid, i) => answers(i % 2 === 0 ? anna : bert, uid, 'blue')));
  t.equal(all.filter(([answer]) => answer === 'ACCEPTED').length, 1);
  t.equal(all.filter(([answer]) => answer === 'DECLINED').length, 19);
  t.ok((await busy('blue')).includes('20260325T100000Z/20260325T110000Z'));
});
