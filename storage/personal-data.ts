/**
 * What people keep of objects in calendars of others: table `personal_data`; and the members of such a calendar as one of them
 * sees them. For that person an object changes when either part of it does, so listings merge both orders of modseq.
 * Elsewhere: the objects (calendar-objects.ts), what the parts mean (src/calendar/personal-parts.ts).
 */
import { OWN } from './calendar-objects.ts';
import { MEMBER_COLUMNS } from './members.ts';
import { list, type Sql } from './sql.ts';
import type { CalendarObjectRow, ListingRow, PersonalDataReads, PersonalDataRow, PersonalDataWrites } from './store.ts';

/** As `seenRow` of src/calendar/personal-views.ts. */
const ETAG = "m.etag || '-' || COALESCE(p.etag, '')";
const SEEN_MEMBER = MEMBER_COLUMNS.replace('m.etag', `${ETAG} AS etag`)
  .replace('m.modseq', 'MAX(m.modseq, COALESCE(p.modseq, 0)) AS modseq')
  .replace('m.modified_at', 'MAX(m.modified_at, COALESCE(p.modified_at, 0))');

/** The members of collection ?1 after position (?3, ?4) as principal ?2 sees them: the object changed last, or what is its own. */
function seen(columns: string): string {
  return `SELECT * FROM (SELECT ${columns} FROM calendar_objects m
      LEFT JOIN personal_data p ON p.object_id = m.id AND p.principal_id = ?2
      WHERE m.collection_id = ?1 AND (m.modseq, m.id) > (?3, ?4) AND COALESCE(p.modseq, 0) <= m.modseq
      ORDER BY m.modseq, m.id LIMIT ?5)
    UNION ALL SELECT * FROM (SELECT ${columns} FROM personal_data p JOIN calendar_objects m ON m.id = p.object_id
      WHERE p.principal_id = ?2 AND p.collection_id = ?1 AND (p.modseq, p.object_id) > (?3, ?4) AND p.modseq > m.modseq
      ORDER BY p.modseq, p.object_id LIMIT ?5)
    ORDER BY modseq, id LIMIT ?5`;
}

export const statements = {
  of: `SELECT p.object_id AS objectId, p.principal_id AS principalId, p.collection_id AS collectionId, p.modseq,
    p.modified_at AS modifiedAt, p.etag, p.data FROM personal_data p
    WHERE p.principal_id = ? AND p.object_id IN (SELECT value FROM json_each(?))`,
  page: seen(`${SEEN_MEMBER}, ${OWN}`),
  listing: seen(`m.id, m.name, ${ETAG} AS etag, MAX(m.modseq, COALESCE(p.modseq, 0)) AS modseq`),
  set: `INSERT INTO personal_data (object_id, principal_id, collection_id, modseq, modified_at, etag, data)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (object_id, principal_id) DO UPDATE SET collection_id = excluded.collection_id,
      modseq = excluded.modseq, modified_at = excluded.modified_at, etag = excluded.etag, data = excluded.data`,
  // The rows stay, empty: who is given the collection again, and never learnt that it was away, is told.
  forget: `UPDATE personal_data SET data = '', etag = '', modified_at = ?3, modseq = (SELECT modseq FROM collections WHERE id = ?2)
    WHERE principal_id = ?1 AND collection_id = ?2 AND data <> ''`,
} as const;

export function personalDataReads(sql: Sql): PersonalDataReads {
  return {
    of: (principalId, objectIds) => sql.all<PersonalDataRow>(statements.of, principalId, list(objectIds)),
    page: (principalId, collectionId, after, limit) =>
      sql.all<CalendarObjectRow>(statements.page, collectionId, principalId, after.modseq, after.memberId, limit),
    listing: (principalId, collectionId, after, limit) =>
      sql.rows<ListingRow>(statements.listing, collectionId, principalId, after.modseq, after.memberId, limit),
  };
}

export function personalDataWrites(sql: Sql): PersonalDataWrites {
  return {
    ...personalDataReads(sql),
    async set({ objectId, principalId, collectionId, modseq, modifiedAt, etag, data }) {
      await sql.run(statements.set, objectId, principalId, collectionId, modseq, modifiedAt, etag, data);
    },
  };
}

/** Somebody does not see a collection any more. The transaction has taken a modseq for the collection. */
export async function forget(sql: Sql, principalId: number, collectionId: number, now: number): Promise<void> {
  await sql.run(statements.forget, principalId, collectionId, now);
}
