/**
 * A writer of mailboxes for the crash oracle: APPEND, STORE, MOVE and EXPUNGE of some messages at a time, in two mailboxes that are
 * its own. After a crash each message is where and as it was acknowledged, those of the command in flight before it or after it; no
 * UID is given out twice, UIDVALIDITY stays, and no MODSEQ goes back. RFC 3501 §2.3.1.1, RFC 6851 §3.3, RFC 7162 §3.1.
 */

import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { randomFrom } from './generated-data.ts';
import { ImapClient } from './imap.ts';
import type { Person } from './server-process.ts';

type Box = 'Left' | 'Right';
const BOXES: readonly Box[] = ['Left', 'Right'];
const FLAGS = ['\\Seen', '\\Flagged', '\\Answered', 'oracle-a', 'oracle-b'];

interface Placed {
  readonly box: Box;
  /** Undefined: not told yet. */
  readonly uid: number | undefined;
  /** In order, separated by spaces. */
  readonly flags: string;
  /** As far as it was told. */
  readonly modseq: number;
}

/** What is known of a mailbox that must not go back. */
interface Marks {
  validity: number;
  next: number;
  highest: number;
}

interface Seen extends Placed {
  readonly token: string;
  readonly octets: string;
  readonly uid: number;
}

export class MailboxWriter {
  acknowledged = 0;
  readonly #person: Person;
  readonly #port: number;
  /** Messages it keeps at most. */
  readonly #most: number;
  readonly #random: () => number;
  #serial = 0;
  #state = new Map<string, Placed>();
  /** The messages of the command in flight as they are when it is done; undefined: gone. */
  #pending = new Map<string, Placed | undefined>();
  readonly #marks = new Map<Box, Marks>();
  /** Token of each `mailbox UID` ever seen. */
  readonly #owners = new Map<string, string>();
  /** Of each mailbox when writing began: HIGHESTMODSEQ, and flags by UID. */
  #noted = new Map<Box, { readonly modseq: number; readonly flags: ReadonlyMap<number, string> }>();

  /** @param port of IMAP */
  constructor(person: Person, port: number, most: number) {
    this.#person = person;
    this.#port = port;
    this.#most = most;
    this.#random = randomFrom(port);
  }

