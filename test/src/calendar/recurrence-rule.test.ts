import fc from 'fast-check';
import t from 'tap';
import { parseRecurrenceRule, printRecurrenceRule } from '../../../src/calendar/recurrence-rule.ts';
import { DomainError } from '../../../src/errors.ts';

t.test('RFC 5545 §3.3.10, rules that are read, and how they are printed', (t) => {
  const accepted: [string, string][] = [
    ['FREQ=DAILY', 'FREQ=DAILY'],
    ['freq=weekly;byday=mo,fr', 'FREQ=WEEKLY;BYDAY=MO,FR'],
    ['COUNT=3;FREQ=YEARLY', 'FREQ=YEARLY;COUNT=3'],
    [' FREQ = DAILY ; ; INTERVAL=02;', 'FREQ=DAILY;INTERVAL=2'],
    ['FREQ=DAILY;X-EVOLUTION-ENDDATE=20250101T000000Z;COUNT=2', 'FREQ=DAILY;COUNT=2'],
    ['FREQ=DAILY;UNTIL=20250101', 'FREQ=DAILY;UNTIL=20250101'],
    ['FREQ=DAILY;UNTIL=20250101T235960Z', 'FREQ=DAILY;UNTIL=20250101T235959Z'],
    ['FREQ=DAILY;UNTIL=2025-01-01T23:00:00', 'FREQ=DAILY;UNTIL=20250101T230000'],
    ['FREQ=MONTHLY;BYDAY=+1MO,-1FR,1MO', 'FREQ=MONTHLY;BYDAY=1MO,-1FR'],
    ['FREQ=MONTHLY;BYMONTHDAY=31,-1,+2', 'FREQ=MONTHLY;BYMONTHDAY=-1,2,31'],
    ['FREQ=YEARLY;BYWEEKNO=-53,53;WKST=SU', 'FREQ=YEARLY;BYWEEKNO=-53,53;WKST=SU'],
    ['FREQ=YEARLY;BYYEARDAY=-366,366;BYMONTH=01', 'FREQ=YEARLY;BYMONTH=1;BYYEARDAY=-366,366'],
    ['FREQ=DAILY;BYHOUR=0,23;BYMINUTE=59;BYSECOND=60', 'FREQ=DAILY;BYHOUR=0,23;BYMINUTE=59;BYSECOND=60'],
    ['FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1,366', 'FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1,366'],
    ['RSCALE=GREGORIAN;FREQ=DAILY;SKIP=OMIT', 'FREQ=DAILY'],
    ['RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=6,5L;SKIP=FORWARD', 'FREQ=YEARLY;BYMONTH=5L,6;RSCALE=HEBREW;SKIP=FORWARD'],
    ['RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD', 'FREQ=MONTHLY;RSCALE=GREGORIAN;SKIP=BACKWARD'],
    ['FREQ=DAILY;COUNT=1000000000000000000', `FREQ=DAILY;COUNT=${Number.MAX_SAFE_INTEGER}`],
  ];
  for (const [given, printed] of accepted) {
    const rule = parseRecurrenceRule(given);
    t.equal(printRecurrenceRule(rule), printed, given);
    t.same(parseRecurrenceRule(printed), rule, `${printed} again`);
  }
  t.end();
});

