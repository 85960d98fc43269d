/** The result of a run as Markdown: machine, floors, our rows, those of the peers, and the ratios. */
import { cpus, totalmem } from 'node:os';
import type { Floor, FloorName } from './floors.ts';
import type { RowResult } from './measure.ts';
import { BEST, BEST_REST_MB, BEST_START_MS, type Best, FLOOR_OF, QUIET } from './recorded-peers.ts';
import { figure } from './statistics.ts';

export interface Results {
  readonly rows: ReadonlyMap<string, RowResult>;
  readonly peers: readonly PeerResults[];
  /** Median of the start and the end of the run. */
  readonly floors: Record<FloorName, Floor>;
  readonly startMs: number;
  readonly startFilledMs: number;
  readonly bareNodeMs: number;
  readonly restMb: { readonly rss: number; readonly pss: number };
}

/** Of a server that ran beside ours; a row it could not do says why. */
export interface PeerResults {
  readonly name: string;
  readonly rows: ReadonlyMap<string, RowResult | string>;
  readonly startMs: number;
  readonly restMb: { readonly rss: number; readonly pss: number };
}

/** What each row does. */
export const TITLES: Readonly<Record<string, string>> = {
  'event.put1': 'PUT of 2,000 new events, 1 connection',
  'event.put8': 'the same, 8 connections',
  'event.put32': 'the same, 32 connections',
  'event.propfind': 'PROPFIND depth 1 (etags) of 10,000 events',
  'event.sync': 'sync-collection, empty token, 10,000 events',
  'event.sync32': 'the same, 32 at once',
  'event.multiget50': 'calendar-multiget of 50',
  'event.sync10': 'sync-collection after 10 of 10,000 changed',
  'event.month': 'calendar-query, one month with data, 10,000 events of which 500 series',
  'event.month.expand': 'the same, expanded',
  'event.freebusy': 'free-busy-query, one week',
  'event.poll32': 'PROPFIND of ctag and sync-token, 32 connections',
  'card.put1': 'PUT of 2,000 new cards, 1 connection',
  'card.put8': 'the same, 8 connections',
  'card.put32': 'the same, 32 connections',
  'card.propfind': 'PROPFIND depth 1 of 10,000 cards',
  'card.sync': 'sync-collection, empty token, 10,000 cards',
  'card.multiget50': 'addressbook-multiget of 50',
  'card.email': 'addressbook-query EMAIL contains, 10,000 cards',
};

type Measure = 'opsPerSecond' | 'p99Ms' | 'cpuMs';

/** How many times better we are than the best of the others, floors taken out. Above 1 is ahead. */
export function advantage(ours: number, floor: number, theirs: number, quiet: number, moreIsBetter: boolean): number {
  const we = ours / floor;
  const they = theirs / quiet;
  return moreIsBetter ? we / they : they / we;
}

/** Within a tenth counts as level. */
function verdict(times: number): string {
  return times > 1.1 ? `${figure(times)}× ahead` : times >= 0.9 ? 'level' : `**${figure(1 / times)}× behind**`;
}

function against(name: string, row: RowResult, floors: Results['floors'], best: Best, measure: Measure): string {
  const floor = FLOOR_OF[name];
  if (floor === undefined) return '';
  const [theirs] = best[measure];
  return verdict(
    advantage(row[measure], floors[floor][measure], theirs, QUIET[floor][measure], measure === 'opsPerSecond'),
  );
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [row(head), row(head.map(() => '---')), ...lines.map(row)].join('\n');
}

/** Whether a peer did a row, and rightly. */
function counts(row: RowResult | string | undefined): row is RowResult {
  return row !== undefined && typeof row !== 'string' && row.wrong === undefined;
}

function theirFigures(row: RowResult | string | undefined): string {
  if (row === undefined) return '–';
  const why = typeof row === 'string' ? row : row.wrong;
  if (why !== undefined) return `wrong: ${why.replaceAll(/[|\n]/g, ' ').slice(0, 80)}`;
  return counts(row) ? [row.opsPerSecond, row.p99Ms, row.cpuMs].map(figure).join(' · ') : '–';
}

