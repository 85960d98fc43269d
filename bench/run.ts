/**
 * The benchmark: starts the built server on a temporary folder, fills it, measures every row, the floors and Radicale in the
 * same run, and writes the result to bench/results.
 * usage: npm run bench [-- --rows REGEX] [--rounds N] [--no-radicale] [--output FILE]
 * Elsewhere: the requests (requests.ts), one measurement (measure.ts), the text (report.ts).
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { card } from '../test/support/generated-data.ts';
import { addPeople, BUILT, people, type ServerProcess, startServerProcess } from '../test/support/server-process.ts';
import { factsOf } from './calendar-facts.ts';
import type { Floor, FloorName } from './floors.ts';
import { HttpConnection } from './http-connection.ts';
import type { Job } from './load.ts';
import { type Measured, measureFloors, measureOnce, measureRow, type RowResult } from './measure.ts';
import { memoryMb } from './process-figures.ts';
import { fillRadicale, type Radicale, startRadicale } from './radicale.ts';
import { report } from './report.ts';
import { requestOf, type Target, type Work } from './requests.ts';
import { figure, median } from './statistics.ts';

const MEMBERS = 10_000;
const MONTH = [Date.UTC(2026, 9, 1), Date.UTC(2026, 10, 1)] as const;
const WEEK = [Date.UTC(2026, 9, 5), Date.UTC(2026, 9, 12)] as const;
/** A part of an address that 111 or so of the generated cards have. */
const EMAIL = '77@mail';
const LOOP_DELAY = fileURLToPath(new URL('./loop-delay.mjs', import.meta.url));

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '' },
    rounds: { type: 'string', default: '3' },
    'no-radicale': { type: 'boolean', default: false },
    output: { type: 'string' },
  },
});
const rounds = Number(options.rounds);
const wanted = new RegExp(options.rows);
const base = mkdtempSync(join(tmpdir(), 'convene-bench-'));

interface Row {
  readonly name: string;
  readonly connections: number;
  readonly requests: number;
  /** The work of one round. */
  work(target: Target, round: number): Work | Promise<Work>;
}

/** Rows that make new members start at these numbers, so that no UID is used twice. */
let nextNumber = MEMBERS;

