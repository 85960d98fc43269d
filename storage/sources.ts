/** Remote calendars and the calendars that show them: tables `sources`, `calendar_sources`. */

import { insertedId, type Sql } from './sql.ts';
import type { SourceReads, SourceRow, SourceWrites } from './store.ts';

const COLUMNS = `s.id, s.url, s.every_ms AS everyMs, s.etag, s.last_modified AS lastModified, s.content_hash AS contentHash,
  s.fetched_at AS fetchedAt, s.changed_at AS changedAt, s.next_fetch_at AS nextFetchAt, s.failures, s.error`;

export const statements = {
  get: `SELECT ${COLUMNS} FROM sources s WHERE s.id = ?`,
  byUrl: `SELECT ${COLUMNS} FROM sources s WHERE s.url = ?`,
  ofCollection: `SELECT ${COLUMNS} FROM calendar_sources k JOIN sources s ON s.id = k.source_id WHERE k.collection_id = ?`,
  due: `SELECT ${COLUMNS} FROM sources s WHERE s.next_fetch_at <= ? AND EXISTS (SELECT 1 FROM calendar_sources k
    JOIN collections c ON c.id = k.collection_id WHERE k.source_id = s.id AND c.removed = 0) ORDER BY s.next_fetch_at LIMIT ?`,
  subscribers: `SELECT k.collection_id AS collectionId FROM calendar_sources k JOIN collections c ON c.id = k.collection_id
    WHERE k.source_id = ? AND c.removed = 0 ORDER BY k.collection_id`,
  add: `INSERT INTO sources (url, every_ms, etag, last_modified, content_hash, fetched_at, changed_at, next_fetch_at, failures, error)
    VALUES (?, ?, '', '', '', NULL, NULL, ?, 0, '') RETURNING id`,
  update: `UPDATE sources SET every_ms = ?, etag = ?, last_modified = ?, content_hash = ?, fetched_at = ?, changed_at = ?,
    next_fetch_at = ?, failures = ?, error = ? WHERE id = ?`,
  subscribe: `INSERT INTO calendar_sources (collection_id, source_id) VALUES (?, ?)
    ON CONFLICT (collection_id) DO UPDATE SET source_id = excluded.source_id`,
  removeUnused:
    'DELETE FROM sources WHERE NOT EXISTS (SELECT 1 FROM calendar_sources k WHERE k.source_id = sources.id)',
} as const;

export function sourceReads(sql: Sql): SourceReads {
  return {
    get: (id) => sql.get<SourceRow>(statements.get, id),
    byUrl: (url) => sql.get<SourceRow>(statements.byUrl, url),
    ofCollection: (collectionId) => sql.get<SourceRow>(statements.ofCollection, collectionId),
    due: (now, limit) => sql.all<SourceRow>(statements.due, now, limit),
    async subscribers(sourceId) {
      return (await sql.all<{ collectionId: number }>(statements.subscribers, sourceId)).map((row) => row.collectionId);
    },
  };
}

export function sourceWrites(sql: Sql): SourceWrites {
  return {
    ...sourceReads(sql),
    add: (url, everyMs, nextFetchAt) => insertedId(sql, statements.add, url, everyMs, nextFetchAt),
    async update(row) {
      const { everyMs, etag, lastModified, contentHash, fetchedAt, changedAt, nextFetchAt, failures, error, id } = row;
      await sql.run(
        statements.update,
        everyMs,
        etag,
        lastModified,
        contentHash,
        fetchedAt,
        changedAt,
        nextFetchAt,
        failures,
        error,
        id,
      );
    },
    async subscribe(collectionId, sourceId) {
      await sql.run(statements.subscribe, collectionId, sourceId);
    },
    removeUnused: () => sql.run(statements.removeUnused),
  };
}
