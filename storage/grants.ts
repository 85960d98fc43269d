/** Who may do what with someone else's collection or account: table `grants`. */

import { list, type Sql } from './sql.ts';
import type { GrantReads, GrantRow, GrantWrites } from './store.ts';

const COLUMNS = `id, account_id AS accountId, collection_id AS collectionId, grantee_id AS granteeId, rights, scope,
  created_at AS createdAt`;

export const statements = {
  forCollection: `SELECT ${COLUMNS} FROM grants WHERE account_id = ? AND collection_id IN (0, ?)
    AND grantee_id IN (SELECT value FROM json_each(?)) AND scope IN ('', ?)`,
  on: `SELECT ${COLUMNS} FROM grants WHERE account_id = ? AND collection_id = ? ORDER BY id`,
  onAccounts: `SELECT ${COLUMNS} FROM grants WHERE collection_id = 0 AND grantee_id IN (SELECT value FROM json_each(?))
    ORDER BY account_id, id`,
  remove: 'DELETE FROM grants WHERE id = ?',
  add: `INSERT INTO grants (account_id, collection_id, grantee_id, rights, scope, created_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (account_id, collection_id, grantee_id, rights, scope) DO NOTHING`,
} as const;

export function grantReads(sql: Sql): GrantReads {
  return {
    forCollection: (accountId, collectionId, granteeIds, scope = '') =>
      sql.all<GrantRow>(statements.forCollection, accountId, collectionId, list(granteeIds), scope),
    on: (accountId, collectionId) => sql.all<GrantRow>(statements.on, accountId, collectionId),
    onAccounts: (granteeIds) => sql.all<GrantRow>(statements.onAccounts, list(granteeIds)),
  };
}

export function grantWrites(sql: Sql): GrantWrites {
  return {
    ...grantReads(sql),
    async add({ accountId, collectionId, granteeId, rights, scope = '', createdAt }) {
      await sql.run(statements.add, accountId, collectionId, granteeId, rights, scope, createdAt);
    },
    async remove(id) {
      await sql.run(statements.remove, id);
    },
  };
}
