/**
 * The threads of a THREAD answer: `(2)(3 6 (4 23)(44 7 96))`.
 * RFC 5256 §4. Threads may be as deep and as many as they like: nothing here is recursive.
 */
import type { Thread } from '../../src/mail/threads.ts';

/** The text of threads in small pieces. `numberOf` is asked for each UID. */
export function* threadList(threads: readonly Thread[], numberOf: (uid: number) => number): Generator<string> {
  // What is still to be said, the last one first.
  const waiting: (Thread | string)[] = [...threads].reverse();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next === 'string') {
      yield next;
      continue;
    }
    yield '(';
    waiting.push(')');
    let thread: Thread = next;
    // A message and its only child, and the child's, stand in one line.
    for (;;) {
      const { uid, children } = thread;
      if (uid !== undefined) yield children.length === 0 ? `${numberOf(uid)}` : `${numberOf(uid)} `;
      const [only] = children;
      if (children.length !== 1 || only === undefined) break;
      thread = only;
    }
    for (let at = thread.children.length - 1; at >= 0; at--) waiting.push(thread.children[at] as Thread);
  }
}
