/** Policies of domains about the mail that is sent to them: table `sts_policies`. */
import { insertedId, type Sql } from './sql.ts';
import type { StsPolicyReads, StsPolicyRow, StsPolicyWrites } from './store.ts';

export const statements = {
  get: `SELECT domain, version, mode, mx, refresh_at AS refreshAt, expires_at AS expiresAt FROM sts_policies
    WHERE domain = ?`,
  remove: 'DELETE FROM sts_policies WHERE domain = ?',
  add: `INSERT INTO sts_policies (domain, version, mode, mx, refresh_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)
    RETURNING id`,
  makeRoom: 'DELETE FROM sts_policies WHERE id IN (SELECT id FROM sts_policies WHERE id <= ? ORDER BY id LIMIT 100)',
  expire: 'DELETE FROM sts_policies WHERE id IN (SELECT id FROM sts_policies WHERE expires_at <= ? LIMIT ?)',
} as const;

export function stsPolicyReads(sql: Sql): StsPolicyReads {
  return { get: (domain) => sql.get<StsPolicyRow>(statements.get, domain) };
}

export function stsPolicyWrites(sql: Sql): StsPolicyWrites {
  return {
    ...stsPolicyReads(sql),
    async put({ domain, version, mode, mx, refreshAt, expiresAt }, most) {
      await sql.run(statements.remove, domain);
      const id = await insertedId(sql, statements.add, domain, version, mode, mx, refreshAt, expiresAt);
      await sql.run(statements.makeRoom, id - most);
    },
    expire: (now, limit) => sql.run(statements.expire, now, limit),
  };
}
