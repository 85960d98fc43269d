/**
 * The benchmark of suggestions: 5, 20 and 100 attendees, with calendars that grow backwards from 1,000 to 10,000 events (50,000 for
 * five people), at three events a day. The same questions are asked each time, so what grows is history alone. The floor is a bare
 * scan of the same rows of the index, in this process on the same file.
 * usage: npm run bench:slots [-- --output FILE]
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Database from 'better-sqlite3';
import { indexCalendarObject } from '../src/calendar/calendar-index.ts';
import { DAY, HOUR } from '../src/calendar/date-time.ts';
import { printInstant } from '../src/calendar/date-values.ts';
import { parseCalendarObject } from '../src/calendar/icalendar.ts';
import { indexWindow } from '../src/calendar/object-writing.ts';
import { readConfig } from '../src/config.ts';
import { openServices } from '../src/services.ts';
import { statements } from '../storage/occurrences.ts';
import type { Store } from '../storage/store.ts';
import { addPeople, BUILT, people, startServerProcess } from '../test/support/server-process.ts';
import { HttpConnection, requestBytes } from './http-connection.ts';
import { cpuMs } from './process-figures.ts';
import { figure, median, percentile } from './statistics.ts';

const { values: options } = parseArgs({ options: { output: { type: 'string' } } });
const PEOPLE = people(100);
const SIZES = [5, 20, 100];
const ASKED = 100;
/** Questions before the first that counts. */
const WARM = 60;
const AT_ONCE = 1_000;
/** Midnight after the newest event; the window asked about ends here. */
const LAST = Math.floor(Date.now() / DAY) * DAY + 14 * DAY;
const WINDOW = { from: LAST - 14 * DAY, until: LAST };

/** Events of an hour, three a day, at hours that differ between people; the newest first. */
function startOf(person: number, event: number): number {
  const day = LAST - DAY * (1 + Math.floor(event / 3));
  return day + ((event % 3) * 5 + ((person * 7 + Math.floor(event / 3)) % 9) + 6) * HOUR;
}

async function fill(store: Store, person: number, from: number, until: number): Promise<number> {
  const principal = await store.principals.byName(PEOPLE[person]!.name);
  const calendar = principal && (await store.collections.bySegment(principal.id, 'calendars', 'calendar'));
  if (!calendar) throw new Error('a person has no calendar');
  const { accountId, id: collectionId } = calendar;
  for (let first = from; first < until; first += AT_ONCE) {
    const added = Array.from({ length: Math.min(AT_ONCE, until - first) }, (_, i) => {
      const uid = `e${first + i}`;
      const at = printInstant(startOf(person, first + i));
      const data = `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Bench//EN\r\nBEGIN:VEVENT\r\nUID:${uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:${at}\r\nDURATION:PT1H\r\nSUMMARY:Meeting ${uid}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`;
      const { occurrences, ...index } = indexCalendarObject(parseCalendarObject(data), indexWindow(Date.now()));
      return { uid, data, occurrences, index };
    });
    await store.transaction(async (write) => {
      const modseq = await write.accounts.nextModseq(accountId, [collectionId]);
      for (const { uid, data, occurrences, index } of added) {
        const facts = { name: `${uid}.ics`, etag: uid, scheduleTag: null, method: null, size: data.length, modseq };
        const row = { ...index, ...facts, collectionId, createdAt: 0, modifiedAt: 0 };
        await write.calendarObjects.add(row, data, occurrences);
      }
    });
  }
  return collectionId;
}

function question(count: number): Buffer {
  const body = {
    organizer: `${PEOPLE[0]!.name}@example.com`,
    requiredAttendees: PEOPLE.slice(0, count).map(({ name }) => `${name}@example.com`),
    countOrganizer: true,
    workingHours: false,
    duration: 60,
    start: new Date(WINDOW.from + 4 * DAY + 10 * HOUR).toISOString(),
    window: { from: new Date(WINDOW.from).toISOString(), until: new Date(WINDOW.until).toISOString() },
  };
  const login = Buffer.from(`${PEOPLE[0]!.name}:${PEOPLE[0]!.password}`).toString('base64');
  const headers = { Authorization: `Basic ${login}`, 'Content-Type': 'application/json' };
  return requestBytes('POST', '/api/scheduling/suggestions', headers, JSON.stringify(body));
}