t.test('RFC 5545 §3.3.10, rules that are refused', (t) => {
  const refused: [string, RegExp][] = [
    ['', /FREQ is missing/],
    ['COUNT=2', /FREQ is missing/],
    ['FREQ=FORTNIGHTLY', /unknown/],
    ['FREQ=DAILY;FREQ=DAILY', /twice/],
    ['FREQ=DAILY;INTERVAL=0', /INTERVAL/],
    ['FREQ=DAILY;INTERVAL=-1', /INTERVAL/],
    ['FREQ=DAILY;INTERVAL=100000000000000000000', /INTERVAL/],
    ['FREQ=DAILY;INTERVAL=', /INTERVAL/],
    ['FREQ=DAILY;INTERVAL=1.5', /INTERVAL/],
    ['FREQ=DAILY;COUNT=0', /COUNT/],
    ['FREQ=DAILY;COUNT=-1', /COUNT/],
    ['FREQ=DAILY;COUNT=2;UNTIL=20250101', /exclude/],
    ['FREQ=DAILY;UNTIL=20250230', /UNTIL/],
    ['FREQ=DAILY;UNTIL=00000101', /UNTIL/],
    ['FREQ=DAILY;UNTIL=20250101T240000Z', /UNTIL/],
    ['FREQ=DAILY;UNTIL=', /UNTIL/],
    ['FREQ=DAILY;BYEASTER=0', /unknown/],
    ['FREQ=DAILY;nonsense', /unknown/],
    ['FREQ=DAILY;BYMONTH=13', /BYMONTH/],
    ['FREQ=DAILY;BYMONTH=-1', /BYMONTH/],
    ['FREQ=DAILY;BYMONTH=5L', /BYMONTH/],
    ['FREQ=DAILY;BYMONTH=', /BYMONTH/],
    ['FREQ=DAILY;BYMONTHDAY=0', /BYMONTHDAY/],
    ['FREQ=DAILY;BYMONTHDAY=32', /BYMONTHDAY/],
    ['FREQ=DAILY;BYHOUR=24', /BYHOUR/],
    ['FREQ=DAILY;BYSECOND=61', /BYSECOND/],
    ['FREQ=DAILY;BYDAY=1MO', /MONTHLY or YEARLY/],
    ['FREQ=WEEKLY;BYDAY=-1MO', /MONTHLY or YEARLY/],
    ['FREQ=MONTHLY;BYDAY=0MO', /BYDAY/],
    ['FREQ=MONTHLY;BYDAY=54MO', /BYDAY/],
    ['FREQ=MONTHLY;BYDAY=1', /weekday/],
    ['FREQ=MONTHLY;BYDAY=XX', /weekday/],
    ['FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO', /BYWEEKNO/],
    ['FREQ=MONTHLY;BYWEEKNO=1', /BYWEEKNO/],
    ['FREQ=WEEKLY;BYMONTHDAY=1', /BYMONTHDAY/],
    ['FREQ=DAILY;BYYEARDAY=1', /BYYEARDAY/],
    ['FREQ=MONTHLY;BYSETPOS=1', /BYSETPOS/],
    ['FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367', /BYSETPOS/],
    ['FREQ=WEEKLY;WKST=XX', /weekday/],
    ['FREQ=YEARLY;RSCALE=GREGORIAN;SKIP=SOMETIMES', /SKIP=SOMETIMES is unknown/],
    ['FREQ=YEARLY;SKIP=FORWARD', /SKIP needs RSCALE/],
    ['FREQ=YEARLY;BYMONTH=5L', /BYMONTH may not hold 5L/],
    ['FREQ=YEARLY;RSCALE=CHINESE;BYMONTH=14', /BYMONTH may not hold 14/],
    [`FREQ=DAILY;BYMONTH=${'1,'.repeat(20_000)}1`, /longer/],
  ];
  for (const [given, message] of refused) {
    t.throws(() => parseRecurrenceRule(given), { code: 'invalid-data', message }, given.slice(0, 60));
  }
  for (const given of ['FREQ=YEARLY;RSCALE=MARTIAN', 'FREQ=HOURLY;RSCALE=CHINESE']) {
    t.throws(() => parseRecurrenceRule(given), { code: 'unsupported-recurrence-scale' }, given);
  }
  t.end();
});

t.test('any text is read or refused', (t) => {
  const word = fc.constantFrom(
    ...'FREQ = ; , DAILY YEARLY MONTHLY BYDAY BYMONTH BYSETPOS COUNT UNTIL MO 1 -1 20250101 T000000Z X-A RSCALE'.split(
      ' ',
    ),
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(word, { maxLength: 30 }).map((words) => words.join('')),
  );
  fc.assert(
    fc.property(text, (given) => {
      try {
        const rule = parseRecurrenceRule(given);
        t.same(parseRecurrenceRule(printRecurrenceRule(rule)), rule);
      } catch (error) {
        if (!(error instanceof DomainError) || !['invalid-data', 'unsupported-recurrence-scale'].includes(error.code)) {
          throw error;
        }
      }
    }),
    { numRuns: 2_000 },
  );
  t.end();
});
