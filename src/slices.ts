/**
 * Long computations in short turns: the steps of a generator, with the event loop in between whenever some milliseconds went by.
 * The computation stays a pure function that yields at points of its own; only its caller waits.
 */

/** Milliseconds of one turn. */
const SLICE = 8;

const waiting: (() => void)[] = [];
let armed = false;
/** When this round of the event loop began to work for those who ask here; undefined: it has not. */
let began: number | undefined;

/**
 * Waits until it is one's turn: in each round of the event loop those who wait here go on in the order they came, for as long as
 * one slice lasts, and the rest in the rounds that follow. `setImmediate` is not enough for that: Node runs all of its callbacks
 * in one go, so that 30 requests of pages that take 3 ms hold sockets and timers for 90.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    arm();
  });
}

/**
 * Asked by what arrives from outside before it begins: undefined when it may at once, else the turn to wait for. Of many requests
 * that arrive together, which Node hands over in one go, no more begin than a slice has room for.
 */
export function beginning(): Promise<void> | undefined {
  if (began !== undefined) return performance.now() - began < SLICE ? undefined : turn();
  began = performance.now();
  arm();
  return undefined;
}

function arm(): void {
  if (armed) return;
  armed = true;
  setImmediate(() => {
    armed = false;
    began = performance.now();
    resume(began);
  });
}

function resume(since: number): void {
  const next = performance.now() - since < SLICE ? waiting.shift() : undefined;
  if (next === undefined) {
    began = undefined;
    if (waiting.length > 0) arm();
    return;
  }
  next();
  // A tick comes after all microtasks: what was resumed has by then done what it can do at once.
  queueMicrotask(() => process.nextTick(resume, since));
}

/** The result of a computation; it should yield more often than once in a millisecond. */
export async function inSlices<T>(steps: Iterator<void, T>): Promise<T> {
  let began = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() - began < SLICE) continue;
    await turn();
    began = performance.now();
  }
}

/** Entries sorted in one go, and compared between two yields. */
const RUN = 1_024;

/** The entries in order, those that are equal in the order they came in: a merge sort that yields. */
export function* sorted<T>(entries: readonly T[], compare: (a: T, b: T) => number): Generator<void, T[]> {
  let from: T[] = [];
  for (let start = 0; start < entries.length; start += RUN) {
    from.push(...entries.slice(start, start + RUN).sort(compare));
    yield;
  }
  let to = new Array<T>(from.length);
  for (let width = RUN; width < from.length; width *= 2) {
    for (let start = 0; start < from.length; start += 2 * width) {
      const middle = Math.min(start + width, from.length);
      const end = Math.min(start + 2 * width, from.length);
      let left = start;
      let right = middle;
      for (let at = start; at < end; at++) {
        const takeLeft = right >= end || (left < middle && compare(from[left] as T, from[right] as T) <= 0);
        to[at] = (takeLeft ? from[left++] : from[right++]) as T;
        if (at % RUN === 0) yield;
      }
    }
    [from, to] = [to, from];
  }
  return from;
}
