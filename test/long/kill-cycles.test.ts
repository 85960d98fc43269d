/**
 * Very many short lives of a server, each ended by kill -9 in the middle of its work: eight writers of DAV, five of mail. How many is
 * KILL_CYCLES, 60 by default; `npm run long:kill-cycles` runs a thousand. The compiled program runs, because it starts sooner.
 */
import t from 'tap';
import { crashRounds } from '../support/crash-rounds.ts';
import { BUILT } from '../support/server-process.ts';

const CYCLES = Number(process.env['KILL_CYCLES'] ?? 60);
/** Acknowledgements before the kill, up to twice as many. */
const ACKNOWLEDGEMENTS = 40;
const REPORT_EVERY = 50;

t.setTimeout(CYCLES * 60_000);
t.test(`${CYCLES} kills`, async (t) => {
  const began = performance.now();
  const { acknowledged, ways, faults } = await crashRounds(t, {
    rounds: CYCLES,
    acknowledgements: ACKNOWLEDGEMENTS,
    // In the other half it dies younger than the first message by LMTP, which waits for a thread.
    everyWriter: (round) => round % 2 === 0,
    most: 12,
    program: BUILT,
    progress(round, faults) {
      const seconds = Math.round((performance.now() - began) / 1000);
      if (round % REPORT_EVERY === 0) t.comment(`${round} kills in ${seconds} s, ${faults.length} faults`);
    },
    strike: () => ({ run: (server) => server.kill() }),
  });
  t.same(faults, []);
  t.equal(acknowledged.length, CYCLES);
  for (const count of acknowledged) t.ok(count >= ACKNOWLEDGEMENTS, `${count} acknowledged before the kill`);
  t.comment(`${acknowledged.reduce((sum, count) => sum + count, 0)} acknowledged: ${JSON.stringify(ways)}`);
  for (const [way, count] of Object.entries(ways)) t.ok(count > 0, `${count} by ${way}`);
});
