/** The queue of mail to recipients elsewhere, one row for each: table `submissions`. */
import { insertedId, type Sql } from './sql.ts';
import type { SubmissionReads, SubmissionRow, SubmissionWrites } from './store.ts';

const SELECT = `SELECT id, account_id AS accountId, blob_id AS blobId, mail_from AS mailFrom, rcpt_to AS rcptTo, options, state,
  attempts, next_attempt_at AS nextAttemptAt, last_error AS lastError, created_at AS createdAt FROM submissions`;

export const statements = {
  get: `${SELECT} WHERE id = ?`,
  list: `${SELECT} ORDER BY id LIMIT ?`,
  due: `${SELECT} WHERE state = 'queued' AND next_attempt_at <= ? ORDER BY next_attempt_at, id LIMIT ?`,
  dueAfter: `${SELECT} WHERE state = 'queued' AND next_attempt_at > ? ORDER BY next_attempt_at, id LIMIT ?`,
  nextAttemptAt: `SELECT MIN(next_attempt_at) AS nextAttemptAt FROM submissions WHERE state = 'queued'`,
  add: `INSERT INTO submissions (account_id, blob_id, mail_from, rcpt_to, options, state, attempts, next_attempt_at, last_error,
    created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
  update: 'UPDATE submissions SET state = ?, attempts = ?, next_attempt_at = ?, last_error = ? WHERE id = ?',
  setOptions: 'UPDATE submissions SET options = ? WHERE id = ?',
  remove: 'DELETE FROM submissions WHERE id = ?',
} as const;

export function submissionReads(sql: Sql): SubmissionReads {
  return {
    get: (id) => sql.get<SubmissionRow>(statements.get, id),
    list: (limit) => sql.all<SubmissionRow>(statements.list, limit),
    due: (now, limit) => sql.all<SubmissionRow>(statements.due, now, limit),
    dueAfter: (time, limit) => sql.all<SubmissionRow>(statements.dueAfter, time, limit),
    async nextAttemptAt() {
      const row = await sql.get<{ nextAttemptAt: number | null }>(statements.nextAttemptAt);
      return row?.nextAttemptAt ?? undefined;
    },
  };
}

export function submissionWrites(sql: Sql): SubmissionWrites {
  return {
    ...submissionReads(sql),
    add: (row) =>
      insertedId(
        sql,
        statements.add,
        row.accountId,
        row.blobId,
        row.mailFrom,
        row.rcptTo,
        row.options,
        row.state,
        row.attempts,
        row.nextAttemptAt,
        row.lastError,
        row.createdAt,
      ),
    async update({ id, state, attempts, nextAttemptAt, lastError }) {
      await sql.run(statements.update, state, attempts, nextAttemptAt, lastError, id);
    },
    async setOptions(id, options) {
      await sql.run(statements.setOptions, options, id);
    },
    async remove(id) {
      await sql.run(statements.remove, id);
    },
  };
}
