/**
 * The benchmark: starts the built server on a temporary folder, fills it, measures every row, the floors and the peers in the
 * same run, and writes the result to bench/results.
 * usage: npm run bench [-- --rows REGEX] [--rounds N] [--peers REGEX] [--output FILE]
 * Elsewhere: the requests (requests.ts), one measurement (measure.ts), the text (report.ts).
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { addPeople, BUILT, people, startServerProcess } from '../test/support/server-process.ts';
import type { Floor, FloorName } from './floors.ts';
import type { Job } from './load.ts';
import { type Measured, measureFloors, measureOnce, measureRow, type RowResult } from './measure.ts';
import { PEERS, type Peer } from './peers.ts';
import { memoryMb } from './process-figures.ts';
import { type PeerResults, report } from './report.ts';
import type { Target } from './requests.ts';
import { MEMBERS, type Row, rowsOf } from './rows.ts';
import { figure, median } from './statistics.ts';

const LOOP_DELAY = fileURLToPath(new URL('./loop-delay.mjs', import.meta.url));

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '' },
    rounds: { type: 'string', default: '3' },
    peers: { type: 'string', default: '' },
    output: { type: 'string' },
  },
});
const rounds = Number(options.rounds);
const wanted = new RegExp(options.rows);
const base = mkdtempSync(join(tmpdir(), 'convene-bench-'));

async function jobOf(row: Row, target: Target, round: number, warmUp: number): Promise<Job> {
  const { connections, requests } = row;
  const { port, authorization, home } = target;
  return {
    work: await row.work(target, round),
    port,
    authorization,
    home,
    connections,
    requests,
    warmUp,
    limitMs: 60_000,
  };
}

function say(name: string, row: RowResult): void {
  const loop =
    row.loopP99Ms === undefined ? '' : `, loop p99 ${figure(row.loopP99Ms)} max ${figure(row.loopMaxMs ?? 0)}`;
  const figures = `${figure(row.opsPerSecond)} ops/s, p99 ${figure(row.p99Ms)} ms, CPU ${figure(row.cpuMs)} ms${loop}`;
  console.log(`${name.padEnd(20)} ${row.wrong === undefined ? figures : `WRONG: ${row.wrong}`}`);
}

async function measureOurs(measured: Measured, target: Target): Promise<Map<string, RowResult>> {
  await fill({ ...measured, target }, 'convene');
  const results = new Map<string, RowResult>();
  for (const row of rowsOf(1, wanted)) {
    const rows: RowResult[] = [];
    const jobs: Job[] = [];
    // Work that prepares something (ten changes) must do it right before its own round.
    if (row.name === 'event.sync10') {
      for (let round = 0; round < rounds; round++)
        rows.push(await measureOnce(measured, await jobOf(row, target, round, 20)));
      rows.sort((a, b) => a.opsPerSecond - b.opsPerSecond);
      results.set(row.name, {
        ...(rows[rows.length >> 1] as RowResult),
        wrong: rows.find(({ wrong }) => wrong)?.wrong,
        rounds,
      });
    } else {
      for (let round = 0; round < rounds; round++) jobs.push(await jobOf(row, target, round, 5));
      results.set(row.name, await measureRow(measured, jobs));
    }
    say(row.name, results.get(row.name) as RowResult);
  }
  return results;
}

async function fill({ pid, target, loopFile }: Measured & { readonly target: Target }, name: string): Promise<void> {
  for (const [what, collection] of [
    ['event', target.calendar],
    ['card', target.addressBook],
  ] as const) {
    const job: Job = {
      work: { kind: 'put', what, collection, first: 0 },
      port: target.port,
      authorization: target.authorization,
      home: target.home,
      limitMs: 240_000,
      connections: 8,
      requests: MEMBERS,
      warmUp: 0,
    };
    say(`${name} fill ${what}s`, await measureOnce(loopFile === undefined ? { pid } : { pid, loopFile }, job));
  }
}

async function measurePeer(start: (base: string) => Promise<Peer>): Promise<PeerResults> {
  const peer = await start(base);
  const rows = new Map<string, RowResult | string>();
  try {
    await sleep(1000);
    const restMb = memoryMb(peer.pid);
    if (!peer.filled) await fill(peer, peer.name);
    for (const row of rowsOf(peer.scale, wanted)) {
      try {
        const connections = Math.min(peer.mostConnections, row.connections);
        const job = await jobOf({ ...row, connections }, peer.target, 0, 0);
        rows.set(row.name, await measureOnce({ pid: peer.pid }, { ...job, limitMs: 15_000 }));
        say(`${peer.name} ${row.name}`, rows.get(row.name) as RowResult);
      } catch (error) {
        rows.set(row.name, String(error).slice(0, 80));
        console.log(`${peer.name} ${row.name}: ${String(error)}`);
      }
    }
    return { name: peer.name, rows, startMs: peer.startedInMs, restMb };
  } finally {
    await peer.stop();
  }
}

/** Milliseconds from spawn to the first answer over HTTP; median of five. */
async function startTimes(data: string): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const begun = performance.now();
    const server = await startServerProcess({ data, program: BUILT });
    const response = await fetch(`${server.url}/health/live`);
    await response.arrayBuffer();
    times.push(performance.now() - begun);
    await server.stop();
  }
  return median(times);
}

