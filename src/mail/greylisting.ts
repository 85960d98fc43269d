/**
 * Greylisting: strangers are asked to come again, which mail servers do and most senders of spam do not.
 * RFC 6647 §2.4 (client, sender and recipient together), §5 (how long). Kept in the store, so that a restart makes nobody a
 * stranger; as digests, because nobody needs to read who wrote to whom.
 * Elsewhere: what is answered (protocols/smtp/inbound.ts), taking away what is over (src/housekeeping.ts).
 */
import { createHash } from 'node:crypto';
import type { Store } from '../../storage/store.ts';
import { parseAddress } from '../networks.ts';

/** Who does not come again within a day is forgotten (RFC 6647 §5). */
const FORGOTTEN_MS = 24 * 3_600_000;
/** Who did is known for as long as it comes every month. */
const KNOWN_MS = 36 * 24 * 3_600_000;
/** That somebody known came is written down so often. */
const NOTED_MS = 24 * 3_600_000;
const MOST = 200_000;

export class Greylisting {
  private readonly store: Store;
  private readonly delayMs: number;
  private readonly now: () => number;

  /** @param delayMs how long a stranger waits; 0: nobody does */
  constructor(store: Store, delayMs: number, now: () => number) {
    this.store = store;
    this.delayMs = delayMs;
    this.now = now;
  }

  /** Milliseconds until mail from this client, by this sender to this recipient, is taken; 0: now. */
  async wait(client: string, sender: string, recipient: string): Promise<number> {
    if (this.delayMs === 0) return 0;
    const digest = createHash('sha256')
      .update(`${networkOf(client)} ${sender.toLowerCase()} ${recipient}`)
      .digest();
    const now = this.now();
    const seen = await this.store.greylist.get(digest);
    const age = seen === undefined ? Number.POSITIVE_INFINITY : Math.max(now - seen.seenAt, 0);
    if (seen === undefined || age > (seen.known ? KNOWN_MS : FORGOTTEN_MS)) {
      await this.note(digest, now, 0);
      return this.delayMs;
    }
    if (!seen.known && age < this.delayMs) return this.delayMs - age;
    if (!seen.known || age > NOTED_MS) await this.note(digest, now, 1);
    return 0;
  }

  private async note(digest: Buffer, seenAt: number, known: 0 | 1): Promise<void> {
    const expiresAt = seenAt + (known === 1 ? KNOWN_MS : FORGOTTEN_MS);
    await this.store.transaction((write) => write.greylist.put({ digest, seenAt, known, expiresAt }, MOST));
  }
}

/** Large senders come again from another machine of the same network: /24 of IPv4, /64 of IPv6 (RFC 6647 §5). */
function networkOf(client: string): string {
  const address = parseAddress(client);
  return address === undefined ? client : Buffer.from(address.slice(0, address.length === 4 ? 3 : 8)).toString('hex');
}
