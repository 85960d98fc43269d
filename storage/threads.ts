/** Which thread of an account a Message-ID belongs to, by its hash: table `threads`. Rows stay as long as the account. */
import { list, type Sql } from './sql.ts';
import type { ThreadReads, ThreadWrites } from './store.ts';

export const statements = {
  find: 'SELECT hash, thread_id FROM threads WHERE account_id = ? AND hash IN (SELECT value FROM json_each(?))',
  add: `INSERT INTO threads (account_id, hash, thread_id) VALUES (?, ?, ?) ON CONFLICT (account_id, hash) DO NOTHING`,
} as const;

export function threadReads(sql: Sql): ThreadReads {
  return { find: (accountId, hashes) => sql.rows(statements.find, accountId, list(hashes)) };
}

export function threadWrites(sql: Sql): ThreadWrites {
  return {
    ...threadReads(sql),
    async add(accountId, hashes, threadId) {
      await sql.runEach(
        statements.add,
        hashes.map((hash) => [accountId, hash, threadId]),
      );
    },
  };
}
