import t from 'tap';
import { DAY, HOUR, UTC } from '../../../src/calendar/date-time.ts';
import { bounds, DEFAULT_STEPS, expand, type Override, type RecurringItem } from '../../../src/calendar/recurrence.ts';
import { at, hours, item, local, zoneOf } from '../../support/recurrence-items.ts';

const BERLIN = '2025-01-06T09:00 Europe/Berlin';
const WEEK = { from: local('2031-03-03'), until: local('2031-03-10') };
const FOUR_YEARS = { from: local('2025-01-01'), until: local('2029-01-01') };
const EVER = { from: local('0001-01-01'), until: local('9999-12-31T23:59:59') };

/** Steps a question takes, and what it finds. */
function cost(what: RecurringItem, range: { from: number; until: number }, steps = DEFAULT_STEPS) {
  const budget = { steps };
  const { occurrences, complete } = expand(what, range, UTC, budget);
  return { steps: steps - budget.steps, count: occurrences.length, complete };
}

t.test('ordinary series never meet the limit', (t) => {
  for (const rule of ['FREQ=DAILY', 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR', 'FREQ=MONTHLY;BYDAY=-1FR', 'FREQ=YEARLY']) {
    const early = cost(item('1970-01-01T09:00 Europe/Berlin', [rule]), WEEK);
    t.ok(early.complete);
    t.ok(early.steps < 50, `${rule} jumps to a week sixty years later in ${early.steps} steps`);
    t.ok(cost(item(BERLIN, [rule]), FOUR_YEARS).steps < 6_000, `${rule} over four years`);
  }
  t.match(cost(item(BERLIN, ['FREQ=HOURLY']), FOUR_YEARS), { complete: true }, 'each hour over four years');
  t.match(cost(item('1970-01-01T09:00', ['FREQ=DAILY;COUNT=30000']), WEEK), { complete: true, count: 7 });
  t.match(cost(item('1970-01-01T09:00', ['FREQ=DAILY;BYDAY=MO,FR;COUNT=30000']), WEEK), { complete: true, count: 2 });
  t.end();
});

t.test('a range is jumped to, however long ago the rule began', (t) => {
  const minute = { from: local('2031-03-03T10:00'), until: local('2031-03-03T10:01') };
  const cases: [string, string, number][] = [
    ['0001-01-01T00:00Z', 'FREQ=SECONDLY', 60],
    ['0001-01-01T00:00Z', 'FREQ=SECONDLY;INTERVAL=7', 9],
    ['0001-01-01T00:00Z', 'FREQ=SECONDLY;COUNT=1000000000000000000', 60],
    ['0001-01-01T00:00Z', 'FREQ=MINUTELY;INTERVAL=13;BYSECOND=0,30', 0],
    ['0001-01-01T00:00Z', 'FREQ=HOURLY;BYMINUTE=0;BYSECOND=1,2,3', 3],
    ['0001-01-01T00:00Z', 'FREQ=DAILY;BYHOUR=10;BYMINUTE=0;BYSECOND=5', 1],
  ];
  for (const [start, rule, count] of cases) {
    const found = cost(item(start, [rule], { duration: hours(0) }), minute);
    t.match(found, { count, complete: true }, rule);
    t.ok(found.steps < 300, `${found.steps} steps`);
  }
  const far = cost(item('1970-01-01T09:00 Europe/Berlin', ['FREQ=DAILY']), {
    from: local('9998-07-01'),
    until: local('9998-07-08'),
  });
  t.match(far, { count: 7, complete: true }, 'the year 9998');
  t.ok(far.steps < 50);
  t.match(cost(item('9999-12-30T09:00', ['FREQ=DAILY']), EVER), { count: 2, complete: true }, 'the last year ends');
  t.end();
});

t.test('whatever the rule, the budget bounds the work', (t) => {
  const list = (low: number, high: number): string =>
    Array.from({ length: high - low + 1 }, (_, index) => low + index).join(',');
  const signed = (high: number): string => `${list(-high, -1)},${list(1, high)}`;
  const everything =
    `BYMONTH=${list(1, 12)};BYMONTHDAY=${signed(31)};BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=${list(0, 23)}` +
    `;BYMINUTE=${list(0, 59)};BYSECOND=${list(0, 60)}`;
  const never = 'BYMONTH=2;BYMONTHDAY=30';
  const bombs: string[][] = [
    ['FREQ=SECONDLY'],
    ['FREQ=SECONDLY;COUNT=1000000000000000000'],
    ['FREQ=SECONDLY;BYHOUR=3;COUNT=1000000000000000000'],
    ['FREQ=MINUTELY;BYDAY=MO;COUNT=1000000000'],
    ...['DAILY', 'HOURLY', 'MINUTELY', 'SECONDLY', 'MONTHLY', 'YEARLY'].map((each) => [`FREQ=${each};${never}`]),
    ...['DAILY', 'HOURLY', 'MINUTELY', 'SECONDLY'].map((each) => [`FREQ=${each};${never};COUNT=5`]),
    ['FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=0;BYMINUTE=0;BYSECOND=0'],
    ['FREQ=SECONDLY;INTERVAL=86399;BYHOUR=1;BYMINUTE=1;BYSECOND=1'],
    ['FREQ=HOURLY;BYYEARDAY=366;BYMONTH=1'],
    ['FREQ=YEARLY;BYYEARDAY=1;BYMONTH=2'],
    ['FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6'],
    ['FREQ=MONTHLY;BYDAY=53MO'],
    ['FREQ=MONTHLY;BYDAY=MO;BYSETPOS=366'],
    ...['DAILY', 'HOURLY', 'MINUTELY', 'SECONDLY', 'MONTHLY', 'YEARLY'].map((each) => [`FREQ=${each};${everything}`]),
    [`FREQ=YEARLY;${everything};BYYEARDAY=${signed(366)};BYSETPOS=${signed(366)}`],
    ['FREQ=DAILY;INTERVAL=2147483647'],
    Array.from({ length: 200 }, () => 'FREQ=DAILY'),
    Array.from({ length: 200 }, () => `FREQ=SECONDLY;${everything}`),
  ];
  for (const rules of bombs) {
    for (const range of [WEEK, FOUR_YEARS, EVER]) {
      for (const steps of [1_000, DEFAULT_STEPS]) {
        const found = cost(item(BERLIN, rules), range, steps);
        t.ok(
          found.steps <= steps + 1_000,
          `${rules[0]!.slice(0, 60)} ${rules.length}: ${found.steps} of ${steps} steps`,
        );
        t.ok(found.count <= steps);
      }
    }
    const budget = { steps: DEFAULT_STEPS };
    bounds(item(BERLIN, rules), UTC, budget);
    t.ok(budget.steps > -1_000, `the bounds of ${rules[0]!.slice(0, 60)}`);
  }
  t.end();
});

t.test('a rule that can yield nothing costs nothing, and DTSTART remains', (t) => {
  for (const frequency of ['DAILY', 'HOURLY', 'MINUTELY', 'SECONDLY', 'MONTHLY', 'YEARLY']) {
    const found = cost(item(BERLIN, [`FREQ=${frequency};BYMONTH=2;BYMONTHDAY=30`]), EVER);
    t.same(found, { steps: 0, count: 1, complete: true }, frequency);
  }
  t.end();
});

t.test('when the budget runs out, what was found is given back', (t) => {
  const found = cost(item('2025-01-06T09:00Z', ['FREQ=SECONDLY']), FOUR_YEARS, 4_000);
  t.match(found, { count: 1_000, complete: false });
  const moved: Override = {
    recurrenceId: at('2025-01-06T09:00Z'),
    start: at('2026-01-06T09:00Z'),
    duration: hours(1),
    thisAndFuture: false,
    key: 1,
  };
  const { occurrences } = expand(
    item('2025-01-06T09:00Z', ['FREQ=SECONDLY'], { overrides: [moved] }),
    FOUR_YEARS,
    UTC,
    { steps: 10 },
  );
  t.ok(
    occurrences.some(({ key }) => key === 1),
    'overrides do not depend on it',
  );
  t.end();
});

t.test('long lists are looked through once', (t) => {
  const start = local('2025-01-06T09:00');
  const many = Array.from({ length: 50_000 }, (_, index) => ({
    local: start + (index + 1) * HOUR,
    zone: zoneOf('Europe/Berlin'),
    isDate: false,
  }));
  const dates = item(BERLIN, [], { dates: many.map((each) => ({ start: each })) });
  t.match(cost(dates, WEEK), { count: 0, complete: true });
  t.match(cost(dates, FOUR_YEARS), { complete: true });
  const exceptions = item(BERLIN, ['FREQ=HOURLY'], { exceptions: many });
  t.match(cost(exceptions, { from: start - HOUR, until: start + DAY }), { count: 1, complete: true });
  const neither = item(BERLIN, [], { dates: many.map((each) => ({ start: each })), exceptions: many });
  t.match(cost(neither, EVER), { count: 1, complete: true });
  t.end();
});

t.test('1,095 overrides', (t) => {
  for (const thisAndFuture of [false, true]) {
    const overrides = Array.from({ length: 1_095 }, (_, index): Override => {
      const original = { ...at(BERLIN), local: at(BERLIN).local + index * DAY };
      return {
        recurrenceId: original,
        start: { ...original, local: original.local + HOUR },
        duration: hours(1),
        thisAndFuture,
        key: index + 1,
      };
    });
    const daily = item(BERLIN, ['FREQ=DAILY'], { overrides });
    t.match(cost(daily, FOUR_YEARS), { count: 1_456, complete: true });
    t.match(cost(daily, WEEK), { count: 7, complete: true });
    t.ok(cost(daily, WEEK).steps < 200);
  }
  t.end();
});
