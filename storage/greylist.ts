/** Who brought mail before: table `greylist`. */
import { insertedId, type Sql } from './sql.ts';
import type { GreylistReads, GreylistRow, GreylistWrites } from './store.ts';

export const statements = {
  get: 'SELECT digest, seen_at AS seenAt, known, expires_at AS expiresAt FROM greylist WHERE digest = ?',
  remove: 'DELETE FROM greylist WHERE digest = ?',
  add: 'INSERT INTO greylist (digest, seen_at, known, expires_at) VALUES (?, ?, ?, ?) RETURNING id',
  makeRoom: 'DELETE FROM greylist WHERE id IN (SELECT id FROM greylist WHERE id <= ? ORDER BY id LIMIT 100)',
  expire: 'DELETE FROM greylist WHERE id IN (SELECT id FROM greylist WHERE expires_at <= ? LIMIT ?)',
} as const;

export function greylistReads(sql: Sql): GreylistReads {
  return { get: (digest) => sql.get<GreylistRow>(statements.get, digest) };
}

export function greylistWrites(sql: Sql): GreylistWrites {
  return {
    ...greylistReads(sql),
    async put({ digest, seenAt, known, expiresAt }, most) {
      // With a new id it is the last to make room again.
      await sql.run(statements.remove, digest);
      const id = await insertedId(sql, statements.add, digest, seenAt, known, expiresAt);
      await sql.run(statements.makeRoom, id - most);
    },
    expire: (now, limit) => sql.run(statements.expire, now, limit),
  };
}
