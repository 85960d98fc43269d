/** Properties that clients set, as serialised XML: table `properties`. */

import type { Sql } from './sql.ts';
import type { PropertyReads, PropertyRow, PropertyWrites } from './store.ts';

export const statements = {
  list: `SELECT principal_id AS principalId, namespace, name, xml FROM properties
    WHERE resource_kind = ? AND resource_id = ? AND principal_id IN (0, ?) ORDER BY principal_id, namespace, name`,
  set: `INSERT INTO properties (resource_kind, resource_id, principal_id, namespace, name, xml) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (resource_kind, resource_id, principal_id, namespace, name) DO UPDATE SET xml = excluded.xml`,
  remove: `DELETE FROM properties WHERE resource_kind = ? AND resource_id = ? AND principal_id = ? AND namespace = ? AND name = ?`,
  removeAll: 'DELETE FROM properties WHERE resource_kind = ? AND resource_id = ?',
  copyAll: `INSERT INTO properties (resource_kind, resource_id, principal_id, namespace, name, xml)
    SELECT resource_kind, ?3, principal_id, namespace, name, xml FROM properties
    WHERE resource_kind = ?1 AND resource_id = ?2 AND principal_id = 0`,
} as const;

export function propertyReads(sql: Sql): PropertyReads {
  return {
    list: (owner, resourceId, principalId) => sql.all<PropertyRow>(statements.list, owner, resourceId, principalId),
  };
}

export function propertyWrites(sql: Sql): PropertyWrites {
  return {
    ...propertyReads(sql),
    async set(owner, resourceId, { principalId, namespace, name, xml }) {
      await sql.run(statements.set, owner, resourceId, principalId, namespace, name, xml);
    },
    async remove(owner, resourceId, principalId, namespace, name) {
      await sql.run(statements.remove, owner, resourceId, principalId, namespace, name);
    },
    async removeAll(owner, resourceId) {
      await sql.run(statements.removeAll, owner, resourceId);
    },
    async copyAll(owner, fromId, toId) {
      await sql.run(statements.copyAll, owner, fromId, toId);
    },
  };
}
