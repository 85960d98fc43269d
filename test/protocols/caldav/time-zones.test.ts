/** Time zones by reference and jCal over HTTP: RFC 7809 §3.1, §4.1, §5.2, §5.3; RFC 7265 §6; RFC 7808 §3.9. */
import t from 'tap';
import { parseVtimezone } from '../../../src/calendar/calendar-zones.ts';
import { findTimeZone } from '../../../src/calendar/time-zones.ts';
import { vtimezoneOf } from '../../../src/calendar/vtimezone-text.ts';
import { icalendar } from '../../support/calendar.ts';
import { CALENDAR, propfindBody, setBody, xml } from '../../support/dav.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const calendar = '/dav/calendars/alice/calendar/';
const send = (method: string, path: string, body?: string, headers: Record<string, string> = {}) =>
  server.request(alice, method, path, { headers, ...(body === undefined ? {} : { body }) });
const JCAL = 'application/calendar+json';

const local = (uid: string, tzid: string) =>
  icalendar(
    'VEVENT',
    `UID:${uid}`,
    'DTSTAMP:20260101T000000Z',
    `DTSTART;TZID=${tzid}:20260702T100000`,
    'DURATION:PT1H',
  );

t.test('VTIMEZONEs made from names say what the names mean', async (t) => {
  for (const tzid of [
    'Europe/Zurich',
    'America/New_York',
    'Asia/Kathmandu',
    'Africa/Casablanca',
    'Australia/Lord_Howe',
  ]) {
    const text = `BEGIN:VCALENDAR\r\nVERSION:2.0\r\n${vtimezoneOf(tzid)}END:VCALENDAR\r\n`.replace(
      `TZID:${tzid}`,
      'TZID:own',
    );
    const { zone } = parseVtimezone(text);
    const known = findTimeZone(tzid)!;
    for (let day = Date.UTC(1996, 0, 2); day < Date.UTC(2037, 0, 1); day += 5 * 86_400_000 + 3_600_000) {
      if (zone.offsetAt(day) !== known.offsetAt(day)) t.fail(`${tzid} ${new Date(day).toISOString()}`);
    }
    t.ok(text.length < 8_000, `${tzid} is short`);
  }
  t.equal(vtimezoneOf('Nowhere/Land'), undefined);
});

t.test('objects come and go without VTIMEZONEs', async (t) => {
  t.match((await send('OPTIONS', calendar)).headers.dav, /calendar-no-timezone/);
  const path = `${calendar}zone.ics`;
  const put = await send('PUT', path, local('zone', 'Europe/Zurich'), CALENDAR);
  t.equal(put.status, 201);
  const complete = await send('GET', path);
  t.match(complete.text, /BEGIN:VTIMEZONE\r\nTZID:Europe\/Zurich\r\n/, 'others need it');
  t.match(complete.headers.vary, /CalDAV-Timezones/);
  const bare = await send('GET', path, undefined, { 'caldav-timezones': 'F' });
  t.equal(bare.text, local('zone', 'Europe/Zurich'));
  await send('PUT', path, complete.text, CALENDAR);
  t.equal((await send('GET', path)).text, complete.text, 'stored as sent');
  t.equal((await send('GET', path, undefined, { 'CalDAV-Timezones': 'F' })).text, local('zone', 'Europe/Zurich'));
  const multiget = xml('C:calendar-multiget', `<D:prop><C:calendar-data/></D:prop><D:href>${path}</D:href>`);
  t.notMatch((await send('REPORT', calendar, multiget, { 'caldav-timezones': 'F' })).text, /VTIMEZONE/);
  t.match((await send('REPORT', calendar, multiget)).text, /VTIMEZONE/);
  const unknown = await send('PUT', `${calendar}nowhere.ics`, local('nowhere', 'Nowhere/Land'), CALENDAR);
  t.equal(unknown.status, 403);
  t.match(unknown.text, /><C:valid-timezone\/></);
});

t.test('calendar-timezone and calendar-timezone-id are one', async (t) => {
  const read = async () => {
    const answer = await send('PROPFIND', calendar, propfindBody('C:calendar-timezone', 'C:calendar-timezone-id'), {
      depth: '0',
    });
    return {
      id: /<C:calendar-timezone-id>([^<]*)</.exec(answer.text)?.[1],
      zone: /TZID:([^&\r\n]*)/.exec(answer.text)?.[1],
    };
  };
  const set = (property: string) => send('PROPPATCH', calendar, setBody(property));
  t.same(await read(), { id: undefined, zone: undefined });
  await set('<C:calendar-timezone-id>Europe/Paris</C:calendar-timezone-id>');
  t.same(await read(), { id: 'Europe/Paris', zone: 'Europe/Paris' });
  const own = `BEGIN:VCALENDAR\r\nVERSION:2.0\r\n${vtimezoneOf('America/Denver')}END:VCALENDAR\r\n`;
  await set(`<C:calendar-timezone>${own}</C:calendar-timezone>`);
  t.same(await read(), { id: 'America/Denver', zone: 'America/Denver' });
  await set('<C:calendar-timezone-id>Etc/GMT+2</C:calendar-timezone-id>');
  t.same(await read(), { id: 'Etc/GMT+2', zone: 'Etc/GMT+2' }, 'the VTIMEZONE set before has gone');
  const refused = await set('<C:calendar-timezone-id>Nowhere/Land</C:calendar-timezone-id>');
  t.match(refused.text, /403 Forbidden.*<C:valid-timezone\/>/);
  await send(
    'PROPPATCH',
    calendar,
    xml('D:propertyupdate', '<D:remove><D:prop><C:calendar-timezone-id/></D:prop></D:remove>'),
  );
  t.same(await read(), { id: undefined, zone: undefined });
});

