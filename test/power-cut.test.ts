/**
 * Twenty power cuts and some failing flushes of a server under mixed writers; a thousand cuts in test/long.
 * Before them the simulated power cut itself: it loses what was not flushed and nothing else. If it lost nothing of a careless
 * writer, the tests that rely on it would prove nothing.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import t from 'tap';
import { ImapClient } from './support/imap.ts';
import { failingFlushes, powerCuts } from './support/power-cuts.ts';
import { powerCutFor } from './support/powercut.ts';
import { addPeople, BUILT, freePort, people, startServerProcess } from './support/server-process.ts';
import { temporaryFolder } from './support/store.ts';

t.setTimeout(600_000);

const WRITER = fileURLToPath(new URL('./support/unsafe-writer.mjs', import.meta.url));

/** Runs the writer until it acknowledged `rows`, cuts the power, and counts. */
async function writeUntilCut(folder: string, synchronous: 'NORMAL' | 'FULL', mode: 'all' | 'random', rows: number) {
  const path = join(folder, 'rows.sqlite');
  const fresh = new Database(path);
  fresh.exec('PRAGMA journal_mode = wal; CREATE TABLE rows (number INTEGER PRIMARY KEY, text TEXT)');
  fresh.close();
  const power = powerCutFor(folder);
  const child = spawn(process.execPath, [WRITER, path, synchronous], {
    env: { PATH: process.env['PATH'], ...power.environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  let cut = false;
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
    if (cut || printed.split('\n').length <= rows) return;
    cut = true;
    power.cut(mode, rows);
  });
  const [, signal] = await once(child, 'close');
  const acknowledged = Number(printed.split('\n').at(-2));
  const database = new Database(path);
  const integrity = database.pragma('integrity_check', { simple: true });
  const kept = database.prepare('SELECT count(*) FROM rows').pluck().get() as number;
  database.close();
  return { signal, acknowledged, integrity, lost: Math.max(0, acknowledged - kept) };
}

for (const mode of ['all', 'random'] as const)
  t.test(`a cut that loses ${mode}`, async (t) => {
    const careful = await writeUntilCut(temporaryFolder(t), 'FULL', mode, 150);
    t.equal(careful.signal, 'SIGKILL');
    t.ok(careful.acknowledged >= 150);
    t.equal(careful.integrity, 'ok');
    t.equal(careful.lost, 0, 'a writer that flushes before it acknowledges loses nothing');

    const careless = await writeUntilCut(temporaryFolder(t), 'NORMAL', mode, 150);
    t.equal(careless.signal, 'SIGKILL');
    t.ok(careless.lost > 0, `a writer that does not loses something (${careless.lost} of ${careless.acknowledged})`);
  });

/** The compiled program starts sooner; few writers, so that twenty starts and comparisons take no longer than they must. */
const SHORT = { davWriters: 4, most: 20, program: BUILT, everyWriter: (round: number) => round % 4 < 2 };

t.test('twenty power cuts of a server', (t) => powerCuts(t, { ...SHORT, rounds: 20, acknowledgements: 100 }));

t.test('a failed flush ends the process and nothing after it is acknowledged', (t) =>
  failingFlushes(t, { ...SHORT, everyWriter: () => false, rounds: 6, acknowledgements: 40 }, 5_000),
);

t.test(
  'so does one that fails while the log is folded: a second try would not bring back what the first one lost',
  async (t) => {
    const folder = temporaryFolder(t);
    const [person] = people(1);
    addPeople(folder, [person!]);
    const power = powerCutFor(folder);
    const port = await freePort();
    const server = await startServerProcess({
      data: folder,
      program: BUILT,
      environment: { ...power.environment, CONVENE_IMAP_PORT: String(port) },
    });
    t.teardown(() => server.kill());
    // The database itself is flushed by folding alone.
    power.failSync(1, '/convene.sqlite');
    const client = new ImapClient(connect(port, '127.0.0.1'));
    t.teardown(() => client.close());
    await client.login(person!);
    const message = `Subject: large\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(120_000)}`;
    for (let i = 0; i < 4; i++) await client.append('INBOX', message).catch(() => {});
    const late = new Promise<{ code: number | string }>((resolve) =>
      setTimeout(resolve, 10_000, { code: 'it runs' }).unref(),
    );
    t.equal((await Promise.race([server.ended, late])).code, 1);
    t.match(server.output(), /powercut: the flush of .*convene\.sqlite fails/);
  },
);
