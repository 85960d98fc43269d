/** RFC 6638 over HTTP: what reaches whom when calendars change. */
import t from 'tap';
import { ask, CALENDAR, propfindBody, setBody } from '../../support/dav.ts';
import { attendee, calendarText, type EventLines, organizer } from '../../support/scheduling.ts';
import { home, schedulingClient } from '../../support/scheduling-client.ts';
import { startServer, type TestUser } from '../../support/server.ts';

const server = await startServer(t);
const anna = await server.addUser('anna');
const bob = await server.addUser('bob');
const carl = await server.addUser('carl');
const { store } = server;

const meeting = (...more: string[]): EventLines => ({
  lines: [organizer('anna'), attendee('anna', 'ACCEPTED'), ...more],
});

const { put, members, copyOf } = schedulingClient(server);

async function emptyInbox(user: TestUser): Promise<number> {
  const hrefs = await members(user, 'inbox');
  for (const href of hrefs) t.equal((await server.request(user, 'DELETE', href)).status, 204);
  return hrefs.length;
}

t.test('RFC 6638 §3.2: an invitation, its answer, a change and its end', async (t) => {
  const invited = await put(
    anna,
    'calendar/1.ics',
    calendarText('one', [meeting(attendee('bob'), attendee('nobody'))]),
  );
  t.equal(invited.status, 201);
  t.equal(invited.headers.etag, undefined, 'what is stored is not what was sent');
  t.match(String(invited.headers['schedule-tag']), /^".+"$/);
  const own = await copyOf(anna, 'one');
  t.match(own.text.replace(/\r\n /g, ''), /SCHEDULE-STATUS=1.2:mailto:bob@/, 'delivered');
  t.match(own.text.replace(/\r\n /g, ''), /SCHEDULE-STATUS=3.7:mailto:nobody@/, 'no such person');

  const copy = await copyOf(bob, 'one');
  t.match(copy.text, /PARTSTAT=NEEDS-ACTION:mailto:bob@/);
  t.notMatch(copy.text, /SCHEDULE-STATUS|METHOD/, 'what is the organizer’s stays at home');
  const [message = ''] = await members(bob, 'inbox');
  t.match((await server.request(bob, 'GET', message)).text, /METHOD:REQUEST/);
  t.equal(await emptyInbox(bob), 1);

  const accepted = await server.request(bob, 'PUT', copy.href, {
    headers: { ...CALENDAR, 'if-schedule-tag-match': copy.tag },
    body: copy.text.replace('NEEDS-ACTION:mailto:bob', 'ACCEPTED:mailto:bob'),
  });
  t.equal(accepted.status, 204);
  t.equal(await emptyInbox(anna), 1, 'the organizer is told');
  const answered = await copyOf(anna, 'one');
  t.match(answered.text.replace(/\r\n /g, ''), /PARTSTAT=ACCEPTED;SCHEDULE-STATUS=2.0:mailto:bob@/);
  t.equal(answered.tag, own.tag, 'RFC 6638 §3.2.10: an answer keeps the Schedule-Tag');
  t.not(answered.etag, own.etag);

  const stale = await put(anna, 'calendar/1.ics', own.text, { 'if-match': own.etag });
  t.equal(stale.status, 412, 'the ETag does not match any more');
  const later = calendarText('one', [meeting(attendee('bob'), attendee('carl'), 'LOCATION:Room')]);
  const renewed = await put(anna, 'calendar/1.ics', later, { 'if-schedule-tag-match': own.tag });
  t.equal(renewed.status, 204, 'the Schedule-Tag does');
  t.match(
    (await copyOf(anna, 'one')).text.replace(/\r\n /g, ''),
    /PARTSTAT=ACCEPTED[^:]*:mailto:bob@/,
    'and the answer is kept',
  );
  t.match((await copyOf(bob, 'one')).text, /LOCATION:Room/);
  t.match((await copyOf(carl, 'one')).text, /LOCATION:Room/);
  t.same([await emptyInbox(bob), await emptyInbox(carl)], [1, 1]);

  t.equal((await server.request(anna, 'DELETE', own.href)).status, 204);
  t.match((await copyOf(bob, 'one')).text, /STATUS:CANCELLED/);
  t.same([await emptyInbox(bob), await emptyInbox(carl), await emptyInbox(anna)], [1, 1, 0]);
  t.equal((await server.request(bob, 'DELETE', (await copyOf(bob, 'one')).href)).status, 204);
  t.equal(await emptyInbox(anna), 0, 'what is cancelled is not declined');
});

