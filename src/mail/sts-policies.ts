/**
 * Policies of MTA-STS that were fetched, kept in the store for the time they ask for.
 * RFC 8461 §3.3 and §5.1: whoever stands in the way of DNS later, also after a restart, gains nothing.
 * Elsewhere: discovering and obeying them (protocols/smtp/mta-sts.ts), taking away what is over (src/housekeeping.ts).
 */
import type { Store } from '../../storage/store.ts';

/** What a domain asks of those who send mail to it (§3.2). */
export interface StsPolicy {
  readonly mode: 'enforce' | 'testing' | 'none';
  /** Names of mail exchangers, in lower case; `*.` before one stands for one label. */
  readonly mx: readonly string[];
}

export interface KeptStsPolicy {
  /** The id that DNS announced. */
  readonly version: string;
  readonly policy: StsPolicy;
  /** Epoch milliseconds: from when it is fetched again, and until when it holds. */
  readonly refreshAt: number;
  readonly expiresAt: number;
}

/** Domains whose policies are kept. */
const MOST = 10_000;

export class StsPolicies {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /** What was kept for a domain last, whether it still holds or not. */
  async get(domain: string): Promise<KeptStsPolicy | undefined> {
    const row = await this.store.stsPolicies.get(domain);
    if (row === undefined) return undefined;
    const { version, mode, mx, refreshAt, expiresAt } = row;
    return { version, policy: { mode, mx: JSON.parse(mx) as string[] }, refreshAt, expiresAt };
  }

  /** Keeps a policy in place of the one before. */
  async put(domain: string, { version, policy, refreshAt, expiresAt }: KeptStsPolicy): Promise<void> {
    const { mode, mx } = policy;
    await this.store.transaction((write) =>
      write.stsPolicies.put({ domain, version, mode, mx: JSON.stringify(mx), refreshAt, expiresAt }, MOST),
    );
  }
}
