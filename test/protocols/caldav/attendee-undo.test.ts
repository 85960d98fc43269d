/** RFC 6638 §3.2.2 over HTTP: an occurrence that an attendee deleted and takes back. */
import t from 'tap';
import { attendee, calendarText, organizer } from '../../support/scheduling.ts';
import { home, schedulingClient, unfolded } from '../../support/scheduling-client.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t);
const anna = await server.addUser('anna');
const bob = await server.addUser('bob');
const { put, copyOf, methodsTold } = schedulingClient(server);

const DAY = '20270106T090000Z';
const lines = (partstat: string, ...more: string[]) => [
  organizer('anna'),
  attendee('anna', 'ACCEPTED'),
  attendee('bob', partstat),
  ...more,
];
const series = (partstat: string, ...more: string[]) => ({
  lines: lines(partstat, 'RRULE:FREQ=DAILY;COUNT=5', ...more),
});
const exception = (partstat: string, ...more: string[]) => ({
  start: '20270106T100000Z',
  lines: lines(partstat, `RECURRENCE-ID:${DAY}`, ...more),
});

/** What Bob's client writes. */
async function write(uid: string, ...events: Parameters<typeof calendarText>[1]) {
  const { href } = await copyOf(bob, uid);
  return put(bob, href.slice(home(bob).length), calendarText(uid, events));
}

/** Answers of Bob in the organizer's object, of the series and of its exceptions. */
async function answers(uid: string): Promise<string[]> {
  const text = unfolded((await copyOf(anna, uid)).text);
  return [...text.matchAll(/^ATTENDEE[^\r]*PARTSTAT=([A-Z-]+)[^\r]*:mailto:bob/gm)].map(
    ([, partstat = '']) => partstat,
  );
}

t.test('a deleted occurrence that comes back is answered like the series', async (t) => {
  await put(anna, 'calendar/undo.ics', calendarText('undo', [series('NEEDS-ACTION')]));
  t.equal((await write('undo', series('ACCEPTED'))).status, 204);
  t.equal((await write('undo', series('ACCEPTED', `EXDATE:${DAY}`))).status, 204);
  t.same(await answers('undo'), ['ACCEPTED', 'DECLINED']);
  await methodsTold(anna);
  t.equal((await write('undo', series('ACCEPTED'))).status, 204);
  t.same(await methodsTold(anna), ['REPLY']);
  t.same(await answers('undo'), ['ACCEPTED', 'ACCEPTED']);
  t.notMatch((await copyOf(bob, 'undo')).text, /EXDATE/);
  t.equal((await write('undo', series('ACCEPTED'))).status, 204);
  t.same(await methodsTold(anna), [], 'the same again says nothing');
});

t.test('it can come back with an answer of its own', async (t) => {
  const own = { start: DAY, lines: lines('TENTATIVE', `RECURRENCE-ID:${DAY}`) };
  t.equal((await write('undo', series('ACCEPTED', `EXDATE:${DAY}`))).status, 204);
  t.equal((await write('undo', series('ACCEPTED'), own)).status, 204);
  t.same(await answers('undo'), ['ACCEPTED', 'TENTATIVE']);
});

t.test('an exception comes back as the organizer has it', async (t) => {
  await put(
    anna,
    'calendar/moved.ics',
    calendarText('moved', [series('NEEDS-ACTION'), exception('NEEDS-ACTION', 'LOCATION:Hall')]),
  );
  t.equal((await write('moved', series('ACCEPTED', `EXDATE:${DAY}`))).status, 204);
  t.same(await answers('moved'), ['ACCEPTED', 'DECLINED']);
  t.equal((await write('moved', series('ACCEPTED'))).status, 204);
  t.same(await answers('moved'), ['ACCEPTED', 'ACCEPTED']);
  const copy = unfolded((await copyOf(bob, 'moved')).text);
  t.match(copy, /DTSTART:20270106T100000Z[\s\S]*LOCATION:Hall/);
  t.notMatch(copy, /SCHEDULE-STATUS=[\d.]+:mailto:bob|EXDATE/, 'without what is the organizer’s');
});

t.test('what the organizer cancelled does not come back', async (t) => {
  await put(anna, 'calendar/off.ics', calendarText('off', [series('NEEDS-ACTION')]));
  t.equal((await write('off', series('ACCEPTED', `EXDATE:${DAY}`))).status, 204);
  await put(anna, 'calendar/off.ics', calendarText('off', [series('ACCEPTED', `EXDATE:${DAY}`)]));
  t.equal((await write('off', series('ACCEPTED'))).status, 204);
  t.match((await copyOf(bob, 'off')).text, /EXDATE:20270106T090000Z/, 'EXDATE is put back');
  const own = { start: DAY, lines: lines('ACCEPTED', `RECURRENCE-ID:${DAY}`) };
  const refused = await write('off', series('ACCEPTED'), own);
  t.same([refused.status, refused.condition], [403, ['allowed-attendee-scheduling-object-change']]);
});
