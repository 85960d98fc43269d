import fc from 'fast-check';
import t from 'tap';
import { HOUR, MINUTE, UTC } from '../../../src/calendar/date-time.ts';
import { findTimeZone, timeZoneVersion } from '../../../src/calendar/time-zones.ts';
import { local, text, zoneOf } from '../../support/recurrence-items.ts';

t.test('names that are known', (t) => {
  const table: [string, string][] = [
    ['Europe/Berlin', 'Europe/Berlin'],
    ['europe/berlin', 'Europe/Berlin'],
    ['US/Eastern', 'America/New_York'],
    ['us/eastern', 'America/New_York'],
    ['America/Argentina/Ushuaia', 'America/Argentina/Ushuaia'],
    ['Etc/GMT+5', 'Etc/GMT+5'],
    ['"Europe/Paris"', 'Europe/Paris'],
    [' Europe/Paris ', 'Europe/Paris'],
    ['America/New York', 'America/New_York'],
    ['/Europe/Berlin', 'Europe/Berlin'],
    ['/mozilla.org/20050126_1/Europe/Berlin', 'Europe/Berlin'],
    ['/mozilla.org/20071231_1/America/Indiana/Knox', 'America/Indiana/Knox'],
    ['/freeassociation.sourceforge.net/Europe/London', 'Europe/London'],
    ['/freeassociation.sourceforge.net/Tzfile/Europe/London', 'Europe/London'],
    ['/softwarestudio.org/Olson_20011030_5/America/New_York', 'America/New_York'],
    ['/citadel.org/20250101_1/UTC', 'UTC'],
    ['W. Europe Standard Time', 'Europe/Berlin'],
    ['eastern standard time', 'America/New_York'],
    ['Central European Standard Time', 'Europe/Warsaw'],
    ['UTC-11', 'Etc/GMT+11'],
    ['tzone://Microsoft/Utc', 'UTC'],
    ['UTC', 'UTC'],
    ['Etc/UTC', 'UTC'],
    ['GMT', 'UTC'],
    ['Z', 'UTC'],
    ['Zulu', 'UTC'],
  ];
  for (const [name, id] of table) {
    t.equal(findTimeZone(name)?.id, id, name);
  }
  t.equal(findTimeZone('Asia/Kolkata'), findTimeZone('Asia/Calcutta'), 'aliases are one zone');
  t.equal(findTimeZone('UTC'), UTC);
  t.match(timeZoneVersion(), /^20\d\d[a-z]/);
  t.end();
});

t.test('names that are not', (t) => {
  const table = [
    '',
    'Berlin',
    'Customized Time Zone',
    'Europe/Atlantis',
    '../../etc/passwd',
    '/etc/passwd',
    '/usr/share/zoneinfo/leapseconds',
    'file:///usr/share/zoneinfo/Europe/Berlin/..',
    '+01:00',
    // Two of these are anybody's guess, and ICU has one: the VTIMEZONE sent along decides.
    'BST',
    'IST',
    'tzone://Microsoft/Custom',
    '__proto__',
    'constructor',
    `${'x/'.repeat(200)}Europe/Berlin`,
  ];
  for (const name of table) {
    t.equal(findTimeZone(name), undefined, name.slice(0, 60));
  }
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (name) => {
      findTimeZone(name);
    }),
  );
  t.end();
});

