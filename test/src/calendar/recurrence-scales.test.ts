/** Rules in other calendars, and SKIP: RFC 7529 §4.1 and §4.2. Dates are those of the RFC and of ICU's calendars. */
import t from 'tap';
import { RECURRENCE_SCALES, scaleOf } from '../../../src/calendar/calendar-scales.ts';
import { UTC } from '../../../src/calendar/date-time.ts';
import { parseCalendarObject } from '../../../src/calendar/icalendar.ts';
import { bounds, DEFAULT_STEPS, expand } from '../../../src/calendar/recurrence.ts';
import { icalendar } from '../../support/calendar.ts';

function item(start: string, rule: string) {
  const value = start.includes('T') ? `DTSTART:${start}` : `DTSTART;VALUE=DATE:${start}`;
  const model = parseCalendarObject(icalendar('VEVENT', 'UID:1', 'DTSTAMP:20160101T000000Z', value, `RRULE:${rule}`));
  if (model.item === null) throw new Error('nothing to expand');
  return model.item;
}

function dates(start: string, rule: string, from: string, until: string): string {
  const range = { from: Date.parse(from), until: Date.parse(until) };
  const { occurrences, complete } = expand(item(start, rule), range, UTC, { steps: 10 * DEFAULT_STEPS });
  const text = occurrences.map((one) => new Date(one.start).toISOString().slice(2, 10).replaceAll('-', '')).join(' ');
  return complete ? text : `${text} …`;
}

const CASES: [rule: string, start: string, from: string, until: string, expected: string][] = [
  ['RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=OMIT', '20160131', '2016-01-01', '2016-06-01', '160131 160331 160531'],
  [
    'RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=FORWARD',
    '20160131',
    '2016-01-01',
    '2016-06-01',
    '160131 160301 160331 160501 160531',
  ],
  [
    'RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD',
    '20160131',
    '2016-01-01',
    '2016-06-01',
    '160131 160229 160331 160430 160531',
  ],
  [
    'RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=BACKWARD',
    '20160229',
    '2016-01-01',
    '2020-12-31',
    '160229 170228 180228 190228 200229',
  ],
  ['RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD', '20160229', '2017-01-01', '2020-12-31', '170301 180301 190301 200229'],
  [
    'RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=-31;SKIP=FORWARD',
    '20160101',
    '2016-01-01',
    '2016-04-01',
    '160101 160201 160301',
  ],
  [
    'RSCALE=GREGORIAN;FREQ=MONTHLY;BYDAY=-1FR;SKIP=BACKWARD',
    '20160129',
    '2016-01-01',
    '2016-04-01',
    '160129 160226 160325',
  ],
  // RFC 7529 §4.3: the Chinese New Year, and the eighth of Adar I, which only leap years have.
  ['RSCALE=CHINESE;FREQ=YEARLY', '20130210', '2013-01-01', '2017-12-31', '130210 140131 150219 160208 170128'],
  ['RSCALE=ETHIOPIC;FREQ=MONTHLY;BYMONTH=13', '20130906', '2013-01-01', '2017-01-01', '130906 140906 150906 160906'],
  [
    'RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L;BYMONTHDAY=8;SKIP=FORWARD',
    '20140208',
    '2014-01-01',
    '2017-12-31',
    '140208 150227 160217 170306',
  ],
  ['RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L;BYMONTHDAY=8', '20140208', '2014-01-01', '2017-12-31', '140208 160217'],
  [
    'RSCALE=CHINESE;FREQ=MONTHLY;BYMONTHDAY=30',
    '20160308',
    '2016-01-01',
    '2016-12-01',
    '160308 160506 160802 160930 161030',
  ],
  ['RSCALE=CHINESE;FREQ=MONTHLY;SKIP=BACKWARD', '20160109', '2016-01-01', '2016-05-01', '160109 160207 160308 160406'],
  [
    'RSCALE=ETHIOPIC;FREQ=YEARLY;BYMONTH=13;BYMONTHDAY=-1;COUNT=3',
    '20140910',
    '2010-01-01',
    '2030-01-01',
    '140910 150911 160910',
  ],
  ['RSCALE=PERSIAN;FREQ=YEARLY;BYYEARDAY=1', '20240320', '2024-01-01', '2027-12-31', '240320 250321 260321 270321'],
  [
    'RSCALE=INDIAN;FREQ=YEARLY;INTERVAL=2;UNTIL=20290101',
    '20240321',
    '2024-01-01',
    '2040-01-01',
    '240321 260322 280321',
  ],
  ['RSCALE=CHINESE;FREQ=DAILY;BYMONTH=1;BYMONTHDAY=1', '20260217', '2026-01-01', '2026-12-31', '260217'],
  ['RSCALE=CHINESE;FREQ=WEEKLY;BYDAY=TU;COUNT=3', '20260217', '2026-01-01', '2028-12-31', '260217 260224 260303'],
  ['RSCALE=ISLAMIC-CIVIL;FREQ=YEARLY;BYMONTH=9;BYDAY=1FR', '20260220', '2026-01-01', '2028-01-01', '260220 270212'],
  ['RSCALE=CHINESE;FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1', '20260316', '2026-03-01', '2026-05-01', '260317 260414'],
];