interface Line {
  readonly attendees: number;
  readonly events: number;
  readonly ms: number;
  readonly p95: number;
  readonly cpu: number;
  readonly floor: number;
  readonly examined: number;
}

async function measure(data: string, calendars: readonly number[], sizes: readonly number[], events: number) {
  const lines: Omit<Line, 'floor'>[] = [];
  const server = await startServerProcess({ data, program: BUILT, patience: 180_000 });
  try {
    for (const attendees of sizes) {
      const connection = new HttpConnection(server.port);
      const request = question(attendees);
      const times: number[] = [];
      let before = 0;
      let examined = 0;
      for (let i = -WARM; i < ASKED; i++) {
        if (i === 0) before = cpuMs(server.pid);
        const began = performance.now();
        const { status, body } = await connection.exchange(request);
        if (i >= 0) times.push(performance.now() - began);
        const answer = JSON.parse(body.toString()) as { examined: number; attendees: { availability: string }[] };
        if (
          status !== 200 ||
          answer.attendees.filter(({ availability }) => availability === 'known').length !== attendees
        )
          throw new Error(`wrong answer: ${status} ${body.toString().slice(0, 300)}`);
        examined = answer.examined;
      }
      const cpu = (cpuMs(server.pid) - before) / ASKED;
      connection.close();
      lines.push({ attendees, events, ms: median(times), p95: percentile(times, 0.95), cpu, examined });
    }
  } finally {
    await server.stop();
  }
  return lines.map((line): Line => ({ ...line, floor: scan(data, calendars.slice(0, line.attendees)) }));
}

/** CPU milliseconds of reading the rows the question is about, and nothing else. */
function scan(data: string, calendars: readonly number[]): number {
  const database = new Database(join(data, 'convene.sqlite'), { readonly: true });
  try {
    const statement = database.prepare(statements.busy);
    let before = process.cpuUsage();
    for (let i = -WARM; i < ASKED; i++) {
      if (i === 0) before = process.cpuUsage();
      for (const id of calendars) statement.all({ 1: id, 2: WINDOW.from, 3: WINDOW.until });
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / ASKED;
  } finally {
    database.close();
  }
}

function report(lines: readonly Line[]): string {
  const rows = lines.map(({ attendees, events, ms, p95, cpu, floor, examined }) =>
    [
      attendees,
      events.toLocaleString('en'),
      examined,
      figure(ms),
      figure(p95),
      figure(cpu),
      figure((cpu * 1000) / attendees),
      figure(floor),
      figure(cpu / floor),
    ].join(' | '),
  );
  return [
    '# Suggestions',
    '',
    `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}.`,
    'A window of two weeks in steps of half an hour; one question at a time over one connection, 100 of each; CPU is that of',
    'the whole server. The floor is the CPU of a bare scan of the same rows of the index with the same statement.',
    '',
    '| attendees | events each | starts tried | ms | p95 ms | CPU ms | CPU µs per attendee | floor CPU ms | ratio |',
    '|---:|---:|---:|---:|---:|---:|---:|---:|---:|',
    ...rows.map((row) => `| ${row} |`),
    '',
  ].join('\n');
}

const base = mkdtempSync(join(tmpdir(), 'convene-bench-'));
try {
  const data = join(base, 'data');
  mkdirSync(data);
  addPeople(data, PEOPLE);
  const config = readConfig({ CONVENE_DATA: data, CONVENE_DOMAIN: 'example.com' }, base);
  const lines: Line[] = [];
  const stages: [count: number, from: number, until: number, sizes: number[]][] = [
    [100, 0, 1_000, SIZES],
    [100, 1_000, 10_000, SIZES],
    [5, 10_000, 50_000, [5]],
  ];
  for (const [count, from, until, sizes] of stages) {
    const { store } = await openServices(config);
    const calendars: number[] = [];
    for (let person = 0; person < count; person++) calendars.push(await fill(store, person, from, until));
    await store.close();
    lines.push(...(await measure(data, calendars, sizes, until)));
    process.stderr.write(`${until} events each: done\n`);
  }
  const text = report(lines);
  const day = new Date().toISOString().slice(0, 10);
  const output = options.output ?? fileURLToPath(new URL(`./results/${day}-slots.md`, import.meta.url));
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, text);
  process.stdout.write(text);
} finally {
  rmSync(base, { recursive: true, force: true });
}
