/** Who may do what with someone else's collection or account: table `grants`. */

import { list, type Sql } from './sql.ts';
import type { GrantReads, GrantRow, GrantWrites } from './store.ts';

export const statements = {
  forCollection: `SELECT id, account_id AS accountId, collection_id AS collectionId, grantee_id AS granteeId, rights,
    created_at AS createdAt FROM grants WHERE account_id = ? AND collection_id IN (0, ?)
    AND grantee_id IN (SELECT value FROM json_each(?))`,
  add: `INSERT INTO grants (account_id, collection_id, grantee_id, rights, created_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (account_id, collection_id, grantee_id, rights) DO NOTHING`,
  remove: 'DELETE FROM grants WHERE account_id = ? AND collection_id = ? AND grantee_id = ? AND rights = ?',
} as const;

export function grantReads(sql: Sql): GrantReads {
  return {
    forCollection: (accountId, collectionId, granteeIds) =>
      sql.all<GrantRow>(statements.forCollection, accountId, collectionId, list(granteeIds)),
  };
}

export function grantWrites(sql: Sql): GrantWrites {
  return {
    ...grantReads(sql),
    async add({ accountId, collectionId, granteeId, rights, createdAt }) {
      await sql.run(statements.add, accountId, collectionId, granteeId, rights, createdAt);
    },
    async remove(accountId, collectionId, granteeId, rights) {
      await sql.run(statements.remove, accountId, collectionId, granteeId, rights);
    },
  };
}