t.test('silence: the same twice, unanswered, copied, kept to oneself', async (t) => {
  const text = calendarText('two', [meeting(attendee('bob'))]);
  await put(anna, 'calendar/2.ics', text);
  t.equal(await emptyInbox(bob), 1);
  await put(anna, 'calendar/2.ics', text);
  await put(anna, 'calendar/2.ics', text.replace('DTSTAMP:2026', 'DTSTAMP:2025'));
  t.equal(await emptyInbox(bob), 0, 'nothing new is sent');
  t.equal((await server.request(bob, 'DELETE', (await copyOf(bob, 'two')).href)).status, 204);
  t.equal(await emptyInbox(anna), 0, 'deleting an unanswered invitation answers nothing');
  const copied = await server.request(anna, 'COPY', `${home(anna)}calendar/`, {
    headers: { destination: `${home(anna)}history/` },
  });
  t.equal(copied.status, 201);
  t.equal(await emptyInbox(bob), 0, 'a copy of a calendar invites nobody');
  await server.request(anna, 'DELETE', `${home(anna)}history/`);
  await emptyInbox(bob);

  await put(anna, 'calendar/3.ics', calendarText('three', [meeting(attendee('bob'))]));
  const copy = await copyOf(bob, 'three');
  await server.request(bob, 'PUT', copy.href, {
    headers: CALENDAR,
    body: copy.text.replace('NEEDS-ACTION:mailto:bob', 'ACCEPTED:mailto:bob'),
  });
  t.equal(await emptyInbox(anna), 1);
  await server.request(bob, 'DELETE', copy.href, { headers: { 'schedule-reply': 'F' } });
  t.equal(await emptyInbox(anna), 0, 'RFC 6638 §8.1');
  await emptyInbox(bob);
});

t.test('RFC 6638 §3.2: deleting a calendar cancels what is in it; moving within a home says nothing', async (t) => {
  await ask(server, anna, 'MKCALENDAR', `${home(anna)}work/`);
  await put(anna, 'work/a.ics', calendarText('four', [meeting(attendee('bob'))]));
  await emptyInbox(bob);
  const moved = await server.request(anna, 'MOVE', `${home(anna)}work/a.ics`, {
    headers: { destination: `${home(anna)}work/b.ics` },
  });
  t.equal(moved.status, 201);
  t.equal(await emptyInbox(bob), 0);
  t.equal((await server.request(anna, 'DELETE', `${home(anna)}work/`)).status, 204);
  t.match((await copyOf(bob, 'four')).text, /STATUS:CANCELLED/);
  t.equal(await emptyInbox(bob), 1);
});

t.test('RFC 6638 §3.2.4: what is refused', async (t) => {
  await put(anna, 'calendar/5.ics', calendarText('five', [meeting(attendee('bob'))]));
  const crash = await put(
    carl,
    'calendar/5.ics',
    calendarText('five', [meeting(attendee('bob'), attendee('carl', 'ACCEPTED'))]),
  );
  t.same(
    [crash.status, crash.condition],
    [403, ['allowed-attendee-scheduling-object-change']],
    'nobody joins by knowing a UID',
  );
  const copy = await copyOf(bob, 'five');
  const time = await ask(server, bob, 'PUT', copy.href, CALENDAR, copy.text.replace('T090000Z', 'T100000Z'));
  t.same([time.status, time.condition], [403, ['allowed-attendee-scheduling-object-change']], 'another time');
  const usurped = await ask(server, bob, 'PUT', copy.href, CALENDAR, copy.text.replace('anna@', 'bob@'));
  t.equal(usurped.status, 403, 'another organizer');
  const given = await put(
    anna,
    'calendar/5.ics',
    calendarText('five', [{ lines: [organizer('carl'), attendee('anna')] }]),
  );
  t.same([given.status, given.condition], [403, ['allowed-organizer-scheduling-object-change']]);
  const mixed = await put(
    anna,
    'calendar/6.ics',
    calendarText('six', [
      meeting('RRULE:FREQ=DAILY', attendee('bob')),
      { lines: [organizer('bob'), attendee('anna'), 'RECURRENCE-ID:20270105T090000Z'] },
    ]),
  );
  t.same([mixed.status, mixed.condition], [403, ['same-organizer-in-all-components']]);
  t.equal(
    (await put(anna, 'calendar/7.ics', calendarText('seven', [meeting()], 'REQUEST'))).status,
    403,
    'METHOD in a calendar',
  );
  t.equal((await copyOf(carl, 'five')).text, '', 'and nothing of it was stored');
  await emptyInbox(bob);
});

