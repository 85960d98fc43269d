/**
 * What the tables of members have in common: `calendar_objects` and `cards` with their octets apart.
 * Listings and sync read the index on (collection_id, modseq, id, name, etag) alone.
 * Elsewhere: what only calendar objects have (calendar-objects.ts), only cards (cards.ts).
 */

import { list, type Sql } from './sql.ts';
import type { ListingRow, MemberReads, MemberRow } from './store.ts';

export const MEMBER_COLUMNS = `m.id, m.collection_id AS collectionId, m.name, m.etag, m.size, m.modseq,
  m.created_at AS createdAt, m.modified_at AS modifiedAt`;

/** The statements that differ only in the names of tables. `own` are the further columns of the row. */
export function memberStatements(table: string, data: string, reference: string, own: string, uid: string) {
  const columns = `${MEMBER_COLUMNS}, ${own}`;
  return {
    get: `SELECT ${columns} FROM ${table} m WHERE m.collection_id = ? AND m.name = ?`,
    byUid: `SELECT ${columns} FROM ${table} m WHERE m.collection_id = ? AND m.${uid} = ?`,
    data: `SELECT data FROM ${data} WHERE ${reference} = ?`,
    withData: `SELECT ${columns}, d.data FROM ${table} m JOIN ${data} d ON d.${reference} = m.id
      WHERE m.collection_id = ? AND m.name IN (SELECT value FROM json_each(?))`,
    dataOf: `SELECT ${columns}, d.data FROM ${table} m JOIN ${data} d ON d.${reference} = m.id
      WHERE m.id IN (SELECT value FROM json_each(?))`,
    page: `SELECT ${columns} FROM ${table} m WHERE m.collection_id = ? AND (m.modseq, m.id) > (?, ?)
      ORDER BY m.modseq, m.id LIMIT ?`,
    listing: `SELECT id, name, etag, modseq FROM ${table} WHERE collection_id = ? AND (modseq, id) > (?, ?)
      ORDER BY modseq, id LIMIT ?`,
    count: `SELECT COUNT(*) AS count FROM ${table} WHERE collection_id = ?`,
    insertData: `INSERT INTO ${data} (${reference}, data) VALUES (?, ?)`,
    replaceData: `UPDATE ${data} SET data = ? WHERE ${reference} = ?`,
    move: `UPDATE ${table} SET collection_id = ?, name = ?, modseq = ? WHERE id = ?`,
    remove: `DELETE FROM ${table} WHERE id = ?`,
  } as const;
}

export type MemberStatements = Record<keyof ReturnType<typeof memberStatements>, string>;

export function memberReads<Row extends MemberRow>(sql: Sql, statements: MemberStatements): MemberReads<Row> {
  return {
    get: (collectionId, name) => sql.get<Row>(statements.get, collectionId, name),
    byUid: (collectionId, uid) => sql.get<Row>(statements.byUid, collectionId, uid),
    async data(id) {
      return (await sql.get<{ data: string }>(statements.data, id))?.data;
    },
    withData: (collectionId, names) => sql.all<Row & { data: string }>(statements.withData, collectionId, list(names)),
    page: (collectionId, after, limit) =>
      sql.all<Row>(statements.page, collectionId, after.modseq, after.memberId, limit),
    listing: (collectionId, after, limit) =>
      sql.rows<ListingRow>(statements.listing, collectionId, after.modseq, after.memberId, limit),
    async count(collectionId) {
      return (await sql.get<{ count: number }>(statements.count, collectionId))?.count ?? 0;
    },
  };
}
