/**
 * How many octets an account may hold, over all of its collections: a limit of its own, or the default of the server.
 * RFC 4331 §3 and RFC 9208 §5.1 are views of it.
 * Exact, because what grows is checked in the transaction that lets it grow, and transactions follow one another.
 * Elsewhere: what storage counts by itself (storage/used-bytes.ts, where members of DAV collections are written).
 */
import type { Reads, Store, Writes } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';

export interface Quota {
  readonly used: number;
  /** undefined: no limit but the disk. */
  readonly limit: number | undefined;
}

/** A limit in octets; or the default of the server; or none, whatever the default. */
export type QuotaLimit = number | 'default' | 'none';

const DEFAULT_QUOTA = 'default-quota';
/** In the column `quota_bytes`: no limit. */
const NONE = -1;

/** What an account uses, and may use. */
export async function quotaOf(reads: Reads, accountId: number): Promise<Quota> {
  const account = await reads.accounts.get(accountId);
  return { used: account?.usedBytes ?? 0, limit: account?.quotaBytes ?? undefined };
}

/**
 * Refuses when an account would grow past its quota; what does not grow is never refused.
 * @throws DomainError over-quota
 */
export async function requireRoom(reads: Reads, accountId: number, growth: number): Promise<void> {
  const { used, limit } = await quotaOf(reads, accountId);
  if (growth > 0 && limit !== undefined && used + growth > limit) throw overQuota(limit);
}

/**
 * Counts octets that an account takes more.
 * @throws DomainError over-quota when they pass its limit
 */
export async function takeOctets(write: Writes, accountId: number, octets: number): Promise<void> {
  const { usedBytes, quotaBytes } = await write.accounts.addUsedBytes(accountId, octets);
  if (octets > 0 && quotaBytes !== null && usedBytes > quotaBytes) throw overQuota(quotaBytes);
}

/** Gives an account a limit. What it holds already stays, however much it is. */
export async function setQuota(store: Store, accountId: number, limit: QuotaLimit): Promise<void> {
  const octets = limit === 'default' ? null : limit === 'none' ? NONE : limit;
  await store.transaction((write) => write.accounts.setQuota(accountId, octets));
}

/** Gives all accounts without a limit of their own this one. */
export async function setDefaultQuota(store: Store, octets: number | undefined): Promise<void> {
  const value = octets === undefined ? String(NONE) : String(octets);
  if (((await store.settings.get(DEFAULT_QUOTA)) ?? String(NONE)) !== value)
    await store.transaction((write) => write.settings.set(DEFAULT_QUOTA, value));
}

function overQuota(limit: number): DomainError {
  return new DomainError('over-quota', 'There is not enough room left in this account.', { limit });
}
