/** The result of a run as Markdown: one line for each row, ours beside each peer's and against the better of them. */
import { cpus, totalmem } from 'node:os';
import { figure } from '../statistics.ts';
import { type Figures, MESSAGES, type Row } from './rows.ts';
import type { ServerName } from './servers.ts';

/** Figures of each server that took part. */
export type Result = Partial<Record<ServerName, Figures>> & { readonly convene: Figures };

const PEERS = ['dovecot', 'cyrus'] as const satisfies readonly ServerName[];

/** How many times better we are than the better of the others, and who that is: above 1 is ahead, within a tenth is level. */
function verdict(result: Result, value: (figures: Figures) => number, moreIsBetter: boolean): string {
  const ours = value(result.convene);
  let least = Number.POSITIVE_INFINITY;
  let by = '';
  for (const peer of PEERS) {
    const theirs = result[peer] === undefined ? Number.NaN : value(result[peer]);
    const times = moreIsBetter ? ours / theirs : theirs / ours;
    if (times < least) [least, by] = [times, peer];
  }
  if (by === '') return '–';
  return least > 1.1
    ? `${figure(least)}× ahead of ${by}`
    : least >= 0.9
      ? `level with ${by}`
      : `**${figure(1 / least)}× behind ${by}**`;
}

function shown(figures: Figures | undefined, unit: Row['unit']): string {
  if (figures === undefined) return '–';
  if (unit === 'MB') return `${figure(figures.memoryMb ?? Number.NaN)} MB`;
  if (unit === 'ms') return `p50 ${figure(figures.p50Ms)} ms`;
  return `${figure(figures.opsPerSecond)}/s · p50 ${figure(figures.p50Ms)} · p99 ${figure(figures.p99Ms)} ms`;
}

/** One row of the table. */
export function line({ title, unit, without = {} }: Row, result: Result): string {
  const main =
    unit === 'MB'
      ? verdict(result, ({ memoryMb = Number.NaN }) => memoryMb, false)
      : unit === 'ms'
        ? verdict(result, ({ p50Ms }) => p50Ms, false)
        : verdict(result, ({ opsPerSecond }) => opsPerSecond, true);
  const cells = [
    title,
    shown(result.convene, unit),
    ...PEERS.map((peer) => without[peer] ?? shown(result[peer], unit)),
    main,
    unit === 'ops/s' ? verdict(result, ({ p99Ms }) => p99Ms, false) : '–',
    (['convene', ...PEERS] as const)
      .map((name) => (result[name] === undefined ? '–' : figure(result[name].cpuMs)))
      .join(' / '),
    verdict(result, ({ cpuMs }) => cpuMs, false),
  ];
  return `| ${cells.join(' | ')} |`;
}

export function report(results: ReadonlyMap<Row, Result>, rounds: number): string {
  const head = ['workload', 'Convene', 'Dovecot', 'Cyrus', '', 'p99', 'CPU ms/op, in this order', 'CPU'];
  return [
    '# Mail beside Dovecot and Cyrus',
    '',
    `Node.js ${process.version}, ${cpus().length} processors (${cpus()[0]?.model.trim()}), ${figure(totalmem() / 2 ** 30)} GiB; Dovecot of`,
    'Debian on sdbox with log-in processes that serve many, Cyrus of Debian as it comes. All run at the same time and take turns;',
    `${rounds} rounds, medians; ${MESSAGES.toLocaleString('en')} messages of 16 kB in the mean. The client is one process that only reads to`,
    'the end of each answer, the same for all. CPU is that of the whole process tree, in steps of 10 ms. Submission goes to Postfix',
    'in front of Dovecot (without a log-in, which Convene does have), and its rate counts until the last message is in INBOX.',
    '',
    `| ${head.join(' | ')} |`,
    `| ${head.map(() => '---').join(' | ')} |`,
    ...[...results].map(([row, result]) => line(row, result)),
    '',
  ].join('\n');
}
