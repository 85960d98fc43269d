/** Filters. RFC 6352 §10.5, §8.3. */
import t from 'tap';
import {
  type CardFilter,
  compileFilter,
  fullTextOf,
  type MatchType,
  type ParameterFilter,
  type PropertyFilter,
  searchTextOf,
  type TextMatch,
} from '../../../src/contacts/card-filter.ts';
import { parseVCard } from '../../../src/contacts/vcard.ts';

const CARD = parseVCard(
  [
    'BEGIN:VCARD',
    'VERSION:3.0',
    'UID:1',
    'FN:Jürgen Müller',
    'N:Müller;Jürgen;;;',
    'EMAIL;TYPE=INTERNET,WORK,pref:JM@example.com',
    'EMAIL;TYPE=home:jm@home.example.org',
    'item1.TEL;X-NOTE="a^nb":+1',
    'NOTE:one\\, two\\nthree (.*)+$',
    'NICKNAME:ΌδοσΑ',
    'PHOTO;ENCODING=b:AAAAEMAIL',
    `X-LONG:${'x'.repeat(5000)}end`,
    'END:VCARD',
  ].join('\r\n'),
);

function text(value: string, type: MatchType = 'contains', negate = false): TextMatch {
  return { text: value, type, negate, collation: 'i;unicode-casemap' };
}

function property(name: string, more: Partial<PropertyFilter> = {}): PropertyFilter {
  return { name, test: 'anyof', notDefined: false, texts: [], parameters: [], ...more };
}

function matches(...properties: PropertyFilter[]): boolean {
  return run({ test: 'anyof', properties });
}

function run(filter: CardFilter): boolean {
  const compiled = compileFilter(filter);
  const search = searchTextOf(CARD);
  const full = compiled.matches(fullTextOf(CARD));
  if (!compiled.needsMore(search)) t.equal(compiled.matches(search), full, 'kept text and full text agree');
  return full;
}

t.test('prop-filter', (t) => {
  t.equal(run({ test: 'anyof', properties: [] }), true, 'an empty filter');
  t.equal(matches(property('EMAIL')), true);
  t.equal(matches(property('email')), true);
  t.equal(matches(property('MAIL')), false);
  t.equal(matches(property('X-NONE')), false);
  t.equal(matches(property('TEL')), true, 'any group');
  t.equal(matches(property('ITEM1.TEL')), true);
  t.equal(matches(property('item2.TEL')), false);
  t.equal(matches(property('X-NONE', { notDefined: true })), true);
  t.equal(matches(property('EMAIL', { notDefined: true })), false);
  t.equal(matches(property('item2.TEL', { notDefined: true })), true);
  t.end();
});

t.test('text-match', (t) => {
  const table: [name: string, match: TextMatch, expected: boolean][] = [
    ['EMAIL', text('jm@EXAMPLE'), true],
    ['EMAIL', text('JM@example.com', 'equals'), true],
    ['EMAIL', text('example.com', 'equals'), false],
    ['EMAIL', text('jm@home', 'starts-with'), true],
    ['EMAIL', text('home', 'starts-with'), false],
    ['EMAIL', text('.ORG', 'ends-with'), true],
    ['EMAIL', text('example', 'contains', true), false],
    ['EMAIL', text('home', 'contains', true), true],
    ['FN', text('jÜRGEN'), true],
    ['FN', text('mu\u0308ller'), true],
    ['FN', text('muller'), false],
    ['N', text('müller;jürgen'), true],
    ['NOTE', text('one, two\nthree'), true],
    ['NOTE', text('.*'), true],
    ['NOTE', text('o.e'), false],
    ['NOTE', text('(((((a+)+)+)+)+)$'), false],
    ['NOTE', text(''), true],
    ['X-LONG', text('xend'), true],
    ['PHOTO', text('EMAIL'), true],
    ['FN', text('EMAIL'), false],
    ['NICKNAME', text('ΌΔΟΣ'), true],
  ];
  for (const [name, match, expected] of table) {
    t.equal(matches(property(name, { texts: [match] })), expected, `${name} ${match.type} ${match.text}`);
  }
  const collation = (name: TextMatch['collation'], value: string) =>
    matches(property('FN', { texts: [{ ...text(value), collation: name }] }));
  t.equal(collation('i;octet', 'Jürgen'), true);
  t.equal(collation('i;octet', 'jürgen'), false);
  t.equal(collation('i;ascii-casemap', 'jüRGEN'), true);
  t.equal(collation('i;ascii-casemap', 'jÜrgen'), false);
  t.end();
});

t.test('param-filter', (t) => {
  const type = (more: Partial<ParameterFilter>): ParameterFilter => ({ name: 'type', notDefined: false, ...more });
  const table: [name: string, filter: ParameterFilter, expected: boolean][] = [
    ['EMAIL', type({}), true],
    ['TEL', type({}), false],
    ['TEL', type({ notDefined: true }), true],
    ['EMAIL', type({ notDefined: true }), false],
    ['EMAIL', type({ text: text('work', 'equals') }), true],
    ['EMAIL', type({ text: text('cell') }), false],
    ['EMAIL', type({ text: text('internet', 'contains', true) }), true],
    ['TEL', { name: 'X-NOTE', notDefined: false, text: text('a\nb', 'equals') }, true],
    ['TEL', type({ text: text('x', 'contains', true) }), false],
  ];
  for (const [name, filter, expected] of table) {
    t.equal(matches(property(name, { parameters: [filter] })), expected, `${name} ${JSON.stringify(filter)}`);
  }
  t.end();
});

t.test('anyof and allof', (t) => {
  const both = [text('jm'), text('home')];
  t.equal(matches(property('EMAIL', { test: 'allof', texts: both })), true);
  t.equal(
    matches(property('EMAIL', { test: 'allof', texts: [text('home'), text('example.com')] })),
    false,
    'of one property',
  );
  t.equal(matches(property('EMAIL', { texts: [text('home'), text('nothing')] })), true);
  const work: ParameterFilter = { name: 'TYPE', notDefined: false, text: text('work') };
  t.equal(matches(property('EMAIL', { test: 'allof', texts: [text('home')], parameters: [work] })), false);
  t.equal(matches(property('EMAIL', { test: 'allof', texts: [text('jm')], parameters: [work] })), true);
  t.equal(run({ test: 'allof', properties: [property('EMAIL'), property('X-NONE')] }), false);
  t.equal(run({ test: 'anyof', properties: [property('X-NONE'), property('EMAIL')] }), true);
  t.end();
});

t.test('what a search text leaves out is asked for', (t) => {
  const search = searchTextOf(CARD);
  const needs = (...properties: PropertyFilter[]) => compileFilter({ test: 'anyof', properties }).needsMore(search);
  t.equal(search.cut, '\x02PHOTO\x02\x02X-LONG\x02');
  t.equal(needs(property('PHOTO')), false, 'whether there is a picture is known');
  t.equal(needs(property('x-long', { texts: [text('end')] })), true);
  t.equal(needs(property('EMAIL', { texts: [text('end')] })), false);
  const huge = parseVCard(
    ['BEGIN:VCARD', ...Array<string>(100).fill(`NOTE:${'y'.repeat(1000)}`), 'END:VCARD'].join('\r\n'),
  );
  t.equal(searchTextOf(huge).cut, undefined);
  t.equal(compileFilter({ test: 'anyof', properties: [] }).needsMore(searchTextOf(huge)), true);
  t.end();
});
