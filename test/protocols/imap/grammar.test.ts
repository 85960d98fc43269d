/** The words of commands as tables. RFC 3501 §9, RFC 9051 §9. */
import fc from 'fast-check';
import t from 'tap';
import { Arguments, ImapSyntaxError } from '../../../protocols/imap/grammar.ts';
import { quote } from '../../../protocols/imap/responses.ts';

type Reader = (args: Arguments) => unknown;

const cases: readonly [name: string, read: Reader, good: readonly [string, unknown][], bad: readonly string[]][] = [
  ['atom', (args) => args.atom(), [['a+b', 'a+b']], ['', '"a"', '(', '\x7f', '*']],
  [
    'astring',
    (args) => args.astring(),
    [
      ['a]', 'a]'],
      ['"a b"', 'a b'],
      ['"\\"\\\\"', '"\\'],
      ['""', ''],
      ['{3}\r\na\r\n', 'a\r\n'],
      ['{0+}\r\n', ''],
    ],
    ['', '"a', '"\\a"', '"a\nb"', '{4}\r\na', '{1}\r\n\0', '{1'],
  ],
  [
    'nstring',
    (args) => args.nstring(),
    [
      ['NIL', null],
      ['nil', null],
      ['"NIL"', 'NIL'],
    ],
    ['other', ''],
  ],
  [
    'number',
    (args) => args.number(),
    [
      ['0', 0],
      ['4294967295', 4294967295],
      ['007', 7],
    ],
    ['4294967296', '-1', '', 'x', '99999999999999999999999'],
  ],
  ['nzNumber', (args) => args.nzNumber(), [['1', 1]], ['0']],
  [
    'number64',
    (args) => args.number64(),
    [
      ['9223372036854775807', Number.MAX_SAFE_INTEGER],
      ['12', 12],
    ],
    ['99999999999999999999', ''],
  ],
  [
    'sequenceSet',
    (args) => args.sequenceSet(),
    [
      ['1', [[1, 1]]],
      [
        '2:1,*',
        [
          [2, 1],
          [0, 0],
        ],
      ],
      ['*:3', [[0, 3]]],
    ],
    ['', '0', '1:', ',1', '1:4294967296', 'a'],
  ],
  [
    'flag',
    (args) => args.flag(),
    [
      ['\\Seen', '\\Seen'],
      ['$a', '$a'],
    ],
    ['\\', '\\*', '('],
  ],
  [
    'flagList',
    (args) => args.flagList(),
    [
      ['()', []],
      ['(\\Seen $a)', ['\\Seen', '$a']],
      ['( a  b )', ['a', 'b']],
    ],
    ['(', '(a', 'a'],
  ],
  [
    'date',
    (args) => args.date(),
    [
      ['1-Feb-2020', Date.UTC(2020, 1, 1)],
      ['"01-feb-2020"', Date.UTC(2020, 1, 1)],
    ],
    ['30-Feb-2020', '1-Foo-2020', '0-Jan-2020', '1-Jan-20'],
  ],
  [
    'dateTime',
    (args) => args.dateTime(),
    [
      ['" 1-Feb-2020 00:00:00 +0100"', Date.UTC(2020, 0, 31, 23)],
      ['"01-Feb-2020 23:59:60 -0000"', Date.UTC(2020, 1, 2)],
    ],
    ['"1-Feb-2020 00:00:00 +0100"', '" 1-Feb-2020 24:00:00 +0000"', '" 1-Feb-2020 00:00:00"'],
  ],
];

for (const [name, read, good, bad] of cases)
  t.test(name, async (t) => {
    for (const [text, value] of good) {
      const args = new Arguments(text);
      t.same(read(args), value, JSON.stringify(text));
      t.ok(args.atEnd, `${JSON.stringify(text)} is taken whole`);
    }
    for (const text of bad) t.throws(() => read(new Arguments(text)), ImapSyntaxError, JSON.stringify(text));
  });

t.test('whatever is written as a string is read as it was', async (t) => {
  const octets = fc.array(fc.integer({ min: 1, max: 255 })).map((codes) => String.fromCharCode(...codes));
  fc.assert(fc.property(octets, (text) => new Arguments(quote(text)).astring() === text));
  t.pass();
});

t.test('no text does anything but give a value or a syntax error, and nothing is read twice', async (t) => {
  const pieces = fc.constantFrom(
    '(',
    ')',
    '"',
    '\\',
    '{3}\r\n',
    '{99}\r\n',
    '*',
    ':',
    ',',
    ' ',
    '1',
    'a',
    '\0',
    '\xff',
    'NIL',
  );
  const text = fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join(''));
  const readers = fc.array(fc.constantFrom(...cases.map(([, read]) => read)), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(text, readers, (text, readers) => {
      const args = new Arguments(text);
      try {
        for (const read of readers) {
          const before = args.rest.length;
          read(args);
          if (args.rest.length >= before) return false;
        }
      } catch (error) {
        return error instanceof ImapSyntaxError;
      }
      return true;
    }),
  );
  t.pass();
});
