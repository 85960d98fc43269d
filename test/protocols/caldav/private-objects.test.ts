/** What others see of private objects in a calendar that is shared with them: RFC 5545 §3.8.1.3. */
import t from 'tap';
import { ask, CALENDAR, syncBody, xml } from '../../support/dav.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
const calendar = '/dav/calendars/alice/calendar/';
const bound = await server.store.collections.bySegment(alice.id, 'calendars', 'calendar');
await server.store.transaction((write) =>
  write.grants.add({
    accountId: alice.id,
    collectionId: bound?.id ?? 0,
    granteeId: bob.id,
    createdAt: 1,
    rights: 'read-write',
  }),
);

const TIME = ['DTSTAMP:20260101T000000Z', 'DTSTART:20260105T090000Z', 'DTEND:20260105T100000Z'];
const component = (uid: string, ...lines: string[]) =>
  ['BEGIN:VEVENT', `UID:${uid}`, ...TIME, ...lines, 'END:VEVENT'].join('\r\n');
const object = (...components: string[]) =>
  `${['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//x//EN', ...components, 'END:VCALENDAR'].join('\r\n')}\r\n`;
const SECRET = ['SUMMARY:Surgery', 'DESCRIPTION:Surgery', 'LOCATION:Surgery', 'ATTENDEE:mailto:surgery@example.org'];
const ALARM = 'BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Surgery\r\nTRIGGER:-PT5M\r\nEND:VALARM';
const put = (user: typeof alice, name: string, body: string) =>
  server.request(user, 'PUT', calendar + name, { headers: CALENDAR, body });

const HIDDEN = {
  'private.ics': object(component('private', 'CLASS:PRIVATE', ...SECRET, ALARM)),
  'confidential.ics': object(component('confidential', 'class;X-A=b:confidential', ...SECRET)),
  'unknown.ics': object(component('unknown', 'CLASS:X-FAMILY', ...SECRET)),
  'folded.ics': object(component('folded', 'CLA\r\n SS:PRI\r\n VATE', ...SECRET)),
  // The series is private, its exception does not repeat that.
  'series.ics': object(
    component('series', 'CLASS:PRIVATE', 'RRULE:FREQ=WEEKLY;COUNT=3', ...SECRET),
    component('series', 'RECURRENCE-ID:20260112T090000Z', ...SECRET),
  ),
};
for (const [name, body] of Object.entries(HIDDEN)) await put(alice, name, body);
await put(alice, 'public.ics', object(component('public', 'CLASS:PUBLIC', 'SUMMARY:Lunch')));

const data = '<D:prop><D:getetag/><C:calendar-data/></D:prop>';
const inEvents = (inner: string) =>
  `<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">${inner}</C:comp-filter></C:comp-filter></C:filter>`;
const report = (body: string, path = calendar) => ask(server, bob, 'REPORT', path, { depth: '1' }, body);

t.test('others see when, by whatever way they ask', async (t) => {
  const hrefs = Object.keys(HIDDEN).map((name) => calendar + name);
  const expand = '<C:expand start="20260101T000000Z" end="20270101T000000Z"/>';
  const january = '<C:time-range start="20260101T000000Z" end="20270101T000000Z"/>';
  const answers = {
    multiget: xml('C:calendar-multiget', data + hrefs.map((href) => `<D:href>${href}</D:href>`).join('')),
    query: xml('C:calendar-query', data + inEvents('')),
    range: xml('C:calendar-query', data + inEvents(january)),
    expanded: xml(
      'C:calendar-query',
      `<D:prop><C:calendar-data>${expand}</C:calendar-data></D:prop>${inEvents(january)}`,
    ),
    judged: xml('C:calendar-query', data + inEvents('<C:prop-filter name="DTSTART"/>')),
    sync: syncBody('', '<C:calendar-data/>'),
  };
  for (const [name, body] of Object.entries(answers)) {
    const { status, text } = await report(body);
    t.equal(status, 207, name);
    t.notMatch(text, /surgery/i, name);
    t.match(text, 'SUMMARY:Busy', name);
    t.match(text, '20260105T090000Z', name);
  }
  for (const accept of ['text/calendar', 'application/calendar+json']) {
    for (const href of [...hrefs, calendar]) {
      const got = await server.request(bob, 'GET', href, { headers: { accept } });
      t.equal(got.status, 200, href);
      t.notMatch(got.text, /surgery/i, href);
    }
  }
  for (const href of hrefs) {
    const { text } = await report(xml('C:calendar-query', data + inEvents('')), href);
    t.notMatch(text, /surgery/i);
  }
  t.match((await server.request(bob, 'GET', `${calendar}public.ics`)).text, 'SUMMARY:Lunch');
});

t.test('a filter does not tell what is not shown', async (t) => {
  const text = '<C:text-match>surgery</C:text-match>';
  for (const inner of [
    `<C:prop-filter name="SUMMARY">${text}</C:prop-filter>`,
    `<C:prop-filter name="ATTENDEE">${text}</C:prop-filter>`,
    '<C:prop-filter name="LOCATION"/>',
    '<C:comp-filter name="VALARM"/>',
  ]) {
    const body = xml('C:calendar-query', data + inEvents(inner));
    t.equal((await report(body)).responses.length, 0, inner);
    const all = await ask(server, alice, 'REPORT', calendar, { depth: '1' }, body);
    t.ok(all.responses.length > 0, 'the owner finds them');
  }
});

t.test('and what is not shown is not written over, moved or copied', async (t) => {
  const path = `${calendar}private.ics`;
  const own = '/dav/calendars/bob/calendar/mine.ics';
  t.equal((await put(bob, 'private.ics', object(component('private', 'SUMMARY:Mine')))).status, 403);
  t.equal((await server.request(bob, 'DELETE', path)).status, 403);
  for (const method of ['COPY', 'MOVE']) {
    t.equal((await server.request(bob, method, path, { headers: { destination: own } })).status, 403, method);
  }
  const attachment = await server.request(bob, 'POST', `${path}?action=attachment-add`, {
    headers: { 'content-type': 'text/plain', prefer: 'return=representation' },
    body: 'x',
  });
  t.equal(attachment.status, 403);
  const failed = await server.request(bob, 'PUT', path, {
    headers: { ...CALENDAR, 'if-match': '"other"', prefer: 'return=representation' },
    body: object(component('private', 'SUMMARY:Mine')),
  });
  t.notMatch(failed.text, /surgery/i);
  t.equal((await server.request(alice, 'GET', path)).text, HIDDEN['private.ics'], 'the owner has it as it was');
  t.equal((await put(bob, 'public.ics', object(component('public', 'SUMMARY:Late lunch')))).status, 204);
});
