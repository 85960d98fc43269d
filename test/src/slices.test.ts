/** Turns of long computations: the event loop goes round between any two of them, whoever they belong to. */
import t from 'tap';
import { beginning, inSlices, turn } from '../../src/slices.ts';

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

/** Works for longer than a slice lasts. */
function hold(): void {
  const until = performance.now() + 9;
  while (performance.now() < until);
}

t.test(
  'turns in the order they came, and no more in one round of the event loop than a slice has room for',
  async (t) => {
    const round = rounds();
    const seen: string[] = [];
    const when: number[] = [];
    await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (name) => {
        for (let i = 0; i < 3; i++) {
          await turn();
          seen.push(name);
          when.push(round.count);
          hold();
        }
      }),
    );
    round.stop();
    t.equal(seen.join(''), 'abcdabcdabcd');
    t.equal(new Set(when).size, when.length, `no two in one round: ${when.join(' ')}`);
  },
);

t.test('what is resumed does all it can before the next is asked to go on', async (t) => {
  const round = rounds();
  const when: number[] = [];
  await Promise.all(
    [1, 2, 3].map(async () => {
      await turn();
      for (let i = 0; i < 50; i++) await undefined;
      when.push(round.count);
      hold();
    }),
  );
  round.stop();
  t.equal(new Set(when).size, when.length, `no two in one round: ${when.join(' ')}`);
});

t.test('of many that arrive together some begin at once and the others later', async (t) => {
  await new Promise(setImmediate);
  const round = rounds();
  const when: number[] = [];
  const arrive = async () => {
    await beginning();
    when.push(round.count);
    hold();
  };
  t.equal(beginning(), undefined, 'when nothing has begun');
  const first = arrive();
  await first;
  t.ok(beginning() instanceof Promise, 'the slice is used up');
  await Promise.all([arrive(), arrive(), arrive()]);
  round.stop();
  t.equal(new Set(when).size, 4, `no two in one round: ${when.join(' ')}`);
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  t.equal(beginning(), undefined, 'a later round has a slice of its own');
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
