/**
 * Putting a whole database back: it begins another life, so that nothing handed out in the life that is lost is mistaken.
 * Design "A restore starts a boot and renews UIDVALIDITY". In one transaction: ids and modseqs leap past any that the lost time
 * can have used, every sync token of it is refused (RFC 6578 §3.2) while those the backup knows stay good, every mailbox gets a
 * new UIDVALIDITY (RFC 9051 §2.3.1.1), and mail that was waiting to be sent is held: it may have been sent since.
 */
import { join } from 'node:path';
import { openConnection } from './connection.ts';
import { migrate, readMigrations } from './migrate.ts';

/** More ids or changes than any account uses between two backups. */
const LEAP = 10_000_000;

const STATEMENTS = [
  // Boots count by one for each start: the seconds of the clock are always ahead of them.
  `INSERT INTO boots (id, started_at, version)
    SELECT MAX(COALESCE((SELECT MAX(id) FROM boots), 0) + 1, CAST(?1 AS INTEGER) / 1000), ?1, 'restore'`,
  `INSERT INTO account_boots (account_id, boot_id, first_modseq)
    SELECT a.id, (SELECT MAX(id) FROM boots), a.modseq + 1 FROM accounts a`,
  `UPDATE accounts SET modseq = modseq + ${LEAP},
    next_uidvalidity = MAX(next_uidvalidity, CAST(?1 AS INTEGER) / 1000) + 1`,
  `UPDATE collections SET modseq = (SELECT a.modseq FROM accounts a WHERE a.id = collections.account_id)`,
  `UPDATE mailboxes SET uidvalidity = (SELECT a.next_uidvalidity FROM accounts a WHERE a.id = mailboxes.account_id)
    + (SELECT COUNT(*) FROM mailboxes o WHERE o.account_id = mailboxes.account_id AND o.collection_id < mailboxes.collection_id)
   `,
  `UPDATE accounts SET next_uidvalidity = next_uidvalidity
    + (SELECT COUNT(*) FROM mailboxes m WHERE m.account_id = accounts.id)`,
  `UPDATE submissions SET state = 'held', last_error = 'held by a restore' WHERE state = 'queued'`,
  `UPDATE sqlite_sequence SET seq = seq + ${LEAP} WHERE name <> 'boots'`,
] as const;

/** Makes the database of a folder, which nobody has open, ready to be served as a restored one. */
export function beginNewLife(folder: string, now: number): void {
  const { database } = openConnection(join(folder, 'convene.sqlite'), { readonly: false });
  try {
    migrate(database, readMigrations(), now);
    database.transaction(() => {
      for (const statement of STATEMENTS) {
        const one = database.prepare(statement);
        if (statement.includes('?1')) one.run({ 1: now });
        else one.run();
      }
    })();
  } finally {
    database.close();
  }
}
