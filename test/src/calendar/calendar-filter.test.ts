/** Filters of calendar-query: every rule of RFC 4791 §9.7 and every row of the tables of §9.9. */
import t from 'tap';
import {
  type ComponentFilter,
  type FilterRange,
  matches,
  type PropertyFilter,
  planOf,
} from '../../../src/calendar/calendar-filter.ts';
import { UTC } from '../../../src/calendar/date-time.ts';
import { parseLocalTime } from '../../../src/calendar/date-values.ts';
import { parseCalendarObject } from '../../../src/calendar/icalendar.ts';
import { findTimeZone } from '../../../src/calendar/time-zones.ts';

const NEW_YORK = findTimeZone('America/New_York')!;

function object(name: string, ...lines: string[]) {
  const text = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    `BEGIN:${name}`,
    'UID:1',
    ...lines,
    `END:${name}`,
    'END:VCALENDAR',
    '',
  ];
  return parseCalendarObject(text.join('\r\n'));
}

function component(name: string, parts: Partial<ComponentFilter> = {}): ComponentFilter {
  return { name, isNotDefined: false, timeRange: null, properties: [], components: [], ...parts };
}

function property(name: string, parts: Partial<PropertyFilter> = {}): PropertyFilter {
  return { name, isNotDefined: false, timeRange: null, textMatch: null, parameters: [], ...parts };
}

function inside(...components: ComponentFilter[]): ComponentFilter {
  return component('VCALENDAR', { components });
}

/** 'from/until', each YYYYMMDDTHHMMSSZ or '*'. */
function range(text: string): FilterRange {
  const [from = '*', until = '*'] = text.split('/');
  const read = (side: string) => (side === '*' ? null : parseLocalTime(side).local);
  return { from: read(from), until: read(until) };
}

/** Hours of 1 January 2026 in UTC. */
const at = (hour: number) => `20260101T${String(hour).padStart(2, '0')}0000Z`;
const hours = (from: number, until: number) => `${at(from)}/${at(until)}`;

