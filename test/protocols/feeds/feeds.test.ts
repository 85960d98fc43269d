/** Published calendars as fetchers meet them: bodies, validators, levels, private events, ends. RFC 9110 §13, RFC 5546 §3.2.1 */
import { setTimeout as pause } from 'node:timers/promises';
import ICAL from 'ical.js';
import t from 'tap';
import { type ServerOverrides, startServer, type TestServer, type TestUser } from '../../support/server.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-26T12:00:00Z');

function event(uid: string, lines: string): string {
  return `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//T//T//EN\r\n${lines}\r\nEND:VCALENDAR\r\n`.replaceAll(
    'UID:',
    `UID:${uid}`,
  );
}

async function put(server: TestServer, user: TestUser, name: string, lines: string): Promise<void> {
  const body = event(name, lines.trim().replaceAll('\n', '\r\n'));
  const { status, text } = await server.request(user, 'PUT', `/dav/calendars/${user.name}/calendar/${name}.ics`, {
    headers: { 'Content-Type': 'text/calendar' },
    body,
  });
  if (status !== 201) throw new Error(`${name}: ${status} ${text}`);
}

const MEETING = `BEGIN:VEVENT
UID:
DTSTAMP:20261101T000000Z
DTSTART;TZID=Europe/Paris:20261127T100000
DTEND;TZID=Europe/Paris:20261127T110000
SUMMARY:Quarterly numbers
LOCATION:Room 4
DESCRIPTION:The secret plan
ATTENDEE:mailto:bob@example.net
CONFERENCE;VALUE=URI;FEATURE=PHONE,MODERATOR:tel:+1-412-555-0123
X-OWN:kept
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-PT5M
DESCRIPTION:wake
END:VALARM
END:VEVENT`;

async function started(t: Parameters<typeof startServer>[0], overrides: ServerOverrides = {}) {
  let now = NOW;
  const server = await startServer(t, { now: () => now, ...overrides });
  const anna = await server.addUser('anna');
  const owner = await server.app.principals.find('anna');
  const publish = async (level: 'full' | 'titles-hidden' | 'busy', more = {}) =>
    server.app.feeds.create(owner, { calendar: 'calendar', level, ...more });
  return { server, anna, owner, publish, pass: (ms: number) => (now += ms) };
}

t.test('the whole calendar, as Outlook, Google and Thunderbird want it', async (t) => {
  const { server, anna, publish } = await started(t);
  await put(server, anna, 'meeting', MEETING);
  await put(
    server,
    anna,
    'days',
    'BEGIN:VEVENT\nUID:\nDTSTART;VALUE=DATE:20261224\nSUMMARY:Closed\nRRULE:FREQ=YEARLY\nEND:VEVENT',
  );
  await put(
    server,
    anna,
    'windows',
    'BEGIN:VEVENT\nUID:\nDTSTAMP:20261101T000000Z\nDTSTART;TZID=W. Europe Standard Time:20261128T090000\nDURATION:PT1H\nSUMMARY:Old name\nEND:VEVENT',
  );
  const { path } = await publish('full');
  t.match(path, /^\/feeds\/[A-Za-z0-9_-]{22}\/calendar\.ics$/, '128 random bits, and .ics at the end');
  const { status, headers, text } = await server.request(undefined, 'GET', path, {
    headers: { 'Accept-Encoding': 'gzip' },
  });
  t.equal(status, 200);
  t.match(headers, {
    'content-type': 'text/calendar; charset=utf-8',
    etag: /^"[^"]+"$/,
    'cache-control': /^private, max-age=\d+$/,
    'x-robots-tag': 'noindex',
    'x-content-type-options': 'nosniff',
  });
  t.notOk('content-encoding' in headers, 'never compressed');
  for (const line of [
    'METHOD:PUBLISH',
    'VERSION:2.0',
    'CALSCALE:GREGORIAN',
    'NAME:Calendar',
    'X-WR-CALNAME:Calendar',
    'REFRESH-INTERVAL;VALUE=DURATION:PT1H',
    'X-PUBLISHED-TTL:PT1H',
  ])
    t.ok(text.includes(`\r\n${line}\r\n`), line);
  t.match(text, 'X-OWN:kept');
  t.notMatch(text, /ATTENDEE|VALARM/, 'RFC 5546 §3.2.1; and no alarms of others');
  t.notMatch(text, 'MODERATOR', 'RFC 7986 §7');
  const calendar = new ICAL.Component(ICAL.parse(text));
  t.equal(text.match(/BEGIN:VCALENDAR/g)?.length, 1);
  const zones = calendar.getAllSubcomponents('vtimezone').map((zone) => zone.getFirstPropertyValue('tzid'));
  t.same(zones.sort(), ['Europe/Berlin', 'Europe/Paris'], 'one for each zone, Windows names as IANA names');
  t.notMatch(text, /TZOFFSET(?:FROM|TO):[+-]\d{6}/, 'no seconds in offsets');
  t.notMatch(text, /DTSTART:1[0-8]|DTSTART:19[0-6]/, 'no rules before 1970');
  for (const one of calendar.getAllSubcomponents('vevent')) {
    for (const property of ['uid', 'dtstamp', 'sequence', 'dtstart', 'summary'])
      t.ok(one.hasProperty(property), property);
    t.ok(one.hasProperty('dtend') || one.hasProperty('duration'), 'an end');
  }
});

