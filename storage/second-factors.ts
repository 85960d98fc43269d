/** The second factor of a log-in, and links that work once: tables `second_factors`, `one_time_links`. */

import type { Sql } from './sql.ts';
import type { OneTimeLinkRow, SecondFactorReads, SecondFactorRow, SecondFactorWrites } from './store.ts';

export const statements = {
  get: `SELECT principal_id AS principalId, secret, created_at AS createdAt, enabled_at AS enabledAt, last_step AS lastStep
    FROM second_factors WHERE principal_id = ?`,
  set: `INSERT INTO second_factors (principal_id, secret, created_at, enabled_at, last_step) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (principal_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at,
      enabled_at = excluded.enabled_at, last_step = excluded.last_step`,
  remove: 'DELETE FROM second_factors WHERE principal_id = ?',
  link: `SELECT hash, principal_id AS principalId, created_at AS createdAt, expires_at AS expiresAt, used_at AS usedAt
    FROM one_time_links WHERE hash = ?`,
  addLink: 'INSERT INTO one_time_links (hash, principal_id, created_at, expires_at, used_at) VALUES (?, ?, ?, ?, NULL)',
  useLink: 'UPDATE one_time_links SET used_at = ? WHERE hash = ? AND used_at IS NULL',
  expireLinks: 'DELETE FROM one_time_links WHERE expires_at < ?',
} as const;

export function secondFactorReads(sql: Sql): SecondFactorReads {
  return {
    get: (principalId) => sql.get<SecondFactorRow>(statements.get, principalId),
    link: (hash) => sql.get<OneTimeLinkRow>(statements.link, hash),
  };
}

export function secondFactorWrites(sql: Sql): SecondFactorWrites {
  return {
    ...secondFactorReads(sql),
    async set({ principalId, secret, createdAt, enabledAt, lastStep }) {
      await sql.run(statements.set, principalId, secret, createdAt, enabledAt, lastStep);
    },
    async remove(principalId) {
      await sql.run(statements.remove, principalId);
    },
    async addLink({ hash, principalId, createdAt, expiresAt }) {
      await sql.run(statements.addLink, hash, principalId, createdAt, expiresAt);
    },
    async useLink(hash, now) {
      return (await sql.run(statements.useLink, now, hash)) === 1;
    },
    async expireLinks(before) {
      await sql.run(statements.expireLinks, before);
    },
  };
}
