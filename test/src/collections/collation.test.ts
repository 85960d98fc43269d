/** The collations of text-match: RFC 4790 §9.2, §9.3, RFC 5051. */
import t from 'tap';
import { type Collation, collationOf, contains } from '../../../src/collections/collation.ts';

t.test('matching', async (t) => {
  const cases: [Collation, string, string, boolean][] = [
    ['i;octet', 'Office', 'office', false],
    ['i;octet', 'Office', 'ffi', true],
    ['i;ascii-casemap', 'OFFICE', 'office', true],
    ['i;ascii-casemap', 'Ö', 'ö', false],
    ['i;ascii-casemap', 'a[b]', 'A[B', true],
    ['i;unicode-casemap', 'MÜLLER', 'müller', true],
    ['i;unicode-casemap', 'Straße', 'STRASSE', true],
    ['i;unicode-casemap', 'ﬁle', 'FILE', true],
    ['i;unicode-casemap', 'e\u0301', 'É', true],
    ['i;unicode-casemap', 'ΣΑΣ', 'σας', true],
    ['i;unicode-casemap', 'abc', '', true],
    ['i;unicode-casemap', 'aaaaaaaaaa', '(a+)+$', false],
  ];
  for (const [collation, text, part, expected] of cases) {
    t.equal(contains(text, part, collation), expected, `${collation}: ${part} in ${text}`);
  }
});

t.test('names', async (t) => {
  t.equal(collationOf(undefined, 'i;ascii-casemap'), 'i;ascii-casemap');
  t.equal(collationOf('default', 'i;unicode-casemap'), 'i;unicode-casemap');
  t.equal(collationOf('i;octet', 'i;ascii-casemap'), 'i;octet');
  t.throws(() => collationOf('i;basic', 'i;octet'), { code: 'unsupported-collation' });
});
