/** Chosen and device passwords, hashed: table `credentials`. */

import { insertedId, type Sql } from './sql.ts';
import type { CredentialReads, CredentialRow, CredentialWrites } from './store.ts';

export const statements = {
  list: `SELECT id, principal_id AS principalId, kind, name, hash, scopes, networks, created_at AS createdAt,
    expires_at AS expiresAt, last_used_at AS lastUsedAt, last_peer AS lastPeer, last_client AS lastClient, scram
    FROM credentials WHERE principal_id = ? ORDER BY id`,
  add: `INSERT INTO credentials (principal_id, kind, name, hash, scopes, networks, created_at, expires_at, last_used_at,
      last_peer, last_client, scram)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
  removeKind: 'DELETE FROM credentials WHERE principal_id = ? AND kind = ?',
  remove: `DELETE FROM credentials WHERE principal_id = ? AND id = ? AND kind = 'device'`,
  setScram: 'UPDATE credentials SET scram = ? WHERE id = ?',
  unknownToScram: `SELECT 1 AS found FROM credentials WHERE kind = 'password' AND scram = '' LIMIT 1`,
  used: 'UPDATE credentials SET last_used_at = ?, last_peer = ?, last_client = ? WHERE id = ?',
} as const;

export function credentialReads(sql: Sql): CredentialReads {
  return {
    list: (principalId) => sql.all<CredentialRow>(statements.list, principalId),
    async unknownToScram() {
      return (await sql.get(statements.unknownToScram)) !== undefined;
    },
  };
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
        row.lastPeer,
        row.lastClient,
        row.scram,
      ),
    async removeKind(principalId, kind) {
      await sql.run(statements.removeKind, principalId, kind);
    },
    async remove(principalId, id) {
      return (await sql.run(statements.remove, principalId, id)) === 1;
    },
    async used(id, now, peer, client) {
      await sql.run(statements.used, now, peer, client, id);
    },
    async setScram(id, scram) {
      await sql.run(statements.setScram, scram, id);
    },
  };
}