t.test('RFC 4791 §9.9: time-range on components', async (t) => {
  const cases: [string, string[], string, boolean][] = [
    // VEVENT with an end: start < DTEND and end > DTSTART.
    ['VEVENT', [`DTSTART:${at(10)}`, `DTEND:${at(12)}`], hours(9, 10), false],
    ['VEVENT', [`DTSTART:${at(10)}`, `DTEND:${at(12)}`], hours(9, 11), true],
    ['VEVENT', [`DTSTART:${at(10)}`, `DTEND:${at(12)}`], hours(11, 12), true],
    ['VEVENT', [`DTSTART:${at(10)}`, `DTEND:${at(12)}`], hours(12, 13), false],
    ['VEVENT', [`DTSTART:${at(10)}`, 'DURATION:PT2H'], hours(11, 12), true],
    ['VEVENT', [`DTSTART:${at(10)}`, 'DURATION:PT2H'], hours(12, 13), false],
    ['VEVENT', [`DTSTART:${at(10)}`, 'DURATION:PT0S'], hours(10, 11), true],
    ['VEVENT', [`DTSTART:${at(10)}`, 'DURATION:PT0S'], hours(9, 10), false],
    ['VEVENT', [`DTSTART:${at(10)}`], hours(10, 11), true],
    ['VEVENT', [`DTSTART:${at(10)}`], hours(9, 10), false],
    ['VEVENT', ['DTSTART;VALUE=DATE:20260101'], '20260101T230000Z/20260102T000000Z', true],
    ['VEVENT', ['DTSTART;VALUE=DATE:20260101'], '20260102T000000Z/20260103T000000Z', false],
    ['VEVENT', ['DTSTART;VALUE=DATE:20260101', 'DTEND;VALUE=DATE:20260103'], '20260102T000000Z/20260103T000000Z', true],
    ['VEVENT', [`DTSTART:${at(10)}`], `${at(9)}/*`, true],
    ['VEVENT', [`DTSTART:${at(10)}`], `${at(11)}/*`, false],
    ['VEVENT', [`DTSTART:${at(10)}`], `*/${at(11)}`, true],
    ['VEVENT', [`DTSTART:${at(10)}`], `*/${at(10)}`, false],
    // Recurrence.
    ['VEVENT', [`DTSTART:${at(10)}`, 'DURATION:PT1H', 'RRULE:FREQ=DAILY'], '20300505T103000Z/20300505T104000Z', true],
    ['VEVENT', [`DTSTART:${at(10)}`, 'DURATION:PT1H', 'RRULE:FREQ=DAILY'], '20300505T113000Z/20300505T114000Z', false],
    ['VEVENT', [`DTSTART:${at(10)}`, 'DURATION:PT1H', 'RRULE:FREQ=DAILY;COUNT=3'], '20260104T000000Z/*', false],
    ['VEVENT', [`DTSTART:${at(10)}`, 'DURATION:PT1H', 'RRULE:FREQ=DAILY;COUNT=3'], '20260103T000000Z/*', true],
    ['VEVENT', [`DTSTART:${at(10)}`, 'DURATION:PT1H', 'RRULE:FREQ=DAILY'], '20260501T000000Z/*', true],
    [
      'VEVENT',
      [`DTSTART:${at(10)}`, 'RRULE:FREQ=DAILY', 'EXDATE:20260102T100000Z'],
      '20260102T000000Z/20260103T000000Z',
      false,
    ],
    ['VEVENT', [`DTSTART:${at(10)}`, 'RDATE:20280101T100000Z'], '20280101T000000Z/20280102T000000Z', true],
    ['VEVENT', [`DTSTART:${at(10)}`, 'RRULE:FREQ=YEARLY;INTERVAL=100'], '20270101T000000Z/21250101T000000Z', false],
    ['VEVENT', [`DTSTART:${at(10)}`, 'RRULE:FREQ=YEARLY;INTERVAL=100'], '20270101T000000Z/21270101T000000Z', true],
    // VTODO, row by row.
    ['VTODO', [`DTSTART:${at(10)}`, 'DURATION:PT2H'], hours(12, 13), true],
    ['VTODO', [`DTSTART:${at(10)}`, 'DURATION:PT2H'], hours(13, 14), false],
    ['VTODO', [`DTSTART:${at(10)}`, 'DURATION:PT2H'], hours(9, 10), false],
    ['VTODO', [`DTSTART:${at(10)}`, `DUE:${at(12)}`], hours(11, 13), true],
    ['VTODO', [`DTSTART:${at(10)}`, `DUE:${at(12)}`], hours(12, 13), false],
    ['VTODO', [`DTSTART:${at(10)}`, `DUE:${at(12)}`], hours(9, 10), false],
    ['VTODO', [`DTSTART:${at(10)}`, `DUE:${at(10)}`], hours(10, 11), true],
    ['VTODO', [`DTSTART:${at(10)}`], hours(10, 11), true],
    ['VTODO', [`DTSTART:${at(10)}`], hours(9, 10), false],
    ['VTODO', [`DTSTART:${at(10)}`], hours(11, 12), false],
    ['VTODO', [`DUE:${at(10)}`], hours(9, 10), true],
    ['VTODO', [`DUE:${at(10)}`], hours(10, 11), false],
    ['VTODO', [`DUE:${at(10)}`], hours(8, 9), false],
    ['VTODO', [`DUE:${at(10)}`, 'RRULE:FREQ=HOURLY;COUNT=3'], hours(11, 12), true],
    ['VTODO', [`DUE:${at(10)}`, 'RRULE:FREQ=HOURLY;COUNT=3'], hours(12, 13), false],
    ['VTODO', [`COMPLETED:${at(12)}`, `CREATED:${at(10)}`], hours(12, 13), true],
    ['VTODO', [`COMPLETED:${at(12)}`, `CREATED:${at(10)}`], hours(9, 10), true],
    ['VTODO', [`COMPLETED:${at(12)}`, `CREATED:${at(10)}`], hours(13, 14), false],
    ['VTODO', [`COMPLETED:${at(12)}`, `CREATED:${at(10)}`], hours(8, 9), false],
    ['VTODO', [`COMPLETED:${at(12)}`], hours(12, 13), true],
    ['VTODO', [`COMPLETED:${at(12)}`], hours(11, 12), true],
    ['VTODO', [`COMPLETED:${at(12)}`], hours(13, 14), false],
    ['VTODO', [`CREATED:${at(10)}`], hours(20, 21), true],
    ['VTODO', [`CREATED:${at(10)}`], hours(9, 10), false],
    ['VTODO', [], hours(1, 2), true],
    ['VTODO', [`DTSTART:${at(10)}`, `DUE:${at(11)}`, 'RRULE:FREQ=WEEKLY'], '20260108T103000Z/20260108T104000Z', true],
    ['VTODO', [`DTSTART:${at(10)}`, `DUE:${at(11)}`, 'RRULE:FREQ=WEEKLY'], '20260109T103000Z/20260109T104000Z', false],
    // VJOURNAL.
    ['VJOURNAL', [`DTSTART:${at(10)}`], hours(10, 11), true],
    ['VJOURNAL', [`DTSTART:${at(10)}`], hours(11, 12), false],
    ['VJOURNAL', ['DTSTART;VALUE=DATE:20260101'], hours(22, 23), true],
    ['VJOURNAL', ['DTSTART;VALUE=DATE:20260101'], '20260102T000000Z/20260103T000000Z', false],
    ['VJOURNAL', [], hours(1, 2), false],
    // VFREEBUSY.
    ['VFREEBUSY', [`DTSTART:${at(10)}`, `DTEND:${at(12)}`], hours(12, 13), true],
    ['VFREEBUSY', [`DTSTART:${at(10)}`, `DTEND:${at(12)}`], hours(13, 14), false],
    ['VFREEBUSY', [`FREEBUSY:${at(1)}/PT1H,${at(5)}/${at(6)}`], hours(5, 6), true],
    ['VFREEBUSY', [`FREEBUSY:${at(1)}/PT1H,${at(5)}/${at(6)}`], hours(2, 5), false],
    ['VFREEBUSY', [], hours(1, 2), false],
    // VAVAILABILITY (RFC 7953).
    ['VAVAILABILITY', [], hours(1, 2), true],
    ['VAVAILABILITY', [`DTSTART:${at(10)}`], hours(9, 10), false],
    ['VAVAILABILITY', [`DTSTART:${at(10)}`, `DTEND:${at(12)}`], hours(12, 13), false],
  ];
  for (const [name, lines, time, expected] of cases) {
    const filter = inside(component(name, { timeRange: range(time) }));
    t.equal(matches(object(name, ...lines), filter, UTC), expected, `${name} ${lines.join(' ')} in ${time}`);
  }
});

