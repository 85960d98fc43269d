/** Managed attachments: RFC 8607 §3.3 to §3.11, §3.12.4; bad inputs 30 (content that a browser would run). */
import t from 'tap';
import { MAX_ATTACHMENTS } from '../../../src/calendar/attachment-check.ts';
import { MAX_ATTACHMENT_OCTETS } from '../../../src/calendar/attachments.ts';
import { MAX_CALENDAR_OBJECT_OCTETS } from '../../../src/calendar/object-writing.ts';
import { icalendar } from '../../support/calendar.ts';
import { CALENDAR } from '../../support/dav.ts';
import { startServer, type TestResponse, type TestUser } from '../../support/server.ts';

let now = Date.UTC(2026, 4, 1);
const server = await startServer(t, { now: () => now });
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
const home = '/dav/calendars/alice/calendar/';

const put = (path: string, body: string, user: TestUser = alice) =>
  server.request(user, 'PUT', path, { headers: CALENDAR, body });
const text = async (path: string, user: TestUser = alice) => (await server.request(user, 'GET', path)).text;
const unfolded = async (path: string) => (await text(path)).replace(/\r\n[ \t]/g, '');
const attachLines = async (path: string) =>
  (await unfolded(path)).split('\r\n').filter((line) => line.startsWith('ATTACH'));

interface Attached extends TestResponse {
  readonly id: string;
  readonly path: string;
}

async function post(
  path: string,
  query: string,
  body: string | Buffer = 'hello',
  headers: Record<string, string> = {},
  user: TestUser = alice,
): Promise<Attached> {
  const answer = await server.request(user, 'POST', `${path}?${query}`, {
    headers: { 'content-type': 'text/plain', 'content-disposition': 'attachment; filename="a b.txt"', ...headers },
    body,
  });
  const location = String(answer.headers.location ?? '');
  return {
    ...answer,
    id: String(answer.headers['cal-managed-id'] ?? ''),
    path: location.replace(/^https?:\/\/[^/]+/, ''),
  };
}

const condition = ({ status, text }: TestResponse) =>
  `${status} ${/<D:error[^>]*><([^/>]+)\/>/.exec(text)?.[1] ?? text.slice(0, 80)}`;

function event(uid: string, ...lines: string[]): string {
  return icalendar(
    'VEVENT',
    `UID:${uid}`,
    'DTSTAMP:20260101T000000Z',
    'DTSTART:20260505T090000Z',
    'DURATION:PT1H',
    ...lines,
  );
}

t.test('an attachment is added, read, replaced and removed', async (t) => {
  const path = `${home}one.ics`;
  await put(path, event('one'));
  const added = await post(path, 'action=attachment-add');
  t.equal(added.status, 201);
  t.equal(added.text, '');
  t.match(added.id, /^[A-Za-z0-9_-]{24}$/);
  t.equal(added.headers.etag, undefined, 'the client does not know what is stored now');
  const [line = ''] = await attachLines(path);
  for (const part of [
    `MANAGED-ID=${added.id}`,
    'FMTTYPE=text/plain',
    'FILENAME=a b.txt',
    'SIZE=5',
    added.headers.location,
  ])
    t.match(line, String(part));

  const got = await server.request(alice, 'GET', added.path);
  t.equal(got.text, 'hello');
  t.equal(got.headers['content-type'], 'text/plain');
  t.match(got.headers['content-disposition'], /^attachment; filename\*=UTF-8''a%20b\.txt$/);
  t.equal(got.headers['x-content-type-options'], 'nosniff');
  t.match(got.headers['content-security-policy'], /sandbox/);
  t.equal(
    (await server.request(alice, 'GET', added.path, { headers: { 'if-none-match': String(got.headers.etag) } })).status,
    304,
  );
  t.equal((await server.request(alice, 'HEAD', added.path)).headers['content-length'], '5');

  const replaced = await post(path, `action=attachment-update&managed-id=${added.id}`, 'other text');
  t.equal(replaced.status, 204);
  t.not(replaced.id, added.id);
  t.equal((await attachLines(path)).length, 1);
  t.equal(condition(await server.request(alice, 'GET', added.path)), '403 D:need-privileges', 'the old one has gone');
  t.equal(await text(replaced.path), 'other text');

  const removed = await post(path, `action=attachment-remove&managed-id=${replaced.id}`, '', {
    prefer: 'return=representation',
  });
  t.equal(removed.status, 200);
  t.equal(removed.headers['cal-managed-id'], undefined);
  t.equal(removed.headers.etag, (await server.request(alice, 'HEAD', path)).headers.etag);
  t.equal(removed.headers['content-location'], path);
  t.notMatch(removed.text, /ATTACH/);
  t.equal((await server.request(alice, 'GET', replaced.path)).status, 403);
});

