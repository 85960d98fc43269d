/**
 * Whether an account has room for more octets. RFC 4331 §6 (507 quota-not-exceeded).
 * Elsewhere: counting what is used (storage/used-bytes.ts).
 */
import type { Reads, Writes } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';

export interface Quota {
  readonly used: number;
  /** undefined: no limit but the disk. */
  readonly limit: number | undefined;
}

/** What an account uses, and may use. */
export async function quotaOf(reads: Reads, accountId: number): Promise<Quota> {
  const account = await reads.accounts.get(accountId);
  return { used: account?.usedBytes ?? 0, limit: account?.quotaBytes ?? undefined };
}

/** Refuses when an account would grow past its quota; what does not grow is never refused. */
export async function requireRoom(write: Writes, accountId: number, growth: number): Promise<void> {
  if (growth <= 0) return;
  const { used, limit } = await quotaOf(write, accountId);
  if (limit !== undefined && used + growth > limit) {
    throw new DomainError('over-quota', 'There is no room left in this account.', { limit });
  }
}
