/**
 * Calendars, address books and mailboxes, and where each appears for whom: tables `collections`, `calendars`, `bindings`.
 * A removed collection disappears at once, and is kept for a time (deleted.ts); purging.ts takes it away afterwards.
 * Elsewhere: members (calendar-objects.ts, cards.ts), rights (grants.ts), what clients set on them (properties.ts).
 */

import { statements as deleted } from './deleted.ts';
import { forget } from './personal-data.ts';
import { insertedId, type Sql } from './sql.ts';
import type { BoundCollectionRow, CollectionReads, CollectionWrites } from './store.ts';
import { releaseCollection } from './used-bytes.ts';

const BOUND = `SELECT c.id, c.account_id AS accountId, c.kind, c.modseq, c.created_at AS createdAt, b.id AS bindingId,
    b.modseq AS bindingModseq,
    b.principal_id AS principalId, b.home, b.segment, b.position, COALESCE(k.components, '') AS components,
    COALESCE(k.time_zone, '') AS timeZone,
    CASE WHEN b.principal_id = c.account_id THEN COALESCE(k.transparent, 0) ELSE b.transparent END AS transparent,
    CASE WHEN o.source_id IS NULL THEN 0 ELSE 1 END AS subscribed
  FROM bindings b JOIN collections c ON c.id = b.collection_id LEFT JOIN calendars k ON k.collection_id = c.id
    LEFT JOIN calendar_sources o ON o.collection_id = c.id`;

export const statements = {
  get: `${BOUND} WHERE b.collection_id = ? AND b.principal_id = c.account_id`,
  home: `${BOUND} WHERE b.principal_id = ? AND b.home = ? AND b.segment NOT LIKE '%/%' ORDER BY b.position, b.id`,
  below: `${BOUND} WHERE b.principal_id = ?1 AND b.home = ?2 AND SUBSTR(b.segment, 1, LENGTH(?3) + 1) = ?3 || '/'
    AND SUBSTR(b.segment, LENGTH(?3) + 2) NOT LIKE '%/%' ORDER BY b.position, b.id`,
  within: `${BOUND} WHERE b.principal_id = ?1 AND b.home = ?2 AND SUBSTR(b.segment, 1, LENGTH(?3) + 1) = ?3 || '/'
    ORDER BY b.segment`,
  boundFor: `${BOUND} WHERE b.principal_id = ? AND b.collection_id = ?`,
  boundTo: 'SELECT principal_id FROM bindings WHERE collection_id = ? ORDER BY principal_id',
  bySegment: `${BOUND} WHERE b.principal_id = ? AND b.home = ? AND b.segment = ?`,
  countInHome: 'SELECT COUNT(*) AS count FROM bindings WHERE principal_id = ? AND home = ?',
  add: 'INSERT INTO collections (account_id, kind, modseq, created_at, removed) VALUES (?, ?, ?, ?, 0) RETURNING id',
  setCalendar: `INSERT INTO calendars (collection_id, components, time_zone, transparent) VALUES (?, ?, ?, ?)
    ON CONFLICT (collection_id) DO UPDATE SET components = excluded.components, time_zone = excluded.time_zone,
      transparent = excluded.transparent`,
  availability: 'SELECT availability FROM calendars WHERE collection_id = ?',
  setAvailability: 'UPDATE calendars SET availability = ?2 WHERE collection_id = ?1',
  bind: `INSERT INTO bindings (principal_id, collection_id, home, segment, position, created_at, modseq)
    SELECT ?1, ?2, ?3, ?4, COALESCE(MAX(position), 0) + 1, ?5, ?6 FROM bindings WHERE principal_id = ?1 AND home = ?3
    RETURNING id`,
  rebind: 'UPDATE bindings SET segment = ?, modseq = ? WHERE id = ?',
  unbind: 'DELETE FROM bindings WHERE id = ?',
  touchBinding: 'UPDATE bindings SET modseq = ? WHERE id = ?',
  setTransparent: 'UPDATE bindings SET transparent = ? WHERE id = ?',
  entombBinding: `INSERT INTO tombstones (account_id, collection_id, name, member_id, modseq)
    SELECT b.principal_id, 0, b.home || '/' || b.segment, b.collection_id, ?2 FROM bindings b WHERE b.id = ?1
    ON CONFLICT (account_id, collection_id, name) DO UPDATE SET member_id = excluded.member_id, modseq = excluded.modseq`,
  exhume: `DELETE FROM tombstones WHERE account_id = ? AND collection_id = 0 AND name = ?`,
  removeBindings: 'DELETE FROM bindings WHERE collection_id = ?',
  removeGrants: 'DELETE FROM grants WHERE collection_id = ?',
  removeInvitations: 'DELETE FROM invitations WHERE collection_id = ?',
  remove: 'UPDATE collections SET removed = 1 WHERE id = ?',
} as const;

