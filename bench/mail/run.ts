/**
 * The benchmark of mail: Convene, Dovecot (with Postfix in front) and Cyrus beside each other, the same work in turns, written to
 * bench/results.
 * usage: npm run bench:mail [-- --rows REGEX] [--rounds N] [--output FILE]
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cyrusMissing } from '../cyrus.ts';
import { figure, median } from '../statistics.ts';
import { line, type Result, report } from './report.ts';
import { type Figures, fill, quiet, ROWS, type Row } from './rows.ts';
import { type MailServer, startConvene, startCyrus, startDovecot } from './servers.ts';

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '' },
    rounds: { type: 'string', default: '3' },
    output: { type: 'string' },
  },
});
const rounds = Number(options.rounds);
const rows = ROWS.filter(({ name }) => new RegExp(options.rows).test(name));
const base = mkdtempSync(join(tmpdir(), 'convene-mail-'));
// The others read their mail as users of their own.
chmodSync(base, 0o755);

function middle(all: readonly Figures[]): Figures {
  const of = (value: (figures: Figures) => number) => median(all.map(value));
  return {
    opsPerSecond: of(({ opsPerSecond }) => opsPerSecond),
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
    cpuMs: of(({ cpuMs }) => cpuMs),
    memoryMb: of(({ memoryMb = Number.NaN }) => memoryMb),
  };
}

async function main(servers: readonly MailServer[]): Promise<void> {
  for (const server of servers) {
    const filled = await fill(server);
    console.log(`${server.name}: ${figure(filled.opsPerSecond)} messages a second filled the mailbox`);
    await quiet(server);
  }
  const today = new Date().toISOString().slice(0, 10);
  const output = options.output ?? fileURLToPath(new URL(`../results/mail-${today}.md`, import.meta.url));
  mkdirSync(join(output, '..'), { recursive: true });
  const results = new Map<Row, Result>();
  for (const row of rows) {
    const all = new Map<MailServer['name'], Figures[]>();
    for (let round = 0; round < (row.rounds ?? rounds); round++) {
      for (const server of servers) {
        if (row.without?.[server.name] !== undefined) continue;
        try {
          all.set(server.name, [...(all.get(server.name) ?? []), await row.run(server, round)]);
        } catch (error) {
          throw new Error(`${row.name} of ${server.name}`, { cause: error });
        }
        await quiet(server);
      }
    }
    const result = Object.fromEntries([...all].map(([name, figures]) => [name, middle(figures)])) as unknown as Result;
    results.set(row, result);
    console.log(line(row, result));
    // After each row, so that one that fails does not take the others along.
    writeFileSync(output, report(results, rounds));
  }
  console.log(`\n${report(results, rounds)}\nwritten to ${output}`);
}

const servers: MailServer[] = [];
try {
  servers.push(await startConvene(base));
  servers.push(await startDovecot(base));
  const missing = cyrusMissing();
  if (missing === undefined) servers.push(await startCyrus(base));
  else console.log(`Cyrus is left out: ${missing}`);
  await main(servers);
} finally {
  for (const server of servers) await server.stop();
  rmSync(base, { recursive: true, force: true });
}
