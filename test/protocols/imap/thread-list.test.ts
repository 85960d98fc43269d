/** Threads as THREAD prints them. RFC 5256 §4. */
import t from 'tap';
import { threadList } from '../../../protocols/imap/thread-list.ts';
import type { Thread } from '../../../src/mail/threads.ts';

/** A thread of `[uid, ...children]`. */
type Short = [uid: number | undefined, ...children: Short[]];

function threadOf([uid, ...children]: Short): Thread {
  return { uid, children: children.map(threadOf) };
}

t.test('threads', (t) => {
  const table: [expected: string, ...threads: Short[]][] = [
    [''],
    ['(2)', [2]],
    ['(2)(3 6 (4 23)(44 7 96))', [2], [3, [6, [4, [23]], [44, [7, [96]]]]]],
    ['((3)(5))', [undefined, [3], [5]]],
    ['((3 4)(5 (6)(7)))', [undefined, [3, [4]], [5, [6], [7]]]],
    ['(1 (2)(3))(4)', [1, [2], [3]], [4]],
  ];
  for (const [expected, ...threads] of table)
    t.equal([...threadList(threads.map(threadOf), (uid) => uid)].join(''), expected, expected);
  t.equal([...threadList([threadOf([1, [2]])], (uid) => uid * 10)].join(''), '(10 20)');
  t.end();
});

t.test('as deep as threads get', (t) => {
  let chain: Thread = { uid: 1, children: [] };
  let comb: Thread = { uid: 1, children: [] };
  for (let uid = 2; uid <= 100_000; uid++) {
    chain = { uid, children: [chain] };
    comb = { uid, children: [comb, { uid: 0, children: [] }] };
  }
  t.match([...threadList([chain], (uid) => uid)].join(''), /^\(100000 99999 .* 2 1\)$/);
  t.match([...threadList([comb], (uid) => uid)].join(''), /^\(100000 \(99999 \(.*\)\(0\)\)$/);
  t.end();
});