function bareNode(): number {
  return median(
    Array.from({ length: 5 }, () => {
      const begun = performance.now();
      spawnSync(process.execPath, ['-e', '0']);
      return performance.now() - begun;
    }),
  );
}

async function atRest(data: string): Promise<{ rss: number; pss: number }> {
  const server = await startServerProcess({ data, program: BUILT });
  await sleep(3000);
  const memory = memoryMb(server.pid);
  await server.stop();
  return memory;
}

function between(a: Record<FloorName, Floor>, b: Record<FloorName, Floor>): Record<FloorName, Floor> {
  const names = Object.keys(a) as FloorName[];
  return Object.fromEntries(
    names.map((name) => {
      const keys = ['opsPerSecond', 'p50Ms', 'p99Ms', 'cpuMs'] as const;
      return [name, Object.fromEntries(keys.map((key) => [key, (a[name][key] + b[name][key]) / 2]))];
    }),
  ) as unknown as Record<FloorName, Floor>;
}

async function main(): Promise<void> {
  const data = join(base, 'data');
  const empty = join(base, 'empty');
  mkdirSync(data);
  mkdirSync(empty);
  const [person] = people(1);
  if (person === undefined) return;
  addPeople(data, [person], BUILT);
  addPeople(empty, [person], BUILT);
  const floorsBefore = await measureFloors();
  const loopFile = join(base, 'loop.json');
  const server = await startServerProcess({
    data,
    program: [`--import=${LOOP_DELAY}`, ...BUILT],
    environment: { BENCH_LOOP_FILE: loopFile },
  });
  const target: Target = {
    port: server.port,
    authorization: `Basic ${Buffer.from(`${person.name}:${person.password}`).toString('base64')}`,
    home: `/dav/calendars/${person.name}/`,
    calendar: `/dav/calendars/${person.name}/calendar/`,
    addressBook: `/dav/addressbooks/${person.name}/addressbook/`,
  };
  const rows = await measureOurs({ pid: server.pid, loopFile }, target).finally(() => server.stop());
  const startFilledMs = await startTimes(data);
  const startMs = await startTimes(empty);
  const restMb = await atRest(empty);
  const peers: PeerResults[] = [];
  for (const [name, { missing, start }] of Object.entries(PEERS)) {
    const why = new RegExp(options.peers).test(name) ? missing() : 'not asked for';
    if (why === undefined) peers.push(await measurePeer(start));
    else console.log(`${name} is left out: ${why}`);
  }
  const floors = between(floorsBefore, await measureFloors());
  const text = report({
    rows,
    peers,
    floors,
    startMs,
    startFilledMs,
    bareNodeMs: bareNode(),
    restMb,
  });
  const output =
    options.output ?? fileURLToPath(new URL(`./results/${new Date().toISOString().slice(0, 10)}.md`, import.meta.url));
  mkdirSync(join(output, '..'), { recursive: true });
  writeFileSync(output, text);
  console.log(`\n${text}\nwritten to ${output}`);
  if ([...rows.values()].some((row) => row.wrong !== undefined)) process.exitCode = 1;
}

try {
  await main();
} finally {
  rmSync(base, { recursive: true, force: true });
}
