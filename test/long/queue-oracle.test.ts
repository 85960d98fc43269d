/** As test/queue-oracle.test.ts, with more kills, and with a clock so late at the end that what waits is given up. */
import t from 'tap';
import { queueRounds } from '../support/queue-oracle.ts';

for (const [seed, givesUp] of [
  [21, false],
  [22, true],
] as const)
  t.test(`twenty kills${givesUp ? ', and time runs out' : ''}`, async (t) => {
    const { acknowledged, arrived, reported, twice, faults } = await queueRounds(t, {
      rounds: 20,
      messages: 40,
      seed,
      givesUp,
    });
    t.same(faults, []);
    t.comment(`${acknowledged} acknowledged, ${arrived} arrived, ${reported} reported, ${twice} twice`);
    t.ok(acknowledged >= 800, `${acknowledged} acknowledged`);
    t.ok(arrived > 0 && reported > 0);
  });
