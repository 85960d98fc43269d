/** What was done by whom: table `audit`. Rows are added and, when they are old, deleted; never changed. */

import type { Sql } from './sql.ts';
import type { AuditReads, AuditRow, AuditWrites } from './store.ts';

const SELECT = 'SELECT id, at, actor, action, target, peer, details FROM audit';

export const statements = {
  last: `${SELECT} ORDER BY id DESC LIMIT ?`,
  lastOf: `${SELECT} WHERE actor = ? ORDER BY id DESC LIMIT ?`,
  add: 'INSERT INTO audit (at, actor, action, target, peer, details) VALUES (?, ?, ?, ?, ?, ?)',
  expire: 'DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? ORDER BY id LIMIT ?)',
} as const;

export function auditReads(sql: Sql): AuditReads {
  return {
    last: (actor, limit) =>
      actor === undefined
        ? sql.all<AuditRow>(statements.last, limit)
        : sql.all<AuditRow>(statements.lastOf, actor, limit),
  };
}

export function auditWrites(sql: Sql): AuditWrites {
  return {
    ...auditReads(sql),
    async add({ at, actor, action, target, peer, details }) {
      await sql.run(statements.add, at, actor, action, target, peer, details);
    },
    expire: (before, limit) => sql.run(statements.expire, before, limit),
  };
}
