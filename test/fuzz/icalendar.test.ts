/** Any text is refused by a DomainError or read; what is read can be printed, read again, indexed, filtered and expanded. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { matches } from '../../src/calendar/calendar-filter.ts';
import { indexCalendarObject } from '../../src/calendar/calendar-index.ts';
import { parseVtimezone } from '../../src/calendar/calendar-zones.ts';
import { type Component, parseContent, printContent } from '../../src/calendar/content.ts';
import { UTC } from '../../src/calendar/date-time.ts';
import { parseCalendarObject } from '../../src/calendar/icalendar.ts';
import { outputBudget } from '../../src/calendar/output-budget.ts';
import { selectData } from '../../src/calendar/partial-data.ts';
import { DomainError } from '../../src/errors.ts';

const RANGE = { from: Date.UTC(2026, 9, 1), until: Date.UTC(2027, 0, 1) };
const FOLDER = new URL('../../fixtures/icalendar/', import.meta.url);
const SEEDS = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.ics'))
  .map((name) => readFileSync(new URL(name, FOLDER), 'utf8'));

/** Runs and lets pass what a service expects to be thrown. */
function tried<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

function exercise(text: string): void {
  tried(() => parseVtimezone(text));
  const model = tried(() => parseCalendarObject(text));
  if (!model) return;
  indexCalendarObject(model, RANGE, { steps: 5_000 });
  const alarms = { name: 'VALARM', isNotDefined: false, timeRange: RANGE, properties: [], components: [] };
  const inner = { name: model.component, isNotDefined: false, timeRange: RANGE, properties: [], components: [alarms] };
  const filter = { name: 'VCALENDAR', isNotDefined: false, timeRange: null, properties: [], components: [inner] };
  matches(model, filter, UTC, { steps: 5_000 });
  const request = { selection: null, expand: null, limitRecurrence: null, limitFreeBusy: null };
  const budget = () => ({ ...outputBudget(), steps: 5_000, instances: 500 });
  tried(() => selectData(model, { ...request, expand: RANGE }, UTC, budget()));
  tried(() => selectData(model, { ...request, limitRecurrence: RANGE, limitFreeBusy: RANGE }, UTC, budget()));
}

t.test('arbitrary text', async (t) => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 400 }), exercise), { numRuns: 500 });
  const fragment = fc.constantFrom(
    'BEGIN:',
    'END:',
    'VCALENDAR',
    'VEVENT',
    '\r\n',
    '\n ',
    ';',
    ':',
    '=',
    '"',
    ',',
    '\\',
    '^',
    'RRULE',
    'DTSTART',
    'VALUE',
    'TZID',
    'P1D',
    '20260101',
    'T',
    'Z',
    '__proto__',
  );
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 60 }), (parts) => exercise(parts.join(''))),
    { numRuns: 1_000 },
  );
  t.pass('nothing else was thrown');
});

t.test('damaged objects of real clients', async (t) => {
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.nat({ max: 12 }),
    insert: fc.oneof(
      fc.string({ maxLength: 4 }),
      fc.constantFrom('\r\n', ':', ';', '"', '9', '-', 'Z', 'FREQ=SECONDLY', 'INTERVAL=0'),
    ),
  });
  fc.assert(
    fc.property(fc.constantFrom(...SEEDS), fc.array(edit, { minLength: 1, maxLength: 3 }), (seed, edits) => {
      let text = seed;
      for (const { at, remove, insert } of edits) {
        const position = Math.floor(at * text.length);
        text = text.slice(0, position) + insert + text.slice(position + remove);
      }
      exercise(text);
    }),
    { numRuns: 1_500 },
  );
  t.pass('nothing else was thrown');
});

t.test('printing then reading is identity', async (t) => {
  const name = fc
    .stringMatching(/^[a-z][a-z0-9-]{0,10}$/)
    .filter((word) => word !== 'begin' && word !== 'end' && word !== 'value');
  const text = fc
    .string({ unit: 'grapheme', maxLength: 120 })
    .filter((value) => !/[\0-\x1f\ufffe\uffff]/.test(value) && Buffer.from(value).toString() === value);
  const property = fc.record({
    name,
    parameters: fc.dictionary(
      name,
      text.map((value) => value.replaceAll('","', '')),
      { maxKeys: 3 },
    ),
    value: text.map((value) => value.trim()),
  });
  fc.assert(
    fc.property(fc.array(property, { maxLength: 5 }), (properties) => {
      const component: Component = [
        'vevent',
        properties.map(({ name, parameters, value }) => [name, { ...parameters }, 'unknown', value]),
        [['valarm', [['x', {}, 'date', '20260101']], []]],
      ];
      t.strictSame(parseContent(printContent(component)), component);
    }),
    { numRuns: 500 },
  );
  for (const seed of SEEDS) t.strictSame(parseContent(printContent(parseContent(seed))), parseContent(seed));
});
