/**
 * Rounds of: start the server, compare it with what was acknowledged, let writers of DAV and mail write, end it without warning.
 * How it ends is the caller's (`strike`): a kill, a power cut, a failing disk.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { Test } from 'tap';
import { Writer } from './crash-oracle.ts';
import { randomFrom } from './generated-data.ts';
import { InboxLedger, MailWriter } from './mail-writer.ts';
import { MailboxWriter } from './mailbox-writer.ts';
import { Pop3Writer } from './pop3-writer.ts';
import { addPeople, freePort, people, type ServerProcess, startServerProcess } from './server-process.ts';

export interface Strike {
  /** What the server of this round needs in its environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Ends the server; called once enough was acknowledged.
   * @param acknowledged how many there are by now
   */
  run(server: ServerProcess, acknowledged: () => number): Promise<void> | void;
  /** Called when the server is gone, before the next one starts. */
  afterwards?(folder: string): Promise<void> | void;
}

export interface CrashRounds {
  readonly rounds: number;
  /** Acknowledgements before the server may be struck; a random number up to as many again is waited for. */
  readonly acknowledgements: number;
  /** Whether every writer must have had an acknowledgement before the strike of a round; default: in all of them. */
  everyWriter?(round: number): boolean;
  /** Writers of DAV, two for each account, so that its counter is contended; default: 8. */
  readonly davWriters?: number;
  /** What each writer keeps at most, so that many rounds do not take longer and longer; default: 200 messages or members. */
  readonly most?: number;
  /** Arguments of node that run the server; default: from source. */
  readonly program?: readonly string[];
  /** Asked before each round whether there were enough already. */
  enough?(): boolean;
  /** Called after each comparison. */
  progress?(round: number, faults: readonly string[]): void;
  strike(round: number, folder: string): Strike;
}

export interface CrashResult {
  /** In each round. */
  readonly acknowledged: number[];
  /** Of them, by each kind of writer, in all rounds. */
  readonly ways: Readonly<Record<Way, number>>;
  readonly faults: string[];
}

export type Way = 'dav' | 'append' | 'submission' | 'lmtp' | 'mailboxes' | 'pop3';

const MOST = 200;

/** A machine may do much else beside hours of kills. */
const PATIENCE_MS = 120_000;

interface AnyWriter {
  readonly acknowledged: number;
  write(port: number, stop: () => boolean): Promise<void>;
  check(port: number): Promise<string[]>;
}

/** Runs the rounds on a new folder, which goes when the test ends. */
export async function crashRounds(t: Test, asked: CrashRounds): Promise<CrashResult> {
  const {
    rounds,
    acknowledgements,
    everyWriter = () => true,
    davWriters = 8,
    most = MOST,
    program,
    progress,
    strike,
  } = asked;
  const base = mkdtempSync(join(tmpdir(), 'convene-crash-'));
  t.teardown(() => rmSync(base, { recursive: true, force: true }));
  const folder = join(base, 'data');
  mkdirSync(folder);
  const persons = people(Math.max(3, davWriters / 2));
  addPeople(folder, persons);
  const [imap, submission, lmtp, pop3] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const mail = {
    CONVENE_IMAP_PORT: `${imap}`,
    CONVENE_SUBMISSION_PORT: `${submission}`,
    CONVENE_LMTP_PORT: `${lmtp}`,
    CONVENE_POP3_PORT: `${pop3}`,
  };
  const ledger = new InboxLedger(persons[0]!, { imap, submission, lmtp }, most);
  const mailers = {
    append: new MailWriter('append', ledger),
    submission: new MailWriter('submission', ledger),
    lmtp: new MailWriter('lmtp', ledger),
    pop3: new Pop3Writer(persons[1]!, { imap, submission, lmtp, pop3 }, most),
    mailboxes: new MailboxWriter(persons[2]!, imap, most),
  };
  const ofDav = Array.from({ length: davWriters }, (_, i) => new Writer(i, persons[i >> 1]!, most));
  const writers: AnyWriter[] = [...ofDav, ...Object.values(mailers)];
  const acknowledged: number[] = [];
  const faults: string[] = [];
  for (let round = 0; ; round++) {
    const last = round === rounds || asked.enough?.() === true;
    const how = last ? undefined : strike(round, folder);
    const server = await startServerProcess({
      data: folder,
      environment: { ...mail, ...how?.environment },
      patience: PATIENCE_MS,
      ...(program === undefined ? {} : { program }),
    });
    try {
      if (round > 0) {
        for (const list of await Promise.all(writers.map((writer) => writer.check(server.port)))) faults.push(...list);
        progress?.(round, faults);
      }
      if (how !== undefined) {
        acknowledged.push(
          await writeAndStrike(writers, server, {
            atLeast: acknowledgements,
            everyWriter: everyWriter(round),
            how,
            round,
          }),
        );
        await how.afterwards?.(folder);
      }
    } finally {
      await server.kill();
    }
    if (last) break;
  }
  const ways = {
    dav: ofDav.reduce((sum, writer) => sum + writer.acknowledged, 0),
    append: mailers.append.acknowledged,
    submission: mailers.submission.acknowledged,
    lmtp: mailers.lmtp.acknowledged,
    pop3: mailers.pop3.acknowledged,
    mailboxes: mailers.mailboxes.acknowledged,
  };
  return { acknowledged, ways, faults };
}

async function writeAndStrike(
  writers: readonly AnyWriter[],
  server: ServerProcess,
  {
    atLeast,
    everyWriter,
    how,
    round,
  }: {
    readonly atLeast: number;
    readonly everyWriter: boolean;
    readonly how: Strike;
    readonly round: number;
  },
): Promise<number> {
  const total = () => writers.reduce((sum, writer) => sum + writer.acknowledged, 0);
  const before = total();
  const enough = before + atLeast * (1 + randomFrom(round)());
  const counts = writers.map(({ acknowledged }) => acknowledged);
  // Every way has begun: the first mail by LMTP waits for the thread that checks it.
  const begun = () => !everyWriter || writers.every(({ acknowledged }, i) => acknowledged > (counts[i] ?? 0));
  let struck = false;
  const working = Promise.all(writers.map((writer) => writer.write(server.port, () => struck)));
  const deadline = performance.now() + 60_000;
  const striking = (async () => {
    while (total() < enough || !begun()) {
      if (performance.now() > deadline)
        throw new Error(`only ${total() - before} writes in a minute:\n${server.output()}`);
      await sleep(1);
    }
    // Anywhere between two acknowledgements, not only right after one.
    await sleep(Math.random() * 5);
    await how.run(server, total);
    await server.ended;
    struck = true;
  })();
  await Promise.race([striking, working]);
  await Promise.all([striking, working]);
  return total() - before;
}

/** What SQLite says about a copy of the database as the crash left it, log and all. */
export function integrityOfCopy(folder: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'convene-copy-'));
  try {
    cpSync(folder, copy, { recursive: true, filter: (path) => !/\.sock$|-shm$|lock\.sqlite/.test(path) });
    const database = new Database(join(copy, 'convene.sqlite'));
    const lines = database.pragma('integrity_check') as { integrity_check: string }[];
    const foreign = database.pragma('foreign_key_check') as unknown[];
    database.close();
    return [...lines.map((line) => line.integrity_check), ...foreign.map((row) => JSON.stringify(row))].join('\n');
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
