/**
 * Power cuts and failing flushes of a whole server under mixed writers of DAV and mail, simulated by powercut.c: how many, and of
 * which server, is the caller's.
 */
import type { Test } from 'tap';
import { type CrashRounds, crashRounds, integrityOfCopy } from './crash-rounds.ts';
import { powerCutFor } from './powercut.ts';

type Rounds = Omit<CrashRounds, 'strike'>;

/** Cuts the power; in every other round each unflushed block is lost by chance, in the rest all of them. */
export async function powerCuts(t: Test, rounds: Rounds): Promise<void> {
  const { acknowledged, ways, faults } = await crashRounds(t, {
    ...rounds,
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
  t.ok(acknowledged.length > 0, `${acknowledged.length} cuts`);
  for (const count of acknowledged) t.ok(count >= rounds.acknowledgements, `${count} acknowledged before the cut`);
  t.comment(`${acknowledged.reduce((sum, count) => sum + count, 0)} acknowledged: ${JSON.stringify(ways)}`);
  for (const [way, count] of Object.entries(ways)) t.ok(count > 0, `${count} by ${way}`);
}

/**
 * Lets a flush fail: the process ends, and nothing after the failure is acknowledged.
 * @param within milliseconds it may take to end: a second, and more where other tests keep the disk busy at the same time
 */
export async function failingFlushes(t: Test, rounds: Rounds, within = 1_000): Promise<void> {
  const { acknowledged, faults } = await crashRounds(t, {
    ...rounds,
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
          t.ok(took < within, `within ${within} ms (${took.toFixed()})`);
        },
        afterwards() {
          t.equal(integrityOfCopy(folder), 'ok');
        },
      };
    },
  });
  t.same(faults, []);
  t.equal(acknowledged.length, rounds.rounds);
}