t.test('validators: 304, HEAD, and Last-Modified that tells the last change', async (t) => {
  const { server, anna, publish, pass } = await started(t);
  await put(server, anna, 'meeting', MEETING);
  pass(3 * 60_000);
  const { path } = await publish('full');
  const first = await server.request(undefined, 'GET', path);
  t.equal(first.headers['last-modified'], new Date(NOW).toUTCString());
  pass(60_000);
  const head = await server.request(undefined, 'HEAD', path);
  t.equal(head.status, 200);
  t.equal(head.text, '');
  for (const name of ['etag', 'last-modified', 'content-type', 'cache-control'])
    t.equal(head.headers[name], first.headers[name], name);
  const etag = first.headers.etag ?? '';
  for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const same = await server.request(undefined, 'GET', path, { headers: { 'If-None-Match': tag } });
    t.equal(same.status, 304, tag);
    t.equal(same.headers.etag, etag);
  }
  const since = { 'If-Modified-Since': first.headers['last-modified'] ?? '' };
  t.equal((await server.request(undefined, 'GET', path, { headers: since })).status, 304);
  pass(60_000);
  await put(server, anna, 'second', MEETING);
  const changed = await server.request(undefined, 'GET', path, { headers: { 'If-None-Match': etag, ...since } });
  t.equal(changed.status, 200);
  t.not(changed.headers.etag, etag);
  t.equal(changed.headers['last-modified'], new Date(NOW + 5 * 60_000).toUTCString());
  const again = await server.request(undefined, 'GET', path);
  t.equal(again.text, changed.text, 'the same tag is the same octets');
  pass(60_000);
  await server.request(anna, 'DELETE', '/dav/calendars/anna/calendar/second.ics');
  pass(60_000);
  const less = await server.request(undefined, 'GET', path, {
    headers: { 'If-None-Match': changed.headers.etag ?? '' },
  });
  t.equal(less.status, 200, 'a deletion is a change');
  t.notMatch(less.text, 'UID:second');
});

t.test('levels and private events', async (t) => {
  const { server, anna, publish } = await started(t);
  await put(server, anna, 'open', MEETING);
  await put(server, anna, 'private', MEETING.replace('SUMMARY', 'CLASS:PRIVATE\nSUMMARY'));
  await put(server, anna, 'confidential', MEETING.replace('SUMMARY', 'CLASS:CONFIDENTIAL\nSUMMARY'));
  await put(
    server,
    anna,
    'series',
    `BEGIN:VEVENT
UID:
DTSTART:20261201T100000Z
DTEND:20261201T110000Z
RRULE:FREQ=DAILY;COUNT=3
SUMMARY:Standup
END:VEVENT
BEGIN:VEVENT
UID:
RECURRENCE-ID:20261202T100000Z
DTSTART:20261202T120000Z
DTEND:20261202T130000Z
CLASS:PRIVATE
SUMMARY:Doctor
END:VEVENT`,
  );
  const get = async (level: 'full' | 'titles-hidden' | 'busy') =>
    (await server.request(undefined, 'GET', (await publish(level)).path)).text;
  const full = await get('full');
  t.match(full, 'UID:open');
  t.match(full, 'UID:confidential');
  t.notMatch(full, 'UID:private', 'private events are left out');
  t.notMatch(full, 'Doctor', 'a private occurrence of a public series is not told');
  t.match(full, 'DTSTART:20261202T120000Z', 'but its time is');
  t.equal(full.match(/SUMMARY:Quarterly numbers/g)?.length, 1);
  t.equal(full.match(/SUMMARY:Busy/g)?.length, 2);
  const hidden = await get('titles-hidden');
  t.notMatch(hidden, /Quarterly|Room 4|secret plan|Standup|Doctor|UID:open|X-OWN/);
  t.match(hidden, 'RRULE:FREQ=DAILY;COUNT=3');
  const busy = await get('busy');
  t.notMatch(busy, /Quarterly|Room 4|Standup|Doctor|RRULE|UID:open/);
  t.match(busy, 'DTSTART:20261127T090000Z\r\nDTEND:20261127T100000Z');
  t.match(busy, 'DTSTART:20261202T120000Z\r\nDTEND:20261202T130000Z');
  t.doesNotThrow(() => [full, hidden, busy].map((text) => ICAL.parse(text)));
});

