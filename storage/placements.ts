/**
 * Which message is where, with its UID, flags and modseq: table `placements`, clustered by (mailbox, UID).
 * Flags are bits of one number up to 2^53; which bit is which keyword stands in the mailbox.
 */
import { list, type Sql } from './sql.ts';
import type { PlacementCounts, PlacementReads, PlacementRow, PlacementWrites } from './store.ts';
import { statements as tombstones } from './tombstones.ts';

const COLUMNS = 'uid, message_id AS messageId, flags, modseq';

export const statements = {
  get: `SELECT ${COLUMNS} FROM placements WHERE collection_id = ? AND uid = ?`,
  page: `SELECT ${COLUMNS} FROM placements WHERE collection_id = ? AND uid >= ? ORDER BY uid LIMIT ?`,
  changedSince: `SELECT ${COLUMNS} FROM placements WHERE collection_id = ? AND modseq > ? ORDER BY uid`,
  withFlags: `SELECT ${COLUMNS} FROM placements WHERE collection_id = ?1 AND uid BETWEEN ?2 AND ?3
    AND flags & CAST(?4 AS INTEGER) = CAST(?4 AS INTEGER) ORDER BY uid LIMIT ?5`,
  combinations: 'SELECT DISTINCT flags FROM placements WHERE collection_id = ? AND flags >= ?',
  counts: `SELECT COUNT(*) AS messages, COALESCE(SUM(flags & 1 = 0), 0) AS unseen, COALESCE(SUM(flags & 8 = 8), 0) AS deleted,
    COALESCE(SUM(uid >= ?2), 0) AS recent FROM placements WHERE collection_id = ?1`,
  octets: `SELECT COALESCE(SUM(m.size), 0) AS octets,
    COALESCE(SUM(CASE p.flags & 8 WHEN 8 THEN m.size ELSE 0 END), 0) AS deletedOctets FROM placements p JOIN messages m ON m.id = p.message_id
    WHERE p.collection_id = ?`,
  octetsOnlyHere: `SELECT COALESCE(SUM(m.size), 0) AS octets FROM messages m
    WHERE m.id IN (SELECT p.message_id FROM placements p WHERE p.collection_id = ?1) AND NOT EXISTS
      (SELECT 1 FROM placements o JOIN mailboxes b ON b.collection_id = o.collection_id
        WHERE o.message_id = m.id AND o.collection_id <> ?1)`,
  savedAt: `SELECT uid, saved_at AS savedAt FROM placements WHERE collection_id = ? AND uid BETWEEN ? AND ? ORDER BY uid
    LIMIT ?`,
  add: 'INSERT INTO placements (collection_id, uid, message_id, flags, modseq, saved_at) VALUES (?, ?, ?, ?, ?, ?)',
  changeFlags: `UPDATE placements SET flags = (flags & ~CAST(?4 AS INTEGER)) | CAST(?5 AS INTEGER), modseq = ?6
    WHERE collection_id = ?1 AND uid BETWEEN ?2 AND ?3
      AND (flags & ~CAST(?4 AS INTEGER)) | CAST(?5 AS INTEGER) <> flags`,
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
    savedAt: (mailboxId, first, last, limit) => sql.rows(statements.savedAt, mailboxId, first, last, limit),
    withFlags: (mailboxId, first, last, bits, limit) =>
      sql.rows<PlacementRow>(statements.withFlags, mailboxId, first, last, bits, limit),
    async combinations(mailboxId, least) {
      return (await sql.rows<[number]>(statements.combinations, mailboxId, least)).map(([flags]) => flags);
    },
    async counts(mailboxId, recentFrom) {
      const none = { messages: 0, unseen: 0, deleted: 0, recent: 0 };
      return (await sql.get<PlacementCounts>(statements.counts, mailboxId, recentFrom)) ?? none;
    },
    async octetsOnlyHere(mailboxId) {
      return (await sql.get<{ octets: number }>(statements.octetsOnlyHere, mailboxId))?.octets ?? 0;
    },
    async octets(mailboxId) {
      const none = { octets: 0, deletedOctets: 0 };
      return (await sql.get<typeof none>(statements.octets, mailboxId)) ?? none;
    },
  };
}

export function placementWrites(sql: Sql): PlacementWrites {
  return {
    ...placementReads(sql),
    async add(mailboxId, rows, savedAt) {
      await sql.runEach(
        statements.add,
        rows.map(([uid, messageId, flags, modseq]) => [mailboxId, uid, messageId, flags, modseq, savedAt]),
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
