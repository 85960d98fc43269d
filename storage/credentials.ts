/** Chosen and device passwords, hashed: table `credentials`. */

import { insertedId, type Sql } from './sql.ts';
import type { CredentialReads, CredentialRow, CredentialWrites } from './store.ts';

export const statements = {
  list: `SELECT id, principal_id AS principalId, kind, name, hash, scopes, networks, created_at AS createdAt,
    expires_at AS expiresAt, last_used_at AS lastUsedAt FROM credentials WHERE principal_id = ? ORDER BY id`,
  add: `INSERT INTO credentials (principal_id, kind, name, hash, scopes, networks, created_at, expires_at, last_used_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
  removeKind: 'DELETE FROM credentials WHERE principal_id = ? AND kind = ?',
  used: 'UPDATE credentials SET last_used_at = ? WHERE id = ?',
} as const;

export function credentialReads(sql: Sql): CredentialReads {
  return { list: (principalId) => sql.all<CredentialRow>(statements.list, principalId) };
}

export function credentialWrites(sql: Sql): CredentialWrites {
  return {
    ...credentialReads(sql),
    add: (row) =>
      insertedId(
        sql,
        statements.add,
        row.principalId,
        row.kind,
        row.name,
        row.hash,
        row.scopes,
        row.networks,
        row.createdAt,
        row.expiresAt,
        row.lastUsedAt,
      ),
    async removeKind(principalId, kind) {
      await sql.run(statements.removeKind, principalId, kind);
    },
    async used(id, now) {
      await sql.run(statements.used, now, id);
    },
  };
}
