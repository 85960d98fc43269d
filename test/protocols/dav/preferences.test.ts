/** What clients prefer, and POST to make a member: RFC 7240, RFC 8144, RFC 5995. */
import t from 'tap';
import { ask, CALENDAR, event, propfindBody } from '../../support/dav.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
const calendar = '/dav/calendars/alice/calendar/';
const book = '/dav/addressbooks/alice/addressbook/';
const REPRESENTATION = { prefer: 'return=representation' };
const VCARD = { 'content-type': 'text/vcard; charset=utf-8' };
const card = (uid: string) => `BEGIN:VCARD\r\nVERSION:3.0\r\nUID:${uid}\r\nFN:A\r\nN:A;;;;\r\nEND:VCARD\r\n`;
const send = (method: string, path: string, body: string, headers: Record<string, string> = {}, user = alice) =>
  server.request(user, method, path, { headers: { ...CALENDAR, ...headers }, body });

t.test('RFC 8144 §3.1: a PUT answers with what it made', async (t) => {
  const path = `${calendar}a.ics`;
  const created = await send('PUT', path, event('a'), REPRESENTATION);
  t.equal(created.status, 201);
  t.equal(created.text, event('a'));
  t.match(created.headers, {
    'content-location': path,
    'content-type': /^text\/calendar/,
    'preference-applied': 'return=representation',
    etag: /^"/,
  });
  const changed = await send('PUT', path, event('a', 'Other'), { prefer: 'respond-async, return="representation"' });
  t.equal(changed.status, 200);
  t.equal(changed.text, event('a', 'Other'));
  t.equal(changed.headers.etag, (await server.request(alice, 'HEAD', path)).headers.etag);
  const plain = await send('PUT', path, event('a'), { prefer: 'x-foo' });
  t.equal(plain.status, 204);
  t.equal(plain.headers['content-location'], undefined);
});

t.test('in the form that is accepted, or else in the one that was sent', async (t) => {
  const path = `${calendar}j.ics`;
  await send('PUT', path, event('j'));
  const json = { ...REPRESENTATION, accept: 'application/calendar+json' };
  const answered = await send('PUT', path, event('j'), json);
  t.match(answered.headers['content-type'], /^application\/calendar\+json/);
  t.equal(JSON.parse(answered.text)[0], 'vcalendar');
  const jcal = { ...REPRESENTATION, 'content-type': 'application/calendar+json' };
  t.equal(JSON.parse((await send('PUT', path, answered.text, jcal)).text)[0], 'vcalendar');
  const back = await send('PUT', path, answered.text, { ...jcal, accept: 'text/calendar' });
  t.match(back.text, /^BEGIN:VCALENDAR/);
});

t.test('RFC 8144 §3.2: a condition that fails is answered with what is there', async (t) => {
  const path = `${calendar}a.ics`;
  const failed = await send('PUT', path, event('a', 'Mine'), { ...REPRESENTATION, 'if-match': '"other"' });
  t.equal(failed.status, 412);
  t.equal(failed.text, event('a'));
  t.equal(failed.headers['content-location'], path);
  t.equal(failed.headers.etag, (await server.request(alice, 'HEAD', path)).headers.etag);
  const exists = await send('PUT', path, event('a', 'Mine'), { ...REPRESENTATION, 'if-none-match': '*' });
  t.equal(exists.status, 412);
  t.equal(exists.text, event('a'));
  const none = await send('PUT', `${calendar}none.ics`, event('none'), { ...REPRESENTATION, 'if-match': '*' });
  t.equal(none.status, 412);
  t.notMatch(none.text, /VCALENDAR/);
});

t.test('RFC 8144 §4: depth-noroot', async (t) => {
  const body = propfindBody('D:getetag');
  const hrefs = async (depth: string, prefer: string) => {
    const answer = await ask(server, alice, 'PROPFIND', calendar, { depth, prefer }, body);
    return { hrefs: answer.responses.map(({ href }) => href), applied: answer.headers['preference-applied'] };
  };
  const without = await hrefs('1', 'depth-noroot');
  t.notOk(without.hrefs.includes(calendar));
  t.equal(without.hrefs.length, 2);
  t.equal(without.applied, 'depth-noroot');
  t.equal((await hrefs('1', 'return=minimal, depth-noroot')).applied, 'return=minimal, depth-noroot');
  t.strictSame((await hrefs('0', 'depth-noroot')).hrefs, [calendar], 'it is all there is');
});

t.test('RFC 5995: POST makes a member and tells its address', async (t) => {
  const property = async (path: string) =>
    (await ask(server, alice, 'PROPFIND', path, { depth: '0' }, propfindBody('D:add-member'))).responses[0];
  t.equal((await property(calendar))?.ok.get('add-member')?.text(), `${calendar};add-member`);
  t.equal((await property(book))?.ok.get('add-member')?.text(), `${book};add-member`);
  for (const path of ['/dav/calendars/alice/', '/dav/calendars/alice/inbox/', '/dav/calendars/alice/outbox/']) {
    t.ok((await property(path))?.failed.has('add-member'), path);
  }
  const made = await send('POST', `${calendar};add-member`, event('posted'));
  t.equal(made.status, 201);
  t.equal(made.text, '');
  t.match(made.headers.location, new RegExp(`^${calendar}[0-9a-f-]{36}\\.ics$`));
  t.equal((await server.request(alice, 'GET', String(made.headers.location))).text, event('posted'));
  const shown = await send('POST', `${calendar}%3Badd-member`, event('shown'), REPRESENTATION);
  t.equal(shown.status, 201);
  t.equal(shown.text, event('shown'));
  t.equal(shown.headers['content-location'], shown.headers.location);
  const inBook = await send('POST', `${book};add-member`, card('c'), VCARD);
  t.match(inBook.headers.location, /\.vcf$/);
  t.equal((await send('POST', `${book};add-member`, card('c'), VCARD)).status, 403, 'the UID is taken');
});

t.test('what POST refuses, and what it leaves in place', async (t) => {
  const before = await ask(server, alice, 'PROPFIND', calendar, { depth: '1' }, propfindBody('D:getetag'));
  t.equal((await send('POST', `${calendar};add-member`, 'nonsense')).status, 403);
  t.equal((await send('POST', `${calendar};add-member`, event('b'), {}, bob)).status, 403);
  t.equal((await send('POST', '/dav/calendars/alice/outbox/;add-member', event('b'))).status, 404);
  t.equal((await send('PUT', `${calendar};add-member`, event('b'))).status, 403, 'no member has this name');
  t.equal((await server.request(alice, 'GET', `${calendar};add-member`)).status, 404);
  const after = await ask(server, alice, 'PROPFIND', calendar, { depth: '1' }, propfindBody('D:getetag'));
  t.equal(after.responses.length, before.responses.length);
});
