/** Sharing by invitation, as Apple's clients do it: calendarserver's caldav-sharing and caldav-notifications drafts. */
import t from 'tap';
import { ask, CALENDAR, event, propfindBody, setBody, syncBody, xml } from '../../support/dav.ts';
import { startServer, type TestUser } from '../../support/server.ts';

const CS = 'http://calendarserver.org/ns/';
const XML = { 'content-type': 'application/xml; charset=utf-8' };
const server = await startServer(t);
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
const carol = await server.addUser('carol');
const calendar = '/dav/calendars/alice/calendar/';
await server.request(alice, 'PUT', `${calendar}a.ics`, { headers: CALENDAR, body: event('a') });

const set = (href: string, access: string, summary = 'Team') =>
  `<CS:set><D:href>${href}</D:href><CS:common-name>Bob</CS:common-name><CS:summary>${summary}</CS:summary><CS:${access}/></CS:set>`;
const share = (content: string, path = calendar, user = alice) =>
  ask(server, user, 'POST', path, XML, xml('CS:share', content));
const notifications = async (user: TestUser) => {
  const path = `/dav/calendars/${user.name}/notification/`;
  const listed = await ask(server, user, 'PROPFIND', path, { depth: '1' }, propfindBody('CS:notificationtype'));
  const found = [];
  for (const { href, ok } of listed.responses.slice(1)) {
    const { text } = await server.request(user, 'GET', href);
    found.push({ href, text, type: ok.get('notificationtype')?.elements()[0]?.name });
  }
  return found;
};
const reply = (user: TestUser, uid: string, answer: string, home = `/dav/calendars/${user.name}/`) =>
  ask(
    server,
    user,
    'POST',
    home,
    XML,
    xml(
      'CS:invite-reply',
      `<CS:invite-${answer}/><CS:in-reply-to>${uid}</CS:in-reply-to><CS:summary>Mine</CS:summary>`,
    ),
  );
const uidIn = (text: string) => /<CS:uid>([^<]+)</.exec(text)?.[1] ?? '';
const read = async (user: TestUser, path: string, name: string) =>
  (await ask(server, user, 'PROPFIND', path, { depth: '0' }, propfindBody(name))).responses[0]?.ok.get(
    name.slice(name.indexOf(':') + 1),
  );
const types = async (user: TestUser, path: string) =>
  (await read(user, path, 'D:resourcetype'))?.elements().map(({ name }) => name);
const homeOf = async (user: TestUser) =>
  (
    await ask(server, user, 'PROPFIND', `/dav/calendars/${user.name}/`, { depth: '1' }, propfindBody('D:resourcetype'))
  ).responses.map(({ href }) => href);
const accept = async (user: TestUser) => {
  const [invitation] = await notifications(user);
  const { text } = await reply(user, uidIn(invitation?.text ?? ''), 'accepted');
  return /<D:href>([^<]+)</.exec(text)?.[1] ?? '';
};

t.test('who may share what, with whom', async (t) => {
  t.equal((await share('')).status, 400);
  t.equal((await share('<CS:set><D:href>mailto:bob@example.org</D:href></CS:set>')).status, 400, 'no access named');
  t.equal((await share('<CS:set><CS:read/></CS:set>')).status, 400, 'nobody named');
  t.equal((await share(set('mailto:bob@example.org', 'read'), calendar, bob)).status, 403);
  for (const path of ['inbox/', 'outbox/'])
    t.equal((await share(set('mailto:bob@example.org', 'read'), `/dav/calendars/alice/${path}`)).status, 403);
  const nobody = await share(set('mailto:nobody@example.org', 'read') + set('mailto:alice@example.org', 'read'));
  t.equal(nobody.status, 207);
  t.same(
    nobody.responses.map(({ status }) => status),
    ['HTTP/1.1 403 Forbidden', 'HTTP/1.1 403 Forbidden'],
  );
  t.equal(await read(alice, calendar, 'CS:invite'), undefined, 'nobody was invited');
  t.ok((await read(alice, calendar, 'CS:allowed-sharing-modes'))?.child(CS, 'can-be-shared'));
  t.equal((await ask(server, alice, 'POST', calendar, XML, xml('CS:other', ''))).status >= 400, true);
  t.equal((await reply(bob, 'unknown', 'accepted')).status, 404);
});

