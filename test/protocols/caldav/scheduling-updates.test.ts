/** RFC 6638 §3.2.1 over HTTP: which changes of an organizer reach calendars here, and which people elsewhere. */
import t from 'tap';
import { attendee, calendarText, type EventLines, organizer } from '../../support/scheduling.ts';
import { home, schedulingClient, unfolded } from '../../support/scheduling-client.ts';
import { startServer } from '../../support/server.ts';

const GINA = 'gina@guests.example';
const server = await startServer(t);
const anna = await server.addUser('anna');
const bob = await server.addUser('bob');
const { put, copyOf, takeInbox, methodsTold, mailsTo } = schedulingClient(server);

const meeting = (...more: string[]): EventLines => ({
  lines: [organizer('anna'), attendee('anna', 'ACCEPTED'), attendee('bob'), `ATTENDEE:mailto:${GINA}`, ...more],
});
const daily = (...more: string[]) => meeting('RRULE:FREQ=DAILY;COUNT=5', ...more);

t.test('RFC 5546 §2.1.4: who loses an instance learns the new number of the series; a mail only cancels', async (t) => {
  await put(anna, 'calendar/exdate.ics', calendarText('exdate', [daily()]));
  t.same(await methodsTold(bob), ['REQUEST']);
  t.equal(await mailsTo(GINA), 1);
  await put(anna, 'calendar/exdate.ics', calendarText('exdate', [daily('EXDATE:20270106T090000Z')]));
  t.same(await methodsTold(bob), ['CANCEL', 'REQUEST']);
  t.equal(await mailsTo(GINA), 2, 'one mail, which cancels the instance');
  const copy = unfolded((await copyOf(bob, 'exdate')).text);
  t.match(copy, /RRULE[\s\S]*SEQUENCE:1[\s\S]*RECURRENCE-ID:20270106T090000Z/, 'the series has the number');
  t.match(copy, /STATUS:CANCELLED/, 'and the instance is shown as cancelled');
  t.notMatch(copy, /EXDATE/);
  await put(anna, 'calendar/exdate.ics', calendarText('exdate', [daily('SEQUENCE:1', 'EXDATE:20270106T090000Z')]));
  t.same(await methodsTold(bob), [], 'the same again says nothing');
  const three = ['SEQUENCE:1', 'EXDATE:20270106T090000Z', 'EXDATE:20270107T090000Z', 'EXDATE:20270108T090000Z'];
  await put(anna, 'calendar/exdate.ics', calendarText('exdate', [daily(...three)]));
  t.same(await methodsTold(bob), ['CANCEL', 'REQUEST'], 'RFC 5546 §3.2.5: one message cancels several instances');
  t.equal(await mailsTo(GINA), 4, 'one mail for each, because mail programs read the first component only');
});

t.test('an exception without somebody cancels it for them, and is no news of the series', async (t) => {
  await put(anna, 'calendar/less.ics', calendarText('less', [daily()]));
  await takeInbox(bob);
  const without: EventLines = {
    start: '20270105T090000Z',
    lines: ['RECURRENCE-ID:20270105T090000Z', organizer('anna'), attendee('anna', 'ACCEPTED')],
  };
  await put(anna, 'calendar/less.ics', calendarText('less', [daily(), without]));
  t.same(await methodsTold(bob), ['CANCEL']);
});

t.test('what is cancelled with other words is shown with them, and a mail only cancels', async (t) => {
  const mailsBefore = await mailsTo(GINA);
  await put(anna, 'calendar/words.ics', calendarText('words', [meeting('LOCATION:Room')]));
  await takeInbox(bob);
  await put(anna, 'calendar/words.ics', calendarText('words', [meeting('LOCATION:Nowhere', 'STATUS:CANCELLED')]));
  const told = await takeInbox(bob);
  t.same(told.map((text) => /^METHOD:(.*)\r$/m.exec(text)?.[1]).sort(), ['CANCEL', 'REQUEST']);
  const request = told.find((text) => text.includes('METHOD:REQUEST')) ?? '';
  t.notMatch(request, /STATUS:CANCELLED/, 'RFC 5546 §3.2.2: no REQUEST says that something is cancelled');
  t.match(
    (await copyOf(bob, 'words')).text,
    /LOCATION:Nowhere[\s\S]*STATUS:CANCELLED|STATUS:CANCELLED[\s\S]*LOCATION:Nowhere/,
  );
  t.equal((await mailsTo(GINA)) - mailsBefore, 2);
});

t.test('RFC 6638 §3.2.1.3: what was cancelled and goes is cancelled once more here, and not by mail', async (t) => {
  const mailsBefore = await mailsTo(GINA);
  await put(anna, 'calendar/gone.ics', calendarText('gone', [meeting()]));
  await put(anna, 'calendar/gone.ics', calendarText('gone', [meeting('STATUS:CANCELLED')]));
  t.same(await methodsTold(bob), ['CANCEL', 'REQUEST']);
  t.equal((await server.request(anna, 'DELETE', `${home(anna)}calendar/gone.ics`)).status, 204);
  t.same(await methodsTold(bob), ['CANCEL']);
  t.match((await copyOf(bob, 'gone')).text, /SEQUENCE:2/);
  t.equal((await mailsTo(GINA)) - mailsBefore, 2, 'who was told by mail knows already');
});

