/** Compares 100,000 random recurrence rules with python-dateutil; the seed can be set to look at others. */
import t from 'tap';
import { compareWithDateutil } from '../support/recurrence-differential.ts';

const RULES = Number(process.env['RECURRENCE_RULES'] ?? 100_000);
const BATCH = 2_000;
const SEED = Number(process.env['RECURRENCE_SEED'] ?? 1);

// Some 25 minutes for the default number.
t.setTimeout(3_600_000);

t.test('RFC 5545 §3.3.10, random rules as python-dateutil has them', { timeout: 3_600_000 }, async (t) => {
  let compared = 0;
  for (let batch = 0; batch * BATCH < RULES; batch += 1) {
    const outcome = await compareWithDateutil(SEED * 1_000_003 + batch, Math.min(BATCH, RULES - batch * BATCH));
    compared += outcome.compared;
    t.same(outcome.differences, [], `batch ${batch}`);
  }
  t.ok(compared >= RULES * 0.8, `${compared} of ${RULES} compared`);
});
