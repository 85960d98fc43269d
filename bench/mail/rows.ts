/**
 * The rows of the benchmark of mail: each does its work on one server and says how long each operation took.
 * Every answer is looked at: a wrong one ends the run, because a fast wrong answer is worth nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMs, memoryMb } from '../process-figures.ts';
import { ImapConnection, MailConnection } from './connections.ts';
import { message, rareCount, rareSubject, rareWord } from './messages.ts';
import type { MailServer, ServerName } from './servers.ts';

/** Messages in INBOX while it is read. */
export const MESSAGES = 20_000;
const BODIES = 500;
const STRANGER = 'bench@example.org';

export interface Figures {
  readonly opsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the server's process tree, per operation. */
  readonly cpuMs: number;
  /** Of the server's process tree, shared pages divided among those that share them. */
  readonly memoryMb?: number;
}

export interface Row {
  readonly name: string;
  readonly title: string;
  /** What one operation takes, unless a rate says it better, or what memory it takes. */
  readonly unit: 'ops/s' | 'ms' | 'MB';
  /** Rounds that are enough, where not all are needed. */
  readonly rounds?: number;
  /** Who cannot take part, and why. */
  readonly without?: Partial<Record<ServerName, string>>;
  run(server: MailServer, round: number): Promise<Figures>;
}

function open(server: MailServer): Promise<ImapConnection> {
  return ImapConnection.open(server.imap, server.user, server.password);
}

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(`a wrong answer: ${what}`);
}

