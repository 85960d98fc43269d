/** Calendar data as reports return it: selected, expanded, limited (RFC 4791 §9.6). */
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { ComponentSelection } from '../../../src/calendar/component-selection.ts';
import { type TimeZone, UTC } from '../../../src/calendar/date-time.ts';
import { parseLocalTime } from '../../../src/calendar/date-values.ts';
import { parseCalendarObject } from '../../../src/calendar/icalendar.ts';
import { outputBudget } from '../../../src/calendar/output-budget.ts';
import { type DataRequest, isPartial, selectData } from '../../../src/calendar/partial-data.ts';
import { findTimeZone } from '../../../src/calendar/time-zones.ts';

const nothing: DataRequest = { selection: null, expand: null, limitRecurrence: null, limitFreeBusy: null };

function range(from: string, until: string) {
  return { from: parseLocalTime(from).local, until: parseLocalTime(until).local };
}

function event(...lines: string[]): string {
  return ['BEGIN:VEVENT', 'UID:1', ...lines, 'END:VEVENT'].join('\r\n');
}

function calendar(...components: string[]): string {
  return `${['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:x', ...components, 'END:VCALENDAR'].join('\r\n')}\r\n`;
}

function print(text: string, request: Partial<DataRequest>, zone: TimeZone = UTC, budget = outputBudget()): string {
  return selectData(parseCalendarObject(text), { ...nothing, ...request }, zone, budget);
}

/** The lines with times, without components that do not matter. */
function times(text: string): string[] {
  return text
    .split('\r\n')
    .filter((line) => /^(DT(START|END)|DUE|RECURRENCE-ID|RRULE|RDATE|EXDATE|DURATION|BEGIN:VTIM)/.test(line));
}

