/**
 * Power cuts and failing flushes, longer than in test/power-cut.test.ts. How many cuts is POWER_CUTS, 60 by default, and no longer
 * than POWER_MINUTES; `npm run long:power-cuts` makes a thousand, half of which lose by chance. The compiled program runs, because
 * it starts sooner.
 */
import t from 'tap';
import { failingFlushes, powerCuts } from '../support/power-cuts.ts';
import { BUILT } from '../support/server-process.ts';

const CUTS = Number(process.env['POWER_CUTS'] ?? 60);
const MINUTES = Number(process.env['POWER_MINUTES'] ?? Number.POSITIVE_INFINITY);
const REPORT_EVERY = 50;

t.setTimeout((CUTS + 6) * 60_000);
t.test(`${CUTS} power cuts`, (t) => {
  const began = performance.now();
  return powerCuts(t, {
    rounds: CUTS,
    acknowledgements: 100,
    // In the other half the power goes before the first message by LMTP, which waits for a thread.
    everyWriter: (round) => round % 4 < 2,
    davWriters: 4,
    most: 12,
    program: BUILT,
    enough: () => performance.now() - began > MINUTES * 60_000,
    progress(round, faults) {
      const seconds = Math.round((performance.now() - began) / 1000);
      if (round % REPORT_EVERY === 0) t.comment(`${round} cuts in ${seconds} s, ${faults.length} faults`);
    },
  });
});

t.test('a failed flush ends the process and nothing after it is acknowledged', (t) =>
  failingFlushes(t, { rounds: 6, acknowledgements: 60 }),
);
