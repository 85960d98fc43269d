/** The XML of filters and time ranges: RFC 4791 §9.7, §9.9. */
import fc from 'fast-check';
import t from 'tap';
import { readFilter } from '../../../protocols/caldav/calendar-filter.ts';
import { readRange } from '../../../protocols/caldav/time-range.ts';
import { DavError } from '../../../protocols/dav/dav-error.ts';
import { CALDAV } from '../../../protocols/dav/namespaces.ts';
import { Element } from '../../../protocols/dav/xml.ts';
import { DomainError } from '../../../src/errors.ts';

function element(name: string, attributes: Record<string, string> = {}, ...children: (Element | string)[]): Element {
  const made = new Element(
    CALDAV,
    name,
    'C',
    Object.entries(attributes).map(([key, value]) => ({ namespace: '', prefix: '', name: key, value })),
  );
  made.children.push(...children);
  return made;
}

t.test('a filter becomes typed, names in upper case', async (t) => {
  const filter = element(
    'filter',
    {},
    element(
      'comp-filter',
      { name: 'vcalendar' },
      element(
        'comp-filter',
        { name: 'VEVENT' },
        element('time-range', { start: '20260101T000000Z' }),
        element(
          'prop-filter',
          { name: 'attendee' },
          element('text-match', { collation: 'i;octet', 'negate-condition': 'yes' }, 'Anna'),
          element('param-filter', { name: 'partstat' }, element('is-not-defined')),
        ),
      ),
    ),
  );
  t.match(readFilter(filter), {
    name: 'VCALENDAR',
    components: [
      {
        name: 'VEVENT',
        timeRange: { from: Date.UTC(2026, 0, 1), until: null },
        properties: [
          {
            name: 'ATTENDEE',
            textMatch: { text: 'Anna', collation: 'i;octet', negate: true },
            parameters: [{ name: 'PARTSTAT', isNotDefined: true, textMatch: null }],
          },
        ],
      },
    ],
  });
});

t.test('elements of other namespaces are passed over (RFC 4918 §17)', async (t) => {
  const filter = element('filter', {}, element('comp-filter', { name: 'VCALENDAR' }));
  filter.children.push(new Element('urn:other', 'comp-filter'), '\n  ');
  t.equal(readFilter(filter).components.length, 0);
});

t.test('a filter has few conditions', async (t) => {
  const many = Array.from({ length: 300 }, () => element('prop-filter', { name: 'UID' }));
  const filter = element('filter', {}, element('comp-filter', { name: 'VCALENDAR' }, ...many));
  t.throws(() => readFilter(filter), { code: 'unsupported-filter' });
});

t.test('any tree is read or refused, never more', async () => {
  const names = fc.constantFrom(
    'VCALENDAR',
    'VEVENT',
    'VALARM',
    'X-A',
    '__proto__',
    'constructor',
    '',
    'SUMMARY',
    'dtstart',
  );
  const attributes = fc.record(
    {
      name: names,
      start: fc.constantFrom('20260101T000000Z', '20269999T000000Z', 'x', ''),
      end: fc.constantFrom('20270101T000000Z', '20250101T000000Z', '20260101'),
      collation: fc.constantFrom('i;octet', 'default', '__proto__', ''),
      'negate-condition': fc.constantFrom('yes', 'no', 'maybe'),
    },
    { requiredKeys: [] },
  );
  const kinds = fc.constantFrom(
    'comp-filter',
    'prop-filter',
    'param-filter',
    'time-range',
    'text-match',
    'is-not-defined',
    'other',
  );
  const { tree } = fc.letrec<{ tree: Element }>((tie) => ({
    tree: fc
      .tuple(kinds, attributes, fc.array(fc.oneof({ maxDepth: 5 }, fc.string(), tie('tree')), { maxLength: 4 }))
      .map(([name, given, children]) => element(name, given as Record<string, string>, ...children)),
  }));
  fc.assert(
    fc.property(fc.array(tree, { maxLength: 3 }), (children) => {
      const root = element('comp-filter', { name: 'VCALENDAR' }, ...children);
      try {
        readFilter(element('filter', {}, root));
      } catch (error) {
        if (!(error instanceof DomainError || error instanceof DavError)) throw error;
      }
    }),
    { numRuns: 500 },
  );
});

t.test('time ranges (RFC 4791 §9.9)', async (t) => {
  const range = (start?: string, end?: string) =>
    element('time-range', { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) });
  t.same(readRange(range('20260101T000000Z', '20260102T000000Z')), {
    from: Date.UTC(2026, 0, 1),
    until: Date.UTC(2026, 0, 2),
  });
  t.same(readRange(range(undefined, '20260102T000000Z')), { from: null, until: Date.UTC(2026, 0, 2) });
  for (const [start, end] of [
    ['20260101', undefined],
    ['20260101T000000', undefined],
    ['2026-01-01T00:00:00Z', undefined],
    ['20260101T000000Z', '20260101T000000Z'],
    ['20260230T000000Z', undefined],
  ]) {
    t.throws(() => readRange(range(start, end)), { code: 'invalid-filter' }, `${start} ${end}`);
  }
  t.throws(
    () => readRange(range()),
    new DavError(400, 'A range needs a start or an end.', '<C:valid-filter/>'),
    'that is no time-range',
  );
});