t.test('only those who may read an object with it may read an attachment', async (t) => {
  const path = `${home}secret.ics`;
  await put(path, event('secret'));
  const { id, path: at, headers } = await post(path, 'action=attachment-add', 'secret');
  t.equal(condition(await server.request(bob, 'GET', at)), '403 D:need-privileges');
  t.equal(
    condition(await server.request(bob, 'GET', at.replace(id, 'x'.repeat(24)))),
    '403 D:need-privileges',
    'nor whether',
  );
  t.equal((await server.request(undefined, 'GET', at)).status, 401);
  t.equal((await server.request(alice, 'PUT', at, { body: 'x' })).status, 403);
  t.equal((await server.request(alice, 'MKCALENDAR', '/dav/calendars/alice/dropbox/')).status, 403);
  // A managed id that somebody learned opens nothing: it is taken away from what they store.
  const stolen = `/dav/calendars/bob/calendar/stolen.ics`;
  const answer = await put(stolen, event('stolen', `ATTACH;MANAGED-ID=${id}:${headers.location}`), bob);
  t.equal(answer.status, 201);
  t.equal(answer.headers.etag, undefined, 'it is not what was sent');
  t.notMatch(await text(stolen, bob), /MANAGED-ID/);
  t.equal((await server.request(bob, 'GET', at)).status, 403);
});

