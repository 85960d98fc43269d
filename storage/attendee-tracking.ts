/** What became of messages to attendees and of their answers: table `attendee_tracking`. */
import type { Sql } from './sql.ts';
import type { AttendeeTrackingReads, AttendeeTrackingRow, AttendeeTrackingWrites } from './store.ts';

const SELECT = `SELECT account_id AS accountId, ical_uid AS icalUid, attendee, method, sent_at AS sentAt, way, envelope_id AS envelopeId,
  state, state_at AS stateAt, detail, partstat, answered_at AS answeredAt, answered_via AS answeredVia FROM attendee_tracking`;

export const statements = {
  list: `${SELECT} WHERE account_id = ? AND ical_uid = ? ORDER BY attendee LIMIT ?`,
  byEnvelope: `${SELECT} WHERE account_id = ? AND envelope_id = ?`,
  sent: `INSERT INTO attendee_tracking (account_id, ical_uid, attendee, method, way, sent_at, state, state_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'queued', ?6) ON CONFLICT (account_id, ical_uid, attendee)
    DO UPDATE SET method = excluded.method, way = excluded.way, sent_at = excluded.sent_at, envelope_id = NULL, state = 'queued',
      state_at = excluded.state_at, detail = ''`,
  mailed: 'UPDATE attendee_tracking SET envelope_id = ? WHERE account_id = ? AND ical_uid = ? AND attendee = ?',
  settled: `UPDATE attendee_tracking SET state = ?, state_at = ?, detail = ? WHERE account_id = ? AND ical_uid = ? AND attendee = ?
    AND state IS NOT NULL`,
  answered: `INSERT INTO attendee_tracking (account_id, ical_uid, attendee, partstat, answered_at, answered_via)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (account_id, ical_uid, attendee)
    DO UPDATE SET partstat = excluded.partstat, answered_at = excluded.answered_at, answered_via = excluded.answered_via`,
  // Events that are gone for good; what was deleted can be restored for a while.
  expire: `DELETE FROM attendee_tracking WHERE (account_id, ical_uid, attendee) IN (
    SELECT t.account_id, t.ical_uid, t.attendee FROM attendee_tracking t
    WHERE COALESCE(t.state_at, 0) < ?1 AND COALESCE(t.answered_at, 0) < ?1 AND NOT EXISTS (
      SELECT 1 FROM collections c JOIN calendar_objects o ON o.collection_id = c.id
      WHERE c.account_id = t.account_id AND o.ical_uid = t.ical_uid AND o.method IS NULL) LIMIT ?2)`,
} as const;

export function attendeeTrackingReads(sql: Sql): AttendeeTrackingReads {
  return {
    list: (accountId, icalUid, limit) => sql.all<AttendeeTrackingRow>(statements.list, accountId, icalUid, limit),
    byEnvelope: (accountId, envelopeId) => sql.get<AttendeeTrackingRow>(statements.byEnvelope, accountId, envelopeId),
  };
}

export function attendeeTrackingWrites(sql: Sql): AttendeeTrackingWrites {
  return {
    ...attendeeTrackingReads(sql),
    async sent({ accountId, icalUid, attendee }, method, way, at) {
      await sql.run(statements.sent, accountId, icalUid, attendee, method, way, at);
    },
    async mailed({ accountId, icalUid, attendee }, envelopeId) {
      await sql.run(statements.mailed, envelopeId, accountId, icalUid, attendee);
    },
    async settled({ accountId, icalUid, attendee }, state, at, detail) {
      await sql.run(statements.settled, state, at, detail, accountId, icalUid, attendee);
    },
    async answered({ accountId, icalUid, attendee }, partstat, via, at) {
      await sql.run(statements.answered, accountId, icalUid, attendee, partstat, at, via);
    },
    expire: (before, limit) => sql.run(statements.expire, before, limit),
  };
}