t.test('a message under the UID of another meeting changes nothing', async (t) => {
  const before = await copyOf(bob, 'five');
  await put(
    carl,
    'calendar/5.ics',
    calendarText('five', [
      { lines: [organizer('carl'), attendee('carl', 'ACCEPTED'), attendee('bob'), 'SUMMARY:Forged'] },
    ]),
  );
  t.equal((await copyOf(bob, 'five')).etag, before.etag);
  t.equal(await emptyInbox(bob), 0);
  t.match(
    (await copyOf(carl, 'five')).text.replace(/\r\n /g, ''),
    /SCHEDULE-STATUS=5.3:mailto:bob/,
    'and its sender is not told that it was delivered',
  );
  const changed = { lines: [organizer('carl'), attendee('carl', 'ACCEPTED'), attendee('bob'), 'SUMMARY:Forged again'] };
  await put(carl, 'calendar/5.ics', calendarText('five', [changed]));
  t.match((await copyOf(carl, 'five')).text.replace(/\r\n /g, ''), /SCHEDULE-STATUS=5.3:mailto:bob/, 'nor later');
  t.equal(await emptyInbox(bob), 0);
});

t.test('an invitation under the UID of an event of one’s own is shown, and the event stays', async (t) => {
  await put(bob, 'calendar/own.ics', calendarText('own', [{ lines: ['SUMMARY:Mine'] }]));
  await put(anna, 'calendar/own.ics', calendarText('own', [meeting(attendee('bob'), 'SUMMARY:Hers')]));
  t.match((await copyOf(bob, 'own')).text, /SUMMARY:Mine/);
  const [message = ''] = await members(bob, 'inbox');
  t.match((await server.request(bob, 'GET', message)).text, /METHOD:REQUEST[\s\S]*SUMMARY:Hers/);
  await emptyInbox(bob);
  await server.request(anna, 'DELETE', `${home(anna)}calendar/own.ics`);
  t.match((await copyOf(bob, 'own')).text, /SUMMARY:Mine/, 'what was never hers stays');
  const [end = ''] = await members(bob, 'inbox');
  t.match((await server.request(bob, 'GET', end)).text, /METHOD:CANCEL/, 'and the invitation is seen to hold no more');
  t.equal(await emptyInbox(bob), 1);
});

t.test('a client that loses the organizer calls nothing off', async (t) => {
  await put(anna, 'calendar/lost.ics', calendarText('lost', [meeting(attendee('bob'))]));
  await emptyInbox(bob);
  const without = calendarText('lost', [{ lines: [attendee('anna', 'ACCEPTED'), attendee('bob')] }]);
  const refused = await put(anna, 'calendar/lost.ics', without);
  t.equal(refused.status, 403);
  t.match(refused.text, /allowed-organizer-scheduling-object-change/);
  const { href } = await copyOf(bob, 'lost');
  const bare = { headers: CALENDAR, body: calendarText('lost', [{ lines: ['X-MINE:1'] }]) };
  t.equal((await server.request(bob, 'PUT', href, bare)).status, 204);
  t.match(
    (await copyOf(bob, 'lost')).text,
    /ORGANIZER:mailto:anna[\s\S]*ATTENDEE[^:]*:mailto:bob[\s\S]*X-MINE:1/,
    'an attendee stays one',
  );
  t.same([await emptyInbox(anna), await emptyInbox(bob)], [0, 0]);
  t.equal(
    (await put(anna, 'calendar/lost.ics', calendarText('lost', [{ lines: [] }]))).status,
    204,
    'nobody is invited',
  );
  t.match((await copyOf(bob, 'lost')).text, /STATUS:CANCELLED/);
  t.equal(await emptyInbox(bob), 1);
});

