/**
 * Calendar object resources: tables `calendar_objects`, `calendar_object_data`; their index is in occurrences.ts.
 * Every write keeps row, octets, occurrences, uses of attachments and tombstones together.
 */

import * as attachments from './attachments.ts';
import { statements as deleted } from './deleted.ts';
import { MEMBER_COLUMNS, memberReads, memberStatements } from './members.ts';
import * as occurrences from './occurrences.ts';
import { insertedId, list, type Sql } from './sql.ts';
import type { CalendarObjectReads, CalendarObjectRow, CalendarObjectWrites, OccurrenceRow } from './store.ts';
import { entomb, exhume } from './tombstones.ts';
import { charge, chargeReplaced, release } from './used-bytes.ts';

/** The columns that only calendar objects have. */
export const OWN = `m.ical_uid AS icalUid, m.component, m.schedule_tag AS scheduleTag, m.method, m.first_start AS firstStart,
  m.last_end AS lastEnd, m.recurring, m.indexed_from AS indexedFrom, m.indexed_until AS indexedUntil`;
const SELECT = `SELECT ${MEMBER_COLUMNS}, ${OWN} FROM calendar_objects m`;

export const statements = {
  ...memberStatements('calendar_objects', 'calendar_object_data', 'object_id', OWN, 'ical_uid'),
  overlapping: `${SELECT} WHERE m.id IN (${occurrences.OVERLAPPING_OBJECTS})`,
  outsideIndex: `${SELECT} WHERE m.collection_id = ?1 AND m.recurring = 1 AND (m.indexed_from > ?2 OR m.indexed_until < ?3)
    AND m.first_start < ?3 + ${occurrences.FLOATING_MARGIN}
    AND (m.last_end IS NULL OR m.last_end > ?2 - ${occurrences.FLOATING_MARGIN})`,
  byUid: `${SELECT} WHERE m.collection_id = ? AND m.ical_uid = ? AND m.method IS NULL`,
  scheduled: `SELECT ${MEMBER_COLUMNS}, ${OWN}, d.data FROM calendar_objects m JOIN calendar_object_data d
    ON d.object_id = m.id WHERE m.collection_id = ? AND m.schedule_tag IS NOT NULL AND m.id > ? ORDER BY m.id LIMIT ?`,
  ofIds: `${SELECT} WHERE m.id IN (SELECT value FROM json_each(?))`,
  ofUid: `SELECT ${MEMBER_COLUMNS}, ${OWN} FROM collections c JOIN calendar_objects m ON m.collection_id = c.id
    WHERE c.account_id = ?1 AND c.kind = 'calendar' AND c.removed = 0 AND m.ical_uid = ?3 AND m.method IS NULL
      AND (m.collection_id = ?2 OR NOT EXISTS (SELECT 1 FROM calendar_sources s WHERE s.collection_id = m.collection_id))
    ORDER BY m.collection_id = ?2 DESC LIMIT 1`,
  availabilities: `SELECT ${MEMBER_COLUMNS}, ${OWN}, d.data FROM calendar_objects m JOIN calendar_object_data d
    ON d.object_id = m.id WHERE m.collection_id = ? AND m.component = 'VAVAILABILITY' ORDER BY m.id LIMIT ?`,
  everywhere: `SELECT ${MEMBER_COLUMNS}, ${OWN}, d.data FROM calendar_objects m JOIN calendar_object_data d ON d.object_id = m.id
    WHERE m.id > ? ORDER BY m.id LIMIT ?`,
  indexedUntilBefore: `${SELECT} WHERE m.recurring = 1 AND m.id > ?2 AND m.indexed_until < ?1
    AND (m.last_end IS NULL OR m.last_end > m.indexed_until) ORDER BY m.id LIMIT ?3`,
  insert: `INSERT INTO calendar_objects (collection_id, name, ical_uid, component, etag, schedule_tag, method, size, modseq, created_at,
      modified_at, first_start, last_end, recurring, indexed_from, indexed_until)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
  update: `UPDATE calendar_objects SET name = ?, ical_uid = ?, component = ?, etag = ?, schedule_tag = ?, size = ?, modseq = ?,
      modified_at = ?, first_start = ?, last_end = ?, recurring = ?, indexed_from = ?, indexed_until = ? WHERE id = ?`,
  updateIndex: `UPDATE calendar_objects SET first_start = ?, last_end = ?, recurring = ?, indexed_from = ?, indexed_until = ?
    WHERE id = ?`,
  movePersonalData: 'UPDATE personal_data SET collection_id = ?, modseq = ? WHERE object_id = ?',
  removeProperties: `DELETE FROM properties WHERE resource_kind = 'calendar-object' AND resource_id = ?`,
} as const;

export function calendarObjectReads(sql: Sql): CalendarObjectReads {
  return {
    ...memberReads<CalendarObjectRow>(sql, statements),
    overlapping: (collectionId, from, until) =>
      sql.all<CalendarObjectRow>(statements.overlapping, collectionId, from, until),
    outsideIndex: (collectionId, from, until) =>
      sql.all<CalendarObjectRow>(statements.outsideIndex, collectionId, from, until),
    dataOf: (ids) => sql.all<CalendarObjectRow & { data: string }>(statements.dataOf, list(ids)),
    scheduled: (collectionId, afterId, limit) =>
      sql.all<CalendarObjectRow & { data: string }>(statements.scheduled, collectionId, afterId, limit),
    ofIds: (ids) => sql.all<CalendarObjectRow>(statements.ofIds, list(ids)),
    busy: (collectionId, from, until) => sql.all<OccurrenceRow>(occurrences.statements.busy, collectionId, from, until),
    occurrences: (collectionId, from, until) =>
      sql.all<OccurrenceRow>(occurrences.statements.overlapping, collectionId, from, until),
    availabilities: (collectionId, limit) =>
      sql.all<CalendarObjectRow & { data: string }>(statements.availabilities, collectionId, limit),
    ofUid: (accountId, collectionId, icalUid) =>
      sql.get<CalendarObjectRow>(statements.ofUid, accountId, collectionId, icalUid),
    everywhere: (afterId, limit) =>
      sql.all<CalendarObjectRow & { data: string }>(statements.everywhere, afterId, limit),
    indexedUntilBefore: (until, afterId, limit) =>
      sql.all<CalendarObjectRow>(statements.indexedUntilBefore, until, afterId, limit),
  };
}

export function calendarObjectWrites(sql: Sql, now: () => number): CalendarObjectWrites {
  return {
    ...calendarObjectReads(sql),
    async add(row, data, index) {
      const id = await insertedId(
        sql,
        statements.insert,
        row.collectionId,
        row.name,
        row.icalUid,
        row.component,
        row.etag,
        row.scheduleTag,
        row.method,
        row.size,
        row.modseq,
        row.createdAt,
        row.modifiedAt,
        row.firstStart,
        row.lastEnd,
        row.recurring,
        row.indexedFrom,
        row.indexedUntil,
      );
      await sql.run(statements.insertData, id, data);
      await charge(sql, row.collectionId, row.size);
      await occurrences.insert(sql, row.collectionId, id, index);
      await attachments.use(sql, id, data);
      await exhume(sql, row.collectionId, row.name);
      return id;
    },
    async replace(row, data, index) {
      await chargeReplaced(sql, 'calendar_objects', row.collectionId, row.id, row.size);
      await sql.run(
        statements.update,
        row.name,
        row.icalUid,
        row.component,
        row.etag,
        row.scheduleTag,
        row.size,
        row.modseq,
        row.modifiedAt,
        row.firstStart,
        row.lastEnd,
        row.recurring,
        row.indexedFrom,
        row.indexedUntil,
        row.id,
      );
      await sql.run(statements.replaceData, data, row.id);
      await occurrences.replace(sql, row.collectionId, row.id, index);
      await attachments.reuse(sql, row.id, data);
    },
    async reindex(row, index) {
      const { firstStart, lastEnd, recurring, indexedFrom, indexedUntil, id } = row;
      await sql.run(statements.updateIndex, firstStart, lastEnd, recurring, indexedFrom, indexedUntil, id);
      await occurrences.replace(sql, row.collectionId, id, index);
    },
    async move(row, accountId, to, modseq) {
      await sql.run(statements.move, to.collectionId, to.name, modseq, row.id);
      if (to.collectionId !== row.collectionId) {
        await occurrences.move(sql, row.id, to.collectionId);
        await sql.run(statements.movePersonalData, to.collectionId, modseq, row.id);
      }
      await entomb(sql, accountId, row, modseq);
      await exhume(sql, to.collectionId, to.name);
    },
    async remove(row, accountId, modseq) {
      await release(sql, row.collectionId, row.size);
      const named = await attachments.usedBy(sql, row.id);
      // A message that was read and deleted is no loss.
      if (!('method' in row) || row.method === null) await sql.run(deleted.keepObject, row.id, accountId, now());
      await sql.run(statements.remove, row.id);
      await attachments.removeUnused(sql, named);
      await sql.run(statements.removeProperties, row.id);
      await entomb(sql, accountId, row, modseq);
    },
  };
}
