/** GET of a whole calendar and of a whole address book: RFC 9110 §9.3.1 and §13, RFC 5545 §3.4, RFC 6350 §3.3. */
import t from 'tap';
import { componentsOf } from '../../../protocols/caldav/whole-calendar.ts';
import { parseContent } from '../../../src/calendar/content.ts';
import { icalendar } from '../../support/calendar.ts';
import { CALENDAR, event, setBody } from '../../support/dav.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
const calendar = '/dav/calendars/alice/calendar/';
const book = '/dav/addressbooks/alice/addressbook/';
const send = (method: string, path: string, body?: string, headers: Record<string, string> = {}) =>
  server.request(alice, method, path, { headers, ...(body === undefined ? {} : { body }) });

const zone = (tzid: string, offset: string) =>
  `BEGIN:VTIMEZONE\r\nTZID:${tzid}\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:${offset}\r\nTZOFFSETTO:${offset}\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n`;

t.test('a calendar is one object', async (t) => {
  t.equal((await send('GET', calendar)).text.split('\r\n').filter((line) => line.startsWith('BEGIN')).length, 1);
  const zoned = icalendar(
    'VEVENT',
    'UID:z',
    'DTSTAMP:20260101T000000Z',
    'DTSTART;TZID=Own:20260101T100000',
    'DURATION:PT1H',
  );
  for (const uid of ['z1', 'z2']) {
    const body = zoned.replace('UID:z', `UID:${uid}`).replace('BEGIN:VEVENT', `${zone('Own', '+0100')}BEGIN:VEVENT`);
    t.equal((await send('PUT', `${calendar}${uid}.ics`, body, CALENDAR)).status, 201);
  }
  await send('PUT', `${calendar}plain.ics`, event('plain').replaceAll('\r\n', '\n'), CALENDAR);
  await send('PROPPATCH', calendar, setBody('<D:displayname>Work; &amp; more</D:displayname>'));
  const got = await send('GET', calendar);
  t.equal(got.status, 200);
  t.equal(got.headers['content-type'], 'text/calendar; charset=utf-8');
  const content = parseContent(got.text);
  t.same(
    content[2].map(([name]) => name),
    ['vtimezone', 'vevent', 'vevent', 'vevent'],
    'each zone once',
  );
  t.match(got.text, 'X-WR-CALNAME:Work\\; & more\r\n');
  t.notMatch(got.text, /(?<!\r)\n/);
  t.equal((await server.request(bob, 'GET', calendar)).status, 403);
  const head = await send('HEAD', calendar);
  t.equal(head.headers.etag, got.headers.etag);
  t.equal(head.text, '');
});

t.test('it is not sent again when nothing changed', async (t) => {
  for (const [path, change] of [
    [calendar, () => send('PUT', `${calendar}more.ics`, event('more'), CALENDAR)],
    [
      book,
      () =>
        send(
          'PUT',
          `${book}more.vcf`,
          'BEGIN:VCARD\r\nVERSION:3.0\r\nUID:more\r\nFN:More\r\nN:More;;;;\r\nEND:VCARD\r\n',
          { 'content-type': 'text/vcard' },
        ),
    ],
  ] as const) {
    await change();
    const got = await send('GET', path);
    const etag = String(got.headers.etag);
    t.equal((await send('GET', path, undefined, { 'if-none-match': etag })).status, 304, path);
    t.equal(
      (await send('GET', path, undefined, { 'if-modified-since': String(got.headers['last-modified']) })).status,
      304,
    );
    await send('PROPPATCH', path, setBody('<D:displayname>New</D:displayname>'));
    const changed = await send('GET', path, undefined, {
      'if-none-match': etag,
      'if-modified-since': new Date().toUTCString(),
    });
    t.equal(changed.status, 200, 'its name is part of it');
    t.equal((await send('GET', path, undefined, { 'if-modified-since': new Date(0).toUTCString() })).status, 200);
  }
});

t.test('an address book is one file in one version', async (t) => {
  await send('PUT', `${book}four.vcf`, 'BEGIN:VCARD\r\nVERSION:4.0\r\nUID:four\r\nFN:Four\r\nEND:VCARD', {
    'content-type': 'text/vcard',
  });
  const three = await send('GET', book);
  t.equal(three.headers['content-type'], 'text/vcard; charset=utf-8; version=3.0');
  t.equal(three.text.match(/^VERSION:3\.0\r$/gm)?.length, 2);
  t.equal(three.text.match(/^END:VCARD\r$/gm)?.length, 2);
  const four = await send('GET', book, undefined, { accept: 'text/vcard; version=4.0' });
  t.equal(four.text.match(/^VERSION:4\.0\r$/gm)?.length, 2);
});

t.test('a home, an inbox and others have a sentence', async (t) => {
  for (const path of ['/dav/calendars/alice/', '/dav/calendars/alice/inbox/', '/dav/principals/alice/']) {
    t.match((await send('GET', path)).headers['content-type'], /^text\/plain/, path);
  }
});

t.test('components of odd texts', async (t) => {
  const cases: [text: string, expected: string][] = [
    ['', ''],
    ['BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n', ''],
    ['BEGIN:VCALENDAR\nX:1\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR', 'BEGIN:VEVENT\r\nEND:VEVENT\r\n'],
    ['begin:vcalendar\r\nbegin:vevent\r\nend:vevent\r\nend:vcalendar\r\n\r\n', 'begin:vevent\r\nend:vevent\r\n'],
  ];
  for (const [text, expected] of cases) t.equal(componentsOf(text, new Set()), expected, JSON.stringify(text));
});