t.test('RFC 6638 §2, §6, §9: properties', async (t) => {
  const principal = await ask(
    server,
    anna,
    'PROPFIND',
    '/dav/principals/anna/',
    { depth: '0' },
    propfindBody('C:schedule-inbox-URL', 'C:schedule-outbox-URL', 'C:calendar-user-type'),
  );
  t.equal(principal.responses[0]?.ok.get('schedule-inbox-URL')?.child('DAV:', 'href')?.text(), `${home(anna)}inbox/`);
  t.equal(principal.responses[0]?.ok.get('schedule-outbox-URL')?.child('DAV:', 'href')?.text(), `${home(anna)}outbox/`);
  const inbox = await ask(
    server,
    carl,
    'PROPFIND',
    `${home(carl)}inbox/`,
    { depth: '0' },
    propfindBody('C:schedule-default-calendar-URL', 'D:current-user-privilege-set', 'D:resourcetype'),
  );
  t.equal(
    inbox.responses[0]?.ok.get('schedule-default-calendar-URL')?.child('DAV:', 'href')?.text(),
    `${home(carl)}calendar/`,
  );
  t.match(inbox.text, /schedule-deliver-invite/);
  t.match(inbox.text, /<C:schedule-inbox\/>/);
  t.match(String(inbox.headers.dav), /calendar-auto-schedule/);

  await ask(server, carl, 'MKCALENDAR', `${home(carl)}other/`);
  const wrong = await ask(
    server,
    carl,
    'PROPPATCH',
    `${home(carl)}inbox/`,
    {},
    setBody(
      '<C:schedule-default-calendar-URL><D:href>/dav/calendars/anna/calendar/</D:href></C:schedule-default-calendar-URL>',
    ),
  );
  t.match(wrong.text, /valid-schedule-default-calendar-URL/);
  const right = await ask(
    server,
    carl,
    'PROPPATCH',
    `${home(carl)}inbox/`,
    {},
    setBody(`<C:schedule-default-calendar-URL><D:href>${home(carl)}other/</D:href></C:schedule-default-calendar-URL>`),
  );
  t.equal(right.responses[0]?.ok.has('schedule-default-calendar-URL'), true);
  await put(anna, 'calendar/8.ics', calendarText('eight', [meeting(attendee('carl'))]));
  t.equal((await members(carl, 'other')).length, 1, 'invitations go there');
  for (const [from, to] of [
    ['other', 'other place'],
    ['other place', 'other'],
  ] as const) {
    const path = (segment: string) => `${home(carl)}${encodeURIComponent(segment)}/`;
    await server.request(carl, 'MOVE', path(from), { headers: { destination: path(to) } });
    const shown = await ask(
      server,
      carl,
      'PROPFIND',
      `${home(carl)}inbox/`,
      { depth: '0' },
      propfindBody('C:schedule-default-calendar-URL'),
    );
    const href = shown.responses[0]?.ok.get('schedule-default-calendar-URL')?.child('DAV:', 'href')?.text();
    t.equal(href, path(to), 'the choice follows its calendar');
  }
  const scheduled = await ask(
    server,
    anna,
    'PROPFIND',
    `${home(anna)}calendar/8.ics`,
    { depth: '0' },
    propfindBody('C:schedule-tag'),
  );
  t.match(scheduled.responses[0]?.ok.get('schedule-tag')?.text(), /^".+"$/);
});

t.test('who may only write a calendar does not invite in its owner’s name', async (t) => {
  const [calendar] = (await store.collections.home(anna.id, 'calendars')).filter(
    ({ segment }) => segment === 'calendar',
  );
  const grant = { accountId: anna.id, collectionId: calendar?.id ?? 0, granteeId: bob.id, createdAt: 0 };
  await store.transaction((write) => write.grants.add({ ...grant, rights: 'read-write' }));
  const text = calendarText('nine', [meeting(attendee('carl'))]);
  const path = `${home(anna)}calendar/9.ics`;
  t.equal((await ask(server, bob, 'PUT', path, CALENDAR, text)).status, 403);
  t.equal(
    (await ask(server, bob, 'PUT', path, CALENDAR, calendarText('nine', [meeting()]))).status,
    201,
    'what concerns nobody else is kept',
  );
  await store.transaction((write) => write.grants.add({ ...grant, rights: 'send-as' }));
  t.equal((await ask(server, bob, 'PUT', path, CALENDAR, text)).status, 204);
  t.equal((await members(carl, 'other')).length, 2, 'and it is delivered');
});

t.test('five hundred attendees are told later, and the request answers at once', async (t) => {
  const many = Array.from({ length: 500 }, (_, index) => attendee(`guest${index}`));
  const started = performance.now();
  const { status } = await put(anna, 'calendar/many.ics', calendarText('many', [meeting(attendee('bob'), ...many)]));
  const took = performance.now() - started;
  t.equal(status, 201);
  t.ok(took < 1_000, `took ${took.toFixed()} ms`);
  t.match((await copyOf(bob, 'many')).text, /guest499/);
});
