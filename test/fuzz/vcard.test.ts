/** Cards nobody would write: whatever comes in, reading ends in a card or one error, and a card survives all that is done to it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { compileFilter, fullTextOf, searchTextOf } from '../../src/contacts/card-filter.ts';
import { partOf } from '../../src/contacts/partial-card.ts';
import { parseVCard, printVCard } from '../../src/contacts/vcard.ts';
import { convertVCard } from '../../src/contacts/vcard-conversion.ts';
import { factsOf } from '../../src/contacts/vcard-validation.ts';
import { DomainError } from '../../src/errors.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/vcard');
const cards = readdirSync(FIXTURES)
  .filter((name) => name.endsWith('.vcf'))
  .map((name) => readFileSync(join(FIXTURES, name), 'utf8').replaceAll('\n', '\r\n'));

/** Lines of which a hostile card is made. */
const line = fc.oneof(
  fc.constantFrom(
    'BEGIN:VCARD',
    'END:VCARD',
    'VERSION:3.0',
    'VERSION:4.0',
    'UID:1',
    'FN:x',
    'N:;;;;',
    ' fold',
    '\tfold',
    '',
  ),
  fc
    .tuple(
      fc.constantFrom('', 'item1.', 'a.b.', '.'),
      fc.constantFrom(
        'TEL',
        'PHOTO',
        'BDAY',
        'X-ABRELATEDNAMES',
        'X-ABLABEL',
        'RELATED',
        'LABEL',
        'ADR',
        'GEO',
        'TZ',
        'KEY',
        'SORT-STRING',
        '__proto__',
        'constructor',
        'toString',
      ),
      fc.array(
        fc.constantFrom(
          ';TYPE=home',
          ';TYPE="a,b"',
          ';PREF=1',
          ';PREF=x',
          ';ENCODING=b',
          ';VALUE=uri',
          ';VALUE=text',
          ';X="',
          ';=',
          ';',
          ';HOME',
          ';SORT-AS="a,b"',
          ';LABEL="a\\nb^n"',
          ';__proto__=1',
        ),
        { maxLength: 4 },
      ),
      fc.oneof(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom(
          'data:image/png;base64,AA',
          'data:,%zz',
          '--0415',
          '1604-04-15',
          'geo:1,2',
          '1;2',
          '-05:00',
          '_$!<Friend>!$_',
          '\\',
          '\\;;\\\\',
        ),
      ),
    )
    .map(([group, name, parameters, value]) => `${group}${name}${parameters.join('')}:${value}`),
);
const hostile = fc
  .array(line, { maxLength: 25 })
  .map((lines) => `BEGIN:VCARD\r\n${lines.join('\r\n')}\r\nEND:VCARD\r\n`);

/** A real card with some characters changed. */
const mutated = fc
  .tuple(
    fc.constantFrom(...cards),
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.nat(5),
        fc.constantFrom(
          '',
          ':',
          ';',
          '"',
          ',',
          '\\',
          '\r\n',
          '\r',
          '\n ',
          '=',
          '.',
          '\u0000',
          '^',
          'ü',
          'BEGIN:VCARD\r\n',
        ),
      ),
      { maxLength: 6 },
    ),
  )
  .map(([card, edits]) => {
    let text = card;
    for (const [at, length, piece] of edits) {
      const from = at % (text.length + 1);
      text = text.slice(0, from) + piece + text.slice(from + length);
    }
    return text;
  });

function survives(text: string): void {
  let version: string;
  try {
    ({ version } = factsOf(text));
  } catch (error) {
    if (error instanceof DomainError) return;
    throw error;
  }
  const card = parseVCard(text);
  const other = version === '3.0' ? '4.0' : '3.0';
  const converted = convertVCard(text, version, other);
  if (factsOf(converted).cardUid !== factsOf(text).cardUid) throw new Error('another UID');
  const back = convertVCard(converted, other, version as '3.0' | '4.0');
  factsOf(back);
  const plain = (octets: string) =>
    JSON.stringify(
      parseVCard(octets).properties.map(({ group, name, parameters, value }) => [group, name, parameters, value]),
    );
  if (plain(printVCard(card)) !== plain(text)) throw new Error('printing changes the card');
  const part = partOf(
    text,
    card.properties.map(({ name }) => ({ name, withValue: true })),
  );
  if (plain(part) !== plain(text)) throw new Error('all parts are not the whole');
  const filter = compileFilter({
    test: 'anyof',
    properties: [
      { name: 'TEL', test: 'allof', notDefined: false, texts: [], parameters: [{ name: 'TYPE', notDefined: true }] },
    ],
  });
  if (filter.matches(searchTextOf(card)) !== filter.matches(fullTextOf(card))) throw new Error('searches disagree');
}

t.test('hostile lines', (t) => {
  fc.assert(fc.property(hostile, survives), { numRuns: 2000 });
  t.end();
});

t.test('real cards with changes', (t) => {
  fc.assert(fc.property(mutated, survives), { numRuns: 2000 });
  t.end();
});

t.test('anything', (t) => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 500 }), survives), { numRuns: 500 });
  t.end();
});