t.test('rules', async (t) => {
  for (const [rule, start, from, until, expected] of CASES) {
    const wanted = rule.includes('BYSETPOS') ? `260316 ${expected}` : expected;
    t.equal(dates(start, rule, from, until), wanted, rule);
  }
});

t.test('a range far ahead of the start, and times of day', async (t) => {
  t.equal(dates('19800216', 'RSCALE=CHINESE;FREQ=YEARLY', '2026-01-01', '2026-12-31'), '260217');
  t.equal(dates('19800216', 'RSCALE=CHINESE;FREQ=MONTHLY;BYMONTHDAY=1', '2026-02-01', '2026-04-01'), '260217 260319');
  const timed = expand(
    item('20260217T100000Z', 'RSCALE=CHINESE;FREQ=YEARLY;BYHOUR=9,18'),
    { from: 0, until: Date.UTC(2027, 0, 1) },
    UTC,
    { steps: DEFAULT_STEPS },
  );
  t.same(
    timed.occurrences.map(({ start }) => new Date(start).toISOString().slice(0, 16)),
    ['2026-02-17T10:00', '2026-02-17T18:00'],
  );
});

t.test('a rule that never matches ends by its budget', async (t) => {
  const budget = { steps: DEFAULT_STEPS };
  const { complete } = expand(
    item('20260217', 'RSCALE=PERSIAN;FREQ=YEARLY;BYMONTH=13'),
    { from: Date.UTC(2027, 0, 1), until: Date.UTC(2499, 0, 1) },
    UTC,
    budget,
  );
  t.ok(!complete || budget.steps < DEFAULT_STEPS, 'it says so or has looked');
  t.equal(
    bounds(item('20260321', 'RSCALE=PERSIAN;FREQ=YEARLY;COUNT=2'), UTC, { steps: DEFAULT_STEPS }).lastEnd,
    Date.UTC(2027, 2, 22),
  );
});

t.test('years follow one another in every calendar', async (t) => {
  for (const name of RECURRENCE_SCALES) {
    const scale = scaleOf(name)!;
    let year = scale.yearOf(10_957);
    for (let count = 0; count < 40; count++) {
      const next = scale.yearOf(year.start + year.length);
      t.equal(next.year, year.year + 1, `${name} ${year.year}`);
      t.equal(next.start, year.start + year.length);
      t.equal(
        year.months.reduce((sum, { length }) => sum + length, 0),
        year.length,
      );
      year = next;
    }
  }
  t.equal(scaleOf('MARTIAN'), undefined);
});
