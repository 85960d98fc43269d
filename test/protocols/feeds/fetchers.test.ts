/**
 * Published calendars as the servers of Google and Microsoft fetch them for people, octet for octet as far as their habits are known:
 * no Accept, no cookie, no log-in, an offer of gzip that is not taken up, HEAD before GET, validators of the last time, and an old
 * link again and again after its end. RFC 9110 §8.4, §9.3.2, §13; RFC 5545 §3.6.5, RFC 7986 §5.
 */
import ICAL from 'ical.js';
import t from 'tap';
import { exchange } from '../../support/raw-http.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t);
const anna = await server.addUser('anna');
const calendar = '/dav/calendars/anna/calendar/';
const port = server.app.addresses.http?.port ?? 0;

async function put(name: string, lines: string): Promise<void> {
  const body = `BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//T//T//EN\n${lines}\nEND:VCALENDAR\n`.replaceAll('\n', '\r\n');
  const headers = { 'Content-Type': 'text/calendar' };
  const { status } = await server.request(anna, 'PUT', `${calendar}${name}`, { headers, body });
  if (status >= 300) throw new Error(`${name}: ${status}`);
}

/** An old zone whose offsets have seconds, as Thunderbird and Evolution write them. */
const OLD_ZONE = `BEGIN:VTIMEZONE
TZID:Europe/Amsterdam
BEGIN:STANDARD
DTSTART:18350101T000000
TZOFFSETFROM:+001932
TZOFFSETTO:+001932
TZNAME:LMT
END:STANDARD
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19960331T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
END:DAYLIGHT
END:VTIMEZONE`;
await put(
  'zoned.ics',
  `${OLD_ZONE}\nBEGIN:VEVENT\nUID:zoned\nDTSTAMP:20261101T000000Z\nDTSTART;TZID=Europe/Amsterdam:20261127T100000\nDURATION:PT1H\nSUMMARY:Zoned\nEND:VEVENT`,
);
const properties = `<propertyupdate xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="http://apple.com/ns/ical/"><set><prop>
<C:calendar-description>What is on, and when; and where</C:calendar-description><A:calendar-color>#FF0000FF</A:calendar-color>
<C:calendar-timezone>BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//T//T//EN
${OLD_ZONE}
END:VCALENDAR
</C:calendar-timezone></prop></set></propertyupdate>`;
const described = await server.request(anna, 'PROPPATCH', calendar, { body: properties });

const owner = await server.app.principals.find('anna');
const feed = await server.app.feeds.create(owner, { calendar: 'calendar', level: 'full' });

const FETCHERS = {
  Google: 'User-Agent: Google-Calendar-Importer\r\nAccept-Encoding: gzip, deflate, br\r\nConnection: close\r\n',
  Microsoft: 'User-Agent: Microsoft.Exchange/15.20\r\nAccept-Encoding: gzip, deflate\r\nConnection: close\r\n',
  // Classic Outlook asks as a browser would, and offers what it likes best first.
  Outlook:
    'User-Agent: Microsoft Office/16.0\r\nAccept: text/calendar, */*;q=0.1\r\nAccept-Encoding: gzip\r\nConnection: close\r\n',
};

async function ask(method: string, headers: string, path = feed.path) {
  const { text, closed } = await exchange(
    port,
    [`${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`],
    10_000,
  );
  const [head = '', ...body] = text.split('\r\n\r\n');
  const [line = '', ...fields] = head.split('\r\n');
  const values = fields.map((field) => [
    field.slice(0, field.indexOf(':')).toLowerCase(),
    field.replace(/^[^:]*: */, ''),
  ]);
  return {
    status: Number(line.split(' ')[1]),
    headers: Object.fromEntries(values) as Record<string, string>,
    body: body.join('\r\n\r\n'),
    closed,
  };
}

