/**
 * The benchmark of free/busy as calendars ask for it (RFC 6638 §5): one POST to the outbox about 20 attendees, Convene and Cyrus
 * beside each other and in turns. Every attendee has 1,000 events of an hour over a year, and five weekly series. Answers are
 * compared with what the generated data must give.
 * usage: npm run bench:outbox [-- --output FILE]
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DAY, HOUR, MINUTE } from '../src/calendar/date-time.ts';
import { printInstant } from '../src/calendar/date-values.ts';
import { addPeople, BUILT, people, startServerProcess } from '../test/support/server-process.ts';
import { cyrusMissing, startCyrus } from './cyrus.ts';
import { HttpConnection, requestBytes } from './http-connection.ts';
import { cpuMs } from './process-figures.ts';
import { figure, median, percentile } from './statistics.ts';

const { values: options } = parseArgs({ options: { output: { type: 'string' } } });
const ATTENDEES = 20;
const PEOPLE = people(ATTENDEES);
const EVENTS = 1_000;
const SERIES = 5;
const WARM = 20;
const ROUNDS = 3;
/** Questions of a round: one week, one day. */
const WINDOWS = { 'one day': [1, 100], 'one week': [7, 100], 'four weeks': [28, 40] } as const;
/** Midnight after the newest event. */
const LAST = Math.floor(Date.now() / DAY) * DAY + 28 * DAY;

interface Server {
  readonly name: string;
  readonly port: number;
  /** Root of the process tree. */
  readonly pid: number;
  calendarOf(person: string): string;
  outboxOf(person: string): string;
  stop(): Promise<void>;
}

/** Three events a day, at hours that differ between people. */
function eventStart(person: number, event: number): number {
  const day = Math.floor(event / 3);
  return LAST - DAY * (1 + day) + ((event % 3) * 5 + ((person * 7 + day) % 9) + 6) * HOUR;
}

/** Half an hour each week, on one weekday each, in the night, when no event is. */
function seriesStart(series: number): number {
  return LAST - 364 * DAY + series * DAY + 2 * HOUR;
}

