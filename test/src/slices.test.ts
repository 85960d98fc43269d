/** Turns of long computations: the event loop goes round between any two of them, whoever they belong to. */
import t from 'tap';
import { inSlices, turn } from '../../src/slices.ts';

/** Counts the rounds of the event loop. */
function rounds(): { count: number; stop(): void } {
  let going = true;
  const counter = {
    count: 0,
    stop() {
      going = false;
    },
  };
  const next = () => {
    counter.count++;
    if (going) setImmediate(next);
  };
  setImmediate(next);
  return counter;
}

t.test('one turn in each round of the event loop, in the order they came', async (t) => {
  const round = rounds();
  const seen: string[] = [];
  const when: number[] = [];
  await Promise.all(
    ['a', 'b', 'c', 'd'].map(async (name) => {
      for (let i = 0; i < 3; i++) {
        await turn();
        seen.push(name);
        when.push(round.count);
      }
    }),
  );
  round.stop();
  t.equal(seen.join(''), 'abcdabcdabcd');
  t.equal(new Set(when).size, when.length, `no two in one round: ${when.join(' ')}`);
});

t.test('sockets and timers come in between the turns of many', async (t) => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  function* work(): Generator<void, number> {
    for (let i = 0; i < 20; i++) {
      const until = performance.now() + 1;
      while (performance.now() < until);
      yield;
    }
    return 1;
  }
  const results = await Promise.all(Array.from({ length: 10 }, () => inSlices(work())));
  clearInterval(timer);
  t.equal(results.length, 10);
  t.ok(ticks >= 10, `${ticks} ticks`);
});
