/**
 * Mailboxes and subscriptions: tables `mailboxes` and `subscriptions`.
 * UIDs and UIDVALIDITY are handed out here, inside the transaction that uses them, and never twice.
 * Elsewhere: what is in them (placements.ts).
 */
import { insertedId, type Sql } from './sql.ts';
import type { MailboxReads, MailboxRow, MailboxWrites } from './store.ts';

const SELECT = `SELECT c.id, c.account_id AS accountId, c.modseq, m.name, m.special_use AS specialUse, m.uidvalidity, m.uidnext,
    m.recent_from AS recentFrom, m.keywords FROM mailboxes m JOIN collections c ON c.id = m.collection_id`;
const NEXT_UIDVALIDITY = 'SELECT next_uidvalidity FROM accounts WHERE id =';

export const statements = {
  get: `${SELECT} WHERE m.collection_id = ?`,
  byName: `${SELECT} WHERE m.account_id = ? AND m.name = ?`,
  list: `${SELECT} WHERE m.account_id = ? ORDER BY m.name`,
  count: 'SELECT COUNT(*) AS count FROM mailboxes WHERE account_id = ?',
  withoutInbox: `SELECT p.id FROM principals p WHERE p.kind = 'individual'
    AND NOT EXISTS (SELECT 1 FROM mailboxes m WHERE m.account_id = p.id AND m.name = 'INBOX') ORDER BY p.id`,
  subscriptions: 'SELECT name FROM subscriptions WHERE principal_id = ? ORDER BY name',
  addCollection: `INSERT INTO collections (account_id, kind, modseq, created_at, removed) VALUES (?, 'mailbox', ?, ?, 0)
    RETURNING id`,
  add: `INSERT INTO mailboxes (collection_id, account_id, name, special_use, uidvalidity, uidnext, recent_from, keywords)
    SELECT ?1, ?2, ?3, ?4, (${NEXT_UIDVALIDITY} ?2), 1, 1, '[]'`,
  tookUidvalidity: 'UPDATE accounts SET next_uidvalidity = next_uidvalidity + 1 WHERE id = ?',
  renewUidvalidity: `UPDATE mailboxes SET uidvalidity = (${NEXT_UIDVALIDITY} mailboxes.account_id), uidnext = 1, recent_from = 1
    WHERE collection_id = ? RETURNING account_id AS accountId`,
  rename: 'UPDATE mailboxes SET name = ? WHERE collection_id = ?',
  remove: 'DELETE FROM mailboxes WHERE collection_id = ?',
  removeGrants: 'DELETE FROM grants WHERE collection_id = ?',
  removeLetters: 'DELETE FROM mail_rights WHERE collection_id = ?',
  removeCollection: 'UPDATE collections SET removed = 1 WHERE id = ?',
  takeUids: 'UPDATE mailboxes SET uidnext = uidnext + ? WHERE collection_id = ? RETURNING uidnext',
  setKeywords: 'UPDATE mailboxes SET keywords = ? WHERE collection_id = ?',
  setRecentFrom: 'UPDATE mailboxes SET recent_from = ? WHERE collection_id = ?',
  subscribe: 'INSERT INTO subscriptions (principal_id, name) VALUES (?, ?) ON CONFLICT (principal_id, name) DO NOTHING',
  unsubscribe: 'DELETE FROM subscriptions WHERE principal_id = ? AND name = ?',
} as const;

export function mailboxReads(sql: Sql): MailboxReads {
  return {
    get: (id) => sql.get<MailboxRow>(statements.get, id),
    byName: (accountId, name) => sql.get<MailboxRow>(statements.byName, accountId, name),
    list: (accountId) => sql.all<MailboxRow>(statements.list, accountId),
    async count(accountId) {
      return (await sql.get<{ count: number }>(statements.count, accountId))?.count ?? 0;
    },
    async withoutInbox() {
      return (await sql.rows<[number]>(statements.withoutInbox)).map(([id]) => id);
    },
    async subscriptions(principalId) {
      return (await sql.rows<[string]>(statements.subscriptions, principalId)).map(([name]) => name);
    },
  };
}

export function mailboxWrites(sql: Sql): MailboxWrites {
  return {
    ...mailboxReads(sql),
    async add({ accountId, name, specialUse, modseq, now }) {
      const id = await insertedId(sql, statements.addCollection, accountId, modseq, now);
      await sql.run(statements.add, id, accountId, name, specialUse);
      await sql.run(statements.tookUidvalidity, accountId);
      return id;
    },
    async rename(id, name) {
      await sql.run(statements.rename, name, id);
    },
    async remove(id) {
      await sql.run(statements.remove, id);
      await sql.run(statements.removeGrants, id);
      await sql.run(statements.removeLetters, id);
      await sql.run(statements.removeCollection, id);
    },
    async takeUids(id, count) {
      const row = await sql.get<{ uidnext: number }>(statements.takeUids, count, id);
      if (row === undefined) throw new Error(`mailbox ${id} does not exist`);
      return row.uidnext - count;
    },
    async setKeywords(id, keywords) {
      await sql.run(statements.setKeywords, keywords, id);
    },
    async setRecentFrom(id, uid) {
      await sql.run(statements.setRecentFrom, uid, id);
    },
    async renewUidvalidity(id) {
      const row = await sql.get<{ accountId: number }>(statements.renewUidvalidity, id);
      if (row !== undefined) await sql.run(statements.tookUidvalidity, row.accountId);
    },
    async subscribe(principalId, name) {
      await sql.run(statements.subscribe, principalId, name);
    },
    async unsubscribe(principalId, name) {
      await sql.run(statements.unsubscribe, principalId, name);
    },
  };
}
