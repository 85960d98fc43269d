/** Tenants and their domains: tables `organisations` and `domains`. */

import { insertedId, type Sql } from './sql.ts';
import type { DomainRow, OrganisationReads, OrganisationRow, OrganisationWrites } from './store.ts';

const DOMAIN = 'id, organisation_id AS organisationId, name, created_at AS createdAt';

export const statements = {
  list: 'SELECT id, name, created_at AS createdAt FROM organisations ORDER BY id',
  domains: `SELECT ${DOMAIN} FROM domains ORDER BY name`,
  domain: `SELECT ${DOMAIN} FROM domains WHERE name = ?`,
  add: 'INSERT INTO organisations (name, created_at) VALUES (?, ?) RETURNING id',
  addDomain: 'INSERT INTO domains (organisation_id, name, created_at) VALUES (?, ?, ?) RETURNING id',
} as const;

export function organisationReads(sql: Sql): OrganisationReads {
  return {
    list: () => sql.all<OrganisationRow>(statements.list),
    domains: () => sql.all<DomainRow>(statements.domains),
    domain: (name) => sql.get<DomainRow>(statements.domain, name),
  };
}

export function organisationWrites(sql: Sql): OrganisationWrites {
  return {
    ...organisationReads(sql),
    add: (name, now) => insertedId(sql, statements.add, name, now),
    addDomain: (organisationId, name, now) => insertedId(sql, statements.addDomain, organisationId, name, now),
  };
}
