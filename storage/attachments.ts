/**
 * Managed attachments and the objects that use them: tables `managed_attachments` and `attachment_uses`.
 * RFC 8607 §3.12.4: an attachment lives as long as an object names its MANAGED-ID. Every write of an object's octets passes
 * through `use` below, whoever writes, so that none can leave an attachment behind or lose one that is still named.
 * Elsewhere: the bytes (blobs.ts), what the octets mean (src/calendar/attachments.ts).
 */
import { insertedId, list, type Sql } from './sql.ts';
import type { AttachmentReads, AttachmentRow, AttachmentWrites } from './store.ts';

const SELECT = `SELECT a.id, a.account_id AS accountId, a.managed_id AS managedId, a.blob_id AS blobId, a.uri,
  a.media_type AS mediaType, a.file_name AS fileName, a.size, a.created_at AS createdAt FROM managed_attachments a`;
const UNUSED = 'NOT EXISTS (SELECT 1 FROM attachment_uses u WHERE u.attachment_id = managed_attachments.id)';

export const statements = {
  byManagedIds: `${SELECT} WHERE a.managed_id IN (SELECT value FROM json_each(?))`,
  usedBy: 'SELECT attachment_id AS id FROM attachment_uses WHERE object_id = ?',
  collectionsUsing: `SELECT DISTINCT o.collection_id AS id FROM attachment_uses u
    JOIN calendar_objects o ON o.id = u.object_id WHERE u.attachment_id = ? LIMIT 200`,
  add: `INSERT INTO managed_attachments (account_id, managed_id, blob_id, uri, media_type, file_name, size, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
  use: `INSERT INTO attachment_uses (object_id, attachment_id)
    SELECT ?1, id FROM managed_attachments WHERE managed_id IN (SELECT value FROM json_each(?2))
    ON CONFLICT DO NOTHING`,
  disuse: `DELETE FROM attachment_uses WHERE object_id = ?1 AND attachment_id NOT IN
    (SELECT id FROM managed_attachments WHERE managed_id IN (SELECT value FROM json_each(?2)))`,
  removeUnused: `DELETE FROM managed_attachments WHERE id IN (SELECT value FROM json_each(?)) AND ${UNUSED}
    RETURNING account_id AS accountId, size`,
  collect: `SELECT id FROM managed_attachments WHERE created_at < ? AND ${UNUSED} ORDER BY id LIMIT ?`,
  freeBytes: 'UPDATE accounts SET used_bytes = used_bytes - ? WHERE id = ?',
} as const;

export function attachmentReads(sql: Sql): AttachmentReads {
  return {
    byManagedIds: (managedIds) => sql.all<AttachmentRow>(statements.byManagedIds, list(managedIds)),
    async collectionsUsing(id) {
      return (await sql.all<{ id: number }>(statements.collectionsUsing, id)).map((row) => row.id);
    },
    usedBy: (objectId) => usedBy(sql, objectId),
  };
}

export function attachmentWrites(sql: Sql): AttachmentWrites {
  return {
    ...attachmentReads(sql),
    add: ({ accountId, managedId, blobId, uri, mediaType, fileName, size, createdAt }) =>
      insertedId(sql, statements.add, accountId, managedId, blobId, uri, mediaType, fileName, size, createdAt),
    removeUnused: (id) => removeUnused(sql, [id]),
    async collect(before, limit) {
      const ids = (await sql.all<{ id: number }>(statements.collect, before, limit)).map(({ id }) => id);
      await removeUnused(sql, ids);
      return ids.length;
    },
  };
}

/** Notes which attachments the octets of a new object name. */
export async function use(sql: Sql, objectId: number, data: string): Promise<void> {
  const named = namedIn(data);
  if (named.length > 0) await sql.run(statements.use, objectId, list(named));
}

/** The same for an object that was there; what it alone named before goes. */
export async function reuse(sql: Sql, objectId: number, data: string): Promise<void> {
  const before = await usedBy(sql, objectId);
  const named = namedIn(data);
  if (before.length > 0) await sql.run(statements.disuse, objectId, list(named));
  if (named.length > 0) await sql.run(statements.use, objectId, list(named));
  if (before.length > 0) await removeUnused(sql, before);
}

/** Deletes of these attachments those that no object names, and gives their octets back to the account. */
export async function removeUnused(sql: Sql, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  for (const { accountId, size } of await sql.all<{ accountId: number; size: number }>(
    statements.removeUnused,
    list(ids),
  )) {
    await sql.run(statements.freeBytes, size, accountId);
  }
}

/** The attachments an object names. */
export async function usedBy(sql: Sql, objectId: number): Promise<number[]> {
  return (await sql.all<{ id: number }>(statements.usedBy, objectId)).map(({ id }) => id);
}

/** The values of MANAGED-ID; lines may be folded anywhere, also inside that name (RFC 5545 §3.1). */
function namedIn(data: string): string[] {
  if (!/A\s*T\s*T\s*A\s*C\s*H/i.test(data)) return [];
  const found = data.replace(/\r?\n[ \t]/g, '').matchAll(/;MANAGED-ID="?([A-Za-z0-9_-]{1,100})/gi);
  return [...new Set([...found].map((match) => match[1] ?? ''))];
}
