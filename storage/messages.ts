/**
 * Messages, which never change: table `messages`. Long listings read [uid, text] pages through the placements of a mailbox.
 * Elsewhere: their octets (blobs.ts), where they are (placements.ts).
 */
import { insertedId, list, type Sql } from './sql.ts';
import type { MessageReads, MessageRow, MessageWrites } from './store.ts';

const COLUMNS =
  'id, account_id AS accountId, blob_id AS blobId, size, internal_date AS internalDate, summary, structure';
const PLACED = `FROM placements p JOIN messages m ON m.id = p.message_id
  WHERE p.collection_id = ? AND p.uid BETWEEN ? AND ? ORDER BY p.uid LIMIT ?`;

export const statements = {
  get: `SELECT ${COLUMNS} FROM messages WHERE id = ?`,
  summaries: `SELECT p.uid, m.summary ${PLACED}`,
  structures: `SELECT p.uid, m.structure ${PLACED}`,
  sizes: `SELECT p.uid, m.size, m.internal_date ${PLACED}`,
  after: `SELECT ${COLUMNS} FROM messages WHERE id > ? ORDER BY id LIMIT ?`,
  add: `INSERT INTO messages (account_id, blob_id, size, internal_date, summary, structure) VALUES (?, ?, ?, ?, ?, ?)
    RETURNING id`,
  removeUnplaced: `DELETE FROM messages WHERE id IN (SELECT value FROM json_each(?))
    AND NOT EXISTS (SELECT 1 FROM placements p WHERE p.message_id = messages.id)`,
} as const;

export function messageReads(sql: Sql): MessageReads {
  return {
    get: (id) => sql.get<MessageRow>(statements.get, id),
    summaries: (mailboxId, first, last, limit) => sql.rows(statements.summaries, mailboxId, first, last, limit),
    structures: (mailboxId, first, last, limit) => sql.rows(statements.structures, mailboxId, first, last, limit),
    sizes: (mailboxId, first, last, limit) => sql.rows(statements.sizes, mailboxId, first, last, limit),
    after: (id, limit) => sql.all<MessageRow>(statements.after, id, limit),
  };
}

export function messageWrites(sql: Sql): MessageWrites {
  return {
    ...messageReads(sql),
    add: ({ accountId, blobId, size, internalDate, summary, structure }) =>
      insertedId(sql, statements.add, accountId, blobId, size, internalDate, summary, structure),
    async removeUnplaced(ids) {
      await sql.run(statements.removeUnplaced, list(ids));
    },
  };
}
