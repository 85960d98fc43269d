/** Who was invited to share whose collection, and what came of it: table `invitations`. Rights themselves are in grants.ts. */

import { insertedId, type Sql } from './sql.ts';
import type { InvitationReads, InvitationRow, InvitationWrites } from './store.ts';

const SELECT = `SELECT id, uid, collection_id AS collectionId, invitee_id AS inviteeId, href, common_name AS commonName, summary,
  rights, status, created_at AS createdAt FROM invitations`;

export const statements = {
  ofCollection: `${SELECT} WHERE collection_id = ? ORDER BY id`,
  byUid: `${SELECT} WHERE uid = ?`,
  of: `${SELECT} WHERE collection_id = ? AND invitee_id = ?`,
  add: `INSERT INTO invitations (uid, collection_id, invitee_id, href, common_name, summary, rights, status, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
  update: 'UPDATE invitations SET common_name = ?, summary = ?, rights = ?, status = ? WHERE id = ?',
  remove: 'DELETE FROM invitations WHERE id = ?',
} as const;

export function invitationReads(sql: Sql): InvitationReads {
  return {
    ofCollection: (collectionId) => sql.all<InvitationRow>(statements.ofCollection, collectionId),
    byUid: (uid) => sql.get<InvitationRow>(statements.byUid, uid),
    of: (collectionId, inviteeId) => sql.get<InvitationRow>(statements.of, collectionId, inviteeId),
  };
}

export function invitationWrites(sql: Sql): InvitationWrites {
  return {
    ...invitationReads(sql),
    add({ uid, collectionId, inviteeId, href, commonName, summary, rights, status, createdAt }) {
      const about = [uid, collectionId, inviteeId, href, commonName, summary] as const;
      return insertedId(sql, statements.add, ...about, rights, status, createdAt);
    },
    async update({ id, commonName, summary, rights, status }) {
      await sql.run(statements.update, commonName, summary, rights, status, id);
    },
    async remove(id) {
      await sql.run(statements.remove, id);
    },
  };
}