  /** Writes until the connection breaks or `stop` says so. Throws on answers that make no sense. */
  async write(_port: number, stop: () => boolean): Promise<void> {
    const client = await this.#connect().catch(() => undefined);
    if (client === undefined) return;
    try {
      for (const box of BOXES) {
        if (!this.#marks.has(box)) await client.run(`CREATE ${box}`);
        const { highest, messages } = await this.#read(client, box);
        this.#noted.set(box, { modseq: highest, flags: new Map(messages.map(({ uid, flags }) => [uid, flags])) });
      }
      while (!stop()) {
        await this.#step(client);
        this.acknowledged++;
      }
    } catch (error) {
      // The server was struck; what was in flight is judged by the check. One whose disk fails says so before it ends.
      const failing = /NO \[SERVERBUG\]/.test(String(error));
      for (let patience = 100; failing && !stop() && patience > 0; patience--) await pause(20);
      if (!/closed/.test(String(error)) && !(failing && stop())) throw error;
    } finally {
      client.close();
    }
  }

  /** Compares the mailboxes with what was acknowledged; afterwards they are the truth to go on from. */
  async check(): Promise<string[]> {
    const faults: string[] = [];
    const client = await this.#connect();
    const actual = new Map<string, Seen>();
    try {
      for (const box of BOXES) {
        if (this.#marks.has(box)) faults.push(...(await this.#checkResync(client, box)));
        const { validity, next, highest, messages } = await this.#read(client, box);
        const marks = this.#marks.get(box) ?? { validity, next, highest };
        if (validity !== marks.validity) faults.push(`UIDVALIDITY of ${box} was ${marks.validity} and is ${validity}`);
        if (next < marks.next) faults.push(`UIDNEXT of ${box} was ${marks.next} and is ${next}`);
        if (highest < marks.highest) faults.push(`HIGHESTMODSEQ of ${box} was ${marks.highest} and is ${highest}`);
        this.#marks.set(box, { validity, next, highest });
        for (const message of messages) {
          const { token, uid, modseq } = message;
          if (actual.has(token)) faults.push(`${token} is there twice`);
          if (modseq > highest) faults.push(`${token} has MODSEQ ${modseq}, above HIGHESTMODSEQ ${highest} of ${box}`);
          if (uid >= next) faults.push(`${token} has UID ${uid}, not below UIDNEXT ${next} of ${box}`);
          const owner = this.#owners.get(`${box} ${uid}`) ?? token;
          if (owner !== token) faults.push(`${token} got UID ${uid} of ${box}, which was that of ${owner}`);
          this.#owners.set(`${box} ${uid}`, token);
          if (message.octets !== octetsOf(token)) faults.push(`${token} holds other octets than were sent`);
          actual.set(token, message);
        }
      }
    } finally {
      client.close();
    }
    for (const token of new Set([...actual.keys(), ...this.#state.keys()])) {
      const found = actual.get(token);
      const before = this.#state.get(token);
      const fault = difference(before, found);
      if (fault === undefined) continue;
      if (this.#pending.has(token) && difference(this.#pending.get(token), found) === undefined) continue;
      faults.push(`${token} ${fault}`);
    }
    this.#state = new Map(actual);
    this.#pending.clear();
    return faults.map((fault) => `mailboxes of ${this.#person.name}: ${fault}`);
  }

  async #connect(): Promise<ImapClient> {
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true });
    await once(socket, 'connect');
    const client = new ImapClient(socket);
    await client.response();
    await client.login(this.#person);
    await client.ok('ENABLE QRESYNC');
    return client;
  }

  async #read(client: ImapClient, box: Box): Promise<Marks & { readonly messages: Seen[] }> {
    const { untagged } = await client.ok(`SELECT ${box}`);
    const number = (name: string) => Number(new RegExp(`\\[${name} (\\d+)\\]`).exec(untagged.join('\n'))?.[1]);
    const messages: Seen[] = [];
    if (!untagged.includes('0 EXISTS')) {
      const answer = await client.ok('UID FETCH 1:* (UID FLAGS MODSEQ BODY.PEEK[])');
      for (const line of answer.untagged) {
        const octets = /BODY\[\] \{\d+\}\r\n(.*)\)$/s.exec(line)?.[1];
        if (octets === undefined) continue;
        const token = /^Subject: (\S+)\r$/m.exec(octets)?.[1] ?? '';
        messages.push({ box, token, octets, uid: uidIn(line), flags: flagsIn(line), modseq: modseqIn(line) });
      }
    }
    const marks = { validity: number('UIDVALIDITY'), next: number('UIDNEXT'), highest: number('HIGHESTMODSEQ') };
    return { ...marks, messages };
  }

  /** What was noted, with the changes since then (RFC 7162 §3.2.5), must be what is there. */
  async #checkResync(client: ImapClient, box: Box): Promise<string[]> {
    const noted = this.#noted.get(box);
    if (noted === undefined) return [];
    const model = new Map(noted.flags);
    const validity = this.#marks.get(box)?.validity ?? 0;
    const { untagged } = await client.ok(`SELECT ${box} (QRESYNC (${validity} ${noted.modseq}))`);
    for (const line of untagged) {
      const vanished = /^VANISHED \(EARLIER\) (.+)$/.exec(line)?.[1];
      for (const range of vanished?.split(',') ?? []) {
        const [from = 0, to = from] = range.split(':').map(Number);
        for (let uid = from; uid <= to; uid++) model.delete(uid);
      }
      if (/^\d+ FETCH /.test(line)) model.set(uidIn(line), flagsIn(line));
    }
    const { messages } = await this.#read(client, box);
    const present = new Map(messages.map(({ uid, flags }) => [uid, flags]));
    const faults = [...present].flatMap(([uid, flags]) =>
      model.get(uid) === flags ? [] : [`QRESYNC says "${model.get(uid)}" of UID ${uid} in ${box}, which is "${flags}"`],
    );
    for (const uid of model.keys()) if (!present.has(uid)) faults.push(`QRESYNC still has UID ${uid} in ${box}`);
    return faults;
  }

