/** Calendars of other servers, taken apart: what is one object, what has changed, and what is no calendar. */
import fc from 'fast-check';
import t from 'tap';
import { keyOfText, readRemoteCalendar } from '../../../src/calendar/remote-calendar.ts';

const read = (...lines: string[]) => readRemoteCalendar(Buffer.from(lines.join('\r\n')));
const calendar = (...lines: string[]) => read('BEGIN:VCALENDAR', 'VERSION:2.0', ...lines, 'END:VCALENDAR', '');
const event = (uid: string, ...lines: string[]) => [
  'BEGIN:VEVENT',
  `UID:${uid}`,
  'DTSTAMP:20260101T000000Z',
  'DTSTART:20260101T090000Z',
  ...lines,
  'END:VEVENT',
];

t.test('facts of the calendar', async (t) => {
  const facts = (...lines: string[]) => calendar(...lines, ...event('a'));
  t.match(await facts('NAME:A\\, B', 'X-WR-CALNAME:C'), { title: 'A, B' }, 'RFC 7986 §5.1 before the old one');
  t.match(await facts('X-WR-CALNAME:C', 'X-WR-TIMEZONE:Europe/Paris'), { title: 'C', timeZone: 'Europe/Paris' });
  t.match(await facts('X-APPLE-CALENDAR-COLOR:#FF2968FF'), { colour: '#FF2968' });
  for (const [text, everyMs] of [
    ['REFRESH-INTERVAL;VALUE=DURATION:PT1H', 3_600_000],
    ['X-PUBLISHED-TTL:P1DT12H', 129_600_000],
    ['X-PUBLISHED-TTL:P1W', 604_800_000],
    ['X-PUBLISHED-TTL:soon', undefined],
  ] as const)
    t.equal((await facts(text))?.everyMs, everyMs, text);
});

t.test('one object for each UID, with the zones it uses', async (t) => {
  const zone = (id: string) => ['BEGIN:VTIMEZONE', `TZID:${id}`, 'BEGIN:STANDARD', 'END:STANDARD', 'END:VTIMEZONE'];
  const found = await calendar(
    ...zone('A'),
    ...zone('B'),
    ...event('x', 'DTEND;TZID="A":20260101T100000'),
    ...event('y'),
    ...event('x', 'RECURRENCE-ID:20260102T090000Z'),
  );
  t.equal(found?.objects.length, 2);
  t.match(found?.objects[0]?.text, /TZID:A.*BEGIN:VEVENT.*RECURRENCE-ID/s);
  t.notMatch(found?.objects[0]?.text, /TZID:B/);
  t.notMatch(found?.objects[1]?.text, /VTIMEZONE/);
});

t.test('what changes without anything having changed is no change', async (t) => {
  const one = (await calendar(...event('1', 'SUMMARY:Same', 'SEQUENCE:1', 'LAST-MODIFIED:20260101T000000Z')))
    ?.objects[0];
  const two = (await calendar(...event('2', 'SUMMARY:Same', 'SEQUENCE:7')))?.objects[0];
  const other = (await calendar(...event('1', 'SUMMARY:Other')))?.objects[0];
  t.equal(one?.key, two?.key);
  t.not(one?.key, other?.key);
  t.equal(keyOfText(one?.text ?? ''), one?.key, 'the key of the stored text is that of the object');
  const folded = (await calendar(...event('3', 'SUMMARY:Sa', ' me')))?.objects[0];
  t.equal(folded?.key, one?.key, 'folding is no change');
});

t.test('what is missing is made up, what is broken ends nothing else', async (t) => {
  const bare = (await calendar('BEGIN:VEVENT', 'DTSTART:20260101T090000Z', 'SUMMARY:No UID', 'END:VEVENT'))?.objects[0];
  t.match(bare?.text, /UID:.+@subscribed/);
  t.match(bare?.text, /DTSTAMP:/);
  t.equal(keyOfText(bare?.text ?? ''), bare?.key);
  t.equal(await read('<html>'), undefined);
  t.equal(await read(''), undefined);
  t.equal(await read('BEGIN:VCARD', 'END:VCARD'), undefined);
  t.same((await calendar())?.objects, [], 'an empty calendar is one');
  t.equal((await read('\uFEFFBEGIN:VCALENDAR', ...event('bom'), 'END:VCALENDAR'))?.objects.length, 1);
  t.match(
    (
      await readRemoteCalendar(
        Buffer.from(['BEGIN:VCALENDAR', ...event('l', 'SUMMARY:Caf\xe9'), 'END:VCALENDAR'].join('\n'), 'latin1'),
      )
    )?.objects[0]?.text,
    /Café/,
  );
  t.equal(await read(...Array<string>(100).fill('BEGIN:VCALENDAR')), undefined, 'depth is bounded');
  const many = await calendar(Array.from({ length: 20_001 }, (_, i) => event(String(i)).join('\r\n')).join('\r\n'));
  t.equal(many?.objects.length, 20_000);
  t.equal(many?.cut, true);
});

t.test('no input throws, and large ones are read in time', async (t) => {
  const words = fc.constantFrom(
    'BEGIN:VCALENDAR',
    'END:VCALENDAR',
    'BEGIN:VEVENT',
    'END:VEVENT',
    'UID:',
    ' ',
    ';',
    ':',
    '\r\n',
    '\n',
    'TZID=',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(words, fc.string()), { maxLength: 60 }), async (parts) => {
      await readRemoteCalendar(Buffer.from(parts.join('')));
    }),
    { numRuns: 300 },
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (octets) => {
      await readRemoteCalendar(Buffer.from(octets));
    }),
    { numRuns: 200 },
  );
  const started = performance.now();
  await calendar(Array<string>(300_000).fill(' x').join('\n'), `X:${'y'.repeat(2_000_000)}`);
  t.ok(performance.now() - started < 2_000);
});
