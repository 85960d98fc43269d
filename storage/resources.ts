/** What rooms and resources have beyond a principal: table `resources`. */

import type { Sql } from './sql.ts';
import type { ResourceReads, ResourceRow, ResourceWrites } from './store.ts';

const COLUMNS = `r.principal_id AS principalId, r.building, r.capacity, r.features, r.booking, r.manager_id AS managerId,
  r.horizon_days AS horizonDays, r.longest_minutes AS longestMinutes`;

export const statements = {
  get: `SELECT ${COLUMNS} FROM resources r WHERE r.principal_id = ?`,
  list: `SELECT ${COLUMNS} FROM resources r JOIN principals p ON p.id = r.principal_id
    WHERE p.organisation_id = ?1 OR ?1 = 0 ORDER BY r.capacity, p.name`,
  set: `INSERT INTO resources (principal_id, building, capacity, features, booking, manager_id, horizon_days, longest_minutes)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (principal_id) DO UPDATE SET building = excluded.building,
      capacity = excluded.capacity, features = excluded.features, booking = excluded.booking, manager_id = excluded.manager_id,
      horizon_days = excluded.horizon_days, longest_minutes = excluded.longest_minutes`,
} as const;

export function resourceReads(sql: Sql): ResourceReads {
  return {
    get: (principalId) => sql.get<ResourceRow>(statements.get, principalId),
    list: (organisationId) => sql.all<ResourceRow>(statements.list, organisationId),
  };
}

export function resourceWrites(sql: Sql): ResourceWrites {
  return {
    ...resourceReads(sql),
    async set({ principalId, building, capacity, features, booking, managerId, horizonDays, longestMinutes }) {
      const values = [building, capacity, features, booking, managerId, horizonDays, longestMinutes];
      await sql.run(statements.set, principalId, ...values);
    },
  };
}
