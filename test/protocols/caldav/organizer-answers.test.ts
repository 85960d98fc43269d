/** RFC 6638 §3.2.1 over HTTP: who is here answers for themselves; what a client knows of others counts. */
import t from 'tap';
import { attendee, calendarText, organizer } from '../../support/scheduling.ts';
import { home, schedulingClient, unfolded } from '../../support/scheduling-client.ts';
import { startServer, type TestUser } from '../../support/server.ts';

const GINA = 'mailto:gina@guests.example';
const server = await startServer(t);
const anna = await server.addUser('anna');
const bob = await server.addUser('bob');
const carl = await server.addUser('carl');
const { put, copyOf, methodsTold } = schedulingClient(server);

const meeting = (uid: string, lines: readonly string[]) =>
  calendarText(uid, [{ lines: [organizer('anna'), attendee('anna', 'ACCEPTED'), ...lines] }]);

/** PARTSTAT and RSVP of an attendee in somebody's copy. */
async function answerIn(user: TestUser, uid: string, of: string): Promise<string> {
  const line =
    new RegExp(`^ATTENDEE[^\\r\\n]*:${of}\\r$`, 'm').exec(unfolded((await copyOf(user, uid)).text))?.[0] ?? '';
  return [...line.matchAll(/(?:PARTSTAT|RSVP)=([A-Z-]+)/g)].map(([, value]) => value).join(' ');
}

async function answer(user: TestUser, uid: string, partstat: string): Promise<void> {
  const { href, text } = await copyOf(user, uid);
  const changed = unfolded(text).replace(
    new RegExp(`^ATTENDEE[^\\r\\n]*:mailto:${user.name}@example.org`, 'm'),
    attendee(user.name, partstat),
  );
  t.equal((await put(user, href.slice(home(user).length), changed)).status, 204);
}

t.test('an invitation that says yes for somebody here asks them', async (t) => {
  await put(
    anna,
    'calendar/new.ics',
    meeting('new', [attendee('bob', 'ACCEPTED'), `ATTENDEE;PARTSTAT=ACCEPTED:${GINA}`]),
  );
  t.same(await methodsTold(bob), ['REQUEST']);
  t.equal(await answerIn(anna, 'new', 'mailto:bob@example.org'), 'NEEDS-ACTION TRUE');
  t.equal(await answerIn(bob, 'new', 'mailto:bob@example.org'), 'NEEDS-ACTION TRUE');
  t.equal(await answerIn(anna, 'new', GINA), 'ACCEPTED', 'of people elsewhere the client knows more');
});

t.test('a client that changes the answer of somebody here changes nothing', async (t) => {
  await put(anna, 'calendar/kept.ics', meeting('kept', [attendee('bob')]));
  await answer(bob, 'kept', 'ACCEPTED');
  t.equal(await answerIn(anna, 'kept', 'mailto:bob@example.org'), 'ACCEPTED');
  const other = meeting('kept', [attendee('bob', 'DECLINED'), attendee('carl', 'TENTATIVE'), 'LOCATION:Room']);
  await put(anna, 'calendar/kept.ics', other);
  t.equal(await answerIn(anna, 'kept', 'mailto:bob@example.org'), 'ACCEPTED');
  t.equal(await answerIn(bob, 'kept', 'mailto:bob@example.org'), 'ACCEPTED');
  t.equal(await answerIn(carl, 'kept', 'mailto:carl@example.org'), 'NEEDS-ACTION TRUE', 'who is new is asked');
  await put(anna, 'calendar/kept.ics', meeting('kept', [attendee('bob'), attendee('carl'), 'LOCATION:Hall']));
  t.equal(
    await answerIn(anna, 'kept', 'mailto:bob@example.org'),
    'NEEDS-ACTION',
    '§3.2.8: the organizer may ask again',
  );
});

t.test('answers that the client collects itself are its own', async (t) => {
  const collected = attendee('bob', 'ACCEPTED', ';SCHEDULE-AGENT=CLIENT');
  await put(anna, 'calendar/own.ics', meeting('own', [collected, attendee('carl')]));
  t.equal(await answerIn(anna, 'own', 'mailto:bob@example.org'), 'ACCEPTED');
  await put(anna, 'calendar/own.ics', meeting('own', [attendee('bob', 'ACCEPTED'), attendee('carl')]));
  t.equal(await answerIn(anna, 'own', 'mailto:bob@example.org'), 'ACCEPTED', 'also when the server takes over');
});

t.test('an exception takes the answer to the series along', async (t) => {
  const rule = 'RRULE:FREQ=DAILY;COUNT=5';
  await put(anna, 'calendar/series.ics', meeting('series', [attendee('bob'), rule]));
  await answer(bob, 'series', 'TENTATIVE');
  const series = [organizer('anna'), attendee('anna', 'ACCEPTED'), attendee('bob', 'TENTATIVE'), rule, 'SEQUENCE:0'];
  const exception = [
    organizer('anna'),
    attendee('anna', 'ACCEPTED'),
    attendee('bob', 'ACCEPTED'),
    'RECURRENCE-ID:20270105T090000Z',
    'LOCATION:Hall',
  ];
  const both = calendarText('series', [{ lines: series }, { start: '20270105T090000Z', lines: exception }]);
  await put(anna, 'calendar/series.ics', both);
  const copy = unfolded((await copyOf(bob, 'series')).text);
  t.equal(copy.match(/PARTSTAT=TENTATIVE[^\r]*:mailto:bob/g)?.length, 2);
});

t.test('an exception that a reply leaves unanswered is still to be answered', async (t) => {
  const asked = attendee('bob', 'NEEDS-ACTION', ';RSVP=TRUE');
  const lines = (bob: string, ...more: string[]) => [organizer('anna'), attendee('anna', 'ACCEPTED'), bob, ...more];
  const exception = {
    start: '20270105T090000Z',
    lines: lines(asked, 'RECURRENCE-ID:20270105T090000Z', 'LOCATION:Hall'),
  };
  const rule = 'RRULE:FREQ=DAILY;COUNT=5';
  await put(anna, 'calendar/half.ics', calendarText('half', [{ lines: lines(asked, rule) }, exception]));
  const { href } = await copyOf(bob, 'half');
  const half = calendarText('half', [{ lines: lines(attendee('bob', 'ACCEPTED'), rule) }, exception]);
  t.equal((await put(bob, href.slice(home(bob).length), half)).status, 204);
  const text = unfolded((await copyOf(anna, 'half')).text);
  t.match(text, /RRULE[\s\S]*END:VEVENT/);
  t.match(text, /PARTSTAT=ACCEPTED[^\r]*:mailto:bob/, 'the series');
  t.match(text, /PARTSTAT=NEEDS-ACTION;RSVP=TRUE[^\r]*:mailto:bob/, 'the exception, with RSVP');
});