t.test('floating times are read in the zone given', async (t) => {
  const event = object('VEVENT', 'DTSTART:20260101T100000', 'DTEND:20260101T110000');
  const filter = inside(component('VEVENT', { timeRange: range(hours(15, 16)) }));
  t.equal(matches(event, filter, UTC), false);
  t.equal(matches(event, filter, NEW_YORK), true);
});

t.test('an override moves its instance', async (t) => {
  const model = parseCalendarObject(
    [
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      ...[
        'BEGIN:VEVENT',
        'UID:1',
        `DTSTART:${at(10)}`,
        'DURATION:PT1H',
        'RRULE:FREQ=DAILY;COUNT=3',
        'SUMMARY:main',
        'END:VEVENT',
      ],
      ...[
        'BEGIN:VEVENT',
        'UID:1',
        'RECURRENCE-ID:20260102T100000Z',
        'DTSTART:20260201T100000Z',
        'DURATION:PT1H',
        'SUMMARY:moved',
        'END:VEVENT',
      ],
      'END:VCALENDAR',
    ].join('\r\n'),
  );
  const on = (day: string, summary?: string) =>
    matches(
      model,
      inside(
        component('VEVENT', {
          timeRange: range(`${day}T000000Z/${day}T235959Z`),
          properties: summary
            ? [property('SUMMARY', { textMatch: { text: summary, collation: 'i;octet', negate: false } })]
            : [],
        }),
      ),
      UTC,
    );
  t.equal(on('20260102'), false);
  t.equal(on('20260201'), true);
  t.equal(on('20260103'), true);
  t.equal(on('20260201', 'moved'), true);
  t.equal(on('20260201', 'main'), false, 'time and text must hold for the same component');
});

