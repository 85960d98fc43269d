/** Free/busy at a URL (CalConnect CC/R 0801), and availability in free/busy (RFC 7953 §5). */
import t from 'tap';
import { icalendar } from '../../support/calendar.ts';
import { CALENDAR, setBody } from '../../support/dav.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t, { now: () => Date.UTC(2026, 4, 4, 13) });
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
const url = '/dav/calendars/alice/freebusy';
const busy = async (query = '', user = alice) => {
  const answer = await server.request(user, 'GET', `${url}${query}`);
  if (answer.status !== 200) return String(answer.status);
  return answer.text
    .replace(/\r\n /g, '')
    .split('\r\n')
    .filter((line) => /^(?:DTSTART|DTEND|FREEBUSY)/.test(line))
    .map((line) => line.replace('FREEBUSY;FBTYPE=', ''))
    .join(' ');
};

t.test('ranges', async (t) => {
  const body = icalendar(
    'VEVENT',
    'UID:e',
    'DTSTAMP:20260101T000000Z',
    'DTSTART:20260505T090000Z',
    'DURATION:PT1H',
    'SUMMARY:Secret',
  );
  await server.request(alice, 'PUT', '/dav/calendars/alice/calendar/e.ics', { headers: CALENDAR, body });
  const meeting = 'BUSY:20260505T090000Z/20260505T100000Z';
  const cases: [query: string, expected: string][] = [
    ['', `DTSTART:20260504T000000Z DTEND:20260615T000000Z ${meeting}`],
    ['/', `DTSTART:20260504T000000Z DTEND:20260615T000000Z ${meeting}`],
    [
      '?start=2026-05-05T09:30:00Z&period=PT1H',
      'DTSTART:20260505T093000Z DTEND:20260505T103000Z BUSY:20260505T093000Z/20260505T100000Z',
    ],
    ['?start=20260506&end=20260507T000000Z', 'DTSTART:20260506T000000Z DTEND:20260507T000000Z'],
    ['?start=2026-05-05T11:00:00%2B02:00&end=2026-05-06', `DTSTART:20260505T090000Z DTEND:20260506T000000Z ${meeting}`],
    ['?start=nonsense', '400'],
    ['?period=P1X', '400'],
    ['?end=20260101', '400'],
    ['?end=20260801&period=P1D', '400'],
    ['?start=20260801&start=20260901', '400'],
    ['?start=00010101', '400'],
    ['?start=20260101&period=P400000D', '400'],
  ];
  for (const [query, expected] of cases) t.equal(await busy(query), expected, query);
  t.match(await busy('', bob), /BUSY:/, 'a colleague may ask');
  const { id } = (await server.store.principals.byName('alice'))!;
  await server.store.transaction((write) => write.freeBusySharing.set(id, 'nobody'));
  t.equal(await busy('', bob), '403', 'only those who may know');
  t.equal((await server.request(undefined, 'GET', url)).status, 401);
  t.equal((await server.request(alice, 'GET', '/dav/calendars/nobody/freebusy')).status, 404);
  t.notMatch((await server.request(alice, 'GET', url)).text, /Secret|UID:e/);
});

t.test('availability', async (t) => {
  const week = '?start=20260504T000000Z&end=20260506T000000Z';
  const set = (...components: string[]) => {
    const text = `BEGIN:VCALENDAR\r\nVERSION:2.0\r\n${components.join('')}END:VCALENDAR\r\n`.replaceAll('\r', '&#13;');
    return server.request(alice, 'PROPPATCH', '/dav/calendars/alice/inbox/', {
      body: setBody(`<C:calendar-availability>${text}</C:calendar-availability>`),
    });
  };
  const available = (uid: string, ...lines: string[]) =>
    `BEGIN:AVAILABLE\r\nUID:${uid}\r\nDTSTAMP:20260101T000000Z\r\n${lines.map((line) => `${line}\r\n`).join('')}END:AVAILABLE\r\n`;
  let uid = 0;
  const availability = (lines: string[], ...inside: string[]) =>
    `BEGIN:VAVAILABILITY\r\nUID:${++uid}\r\nDTSTAMP:20260101T000000Z\r\n${lines.map((line) => `${line}\r\n`).join('')}${inside.join('')}END:VAVAILABILITY\r\n`;
  const office = available('o', 'DTSTART:20260101T080000Z', 'DTEND:20260101T170000Z', 'RRULE:FREQ=DAILY');
  t.match((await set(availability([], office))).text, /200 OK/);
  t.equal(
    await busy(week),
    'DTSTART:20260504T000000Z DTEND:20260506T000000Z BUSY:20260505T090000Z/20260505T100000Z BUSY-UNAVAILABLE:20260504T000000Z/20260504T080000Z,20260504T170000Z/20260505T080000Z,20260505T170000Z/20260506T000000Z',
  );
  // The more important component decides where it reaches.
  const holiday = availability([
    'DTSTART:20260504T000000Z',
    'DTEND:20260505T000000Z',
    'PRIORITY:1',
    'BUSYTYPE:BUSY-TENTATIVE',
  ]);
  await set(availability(['PRIORITY:5', 'BUSYTYPE:BUSY'], office), holiday);
  t.equal(
    await busy('?start=20260504T000000Z&end=20260505T080000Z'),
    'DTSTART:20260504T000000Z DTEND:20260505T080000Z BUSY:20260505T000000Z/20260505T080000Z BUSY-TENTATIVE:20260504T000000Z/20260505T000000Z',
  );
});
