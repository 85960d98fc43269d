/**
 * The benchmark of mail: Convene and Dovecot (with Postfix in front) beside each other, the same work in turns, written to bench/results.
 * usage: npm run bench:mail [-- --rows REGEX] [--rounds N] [--output FILE]
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { figure, median } from '../statistics.ts';
import { type Figures, fill, MESSAGES, quiet, ROWS, type Row } from './rows.ts';
import { type MailServer, startConvene, startDovecot } from './servers.ts';

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
// Dovecot reads its mail as another user.
chmodSync(base, 0o755);

type Result = Record<MailServer['name'], Figures>;

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

/** How many times better we are: above 1 is ahead, within a tenth is level. */
function verdict(times: number): string {
  if (!Number.isFinite(times)) return '–';
  return times > 1.1 ? `${figure(times)}× ahead` : times >= 0.9 ? 'level' : `**${figure(1 / times)}× behind**`;
}

function line({ title, unit }: Row, { convene, dovecot }: Result): string {
  const shown = (figures: Figures) =>
    unit === 'MB'
      ? `${figure(figures.memoryMb ?? Number.NaN)} MB`
      : unit === 'ms'
        ? `p50 ${figure(figures.p50Ms)} ms`
        : `${figure(figures.opsPerSecond)}/s · p50 ${figure(figures.p50Ms)} · p99 ${figure(figures.p99Ms)} ms`;
  const smaller = (value: (figures: Figures) => number) => value(dovecot) / value(convene);
  const times =
    unit === 'MB'
      ? smaller(({ memoryMb = Number.NaN }) => memoryMb)
      : unit === 'ms'
        ? smaller(({ p50Ms }) => p50Ms)
        : convene.opsPerSecond / dovecot.opsPerSecond;
  const cells = [
    title,
    shown(convene),
    shown(dovecot),
    verdict(times),
    unit === 'ops/s' ? verdict(dovecot.p99Ms / convene.p99Ms) : '–',
    `${figure(convene.cpuMs)} / ${figure(dovecot.cpuMs)}`,
    verdict(dovecot.cpuMs / convene.cpuMs),
  ];
  return `| ${cells.join(' | ')} |`;
}

function report(results: ReadonlyMap<Row, Result>): string {
  const head = ['workload', 'Convene', 'Dovecot', '', 'p99', 'CPU ms/op, Convene / Dovecot', 'CPU'];
  return [
    '# Mail beside Dovecot',
    '',
    `Node.js ${process.version}, ${cpus().length} processors (${cpus()[0]?.model.trim()}), ${figure(totalmem() / 2 ** 30)} GiB; Dovecot of`,
    'Debian on sdbox with log-in processes that serve many. Both run at the same time and take turns;',
    `${rounds} rounds, medians; ${MESSAGES.toLocaleString('en')} messages of 16 kB in the mean. The client is one process that only reads to`,
    'the end of each answer, the same for both. CPU is that of the whole process tree, in steps of 10 ms. Submission goes to Postfix',
    'in front of Dovecot (without a log-in, which Convene does have), and its rate counts until the last message is in INBOX.',
    '',
    `| ${head.join(' | ')} |`,
    `| ${head.map(() => '---').join(' | ')} |`,
    ...[...results].map(([row, result]) => line(row, result)),
    '',
  ].join('\n');
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
    const all: Record<MailServer['name'], Figures[]> = { convene: [], dovecot: [] };
    for (let round = 0; round < (row.rounds ?? rounds); round++) {
      for (const server of servers) {
        try {
          all[server.name].push(await row.run(server, round));
        } catch (error) {
          throw new Error(`${row.name} of ${server.name}`, { cause: error });
        }
        await quiet(server);
      }
    }
    const result: Result = { convene: middle(all.convene), dovecot: middle(all.dovecot) };
    results.set(row, result);
    console.log(line(row, result));
    // After each row, so that one that fails does not take the others along.
    writeFileSync(output, report(results));
  }
  console.log(`\n${report(results)}\nwritten to ${output}`);
}

const servers: MailServer[] = [];
try {
  servers.push(await startConvene(base));
  servers.push(await startDovecot(base));
  await main(servers);
} finally {
  for (const server of servers) await server.stop();
  rmSync(base, { recursive: true, force: true });
}
