/**
 * What no server could beat here: the disk, SQLite and Node's own HTTP without any of our code, measured in the same run as
 * the rows so that their ratio says more than figures of different machines. Prints one JSON object.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { event } from '../test/support/generated-data.ts';
import { HttpConnection, requestBytes } from './http-connection.ts';
import { cpuMs } from './process-figures.ts';
import { percentile } from './statistics.ts';

export interface Floor {
  readonly opsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of everything that took part, client included where there is one. */
  readonly cpuMs: number;
}

export type FloorName =
  | 'disk'
  | 'commit1'
  | 'commit8'
  | 'list'
  | 'objects'
  | 'changes'
  | 'http1'
  | 'http8'
  | 'http32'
  | 'etags'
  | 'events';

const SELF = fileURLToPath(import.meta.url);

/** Repeats `work` for the given milliseconds; each call counts as `per` operations. */
function measure(milliseconds: number, per: number, work: (i: number) => void): Floor {
  for (let i = 0; i < 3; i++) work(-1 - i);
  const latencies: number[] = [];
  const cpu = process.cpuUsage();
  const begun = performance.now();
  for (let i = 0; performance.now() - begun < milliseconds; i++) {
    const at = performance.now();
    work(i);
    latencies.push(performance.now() - at);
  }
  const elapsed = performance.now() - begun;
  const used = process.cpuUsage(cpu);
  const count = latencies.length * per;
  return {
    opsPerSecond: (count / elapsed) * 1000,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    cpuMs: (used.user + used.system) / 1000 / count,
  };
}

function disk(folder: string): Floor {
  const descriptor = openSync(join(folder, 'file'), 'w');
  const bytes = Buffer.alloc(4096, 1);
  for (let i = 0; i < 256; i++) writeSync(descriptor, bytes, 0, 4096, i * 4096);
  const floor = measure(1000, 1, (i) => {
    writeSync(descriptor, bytes, 0, 4096, ((i + 256) % 256) * 4096);
    fdatasyncSync(descriptor);
  });
  closeSync(descriptor);
  return floor;
}

function sqlite(folder: string): Partial<Record<FloorName, Floor>> {
  const database = new Database(join(folder, 'floor.sqlite'));
  database.pragma('journal_mode = wal');
  database.pragma('synchronous = FULL');
  database.exec(`CREATE TABLE member (id INTEGER PRIMARY KEY, name TEXT, etag TEXT, modseq INTEGER);
    CREATE INDEX by_modseq ON member (modseq, id, name, etag);
    CREATE TABLE data (id INTEGER PRIMARY KEY, octets TEXT);
    CREATE TABLE log (id INTEGER PRIMARY KEY, octets TEXT)`);
  const octets = event(1);
  const add = database.prepare('INSERT INTO log (octets) VALUES (?)');
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const insert = (rows: number) => {
    begin.run();
    for (let i = 0; i < rows; i++) add.run(octets);
    commit.run();
  };
  const commit1 = measure(1500, 1, () => insert(1));
  const commit8 = measure(1500, 8, () => insert(8));
  begin.run();
  const addMember = database.prepare('INSERT INTO member (name, etag, modseq) VALUES (?, ?, ?)');
  const addData = database.prepare('INSERT INTO data (octets) VALUES (?)');
  for (let i = 0; i < 10_000; i++) {
    addMember.run(`made-${i}.ics`, `etag-${i}-0123456789ab`, i);
    addData.run(event(i));
  }
  commit.run();
  const names = database.prepare('SELECT name, etag FROM member ORDER BY modseq').raw();
  const list = measure(1000, 1, () => {
    let xml = '<multistatus>';
    for (const [name, etag] of names.all() as [string, string][])
      xml += `<response><href>/dav/calendars/user01/calendar/${name}</href><propstat><prop><getetag>"${etag}"</getetag></prop><status>HTTP/1.1 200 OK</status></propstat></response>`;
    Buffer.from(xml);
  });
  const everything = database.prepare('SELECT octets FROM data').pluck();
  const objects = measure(1000, 1, () => {
    for (const text of everything.all() as string[]) Buffer.from(text);
  });
  const since = database.prepare('SELECT name, etag FROM member WHERE modseq > ? ORDER BY modseq').raw();
  const changes = measure(500, 1, () => since.all(9_989));
  database.close();
  return { commit1, commit8, list, objects, changes };
}

