/**
 * Privileges and principals as properties: views of the rights that src/principals/access.ts decides.
 * RFC 3744 §4 and §5, RFC 5397 §3, RFC 4791 §6.1.1 (read-free-busy).
 * Elsewhere: the reports on principals (principal-reports.ts). Rights are granted outside of DAV: there is no ACL method.
 */
import type { Rights } from '../../src/principals/access.ts';
import { ALL_RIGHTS, NO_RIGHTS } from '../../src/principals/access.ts';
import type { Exchange, LiveProperty, Resource, ResourceKind } from './contract.ts';
import { principalXml } from './live-properties.ts';
import { DAV } from './namespaces.ts';
import { hrefXml } from './xml.ts';

const EVERYTHING: readonly ResourceKind[] = [
  'root',
  'principals',
  'principal',
  'homes',
  'home',
  'collection',
  'member',
];

export const aclProperties: readonly LiveProperty[] = [
  {
    namespace: DAV,
    name: 'current-user-principal',
    on: EVERYTHING,
    fromListing: () => true,
    read: (_resource, { viewer }) => principalXml(viewer.name),
  },
  {
    namespace: DAV,
    name: 'principal-URL',
    // Beside principals, `/` and `/dav/` tell who is signed in: some clients look nowhere else.
    on: ['root', 'principals', 'principal'],
    read: (resource, { viewer }) =>
      resource.kind === 'principal' ? hrefXml(resource.href) : principalXml(viewer.name),
  },
  {
    namespace: DAV,
    name: 'principal-collection-set',
    on: EVERYTHING,
    fromListing: () => true,
    read: () => hrefXml('/dav/principals/'),
  },
  {
    namespace: DAV,
    name: 'owner',
    on: ['principal', 'home', 'collection', 'member'],
    fromListing: () => true,
    read: owner,
  },
  {
    namespace: DAV,
    name: 'current-user-privilege-set',
    on: EVERYTHING,
    fromListing: () => true,
    read: (resource, exchange) => privilegesXml(resource, rightsOf(resource, exchange)),
  },
  { namespace: DAV, name: 'supported-privilege-set', on: EVERYTHING, fromListing: () => true, read: () => SUPPORTED },
  { namespace: DAV, name: 'alternate-URI-set', on: ['principal'], read: () => '' },
  { namespace: DAV, name: 'group-membership', on: ['principal'], read: groupMembership },
  { namespace: DAV, name: 'group-member-set', on: ['principal'], read: groupMembers },
];

/** What the viewer may do with a resource. */
export function rightsOf(resource: Resource, { viewer }: Exchange): Rights {
  switch (resource.kind) {
    case 'collection':
    case 'member':
      return resource.collection.rights;
    case 'home':
    case 'principal':
      return resource.principal.id === viewer.id ? ALL_RIGHTS : READ_ONLY;
    default:
      return READ_ONLY;
  }
}

const READ_ONLY: Rights = { ...NO_RIGHTS, read: true };

function owner(resource: Resource): string | undefined {
  switch (resource.kind) {
    case 'principal':
    case 'home':
      return principalXml(resource.principal.name);
    case 'collection':
    case 'member':
      return principalXml(resource.collection.owner.name);
    default:
      return undefined;
  }
}

async function groupMembership(resource: Resource, { server, viewer }: Exchange): Promise<string | undefined> {
  if (resource.kind !== 'principal') return undefined;
  return (await server.directory.groupsOf(viewer, resource.principal)).map(({ name }) => principalXml(name)).join('');
}

async function groupMembers(resource: Resource, { server, viewer }: Exchange): Promise<string | undefined> {
  if (resource.kind !== 'principal') return undefined;
  if (resource.principal.kind !== 'group') return '';
  return (await server.directory.membersOf(viewer, resource.principal)).map(({ name }) => principalXml(name)).join('');
}

/** Each aggregate with its parts: clients look for either (RFC 3744 §3.12, §5.4). */
function privilegesXml(resource: Resource, rights: Rights): string {
  const names: string[] = [];
  if (rights.manage && rights.write) names.push('D:all');
  if (rights.read) names.push('D:read', 'D:read-current-user-privilege-set');
  if (rights.freeBusy && resource.kind !== 'principal' && isCalendar(resource)) names.push('C:read-free-busy');
  if (rights.write) names.push('D:write', 'D:write-content', 'D:write-properties', 'D:bind', 'D:unbind');
  // A calendar that is fetched from elsewhere: its owner names and colours it, nobody writes into it.
  else if (rights.manage) names.push('D:write-properties');
  return names.map(privilege).join('');
}

function isCalendar(resource: Resource): boolean {
  return 'extension' in resource && resource.extension.kind === 'calendar';
}

function privilege(name: string): string {
  return `<D:privilege><${name}/></D:privilege>`;
}

/** RFC 3744 §5.3: the tree below DAV:all, with read-free-busy below read (RFC 4791 §6.1.1). */
const SUPPORTED = supported('D:all', 'Everything', [
  supported('D:read', 'Read', [
    supported('C:read-free-busy', 'See when time is busy'),
    supported('D:read-current-user-privilege-set', 'See own privileges'),
  ]),
  supported('D:write', 'Write', [
    supported('D:write-content', 'Change members'),
    supported('D:write-properties', 'Change properties'),
    supported('D:bind', 'Add members'),
    supported('D:unbind', 'Remove members'),
  ]),
]);

function supported(name: string, description: string, parts: readonly string[] = []): string {
  const sentence = `<D:description xml:lang="en">${description}</D:description>`;
  return `<D:supported-privilege>${privilege(name)}${sentence}${parts.join('')}</D:supported-privilege>`;
}
