/** Random changes, and clients that always end with what is there: RFC 6578. In full in test/long/sync-model.test.ts. */
import t from 'tap';
import { startServer } from '../../support/server.ts';
import { runSyncModel } from '../../support/sync-model.ts';

t.test('300 random changes', async (t) => {
  const server = await startServer(t);
  const [anna, bert] = [await server.addUser('anna'), await server.addUser('bert')];
  const result = await runSyncModel(server, anna, bert, { seed: 20260105, operations: 300, every: 25 });
  t.same(result.differences, []);
  t.same(result.wrongTokens, []);
  t.ok(result.comparisons > 100, `${result.comparisons} comparisons`);
  t.ok(result.refusals > 5, `${result.refusals} refusals`);
});