t.test('properties for programs reach calendars here without a mail; notes of one program reach nobody', async (t) => {
  await put(anna, 'calendar/x.ics', calendarText('x', [meeting('X-GOOGLE-CONFERENCE:https://one.example')]));
  await takeInbox(bob);
  const mailsBefore = await mailsTo(GINA);
  await put(anna, 'calendar/x.ics', calendarText('x', [meeting('X-GOOGLE-CONFERENCE:https://two.example')]));
  t.same(await methodsTold(bob), ['REQUEST']);
  const copy = (await copyOf(bob, 'x')).text;
  t.match(copy, /X-GOOGLE-CONFERENCE:https:\/\/two\.example/);
  t.match(copy, /SEQUENCE:1/);
  await put(
    anna,
    'calendar/x.ics',
    calendarText('x', [
      meeting('X-GOOGLE-CONFERENCE:https://two.example', 'SEQUENCE:1', 'X-MOZ-LASTACK:20260101T000000Z'),
    ]),
  );
  t.same(await methodsTold(bob), []);
  t.equal(await mailsTo(GINA), mailsBefore);
});

t.test('a number that the organizer’s client raised reaches calendars here', async (t) => {
  await put(anna, 'calendar/number.ics', calendarText('number', [meeting()]));
  await takeInbox(bob);
  const mailsBefore = await mailsTo(GINA);
  await put(anna, 'calendar/number.ics', calendarText('number', [meeting('SEQUENCE:7')]));
  t.same(await methodsTold(bob), ['REQUEST']);
  t.match((await copyOf(bob, 'number')).text, /SEQUENCE:7/);
  t.equal(await mailsTo(GINA), mailsBefore);
});

t.test('RFC 6638 §3.2.8: a series that gets more instances asks again; one that gets fewer does not', async (t) => {
  const series = (rule: string, partstat: string, ...more: string[]) =>
    calendarText('longer', [
      { lines: [organizer('anna'), attendee('anna', 'ACCEPTED'), attendee('bob', partstat), `RRULE:${rule}`, ...more] },
    ]);
  await put(anna, 'calendar/longer.ics', series('FREQ=DAILY;COUNT=5', 'NEEDS-ACTION'));
  const { href, text } = await copyOf(bob, 'longer');
  await put(bob, href.slice(home(bob).length), text.replace('NEEDS-ACTION:mailto:bob', 'ACCEPTED:mailto:bob'));
  const answers = async () => [
    /PARTSTAT=([A-Z-]+)[^:]*:mailto:bob/.exec(unfolded((await copyOf(anna, 'longer')).text))?.[1],
    /PARTSTAT=([A-Z-]+)[^:]*:mailto:bob/.exec(unfolded((await copyOf(bob, 'longer')).text))?.[1],
  ];
  t.same(await answers(), ['ACCEPTED', 'ACCEPTED']);
  await put(anna, 'calendar/longer.ics', series('FREQ=DAILY;COUNT=3', 'ACCEPTED'));
  t.same(await answers(), ['ACCEPTED', 'ACCEPTED']);
  await put(anna, 'calendar/longer.ics', series('FREQ=DAILY;COUNT=4', 'ACCEPTED'));
  t.same(await answers(), ['NEEDS-ACTION', 'NEEDS-ACTION']);
});

t.test('RFC 6638 §3.2.4.4: an attendee does not take a meeting over under another name', async (t) => {
  await put(anna, 'calendar/taken.ics', calendarText('taken', [meeting()]));
  await takeInbox(bob);
  await takeInbox(anna);
  const copy = await copyOf(bob, 'taken');
  const own = calendarText('taken', [{ lines: [organizer('bob'), attendee('anna'), attendee('bob', 'ACCEPTED')] }]);
  const refused = await put(bob, 'calendar/mine.ics', own);
  t.same([refused.status, refused.condition], [403, ['allowed-attendee-scheduling-object-change']]);
  const twice = await put(bob, 'calendar/mine.ics', copy.text);
  t.same([twice.status, twice.condition?.[0]], [409, 'no-uid-conflict'], 'RFC 4791 §5.3.2.1: nor does it exist twice');
  t.equal((await copyOf(bob, 'taken')).etag, copy.etag);
  t.same(await takeInbox(anna), []);
});

t.test('an occurrence with an alarm of one’s own follows the organizer', async (t) => {
  await put(anna, 'calendar/alarm.ics', calendarText('alarm', [daily('SUMMARY:Plan')]));
  const alarm = ['BEGIN:VALARM', 'ACTION:DISPLAY', 'DESCRIPTION:Mine', 'TRIGGER:-PT5M', 'END:VALARM'];
  const instance: EventLines = {
    start: '20270105T090000Z',
    lines: ['RECURRENCE-ID:20270105T090000Z', ...meeting('SUMMARY:Plan').lines, ...alarm],
  };
  const { href } = await copyOf(bob, 'alarm');
  const own = calendarText('alarm', [daily('SUMMARY:Plan'), instance]);
  t.equal((await put(bob, href.slice(home(bob).length), own)).status, 204);
  await put(anna, 'calendar/alarm.ics', calendarText('alarm', [daily('SUMMARY:New plan')]));
  const copy = unfolded((await copyOf(bob, 'alarm')).text);
  t.equal(copy.match(/SUMMARY:New plan/g)?.length, 2);
  t.match(copy, /RECURRENCE-ID:20270105T090000Z[\s\S]*DESCRIPTION:Mine/);
});
