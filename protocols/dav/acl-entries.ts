/**
 * The access control list of a resource: who was granted what, and where an entry comes from.
 * RFC 3744 §5.5 (ACEs), §5.5.4 (inherited), §5.5.3 (protected). A view of the grants (src/collections/grants.ts).
 * Elsewhere: changing it (acl-method.ts), which rights follow (src/principals/access.ts).
 */
import type { Entry } from '../../src/collections/grants.ts';
import type { Principal } from '../../src/principals/access.ts';
import type { GrantRights } from '../../storage/store.ts';
import type { Exchange, Resource } from './contract.ts';
import { homeHref, principalHref } from './hrefs.ts';
import { hrefXml } from './xml.ts';

/** One ACE. */
export interface AclEntry {
  /** 'owner': DAV:owner as a property; 'authenticated': everybody in the organisation (Interpretation 22). */
  readonly principal: Principal | 'owner' | 'authenticated';
  readonly privileges: readonly string[];
  readonly protected?: boolean;
  /** The href of what it is inherited from. */
  readonly inherited?: string;
}

/** Privileges of each kind of grant; none for those that are not about DAV. */
export const PRIVILEGES: Readonly<Record<GrantRights, readonly string[]>> = {
  'free-busy': ['C:read-free-busy'],
  read: ['D:read'],
  'read-write': ['D:read', 'D:write'],
  manage: ['D:all'],
  'send-as': [],
};

const OWNER: AclEntry = { principal: 'owner', privileges: ['D:all'], protected: true };
const READERS: AclEntry = { principal: 'authenticated', privileges: ['D:read'], protected: true };

/** The list of a resource: the owner's entry, those of its own, those it inherits. */
export async function entriesOf(resource: Resource, { server }: Exchange): Promise<AclEntry[]> {
  switch (resource.kind) {
    case 'collection': {
      const { own, inherited } = await server.grants.list(resource.collection);
      const { home, owner } = resource.collection;
      const above = homeHref(home === 'addressbooks' ? home : 'calendars', owner.name);
      return [OWNER, ...own.flatMap((entry) => asEntry(entry)), ...inherited.flatMap((entry) => asEntry(entry, above))];
    }
    case 'member': {
      const { own, inherited } = await server.grants.list(resource.collection);
      const above = resource.href.slice(0, resource.href.lastIndexOf('/') + 1);
      return [OWNER, ...[...own, ...inherited].flatMap((entry) => asEntry(entry, above))];
    }
    case 'home':
      return [OWNER];
    case 'principal':
    case 'proxy':
      return [OWNER, READERS];
    default:
      return [READERS];
  }
}

function asEntry({ grantee, rights }: Entry, inherited?: string): AclEntry[] {
  const privileges = PRIVILEGES[rights];
  if (privileges.length === 0) return [];
  const entry = { principal: grantee ?? ('authenticated' as const), privileges };
  return [inherited === undefined ? entry : { ...entry, inherited }];
}

/** The content of DAV:acl. */
export function printEntries(entries: readonly AclEntry[]): string {
  return entries.map(printEntry).join('');
}

function printEntry({ principal, privileges, inherited, ...entry }: AclEntry): string {
  const granted = privileges.map((name) => `<D:privilege><${name}/></D:privilege>`).join('');
  const source = inherited === undefined ? '' : `<D:inherited>${hrefXml(inherited)}</D:inherited>`;
  const fixed = entry.protected ? '<D:protected/>' : '';
  return `<D:ace><D:principal>${printPrincipal(principal)}</D:principal><D:grant>${granted}</D:grant>${fixed}${source}</D:ace>`;
}

function printPrincipal(principal: AclEntry['principal']): string {
  if (principal === 'owner') return '<D:property><D:owner/></D:property>';
  return principal === 'authenticated' ? '<D:authenticated/>' : hrefXml(principalHref(principal.name));
}
