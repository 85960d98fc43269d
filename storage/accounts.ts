/**
 * The counter of each account, under all protocols: tables `accounts`, `account_boots`, `boots`.
 * Every write takes the account's next modseq first and stamps it on the collections it changes; the same call notes the
 * hints that leave after the commit, so nobody can forget to announce a change.
 */

import type { Sql } from './sql.ts';
import type { AccountReads, AccountRow, AccountWrites, ChangeHint } from './store.ts';

/** An account's own limit or else the default; -1 of either is none. */
const QUOTA = `NULLIF(COALESCE(quota_bytes,
  (SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'default-quota')), -1) AS quotaBytes`;

export const statements = {
  get: `SELECT id, modseq, next_uidvalidity AS nextUidvalidity, used_bytes AS usedBytes, ${QUOTA}
    FROM accounts WHERE id = ?`,
  firstAfterBoot: `SELECT first_modseq AS modseq FROM account_boots WHERE account_id = ? AND boot_id > ? ORDER BY boot_id LIMIT 1`,
  bootExists: 'SELECT 1 AS found FROM boots WHERE id = ?',
  nextModseq: 'UPDATE accounts SET modseq = modseq + 1 WHERE id = ? RETURNING modseq',
  noteBoot: `INSERT INTO account_boots (account_id, boot_id, first_modseq) VALUES (?, ?, ?)
    ON CONFLICT (account_id, boot_id) DO NOTHING`,
  stamp: 'UPDATE collections SET modseq = ? WHERE id = ?',
  accountOf: 'SELECT account_id AS id FROM collections WHERE id = ?',
  setQuota: 'UPDATE accounts SET quota_bytes = ? WHERE id = ?',
  addUsedBytes: `UPDATE accounts SET used_bytes = used_bytes + ? WHERE id = ?
    RETURNING used_bytes AS usedBytes, ${QUOTA}`,
  addBoot: 'INSERT INTO boots (started_at, version) VALUES (?, ?) RETURNING id',
} as const;

export function accountReads(sql: Sql): AccountReads {
  return {
    get: (id) => sql.get<AccountRow>(statements.get, id),
    async firstModseqAfterBoot(accountId, bootId) {
      return (await sql.get<{ modseq: number }>(statements.firstAfterBoot, accountId, bootId))?.modseq;
    },
    async bootExists(bootId) {
      return (await sql.get(statements.bootExists, bootId)) !== undefined;
    },
  };
}

/** What one transaction changed, for its hints, and the accounts already noted in this boot. */
export interface ChangeNotes {
  readonly boot: number;
  hints: ChangeHint[];
  /** Accounts whose first modseq of this boot is durably noted; new ones wait in `notedNow` for the commit. */
  readonly noted: ReadonlySet<number>;
  notedNow: number[];
}

export function accountWrites(sql: Sql, notes: ChangeNotes): AccountWrites {
  return {
    ...accountReads(sql),
    async nextModseq(accountId, collectionIds) {
      const row = await sql.get<{ modseq: number }>(statements.nextModseq, accountId);
      if (row === undefined) throw new Error(`account ${accountId} does not exist`);
      const { modseq } = row;
      if (!notes.noted.has(accountId)) {
        await sql.run(statements.noteBoot, accountId, notes.boot, modseq);
        notes.notedNow.push(accountId);
      }
      for (const collectionId of collectionIds) {
        await sql.run(statements.stamp, modseq, collectionId);
        notes.hints.push({ accountId, collectionId, modseq });
      }
      if (collectionIds.length === 0) notes.hints.push({ accountId, collectionId: 0, modseq });
      return modseq;
    },
    async stamp(collectionId, modseq) {
      await sql.run(statements.stamp, modseq, collectionId);
      const accountId = (await sql.get<{ id: number }>(statements.accountOf, collectionId))?.id;
      if (accountId !== undefined) notes.hints.push({ accountId, collectionId, modseq });
    },
    async setQuota(accountId, quotaBytes) {
      await sql.run(statements.setQuota, quotaBytes, accountId);
    },
    async addUsedBytes(accountId, octets) {
      const row = await sql.get<{ usedBytes: number; quotaBytes: number | null }>(
        statements.addUsedBytes,
        octets,
        accountId,
      );
      if (row === undefined) throw new Error(`account ${accountId} does not exist`);
      return row;
    },
  };
}
