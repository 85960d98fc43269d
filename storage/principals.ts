/**
 * People, groups, rooms and resources with their addresses: tables `principals`, `addresses`, `group_members`.
 * Removing a principal hides everything in its account at once; purging.ts takes it away afterwards.
 */

import { insertedId, type Sql } from './sql.ts';
import type { PrincipalReads, PrincipalRow, PrincipalWrites } from './store.ts';

const COLUMNS = `p.id, p.organisation_id AS organisationId, p.kind, p.name, p.display_name AS displayName, p.uuid, p.role,
  p.created_at AS createdAt`;

export const statements = {
  get: `SELECT ${COLUMNS} FROM principals p WHERE p.id = ?`,
  byName: `SELECT ${COLUMNS} FROM principals p WHERE p.name = ?`,
  byAddress: `SELECT ${COLUMNS} FROM addresses a JOIN principals p ON p.id = a.principal_id WHERE a.address = ?`,
  list: `SELECT ${COLUMNS} FROM principals p WHERE p.organisation_id = ?1 OR ?1 = 0 ORDER BY p.name`,
  addresses: 'SELECT address FROM addresses WHERE principal_id = ? ORDER BY position, id',
  groupsOf: 'SELECT group_id FROM group_members WHERE member_id = ?',
  members: `SELECT ${COLUMNS} FROM group_members m JOIN principals p ON p.id = m.member_id WHERE m.group_id = ? ORDER BY p.name`,
  add: `INSERT INTO principals (organisation_id, kind, name, display_name, uuid, role, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
  openAccount: 'INSERT INTO accounts (id, modseq, next_uidvalidity, used_bytes, quota_bytes) VALUES (?, 0, ?, 0, NULL)',
  addAddress: 'INSERT INTO addresses (principal_id, domain_id, address, position) VALUES (?, ?, ?, ?)',
  removeAddress: 'DELETE FROM addresses WHERE principal_id = ? AND address = ?',
  addMember: 'INSERT INTO group_members (group_id, member_id) VALUES (?, ?) ON CONFLICT DO NOTHING',
  removeMember: 'DELETE FROM group_members WHERE group_id = ? AND member_id = ?',
  rename: 'UPDATE principals SET display_name = ? WHERE id = ?',
  removeProperties: `DELETE FROM properties WHERE resource_kind IN ('principal', 'calendars', 'addressbooks') AND resource_id = ?`,
  removePersonalProperties: 'DELETE FROM properties WHERE principal_id = ?',
  removeBindings: 'DELETE FROM bindings WHERE collection_id IN (SELECT id FROM collections WHERE account_id = ?)',
  removeGrants: 'DELETE FROM grants WHERE account_id = ?1 OR grantee_id = ?1',
  removeCollections: 'UPDATE collections SET removed = 1 WHERE account_id = ?',
  removeMailboxes: 'DELETE FROM mailboxes WHERE account_id = ?',
  remove: 'DELETE FROM principals WHERE id = ?',
} as const;

/** Addresses, credentials, memberships, own bindings and invitations received go by ON DELETE CASCADE. */
const REMOVAL = [
  statements.removeProperties,
  statements.removePersonalProperties,
  statements.removeBindings,
  statements.removeGrants,
  statements.removeCollections,
  statements.removeMailboxes,
  statements.remove,
];

export function principalReads(sql: Sql): PrincipalReads {
  return {
    get: (id) => sql.get<PrincipalRow>(statements.get, id),
    byName: (name) => sql.get<PrincipalRow>(statements.byName, name),
    byAddress: (address) => sql.get<PrincipalRow>(statements.byAddress, address),
    list: (organisationId) => sql.all<PrincipalRow>(statements.list, organisationId),
    async addresses(principalId) {
      return (await sql.rows<[string]>(statements.addresses, principalId)).map(([address]) => address);
    },
    async groupsOf(principalId) {
      return (await sql.rows<[number]>(statements.groupsOf, principalId)).map(([id]) => id);
    },
    members: (groupId) => sql.all<PrincipalRow>(statements.members, groupId),
  };
}

export function principalWrites(sql: Sql): PrincipalWrites {
  return {
    ...principalReads(sql),
    async add(row, uidvalidity) {
      const { organisationId, kind, name, displayName, uuid, role, createdAt } = row;
      const id = await insertedId(sql, statements.add, organisationId, kind, name, displayName, uuid, role, createdAt);
      await sql.run(statements.openAccount, id, uidvalidity);
      return id;
    },
    async addAddress(principalId, domainId, address, position) {
      await sql.run(statements.addAddress, principalId, domainId, address, position);
    },
    async removeAddress(principalId, address) {
      await sql.run(statements.removeAddress, principalId, address);
    },
    async removeMember(groupId, memberId) {
      await sql.run(statements.removeMember, groupId, memberId);
    },
    async rename(id, displayName) {
      await sql.run(statements.rename, displayName, id);
    },
    async addMember(groupId, memberId) {
      await sql.run(statements.addMember, groupId, memberId);
    },
    async remove(id) {
      for (const statement of REMOVAL) await sql.run(statement, id);
    },
  };
}
