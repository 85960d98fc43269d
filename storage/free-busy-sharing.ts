/** Who may ask when a principal is busy without having been granted it: table `free_busy_sharing`. */

import type { Sql } from './sql.ts';
import type { FreeBusySharing, FreeBusySharingReads, FreeBusySharingWrites } from './store.ts';

export const statements = {
  get: 'SELECT shared_with AS sharedWith FROM free_busy_sharing WHERE principal_id = ?',
  set: `INSERT INTO free_busy_sharing (principal_id, shared_with) VALUES (?, ?)
    ON CONFLICT (principal_id) DO UPDATE SET shared_with = excluded.shared_with`,
} as const;

export function freeBusySharingReads(sql: Sql): FreeBusySharingReads {
  return {
    async get(principalId) {
      return (await sql.get<{ sharedWith: FreeBusySharing }>(statements.get, principalId))?.sharedWith;
    },
  };
}

export function freeBusySharingWrites(sql: Sql): FreeBusySharingWrites {
  return {
    ...freeBusySharingReads(sql),
    async set(principalId, sharedWith) {
      await sql.run(statements.set, principalId, sharedWith);
    },
  };
}
