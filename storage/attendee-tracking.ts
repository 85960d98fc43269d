/** What became of messages to attendees and of their answers: table `attendee_tracking`. */
import type { Sql } from './sql.ts';
import type { AttendeeTrackingReads, AttendeeTrackingRow, AttendeeTrackingWrites } from './store.ts';

const SELECT = `SELECT account_id AS accountId, ical_uid AS icalUid, attendee, method, sent_at AS sentAt, way, envelope_id AS envelopeId,
  state, state_at AS stateAt, detail, partstat, answered_at AS answeredAt, answered_via AS answeredVia FROM attendee_tracking`;

const OLDEST = `SELECT account_id, ical_uid, attendee FROM attendee_tracking WHERE touched_at < ?1 ORDER BY touched_at LIMIT ?2`;
const EVENT = `SELECT 1 FROM collections c JOIN calendar_objects o ON o.collection_id = c.id
  WHERE c.account_id = attendee_tracking.account_id AND o.ical_uid = attendee_tracking.ical_uid AND o.method IS NULL`;

export const statements = {
  list: `${SELECT} WHERE account_id = ? AND ical_uid = ? ORDER BY attendee LIMIT ?`,
  byEnvelope: `${SELECT} WHERE account_id = ? AND envelope_id = ?`,
  sent: `INSERT INTO attendee_tracking (account_id, ical_uid, attendee, method, way, sent_at, state, state_at, touched_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'queued', ?6, ?6) ON CONFLICT (account_id, ical_uid, attendee)
    DO UPDATE SET method = excluded.method, way = excluded.way, sent_at = excluded.sent_at, envelope_id = NULL, state = 'queued',
      state_at = excluded.state_at, touched_at = excluded.touched_at, detail = ''`,
  mailed: 'UPDATE attendee_tracking SET envelope_id = ? WHERE account_id = ? AND ical_uid = ? AND attendee = ?',
  settled: `UPDATE attendee_tracking SET state = ?1, state_at = ?2, touched_at = ?2, detail = ?3
    WHERE account_id = ?4 AND ical_uid = ?5 AND attendee = ?6 AND state IS NOT NULL`,
  answered: `INSERT INTO attendee_tracking (account_id, ical_uid, attendee, partstat, answered_at, answered_via, touched_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5) ON CONFLICT (account_id, ical_uid, attendee)
    DO UPDATE SET partstat = excluded.partstat, answered_at = excluded.answered_at, answered_via = excluded.answered_via,
      touched_at = excluded.touched_at`,
  // Of the oldest rows, those of events that are there are looked at again when they are as old again, the others go.
  renew: `UPDATE attendee_tracking SET touched_at = ?3 WHERE (account_id, ical_uid, attendee) IN (${OLDEST}) AND EXISTS (${EVENT})`,
  forget: `DELETE FROM attendee_tracking WHERE (account_id, ical_uid, attendee) IN (${OLDEST}) AND NOT EXISTS (${EVENT})`,
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
    async expire(before, now, limit) {
      const renewed = await sql.run(statements.renew, before, limit, now);
      return renewed + (await sql.run(statements.forget, before, limit));
    },
  };
}
