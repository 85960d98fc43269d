/**
 * Members that left a collection, kept for its life and compacted to one row for each name: table `tombstones`.
 * The log of a collection is its live members and these, in order of (modseq, member id).
 */

import type { Sql } from './sql.ts';
import type { TombstoneReads, TombstoneRow } from './store.ts';

export const statements = {
  // A renamed member keeps its id and leaves its old name with the same modseq: in the log, what left comes before what is there,
  // under the id below zero, so that no two steps share a position.
  page: `SELECT name, -member_id AS memberId, modseq FROM tombstones
    WHERE collection_id = ?1 AND (modseq, -member_id) > (?2, ?3) ORDER BY modseq, -member_id LIMIT ?4`,
  ofHomes: `SELECT name, member_id AS memberId, modseq FROM tombstones
    WHERE account_id = ? AND collection_id = 0 AND modseq > ? ORDER BY modseq, member_id`,
  idsSince: 'SELECT member_id AS memberId FROM tombstones WHERE collection_id = ? AND modseq > ? ORDER BY member_id',
  add: `INSERT INTO tombstones (account_id, collection_id, name, member_id, modseq) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (account_id, collection_id, name) DO UPDATE SET member_id = excluded.member_id, modseq = excluded.modseq`,
  remove: `DELETE FROM tombstones WHERE account_id = (SELECT account_id FROM collections WHERE id = ?1)
    AND collection_id = ?1 AND name = ?2`,
} as const;

export function tombstoneReads(sql: Sql): TombstoneReads {
  return {
    page: (collectionId, after, limit) =>
      sql.all<TombstoneRow>(statements.page, collectionId, after.modseq, after.memberId, limit),
    ofHomes: (accountId, modseq) => sql.all<TombstoneRow>(statements.ofHomes, accountId, modseq),
    async idsSince(collectionId, modseq) {
      return (await sql.rows<[number]>(statements.idsSince, collectionId, modseq)).map(([id]) => id);
    },
  };
}

/** Notes that a member left. */
export async function entomb(
  sql: Sql,
  accountId: number,
  member: { collectionId: number; name: string; id: number },
  modseq: number,
): Promise<void> {
  await sql.run(statements.add, accountId, member.collectionId, member.name, member.id, modseq);
}

/** A member came to this name: whoever left it before is forgotten, clients see one change. */
export async function exhume(sql: Sql, collectionId: number, name: string): Promise<void> {
  await sql.run(statements.remove, collectionId, name);
}
