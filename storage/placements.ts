/**
 * Which message is where, with its UID, flags and modseq: table `placements`, clustered by (mailbox, UID).
 * Flags are bits of one number up to 2^53; which bit is which keyword stands in the mailbox.
 */
import { list, type Sql } from './sql.ts';
import type { PlacementReads, PlacementRow, PlacementWrites } from './store.ts';
import { statements as tombstones } from './tombstones.ts';

const COLUMNS = 'uid, message_id AS messageId, flags, modseq';

export const statements = {
  get: `SELECT ${COLUMNS} FROM placements WHERE collection_id = ? AND uid = ?`,
  page: `SELECT ${COLUMNS} FROM placements WHERE collection_id = ? AND uid >= ? ORDER BY uid LIMIT ?`,
  changedSince: `SELECT ${COLUMNS} FROM placements WHERE collection_id = ? AND modseq > ? ORDER BY uid`,
  counts: `SELECT COUNT(*) AS messages, COALESCE(SUM(p.flags & 1 = 0), 0) AS unseen, COALESCE(SUM(m.size), 0) AS octets
    FROM placements p JOIN messages m ON m.id = p.message_id WHERE p.collection_id = ?`,
  add: 'INSERT INTO placements (collection_id, uid, message_id, flags, modseq) VALUES (?, ?, ?, ?, ?)',
  changeFlags: `UPDATE placements SET flags = (flags & ~CAST(?4 AS INTEGER)) | CAST(?5 AS INTEGER), modseq = ?6
    WHERE collection_id = ?1 AND uid BETWEEN ?2 AND ?3`,
  setFlags: 'UPDATE placements SET flags = ?, modseq = ? WHERE collection_id = ? AND uid = ?',
  remove: 'DELETE FROM placements WHERE collection_id = ? AND uid IN (SELECT value FROM json_each(?))',
} as const;

export function placementReads(sql: Sql): PlacementReads {
  return {
    async get(mailboxId, uid) {
      return (await sql.rows<PlacementRow>(statements.get, mailboxId, uid))[0];
    },
    page: (mailboxId, first, limit) => sql.rows<PlacementRow>(statements.page, mailboxId, first, limit),
    changedSince: (mailboxId, modseq) => sql.rows<PlacementRow>(statements.changedSince, mailboxId, modseq),
    async counts(mailboxId) {
      const none = { messages: 0, unseen: 0, octets: 0 };
      return (await sql.get<typeof none>(statements.counts, mailboxId)) ?? none;
    },
  };
}

export function placementWrites(sql: Sql): PlacementWrites {
  return {
    ...placementReads(sql),
    async add(mailboxId, rows) {
      await sql.runEach(
        statements.add,
        rows.map(([uid, messageId, flags, modseq]) => [mailboxId, uid, messageId, flags, modseq]),
      );
    },
    changeFlags: (mailboxId, first, last, clear, set, modseq) =>
      sql.run(statements.changeFlags, mailboxId, first, last, clear, set, modseq),
    async setFlags(mailboxId, rows) {
      await sql.runEach(
        statements.setFlags,
        rows.map(([uid, , flags, modseq]) => [flags, modseq, mailboxId, uid]),
      );
    },
    async remove(mailboxId, accountId, uids, modseq) {
      await sql.run(statements.remove, mailboxId, list(uids));
      await sql.runEach(
        tombstones.add,
        uids.map((uid) => [accountId, mailboxId, String(uid), uid, modseq]),
      );
    },
  };
}
