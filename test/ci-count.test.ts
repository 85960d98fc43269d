/** The count that ends .ci/run: assertions, not the tests around them; a crash without an assertion is a failure. */
import t from 'tap';
import { count } from '../.ci/count.mjs';

const CASES: [string, string, { passed: number; failed: number }][] = [
  ['flat points', 'ok 1\nok 2 - x\nnot ok 3\n1..3', { passed: 2, failed: 1 }],
  [
    'a block counts by its inside',
    '# Subtest: a\n    ok 1\n    ok 2\n    1..2\nok 1 - a\n1..1',
    { passed: 2, failed: 0 },
  ],
  ['two levels', '        ok 1\n        not ok 2\n    not ok 1 - b\n    ok 2\nnot ok 1 - a', { passed: 2, failed: 1 }],
  ['a block that crashed after its points', '    ok 1\nnot ok 1 - a # time=3ms', { passed: 1, failed: 1 }],
  ['a file without points', '# Subtest: a\n    1..0 # no tests found\nnot ok 1 - a', { passed: 0, failed: 1 }],
  ['skipped and to do', 'ok 1 # SKIP no\nnot ok 2 - x # TODO later\nok 3', { passed: 1, failed: 0 }],
  ['the next block starts anew', '    not ok 1\nnot ok 1 - a\nok 2 - b', { passed: 1, failed: 1 }],
];

for (const [name, tap, expected] of CASES) t.same(count(tap), expected, name);
