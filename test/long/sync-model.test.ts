/**
 * 10,000 random changes by two people with restarts in between, and clients that always end with what is there: RFC 6578.
 * `CONVENE_SEED` and `CONVENE_OPERATIONS` name another run.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { startServer } from '../support/server.ts';
import { runSyncModel } from '../support/sync-model.ts';

const seed = Number(process.env['CONVENE_SEED'] ?? Date.now() % 1_000_000);
const operations = Number(process.env['CONVENE_OPERATIONS'] ?? 10_000);

t.test(`${operations} random changes, seed ${seed}`, async (t) => {
  t.setTimeout(3_600_000);
  const data = mkdtempSync(join(tmpdir(), 'convene-sync-model-'));
  t.teardown(() => rmSync(data, { recursive: true, force: true }));
  let server = await startServer(t, { data });
  const [anna, bert] = [await server.addUser('anna'), await server.addUser('bert')];
  const again = async () => {
    await server.close();
    server = await startServer(t, { data });
    return server;
  };
  const result = await runSyncModel(server, anna, bert, {
    seed,
    operations,
    every: 40,
    restart: { every: 500, again },
  });
  t.comment(`${result.operations} changes, ${result.comparisons} comparisons, ${result.refusals} refusals`);
  t.same(result.differences, []);
  t.same(result.wrongTokens, []);
  t.ok(result.refusals > operations / 200);
});