t.test('invite, accept, and each one’s own view', async (t) => {
  const before = await read(bob, '/dav/calendars/bob/', 'D:sync-token');
  t.equal((await share(set('mailto:BOB@example.org', 'read'))).status, 200);
  t.same(await types(alice, calendar), ['collection', 'calendar', 'shared-owner']);
  const url = await read(bob, '/dav/principals/bob/', 'CS:notification-URL');
  t.equal(url?.text(), '/dav/calendars/bob/notification/');
  const [invitation] = await notifications(bob);
  t.equal(invitation?.type, 'invite-notification');
  t.match(invitation?.text, /<CS:invite-noresponse\/>/);
  t.match(invitation?.text, /<CS:hosturl><D:href>\/dav\/calendars\/alice\/calendar\/<\/D:href>/);
  t.equal((await server.request(alice, 'GET', invitation?.href ?? '')).status, 403, 'for Bob alone');
  t.equal((await server.request(bob, 'PUT', '/dav/calendars/bob/notification/x.xml', { body: 'x' })).status, 403);
  t.equal((await server.request(bob, 'GET', `${calendar}a.ics`)).status, 403, 'not before it is accepted');
  t.equal((await reply(carol, uidIn(invitation?.text ?? ''), 'accepted')).status, 404, 'nor by somebody else');
  t.equal((await reply(alice, uidIn(invitation?.text ?? ''), 'accepted', '/dav/calendars/bob/')).status, 403);

  const shared = await accept(bob);
  t.match(shared, /^\/dav\/calendars\/bob\/[^/]+\/$/);
  t.ok((await homeOf(bob)).includes(shared));
  t.same(await types(bob, shared), ['collection', 'calendar', 'shared']);
  t.equal((await server.request(bob, 'GET', `${shared}a.ics`)).status, 200);
  t.equal((await server.request(bob, 'PUT', `${shared}b.ics`, { headers: CALENDAR, body: event('b') })).status, 403);
  t.equal((await read(bob, shared, 'CS:shared-url'))?.text(), calendar);
  t.equal((await read(bob, shared, 'D:owner'))?.text(), '/dav/principals/alice/');
  t.same(await notifications(bob), [], 'an answered invitation goes');
  const [told] = await notifications(alice);
  t.equal(told?.type, 'invite-reply');
  t.match(told?.text, /<CS:invite-accepted\/>/);
  const token = before?.text() ?? '';
  const changed = await ask(server, bob, 'REPORT', '/dav/calendars/bob/', {}, syncBody(token, '<D:resourcetype/>'));
  t.ok(
    changed.responses.some(({ href }) => href === shared),
    'the home tells that it came',
  );

  const view =
    '<D:displayname>Own name</D:displayname><A:calendar-color>#00FF00FF</A:calendar-color><A:calendar-order>9</A:calendar-order>';
  const patched = await ask(server, bob, 'PROPPATCH', shared, {}, setBody(view));
  t.equal(patched.responses[0]?.failed.size, 0, 'also of what may only be read');
  t.equal((await read(bob, shared, 'A:calendar-color'))?.text(), '#00FF00FF');
  t.equal(await read(alice, calendar, 'A:calendar-color'), undefined);
  t.not((await read(alice, calendar, 'D:displayname'))?.text(), 'Own name');
  const zone = await ask(
    server,
    bob,
    'PROPPATCH',
    shared,
    {},
    setBody('<C:calendar-timezone-id>Europe/Berlin</C:calendar-timezone-id>'),
  );
  t.ok(zone.responses[0]?.failed.has('calendar-timezone-id'), 'what everybody sees is not theirs');
  const moved = await server.request(bob, 'MOVE', shared, {
    headers: { destination: '/dav/calendars/bob/elsewhere/' },
  });
  t.equal(moved.status, 201);
  t.equal((await server.request(bob, 'GET', '/dav/calendars/bob/elsewhere/a.ics')).status, 200);
  t.equal((await server.request(alice, 'GET', `${calendar}a.ics`)).status, 200);
});

