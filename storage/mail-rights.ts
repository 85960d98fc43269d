/**
 * Who may do what with mailboxes of others: grants, with the letters that table `mail_rights` has for some of them.
 * Elsewhere: what rights and letters mean (src/mail/mail-rights.ts), grants themselves (grants.ts).
 */
import { list, type Sql } from './sql.ts';
import type { MailGrantRow, MailRightReads, MailRightWrites } from './store.ts';

const SELECT = `SELECT g.collection_id AS mailboxId, g.grantee_id AS granteeId, g.rights, COALESCE(m.letters, '') AS letters
  FROM grants g LEFT JOIN mail_rights m ON m.collection_id = g.collection_id AND m.grantee_id = g.grantee_id
  WHERE g.account_id = ? AND g.scope = ''`;

export const statements = {
  accounts: `SELECT DISTINCT g.account_id AS accountId FROM grants g
    WHERE g.grantee_id IN (SELECT value FROM json_each(?)) AND g.scope = ''
    AND (g.collection_id = 0 OR EXISTS (SELECT 1 FROM mailboxes b WHERE b.collection_id = g.collection_id))
    ORDER BY g.account_id`,
  forGrantees: `${SELECT} AND g.grantee_id IN (SELECT value FROM json_each(?))`,
  forMailbox: `${SELECT} AND g.grantee_id IN (SELECT value FROM json_each(?)) AND g.collection_id IN (0, ?)`,
  on: `${SELECT} AND g.collection_id IN (0, ?) ORDER BY g.id`,
  set: `INSERT INTO mail_rights (collection_id, grantee_id, letters) VALUES (?, ?, ?)
    ON CONFLICT (collection_id, grantee_id) DO UPDATE SET letters = excluded.letters`,
  remove: 'DELETE FROM mail_rights WHERE collection_id = ? AND grantee_id = ?',
  copyGrants: `INSERT INTO grants (account_id, collection_id, grantee_id, rights, scope, created_at)
    SELECT account_id, ?2, grantee_id, rights, scope, ?3 FROM grants WHERE collection_id = ?1`,
  copyLetters: `INSERT INTO mail_rights (collection_id, grantee_id, letters)
    SELECT ?2, grantee_id, letters FROM mail_rights WHERE collection_id = ?1`,
} as const;

export function mailRightReads(sql: Sql): MailRightReads {
  return {
    async accounts(granteeIds) {
      return (await sql.rows<[number]>(statements.accounts, list(granteeIds))).map(([id]) => id);
    },
    forGrantees: (accountId, granteeIds) => sql.all<MailGrantRow>(statements.forGrantees, accountId, list(granteeIds)),
    forMailbox: (accountId, mailboxId, granteeIds) =>
      sql.all<MailGrantRow>(statements.forMailbox, accountId, list(granteeIds), mailboxId),
    on: (accountId, mailboxId) => sql.all<MailGrantRow>(statements.on, accountId, mailboxId),
  };
}

export function mailRightWrites(sql: Sql): MailRightWrites {
  return {
    ...mailRightReads(sql),
    async setLetters(mailboxId, granteeId, letters) {
      if (letters === '') await sql.run(statements.remove, mailboxId, granteeId);
      else await sql.run(statements.set, mailboxId, granteeId, letters);
    },
    async copy(fromId, toId, now) {
      await sql.run(statements.copyGrants, fromId, toId, now);
      await sql.run(statements.copyLetters, fromId, toId);
    },
  };
}
