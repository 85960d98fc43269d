/**
 * The queue of scheduling messages: tables `schedule_messages` and `schedule_texts`.
 * A text is kept once for all its recipients and goes with the last of them.
 */
import { insertedId, type Sql } from './sql.ts';
import type { ScheduleMessageReads, ScheduleMessageRow, ScheduleMessageWrites } from './store.ts';

const SELECT = `SELECT id, account_id AS accountId, recipient_id AS recipientId, sender, recipient, method, ical_uid AS icalUid,
  text_id AS textId, origin, by_web AS byWeb, attempts, next_attempt_at AS nextAttemptAt, last_error AS lastError, created_at AS createdAt
  FROM schedule_messages`;

export const statements = {
  get: `${SELECT} WHERE id = ?`,
  // The oldest of each recipient only: what comes after it must not overtake it.
  due: `${SELECT} WHERE id IN (SELECT MIN(id) FROM schedule_messages WHERE recipient_id > 0 GROUP BY recipient_id)
    AND next_attempt_at <= ?1 ORDER BY id LIMIT ?2`,
  outgoing: `${SELECT} WHERE recipient_id = 0 AND next_attempt_at <= ? ORDER BY id LIMIT ?`,
  nextAttemptAt: 'SELECT MIN(next_attempt_at) AS nextAttemptAt FROM schedule_messages',
  text: 'SELECT data FROM schedule_texts WHERE id = ?',
  addText: 'INSERT INTO schedule_texts (data) VALUES (?) RETURNING id',
  add: `INSERT INTO schedule_messages (account_id, recipient_id, sender, recipient, method, ical_uid, text_id, origin, by_web, attempts,
    next_attempt_at, last_error, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
  refresh: `INSERT INTO schedule_messages (account_id, recipient_id, sender, recipient, method, ical_uid, text_id, origin, attempts,
    next_attempt_at, last_error, created_at) VALUES (?, ?, ?, ?, 'REQUEST', ?, 0, 'here', 0, ?, NULL, ?)
    ON CONFLICT (account_id, recipient_id, ical_uid) WHERE text_id = 0 DO NOTHING`,
  retry: 'UPDATE schedule_messages SET attempts = ?, next_attempt_at = ?, last_error = ? WHERE id = ?',
  remove: 'DELETE FROM schedule_messages WHERE id = ?',
  removeText: `DELETE FROM schedule_texts WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM schedule_messages WHERE text_id = ?1)`,
} as const;

export function scheduleMessageReads(sql: Sql): ScheduleMessageReads {
  return {
    get: (id) => sql.get<ScheduleMessageRow>(statements.get, id),
    due: (now, limit) => sql.all<ScheduleMessageRow>(statements.due, now, limit),
    outgoing: (now, limit) => sql.all<ScheduleMessageRow>(statements.outgoing, now, limit),
    async nextAttemptAt() {
      const row = await sql.get<{ nextAttemptAt: number | null }>(statements.nextAttemptAt);
      return row?.nextAttemptAt ?? undefined;
    },
    async text(id) {
      return (await sql.get<{ data: string }>(statements.text, id))?.data;
    },
  };
}

export function scheduleMessageWrites(sql: Sql): ScheduleMessageWrites {
  return {
    ...scheduleMessageReads(sql),
    addText: (data) => insertedId(sql, statements.addText, data),
    add: (row) =>
      insertedId(
        sql,
        statements.add,
        row.accountId,
        row.recipientId,
        row.sender,
        row.recipient,
        row.method,
        row.icalUid,
        row.textId,
        row.origin,
        row.byWeb,
        row.attempts,
        row.nextAttemptAt,
        row.lastError,
        row.createdAt,
      ),
    async refresh({ accountId, recipientId, sender, recipient, icalUid, nextAttemptAt, createdAt }) {
      await sql.run(statements.refresh, accountId, recipientId, sender, recipient, icalUid, nextAttemptAt, createdAt);
    },
    async retry({ id, attempts, nextAttemptAt, lastError }) {
      await sql.run(statements.retry, attempts, nextAttemptAt, lastError, id);
    },
    async remove({ id, textId }) {
      await sql.run(statements.remove, id);
      if (textId !== 0) await sql.run(statements.removeText, textId);
    },
  };
}