t.test('RFC 4791 §9.9: VALARM', async (t) => {
  const alarm = (...lines: string[]) => ['BEGIN:VALARM', 'ACTION:DISPLAY', ...lines, 'END:VALARM'];
  const event = [`DTSTART:${at(10)}`, `DTEND:${at(12)}`];
  const cases: [string, string[], string, boolean][] = [
    ['VEVENT', [...event, ...alarm('TRIGGER:-PT1H')], hours(9, 10), true],
    ['VEVENT', [...event, ...alarm('TRIGGER:-PT1H')], hours(8, 9), false],
    ['VEVENT', [...event, ...alarm('TRIGGER;RELATED=END:PT1H')], hours(13, 14), true],
    ['VEVENT', [...event, ...alarm('TRIGGER;RELATED=END:PT1H')], hours(11, 12), false],
    ['VEVENT', [...event, ...alarm(`TRIGGER;VALUE=DATE-TIME:${at(3)}`)], hours(3, 4), true],
    ['VEVENT', [...event, ...alarm(`TRIGGER;VALUE=DATE-TIME:${at(3)}`)], hours(4, 5), false],
    ['VEVENT', [...event, ...alarm('TRIGGER:PT0S', 'REPEAT:3', 'DURATION:PT1H')], hours(13, 14), true],
    ['VEVENT', [...event, ...alarm('TRIGGER:PT0S', 'REPEAT:3', 'DURATION:PT1H')], hours(14, 15), false],
    ['VEVENT', [...event, ...alarm('TRIGGER:PT0S', 'REPEAT:999999999', 'DURATION:PT1S')], hours(11, 12), true],
    ['VEVENT', [...event, 'RRULE:FREQ=DAILY', ...alarm('TRIGGER:-P1D')], '20260209T100000Z/20260209T100001Z', true],
    [
      'VEVENT',
      [...event, 'RRULE:FREQ=DAILY;COUNT=2', ...alarm('TRIGGER:-P1D')],
      '20260102T000000Z/20260103T000000Z',
      false,
    ],
    ['VEVENT', [...event, ...alarm('TRIGGER:soon')], hours(0, 23), false],
    ['VTODO', [`DUE:${at(10)}`, ...alarm('TRIGGER;RELATED=END:-PT1H')], hours(9, 10), true],
    ['VTODO', [...alarm('TRIGGER:-PT1H')], hours(9, 10), false],
  ];
  for (const [name, lines, time, expected] of cases) {
    const filter = inside(component(name, { components: [component('VALARM', { timeRange: range(time) })] }));
    t.equal(matches(object(name, ...lines), filter, UTC), expected, `${lines.slice(1).join(' ')} in ${time}`);
  }
});

t.test('RFC 4791 §9.7.1: comp-filter', async (t) => {
  const event = object('VEVENT', `DTSTART:${at(10)}`, 'BEGIN:VALARM', 'ACTION:AUDIO', 'END:VALARM');
  const none = { isNotDefined: true };
  const cases: [ComponentFilter, boolean][] = [
    [inside(), true],
    [inside(component('VEVENT')), true],
    [inside(component('VTODO')), false],
    [inside(component('VTODO', none)), true],
    [inside(component('VEVENT', none)), false],
    [inside(component('VEVENT', { components: [component('VALARM')] })), true],
    [inside(component('VEVENT', { components: [component('VALARM', none)] })), false],
    [inside(component('VEVENT'), component('VTODO')), false],
    [inside(component('VTIMEZONE', none)), true],
    [component('VEVENT'), false],
    [component('VCALENDAR', { isNotDefined: true }), false],
    [component('VCALENDAR', { properties: [property('VERSION')] }), true],
    [component('VCALENDAR', { properties: [property('METHOD')] }), false],
  ];
  for (const [index, [filter, expected]] of cases.entries())
    t.equal(matches(event, filter, UTC), expected, String(index));
});

t.test('RFC 4791 §9.7.2 to §9.7.5: prop-filter, param-filter, text-match', async (t) => {
  const event = object(
    'VEVENT',
    'DTSTART;TZID=Europe/Berlin:20260101T100000',
    'SUMMARY;LANGUAGE=en:Straße\\, Office (.*)',
    'ATTENDEE;PARTSTAT=NEEDS-ACTION;CN=Eva:mailto:eva@example.org',
    'ATTENDEE;PARTSTAT=ACCEPTED:mailto:ida@example.org',
    'CATEGORIES:Work,Private',
    'X-DATE;VALUE=DATE:20260102',
  );
  const text = (
    value: string,
    collation: 'i;octet' | 'i;ascii-casemap' | 'i;unicode-casemap' = 'i;ascii-casemap',
    negate = false,
  ) => ({
    textMatch: { text: value, collation, negate },
  });
  const parameter = (name: string, parts = {}) => ({ name, isNotDefined: false, textMatch: null, ...parts });
  const cases: [string, PropertyFilter, boolean][] = [
    ['defined', property('SUMMARY'), true],
    ['not defined', property('SUMMARY', { isNotDefined: true }), false],
    ['absent', property('LOCATION'), false],
    ['absent, wanted so', property('LOCATION', { isNotDefined: true }), true],
    ['substring', property('SUMMARY', text('office')), true],
    ['octet knows case', property('SUMMARY', text('office', 'i;octet')), false],
    ['octet', property('SUMMARY', text('Office', 'i;octet')), true],
    ['ascii folds ascii only', property('SUMMARY', text('STRASSE')), false],
    ['unicode folds', property('SUMMARY', text('STRASSE', 'i;unicode-casemap')), true],
    ['escapes are undone', property('SUMMARY', text('e, o')), true],
    ['no pattern', property('SUMMARY', text('o.fice')), false],
    ['a pattern as text', property('SUMMARY', text('(.*)')), true],
    ['negated', property('SUMMARY', text('office', 'i;ascii-casemap', true)), false],
    ['negated, other', property('SUMMARY', text('other', 'i;ascii-casemap', true)), true],
    ['negated on nothing', property('LOCATION', text('x', 'i;ascii-casemap', true)), false],
    ['empty text', property('SUMMARY', text('')), true],
    ['list', property('CATEGORIES', text('private')), true],
    ['parameter', property('ATTENDEE', { parameters: [parameter('PARTSTAT')] }), true],
    ['parameter text', property('ATTENDEE', { parameters: [parameter('PARTSTAT', text('needs-action'))] }), true],
    ['parameter absent', property('ATTENDEE', { parameters: [parameter('ROLE')] }), false],
    ['one without', property('ATTENDEE', { parameters: [parameter('CN', { isNotDefined: true })] }), true],
    ['none without', property('ATTENDEE', { parameters: [parameter('PARTSTAT', { isNotDefined: true })] }), false],
    [
      'both of one',
      property('ATTENDEE', { ...text('ida@'), parameters: [parameter('PARTSTAT', text('ACCEPTED'))] }),
      true,
    ],
    ['of two', property('ATTENDEE', { ...text('ida@'), parameters: [parameter('PARTSTAT', text('NEEDS'))] }), false],
    ['inherited name', property('ATTENDEE', { parameters: [parameter('CONSTRUCTOR')] }), false],
    ['VALUE', property('X-DATE', { parameters: [parameter('VALUE', text('date'))] }), true],
    ['time-range', property('DTSTART', { timeRange: range(hours(9, 10)) }), true],
    ['time-range, after', property('DTSTART', { timeRange: range(hours(10, 11)) }), false],
    ['date', property('X-DATE', { timeRange: range('20260102T230000Z/20260103T000000Z') }), true],
    ['date, after', property('X-DATE', { timeRange: range('20260103T000000Z/20260104T000000Z') }), false],
    ['no date', property('SUMMARY', { timeRange: range(hours(0, 23)) }), false],
  ];
  for (const [name, filter, expected] of cases) {
    t.equal(matches(event, inside(component('VEVENT', { properties: [filter] })), UTC), expected, name);
  }
});

