/**
 * Greylisting: strangers are asked to come again, which mail servers do and most senders of spam do not.
 * RFC 6647 §2.4 (client, sender and recipient together), §5 (how long). Kept in memory: after a restart everybody is
 * a stranger once more.
 * Elsewhere: what is answered (protocols/smtp/inbound.ts).
 */
import { parseAddress } from '../networks.ts';

interface Seen {
  /** Epoch milliseconds: first heard of, or, once it came again, last. */
  at: number;
  known: boolean;
}

/** Who does not come again within a day is forgotten (RFC 6647 §5). */
const FORGOTTEN_MS = 24 * 3_600_000;
/** Who did is known for as long as it comes every month. */
const KNOWN_MS = 36 * 24 * 3_600_000;
const MOST = 200_000;

export class Greylisting {
  private readonly delayMs: number;
  private readonly now: () => number;
  /** In the order of their times. */
  private readonly seen = new Map<string, Seen>();

  /** @param delayMs how long a stranger waits; 0: nobody does */
  constructor(delayMs: number, now: () => number) {
    this.delayMs = delayMs;
    this.now = now;
  }

  /** Milliseconds until mail from this client, by this sender to this recipient, is taken; 0: now. */
  wait(client: string, sender: string, recipient: string): number {
    if (this.delayMs === 0) return 0;
    const key = `${networkOf(client)} ${sender.toLowerCase()} ${recipient}`;
    const now = this.now();
    const seen = this.seen.get(key);
    const age = seen === undefined ? Number.POSITIVE_INFINITY : Math.max(now - seen.at, 0);
    if (seen === undefined || age > (seen.known ? KNOWN_MS : FORGOTTEN_MS)) {
      this.note(key, { at: now, known: false });
      return this.delayMs;
    }
    if (!seen.known && age < this.delayMs) return this.delayMs - age;
    this.note(key, { at: now, known: true });
    return 0;
  }

  private note(key: string, seen: Seen): void {
    this.seen.delete(key);
    this.seen.set(key, seen);
    if (this.seen.size <= MOST) return;
    const [oldest] = this.seen.keys();
    if (oldest !== undefined) this.seen.delete(oldest);
  }
}

/** Large senders come again from another machine of the same network: /24 of IPv4, /64 of IPv6 (RFC 6647 §5). */
function networkOf(client: string): string {
  const address = parseAddress(client);
  return address === undefined ? client : Buffer.from(address.slice(0, address.length === 4 ? 3 : 8)).toString('hex');
}