/** Runs `lanes` chains of operations at once, `count` in all. */
async function timed(
  server: MailServer,
  count: number,
  lanes: number,
  operation: (n: number, lane: number) => Promise<void>,
): Promise<Figures> {
  const times: number[] = [];
  let next = 0;
  const cpuBefore = cpuMs(server.pid);
  const began = performance.now();
  const lane = async (number: number) => {
    for (let n = next++; n < count; n = next++) {
      const start = performance.now();
      await operation(n, number);
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  const elapsed = performance.now() - began;
  const used = cpuMs(server.pid) - cpuBefore;
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  return {
    opsPerSecond: (count / elapsed) * 1_000,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    cpuMs: used / count,
  };
}

/** Numbers of messages that no round used before: message ids must differ. */
let fresh = MESSAGES;

function appendRow(name: string, title: string, lanes: number, count: number): Row {
  return {
    name,
    title,
    unit: 'ops/s',
    async run(server, round) {
      const mailbox = `${name}-${round}`;
      const connections = await Promise.all(Array.from({ length: lanes }, () => open(server)));
      await connections[0]?.command(`CREATE ${mailbox}`);
      const first = fresh;
      fresh += count;
      const messages = Array.from({ length: count }, (_, i) => message(first + i));
      const figures = await timed(server, count, lanes, async (n, lane) => {
        await connections[lane]?.command(`APPEND ${mailbox} (\\Seen)`, messages[n]);
      });
      const status = await connections[0]?.command(`STATUS ${mailbox} (MESSAGES)`);
      must(status?.includes(`MESSAGES ${count})`) === true, `${status}`);
      for (const connection of connections) connection.close();
      return figures;
    },
  };
}

function deliveryRow(name: string, title: string, lanes: number, count: number): Row {
  return {
    name,
    title,
    unit: 'ops/s',
    async run(server) {
      const connections = await Promise.all(
        Array.from({ length: lanes }, () => MailConnection.open(server.lmtp, 'LHLO')),
      );
      const messages = Array.from({ length: count }, (_, i) => message(fresh + i));
      fresh += count;
      const before = await inboxCount(server);
      const figures = await timed(server, count, lanes, async (n, lane) => {
        await connections[lane]?.send(STRANGER, server.address, messages[n] as Buffer);
      });
      const after = await inboxCount(server);
      must(after - before === count, `${after - before} of ${count} messages in INBOX`);
      await Promise.all(connections.map((connection) => connection.close()));
      return figures;
    },
  };
}

/** Each message over a connection of its own, by SMTP; the rate counts until the last is in INBOX, the times until it is accepted. */
function submissionRow(name: string, title: string, lanes: number, count: number): Row {
  return {
    name,
    title,
    unit: 'ops/s',
    without: { cyrus: 'no MTA in front' },
    async run(server) {
      const port = server.submission;
      if (port === undefined) throw new Error(`${server.name} takes no submissions`);
      const messages = Array.from({ length: count }, (_, i) => message(fresh + i, server.address));
      fresh += count;
      const before = await inboxCount(server);
      const began = performance.now();
      const cpuBefore = cpuMs(server.pid);
      const figures = await timed(server, count, lanes, async (n) => {
        const connection = await MailConnection.open(port, 'EHLO', server.login ? server : undefined);
        await connection.send(server.address, server.address, messages[n] as Buffer);
        await connection.close();
      });
      while ((await inboxCount(server)) < before + count) {
        must(performance.now() - began < 60_000, 'mail that does not arrive');
        await sleep(5);
      }
      const elapsed = performance.now() - began;
      return {
        ...figures,
        opsPerSecond: (count / elapsed) * 1_000,
        // Postfix is not of Dovecot's process tree, so that its share would be missing.
        cpuMs: server.login ? (cpuMs(server.pid) - cpuBefore) / count : Number.NaN,
      };
    },
  };
}

async function inboxCount(server: MailServer): Promise<number> {
  const connection = await open(server);
  const answer = String(await connection.command('STATUS INBOX (MESSAGES)'));
  connection.close();
  return Number(/MESSAGES (\d+)/.exec(answer)?.[1]);
}

/** Connect, log in, select and fetch something of every message, each time anew. */
function openingRow(name: string, title: string, items: string, count: number): Row {
  return {
    name,
    title,
    unit: 'ops/s',
    run: (server) =>
      timed(server, count, 1, async () => {
        const connection = await open(server);
        await connection.command('SELECT filled');
        const answer = await connection.command(`UID FETCH 1:* (${items})`);
        must(answer.lastIndexOf(`* ${MESSAGES} FETCH (`) > 0, items);
        connection.close();
      }),
  };
}

/** Operations on one connection that has the filled mailbox selected. */
function selectedRow(
  name: string,
  title: string,
  count: number,
  operation: (connection: ImapConnection, n: number) => Promise<void>,
  prepare?: (connection: ImapConnection) => Promise<void>,
): Row {
  return {
    name,
    title,
    unit: 'ops/s',
    async run(server, round) {
      const connection = await open(server);
      await connection.command('SELECT filled');
      await prepare?.(connection);
      // What is compiled, cached and paged in with the first operations is not what the row asks for.
      for (let n = 0; n < count / 5; n++) await operation(connection, n % 2);
      const figures = await timed(server, count, 1, (n) => operation(connection, round * count + n));
      connection.close();
      return figures;
    },
  };
}

async function search(connection: ImapConnection, criteria: string, expected: number): Promise<void> {
  const answer = String(await connection.command(`UID SEARCH ${criteria}`));
  const found = /^\* SEARCH ?([\d ]*)\r$/m.exec(answer)?.[1]?.trim() ?? '';
  const count = found === '' ? 0 : found.split(' ').length;
  must(count === expected, `${criteria}: ${count} instead of ${expected}`);
}

/** What a client remembers before ten messages change. */
interface Remembered {
  validity: string;
  modseq: string;
}

async function rememberThenChange(connection: ImapConnection): Promise<Remembered> {
  const answer = String(await connection.command('SELECT filled (CONDSTORE)'));
  const remembered = {
    validity: /UIDVALIDITY (\d+)/.exec(answer)?.[1] ?? '',
    modseq: /HIGHESTMODSEQ (\d+)/.exec(answer)?.[1] ?? '',
  };
  for (let i = 1; i <= 10; i++) {
    await connection.command(`STORE ${i * 1_997} -FLAGS.SILENT (\\Answered)`);
    await connection.command(`STORE ${i * 1_997} +FLAGS.SILENT (\\Answered)`);
  }
  return remembered;
}

function resyncRows(): Row[] {
  let remembered: Remembered = { validity: '', modseq: '' };
  const prepare = async (connection: ImapConnection) => {
    await connection.command('ENABLE QRESYNC');
    remembered = await rememberThenChange(connection);
  };
  const tenChanges = (answer: Buffer) => {
    const changed = String(answer).match(/^\* \d+ FETCH \(/gm)?.length ?? 0;
    must(changed === 10, `${changed} changes instead of 10`);
  };
  const condstore = async (connection: ImapConnection) => {
    await connection.command('SELECT filled (CONDSTORE)');
    tenChanges(await connection.command(`UID FETCH 1:* (FLAGS) (CHANGEDSINCE ${remembered.modseq})`));
  };
  const qresync = async (connection: ImapConnection) => {
    const { validity, modseq } = remembered;
    tenChanges(await connection.command(`SELECT filled (QRESYNC (${validity} ${modseq}))`));
  };
  return [
    selectedRow(
      'imap.condstore10',
      'SELECT and FETCH CHANGEDSINCE after 10 of 20,000 changed',
      300,
      condstore,
      prepare,
    ),
    selectedRow('imap.qresync10', 'SELECT with QRESYNC after 10 of 20,000 changed', 300, qresync, prepare),
  ];
}

const idleRow: Row = {
  name: 'imap.idle',
  title: 'IDLE: from APPEND elsewhere to EXISTS here',
  unit: 'ms',
  async run(server, round) {
    const waiting = await open(server);
    const writing = await open(server);
    const mailbox = `idle-${round}`;
    await writing.command(`CREATE ${mailbox}`);
    await waiting.command(`SELECT ${mailbox}`);
    await waiting.idle();
    const octets = message(0);
    const figures = await timed(server, 20, 1, async () => {
      const appended = writing.command(`APPEND ${mailbox}`, octets);
      await waiting.exists();
      await appended;
    });
    waiting.close();
    writing.close();
    return figures;
  },
};

/** Sessions that a person has open; the servers have limits for one person. */
const SESSIONS_EACH = 25;
/** Sessions from one address; a network has a limit too. */
const SESSIONS_FROM_ADDRESS = 2_000;

/** The memory of the whole server while so many sessions have INBOX selected and are in IDLE. */
function sessionsRow(count: number): Row {
  return {
    name: `imap.sessions${count}`,
    title: `memory of the whole server with ${count.toLocaleString('en')} sessions in IDLE`,
    unit: 'MB',
    rounds: 1,
    ...(count > 1_000 && { without: { cyrus: 'a process for each session' } }),
    async run(server) {
      const sessions: ImapConnection[] = [];
      const openOne = async (n: number) => {
        const { name, password } = server.people[Math.floor(n / SESSIONS_EACH)] as (typeof server.people)[number];
        const from = `127.0.0.${2 + Math.floor(n / SESSIONS_FROM_ADDRESS)}`;
        const session = await ImapConnection.open(server.imap, name, password, from);
        sessions.push(session);
        await session.command('SELECT INBOX');
        await session.idle();
      };
      const figures = await timed(server, count, 8, openOne);
      await quiet(server);
      const used = memoryMb(server.pid).pss;
      for (const session of sessions) session.close();
      return { ...figures, memoryMb: used };
    },
  };
}

/** Puts the mailbox `filled` there, eight messages at a time. */
export async function fill(server: MailServer): Promise<Figures> {
  const connections = await Promise.all(Array.from({ length: 8 }, () => open(server)));
  await connections[0]?.command('CREATE filled');
  const figures = await timed(server, MESSAGES, 8, async (n, lane) => {
    // Not all seen, so that unread messages can be told from the others.
    await connections[lane]?.command(`APPEND filled (${n % 4 === 0 ? '' : '\\Seen'})`, message(n));
  });
  for (const connection of connections) connection.close();
  return figures;
}

/** Waits until the server did next to nothing for two seconds: indexing of what was stored is over. */
export async function quiet(server: MailServer): Promise<void> {
  for (let waited = 0, before = cpuMs(server.pid); waited < 180_000; waited += 2_000) {
    await sleep(2_000);
    const now = cpuMs(server.pid);
    if (now - before <= 40) return;
    before = now;
  }
}

export const ROWS: readonly Row[] = [
  openingRow('imap.flags', 'connect, log in, SELECT, FETCH UID FLAGS of 20,000', 'UID FLAGS', 30),
  openingRow(
    'imap.envelopes',
    'connect, log in, SELECT, FETCH FLAGS, SIZE, ENVELOPE and INTERNALDATE of 20,000',
    'UID FLAGS RFC822.SIZE ENVELOPE INTERNALDATE',
    10,
  ),
  openingRow('imap.structures', 'connect, log in, SELECT, FETCH BODYSTRUCTURE of 20,000', 'UID BODYSTRUCTURE', 10),
  selectedRow('imap.body', 'FETCH BODY.PEEK[] one by one', 1_000, async (connection, n) => {
    const answer = await connection.command(`UID FETCH ${1 + ((n * 7_919) % MESSAGES)} (BODY.PEEK[])`);
    must(answer.length > 2_000, 'a body');
  }),
  selectedRow('imap.body500', 'FETCH BODY.PEEK[] of 500 at once', 20, async (connection, n) => {
    const first = 1 + ((n * BODIES) % (MESSAGES - BODIES));
    const answer = await connection.command(`FETCH ${first}:${first + BODIES - 1} (BODY.PEEK[])`);
    must(answer.length > BODIES * 2_000, 'bodies');
  }),
  selectedRow('imap.subject', 'UID SEARCH SUBJECT, a word of 40 messages', 30, (connection, n) =>
    search(connection, `SUBJECT ${rareSubject(n)}`, rareCount(n, MESSAGES)),
  ),
  selectedRow('imap.from', 'UID SEARCH FROM, three messages in ten', 30, async (connection, n) => {
    const person = ['anna', 'clara', 'hugo'][n % 3];
    const answer = await connection.command(`UID SEARCH FROM ${person}@`);
    must(answer.length > 5_000, 'FROM');
  }),
  selectedRow('imap.text', 'UID SEARCH BODY, a word of 40 messages', 6, (connection, n) =>
    search(connection, `BODY ${rareWord(n)}`, rareCount(n, MESSAGES)),
  ),
  selectedRow('imap.unseen', 'UID SEARCH UNSEEN', 100, (connection) => search(connection, 'UNSEEN', MESSAGES / 4)),
  selectedRow('imap.store', 'STORE 1:* FLAGS.SILENT, 20,000', 20, async (connection, n) => {
    await connection.command(`STORE 1:* ${n % 2 === 0 ? '+' : '-'}FLAGS.SILENT (\\Flagged)`);
  }),
  selectedRow('imap.store.told', 'STORE 1:* FLAGS with answers', 20, async (connection, n) => {
    const answer = await connection.command(`STORE 1:* ${n % 2 === 0 ? '+' : '-'}FLAGS (\\Flagged)`);
    must(answer.includes(`* ${MESSAGES} FETCH (`), 'flags');
  }),
  ...resyncRows(),
  appendRow('imap.append1', 'APPEND of 2,000 messages, 1 connection', 1, 2_000),
  appendRow('imap.append8', 'the same, 8 connections', 8, 2_000),
  deliveryRow('lmtp.1', 'LMTP to INBOX, 1,000 messages, 1 connection', 1, 1_000),
  deliveryRow('lmtp.8', 'the same, 8 connections', 8, 1_000),
  submissionRow('smtp.1', 'submission until in INBOX, 1,000 messages, a connection each', 1, 1_000),
  submissionRow('smtp.8', 'the same, 8 at once', 8, 1_000),
  idleRow,
  sessionsRow(500),
  sessionsRow(5_000),
];
