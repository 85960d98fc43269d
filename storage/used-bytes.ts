/**
 * The octets that members of collections take of their account: column `used_bytes` of `accounts`, kept with every write of
 * a member. Messages are counted by their own service. RFC 4331 §3
 */

import type { Sql } from './sql.ts';

const OF_COLLECTION = 'WHERE id = (SELECT account_id FROM collections WHERE id = ?1)';

const MEMBERS = `(
    COALESCE((SELECT SUM(size) FROM calendar_objects WHERE collection_id = ?1), 0)
    + COALESCE((SELECT SUM(size) FROM cards WHERE collection_id = ?1), 0)
    + COALESCE((SELECT SUM(size) FROM files WHERE collection_id = ?1), 0))`;

export const statements = {
  charge: `UPDATE accounts SET used_bytes = used_bytes + ?2 ${OF_COLLECTION}`,
  replacedObject: `UPDATE accounts SET used_bytes = used_bytes + ?2 - (SELECT size FROM calendar_objects WHERE id = ?3) ${OF_COLLECTION}`,
  replacedCard: `UPDATE accounts SET used_bytes = used_bytes + ?2 - (SELECT size FROM cards WHERE id = ?3) ${OF_COLLECTION}`,
  replacedFile: `UPDATE accounts SET used_bytes = used_bytes + ?2 - (SELECT size FROM files WHERE id = ?3) ${OF_COLLECTION}`,
  releaseCollection: `UPDATE accounts SET used_bytes = used_bytes - ${MEMBERS} ${OF_COLLECTION}`,
  chargeCollection: `UPDATE accounts SET used_bytes = used_bytes + ${MEMBERS} ${OF_COLLECTION}`,
} as const;

const REPLACED = {
  calendar_objects: statements.replacedObject,
  cards: statements.replacedCard,
  files: statements.replacedFile,
} as const;

/** A member came. */
export async function charge(sql: Sql, collectionId: number, size: number): Promise<void> {
  await sql.run(statements.charge, collectionId, size);
}

/** A member is about to be replaced by one of this size. */
export async function chargeReplaced(
  sql: Sql,
  table: keyof typeof REPLACED,
  collectionId: number,
  id: number,
  size: number,
): Promise<void> {
  await sql.run(REPLACED[table], collectionId, size, id);
}

/** A member left. */
export async function release(sql: Sql, collectionId: number, size: number): Promise<void> {
  await sql.run(statements.charge, collectionId, -size);
}

/** A collection is about to be removed with all its members. */
export async function releaseCollection(sql: Sql, collectionId: number): Promise<void> {
  await sql.run(statements.releaseCollection, collectionId);
}

/** A removed collection comes back with all its members. */
export async function chargeCollection(sql: Sql, collectionId: number): Promise<void> {
  await sql.run(statements.chargeCollection, collectionId);
}
