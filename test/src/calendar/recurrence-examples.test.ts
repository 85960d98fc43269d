import { readFileSync } from 'node:fs';
import t from 'tap';
import { DAY, HOUR, MINUTE } from '../../../src/calendar/date-time.ts';
import { bounds, expand } from '../../../src/calendar/recurrence.ts';
import { at, item, zoneOf } from '../../support/recurrence-items.ts';

/** 19970902T0900 as the local time it says. */
function compact(text: string): string {
  return text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)$/, '$1-$2-$3T$4:$5');
}

/** `199709:2,9-11 19970902T:0900,1030` as local times. */
function expectedTimes(text: string, timeOfDay: number): number[] {
  return text.split(' ').flatMap((group) => {
    const [head, tail] = group.split(':') as [string, string];
    const year = Number(head.slice(0, 4));
    const month = Number(head.slice(4, 6)) - 1;
    if (head.endsWith('T')) {
      return tail
        .split(',')
        .map(
          (time) =>
            Date.UTC(year, month, Number(head.slice(6, 8))) +
            Number(time.slice(0, 2)) * HOUR +
            Number(time.slice(2)) * MINUTE,
        );
    }
    return tail.split(',').flatMap((span) => {
      const [first, last = first] = span.split('-').map(Number) as [number, number?];
      return Array.from({ length: last - first + 1 }, (_, index) => Date.UTC(year, month, first + index) + timeOfDay);
    });
  });
}

t.test('RFC 5545 §3.8.5.3, the examples', (t) => {
  const zone = zoneOf('America/New_York');
  const file = new URL('../../../fixtures/recurrence/rfc5545-3.8.5.3.txt', import.meta.url);
  const lines = readFileSync(file, 'utf8').split('\n');
  const examples = lines.filter((line) => line !== '' && !line.startsWith('#'));
  t.equal(examples.length, 42);
  for (const line of examples) {
    const [when, rule, instances] = line.split(' | ') as [string, string, string];
    const [start, exception] = when.split(' minus ').map(compact) as [string, string?];
    const example = item(`${start} America/New_York`, [rule], {
      exceptions: exception ? [at(`${exception} America/New_York`)] : [],
    });
    const goesOn = instances.endsWith(' ...');
    const first = example.set!.start.local;
    const expected = expectedTimes(instances.replace(' ...', ''), first % DAY);
    const found = expand(
      example,
      { from: 0, until: expected.at(-1)! + 12 * HOUR + (goesOn ? 0 : 20 * 366 * DAY) },
      zone,
    );
    t.ok(found.complete);
    const locals = found.occurrences.map(({ start: instant }) => instant + zone.offsetAt(instant));
    t.same(goesOn ? locals.slice(0, expected.length) : locals, expected, line);
    const { lastEnd } = bounds(example, zone);
    t.equal(lastEnd, goesOn ? null : zone.toInstant(expected.at(-1)!) + HOUR, `the end of ${rule}`);
  }
  t.end();
});