t.test('what a written object says about attachments is set right', async (t) => {
  const [first, second] = [`${home}first.ics`, `${home}second.ics`];
  await put(first, event('first'));
  const { id, path, headers } = await post(first, 'action=attachment-add', 'shared', {
    'content-type': 'text/x-odd; charset=utf-8',
  });
  const [right] = await attachLines(first);
  const cases: [name: string, line: string][] = [
    ['other facts', `ATTACH;MANAGED-ID=${id};FMTTYPE=image/png;SIZE=1;FILENAME=x:http://example.com/x`],
    ['no managed id', `ATTACH:${headers.location}`],
    ['folded within the name', `ATT\r\n ACH;MANA\r\n GED-ID=${id}:http://example.com/x`],
  ];
  for (const [name, line] of cases) {
    const written = await put(second, event('second', line));
    t.equal(written.headers.etag, undefined, name);
    t.same(await attachLines(second), [right], name);
  }
  const exact = await put(second, event('second', String(right)));
  t.match(exact.headers.etag, /^"/, 'what is right already is stored as sent');
  await server.request(alice, 'DELETE', first);
  t.equal(await text(path), 'shared', 'the other object still names it');
  await put(second, event('second'));
  t.equal((await server.request(alice, 'GET', path)).status, 403, 'nobody names it any more');
  const foreign = await put(second, event('second', 'ATTACH;MANAGED-ID=1234:http://example.com/x'));
  t.equal(condition(foreign), '403 C:valid-managed-id');
  t.equal((await put(second, event('second', 'ATTACH:http://example.com/x'))).status, 204);
});

t.test('preconditions', async (t) => {
  const path = `${home}conditions.ics`;
  await put(path, event('conditions'));
  const { id } = await post(path, 'action=attachment-add');
  const cases: [query: string, expected: string][] = [
    ['', '403 C:valid-action'],
    ['action=attachment-burn', '403 C:valid-action'],
    ['action=attachment-add&action=attachment-remove', '403 C:valid-action'],
    [`action=attachment-add&managed-id=${id}`, '403 C:valid-managed-id'],
    ['action=attachment-update', '403 C:valid-managed-id'],
    ['action=attachment-remove&managed-id=none', '403 C:valid-managed-id'],
    [`action=attachment-remove&managed-id=${id}&managed-id=${id}`, '403 C:valid-managed-id'],
    [`action=attachment-update&managed-id=${id}&rid=M`, '403 C:valid-rid'],
    ['action=attachment-add&rid=nonsense', '403 C:valid-rid'],
    ['action=attachment-add&rid=', '403 C:valid-rid'],
    ['action=attachment-add&rid=20990101T000000Z', '403 C:valid-rid'],
  ];
  for (const [query, expected] of cases) t.equal(condition(await post(path, query)), expected, query);
  t.equal((await post(path, 'action=attachment-add', 'x', { 'if-match': '"other"' })).status, 412);
  t.equal((await post(`${home}missing.ics`, 'action=attachment-add')).status, 404);
  t.equal((await post(home, 'action=attachment-add')).status, 405);
  t.equal((await post(path, 'action=attachment-add', 'x', {}, bob)).status, 403);
  const large = await post(path, 'action=attachment-add', Buffer.alloc(MAX_ATTACHMENT_OCTETS + 1));
  t.equal(condition(large), '403 C:max-attachment-size');
  t.equal((await attachLines(path)).length, 1, 'nothing was added by any of them');
});

t.test('RFC 8607 §3.11: what a PUT of the object would be refused for, and then nothing is kept', async (t) => {
  const used = async () => (await server.store.accounts.get(alice.id))!.usedBytes;
  const path = `${home}implicit.ics`;
  const line = `COMMENT:${'x'.repeat(990)}`;
  const room = MAX_CALENDAR_OBJECT_OCTETS - event('implicit').length;
  const full = event('implicit', ...Array.from({ length: Math.floor(room / (line.length + 2)) - 1 }, () => line));
  t.equal(condition(await put(path, full)), '201 ');
  const etag = (await server.request(alice, 'HEAD', path)).headers.etag;
  const before = await used();
  t.equal(condition(await post(path, 'action=attachment-add')), '403 C:max-resource-size');
  const series = event('implicit-series', 'RRULE:FREQ=DAILY');
  const seriesPath = `${home}implicit-series.ics`;
  await put(seriesPath, series);
  const sent = { 'if-schedule-tag-match': '"other"' };
  t.equal((await post(seriesPath, 'action=attachment-add', 'x', sent)).status, 412);
  await server.store.transaction((write) => write.accounts.setQuota(alice.id, before + 500));
  const over = await post(seriesPath, 'action=attachment-add', 'x'.repeat(2_000));
  t.equal(condition(over), '507 D:quota-not-exceeded');
  // The octets fit, and the object that would name them does not.
  t.equal(condition(await post(seriesPath, 'action=attachment-add', 'x'.repeat(400))), '507 D:quota-not-exceeded');
  await server.store.transaction((write) => write.accounts.setQuota(alice.id, null));
  t.equal(await used(), before + series.length, 'nothing that was refused counts');
  t.equal((await server.request(alice, 'HEAD', path)).headers.etag, etag);
  t.equal(await text(seriesPath), series);
  await server.request(alice, 'DELETE', path);
  await server.request(alice, 'DELETE', seriesPath);
});

/** What bob may do with alice's calendar from now on. */
async function share(rights: 'read' | 'read-write' | undefined): Promise<void> {
  const calendar = await server.store.collections.bySegment(alice.id, 'calendars', 'calendar');
  const collectionId = calendar?.id ?? 0;
  await server.store.transaction(async (write) => {
    for (const { id } of await write.grants.on(alice.id, collectionId)) await write.grants.remove(id);
    if (rights === undefined) return;
    await write.grants.add({ accountId: alice.id, collectionId, granteeId: bob.id, createdAt: now, rights });
  });
}

t.test('whoever may only read a calendar attaches nothing to what is in it', async (t) => {
  const path = `${home}read-only.ics`;
  await put(path, event('read-only'));
  const { id, path: at } = await post(path, 'action=attachment-add');
  const before = await text(path);
  await share('read');
  t.equal(await text(at, bob), 'hello', 'who may read the object may read what is attached');
  for (const query of [
    'action=attachment-add',
    `action=attachment-update&managed-id=${id}`,
    `action=attachment-remove&managed-id=${id}`,
  ])
    t.equal(condition(await post(path, query, 'x', {}, bob)), '403 D:need-privileges', query);
  await share('read-write');
  const added = await post(path, 'action=attachment-add', 'of bob', {}, bob);
  t.equal(added.status, 201);
  t.equal(await text(added.path), 'of bob', 'it belongs to the calendar');
  await share(undefined);
  t.equal((await server.request(bob, 'GET', at)).status, 403);
  t.match(before, /MANAGED-ID/);
});

t.test('copies and moves take attachments along, within their account', async (t) => {
  const path = `${home}source.ics`;
  const [copied, moved] = ['/dav/calendars/alice/other/copied.ics', '/dav/calendars/alice/other/moved.ics'];
  await server.request(alice, 'MKCALENDAR', '/dav/calendars/alice/other/');
  await put(path, event('source'));
  const { path: at, id } = await post(path, 'action=attachment-add');
  t.equal((await server.request(alice, 'COPY', path, { headers: { destination: copied } })).status, 201);
  await server.request(alice, 'DELETE', path);
  t.equal(await text(at), 'hello', 'the copy names it');
  t.equal((await server.request(alice, 'MOVE', copied, { headers: { destination: moved } })).status, 201);
  t.equal(await text(at), 'hello');
  t.match(await attachLines(moved), [new RegExp(`MANAGED-ID=${id}`)]);
  t.equal((await post(moved, `action=attachment-remove&managed-id=${id}`)).status, 204);
  t.equal((await server.request(alice, 'GET', at)).status, 403);
  const again = await post(moved, 'action=attachment-add');
  const foreign = '/dav/calendars/bob/calendar/foreign.ics';
  await put(foreign, (await text(moved)).replace('UID:source', 'UID:foreign'), bob);
  t.notMatch(await text(foreign, bob), /MANAGED-ID/, 'nobody takes over what is of another account');
  t.equal((await server.request(bob, 'GET', again.path)).status, 403);
  await server.request(alice, 'DELETE', '/dav/calendars/alice/other/');
  t.equal((await server.request(alice, 'GET', again.path)).status, 403, 'gone with its calendar');
});

t.test('large ones are stored in pieces', async (t) => {
  const path = `${home}large.ics`;
  await put(path, event('large'));
  const octets = Buffer.alloc(MAX_ATTACHMENT_OCTETS, 'abcdefgh');
  const { status, path: at } = await post(path, 'action=attachment-add', octets);
  t.equal(status, 201);
  const got = await server.request(alice, 'GET', at);
  t.ok(got.text === octets.toString());
});

t.test('too many', async (t) => {
  const path = `${home}many.ics`;
  await put(path, event('many'));
  for (let i = 0; i < MAX_ATTACHMENTS; i++) await post(path, 'action=attachment-add', String(i));
  t.equal(condition(await post(path, 'action=attachment-add')), '403 C:max-attachments-per-resource');
});

t.test('one instance of a series', async (t) => {
  const path = `${home}series.ics`;
  const zoned = [
    'DTSTART;TZID=Europe/Zurich:20260505T090000',
    'DTEND;TZID=Europe/Zurich:20260505T100000',
    'RRULE:FREQ=DAILY;COUNT=5',
  ];
  await put(path, icalendar('VEVENT', 'UID:series', 'DTSTAMP:20260101T000000Z', ...zoned, 'SUMMARY:Daily'));
  const added = await post(path, 'action=attachment-add&rid=20260507T070000Z', 'x', {
    prefer: 'return=representation',
  });
  t.equal(added.status, 201);
  const components = added.text.replace(/\r\n /g, '').split('BEGIN:VEVENT').slice(1);
  t.equal(components.length, 2);
  t.notMatch(components[0], /ATTACH/);
  t.match(components[1], /RECURRENCE-ID;TZID=Europe\/Zurich:20260507T090000/);
  t.match(components[1], /DTEND;TZID=Europe\/Zurich:20260507T100000/);
  t.match(components[1], /SUMMARY:Daily/);
  t.match(components[1], new RegExp(`ATTACH.*${added.id}`));
  t.notMatch(components[1], /RRULE/);
  const everywhere = await post(path, 'action=attachment-add', 'y', { prefer: 'return=representation' });
  t.equal(everywhere.text.replace(/\r\n /g, '').split(everywhere.id).length - 1, 4, 'id and URI, in both components');
  const main = await post(path, `action=attachment-remove&rid=M&managed-id=${everywhere.id}`, '', {
    prefer: 'return=representation',
  });
  t.equal(main.text.replace(/\r\n /g, '').split(everywhere.id).length - 1, 2);
  const local = await post(path, 'action=attachment-add&rid=20260508T090000', 'z');
  t.equal(local.status, 201, 'a rid as its RECURRENCE-ID is written');
  t.equal((await server.request(alice, 'GET', local.path)).text, 'z');
});

t.test('attendees leave the attachments of a meeting to its organizer', async (t) => {
  const path = '/dav/calendars/bob/calendar/meeting.ics';
  const people = [
    'ORGANIZER:mailto:alice@example.org',
    'ATTENDEE:mailto:alice@example.org',
    'ATTENDEE:mailto:bob@example.org',
  ];
  await put(path, event('meeting', ...people), bob);
  t.equal(condition(await post(path, 'action=attachment-add', 'x', {}, bob)), '403 C:valid-attachment-add');
});

t.test('a scripted page is handed over as a file', async (t) => {
  const path = `${home}page.ics`;
  await put(path, event('page'));
  const { path: at } = await post(path, 'action=attachment-add', '<script>alert(1)</script>', {
    'content-type': 'text/html',
    'content-disposition': `attachment; filename="x.html"; filename*=UTF-8''..%2F..%2Fm%C3%BCnster%0d%0a.html`,
  });
  const got = await server.request(alice, 'GET', at);
  t.equal(got.headers['content-disposition'], "attachment; filename*=UTF-8''m%C3%BCnster.html");
  t.match(got.headers['content-security-policy'], /default-src 'none'.*sandbox/);
});

t.test('quota, and what nobody came to name', async (t) => {
  const account = async () => server.store.accounts.get(alice.id);
  const path = `${home}quota.ics`;
  await put(path, event('quota'));
  const before = (await account())!.usedBytes;
  await post(path, 'action=attachment-add', 'x'.repeat(1000));
  const grown = (await account())!.usedBytes - before;
  t.ok(grown >= 1000 && grown < 2000, 'the attachment counts');
  await server.request(alice, 'DELETE', path);
  t.ok((await account())!.usedBytes <= before, 'and is given back');
  const hash = Buffer.alloc(32, 7);
  await server.store.transaction(async (write) => {
    const blobId = await write.blobs.put(alice.id, hash, Buffer.from('left'), now);
    await write.attachments.add({
      accountId: alice.id,
      managedId: 'left',
      blobId,
      uri: 'http://x',
      mediaType: 'text/plain',
      fileName: 'x',
      size: 4,
      createdAt: now,
    });
  });
  now += 25 * 3_600_000;
  t.equal(await server.store.transaction((write) => write.attachments.collect(now - 24 * 3_600_000, 10)), 1);
  t.equal((await server.store.transaction((write) => write.blobs.collect(now, 1000))) > 0, true);
  t.equal(await server.store.blobs.find(alice.id, hash), undefined);
});
