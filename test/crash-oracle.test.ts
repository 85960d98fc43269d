/**
 * kill -9 under four mixed DAV writers, three of mail (APPEND, submission, LMTP) into one INBOX, one of mailboxes (STORE, MOVE,
 * EXPUNGE) and one of a maildrop (POP3): nothing acknowledged is lost, torn or doubled, no UID is used twice, no MODSEQ goes back, and
 * what was not acknowledged is wholly there or wholly absent. Twenty kills here, of the compiled program because it starts sooner;
 * with more writers, and a thousand kills, in test/long.
 */
import { cpSync, rmSync } from 'node:fs';
import t from 'tap';
import { crashRounds } from './support/crash-rounds.ts';
import { BUILT } from './support/server-process.ts';

t.setTimeout(600_000);

t.test('twenty kills', async (t) => {
  const { acknowledged, ways, faults } = await crashRounds(t, {
    rounds: 20,
    acknowledgements: 100,
    // The first message by LMTP waits for a thread; in the other rounds the server dies younger than that.
    everyWriter: (round) => round % 4 === 0,
    davWriters: 4,
    most: 20,
    program: BUILT,
    strike: () => ({ run: (server) => server.kill() }),
  });
  t.same(faults, []);
  t.equal(acknowledged.length, 20);
  for (const count of acknowledged) t.ok(count >= 100, `${count} acknowledged before the kill`);
  for (const [way, count] of Object.entries(ways)) t.ok(count > 0, `${count} by ${way}`);
});

t.test('the oracle sees a store that forgot', async (t) => {
  const { faults } = await crashRounds(t, {
    rounds: 1,
    acknowledgements: 60,
    strike: (_, folder) => ({
      // A state of some moments ago comes back between kill and restart, as if flushes had been skipped.
      async run(server, acknowledged) {
        cpSync(folder, `${folder}.old`, { recursive: true, filter: (path) => !path.endsWith('.sock') });
        const before = acknowledged();
        while (acknowledged() < before + 20) await new Promise((resolve) => setTimeout(resolve, 1));
        await server.kill();
      },
      afterwards() {
        rmSync(folder, { recursive: true });
        cpSync(`${folder}.old`, folder, { recursive: true });
      },
    }),
  });
  t.ok(
    faults.some((fault) => fault.includes('lost') || fault.includes('other octets')),
    `it reports ${faults.length} faults, the first: ${faults[0]}`,
  );
});