t.test('offsets are those of Intl, from 1900 to 9999', (t) => {
  const names =
    'Europe/Berlin America/New_York Africa/Casablanca Pacific/Apia Australia/Lord_Howe Asia/Kathmandu Africa/Monrovia Europe/Dublin Antarctica/Troll Asia/Gaza America/Sao_Paulo Asia/Tehran Pacific/Kiritimati';
  for (const name of names.split(' ')) {
    const zone = zoneOf(name);
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    const seconds = fc.oneof(
      fc.integer({ min: local('1900-01-01') / 1_000, max: local('2150-01-01') / 1_000 }),
      fc.integer({ min: local('2000-01-01') / 1_000, max: local('9998-12-31') / 1_000 }),
    );
    fc.assert(
      fc.property(seconds, (second) => {
        const instant = second * 1_000;
        const match = /(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)/.exec(format.format(instant))!;
        const [month, day, year, hour, minute, rest] = match.slice(1).map(Number) as [
          number,
          number,
          number,
          number,
          number,
          number,
        ];
        const shown = Date.UTC(year, month - 1, day, hour, minute, rest);
        const found = instant + zone.offsetAt(instant);
        if (shown !== found) {
          throw new Error(`${name} at ${text(instant)}: ${text(shown)}, not ${text(found)}`);
        }
        // A local time that occurs once leads back to its instant; of two, to the first.
        const back = zone.toInstant(found);
        if (back > instant || back + zone.offsetAt(back) !== found) {
          throw new Error(`${name} at local ${text(found)}: ${text(back)}`);
        }
      }),
      { numRuns: 400 },
    );
  }
  t.end();
});

t.test('RFC 5545 §3.3.5, gaps and overlaps', (t) => {
  const instant = (name: string, time: string): string => text(zoneOf(name).toInstant(local(time)));
  // The two examples of the RFC, and the edges around them.
  t.equal(instant('America/New_York', '2007-11-04T01:30'), '2007-11-04T05:30');
  t.equal(instant('America/New_York', '2007-03-11T02:30'), '2007-03-11T07:30');
  t.equal(instant('America/New_York', '2007-03-11T01:59'), '2007-03-11T06:59');
  t.equal(instant('America/New_York', '2007-03-11T03:00'), '2007-03-11T07:00');
  t.equal(instant('America/New_York', '2007-11-04T00:59'), '2007-11-04T04:59');
  t.equal(instant('America/New_York', '2007-11-04T02:00'), '2007-11-04T07:00');
  t.equal(instant('Australia/Lord_Howe', '2025-10-05T02:15'), '2025-10-04T15:45');
  t.equal(instant('Australia/Lord_Howe', '2025-04-06T01:45'), '2025-04-05T14:45');
  t.equal(instant('Europe/Berlin', '7025-07-01T12:00'), '7025-07-01T10:00', 'summer time goes on');
  t.equal(instant('Europe/Berlin', '0001-01-01T00:00').slice(0, 4), '0000', 'the year 1 has an answer');
  t.equal(zoneOf('Africa/Monrovia').offsetAt(local('1950-01-01')), -(44 * MINUTE + 30_000), 'seconds');
  t.equal(zoneOf('Asia/Kathmandu').offsetAt(local('2025-01-01')), 5.75 * HOUR);
  t.end();
});

t.test('the years are sampled in few pieces', (t) => {
  // Each block of years costs ICU some thousand questions; a century must not cost more than its seven blocks.
  const RealFormat = Intl.DateTimeFormat;
  let questions = 0;
  class CountingFormat extends RealFormat {
    override format(date?: Date | number): string {
      questions += 1;
      return super.format(date);
    }
  }
  Intl.DateTimeFormat = CountingFormat as typeof Intl.DateTimeFormat;
  t.teardown(() => {
    Intl.DateTimeFormat = RealFormat;
  });
  const zone = zoneOf('America/Halifax');
  zone.offsetAt(local('2025-01-01'));
  t.ok(questions > 0 && questions < 2_000, `${questions} questions for the first use`);
  const first = questions;
  for (let time = local('2020-01-01'); time < local('2027-12-01'); time += HOUR) {
    zone.offsetAt(time);
    zone.toInstant(time);
  }
  t.equal(questions, first, 'and none for the years around');
  for (let year = 2132; year < 10_000; year += 1) {
    zone.offsetAt(Date.UTC(year, 6));
  }
  t.ok(questions < 6_000, `${questions} questions after eight millennia`);
  t.end();
});
