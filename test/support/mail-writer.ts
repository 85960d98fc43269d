/**
 * A writer of mail for the crash oracle: it appends over IMAP, submits or hands over by LMTP, all into one INBOX, and notes
 * what was acknowledged. After a crash each acknowledged message is there once, octet for octet, the one in flight once or
 * not at all, no UID was given to two messages, and HIGHESTMODSEQ did not go back.
 */
import { ImapFlow } from 'imapflow';
import type { Person } from './server-process.ts';
import { SmtpClient } from './smtp.ts';

export type MailWay = 'append' | 'submission' | 'lmtp';

export interface MailPorts {
  readonly imap: number;
  readonly submission: number;
  readonly lmtp: number;
}

interface Sent {
  readonly octets: string;
  /** As soon as it is known. */
  uid: number | undefined;
}

/** What all writers of one INBOX know of it. */
export class InboxLedger {
  readonly person: Person;
  readonly ports: MailPorts;
  /** By token. */
  readonly sent = new Map<string, Sent>();
  readonly inFlight = new Map<string, string>();
  /** Acknowledged removals, and one that was asked for. */
  readonly removed = new Set<string>();
  readonly removing = new Set<string>();
  uidValidity: bigint | undefined;
  uidNext = 0;
  highestModseq = 0n;
  /** Messages kept at most, as far as the writers of the INBOX heed it. */
  readonly most: number;
  /** Token by UID, of all that was ever seen. */
  readonly uids = new Map<number, string>();

  constructor(person: Person, ports: MailPorts, most: number) {
    this.person = person;
    this.ports = ports;
    this.most = most;
  }

  async connect(): Promise<ImapFlow> {
    const { name, password } = this.person;
    const client = new ImapFlow({
      host: '127.0.0.1',
      port: this.ports.imap,
      secure: false,
      doSTARTTLS: false,
      auth: { user: name, pass: password },
      logger: false,
    });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  /** Compares INBOX with what was acknowledged; afterwards it is the truth to go on from. */
  async check(): Promise<string[]> {
    const faults: string[] = [];
    const client = await this.connect();
    const lock = await client.getMailboxLock('INBOX');
    const found = new Map<string, number>();
    try {
      const { uidValidity, uidNext, exists, highestModseq } = client.mailbox as {
        uidValidity: bigint;
        uidNext: number;
        exists: number;
        highestModseq: bigint;
      };
      if (this.uidValidity !== undefined && uidValidity !== this.uidValidity) faults.push('UIDVALIDITY changed');
      this.uidValidity = uidValidity;
      if (uidNext < this.uidNext) faults.push(`UIDNEXT was ${this.uidNext} and is ${uidNext}`);
      this.uidNext = uidNext;
      if (highestModseq < this.highestModseq)
        faults.push(`HIGHESTMODSEQ was ${this.highestModseq} and is ${highestModseq}`);
      this.highestModseq = highestModseq;
      for await (const { uid, source } of exists === 0 ? [] : client.fetch('1:*', { uid: true, source: true })) {
        const text = source?.toString('latin1') ?? '';
        const token = /^Subject: (\S+)\r$/m.exec(text)?.[1] ?? '';
        const known = this.sent.get(token);
        const octets = known?.octets ?? this.inFlight.get(token);
        if (found.has(token)) faults.push(`${token} is there twice`);
        found.set(token, uid);
        if (octets === undefined) faults.push(`UID ${uid} is nobody's: "${token}"`);
        else if (!text.endsWith(octets)) faults.push(`${token} holds other octets than were sent`);
        if (known?.uid !== undefined && known.uid !== uid) faults.push(`${token} had UID ${known.uid} and has ${uid}`);
        const owner = this.uids.get(uid) ?? token;
        if (owner !== token) faults.push(`${token} got UID ${uid}, which was that of ${owner}`);
        this.uids.set(uid, token);
        if (uid >= uidNext) faults.push(`UID ${uid} is not below UIDNEXT ${uidNext}`);
        if (this.removed.has(token)) faults.push(`${token} was removed and is back`);
        if (octets !== undefined) this.sent.set(token, { octets, uid });
      }
    } finally {
      lock.release();
      await client.logout();
    }
    for (const token of this.sent.keys())
      if (!found.has(token)) {
        if (!this.removed.has(token) && !this.removing.has(token)) faults.push(`${token} was acknowledged and is lost`);
        this.sent.delete(token);
      }
    this.inFlight.clear();
    this.removing.clear();
    return faults.map((fault) => `INBOX of ${this.person.name}: ${fault}`);
  }
}

export class MailWriter {
  acknowledged = 0;
  readonly #way: MailWay;
  readonly #ledger: InboxLedger;
  #serial = 0;