t.test('ends: revoked, rotated, expired, removed are gone; guessed and foreign ones were never there', async (t) => {
  const { server, anna, owner, publish, pass } = await started(t);
  const revoked = await publish('full');
  const rotated = await publish('full');
  const expiring = await publish('full', { expiresAt: NOW + DAY });
  const status = async (path: string) => (await server.request(undefined, 'GET', path)).status;
  for (const { path } of [revoked, rotated, expiring]) t.equal(await status(path), 200);
  await server.app.feeds.revoke(owner, revoked.id);
  const fresh = await server.app.feeds.rotate(owner, rotated.id);
  pass(DAY);
  for (const { path } of [revoked, rotated, expiring]) {
    const gone = await server.request(undefined, 'GET', path);
    t.equal(gone.status, 410);
    t.equal(gone.headers['cache-control'], 'no-store');
  }
  t.equal(await status(fresh.path), 200);
  for (const path of ['/feeds/AAAAAAAAAAAAAAAAAAAAAA/calendar.ics', '/feeds/x/y.ics', `${fresh.path}x`])
    t.equal(await status(path), 404, path);
  const bob = await server.app.principals.add({ address: 'bob@example.org', password: 'x' });
  await t.rejects(server.app.feeds.rotate(bob, fresh.id), { code: 'not-found' });
  await t.rejects(server.app.feeds.create(bob, { calendar: 'nothing', level: 'full' }), { code: 'not-found' });
  t.equal((await server.request(anna, 'DELETE', '/dav/calendars/anna/calendar/')).status, 204);
  t.equal(await status(fresh.path), 410, 'a deleted calendar');
});

/** Notes follow the answers. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(5);
}

t.test('the log of fetches, and no secret in the database or the log', async (t) => {
  const { server, owner, publish } = await started(t);
  const link = await publish('busy');
  for (const client of ['Google-Calendar-Importer', 'Microsoft.Exchange'])
    await server.request(undefined, 'GET', link.path, { headers: { 'User-Agent': client } });
  await until(async () => (await server.app.feeds.fetches(owner, link.id)).length === 2);
  const fetches = await server.app.feeds.fetches(owner, link.id);
  t.match(fetches, [
    { client: 'Microsoft.Exchange', status: 200, peer: '127.0.0.1' },
    { client: 'Google-Calendar-Importer', status: 200 },
  ]);
  t.match(await server.app.feeds.list(owner), [{ fetches: 2, state: 'open' }]);
  await server.app.feeds.revoke(owner, link.id);
  await server.request(undefined, 'GET', link.path);
  await until(async () => (await server.app.feeds.fetches(owner, link.id)).length === 3);
  t.match(await server.app.feeds.fetches(owner, link.id), [{ status: 410 }, { status: 200 }, { status: 200 }]);
  t.match(await server.app.feeds.list(owner), [{ fetches: 2, state: 'revoked' }], 'only what was answered counts');
});

t.test('a large calendar is streamed', async (t) => {
  const { server, anna, publish } = await started(t);
  const filler = `DESCRIPTION:${'x'.repeat(2_000)}`;
  for (let from = 0; from < 600; from += 50)
    await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        put(server, anna, `e${from + i}`, MEETING.replace('DESCRIPTION:The secret plan', filler)),
      ),
    );
  const { headers, text } = await server.request(undefined, 'GET', (await publish('full')).path);
  t.notOk('content-length' in headers);
  t.equal(text.match(/BEGIN:VEVENT/g)?.length, 600);
  t.match(text, /END:VCALENDAR\r\n$/);
  t.equal(text.match(/BEGIN:VTIMEZONE/g)?.length, 1);
});