t.test('RFC 4791 §9.6.5: expand', async (t) => {
  const january = range('20260101T000000Z', '20260104T000000Z');
  const cases: [string, string, string[]][] = [
    [
      'in UTC; the initial instance needs no RECURRENCE-ID',
      event(
        'DTSTART;TZID=America/New_York:20260101T100000',
        'DTEND;TZID=America/New_York:20260101T110000',
        'RRULE:FREQ=DAILY',
        'EXDATE;TZID=America/New_York:20260102T100000',
      ),
      [
        'DTSTART:20260101T150000Z',
        'DTEND:20260101T160000Z',
        'RECURRENCE-ID:20260103T150000Z',
        'DTSTART:20260103T150000Z',
        'DTEND:20260103T160000Z',
      ],
    ],
    [
      'DURATION stays, as in the example of RFC 4791 §7.8.3',
      event('DTSTART:20260103T100000Z', 'DURATION:P1D', 'RRULE:FREQ=WEEKLY'),
      ['DTSTART:20260103T100000Z', 'DURATION:P1D'],
    ],
    [
      'DURATION becomes DTEND where RDATE gives another length',
      event(
        'DTSTART:20260101T090000Z',
        'DURATION:P1D',
        'RRULE:FREQ=WEEKLY',
        'RDATE;VALUE=PERIOD:20260102T100000Z/PT3H',
      ),
      [
        'DTSTART:20260101T090000Z',
        'DURATION:P1D',
        'RECURRENCE-ID:20260102T100000Z',
        'DTSTART:20260102T100000Z',
        'DTEND:20260102T130000Z',
      ],
    ],
    ['dates stay dates', event('DTSTART;VALUE=DATE:20260102', 'RRULE:FREQ=YEARLY'), ['DTSTART;VALUE=DATE:20260102']],
    [
      'floating times float',
      event('DTSTART:20260102T230000', 'DTEND:20260103T010000', 'RRULE:FREQ=WEEKLY'),
      ['DTSTART:20260102T230000', 'DTEND:20260103T010000'],
    ],
    [
      'an object that does not recur has no RECURRENCE-ID',
      event('DTSTART;TZID=Europe/Berlin:20260101T100000', 'DURATION:PT1H'),
      ['DTSTART:20260101T090000Z', 'DURATION:PT1H'],
    ],
    [
      'RDATE with a period',
      event('DTSTART:20260101T100000Z', 'RDATE;VALUE=PERIOD:20260102T100000Z/PT3H'),
      [
        'DTSTART:20260101T100000Z',
        'RECURRENCE-ID:20260102T100000Z',
        'DTSTART:20260102T100000Z',
        'DTEND:20260102T130000Z',
      ],
    ],
    ['outside of the range', event('DTSTART:20200101T100000Z', 'RRULE:FREQ=DAILY;COUNT=3'), []],
  ];
  for (const [name, text, expected] of cases)
    t.strictSame(times(print(calendar(text), { expand: january })), expected, name);

  const moved = calendar(
    event('DTSTART:20260101T100000Z', 'DTEND:20260101T110000Z', 'RRULE:FREQ=DAILY', 'SUMMARY:main'),
    event('RECURRENCE-ID:20260102T100000Z', 'DTSTART:20260102T150000Z', 'DTEND:20260102T160000Z', 'SUMMARY:moved'),
    event('RECURRENCE-ID:20260103T100000Z', 'DTSTART:20270102T150000Z', 'DTEND:20270102T160000Z', 'SUMMARY:away'),
  );
  t.equal(
    print(moved, { expand: january }),
    calendar(
      [
        'BEGIN:VEVENT',
        'DTSTART:20260101T100000Z',
        'DTEND:20260101T110000Z',
        'UID:1',
        'SUMMARY:main',
        'END:VEVENT',
      ].join('\r\n'),
      [
        'BEGIN:VEVENT',
        'RECURRENCE-ID:20260102T100000Z',
        'DTSTART:20260102T150000Z',
        'DTEND:20260102T160000Z',
        'UID:1',
        'SUMMARY:moved',
        'END:VEVENT',
      ].join('\r\n'),
    ),
    'overrides take the place of their instances',
  );
  t.strictSame(
    times(
      print(
        calendar(event('DTSTART;VALUE=DATE:20260101', 'RRULE:FREQ=DAILY')),
        { expand: range('20260102T040000Z', '20260102T050000Z') },
        findTimeZone('America/New_York'),
      ),
    ),
    ['DTSTART;VALUE=DATE:20260101'],
    'days are those of the floating zone',
  );
  const task = calendar(
    ['BEGIN:VTODO', 'UID:1', 'DTSTART:20260101T100000Z', 'DUE:20260101T120000Z', 'RRULE:FREQ=WEEKLY', 'END:VTODO'].join(
      '\r\n',
    ),
  );
  t.strictSame(times(print(task, { expand: january })), ['DTSTART:20260101T100000Z', 'DUE:20260101T120000Z']);
  const byDue = calendar(
    ['BEGIN:VTODO', 'UID:1', 'DUE:20260101T120000Z', 'RRULE:FREQ=DAILY;COUNT=2', 'END:VTODO'].join('\r\n'),
  );
  t.strictSame(
    times(print(byDue, { expand: january })),
    ['DUE:20260101T120000Z', 'RECURRENCE-ID:20260102T120000Z', 'DUE:20260102T120000Z'],
    'a task that recurs by DUE alone',
  );
});

t.test('expansion is bounded', async (t) => {
  const daily = event('DTSTART:20260101T100000Z', 'RRULE:FREQ=DAILY');
  const decade = range('20260101T000000Z', '20360101T000000Z');
  t.equal(
    times(print(calendar(daily), { expand: decade })).length,
    2 * 3_652 - 1,
    'ten years of every day are no problem',
  );
  const refused: [string, string][] = [
    [event('DTSTART:20260101T100000Z', 'RRULE:FREQ=SECONDLY'), 'every second'],
    [event('DTSTART:20260101T100000Z', 'RRULE:FREQ=DAILY', `DESCRIPTION:${'x'.repeat(200_000)}`), '200 kB every day'],
  ];
  for (const [text, name] of refused) {
    const before = performance.now();
    t.throws(() => print(calendar(text), { expand: decade }), { code: 'too-many-instances' }, name);
    t.ok(performance.now() - before < 1_000, name);
  }
  const budget = outputBudget();
  print(calendar(daily), { expand: decade }, UTC, budget);
  t.equal(budget.instances, outputBudget().instances - 3_652, 'one budget for all objects of an answer');
});