export function report({ rows, peers, floors, ...rest }: Results): string {
  const names = [...rows.keys()];
  const ours = table(
    ['workload', 'ops/s', 'p50 ms', 'p99 ms', 'CPU ms/op', 'loop p99 / max ms', 'RSS MB', 'ops ÷ floor'],
    names.map((name) => {
      const row = rows.get(name) as RowResult;
      const floor = FLOOR_OF[name];
      return [
        TITLES[name] ?? name,
        row.wrong === undefined ? figure(row.opsPerSecond) : `wrong: ${row.wrong.replaceAll(/[|\n]/g, ' ')}`,
        figure(row.p50Ms),
        figure(row.p99Ms),
        figure(row.cpuMs),
        row.loopP99Ms === undefined ? '' : `${figure(row.loopP99Ms)} / ${figure(row.loopMaxMs ?? 0)}`,
        row.rssMb.toFixed(0),
        floor === undefined ? '' : `${figure(row.opsPerSecond / floors[floor].opsPerSecond)} (${floor})`,
      ];
    }),
  );
  const together = table(
    ['workload', ...peers.map((peer) => `${peer.name} ops/s · p99 ms · CPU ms/op`), 'rate', 'p99', 'CPU'],
    names.map((name) => {
      const done = peers.map((peer) => peer.rows.get(name)).filter(counts);
      const best = (measure: Measure) => {
        const ours = (rows.get(name) as RowResult)[measure];
        const theirs = done.map((row) => row[measure]);
        if (theirs.length === 0) return '–';
        return verdict(measure === 'opsPerSecond' ? ours / Math.max(...theirs) : Math.min(...theirs) / ours);
      };
      return [
        TITLES[name] ?? name,
        ...peers.map((peer) => theirFigures(peer.rows.get(name))),
        best('opsPerSecond'),
        best('p99Ms'),
        best('cpuMs'),
      ];
    }),
  );
  const beside = table(
    ['workload', 'best of others ops/s', 'rate', 'best p99 ms', 'p99', 'best CPU ms/op', 'CPU'],
    names.flatMap((name) => {
      const best = BEST[name];
      const row = rows.get(name) as RowResult;
      if (best === undefined || row.wrong !== undefined) return [];
      const cell = (measure: Measure) => [
        `${best[measure][0]} (${best[measure][1]})`,
        against(name, row, floors, best, measure),
      ];
      return [[TITLES[name] ?? name, ...cell('opsPerSecond'), ...cell('p99Ms'), ...cell('cpuMs')]];
    }),
  );
  const floorTable = table(
    ['floor', 'ops/s', 'p50 ms', 'p99 ms', 'CPU ms/op', 'quiet sitting ops/s'],
    Object.entries(floors).map(([name, floor]) => [
      name,
      figure(floor.opsPerSecond),
      figure(floor.p50Ms),
      figure(floor.p99Ms),
      figure(floor.cpuMs),
      figure(QUIET[name as FloorName].opsPerSecond),
    ]),
  );
  const [cpu] = cpus();
  return `# Benchmark

${cpus().length} cores of ${cpu?.model ?? 'an unknown processor'}, ${(totalmem() / 2 ** 30).toFixed(0)} GB, Node ${process.versions.node}, ${process.platform}. \
Medians of ${Math.max(...[...rows.values()].map((row) => row.rounds))} rounds; loop delays are the worst of all rounds. CPU is that of the whole server process tree. \
Every answer's status and a check of what it holds decide whether a row counts.

## Rows

${ours}

## Beside the others in this run

One after the other, with the same data and load; fewer repetitions where one takes seconds. The last three columns are ours beside
the best of them that did the row rightly.

${together}

## Beside the best figures recorded

(ours ÷ floor in this run) against (theirs ÷ their floor in the sitting of \`recorded-peers.ts\`); within a tenth is level.

${beside}

## Start and rest

| what | ours | beside |
| --- | --- | --- |
| start to first answer, empty store | ${figure(rest.startMs)} ms | ${BEST_START_MS.join(' ms, ')}; ${peers.map(({ name, startMs }) => `${name} here ${figure(startMs)} ms; `).join('')} \`node -e 0\` here ${figure(rest.bareNodeMs)} ms |
| start to first answer, with 10,000 events and cards | ${figure(rest.startFilledMs)} ms | |
| memory at rest, proportional / resident | ${figure(rest.restMb.pss)} / ${figure(rest.restMb.rss)} MB | ${BEST_REST_MB.join(' MB, ')}; ${peers.map(({ name, restMb }) => `${name} here ${figure(restMb.pss)} / ${figure(restMb.rss)} MB`).join('; ')} |

## Floors of this run

${floorTable}
`;
}
