/**
 * Messages, which never change: table `messages`. Long listings read [uid, text] pages through the placements of a mailbox.
 * Elsewhere: their octets (blobs.ts), where they are (placements.ts).
 */
import { insertedId, list, type Sql } from './sql.ts';
import type { MessageReads, MessageRow, MessageWrites } from './store.ts';

const COLUMNS =
  'id, account_id AS accountId, blob_id AS blobId, size, internal_date AS internalDate, summary, structure, layout, original_id AS originalId, thread_id AS threadId, ancestry';
const PLACED = `FROM placements p JOIN messages m ON m.id = p.message_id
  WHERE p.collection_id = ? AND p.uid BETWEEN ? AND ? ORDER BY p.uid LIMIT ?`;

export const statements = {
  get: `SELECT ${COLUMNS} FROM messages WHERE id = ?`,
  summaries: `SELECT p.uid, m.summary ${PLACED}`,
  structures: `SELECT p.uid, m.structure ${PLACED}`,
  sizes: `SELECT p.uid, m.size, m.internal_date ${PLACED}`,
  origins: `SELECT p.uid, CASE m.original_id WHEN 0 THEN m.id ELSE m.original_id END AS original_id,
    CASE m.thread_id WHEN 0 THEN m.id ELSE m.thread_id END AS thread_id ${PLACED}`,
  bodies: `SELECT p.uid, p.message_id, m.size, b.octets FROM placements p JOIN messages m ON m.id = p.message_id
    JOIN blobs b ON b.id = m.blob_id WHERE p.collection_id = ? AND p.uid BETWEEN ? AND ? ORDER BY p.uid LIMIT ?`,
  summariesOf: 'SELECT id, summary FROM messages WHERE id IN (SELECT value FROM json_each(?))',
  ancestriesOf: 'SELECT id, ancestry FROM messages WHERE id IN (SELECT value FROM json_each(?))',
  place: 'SELECT blob_id AS blobId, size, layout FROM messages WHERE id = ?',
  facts: 'SELECT id, size, internal_date FROM messages WHERE id IN (SELECT value FROM json_each(?))',
  lastId: `SELECT COALESCE(MAX(seq), 0) AS id FROM sqlite_sequence WHERE name = 'messages'`,
  idsAfter: 'SELECT id FROM messages WHERE id > ? ORDER BY id LIMIT ?',
  add: `INSERT INTO messages
    (account_id, blob_id, size, internal_date, summary, structure, layout, original_id, thread_id, ancestry)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
  // Places in a mailbox that was deleted count for nothing; purging.ts has just not come to them.
  forgetRemovedPlaces: `DELETE FROM placements WHERE message_id IN (SELECT value FROM json_each(?))
    AND collection_id IN (SELECT id FROM collections WHERE removed = 1)`,
  removeUnplaced: `DELETE FROM messages WHERE id IN (SELECT value FROM json_each(?))
    AND NOT EXISTS (SELECT 1 FROM placements p WHERE p.message_id = messages.id) RETURNING size`,
} as const;

export function messageReads(sql: Sql): MessageReads {
  return {
    get: (id) => sql.get<MessageRow>(statements.get, id),
    summaries: (mailboxId, first, last, limit) => sql.rows(statements.summaries, mailboxId, first, last, limit),
    structures: (mailboxId, first, last, limit) => sql.rows(statements.structures, mailboxId, first, last, limit),
    sizes: (mailboxId, first, last, limit) => sql.rows(statements.sizes, mailboxId, first, last, limit),
    origins: (mailboxId, first, last, limit) => sql.rows(statements.origins, mailboxId, first, last, limit),
    bodies: (mailboxId, first, last, limit) => sql.rows(statements.bodies, mailboxId, first, last, limit),
    summariesOf: (ids) => sql.rows(statements.summariesOf, list(ids)),
    ancestriesOf: (ids) => sql.rows(statements.ancestriesOf, list(ids)),
    place: (id) => sql.get(statements.place, id),
    async facts(ids) {
      const rows = await sql.rows<[number, number, number]>(statements.facts, list(ids));
      return new Map(rows.map(([id, size, internalDate]) => [id, { size, internalDate }]));
    },
    async lastId() {
      return (await sql.get<{ id: number }>(statements.lastId))?.id ?? 0;
    },
    async idsAfter(id, limit) {
      return (await sql.rows<[number]>(statements.idsAfter, id, limit)).map(([found]) => found);
    },
  };
}

export function messageWrites(sql: Sql): MessageWrites {
  return {
    ...messageReads(sql),
    add: ({ accountId, blobId, size, internalDate, summary, structure, layout, originalId, threadId, ancestry }) =>
      insertedId(
        sql,
        statements.add,
        accountId,
        blobId,
        size,
        internalDate,
        summary,
        structure,
        layout,
        originalId,
        threadId,
        ancestry,
      ),
    async removeUnplaced(ids) {
      await sql.run(statements.forgetRemovedPlaces, list(ids));
      const removed = await sql.rows<[number]>(statements.removeUnplaced, list(ids));
      return removed.reduce((sum, [size]) => sum + size, 0);
    },
  };
}
