/** Keys that sign the mail of domains: table `domain_keys`. */
import { insertedId, type Sql } from './sql.ts';
import type { DomainKeyReads, DomainKeyRow, DomainKeyWrites } from './store.ts';

export const statements = {
  ofDomain: `SELECT id, domain_id AS domainId, selector, algorithm, private_key AS privateKey, created_at AS createdAt
    FROM domain_keys WHERE domain_id = ? ORDER BY id`,
  add: `INSERT INTO domain_keys (domain_id, selector, algorithm, private_key, created_at) VALUES (?, ?, ?, ?, ?) RETURNING id`,
} as const;

export function domainKeyReads(sql: Sql): DomainKeyReads {
  return { ofDomain: (domainId) => sql.all<DomainKeyRow>(statements.ofDomain, domainId) };
}

export function domainKeyWrites(sql: Sql): DomainKeyWrites {
  return {
    ...domainKeyReads(sql),
    add: (row) =>
      insertedId(sql, statements.add, row.domainId, row.selector, row.algorithm, row.privateKey, row.createdAt),
  };
}