t.test('AVAILABLE inside VAVAILABILITY', async (t) => {
  const model = object(
    'VAVAILABILITY',
    'BEGIN:AVAILABLE',
    'UID:2',
    `DTSTART:${at(10)}`,
    `DTEND:${at(12)}`,
    'RRULE:FREQ=DAILY',
    'END:AVAILABLE',
  );
  const filter = (time: string) =>
    inside(component('VAVAILABILITY', { components: [component('AVAILABLE', { timeRange: range(time) })] }));
  t.equal(matches(model, filter('20260301T100000Z/20260301T110000Z'), UTC), true);
  t.equal(matches(model, filter('20260301T130000Z/20260301T140000Z'), UTC), false);
});

t.test('what the index can answer', async (t) => {
  const time = { from: 0, until: 1_000 };
  const summary = [property('SUMMARY')];
  t.strictSame(planOf(inside()), { component: null, range: null, exact: true });
  t.strictSame(planOf(inside(component('VEVENT'))), { component: 'VEVENT', range: null, exact: true });
  t.strictSame(planOf(inside(component('VEVENT', { timeRange: time }))), {
    component: 'VEVENT',
    range: time,
    exact: true,
  });
  t.strictSame(planOf(inside(component('VTODO', { timeRange: time }))), {
    component: 'VTODO',
    range: time,
    exact: false,
  });
  t.strictSame(planOf(inside(component('VEVENT', { timeRange: time, properties: summary }))), {
    component: 'VEVENT',
    range: time,
    exact: false,
  });
  t.equal(planOf(inside(component('VEVENT', { isNotDefined: true }))).component, null);
  t.equal(planOf(inside(component('VEVENT'), component('VTODO'))).exact, false);
  t.equal(planOf(component('VCALENDAR', { properties: summary })).exact, false);
  t.equal(planOf(inside(component('VTIMEZONE'))).exact, false);
});

t.test('rules that never match or never end are answered', async (t) => {
  for (const rule of [
    'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=SECONDLY',
    'FREQ=MINUTELY;BYMONTHDAY=31;BYMONTH=2',
    'FREQ=DAILY;COUNT=1000000000',
  ]) {
    const event = object('VEVENT', `DTSTART:${at(10)}`, `RRULE:${rule}`);
    const before = performance.now();
    for (const time of ['20990101T000000Z/*', '*/20250101T000000Z', '20270101T000000Z/24990101T000000Z']) {
      matches(event, inside(component('VEVENT', { timeRange: range(time) })), UTC);
    }
    t.ok(performance.now() - before < 1_000, rule);
  }
});