for (const [name, headers] of Object.entries(FETCHERS))
  t.test(`${name}: first time, again, after a change, after the end of the link`, async (t) => {
    const head = await ask('HEAD', headers);
    const first = await ask('GET', headers);
    t.equal(head.status, 200);
    t.equal(head.body, '');
    t.equal(first.status, 200);
    t.equal(first.headers['content-type'], 'text/calendar; charset=utf-8');
    t.equal(first.headers['content-encoding'], undefined, 'gzip is offered and not taken up');
    t.equal(first.headers['set-cookie'], undefined);
    t.equal(first.headers['www-authenticate'], undefined);
    for (const field of ['etag', 'last-modified', 'content-type', 'cache-control'])
      t.equal(head.headers[field], first.headers[field], `HEAD and GET agree on ${field}`);
    t.match(first.headers['etag'], /^"[^"]+"$/, 'a strong tag');
    t.match(first.headers['cache-control'], /^private, max-age=\d+$/);
    t.ok(Date.parse(first.headers['last-modified'] ?? '') <= Date.now(), 'the last change');

    const validators = [
      `If-None-Match: ${first.headers['etag']}\r\n`,
      `If-Modified-Since: ${first.headers['last-modified']}\r\n`,
      `If-None-Match: ${first.headers['etag']}\r\nIf-Modified-Since: ${first.headers['last-modified']}\r\n`,
    ];
    for (const validator of validators) {
      const same = await ask('GET', headers + validator);
      t.equal(same.status, 304, validator.trim());
      t.equal(same.body, '');
    }
    await put(
      `${name}.ics`,
      `BEGIN:VEVENT\nUID:${name}\nDTSTAMP:20261101T000000Z\nDTSTART:20261127T100000Z\nSUMMARY:New\nEND:VEVENT`,
    );
    const changed = await ask('GET', headers + validators[0]);
    t.equal(changed.status, 200);
    t.match(changed.body, `UID:${name}`);

    const own = await server.app.feeds.create(owner, { calendar: 'calendar', level: 'busy', name });
    t.equal((await ask('GET', headers, own.path)).status, 200);
    await server.app.feeds.revoke(owner, own.id);
    for (const again of ['GET', 'HEAD', 'GET'])
      t.equal((await ask(again, headers, own.path)).status, 410, 'gone, and told so each time');
  });

t.test('what is in it: one calendar, one plain zone for each that is used, all properties they read', async (t) => {
  t.equal(described.status, 207);
  const { body } = await ask('GET', FETCHERS.Google);
  const text = body.replaceAll('\r\n ', '');
  t.equal(text.match(/^BEGIN:VCALENDAR\r$/gm)?.length, 1);
  for (const line of [
    'METHOD:PUBLISH',
    'VERSION:2.0',
    'CALSCALE:GREGORIAN',
    'X-WR-CALNAME:Calendar',
    'NAME:Calendar',
    'X-WR-CALDESC:What is on\\, and when\\; and where',
    'DESCRIPTION:What is on\\, and when\\; and where',
    'X-WR-TIMEZONE:Europe/Amsterdam',
    'REFRESH-INTERVAL;VALUE=DURATION:PT1H',
    'X-PUBLISHED-TTL:PT1H',
    'COLOR:red',
  ])
    t.ok(text.includes(`\r\n${line}\r\n`), line);
  t.match(text, /^PRODID:.+\r$/m);
  t.equal(text.match(/^TZID:Europe\/Amsterdam\r$/gm)?.length, 1);
  t.notMatch(text, /TZOFFSET(?:FROM|TO):[+-]\d{6}/, 'no seconds in offsets, though the stored zone has them');
  t.notMatch(text, /DTSTART:1[0-8]\d\d|DTSTART:19[0-6]\d/, 'no rules before 1970');
  for (const event of new ICAL.Component(ICAL.parse(body)).getAllSubcomponents('vevent'))
    for (const property of ['uid', 'dtstamp', 'sequence', 'dtstart']) t.ok(event.hasProperty(property), property);
});

t.test('around it', async (t) => {
  // Fetchers that read it before they fetch take 4xx for "everything is allowed" (RFC 9309 §2.3.1.3).
  const robots = await ask('GET', FETCHERS.Google, '/robots.txt');
  t.ok(robots.status >= 400 && robots.status < 500, `/robots.txt answers ${robots.status}`);
  const stale = 'Cookie: session=old\r\nAuthorization: Basic bm9ib2R5Om5vYm9keQ==\r\n';
  t.equal(
    (await ask('GET', FETCHERS.Microsoft + stale)).status,
    200,
    'what a program sends along by habit is not looked at',
  );
  t.equal((await ask('GET', `${FETCHERS.Microsoft}Range: bytes=0-99\r\n`)).status, 200, 'always the whole');
  const twice = 'HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n'.replace(
    '/ HTTP',
    `${feed.path} HTTP`,
  );
  const { statuses } = await exchange(port, [twice, twice.replace('keep-alive', 'close')], 10_000);
  t.same(statuses, [200, 200], 'two on one connection');
});