function calendarObject(uid: string, lines: readonly string[]): string {
  return [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Bench//EN',
    'BEGIN:VEVENT',
    `UID:${uid}`,
    'DTSTAMP:20260101T000000Z',
    ...lines,
    `SUMMARY:Meeting ${uid}`,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');
}

/** [name, text] of everything in a person's calendar. */
function* contents(person: number): Generator<[string, string]> {
  for (let event = 0; event < EVENTS; event++) {
    const uid = `p${person}-e${event}`;
    yield [uid, calendarObject(uid, [`DTSTART:${printInstant(eventStart(person, event))}`, 'DURATION:PT1H'])];
  }
  for (let series = 0; series < SERIES; series++) {
    const uid = `p${person}-s${series}`;
    const start = `DTSTART:${printInstant(seriesStart(series))}`;
    yield [uid, calendarObject(uid, [start, 'DURATION:PT30M', 'RRULE:FREQ=WEEKLY'])];
  }
}

/** Minutes that a person is busy in the days before LAST. */
function busyMinutes(person: number, days: number): number {
  const from = LAST - days * DAY;
  let minutes = 0;
  for (let event = 0; event < EVENTS; event++) {
    const start = eventStart(person, event);
    minutes += Math.max(0, Math.min(start + HOUR, LAST) - Math.max(start, from)) / MINUTE;
  }
  for (let series = 0; series < SERIES; series++)
    for (let start = seriesStart(series); start < LAST; start += 7 * DAY) if (start >= from) minutes += 30;
  return minutes;
}

function authorization(person: number): string {
  const { name, password } = PEOPLE[person]!;
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

async function fill(server: Server): Promise<void> {
  const begun = performance.now();
  const connection = new HttpConnection(server.port);
  for (let person = 0; person < ATTENDEES; person++) {
    const headers = { Authorization: authorization(person), 'Content-Type': 'text/calendar; charset=utf-8' };
    const calendar = server.calendarOf(PEOPLE[person]!.name);
    // Cyrus makes a person's calendars when they first ask for their home.
    const home = requestBytes('PROPFIND', calendar.replace(/[^/]+\/$/, ''), { ...headers, Depth: '0' });
    await connection.exchange(home);
    for (const [name, text] of contents(person)) {
      const { status, body } = await connection.exchange(requestBytes('PUT', `${calendar}${name}.ics`, headers, text));
      if (status !== 201) throw new Error(`${server.name}: PUT answered ${status} ${body.toString().slice(0, 300)}`);
    }
  }
  connection.close();
  console.log(`${server.name} filled in ${figure((performance.now() - begun) / 1000)} s`);
}

/** RFC 6638 §5: VFREEBUSY with METHOD:REQUEST, one ATTENDEE for each person asked about. */
function question(server: Server, days: number): Buffer {
  const organizer = PEOPLE[0]!.name;
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Bench//EN',
    'METHOD:REQUEST',
    'BEGIN:VFREEBUSY',
    'UID:who-is-free',
    'DTSTAMP:20260101T000000Z',
    `DTSTART:${printInstant(LAST - days * DAY)}`,
    `DTEND:${printInstant(LAST)}`,
    `ORGANIZER:mailto:${organizer}@example.com`,
    ...PEOPLE.map(({ name }) => `ATTENDEE:mailto:${name}@example.com`),
    'END:VFREEBUSY',
    'END:VCALENDAR',
    '',
  ];
  const headers = {
    Authorization: authorization(0),
    'Content-Type': 'text/calendar; charset=utf-8',
    Originator: `mailto:${organizer}@example.com`,
  };
  return requestBytes('POST', server.outboxOf(organizer), headers, lines.join('\r\n'));
}

/** Throws unless everybody's busy time is what the data say. */
function check(server: Server, status: number, text: string, days: number): void {
  const answers = text.split(/<(?:\w+:)?response>/).slice(1);
  if (status !== 200 || answers.length !== ATTENDEES)
    throw new Error(`${server.name}: ${status}, ${answers.length} answers: ${text.slice(0, 500)}`);
  for (const answer of answers) {
    const recipient = /mailto:(\w+)@/.exec(answer)?.[1];
    const person = PEOPLE.findIndex(({ name }) => name === recipient);
    const unfolded = answer.replaceAll('&#13;', '\r').replace(/\r?\n[ \t]/g, '');
    let minutes = 0;
    for (const [, from = '', until = ''] of unfolded.matchAll(/(\d{8}T\d{6}Z)\/(P\w+|\d{8}T\d{6}Z)/g))
      minutes += until.startsWith('P') ? durationMinutes(until) : (instant(until) - instant(from)) / MINUTE;
    const right = busyMinutes(person, days);
    if (minutes !== right)
      throw new Error(`${server.name}: ${minutes} minutes of ${recipient}, not ${right}: ${answer}`);
  }
}

function instant(text: string): number {
  return Date.parse(text.replace(/(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\d)Z/, '$1-$2-$3:$4:$5Z'));
}

function durationMinutes(text: string): number {
  const [, hours = '0', minutes = '0'] = /^PT(?:(\d+)H)?(?:(\d+)M)?$/.exec(text) ?? [];
  return Number(hours) * 60 + Number(minutes);
}

interface Figures {
  readonly p50: number;
  readonly p99: number;
  readonly cpu: number;
}

async function measure(server: Server, days: number, count: number): Promise<Figures> {
  const connection = new HttpConnection(server.port);
  const request = question(server, days);
  const times: number[] = [];
  let before = 0;
  for (let i = -WARM; i < count; i++) {
    if (i === 0) before = cpuMs(server.pid);
    const begun = performance.now();
    const { status, body } = await connection.exchange(request);
    if (i >= 0) times.push(performance.now() - begun);
    check(server, status, body.toString(), days);
  }
  const cpu = (cpuMs(server.pid) - before) / count;
  connection.close();
  return { p50: median(times), p99: percentile(times, 0.99), cpu };
}

async function convene(base: string): Promise<Server> {
  const data = join(base, 'convene');
  mkdirSync(data);
  addPeople(data, PEOPLE, BUILT);
  const server = await startServerProcess({ data, program: BUILT });
  return {
    name: 'Convene',
    port: server.port,
    pid: server.pid,
    calendarOf: (person) => `/dav/calendars/${person}/calendar/`,
    outboxOf: (person) => `/dav/calendars/${person}/outbox/`,
    stop: () => server.stop(),
  };
}

async function cyrus(base: string): Promise<Server> {
  const server = await startCyrus(base, PEOPLE);
  return {
    name: 'Cyrus',
    port: server.http,
    pid: server.pid,
    calendarOf: (person) => `/dav/calendars/user/${person}/Default/`,
    outboxOf: (person) => `/dav/calendars/user/${person}/Outbox/`,
    stop: () => server.stop(),
  };
}

function report(lines: readonly string[]): string {
  return [
    '# Free/busy over the outbox',
    '',
    `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}.`,
    `One POST about ${ATTENDEES} attendees with ${EVENTS.toLocaleString('en')} events and ${SERIES} endless weekly series each, over one connection;`,
    `medians of ${ROUNDS} rounds in turns. CPU is that of the whole process tree. Every answer is compared with the data.`,
    '',
    '| asked about | Convene ms · p99 · CPU ms | Cyrus ms · p99 · CPU ms | time | p99 | CPU |',
    '|---|---:|---:|---:|---:|---:|',
    ...lines,
    '',
  ].join('\n');
}

function cells({ p50, p99, cpu }: Figures): string {
  return [p50, p99, cpu].map(figure).join(' · ');
}

function middle(rounds: readonly Figures[]): Figures {
  const of = (pick: (figures: Figures) => number) => median(rounds.map(pick));
  return { p50: of(({ p50 }) => p50), p99: of(({ p99 }) => p99), cpu: of(({ cpu }) => cpu) };
}

const missing = cyrusMissing();
if (missing !== undefined) throw new Error(missing);
const base = mkdtempSync(join(tmpdir(), 'convene-bench-'));
// Cyrus reads its files as a user of its own.
chmodSync(base, 0o755);
const servers: Server[] = [];
try {
  for (const start of [convene, cyrus]) {
    const server = await start(base);
    servers.push(server);
    await fill(server);
  }
  const lines: string[] = [];
  for (const [title, [days, count]] of Object.entries(WINDOWS)) {
    const all = servers.map((): Figures[] => []);
    for (let round = 0; round < ROUNDS; round++)
      for (const [i, server] of servers.entries()) all[i]!.push(await measure(server, days, count));
    const [ours, theirs] = all.map(middle) as [Figures, Figures];
    const times = (['p50', 'p99', 'cpu'] as const).map((key) => `${figure(theirs[key] / ours[key])}×`);
    lines.push(`| ${[title, cells(ours), cells(theirs), ...times].join(' | ')} |`);
    console.log(lines.at(-1));
  }
  const output =
    options.output ??
    fileURLToPath(new URL(`./results/outbox-${new Date().toISOString().slice(0, 10)}.md`, import.meta.url));
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, report(lines));
  console.log(`written to ${output}`);
} finally {
  for (const server of servers) await server.stop();
  rmSync(base, { recursive: true, force: true });
}
