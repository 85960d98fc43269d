/**
 * kill -9 and clock jumps while mail goes to a hostile server: every acknowledged message ends as handed over or as reported to its
 * sender, once. Three kills here, more in test/long.
 */
import t from 'tap';
import { queueRounds } from './support/queue-oracle.ts';

t.test('three kills', async (t) => {
  const { acknowledged, arrived, reported, faults } = await queueRounds(t, {
    rounds: 3,
    messages: 40,
    seed: 11,
    givesUp: false,
  });
  t.same(faults, []);
  t.ok(acknowledged >= 120, `${acknowledged} acknowledged`);
  t.ok(arrived > 60, `${arrived} arrived`);
  t.ok(reported > 5, `${reported} reported`);
});
