/**
 * A writer of a maildrop for the crash oracle: LMTP brings messages, POP3 reads and deletes some of them. What QUIT acknowledged as
 * deleted stays so, what was delivered and not deleted is there, and no unique id names two messages. RFC 1939 §6 and §7.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { InboxLedger, letterOf, type MailPorts } from './mail-writer.ts';
import { Pop3Client } from './pop3.ts';
import type { Person } from './server-process.ts';
import { SmtpClient } from './smtp.ts';

/** Messages brought before each visit. */
const BROUGHT = 4;

export class Pop3Writer {
  acknowledged = 0;
  readonly #ledger: InboxLedger;
  readonly #port: number;
  /** Messages left in the maildrop at most. */
  readonly #most: number;
  #serial = 0;
  /** Token by unique id, of all that was ever seen. */
  readonly #owners = new Map<string, string>();
  readonly #faults: string[] = [];

  constructor(person: Person, ports: MailPorts & { readonly pop3: number }, most: number) {
    this.#ledger = new InboxLedger(person, ports, most);
    this.#port = ports.pop3;
    this.#most = most;
  }

  /** Writes until a connection breaks or `stop` says so. Throws on answers that make no sense. */
  async write(_port: number, stop: () => boolean): Promise<void> {
    try {
      while (!stop() && (await this.#bring()) && !stop()) await this.#visit();
    } catch (error) {
      // The server was struck; what was in flight is judged by the check.
      if (!/closed|ECONN|EPIPE/.test(String(error))) throw error;
    }
  }

  async check(): Promise<string[]> {
    return [...this.#faults.splice(0), ...(await this.#ledger.check())];
  }

  /** Returns whether the server took all of them. */
  async #bring(): Promise<boolean> {
    const { ports, person } = this.#ledger;
    const client = await SmtpClient.connect(ports.lmtp);
    try {
      const address = `${person.name}@example.com`;
      await client.command('LHLO oracle.example.net');
      for (let n = 0; n < BROUGHT; n++) {
        const token = `maildrop-${this.#serial++}`;
        const octets = letterOf(person.name, token, 1 + (this.#serial % 20));
        this.#ledger.inFlight.set(token, octets);
        await client.commands(`MAIL FROM:<${address}>`, `RCPT TO:<${address}>`);
        const reply = await client.data(Buffer.from(octets, 'latin1'));
        if (reply === '' || reply.startsWith('4')) return false;
        if (!reply.startsWith('250')) throw new Error(`${token}: ${reply}`);
        this.#ledger.sent.set(token, { octets, uid: undefined });
        this.#ledger.inFlight.delete(token);
        this.acknowledged++;
      }
      return true;
    } finally {
      client.end();
    }
  }

  async #visit(): Promise<void> {
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true });
    socket.on('error', () => {});
    await once(socket, 'connect');
    const client = new Pop3Client(socket);
    try {
      await client.line();
      const welcome = await client.login(this.#ledger.person);
      if (!welcome.startsWith('+OK')) throw new Error(`log-in: ${welcome}`);
      const ids = new Map((await client.lines('UIDL')).map((line) => line.split(' ') as [string, string]));
      const excess = ids.size - this.#most;
      const tokens: string[] = [];
      for (const [number, id] of ids) {
        if (Number(number) > Math.max(excess, 2)) break;
        const token = /^Subject: (\S+)$/m.exec((await client.lines(`TOP ${number} 0`)).join('\n'))?.[1] ?? '';
        const owner = this.#owners.get(id) ?? token;
        if (owner !== token) this.#faults.push(`${token} has the unique id ${id}, which was that of ${owner}`);
        this.#owners.set(id, token);
        if (!(await client.run(`DELE ${number}`)).startsWith('+OK')) throw new Error(`DELE ${number} is refused`);
        tokens.push(token);
        this.#ledger.removing.add(token);
      }
      const goodbye = await client.run('QUIT');
      if (!goodbye.startsWith('+OK')) throw new Error(`QUIT: ${goodbye}`);
      for (const token of tokens) {
        this.#ledger.removing.delete(token);
        this.#ledger.removed.add(token);
      }
      this.acknowledged++;
    } finally {
      client.destroy();
    }
  }
}
