/**
 * Power cuts and failing flushes under eight mixed writers, simulated by test/support/powercut.c.
 * That the simulation would find a careless store is shown in test/power-cut.test.ts.
 */
import t from 'tap';
import { crashRounds, integrityOfCopy } from '../support/crash-rounds.ts';
import { powerCutFor } from '../support/powercut.ts';

t.setTimeout(900_000);

t.test('twenty power cuts', async (t) => {
  const { acknowledged, faults } = await crashRounds(t, {
    rounds: 20,
    acknowledgements: 100,
    strike(round, folder) {
      const power = powerCutFor(folder);
      return {
        environment: power.environment,
        run: () => power.cut(round % 2 === 0 ? 'all' : 'random', round),
        afterwards() {
          t.equal(integrityOfCopy(folder), 'ok', `cut ${round + 1} leaves a whole database`);
        },
      };
    },
  });
  t.same(faults, []);
  for (const count of acknowledged) t.ok(count >= 100, `${count} acknowledged before the cut`);
});

t.test('a failed flush ends the process and nothing after it is acknowledged', async (t) => {
  const { faults } = await crashRounds(t, {
    rounds: 6,
    acknowledgements: 60,
    strike(round, folder) {
      const power = powerCutFor(folder);
      return {
        environment: power.environment,
        async run(server) {
          // The disk fails at one of the next syncs; under load that is a matter of milliseconds.
          power.failSync(1 + round);
          const asked = performance.now();
          const { code } = await server.ended;
          const took = performance.now() - asked;
          t.ok(code !== null && code !== 0, `it exits with ${code}`);
          t.ok(took < 1_000, `within a second (${took.toFixed()} ms)`);
        },
        afterwards() {
          t.equal(integrityOfCopy(folder), 'ok');
        },
      };
    },
  });
  t.same(faults, []);
});
