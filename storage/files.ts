/** Members of plain collections and notifications: table `files`; their octets are blobs (blobs.ts) of the account. */

import { memberStatements } from './members.ts';
import { insertedId, type Sql } from './sql.ts';
import type { FileReads, FileRow, FileWrites, ListingRow } from './store.ts';
import { entomb, exhume } from './tombstones.ts';
import { charge, chargeReplaced, release } from './used-bytes.ts';

const { get, page, listing, count, move, remove } = memberStatements(
  'files',
  'files',
  'id',
  'm.content_type AS contentType, m.blob_id AS blobId',
  'name',
);

export const statements = {
  get,
  page,
  listing,
  count,
  move,
  remove,
  insert: `INSERT INTO files (collection_id, name, content_type, blob_id, etag, size, modseq, created_at, modified_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
  update: `UPDATE files SET name = ?, content_type = ?, blob_id = ?, etag = ?, size = ?, modseq = ?, modified_at = ?
    WHERE id = ?`,
  removeProperties: `DELETE FROM properties WHERE resource_kind = 'file' AND resource_id = ?`,
} as const;

export function fileReads(sql: Sql): FileReads {
  return {
    get: (collectionId, name) => sql.get<FileRow>(statements.get, collectionId, name),
    page: (collectionId, after, limit) =>
      sql.all<FileRow>(statements.page, collectionId, after.modseq, after.memberId, limit),
    listing: (collectionId, after, limit) =>
      sql.rows<ListingRow>(statements.listing, collectionId, after.modseq, after.memberId, limit),
    async count(collectionId) {
      return (await sql.get<{ count: number }>(statements.count, collectionId))?.count ?? 0;
    },
  };
}

export function fileWrites(sql: Sql): FileWrites {
  return {
    ...fileReads(sql),
    async add(row) {
      const { collectionId, name, contentType, blobId, etag, size, modseq, createdAt, modifiedAt } = row;
      const described = [collectionId, name, contentType, blobId, etag, size] as const;
      const id = await insertedId(sql, statements.insert, ...described, modseq, createdAt, modifiedAt);
      await charge(sql, collectionId, size);
      await exhume(sql, collectionId, name);
      return id;
    },
    async replace(row) {
      const { collectionId, name, contentType, blobId, etag, size, modseq, modifiedAt, id } = row;
      await chargeReplaced(sql, 'files', collectionId, id, size);
      await sql.run(statements.update, name, contentType, blobId, etag, size, modseq, modifiedAt, id);
    },
    async move(row, accountId, to, modseq) {
      await sql.run(statements.move, to.collectionId, to.name, modseq, row.id);
      await entomb(sql, accountId, row, modseq);
      await exhume(sql, to.collectionId, to.name);
    },
    async remove(row, accountId, modseq) {
      await release(sql, row.collectionId, row.size);
      await sql.run(statements.remove, row.id);
      await sql.run(statements.removeProperties, row.id);
      await entomb(sql, accountId, row, modseq);
    },
  };
}
