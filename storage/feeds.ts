/** Published calendars, the secrets of their links, and who fetched them: tables `feeds`, `feed_tokens`, `feed_fetches`. */

import { insertedId, type Sql } from './sql.ts';
import type { FeedFetchRow, FeedReads, FeedRow, FeedWrites } from './store.ts';

const COLUMNS = `f.id, f.account_id AS accountId, f.collection_id AS collectionId, f.name, f.level, f.created_at AS createdAt,
  f.expires_at AS expiresAt, f.revoked_at AS revokedAt, f.seen_modseq AS seenModseq, f.seen_at AS seenAt, f.fetches`;

export const statements = {
  get: `SELECT ${COLUMNS} FROM feeds f WHERE f.id = ?`,
  list: `SELECT ${COLUMNS} FROM feeds f WHERE f.account_id = ? ORDER BY f.id`,
  byToken: `SELECT ${COLUMNS}, t.retired_at AS retiredAt FROM feed_tokens t JOIN feeds f ON f.id = t.feed_id WHERE t.hash = ?`,
  fetches: `SELECT id, at, peer, client, status FROM feed_fetches WHERE feed_id = ? ORDER BY id DESC LIMIT ?`,
  add: `INSERT INTO feeds (account_id, collection_id, name, level, created_at, expires_at, revoked_at, seen_modseq, seen_at, fetches)
    VALUES (?, ?, ?, ?, ?, ?, NULL, 0, ?, 0) RETURNING id`,
  addToken: 'INSERT INTO feed_tokens (hash, feed_id, retired_at) VALUES (?, ?, NULL)',
  retireTokens: 'UPDATE feed_tokens SET retired_at = ? WHERE feed_id = ? AND retired_at IS NULL',
  revoke: 'UPDATE feeds SET revoked_at = ? WHERE id = ?',
  update: 'UPDATE feeds SET name = ?, level = ?, expires_at = ? WHERE id = ?',
  seen: 'UPDATE feeds SET seen_modseq = ?, seen_at = ? WHERE id = ?',
  addFetch: 'INSERT INTO feed_fetches (feed_id, at, peer, client, status) VALUES (?, ?, ?, ?, ?)',
  countFetch: 'UPDATE feeds SET fetches = fetches + 1 WHERE id = ?',
  trimFetches: `DELETE FROM feed_fetches WHERE feed_id = ?1 AND id <= (SELECT id FROM feed_fetches WHERE feed_id = ?1
    ORDER BY id DESC LIMIT 1 OFFSET ?2)`,
} as const;

export function feedReads(sql: Sql): FeedReads {
  return {
    get: (id) => sql.get<FeedRow>(statements.get, id),
    list: (accountId) => sql.all<FeedRow>(statements.list, accountId),
    byToken: (hash) => sql.get<FeedRow & { retiredAt: number | null }>(statements.byToken, hash),
    fetches: (feedId, limit) => sql.all<FeedFetchRow>(statements.fetches, feedId, limit),
  };
}

export function feedWrites(sql: Sql): FeedWrites {
  return {
    ...feedReads(sql),
    add: ({ accountId, collectionId, name, level, createdAt, expiresAt }) =>
      insertedId(sql, statements.add, accountId, collectionId, name, level, createdAt, expiresAt, createdAt),
    async addToken(feedId, hash) {
      await sql.run(statements.addToken, hash, feedId);
    },
    async retireTokens(feedId, now) {
      await sql.run(statements.retireTokens, now, feedId);
    },
    async revoke(id, now) {
      await sql.run(statements.revoke, now, id);
    },
    async update({ id, name, level, expiresAt }) {
      await sql.run(statements.update, name, level, expiresAt, id);
    },
    async seen(id, modseq, at) {
      await sql.run(statements.seen, modseq, at, id);
    },
    async addFetch(feedId, { at, peer, client, status }, keep) {
      await sql.run(statements.addFetch, feedId, at, peer, client, status);
      if (status < 400) await sql.run(statements.countFetch, feedId);
      await sql.run(statements.trimFetches, feedId, keep);
    },
  };
}