  constructor(way: MailWay, ledger: InboxLedger) {
    this.#way = way;
    this.#ledger = ledger;
  }

  /** Writes until the connection breaks or `stop` says so. Throws on answers that make no sense. */
  async write(_port: number, stop: () => boolean): Promise<void> {
    if (this.#way === 'append') await this.#append(stop);
    else await this.#send(stop);
  }

  /** The ledger is checked once, by whoever appends. */
  async check(): Promise<string[]> {
    return this.#way === 'append' ? this.#ledger.check() : [];
  }

  #next(): { token: string; octets: string } {
    const token = `${this.#way}-${this.#serial++}`;
    // Some are large enough to go to the store in chunks.
    const lines = this.#serial % 25 === 0 ? 9_000 : 1 + ((this.#serial * 7) % 40);
    const octets = letterOf(this.#ledger.person.name, token, lines);
    this.#ledger.inFlight.set(token, octets);
    return { token, octets };
  }

  #done(token: string, octets: string, uid?: number): void {
    this.#ledger.sent.set(token, { octets, uid });
    if (uid !== undefined) {
      this.#ledger.uids.set(uid, token);
      this.#ledger.uidNext = Math.max(this.#ledger.uidNext, uid + 1);
    }
    this.#ledger.inFlight.delete(token);
    this.acknowledged++;
  }

  async #append(stop: () => boolean): Promise<void> {
    const ledger = this.#ledger;
    const client = await ledger.connect().catch(() => undefined);
    if (client === undefined) return;
    try {
      const lock = await client.getMailboxLock('INBOX');
      while (!stop() && client.usable) {
        const { token, octets } = this.#next();
        const result = await client.append('INBOX', Buffer.from(octets, 'latin1'));
        if (result === false || result.uid === undefined) return;
        this.#done(token, octets, result.uid);
        if (this.#serial % 6 === 0 && !(await this.#remove(client, [[token, result.uid]]))) return;
        const excess = ledger.sent.size - ledger.most;
        if (excess > 0 && !(await this.#remove(client, this.#oldest(excess)))) return;
      }
      lock.release();
    } catch {
      // The server was struck; what was in flight is judged by the check.
    } finally {
      client.close();
    }
  }

  /** The oldest messages with a known UID. */
  #oldest(count: number): [token: string, uid: number][] {
    const known = [...this.#ledger.sent].flatMap(([token, { uid }]): [string, number][] =>
      uid === undefined || this.#ledger.removed.has(token) ? [] : [[token, uid]],
    );
    return known.slice(0, count);
  }

  /** Returns whether they are gone. */
  async #remove(client: ImapFlow, some: readonly (readonly [token: string, uid: number])[]): Promise<boolean> {
    if (some.length === 0) return true;
    const { removing, removed, sent } = this.#ledger;
    for (const [token] of some) removing.add(token);
    if (!(await client.messageDelete(some.map(([, uid]) => uid).join(','), { uid: true }))) return false;
    for (const [token] of some) {
      removing.delete(token);
      removed.add(token);
      sent.delete(token);
    }
    this.acknowledged++;
    return true;
  }

  async #send(stop: () => boolean): Promise<void> {
    const { ports, person } = this.#ledger;
    const lmtp = this.#way === 'lmtp';
    let client: SmtpClient;
    try {
      client = await SmtpClient.connect(lmtp ? ports.lmtp : ports.submission);
    } catch {
      return;
    }
    const address = `${person.name}@example.com`;
    await client.command(`${lmtp ? 'LHLO' : 'EHLO'} oracle.example.net`);
    if (!lmtp) await client.logIn(person.name, person.password);
    while (!stop() && !client.closed) {
      const { token, octets } = this.#next();
      await client.commands(`MAIL FROM:<${address}>`, `RCPT TO:<${address}>`);
      // With a recipient elsewhere the local copy and the queue are one transaction.
      if (!lmtp && this.#serial % 3 === 0) await client.command('RCPT TO:<far@example.net>');
      const reply = await client.data(Buffer.from(octets, 'latin1'));
      if (reply === '' || reply.startsWith('4')) break;
      if (!reply.startsWith('250')) throw new Error(`${token}: ${reply}`);
      this.#done(token, octets);
    }
    client.end();
  }
}

/** A message of so many lines, with the token as its subject. */
export function letterOf(name: string, token: string, lines: number): string {
  return `From: ${name}@example.com\r\nDate: Thu, 1 Jan 2026 10:00:00 +0000\r\nMessage-ID: <${token}@example.com>\r\nSubject: ${token}\r\n\r\n${`${token} \xe4 line\r\n`.repeat(lines)}`;
}