t.test('calendar-timezone as jCal', async (t) => {
  const json = JSON.stringify([
    'vcalendar',
    [['version', {}, 'text', '2.0']],
    [['vtimezone', [['tzid', {}, 'text', 'Asia/Tokyo']], []]],
  ]);
  const set = await send(
    'PROPPATCH',
    calendar,
    setBody(`<C:calendar-timezone content-type="${JCAL}">${json}</C:calendar-timezone>`),
  );
  t.match(set.text, /200 OK/);
  const plain = await send('PROPFIND', calendar, propfindBody('C:calendar-timezone'), { depth: '0' });
  t.match(plain.text, /<C:calendar-timezone>BEGIN:VCALENDAR&#13;\n.*TZID:Asia\/Tokyo/s);
  const asked = xml('D:propfind', `<D:prop><C:calendar-timezone content-type="${JCAL}"/></D:prop>`);
  const again = await send('PROPFIND', calendar, asked, { depth: '0' });
  t.match(again.text, `content-type="${JCAL}"`);
  t.match(again.text, '"Asia/Tokyo"');
});

t.test('a query reads floating times in a zone by its name', async (t) => {
  const path = `${calendar}floating.ics`;
  const lines = ['UID:floating', 'DTSTAMP:20260101T000000Z', 'DTSTART:20260310T120000', 'DURATION:PT1H'];
  await send('PUT', path, icalendar('VEVENT', ...lines), CALENDAR);
  const query = (zone: string) =>
    send(
      'REPORT',
      calendar,
      xml(
        'C:calendar-query',
        `<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name="VCALENDAR">
      <C:comp-filter name="VEVENT"><C:time-range start="20260310T160000Z" end="20260310T170000Z"/></C:comp-filter></C:comp-filter>
      </C:filter><C:timezone-id>${zone}</C:timezone-id>`,
      ),
      { depth: '1' },
    );
  t.match((await query('America/New_York')).text, /floating\.ics/);
  t.notMatch((await query('Europe/Zurich')).text, /floating\.ics/);
  const bogus = await query('bogus');
  t.equal(bogus.status, 403);
  t.match(bogus.text, /><C:valid-timezone\/></);
});

t.test('jCal in and out', async (t) => {
  const path = `${calendar}json.ics`;
  const event = [
    'vevent',
    [
      ['uid', {}, 'text', 'json'],
      ['dtstamp', {}, 'date-time', '2026-01-01T00:00:00Z'],
      ['dtstart', {}, 'date-time', '2026-05-01T00:00:00Z'],
      ['summary', {}, 'text', 'a, b'],
    ],
    [],
  ];
  const json = JSON.stringify([
    'vcalendar',
    [
      ['version', {}, 'text', '2.0'],
      ['prodid', {}, 'text', 'x'],
    ],
    [event],
  ]);
  const put = await send('PUT', path, json, { 'content-type': `${JCAL}; charset=utf-8` });
  t.equal(put.status, 201);
  t.equal(put.headers.etag, undefined, 'what is stored is not what was sent');
  t.match((await send('GET', path)).text, /SUMMARY:a\\, b\r\n/);
  const cases: [accept: string, type: string][] = [
    ['', 'text/calendar; charset=utf-8'],
    ['*/*', 'text/calendar; charset=utf-8'],
    [JCAL, `${JCAL}; charset=utf-8`],
    [`text/calendar;q=0.2, ${JCAL};q=0.5`, `${JCAL}; charset=utf-8`],
    [`text/calendar, ${JCAL}`, 'text/calendar; charset=utf-8'],
    [`text/calendar;q=0.5, ${JCAL};q=0.2`, 'text/calendar; charset=utf-8'],
    [`${JCAL};q=0, */*`, 'text/calendar; charset=utf-8'],
  ];
  for (const [accept, type] of cases) {
    const got = await send('GET', path, undefined, accept === '' ? {} : { accept });
    t.equal(got.headers['content-type'], type, accept);
    if (type.startsWith(JCAL)) t.same(JSON.parse(got.text), JSON.parse(json));
  }
  const multiget = xml(
    'C:calendar-multiget',
    `<D:prop><C:calendar-data content-type="${JCAL}"/></D:prop><D:href>${path}</D:href>`,
  );
  t.match(
    (await send('REPORT', calendar, multiget)).text,
    `<C:calendar-data content-type="${JCAL}" version="2.0">["vcalendar"`,
  );
  const bad = await send('PUT', path, '["vcalendar"', { 'content-type': JCAL });
  t.match(bad.text, /><C:valid-calendar-data\/></);
});

t.test('availability on the inbox', async (t) => {
  const inbox = '/dav/calendars/alice/inbox/';
  const available = icalendar('VAVAILABILITY', 'UID:a', 'DTSTAMP:20260101T000000Z');
  for (const name of ['C:calendar-availability', 'CS:calendar-availability']) {
    t.match((await send('PROPPATCH', inbox, setBody(`<${name}>nonsense</${name}>`))).text, /403 Forbidden/);
    t.match((await send('PROPPATCH', inbox, setBody(`<${name}>${available}</${name}>`))).text, /200 OK/);
    t.match((await send('PROPFIND', inbox, propfindBody(name), { depth: '0' })).text, /BEGIN:VAVAILABILITY/);
  }
});