t.test('RFC 4791 §9.6.6: limit-recurrence-set', async (t) => {
  const text = calendar(
    event('DTSTART:20260101T100000Z', 'DURATION:PT1H', 'RRULE:FREQ=DAILY'),
    event('RECURRENCE-ID:20260105T100000Z', 'DTSTART:20260105T150000Z'),
    event('RECURRENCE-ID:20260205T100000Z', 'DTSTART:20260205T150000Z'),
    event('RECURRENCE-ID:20260305T100000Z', 'DTSTART:20260105T170000Z'),
    event('RECURRENCE-ID:20260106T100000Z', 'DTSTART:20260405T170000Z'),
    event('RECURRENCE-ID;RANGE=THISANDFUTURE:20250405T100000Z', 'DTSTART:20260405T110000Z'),
  );
  const printed = print(text, { limitRecurrence: range('20260105T000000Z', '20260107T000000Z') });
  t.strictSame(
    printed.split('\r\n').filter((line) => /^R/.test(line)),
    [
      'RRULE:FREQ=DAILY',
      'RECURRENCE-ID:20260105T100000Z',
      'RECURRENCE-ID:20260305T100000Z',
      'RECURRENCE-ID:20260106T100000Z',
      'RECURRENCE-ID;RANGE=THISANDFUTURE:20250405T100000Z',
    ],
  );
});

t.test('RFC 4791 §9.6.7: limit-freebusy-set', async (t) => {
  const text = calendar(
    'BEGIN:VFREEBUSY',
    'UID:1',
    'FREEBUSY;FBTYPE=BUSY:20260101T100000Z/PT1H,20260102T100000Z/PT1H',
    'FREEBUSY:20260103T100000Z/PT1H',
    'END:VFREEBUSY',
  );
  t.equal(
    print(text, { limitFreeBusy: range('20260102T000000Z', '20260103T000000Z') }),
    calendar('BEGIN:VFREEBUSY', 'UID:1', 'FREEBUSY;FBTYPE=BUSY:20260102T100000Z/PT1H', 'END:VFREEBUSY'),
  );
});

t.test('RFC 4791 §9.6.1 to §9.6.4: selection', async (t) => {
  const text = calendar(
    'BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nEND:VTIMEZONE',
    event(
      'DTSTART;TZID=Europe/Berlin:20260101T100000',
      'SUMMARY;LANGUAGE=en:secret',
      'BEGIN:VALARM',
      'ACTION:AUDIO',
      'END:VALARM',
    ),
  );
  const select = (name: string, parts: Partial<ComponentSelection> = {}): ComponentSelection => ({
    name,
    allProperties: false,
    properties: [],
    allComponents: false,
    components: [],
    ...parts,
  });
  const properties = (...names: string[]) => names.map((name) => ({ name, noValue: false }));
  t.equal(print(text, { selection: select('VCALENDAR') }), text, 'an empty comp asks for everything');
  t.equal(print(text, { selection: select('VCALENDAR', { allProperties: true, allComponents: true }) }), text);
  t.equal(
    print(text, {
      selection: select('VCALENDAR', {
        properties: properties('VERSION'),
        components: [
          select('VEVENT', { properties: [...properties('UID', 'DTSTART'), { name: 'SUMMARY', noValue: true }] }),
          select('VTIMEZONE'),
        ],
      }),
    }),
    [
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'BEGIN:VTIMEZONE',
      'TZID:Europe/Berlin',
      'END:VTIMEZONE',
      'BEGIN:VEVENT',
      'UID:1',
      'DTSTART;TZID=Europe/Berlin:20260101T100000',
      'SUMMARY;LANGUAGE=en:',
      'END:VEVENT',
      'END:VCALENDAR',
      '',
    ].join('\r\n'),
  );
  t.equal(
    print(text, {
      selection: select('VCALENDAR', {
        properties: properties('VERSION'),
        components: [select('VEVENT', { properties: properties('DTSTART') })],
      }),
      expand: range('20260101T000000Z', '20260201T000000Z'),
    }),
    [
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'BEGIN:VEVENT',
      'DTSTART:20260101T090000Z',
      'END:VEVENT',
      'END:VCALENDAR',
      '',
    ].join('\r\n'),
    'together with expand',
  );
});

t.test('what is printed again can be read again, and says the same', async (t) => {
  for (const name of ['apple-series-with-override', 'zone-of-its-own', 'outlook-windows-zone']) {
    const text = readFileSync(new URL(`../../../fixtures/icalendar/${name}.ics`, import.meta.url), 'utf8');
    const again = parseCalendarObject(print(text, {}));
    t.strictSame(again.content, parseCalendarObject(text).content, name);
  }
  t.equal(isPartial(nothing), false);
  t.equal(isPartial({ ...nothing, expand: range('20260101T000000Z', '20260201T000000Z') }), true);
});
