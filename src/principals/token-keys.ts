/**
 * The public keys that bearer tokens are signed with: a JWK set, read when it is needed and kept for some minutes.
 * RFC 7517 §5. A key that is not in the set is looked for again, but not often: whoever invents key ids causes no traffic.
 * Elsewhere: where it is read from (services.ts), what is verified with it (bearer-tokens.ts).
 */
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { DomainError } from '../errors.ts';
import type { Fetched } from '../fetching.ts';

export type KeySet = ReturnType<typeof createLocalJWKSet>;

/** @param etag of what was read last; '' for nothing */
export type ReadKeys = (
  etag: string,
) => Promise<Pick<Extract<Fetched, { kind: 'octets' }>, 'octets' | 'etag'> | 'same'>;

/** Not asked again within this time. */
const FRESH_MS = 10 * 60_000;
/** Nor within this one, whatever is missing. */
const COOLDOWN_MS = 10_000;
/** Keys that could not be read again are good for this long. */
const STALE_MS = 24 * 60 * 60_000;

export class TokenKeys {
  private readonly read: ReadKeys;
  private readonly now: () => number;
  private known: { readonly set: KeySet; readonly etag: string; readonly at: number } | undefined;
  private askedAt = Number.NEGATIVE_INFINITY;
  private asking: Promise<void> | undefined;

  /** @param now epoch milliseconds */
  constructor(read: ReadKeys, now: () => number) {
    this.read = read;
    this.now = now;
  }

  /** @throws DomainError unavailable while there are none */
  async current(): Promise<KeySet> {
    if (this.known === undefined || this.now() - this.known.at >= FRESH_MS) await this.ask();
    return this.usable();
  }

  /** After a key was not found: the keys as they are now, or undefined when they were asked for just before. */
  async renewed(): Promise<KeySet | undefined> {
    const before = this.known?.set;
    await this.ask();
    const set = this.usable();
    return set === before ? undefined : set;
  }

  private usable(): KeySet {
    if (this.known === undefined || this.now() - this.known.at >= STALE_MS)
      throw new DomainError('unavailable', 'The keys of tokens cannot be read; try again later.', { retryAfter: 30 });
    return this.known.set;
  }

  private ask(): Promise<void> {
    if (this.asking === undefined && this.now() - this.askedAt < COOLDOWN_MS) return Promise.resolve();
    this.asking ??= this.fetch().finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  private async fetch(): Promise<void> {
    this.askedAt = this.now();
    try {
      const answer = await this.read(this.known?.etag ?? '');
      if (answer !== 'same') {
        const set = createLocalJWKSet(JSON.parse(answer.octets.toString('utf8')) as JSONWebKeySet);
        this.known = { set, etag: answer.etag, at: this.askedAt };
      } else if (this.known !== undefined) this.known = { ...this.known, at: this.askedAt };
    } catch {
      // What is known goes on to serve; without it `usable` says so.
    }
  }
}
