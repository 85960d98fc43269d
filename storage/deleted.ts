/**
 * What was deleted and can still be had back: tables `deleted_members`, `deleted_collections`.
 * Deleting a member or a collection writes here in the same transaction. What scheduling put into an inbox, and what was
 * fetched from elsewhere, is not worth keeping.
 * Elsewhere: putting it back (src/collections/restoring.ts), taking it away for good (purging.ts).
 */

import type { Sql } from './sql.ts';
import type { DeletedCollectionRow, DeletedMemberRow, DeletedReads, DeletedWrites } from './store.ts';
import { chargeCollection } from './used-bytes.ts';

const MEMBER = `d.id, d.account_id AS accountId, d.collection_id AS collectionId, d.kind, d.name, d.uid, d.deleted_at AS deletedAt`;
const COLLECTION = `d.collection_id AS collectionId, d.account_id AS accountId, c.kind, d.home, d.segment, d.deleted_at AS deletedAt`;

function keep(table: string, data: string, reference: string, uid: string, kind: string): string {
  return `INSERT INTO deleted_members (account_id, collection_id, kind, name, uid, data, deleted_at)
    SELECT ?2, m.collection_id, '${kind}', m.name, m.${uid}, d.data, ?3 FROM ${table} m JOIN ${data} d ON d.${reference} = m.id
    WHERE m.id = ?1 AND NOT EXISTS (SELECT 1 FROM calendar_sources s WHERE s.collection_id = m.collection_id)
      AND NOT EXISTS (SELECT 1 FROM bindings b WHERE b.collection_id = m.collection_id AND b.home = 'calendars'
        AND b.segment IN ('inbox', 'outbox'))`;
}

export const statements = {
  members: `SELECT ${MEMBER} FROM deleted_members d WHERE d.account_id = ? ORDER BY d.id DESC LIMIT ?`,
  member: `SELECT ${MEMBER}, d.data FROM deleted_members d WHERE d.id = ?`,
  collections: `SELECT ${COLLECTION} FROM deleted_collections d JOIN collections c ON c.id = d.collection_id
    WHERE d.account_id = ? ORDER BY d.deleted_at DESC`,
  collection: `SELECT ${COLLECTION} FROM deleted_collections d JOIN collections c ON c.id = d.collection_id
    WHERE d.collection_id = ?`,
  keepObject: keep('calendar_objects', 'calendar_object_data', 'object_id', 'ical_uid', 'calendar-object'),
  keepCard: keep('cards', 'card_data', 'card_id', 'card_uid', 'card'),
  keepCollection: `INSERT INTO deleted_collections (collection_id, account_id, home, segment, deleted_at)
    SELECT c.id, c.account_id, b.home, b.segment, ?2 FROM collections c JOIN bindings b
      ON b.collection_id = c.id AND b.principal_id = c.account_id WHERE c.id = ?1 AND c.kind IN ('calendar', 'addressbook')
    ON CONFLICT (collection_id) DO UPDATE SET deleted_at = excluded.deleted_at`,
  revive: 'UPDATE collections SET removed = 0, modseq = ?2 WHERE id = ?1',
  removeMember: 'DELETE FROM deleted_members WHERE id = ?',
  removeCollection: 'DELETE FROM deleted_collections WHERE collection_id = ?',
  expireMembers:
    'DELETE FROM deleted_members WHERE id IN (SELECT id FROM deleted_members WHERE deleted_at < ? LIMIT ?)',
  expireCollections: 'DELETE FROM deleted_collections WHERE deleted_at < ?',
} as const;

export function deletedReads(sql: Sql): DeletedReads {
  return {
    members: (accountId, limit) => sql.all<DeletedMemberRow>(statements.members, accountId, limit),
    member: (id) => sql.get<DeletedMemberRow & { data: string }>(statements.member, id),
    collections: (accountId) => sql.all<DeletedCollectionRow>(statements.collections, accountId),
    collection: (id) => sql.get<DeletedCollectionRow>(statements.collection, id),
  };
}

export function deletedWrites(sql: Sql): DeletedWrites {
  return {
    ...deletedReads(sql),
    async revive(collectionId, modseq) {
      await chargeCollection(sql, collectionId);
      await sql.run(statements.revive, collectionId, modseq);
      await sql.run(statements.removeCollection, collectionId);
    },
    async removeMember(id) {
      await sql.run(statements.removeMember, id);
    },
    async expire(before, limit) {
      await sql.run(statements.expireCollections, before);
      return sql.run(statements.expireMembers, before, limit);
    },
  };
}
