/** Twenty kills of a server under eight mixed writers of DAV and five of mail, at least a hundred acknowledgements before each. */
import t from 'tap';
import { crashRounds } from '../support/crash-rounds.ts';

t.setTimeout(600_000);
t.test('twenty kills', async (t) => {
  const { acknowledged, ways, faults } = await crashRounds(t, {
    rounds: 20,
    acknowledgements: 100,
    strike: () => ({ run: (server) => server.kill() }),
  });
  t.same(faults, []);
  for (const count of acknowledged) t.ok(count >= 100, `${count} acknowledged before the kill`);
  for (const [way, count] of Object.entries(ways)) t.ok(count > 0, `${count} by ${way}`);
});