const REMOVAL = [statements.removeBindings, statements.removeGrants, statements.removeInvitations, statements.remove];

export function collectionReads(sql: Sql): CollectionReads {
  return {
    get: (id) => sql.get<BoundCollectionRow>(statements.get, id),
    home: (principalId, home) => sql.all<BoundCollectionRow>(statements.home, principalId, home),
    bySegment: (principalId, home, segment) =>
      sql.get<BoundCollectionRow>(statements.bySegment, principalId, home, segment),
    below: (principalId, home, path) =>
      path === ''
        ? sql.all<BoundCollectionRow>(statements.home, principalId, home)
        : sql.all<BoundCollectionRow>(statements.below, principalId, home, path),
    within: (principalId, home, path) => sql.all<BoundCollectionRow>(statements.within, principalId, home, path),
    boundFor: (principalId, collectionId) =>
      sql.get<BoundCollectionRow>(statements.boundFor, principalId, collectionId),
    async boundTo(collectionId) {
      return (await sql.rows<[number]>(statements.boundTo, collectionId)).map(([id]) => id);
    },
    async countInHome(principalId, home) {
      return (await sql.get<{ count: number }>(statements.countInHome, principalId, home))?.count ?? 0;
    },
    async availability(collectionId) {
      return (await sql.get<{ availability: string }>(statements.availability, collectionId))?.availability ?? '';
    },
  };
}

export function collectionWrites(sql: Sql, now: () => number): CollectionWrites {
  const reads = collectionReads(sql);
  return {
    ...reads,
    add: (row) => insertedId(sql, statements.add, row.accountId, row.kind, row.modseq, row.createdAt),
    async setCalendar(collectionId, { components, timeZone, transparent, availability }) {
      await sql.run(statements.setCalendar, collectionId, components, timeZone, transparent);
      if (availability !== undefined) await sql.run(statements.setAvailability, collectionId, availability);
    },
    async bind({ principalId, collectionId, home, segment, modseq = 0, now: boundAt }) {
      await sql.run(statements.exhume, principalId, `${home}/${segment}`);
      return insertedId(sql, statements.bind, principalId, collectionId, home, segment, boundAt, modseq);
    },
    async rebind(collection, segment, modseq) {
      await sql.run(statements.entombBinding, collection.bindingId, modseq);
      await sql.run(statements.exhume, collection.principalId, `${collection.home}/${segment}`);
      await sql.run(statements.rebind, segment, modseq, collection.bindingId);
    },
    async unbind(binding, modseq) {
      await sql.run(statements.entombBinding, binding.bindingId, modseq);
      await sql.run(statements.unbind, binding.bindingId);
      await forget(sql, binding.principalId, binding.id, now());
    },
    async setTransparent(bindingId, transparent) {
      await sql.run(statements.setTransparent, transparent, bindingId);
    },
    async touchBinding(bindingId, modseq) {
      await sql.run(statements.touchBinding, modseq, bindingId);
    },
    async remove(id, modseq) {
      const owned = await reads.get(id);
      if (owned !== undefined) await sql.run(statements.entombBinding, owned.bindingId, modseq);
      await releaseCollection(sql, id);
      await sql.run(deleted.keepCollection, id, now());
      for (const statement of REMOVAL) await sql.run(statement, id);
    },
  };
}
