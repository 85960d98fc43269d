/**
 * Taking away for good what removed collections and principals left behind, a bounded number of rows at a time, so that
 * nobody waits for a large calendar to go. Files above this one hide such rows at once.
 */

import { removeUnused } from './attachments.ts';
import { list, type Sql } from './sql.ts';
import type { PurgeWrites } from './store.ts';

export const statements = {
  removedCollection: `SELECT id FROM collections c WHERE removed = 1 AND (NOT EXISTS (SELECT 1 FROM deleted_collections d
    WHERE d.collection_id = c.id) OR NOT EXISTS (SELECT 1 FROM principals p WHERE p.id = c.account_id)) ORDER BY id LIMIT 1`,
  objectsOf: 'SELECT id FROM calendar_objects WHERE collection_id = ? LIMIT ?',
  removeObjectProperties: `DELETE FROM properties WHERE resource_kind = 'calendar-object'
    AND resource_id IN (SELECT value FROM json_each(?))`,
  removeObjects: 'DELETE FROM calendar_objects WHERE id IN (SELECT value FROM json_each(?))',
  attachmentsOf: `SELECT DISTINCT attachment_id AS id FROM attachment_uses
    WHERE object_id IN (SELECT value FROM json_each(?))`,
  cardsOf: 'SELECT id FROM cards WHERE collection_id = ? LIMIT ?',
  removeCardProperties: `DELETE FROM properties WHERE resource_kind = 'card' AND resource_id IN (SELECT value FROM json_each(?))`,
  removeCards: 'DELETE FROM cards WHERE id IN (SELECT value FROM json_each(?))',
  filesOf: 'SELECT id FROM files WHERE collection_id = ? LIMIT ?',
  removeFileProperties: `DELETE FROM properties WHERE resource_kind = 'file' AND resource_id IN (SELECT value FROM json_each(?))`,
  removeFiles: 'DELETE FROM files WHERE id IN (SELECT value FROM json_each(?))',
  removePlacements: `DELETE FROM placements WHERE collection_id = ?1
    AND uid IN (SELECT uid FROM placements WHERE collection_id = ?1 LIMIT ?2) RETURNING message_id AS messageId`,
  removeUnplaced: `DELETE FROM messages WHERE id IN (SELECT value FROM json_each(?))
    AND NOT EXISTS (SELECT 1 FROM placements p WHERE p.message_id = messages.id)`,
  removeTombstones: `DELETE FROM tombstones WHERE collection_id = ?1
    AND name IN (SELECT name FROM tombstones WHERE collection_id = ?1 LIMIT ?2)`,
  removeCollectionProperties: `DELETE FROM properties WHERE resource_kind = 'collection' AND resource_id = ?`,
  removeCollection: 'DELETE FROM collections WHERE id = ?',
  orphanedAccount: `SELECT a.id FROM accounts a WHERE NOT EXISTS (SELECT 1 FROM principals p WHERE p.id = a.id)
    AND NOT EXISTS (SELECT 1 FROM collections c WHERE c.account_id = a.id) LIMIT 1`,
  removeMessages: 'DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE account_id = ? LIMIT ?)',
  removeThreads: `DELETE FROM threads WHERE account_id = ?1
    AND hash IN (SELECT hash FROM threads WHERE account_id = ?1 LIMIT ?2)`,
  removeSubmissions: 'DELETE FROM submissions WHERE id IN (SELECT id FROM submissions WHERE account_id = ? LIMIT ?)',
  removeScheduleMessages: `DELETE FROM schedule_messages
    WHERE id IN (SELECT id FROM schedule_messages WHERE account_id = ?1 OR recipient_id = ?1 LIMIT ?2)`,
  removeTracking: `DELETE FROM attendee_tracking WHERE account_id = ?1 AND (ical_uid, attendee) IN (
    SELECT ical_uid, attendee FROM attendee_tracking WHERE account_id = ?1 LIMIT ?2)`,
  removeAttachments: `DELETE FROM managed_attachments
    WHERE id IN (SELECT id FROM managed_attachments WHERE account_id = ? LIMIT ?)`,
  removeBlobs: 'DELETE FROM blobs WHERE id IN (SELECT id FROM blobs WHERE account_id = ? LIMIT ?)',
  removeAccount: 'DELETE FROM accounts WHERE id = ?',
} as const;

async function purgeMembers(
  sql: Sql,
  ids: string,
  properties: string,
  members: string,
  count: number,
): Promise<number> {
  if (count === 0) return 0;
  await sql.run(properties, ids);
  return sql.run(members, ids);
}

/** Their octets were given back when the mailbox was deleted. */
async function purgePlacements(sql: Sql, mailboxId: number, limit: number): Promise<number> {
  const removed = await sql.rows<[number]>(statements.removePlacements, mailboxId, limit);
  if (removed.length > 0) await sql.run(statements.removeUnplaced, list(removed.map(([messageId]) => messageId)));
  return removed.length;
}

async function purgeCollection(sql: Sql, id: number, limit: number): Promise<number> {
  const objects = (await sql.rows<[number]>(statements.objectsOf, id, limit)).map(([objectId]) => objectId);
  const cards = (await sql.rows<[number]>(statements.cardsOf, id, limit)).map(([cardId]) => cardId);
  const files = (await sql.rows<[number]>(statements.filesOf, id, limit)).map(([fileId]) => fileId);
  const named = (await sql.rows<[number]>(statements.attachmentsOf, list(objects))).map(
    ([attachmentId]) => attachmentId,
  );
  const { removeObjectProperties, removeObjects, removeCardProperties, removeCards } = statements;
  const gone =
    (await purgeMembers(sql, list(objects), removeObjectProperties, removeObjects, objects.length)) +
    (await purgeMembers(sql, list(cards), removeCardProperties, removeCards, cards.length)) +
    (await purgeMembers(sql, list(files), statements.removeFileProperties, statements.removeFiles, files.length)) +
    (await purgePlacements(sql, id, limit)) +
    (await sql.run(statements.removeTombstones, id, limit));
  await removeUnused(sql, named);
  if (gone > 0) return gone;
  await sql.run(statements.removeCollectionProperties, id);
  return sql.run(statements.removeCollection, id);
}

async function purgeAccount(sql: Sql, id: number, limit: number): Promise<number> {
  const named =
    (await sql.run(statements.removeThreads, id, limit)) +
    (await sql.run(statements.removeSubmissions, id, limit)) +
    (await sql.run(statements.removeScheduleMessages, id, limit)) +
    (await sql.run(statements.removeTracking, id, limit)) +
    (await sql.run(statements.removeMessages, id, limit)) +
    (await sql.run(statements.removeAttachments, id, limit));
  // What refers to bytes goes before them.
  if (named > 0) return named;
  const blobs = await sql.run(statements.removeBlobs, id, limit);
  return blobs > 0 ? blobs : sql.run(statements.removeAccount, id);
}

export function purgeWrites(sql: Sql): PurgeWrites {
  return {
    async step(limit) {
      const collection = await sql.get<{ id: number }>(statements.removedCollection);
      if (collection !== undefined) return purgeCollection(sql, collection.id, limit);
      const account = await sql.get<{ id: number }>(statements.orphanedAccount);
      return account === undefined ? 0 : purgeAccount(sql, account.id, limit);
    },
  };
}
