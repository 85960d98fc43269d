/** Objects of others put together and taken apart: what no client in a test does, and what is written to keep a server busy. */
import t from 'tap';
import { parseCalendarObject } from '../../../src/calendar/icalendar.ts';
import { shownObject, takeApart } from '../../../src/calendar/personal-objects.ts';
import { printPersonalData, readPersonalData, withBusyOf, withoutBusy } from '../../../src/calendar/personal-parts.ts';

const calendar = (...lines: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//t//t//EN', ...lines, 'END:VCALENDAR', ''].join('\r\n');
const event = (...lines: string[]) => ['BEGIN:VEVENT', 'UID:e', 'DTSTAMP:20260101T000000Z', ...lines, 'END:VEVENT'];
const alarm = (trigger: string) => [
  'BEGIN:VALARM',
  'ACTION:DISPLAY',
  'DESCRIPTION:x',
  `TRIGGER:${trigger}`,
  'END:VALARM',
];
const apart = (sent: string, stored?: string, busy = true) => {
  const { shared, own } = takeApart(
    sent,
    parseCalendarObject(sent),
    stored === undefined ? undefined : parseCalendarObject(stored),
    busy,
  );
  return { shared, own: printPersonalData(own, 'VEVENT') };
};
const triggers = (text: string) => [...text.matchAll(/TRIGGER:(\S+)/g)].map(([, value]) => value);

t.test('what is shown is what was written', (t) => {
  const zone = [
    'BEGIN:VTIMEZONE',
    'TZID:Europe/Berlin',
    'BEGIN:STANDARD',
    'DTSTART:19700101T000000',
    'TZOFFSETFROM:+0100',
    'TZOFFSETTO:+0100',
    'END:STANDARD',
    'END:VTIMEZONE',
  ];
  for (const [what, start, instance] of [
    ['UTC', 'DTSTART:20260105T090000Z', 'RECURRENCE-ID:20260107T090000Z'],
    ['a zone', 'DTSTART;TZID=Europe/Berlin:20260105T090000', 'RECURRENCE-ID;TZID=Europe/Berlin:20260107T090000'],
    ['floating', 'DTSTART:20260105T090000', 'RECURRENCE-ID:20260107T090000'],
    ['dates', 'DTSTART;VALUE=DATE:20260105', 'RECURRENCE-ID;VALUE=DATE:20260107'],
  ] as const) {
    const stored = calendar(...zone, ...event(start, 'DURATION:P1D', 'RRULE:FREQ=DAILY;COUNT=5', 'SUMMARY:x'));
    const override = event(
      instance,
      `DTSTART${instance.slice('RECURRENCE-ID'.length)}`,
      'DURATION:P1D',
      'SUMMARY:x',
      ...alarm('-PT7M'),
    );
    const { shared, own } = apart(stored.replace('END:VCALENDAR', [...override, 'END:VCALENDAR'].join('\r\n')), stored);
    t.equal(shared, undefined, `${what}: nothing for the others`);
    const shown = shownObject(stored, own, true);
    t.same(triggers(shown), ['-PT7M'], what);
    t.match(shown, `\r\n${instance}\r\n`, 'in the form of DTSTART');
    t.equal(parseCalendarObject(shown).components.length, 2);
    const again = apart(shown, stored);
    t.same([again.shared, triggers(again.own)], [undefined, ['-PT7M']], 'and once more the same');
  }
  t.end();
});

t.test('what programs write anew in passing', (t) => {
  const stored = calendar(...event('DTSTART:20260105T090000Z', 'SUMMARY:x', 'LAST-MODIFIED:20260101T000000Z'));
  const stamped = stored.replace(/20260101T000000Z/g, '20260202T000000Z').replace('//t//t', '//other');
  t.equal(apart(stamped, stored).shared, undefined);
  t.not(apart(stamped.replace('SUMMARY:x', 'SUMMARY:y'), stored).shared, undefined);
  const own = (offset: string) => [
    'BEGIN:VTIMEZONE',
    'TZID:Mine',
    'BEGIN:STANDARD',
    'DTSTART:19700101T000000',
    `TZOFFSETFROM:${offset}`,
    `TZOFFSETTO:${offset}`,
    'END:STANDARD',
    'END:VTIMEZONE',
  ];
  const at = (offset: string) => calendar(...own(offset), ...event('DTSTART;TZID=Mine:20260105T090000', 'SUMMARY:x'));
  t.equal(apart(at('+0100'), at('+0100')).shared, undefined);
  t.not(apart(at('+0200'), at('+0100')).shared, undefined, 'a zone of one’s own that changed moves the event');
  t.end();
});

t.test('folded lines and other letters hide nothing', (t) => {
  const stored = calendar(
    ...event(
      'DTSTART:20260105T090000Z',
      'tra',
      ' nsp:TRANSPARENT',
      'Begin:val',
      ' arm',
      'ACTION:DISPLAY',
      'DESCRIPTION:x',
      'TRIGGER:-PT1M',
      'End:Valarm',
      'x-moz-',
      '\tlastack:20260105T080000Z',
    ),
  );
  t.notMatch(shownObject(stored, '', true), /TRANSP|ALARM|X-MOZ/i);
  t.match(shownObject(stored, '', false), /TRANSP:TRANSPARENT/);
  const plain = calendar(...event('DTSTART:20260105T090000Z', 'SUMMARY:A valarm is transparent'));
  t.equal(shownObject(plain, '', true), plain, 'words are words');
  t.end();
});

t.test('an object with a task, one of instances alone, one that was taken long ago', (t) => {
  const task = calendar(
    'BEGIN:VTODO',
    'UID:e',
    'DTSTAMP:20260101T000000Z',
    'SUMMARY:x',
    ...alarm('-PT1M'),
    'END:VTODO',
  );
  t.notMatch(shownObject(task, '', true), 'VALARM');
  const single = calendar(...event('RECURRENCE-ID:20260107T090000Z', 'DTSTART:20260107T090000Z', 'SUMMARY:x'));
  const { own } = apart(single.replace('SUMMARY:x', ['SUMMARY:x', ...alarm('-PT2M')].join('\r\n')), single);
  t.same(triggers(shownObject(single, own, true)), ['-PT2M']);
  const odd = calendar(...event('SUMMARY:no start', ...alarm('-PT1M')), ...event('SUMMARY:twice', ...alarm('-PT1M')));
  t.throws(() => parseCalendarObject(odd));
  t.notMatch(shownObject(odd, '', true), 'VALARM');
  t.match(shownObject(odd, '', true), /no start[\s\S]*twice/);
  t.end();
});

t.test('TRANSP where it is the owner’s', (t) => {
  const { zones } = parseCalendarObject(calendar(...event('DTSTART:20260105T090000Z')));
  const read = (text: string) => readPersonalData(text, zones);
  const before = calendar(
    ...event('TRANSP:TRANSPARENT', ...alarm('-PT1M')),
    ...event('RECURRENCE-ID:20260107T090000Z', 'TRANSP:OPAQUE'),
  );
  const kept = read(before);
  t.same(
    [...withoutBusy(kept).values()].map(({ properties }) => properties.some(([name]) => name === 'transp')),
    [false, false],
  );
  const written = withBusyOf(read(calendar(...event(...alarm('-PT9M')))), kept);
  const text = printPersonalData(written, 'VEVENT');
  t.match(text, /TRANSP:TRANSPARENT[\s\S]*-PT9M[\s\S]*TRANSP:OPAQUE/);
  t.end();
});

t.test('written to keep a server busy', (t) => {
  const rule = 'RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;COUNT=1000000';
  const instances = Array.from(
    { length: 2_000 },
    (_, at) => `202601${String((at % 28) + 1).padStart(2, '0')}T0${at % 10}0${Math.floor(at / 280)}00Z`,
  );
  const stored = calendar(...event('DTSTART:20260105T090000Z', rule, 'SUMMARY:x', ...alarm('-PT1M')));
  const own = calendar(...[...new Set(instances)].flatMap((id) => event(`RECURRENCE-ID:${id}`, ...alarm('-PT2M'))));
  const overrides = calendar(
    ...event('DTSTART:20260105T090000Z', rule, 'SUMMARY:x'),
    ...[...new Set(instances)].flatMap((id) =>
      event(`RECURRENCE-ID:${id}`, `DTSTART:${id}`, 'SUMMARY:x', ...alarm('-PT2M')),
    ),
  );
  for (const [what, run] of [
    ['shown', () => shownObject(stored, own, true)],
    ['with instances', () => shownObject(overrides, own, true)],
    ['written', () => apart(overrides, stored)],
  ] as const) {
    const since = performance.now();
    run();
    const ms = performance.now() - since;
    t.ok(ms < 3_000, `${what}: ${ms.toFixed(0)} ms`);
  }
  t.end();
});