async function once(target: Target, method: string, path: string, body: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${target.port}${path}`, {
    method,
    body,
    headers: { authorization: target.authorization, 'content-type': 'application/xml', depth: '0' },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
  return text;
}

let collections = 0;
async function freshCollection(target: Target, what: 'event' | 'card'): Promise<string> {
  const home = what === 'event' ? target.home : target.addressBook.replace(/[^/]+\/$/, '');
  const path = `${home}bench-${collections++}/`;
  if (what === 'event') await once(target, 'MKCALENDAR', path, '');
  else
    await once(
      target,
      'MKCOL',
      path,
      '<mkcol xmlns="DAV:" xmlns:A="urn:ietf:params:xml:ns:carddav"><set><prop><resourcetype><collection/><A:addressbook/></resourcetype></prop></set></mkcol>',
    );
  return path;
}

function putRow(name: string, what: 'event' | 'card', connections: number, requests: number): Row {
  return {
    name,
    connections,
    requests,
    async work(target) {
      const first = nextNumber;
      nextNumber += requests;
      return { kind: 'put', what, collection: await freshCollection(target, what), first };
    },
  };
}

/** The token before ten members change. */
async function tokenThenTenChanges(target: Target, round: number): Promise<string> {
  const text = await once(
    target,
    'PROPFIND',
    target.calendar,
    '<propfind xmlns="DAV:"><prop><sync-token/></prop></propfind>',
  );
  const token = /sync-token>([^<]+)</.exec(text)?.[1];
  if (token === undefined) throw new Error('no sync token');
  const connection = new HttpConnection(target.port);
  for (let i = 0; i < 10; i++) {
    const work: Work = { kind: 'put', what: 'event', collection: target.calendar, first: i * 997, revision: round + 1 };
    const { status } = await connection.exchange(requestOf(work, 0, target.authorization));
    if (status !== 204 && status !== 201) throw new Error(`a change was answered ${status}`);
  }
  connection.close();
  return token;
}

/** `scale` divides the repetitions, for servers that take seconds for one. */
function rowsOf(scale: number): Row[] {
  const heavy = Math.max(2, Math.ceil(40 / scale));
  const light = Math.max(10, Math.ceil(1000 / scale));
  const month = factsOf(MEMBERS, ...MONTH);
  const week = factsOf(MEMBERS, ...WEEK);
  const days = [...week.days].map((day) => new Date(day).toISOString().slice(0, 10).replaceAll('-', ''));
  const puts = Math.max(50, Math.ceil(2000 / scale));
  const emails = Array.from({ length: MEMBERS }, (_, i) => i).filter((i) =>
    card(i)
      .replaceAll('\r\n ', '')
      .split('\r\n')
      .some((line) => line.startsWith('EMAIL') && line.includes(EMAIL)),
  ).length;
  const rows: Row[] = [
    putRow('event.put1', 'event', 1, puts),
    putRow('event.put8', 'event', 8, puts),
    putRow('event.put32', 'event', 32, puts),
    {
      name: 'event.propfind',
      connections: 1,
      requests: heavy,
      work: ({ calendar }) => ({ kind: 'propfind', collection: calendar, members: MEMBERS }),
    },
    {
      name: 'event.sync',
      connections: 1,
      requests: heavy,
      work: ({ calendar }) => ({ kind: 'sync', collection: calendar, token: '', members: MEMBERS }),
    },
    {
      name: 'event.sync32',
      connections: 32,
      requests: 64,
      work: ({ calendar }) => ({ kind: 'sync', collection: calendar, token: '', members: MEMBERS }),
    },
    {
      name: 'event.multiget50',
      connections: 1,
      requests: Math.ceil(light / 2),
      work: ({ calendar }) => ({ kind: 'multiget', what: 'event', collection: calendar, of: MEMBERS }),
    },
    {
      name: 'event.sync10',
      connections: 1,
      requests: light,
      work: async (target, round) => ({
        kind: 'sync',
        collection: target.calendar,
        token: await tokenThenTenChanges(target, round),
        members: 10,
      }),
    },
    {
      name: 'event.month',
      connections: 1,
      requests: heavy,
      work: ({ calendar }) => ({
        kind: 'month',
        collection: calendar,
        from: MONTH[0],
        until: MONTH[1],
        expand: false,
        objects: month.objects,
        occurrences: month.occurrences,
      }),
    },
    {
      name: 'event.month.expand',
      connections: 1,
      requests: heavy,
      work: ({ calendar }) => ({
        kind: 'month',
        collection: calendar,
        from: MONTH[0],
        until: MONTH[1],
        expand: true,
        objects: month.objects,
        occurrences: month.occurrences,
      }),
    },
    {
      name: 'event.freebusy',
      connections: 1,
      requests: Math.ceil(light / 4),
      work: ({ calendar }) => ({ kind: 'free-busy', collection: calendar, from: WEEK[0], until: WEEK[1], days }),
    },
    {
      name: 'event.poll32',
      connections: 32,
      requests: light * 8,
      work: ({ calendar }) => ({ kind: 'poll', collection: calendar }),
    },
    putRow('card.put1', 'card', 1, puts),
    putRow('card.put8', 'card', 8, puts),
    putRow('card.put32', 'card', 32, puts),
    {
      name: 'card.propfind',
      connections: 1,
      requests: heavy,
      work: ({ addressBook }) => ({ kind: 'propfind', collection: addressBook, members: MEMBERS }),
    },
    {
      name: 'card.sync',
      connections: 1,
      requests: heavy,
      work: ({ addressBook }) => ({ kind: 'sync', collection: addressBook, token: '', members: MEMBERS }),
    },
    {
      name: 'card.multiget50',
      connections: 1,
      requests: Math.ceil(light / 2),
      work: ({ addressBook }) => ({ kind: 'multiget', what: 'card', collection: addressBook, of: MEMBERS }),
    },
    {
      name: 'card.email',
      connections: 1,
      requests: heavy,
      work: ({ addressBook }) => ({ kind: 'email', collection: addressBook, text: EMAIL, members: emails }),
    },
  ];
  return rows.filter(({ name }) => wanted.test(name));
}

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

async function measureOurs(server: ServerProcess, measured: Measured, target: Target): Promise<Map<string, RowResult>> {
  for (const [what, collection] of [
    ['event', target.calendar],
    ['card', target.addressBook],
  ] as const) {
    const fill: Job = {
      work: { kind: 'put', what, collection, first: 0 },
      port: server.port,
      authorization: target.authorization,
      home: target.home,
      limitMs: 120_000,
      connections: 8,
      requests: MEMBERS,
      warmUp: 0,
    };
    say(`fill ${what}s`, await measureOnce(measured, fill));
  }
  const results = new Map<string, RowResult>();
  for (const row of rowsOf(1)) {
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

async function measureRadicale(radicale: Radicale): Promise<Map<string, RowResult | string>> {
  const results = new Map<string, RowResult | string>();
  for (const row of rowsOf(20)) {
    try {
      // It reads its whole collection for every request, so a few must do, over few connections.
      const job = await jobOf({ ...row, connections: Math.min(4, row.connections) }, radicale.target, 0, 0);
      const result = await measureOnce({ pid: radicale.pid }, { ...job, limitMs: 15_000 });
      results.set(row.name, result);
      say(`radicale ${row.name}`, result);
    } catch (error) {
      results.set(row.name, String(error).slice(0, 80));
      console.log(`radicale ${row.name}: ${String(error)}`);
    }
  }
  return results;
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
  const rows = await measureOurs(server, { pid: server.pid, loopFile }, target).finally(() => server.stop());
  const startFilledMs = await startTimes(data);
  const startMs = await startTimes(empty);
  const restMb = await atRest(empty);
  let radicale = new Map<string, RowResult | string>();
  let radicaleStartMs: number | undefined;
  let radicaleRestMb: { rss: number; pss: number } | undefined;
  if (!options['no-radicale']) {
    const folder = join(base, 'radicale');
    fillRadicale(folder, 'calendar', 'event', MEMBERS);
    fillRadicale(folder, 'addressbook', 'card', MEMBERS);
    const peer = await startRadicale(folder);
    radicaleStartMs = peer.startedInMs;
    await sleep(1000);
    radicaleRestMb = memoryMb(peer.pid);
    radicale = await measureRadicale(peer).finally(() => peer.stop());
  }
  const floors = between(floorsBefore, await measureFloors());
  const text = report({
    rows,
    radicale,
    floors,
    startMs,
    startFilledMs,
    bareNodeMs: bareNode(),
    restMb,
    radicaleStartMs,
    radicaleRestMb,
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
