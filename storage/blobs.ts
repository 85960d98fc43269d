/**
 * Message bytes by content within one account: tables `blobs` and `blob_chunks`.
 * Up to 256 kB travel in the transaction that refers to them; larger ones are staged in chunks first and closed by that
 * transaction. What nothing refers to goes 24 hours after it was last put.
 */

import { insertedId, type Sql } from './sql.ts';
import type { BlobReads, BlobWrites } from './store.ts';

/** The most that one read returns. */
const READ_LIMIT = 1_048_576;

export const statements = {
  find: 'SELECT id FROM blobs WHERE account_id = ? AND hash = ? AND complete = 1',
  size: 'SELECT size FROM blobs WHERE id = ? AND complete = 1',
  facts: 'SELECT hash, chunks FROM blobs WHERE id = ? AND complete = 1',
  whole: 'SELECT SUBSTR(octets, ?, ?) AS octets FROM blobs WHERE id = ? AND octets IS NOT NULL',
  chunkSizes: 'SELECT ordinal, LENGTH(octets) AS size FROM blob_chunks WHERE blob_id = ? ORDER BY ordinal',
  chunk: 'SELECT octets FROM blob_chunks WHERE blob_id = ? AND ordinal = ?',
  put: `INSERT INTO blobs (account_id, hash, size, chunks, complete, put_at, octets) VALUES (?, ?, ?, 0, 1, ?, ?) RETURNING id`,
  renew: 'UPDATE blobs SET put_at = ? WHERE id = ?',
  open: `INSERT INTO blobs (account_id, hash, size, chunks, complete, put_at, octets) VALUES (?, x'', 0, 0, 0, ?, NULL)
    RETURNING id`,
  append: 'INSERT INTO blob_chunks (blob_id, ordinal, octets) VALUES (?, ?, ?)',
  copyChunk: `INSERT INTO blob_chunks (blob_id, ordinal, octets)
    SELECT ?2, ordinal, octets FROM blob_chunks WHERE blob_id = ?1 AND ordinal = ?3`,
  discardChunk: `DELETE FROM blob_chunks WHERE blob_id = ?1
    AND ordinal = (SELECT MAX(ordinal) FROM blob_chunks WHERE blob_id = ?1)
    AND EXISTS (SELECT 1 FROM blobs WHERE id = ?1 AND complete = 0)`,
  discard: 'DELETE FROM blobs WHERE id = ? AND complete = 0',
  complete: `UPDATE blobs SET hash = ?, size = ?, complete = 1, put_at = ?,
    chunks = (SELECT COUNT(*) FROM blob_chunks WHERE blob_id = blobs.id) WHERE id = ?`,
  remove: 'DELETE FROM blobs WHERE id = ?',
  collect: `DELETE FROM blobs WHERE id IN (SELECT b.id FROM blobs b WHERE b.put_at < ?
    AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.blob_id = b.id)
    AND NOT EXISTS (SELECT 1 FROM files f WHERE f.blob_id = b.id)
    AND NOT EXISTS (SELECT 1 FROM managed_attachments a WHERE a.blob_id = b.id)
    AND NOT EXISTS (SELECT 1 FROM submissions s WHERE s.blob_id = b.id) ORDER BY b.put_at LIMIT ?)`,
} as const;

export function blobReads(sql: Sql): BlobReads {
  return {
    async find(accountId, hash) {
      return (await sql.get<{ id: number }>(statements.find, accountId, hash))?.id;
    },
    async size(id) {
      return (await sql.get<{ size: number }>(statements.size, id))?.size;
    },
    async facts(id) {
      const row = await sql.get<{ hash: Buffer; chunks: number }>(statements.facts, id);
      if (row === undefined) throw new Error(`blob ${id} does not exist`);
      return row;
    },
    async read(id, offset, length) {
      const wanted = Math.min(length, READ_LIMIT);
      const whole = await sql.get<{ octets: Buffer }>(statements.whole, offset + 1, wanted, id);
      if (whole !== undefined) return whole.octets;
      const pieces: Buffer[] = [];
      let start = 0;
      for (const { ordinal, size } of await sql.all<{ ordinal: number; size: number }>(statements.chunkSizes, id)) {
        const end = start + size;
        if (end > offset && start < offset + wanted) {
          const chunk = await sql.get<{ octets: Buffer }>(statements.chunk, id, ordinal);
          if (chunk === undefined) break;
          pieces.push(chunk.octets.subarray(Math.max(0, offset - start), offset + wanted - start));
        }
        start = end;
      }
      return Buffer.concat(pieces);
    },
  };
}

export function blobWrites(sql: Sql): BlobWrites {
  const reads = blobReads(sql);
  return {
    ...reads,
    async put(accountId, hash, octets, now) {
      const id = await reads.find(accountId, hash);
      if (id === undefined) return insertedId(sql, statements.put, accountId, hash, octets.length, now, octets);
      await sql.run(statements.renew, now, id);
      return id;
    },
    open: (accountId, now) => insertedId(sql, statements.open, accountId, now),
    async append(id, ordinal, octets) {
      await sql.run(statements.append, id, ordinal, octets);
    },
    async copyChunk(fromId, toId, ordinal) {
      await sql.run(statements.copyChunk, fromId, toId, ordinal);
    },
    async discardChunk(id) {
      if ((await sql.run(statements.discardChunk, id)) > 0) return true;
      await sql.run(statements.discard, id);
      return false;
    },
    async complete(id, accountId, hash, size, now) {
      const known = await reads.find(accountId, hash);
      if (known !== undefined) {
        await sql.run(statements.remove, id);
        await sql.run(statements.renew, now, known);
        return known;
      }
      await sql.run(statements.complete, hash, size, now, id);
      return id;
    },
    collect: (before, limit) => sql.run(statements.collect, before, limit),
  };
}