  /** One command, chosen by chance, and what its answer acknowledges. */
  async #step(client: ImapClient): Promise<void> {
    const box = this.#random() < 0.5 ? 'Left' : 'Right';
    const there = [...this.#state].filter(([, placed]) => placed.box === box && placed.uid !== undefined);
    const dice = this.#random();
    const full = this.#state.size >= this.#most;
    if (there.length === 0 || (dice < 0.35 && !full)) return this.#append(client, box);
    const first = Math.floor(this.#random() * there.length);
    const some = there.slice(first, first + 1 + Math.floor(this.#random() * 4));
    await client.ok(`SELECT ${box}`);
    if (dice < 0.6) return this.#store(client, some);
    if (dice < 0.8 && !full) return this.#move(client, some, box === 'Left' ? 'Right' : 'Left');
    return this.#expunge(client, some);
  }

  async #append(client: ImapClient, box: Box): Promise<void> {
    const token = `mailbox-${this.#serial++}`;
    const flags = this.#random() < 0.5 ? '' : '\\Seen';
    this.#pending.set(token, { box, uid: undefined, flags, modseq: 0 });
    const uid = await client.append(box, octetsOf(token), `(${flags}) `);
    this.#settle(token, { box, uid, flags, modseq: 0 });
  }

  async #store(client: ImapClient, some: readonly (readonly [string, Placed])[]): Promise<void> {
    const flag = FLAGS[Math.floor(this.#random() * FLAGS.length)] as string;
    const sets = this.#random() < 0.6;
    for (const [token, placed] of some) {
      const others = placed.flags.split(' ').filter((other) => other !== flag && other !== '');
      this.#pending.set(token, { ...placed, flags: inOrder(sets ? [...others, flag] : others) });
    }
    const { untagged } = await client.ok(`UID STORE ${uidsOf(some)} ${sets ? '+' : '-'}FLAGS (${flag})`);
    const modseqs = new Map(
      untagged.filter((line) => / FETCH /.test(line)).map((line) => [uidIn(line), modseqIn(line)]),
    );
    for (const [token, { uid = 0 }] of some) {
      const done = this.#pending.get(token);
      if (done !== undefined) this.#settle(token, { ...done, modseq: modseqs.get(uid) ?? done.modseq });
    }
  }

  async #move(client: ImapClient, some: readonly (readonly [string, Placed])[], to: Box): Promise<void> {
    for (const [token, placed] of some) this.#pending.set(token, { ...placed, box: to, uid: undefined, modseq: 0 });
    const { untagged, text } = await client.ok(`UID MOVE ${uidsOf(some)} ${to}`);
    const copied = /\[COPYUID \d+ ([\d,:]+) ([\d,:]+)\]/.exec([...untagged, text].join('\n'));
    const [from, into] = [expanded(copied?.[1]), expanded(copied?.[2])];
    for (const [token, { uid = 0, flags }] of some)
      this.#settle(token, { box: to, uid: into[from.indexOf(uid)], flags, modseq: 0 });
  }

  async #expunge(client: ImapClient, some: readonly (readonly [string, Placed])[]): Promise<void> {
    for (const [token, placed] of some)
      this.#pending.set(token, { ...placed, flags: inOrder([...placed.flags.split(' '), '\\Deleted']) });
    await client.ok(`UID STORE ${uidsOf(some)} +FLAGS.SILENT (\\Deleted)`);
    for (const [token] of some) {
      const marked = this.#pending.get(token);
      if (marked !== undefined) this.#settle(token, marked);
      this.#pending.set(token, undefined);
    }
    await client.ok(`UID EXPUNGE ${uidsOf(some)}`);
    for (const [token] of some) {
      this.#state.delete(token);
      this.#pending.delete(token);
    }
  }

  #settle(token: string, placed: Placed): void {
    this.#state.set(token, placed);
    this.#pending.delete(token);
    const marks = this.#marks.get(placed.box);
    if (placed.uid !== undefined) this.#owners.set(`${placed.box} ${placed.uid}`, token);
    if (marks === undefined) return;
    marks.next = Math.max(marks.next, (placed.uid ?? 0) + 1);
    marks.highest = Math.max(marks.highest, placed.modseq);
  }
}

/** What is wrong with a message; undefined for nothing. */
function difference(expected: Placed | undefined, found: Placed | undefined): string | undefined {
  if (expected === undefined) return found === undefined ? undefined : `is in ${found.box} and should not be`;
  if (found === undefined) return `was acknowledged in ${expected.box} and is lost`;
  if (found.box !== expected.box) return `was acknowledged in ${expected.box} and is in ${found.box}`;
  if (expected.uid !== undefined && expected.uid !== found.uid) return `had UID ${expected.uid} and has ${found.uid}`;
  if (found.flags !== expected.flags) return `has the flags "${found.flags}", acknowledged were "${expected.flags}"`;
  return found.modseq < expected.modseq ? `had MODSEQ ${expected.modseq} and has ${found.modseq}` : undefined;
}

function octetsOf(token: string): string {
  const lines = 1 + (Number(token.split('-')[1]) % 30);
  return `From: oracle@example.com\r\nDate: Thu, 1 Jan 2026 10:00:00 +0000\r\nSubject: ${token}\r\n\r\n${`${token}\r\n`.repeat(lines)}`;
}

function uidIn(line: string): number {
  return Number(/\bUID (\d+)/.exec(line)?.[1]);
}

function modseqIn(line: string): number {
  return Number(/\bMODSEQ \((\d+)\)/.exec(line)?.[1] ?? 0);
}

function flagsIn(line: string): string {
  const flags = /\bFLAGS \(([^)]*)\)/.exec(line)?.[1]?.split(' ') ?? [];
  return inOrder(flags.filter((flag) => flag !== '\\Recent'));
}

function inOrder(flags: readonly string[]): string {
  return [...new Set(flags.filter((flag) => flag !== ''))].sort().join(' ');
}

function uidsOf(some: readonly (readonly [string, Placed])[]): string {
  return some.map(([, { uid }]) => uid).join(',');
}

function expanded(set = ''): number[] {
  return set.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split(':').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}
