import t from 'tap';
import { DAY, HOUR } from '../../../src/calendar/date-time.ts';
import { parseRecurrenceRule } from '../../../src/calendar/recurrence-rule.ts';
import { type Observance, timeZoneFromVtimezone } from '../../../src/calendar/vtimezone.ts';
import { local, text, zoneOf } from '../../support/recurrence-items.ts';

function observance(start: string, from: number, to: number, rules: string[] = [], dates: string[] = []): Observance {
  return {
    start: local(start),
    offsetFrom: from * HOUR,
    offsetTo: to * HOUR,
    rules: rules.map(parseRecurrenceRule),
    dates: dates.map(local),
  };
}

const zone = (...observances: Observance[]) => timeZoneFromVtimezone({ tzid: 'Custom', observances });

/** As Outlook writes Berlin: since 1601, without end. */
const OUTLOOK = [
  observance('1601-01-01T03:00', 2, 1, ['FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10']),
  observance('1601-01-01T02:00', 1, 2, ['FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3']),
];

t.test('RFC 5545 §3.6.5, rules without end', (t) => {
  const custom = zone(...OUTLOOK);
  const berlin = zoneOf('Europe/Berlin');
  for (const year of [1997, 2000, 2025, 2099, 2131, 2132, 2400, 9998]) {
    for (let time = Date.UTC(year, 0, 2); time < Date.UTC(year, 11, 30); time += 7 * HOUR) {
      if (custom.offsetAt(time) !== berlin.offsetAt(time) || custom.toInstant(time) !== berlin.toInstant(time)) {
        t.fail(`${text(time)}`);
        break;
      }
    }
  }
  t.equal(text(custom.toInstant(local('2025-03-30T02:30'))), '2025-03-30T01:30', 'a gap');
  t.equal(text(custom.toInstant(local('2025-10-26T02:30'))), '2025-10-26T00:30', 'an overlap');
  t.equal(custom.offsetAt(local('1900-07-01')), 2 * HOUR, 'the state of 1900 is known');
  t.end();
});

t.test('rules that end, and single dates', (t) => {
  // New York as in the RFC: one set of rules until 2007, another since.
  const york = zone(
    observance('1967-04-30T02:00', -5, -4, ['FREQ=YEARLY;BYMONTH=4;BYDAY=-1SU;UNTIL=19730429T070000Z']),
    observance('1967-10-29T02:00', -4, -5, ['FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL=20061029T060000Z']),
    observance('1974-01-06T02:00', -5, -4, [], ['1975-02-23T02:00']),
    observance('1976-04-25T02:00', -5, -4, ['FREQ=YEARLY;BYMONTH=4;BYDAY=-1SU;UNTIL=19860427T070000Z']),
    observance('1987-04-05T02:00', -5, -4, ['FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;UNTIL=20060402T070000Z']),
    observance('2007-03-11T02:00', -5, -4, ['FREQ=YEARLY;BYMONTH=3;BYDAY=2SU']),
    observance('2007-11-04T02:00', -4, -5, ['FREQ=YEARLY;BYMONTH=11;BYDAY=1SU']),
  );
  const real = zoneOf('America/New_York');
  let differences = 0;
  for (let time = local('1968-01-01'); time < local('2040-01-01'); time += 5 * HOUR) {
    differences += york.offsetAt(time) === real.offsetAt(time) ? 0 : 1;
  }
  t.equal(differences, 0);
  t.equal(york.offsetAt(local('1950-07-01')), -5 * HOUR, 'before the first onset: what it changes from');
  const fixed = zone(observance('1970-01-01T00:00', 5.5, 5.75));
  t.equal(fixed.offsetAt(local('2500-01-01')), 5.75 * HOUR, 'one observance for ever');
  t.equal(fixed.offsetAt(local('1960-01-01')), 5.5 * HOUR);
  t.end();
});

t.test('offsets with seconds', (t) => {
  const amsterdam: Observance = {
    start: local('1937-07-01T00:00'),
    offsetFrom: (4 * 3_600 + 19 * 60 + 32) * 1_000,
    offsetTo: HOUR,
    rules: [],
    dates: [],
  };
  t.equal(zone(amsterdam).toInstant(local('1930-01-01T04:19:32')), local('1930-01-01'));
  t.end();
});

t.test('what is refused', (t) => {
  const refuse = (what: string, ...observances: Observance[]): void => {
    t.throws(() => zone(...observances), { code: 'invalid-data' }, what);
  };
  refuse('no observances');
  refuse('a day of offset', { ...OUTLOOK[0]!, offsetTo: DAY });
  refuse('no number', { ...OUTLOOK[0]!, offsetTo: Number.NaN });
  const rule = 'FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU';
  refuse('1,500 rules', observance('1970-01-01T00:00', 0, 1, Array<string>(1_500).fill(rule)));
  refuse('900 rules', observance('1970-01-01T00:00', 0, 1, Array<string>(900).fill(rule)));
  refuse('a daily rule', observance('1970-01-01T00:00', 0, 1, ['FREQ=DAILY']));
  refuse('a rule by the second', observance('0001-01-01T00:00', 0, 1, ['FREQ=SECONDLY']));
  refuse('6,000 dates', { ...OUTLOOK[0]!, dates: Array.from({ length: 6_000 }, (_, index) => index * DAY) });
  t.throws(() => timeZoneFromVtimezone({ tzid: 'x'.repeat(10_000), observances: [] }), { message: /^.{0,200}$/ });
  t.end();
});

t.test('the same content is the same zone, whatever its name', (t) => {
  const first = timeZoneFromVtimezone({ tzid: 'One', observances: OUTLOOK });
  t.equal(timeZoneFromVtimezone({ tzid: 'Two', observances: structuredClone(OUTLOOK) }), first);
  t.not(zone(OUTLOOK[0]!), first);
  for (let index = 0; index < 300; index += 1) {
    zone(observance('1970-01-01T00:00', 0, 1, [], [`20${10 + (index % 80)}-01-0${1 + Math.floor(index / 80)}`]));
  }
  t.not(timeZoneFromVtimezone({ tzid: 'One', observances: OUTLOOK }), first, 'and is forgotten among many others');
  t.end();
});