const HTTP_BODIES: Readonly<Record<string, () => Buffer>> = {
  small: () =>
    Buffer.from(
      '<?xml version="1.0"?><multistatus xmlns="DAV:"><response><href>/x/</href><propstat><prop><getetag>"1"</getetag></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>',
    ),
  etags: () =>
    Buffer.from(
      Array.from(
        { length: 10_000 },
        (_, i) =>
          `<response><href>/dav/calendars/user01/calendar/made-${i}.ics</href><propstat><prop><getetag>"etag-${i}-0123456789ab"</getetag></prop><status>HTTP/1.1 200 OK</status></propstat></response>\n`,
      ).join(''),
    ),
  events: () =>
    Buffer.from(
      Array.from(
        { length: 10_000 },
        (_, i) =>
          `<response><href>/dav/calendars/user01/calendar/made-${i}.ics</href><propstat><prop><getetag>"etag-${i}"</getetag><C:calendar-data>${event(i)}</C:calendar-data></prop><status>HTTP/1.1 200 OK</status></propstat></response>\n`,
      ).join(''),
    ),
};

/** A server that reads each request and answers with the same bytes. */
function serveStatic(body: Buffer): void {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(207, { 'content-type': 'application/xml', 'content-length': body.length });
      response.end(body);
    });
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}

async function http(child: ChildProcess, port: number, connections: number, milliseconds: number): Promise<Floor> {
  const bytes = requestBytes(
    'PROPFIND',
    '/x/',
    { Authorization: 'Basic dXNlcjAxOnVzZXIwMQ==', Depth: '1' },
    '<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>',
  );
  const latencies: number[] = [];
  const open = Array.from({ length: connections }, () => new HttpConnection(port));
  for (const connection of open) for (let i = 0; i < 5; i++) await connection.exchange(bytes);
  const cpu = cpuMs(child.pid ?? 0) + ownCpuMs();
  const begun = performance.now();
  await Promise.all(
    open.map(async (connection) => {
      while (performance.now() - begun < milliseconds) {
        const at = performance.now();
        await connection.exchange(bytes);
        latencies.push(performance.now() - at);
      }
    }),
  );
  const elapsed = performance.now() - begun;
  const used = cpuMs(child.pid ?? 0) + ownCpuMs() - cpu;
  for (const connection of open) connection.close();
  return {
    opsPerSecond: (latencies.length / elapsed) * 1000,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    cpuMs: used / latencies.length,
  };
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function withStatic<T>(body: string, run: (child: ChildProcess, port: number) => Promise<T>): Promise<T> {
  const child = spawn(process.execPath, [...process.execArgv, SELF, 'serve', body], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [port] = (await once(child, 'message')) as [number];
  try {
    return await run(child, port);
  } finally {
    child.kill();
  }
}

async function all(): Promise<Partial<Record<FloorName, Floor>>> {
  const folder = mkdtempSync(join(tmpdir(), 'convene-floor-'));
  try {
    return {
      disk: disk(folder),
      ...sqlite(folder),
      ...(await withStatic('small', async (child, port) => ({
        http1: await http(child, port, 1, 1500),
        http8: await http(child, port, 8, 1500),
        http32: await http(child, port, 32, 1500),
      }))),
      etags: await withStatic('etags', (child, port) => http(child, port, 1, 1500)),
      events: await withStatic('events', (child, port) => http(child, port, 1, 1500)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === SELF) {
  if (process.argv[2] === 'serve') serveStatic((HTTP_BODIES[process.argv[3] ?? ''] ?? (() => Buffer.alloc(0)))());
  else console.log(JSON.stringify(await all()));
}
