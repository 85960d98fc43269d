import t from 'tap';
import { DAY, HOUR, UTC } from '../../../src/calendar/date-time.ts';
import { bounds, expand, type Override, type RecurringItem } from '../../../src/calendar/recurrence.ts';
import { parseRecurrenceRule } from '../../../src/calendar/recurrence-rule.ts';
import { at, days, hours, item, local, starts, text, zoneOf } from '../../support/recurrence-items.ts';

const YEARS = ['2000-01-01', '2100-01-01'] as const;

function override(recurrenceId: string, start: string, key: number, more: Partial<Override> = {}): Override {
  return { recurrenceId: at(recurrenceId), start: at(start), duration: hours(1), thisAndFuture: false, key, ...more };
}

t.test('RFC 5545 §3.3.10, rules and the dates they yield', (t) => {
  const table: [string, string, string[]][] = [
    // Leap days come every four years but for three centuries of four.
    ['2096-02-29', 'FREQ=YEARLY;COUNT=3', ['2096-02-29', '2104-02-29', '2108-02-29']],
    ['2024-02-29', 'FREQ=MONTHLY;COUNT=3', ['2024-02-29', '2024-03-29', '2024-04-29']],
    ['2025-01-31', 'FREQ=MONTHLY;COUNT=3', ['2025-01-31', '2025-03-31', '2025-05-31']],
    ['2024-12-31', 'FREQ=YEARLY;BYYEARDAY=366;COUNT=2', ['2024-12-31', '2028-12-31']],
    ['2025-02-28', 'FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3', ['2025-02-28', '2025-03-31', '2025-04-30']],
    // Every day of week 53; the weekday alone when the rule names none.
    ['2020-12-28', 'FREQ=YEARLY;BYWEEKNO=53;COUNT=3', ['2020-12-28', '2026-12-28', '2032-12-27']],
    ['2025-12-29', 'FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO;COUNT=3', ['2025-12-29', '2027-01-04', '2028-01-03']],
    ['2025-12-29', 'FREQ=YEARLY;BYWEEKNO=-53;BYDAY=MO;COUNT=2', ['2025-12-29', '2031-12-29']],
    ['2025-01-06', 'FREQ=MONTHLY;BYDAY=1MO,FR;COUNT=4', ['2025-01-06', '2025-01-10', '2025-01-17', '2025-01-24']],
    ['2025-01-07', 'FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1;COUNT=3', ['2025-01-07', '2025-01-13', '2025-01-20']],
    // Rules by the hour keep the midnights of a DATE; parts of the day are ignored.
    ['2025-01-06', 'FREQ=HOURLY;INTERVAL=36;COUNT=3', ['2025-01-06', '2025-01-09', '2025-01-12']],
    ['2025-01-06', 'FREQ=DAILY;BYHOUR=9,10;COUNT=2', ['2025-01-06', '2025-01-07']],
    // Never: DTSTART alone.
    ['2025-01-06', 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30', ['2025-01-06']],
    ['2025-01-06', 'FREQ=DAILY;UNTIL=20240101', ['2025-01-06']],
    ['2025-01-06T10:00', 'FREQ=MINUTELY;INTERVAL=2;BYMINUTE=1', ['2025-01-06T10:00']],
    ['2025-01-06T10:00', 'FREQ=DAILY;BYSECOND=59,60;COUNT=2', ['2025-01-06T10:00', '2025-01-06T10:00:59']],
    // DTSTART takes the first place of COUNT, whether the rule yields it or not.
    ['2025-01-07', 'FREQ=WEEKLY;BYDAY=MO;COUNT=3', ['2025-01-07', '2025-01-13', '2025-01-20']],
    ['2025-01-07', 'FREQ=WEEKLY;BYDAY=MO;COUNT=1', ['2025-01-07']],
    // UNTIL as a DATE holds for that whole day; one with a time, beside a DATE, counts by its date.
    ['2025-01-06T10:00', 'FREQ=DAILY;UNTIL=20250107', ['2025-01-06T10:00', '2025-01-07T10:00']],
    ['2025-01-06', 'FREQ=DAILY;UNTIL=20250107T230000Z', ['2025-01-06', '2025-01-07']],
    ['2025-01-06T10:00', 'FREQ=DAILY;UNTIL=20250107T100000Z', ['2025-01-06T10:00', '2025-01-07T10:00']],
    ['2025-01-06T10:00', 'FREQ=DAILY;UNTIL=20250107T095959', ['2025-01-06T10:00']],
  ];
  for (const [start, rule, expected] of table) {
    const normal = expected.map((each) => (each.length === 10 ? `${each}T00:00` : each));
    t.same(starts(item(start, [rule]), '1990-01-01', '2110-01-01'), normal, `${start} ${rule}`);
  }
  t.end();
});

t.test('BYWEEKNO is the week of ISO 8601', (t) => {
  // A week belongs to the year of its Thursday, and is numbered by how many Thursdays came before.
  const weekOf = (day: number): { week: number; fromEnd: number } => {
    const thursday = new Date(day + (3 - ((new Date(day).getUTCDay() + 6) % 7)) * DAY);
    const year = thursday.getUTCFullYear();
    let week = 1;
    let weeks = 0;
    for (let each = Date.UTC(year, 0, 1); new Date(each).getUTCFullYear() === year; each += DAY) {
      if (new Date(each).getUTCDay() === 4) {
        weeks += 1;
        week = each <= thursday.getTime() ? weeks : week;
      }
    }
    return { week, fromEnd: week - weeks - 1 };
  };
  const turns: number[] = [];
  for (let year = 1980; year < 2025; year += 1) {
    for (let day = -10; day < 10; day += 1) {
      turns.push(Date.UTC(year, 0, 1) + day * DAY);
    }
  }
  for (const number of [1, 2, 51, 52, 53, -1, -2, -51, -52, -53]) {
    const rule = `FREQ=YEARLY;BYWEEKNO=${number};BYDAY=MO,TU,WE,TH,FR,SA,SU`;
    const found = new Set(starts(item('1970-01-01', [rule]), '1979-01-01', '2026-01-01').map(local));
    const wrong = turns.filter((day) => {
      const { week, fromEnd } = weekOf(day);
      return found.has(day) !== (week === number || fromEnd === number);
    });
    t.same(wrong.map(text), [], rule);
  }
  t.end();
});

t.test('RFC 5545 §3.3.5, §3.3.10 with erratum 4271: times that do not exist or occur twice', (t) => {
  const berlin = item('2025-03-29T02:30 Europe/Berlin', ['FREQ=DAILY;COUNT=3']);
  t.same(starts(berlin, ...YEARS), ['2025-03-29T01:30', '2025-03-30T01:30', '2025-03-31T00:30'], 'into a gap');
  const autumn = item('2025-10-25T02:30 Europe/Berlin', ['FREQ=DAILY;COUNT=3']);
  t.same(starts(autumn, ...YEARS), ['2025-10-25T00:30', '2025-10-26T00:30', '2025-10-27T01:30'], 'the first of two');
  const hourly = item('2025-10-26T01:00 Europe/Berlin', ['FREQ=HOURLY;COUNT=4']);
  t.same(
    starts(hourly, ...YEARS),
    ['2025-10-25T23:00', '2025-10-26T00:00', '2025-10-26T02:00', '2025-10-26T03:00'],
    'hours are counted on the clock on the wall: a repeated one holds one instance',
  );
  const skipped = item('2025-03-30T01:30 Europe/Berlin', ['FREQ=HOURLY;COUNT=4']);
  t.same(
    starts(skipped, ...YEARS),
    ['2025-03-30T00:30', '2025-03-30T01:30', '2025-03-30T02:30'],
    'and a skipped one falls together with the next, but counts',
  );
  const minutes = item('2025-03-30T02:00 Europe/Berlin', ['FREQ=MINUTELY;INTERVAL=40;COUNT=4']);
  t.same(
    starts(minutes, ...YEARS),
    ['2025-03-30T01:00', '2025-03-30T01:20', '2025-03-30T01:40', '2025-03-30T02:00'],
    'always ascending',
  );
  const lordHowe = item('2025-10-04T02:15 Australia/Lord_Howe', ['FREQ=DAILY;COUNT=3']);
  t.same(starts(lordHowe, ...YEARS), ['2025-10-03T15:45', '2025-10-04T15:45', '2025-10-05T15:15'], 'half an hour');
  const kathmandu = item('2025-01-06T09:00 Asia/Kathmandu', ['FREQ=WEEKLY;COUNT=2']);
  t.same(starts(kathmandu, ...YEARS), ['2025-01-06T03:15', '2025-01-13T03:15']);
  const apia = item('2011-12-29T10:00 Pacific/Apia', ['FREQ=DAILY;COUNT=4']);
  t.same(
    starts(apia, ...YEARS),
    ['2011-12-29T20:00', '2011-12-30T20:00', '2011-12-31T20:00'],
    'the day that Samoa skipped is the day after it',
  );
  t.end();
});

t.test('UNTIL in UTC is an instant', (t) => {
  const daily = (until: string): string[] =>
    starts(item('2025-10-25T02:30 Europe/Berlin', [`FREQ=DAILY;UNTIL=${until}`]), ...YEARS);
  t.same(daily('20251026T003000Z').length, 2);
  t.same(daily('20251026T002959Z').length, 1);
  t.same(daily('20251026T011500Z').length, 2, 'the second time of the repeated hour is past the first');
  t.same(daily('20251027T013000Z').length, 3);
  const eve = item('2025-01-06T23:00 America/New_York', ['FREQ=DAILY;UNTIL=20250108T040000Z']);
  t.same(starts(eve, ...YEARS), ['2025-01-07T04:00', '2025-01-08T04:00']);
  const liberal = item('2025-01-06T23:00 America/New_York', ['FREQ=DAILY;UNTIL=20250108T040000']);
  t.same(starts(liberal, ...YEARS).length, 2, 'without Z it is read in the zone of DTSTART');
  t.end();
});

t.test('RFC 5545 §3.8.5.1, EXDATE', (t) => {
  const rule = ['FREQ=DAILY;COUNT=4'];
  const start = '2025-01-06T09:00 Europe/Berlin';
  const left = (exception: string): string[] =>
    starts(item(start, rule, { exceptions: [at(exception)] }), ...YEARS).map((each) => each.slice(8, 10));
  t.same(left('2025-01-07T09:00 Europe/Berlin'), ['06', '08', '09']);
  t.same(left('2025-01-07T08:00Z'), ['06', '08', '09'], 'in UTC');
  t.same(left('2025-01-07T03:00 America/New_York'), ['06', '08', '09'], 'in another zone');
  t.same(left('2025-01-07T09:00'), ['06', '08', '09'], 'without zone: in the zone of DTSTART');
  t.same(left('2025-01-07'), ['06', '08', '09'], 'a DATE takes the day away');
  t.same(left('2025-01-06T09:00 Europe/Berlin'), ['07', '08', '09'], 'DTSTART can be taken away');
  t.same(left('2025-01-07T09:01 Europe/Berlin').length, 4, 'another time takes nothing away');
  const allDay = item('2025-01-06', rule, { exceptions: [at('2025-01-07T00:00Z'), at('2025-01-08T15:00')] });
  t.same(starts(allDay, ...YEARS), ['2025-01-06T00:00', '2025-01-09T00:00'], 'a time beside a DATE counts by its date');
  const exrule = item(start, rule, { exceptionRules: [parseRecurrenceRule('FREQ=DAILY;INTERVAL=2')] });
  t.same(starts(exrule, ...YEARS), ['2025-01-07T08:00', '2025-01-09T08:00'], 'EXRULE');
  const counted = item('2025-01-06T09:00', ['FREQ=DAILY;COUNT=3'], { exceptions: [at('2025-01-07T09:00')] });
  t.equal(starts(counted, ...YEARS).length, 2, 'what is taken away counts for COUNT');
  t.end();
});

t.test('RFC 5545 §3.8.5.2, RDATE', (t) => {
  const zone = 'Europe/Berlin';
  const more = item(`2025-01-06T09:00 ${zone}`, ['FREQ=WEEKLY;COUNT=2'], {
    dates: [
      { start: at('2025-01-08T07:00Z'), duration: hours(3) },
      { start: at(`2025-01-01T10:00 ${zone}`) },
      { start: at(`2025-01-13T09:00 ${zone}`), end: at(`2025-01-13T09:15 ${zone}`) },
      { start: at(`2025-01-06T09:00 ${zone}`) },
    ],
    exceptions: [at(`2025-01-01T10:00 ${zone}`)],
  });
  const found = expand(more, { from: local('2025-01-01'), until: local('2026-01-01') }, UTC).occurrences;
  t.same(
    found.map(({ start, end }) => [text(start), (end - start) / HOUR]),
    [
      ['2025-01-06T08:00', 1],
      ['2025-01-08T07:00', 3],
      ['2025-01-13T08:00', 0.25],
    ],
  );
  t.equal(text(bounds(more, UTC).firstStart), '2025-01-01T09:00');
  t.equal(text(bounds(more, UTC).lastEnd!), '2025-01-13T09:00');
  const long = item(`2025-01-06T09:00 ${zone}`, ['FREQ=WEEKLY;COUNT=2'], {
    dates: [{ start: at('2025-01-08T07:00Z'), duration: days(30) }],
  });
  t.same(starts(long, '2025-02-01', '2025-02-02'), ['2025-01-08T07:00'], 'a long period reaches far');
  t.equal(text(bounds(long, UTC).lastEnd!), '2025-02-07T07:00');
  t.end();
});

t.test('several rules make one set', (t) => {
  const both = item('2025-01-06T09:00', ['FREQ=DAILY;COUNT=3', 'FREQ=DAILY;INTERVAL=2;COUNT=3']);
  t.same(starts(both, ...YEARS), ['2025-01-06T09:00', '2025-01-07T09:00', '2025-01-08T09:00', '2025-01-10T09:00']);
  t.end();
});

t.test('RFC 4791 §9.9, what overlaps a range', (t) => {
  const overlap = (what: RecurringItem, from: string, until: string): number => starts(what, from, until).length;
  const daily = item('2025-01-06T09:00', ['FREQ=DAILY;COUNT=5'], { duration: hours(2) });
  t.equal(overlap(daily, '2025-01-07T10:00', '2025-01-07T10:01'), 1, 'began before');
  t.equal(overlap(daily, '2025-01-07T11:00', '2025-01-08T09:00'), 0, 'the end and the limit are exclusive');
  t.equal(overlap(daily, '2025-01-07T10:59', '2025-01-08T09:01'), 2);
  const long = item('2025-01-06T09:00', ['FREQ=MONTHLY;COUNT=20'], { duration: days(60) });
  t.equal(overlap(long, '2025-06-01', '2025-06-02'), 2, 'longer than the time between two');
  const none = item('2025-01-06T09:00', ['FREQ=DAILY;COUNT=5'], { duration: hours(0) });
  t.equal(overlap(none, '2025-01-07T09:00', '2025-01-07T10:00'), 1, 'without length: a start at the beginning counts');
  t.equal(overlap(none, '2025-01-07T08:00', '2025-01-07T09:00'), 0, 'at the limit not');
  const backwards = item('2025-01-06T09:00', [], { duration: hours(-3) });
  t.equal(overlap(backwards, '2025-01-06T09:00', '2025-01-06T10:00'), 1, 'a negative duration counts as none');
  const single = item('2025-01-06T09:00', []);
  t.equal(overlap(single, '2025-01-06', '2025-01-07'), 1, 'what does not recur');
  t.end();
});

t.test('a range without limits', (t) => {
  const ever = { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY };
  for (const start of [
    '2025-01-06T09:00 Europe/Berlin',
    '2025-01-06T09:00',
    '2025-01-06',
    '9999-12-31T23:59 Asia/Tokyo',
  ]) {
    const few = expand(item(start, ['FREQ=YEARLY;COUNT=3']), ever, zoneOf('America/New_York'));
    t.equal(few.occurrences.length, start.startsWith('9') ? 1 : 3, start);
    t.ok(few.complete);
    t.ok(few.occurrences.every((each) => Number.isFinite(each.start) && Number.isFinite(each.end)));
  }
  t.end();
});

t.test('days are nominal, hours exact (RFC 5545 §3.8.5.3)', (t) => {
  const lengths = (duration: ReturnType<typeof days>): number[] =>
    expand(
      item('2025-03-29T12:00 Europe/Berlin', ['FREQ=DAILY;COUNT=2'], { duration }),
      { from: local('2025-01-01'), until: local('2026-01-01') },
      UTC,
    ).occurrences.map(({ start, end }) => (end - start) / HOUR);
  t.same(lengths(days(1)), [23, 24]);
  t.same(lengths(hours(24)), [24, 24]);
  t.end();
});

t.test('floating times and dates', (t) => {
  const berlin = zoneOf('Europe/Berlin');
  const range = { from: local('2025-10-25T22:00'), until: local('2025-10-26T23:00') };
  const allDay = item('2025-10-20', ['FREQ=DAILY']);
  const zoned = expand(allDay, range, berlin).occurrences;
  t.same(
    zoned.map(({ start, end }) => [text(start), text(end)]),
    [['2025-10-25T22:00', '2025-10-26T23:00']],
    'a day of 25 hours in the zone they are read in',
  );
  const locals = expand(allDay, { from: local('2025-10-26'), until: local('2025-10-27') }, UTC).occurrences;
  t.match(locals, [{ start: local('2025-10-26'), end: local('2025-10-27'), floating: true, isDate: true }]);
  t.match(locals[0]!.recurrenceId, { local: local('2025-10-26'), zone: null, isDate: true });
  const fixed = expand(item('2025-10-26T09:00Z', []), range, berlin).occurrences;
  t.match(fixed, [{ floating: false, isDate: false }]);
  t.end();
});

t.test('RFC 5545 §3.8.4.4, overrides', (t) => {
  const zone = 'Europe/Berlin';
  const week = item(`2025-01-06T09:00 ${zone}`, ['FREQ=WEEKLY;COUNT=4'], {
    overrides: [
      override(`2025-01-13T09:00 ${zone}`, `2025-01-14T10:00 ${zone}`, 1, { duration: hours(2) }),
      override('2025-01-20T08:00Z', `2025-03-20T09:00 ${zone}`, 2),
      override(`2025-02-17T09:00 ${zone}`, '2025-02-18T09:00Z', 3),
    ],
  });
  const found = expand(week, { from: local('2025-01-01'), until: local('2026-01-01') }, UTC);
  t.same(
    found.occurrences.map(({ start, end, key }) => [text(start), (end - start) / HOUR, key]),
    [
      ['2025-01-06T08:00', 1, 0],
      ['2025-01-14T09:00', 2, 1],
      ['2025-01-27T08:00', 1, 0],
      ['2025-02-18T09:00', 1, 3],
      ['2025-03-20T08:00', 1, 2],
    ],
    'moved within and out of the series, named in UTC, and naming an instance that no rule yields',
  );
  t.equal(text(found.occurrences[1]!.recurrenceId.local), '2025-01-13T09:00');
  t.equal(text(found.occurrences[4]!.recurrenceId.local), '2025-01-20T09:00', 'in the zone of DTSTART');
  t.same(starts(week, '2025-01-13', '2025-01-14'), [], 'nothing where the instance was');
  t.same(starts(week, '2025-03-20', '2025-03-21'), ['2025-03-20T08:00'], 'found where it went');
  t.equal(text(bounds(week, UTC).lastEnd!), '2025-03-20T09:00');
  const early = item('2025-01-06T09:00', ['FREQ=WEEKLY'], {
    overrides: [override('2025-01-13T09:00', '2024-12-01T09:00', 1)],
  });
  t.same(bounds(early, UTC), { firstStart: local('2024-12-01T09:00'), lastEnd: null });
  const twice = item('2025-01-06T09:00', [], {
    overrides: [
      override('2025-01-06T09:00', '2025-01-07T09:00', 1),
      override('2025-01-06T09:00', '2025-01-08T09:00', 2),
    ],
  });
  t.same(starts(twice, ...YEARS), ['2025-01-08T09:00'], 'of two for the same instance the later counts');
  const day = item('2025-01-06T09:00', ['FREQ=DAILY;COUNT=2'], {
    overrides: [override('2025-01-07', '2025-01-07T12:00', 1)],
  });
  t.same(starts(day, ...YEARS), ['2025-01-06T09:00', '2025-01-07T12:00'], 'named by its day');
  t.end();
});

t.test('overrides without a main component', (t) => {
  const orphans: RecurringItem = {
    set: null,
    duration: hours(1),
    key: 0,
    overrides: [
      override('2025-01-13T09:00 Europe/Berlin', '2025-01-13T10:00 Europe/Berlin', 5),
      override('2025-01-20T09:00 Europe/Berlin', '2025-01-20T09:00 Europe/Berlin', 6, { thisAndFuture: true }),
    ],
  };
  const found = expand(orphans, { from: local('2025-01-01'), until: local('2026-01-01') }, UTC);
  t.same(
    found.occurrences.map(({ start, key }) => [text(start), key]),
    [
      ['2025-01-13T09:00', 5],
      ['2025-01-20T08:00', 6],
    ],
  );
  t.same(bounds(orphans, UTC), { firstStart: local('2025-01-13T09:00'), lastEnd: local('2025-01-20T09:00') });
  t.end();
});

t.test('RFC 5545 §3.2.13, THISANDFUTURE', (t) => {
  const zone = 'Europe/Berlin';
  const series = item(`2025-01-06T09:00 ${zone}`, ['FREQ=WEEKLY;COUNT=7'], {
    overrides: [
      override(`2025-01-20T09:00 ${zone}`, `2025-01-21T11:00 ${zone}`, 1, { thisAndFuture: true, duration: hours(2) }),
      override(`2025-02-03T09:00 ${zone}`, `2025-02-03T09:00 ${zone}`, 2),
      override(`2025-02-10T09:00 ${zone}`, `2025-02-10T08:00 ${zone}`, 3, { thisAndFuture: true, duration: hours(3) }),
    ],
  });
  const found = expand(series, { from: local('2025-01-01'), until: local('2026-01-01') }, UTC);
  t.same(
    found.occurrences.map(({ start, end, key }) => [text(start), (end - start) / HOUR, key]),
    [
      ['2025-01-06T08:00', 1, 0],
      ['2025-01-13T08:00', 1, 0],
      ['2025-01-21T10:00', 2, 1],
      ['2025-01-28T10:00', 2, 1],
      ['2025-02-03T08:00', 1, 2],
      ['2025-02-10T07:00', 3, 3],
      ['2025-02-17T07:00', 3, 3],
    ],
  );
  t.equal(text(found.occurrences[3]!.recurrenceId.local), '2025-01-27T09:00', 'the original start names it');
  t.same(starts(series, '2025-01-28', '2025-01-29'), ['2025-01-28T10:00'], 'found where it moved to');
  t.same(starts(series, '2025-01-27', '2025-01-28'), []);
  const far = item(`2025-01-06T09:00 ${zone}`, ['FREQ=WEEKLY'], {
    overrides: [override(`2025-01-13T09:00 ${zone}`, `2025-07-14T09:00 ${zone}`, 1, { thisAndFuture: true })],
  });
  t.same(starts(far, '2025-08-04', '2025-08-05'), ['2025-08-04T07:00'], 'moved by half a year, over a clock change');
  t.same(starts(far, '2025-03-03', '2025-03-04'), []);
  const other = item(`2025-01-06T09:00 ${zone}`, ['FREQ=WEEKLY;COUNT=12'], {
    overrides: [override(`2025-01-13T09:00 ${zone}`, '2025-01-13T09:00 America/New_York', 1, { thisAndFuture: true })],
  });
  t.same(
    starts(other, '2025-03-01', '2025-03-18'),
    ['2025-03-03T14:00', '2025-03-10T13:00', '2025-03-17T13:00'],
    'into another zone: at nine there, also between the two changes of the clocks',
  );
  const end = bounds(series, UTC).lastEnd!;
  t.ok(end >= local('2025-02-17T10:00') && end < local('2025-02-17T10:00') + 5 * DAY);
  t.end();
});

t.test('bounds', (t) => {
  const table: [string, string, string | null][] = [
    ['2025-01-06T09:00', 'FREQ=DAILY', null],
    ['2025-01-06T09:00', 'FREQ=DAILY;COUNT=10', '2025-01-15T10:00'],
    ['2025-01-06T09:00', 'FREQ=DAILY;COUNT=1000000', '4762-12-03T10:00'],
    ['2025-01-06T09:00', 'FREQ=DAILY;COUNT=10000000', null],
    ['2025-01-06T09:00', 'FREQ=SECONDLY;COUNT=1000000', '2025-01-17T23:46:39'],
    ['2025-01-06T09:00', 'FREQ=WEEKLY;BYDAY=MO,TU;BYHOUR=9,10;COUNT=7', '2025-01-14T10:00'],
    ['2025-01-07T09:00', 'FREQ=WEEKLY;BYDAY=MO;COUNT=3', '2025-01-20T10:00'],
    ['2025-01-31T09:00', 'FREQ=MONTHLY;COUNT=3', '2025-05-31T10:00'],
    ['2025-01-06T09:00', 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=5', '2025-01-06T10:00'],
    ['2025-01-06T09:00', 'FREQ=WEEKLY;UNTIL=20250206', '2025-02-03T10:00'],
    ['2025-01-06T09:00', 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;UNTIL=21031231', '2096-02-29T10:00'],
    ['2025-01-06T09:00', 'FREQ=DAILY;UNTIL=20240101', '2025-01-06T10:00'],
    ['2025-01-06T09:00', 'FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=29;UNTIL=21031231', '2096-03-01T00:59:59'],
  ];
  for (const [start, rule, expected] of table) {
    const { firstStart, lastEnd } = bounds(item(start, [rule]), UTC);
    t.equal(firstStart, local(start));
    t.equal(lastEnd && text(lastEnd), expected, rule);
  }
  t.end();
});