t.test('more and fewer rights, and leaving', async (t) => {
  const shared = '/dav/calendars/bob/elsewhere/';
  await share(set('/dav/principals/bob/', 'read-write'));
  t.equal((await server.request(bob, 'PUT', `${shared}b.ics`, { headers: CALENDAR, body: event('b') })).status, 201);
  t.equal((await server.request(alice, 'GET', `${calendar}b.ics`)).status, 200, 'one calendar');
  const users = (await read(alice, calendar, 'CS:invite'))?.elements(CS, 'user');
  t.equal(users?.length, 1);
  t.ok(users?.[0]?.child(CS, 'access')?.child(CS, 'read-write'));
  t.ok(users?.[0]?.child(CS, 'invite-accepted'));
  t.equal((await server.request(bob, 'DELETE', shared)).status, 204);
  t.equal((await server.request(bob, 'GET', `${shared}a.ics`)).status, 404);
  t.equal((await server.request(bob, 'GET', `${calendar}a.ics`)).status, 403);
  t.equal((await server.request(alice, 'GET', `${calendar}a.ics`)).status, 200, 'the calendar itself stays');
  t.ok((await read(alice, calendar, 'CS:invite'))?.child(CS, 'user')?.child(CS, 'invite-declined'));
});

t.test('decline, withdraw, and delete', async (t) => {
  await share(set('mailto:carol@example.org', 'read'));
  const [first] = await notifications(carol);
  t.equal((await reply(carol, uidIn(first?.text ?? ''), 'declined')).status, 200);
  t.notOk((await homeOf(carol)).some((href) => href.includes('alice')));
  await share(set('mailto:carol@example.org', 'read'));
  t.equal((await notifications(carol)).length, 1, 'who declined may be asked again');
  await share('<CS:remove><D:href>mailto:carol@example.org</D:href></CS:remove>');
  t.same(await notifications(carol), [], 'an invitation can be taken back');
  await share(set('mailto:carol@example.org', 'read'));
  const shared = await accept(carol);
  await share('<CS:remove><D:href>mailto:carol@example.org</D:href></CS:remove>');
  t.equal((await server.request(carol, 'GET', `${shared}a.ics`)).status, 404);
  t.notOk((await homeOf(carol)).includes(shared));

  await ask(server, alice, 'MKCALENDAR', '/dav/calendars/alice/short/');
  await share(set('mailto:carol@example.org', 'read'), '/dav/calendars/alice/short/');
  const gone = await accept(carol);
  t.ok((await homeOf(carol)).includes(gone));
  const before = await ask(server, carol, 'REPORT', '/dav/calendars/carol/', {}, syncBody(''));
  t.equal((await server.request(alice, 'DELETE', '/dav/calendars/alice/short/')).status, 204);
  t.notOk((await homeOf(carol)).includes(gone));
  const after = await ask(server, carol, 'REPORT', '/dav/calendars/carol/', {}, syncBody(before.syncToken ?? ''));
  t.same(
    after.responses.map(({ href, status }) => [href, status]),
    [[gone, 'HTTP/1.1 404 Not Found']],
    'and the home says so',
  );
});

t.test('address books are shared the same way', async (t) => {
  const book = '/dav/addressbooks/alice/addressbook/';
  t.equal((await share(set('mailto:bob@example.org', 'read'), book)).status, 200);
  const invitation = (await notifications(bob)).find(({ text }) => text.includes(book));
  const { text } = await reply(bob, uidIn(invitation?.text ?? ''), 'accepted');
  const shared = /<D:href>([^<]+)</.exec(text)?.[1] ?? '';
  t.match(shared, /^\/dav\/addressbooks\/bob\//);
  t.same(await types(bob, shared), ['collection', 'addressbook', 'shared']);
});
