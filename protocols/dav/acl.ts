/**
 * Privileges and principals as properties: views of the rights that src/principals/access.ts decides.
 * RFC 3744 §4 and §5, RFC 5397 §3, RFC 4791 §6.1.1 (read-free-busy), RFC 6638 §6 (scheduling).
 * Elsewhere: the list of a resource as entries (acl-entries.ts), changing it (acl-method.ts), reports (principal-reports.ts,
 * acl-reports.ts).
 */
import { isSchedulingCollection } from '../../src/collections/collections.ts';
import type { Principal, Rights } from '../../src/principals/access.ts';
import { ALL_RIGHTS, NO_RIGHTS } from '../../src/principals/access.ts';
import { entriesOf, printEntries } from './acl-entries.ts';
import type { Exchange, HomeResource, LiveProperty, Resource, ResourceKind } from './contract.ts';
import { principalXml } from './live-properties.ts';
import { DAV } from './namespaces.ts';
import { delegatesOf, proxyGroupsOf } from './proxies.ts';
import { hrefXml } from './xml.ts';

const EVERYTHING: readonly ResourceKind[] = [
  'root',
  'principals',
  'principal',
  'proxy',
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
    on: ['root', 'principals', 'principal', 'proxy'],
    read: (resource, { viewer }) =>
      resource.kind === 'principal' || resource.kind === 'proxy' ? hrefXml(resource.href) : principalXml(viewer.name),
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
    on: ['principal', 'proxy', 'home', 'collection', 'member'],
    fromListing: () => true,
    read: owner,
  },
  {
    namespace: DAV,
    name: 'current-user-privilege-set',
    on: EVERYTHING,
    fromListing: () => true,
    read: (resource, exchange) =>
      resource.kind === 'home' && resource.principal.id !== exchange.viewer.id
        ? homePrivileges(resource, exchange)
        : privilegesXml(resource, rightsOf(resource, exchange)),
  },
  {
    namespace: DAV,
    name: 'supported-privilege-set',
    on: EVERYTHING,
    fromListing: () => true,
    read: (resource) => SUPPORTED[mailboxOf(resource) ?? 'other'],
  },
  {
    namespace: DAV,
    name: 'acl',
    on: EVERYTHING,
    read: async (resource, exchange) =>
      // RFC 3744 §5.5: for those with DAV:read-acl.
      rightsOf(resource, exchange).manage ? printEntries(await entriesOf(resource, exchange)) : undefined,
  },
  {
    namespace: DAV,
    name: 'acl-restrictions',
    on: EVERYTHING,
    fromListing: () => true,
    // RFC 3744 §5.6.
    read: () => '<D:grant-only/><D:no-invert/>',
  },
  { namespace: DAV, name: 'inherited-acl-set', on: EVERYTHING, fromListing: () => true, read: () => '' },
  { namespace: DAV, name: 'alternate-URI-set', on: ['principal', 'proxy'], read: () => '' },
  { namespace: DAV, name: 'group-membership', on: ['principal', 'proxy'], read: groupMembership },
  { namespace: DAV, name: 'group-member-set', on: ['principal', 'proxy'], read: groupMembers },
];

/** What the viewer may do with a resource. */
export function rightsOf(resource: Resource, { viewer }: Exchange): Rights {
  switch (resource.kind) {
    case 'collection':
    case 'member':
      return resource.collection.rights;
    case 'home':
    case 'principal':
    case 'proxy':
      return resource.principal.id === viewer.id ? ALL_RIGHTS : READ_ONLY;
    default:
      return READ_ONLY;
  }
}

/** A delegate's in the home of somebody else. */
async function homePrivileges(home: HomeResource, { server, viewer }: Exchange): Promise<string> {
  return privilegesXml(home, await server.collections.homeRights(viewer, home.principal, home.extension.home));
}

const READ_ONLY: Rights = { ...NO_RIGHTS, read: true };

function owner(resource: Resource): string | undefined {
  switch (resource.kind) {
    case 'principal':
    case 'proxy':
    case 'home':
      return principalXml(resource.principal.name);
    case 'collection':
    case 'member':
      return principalXml(resource.collection.owner.name);
    default:
      return undefined;
  }
}

/** RFC 3744 §4.4; also the proxy groups, for the principal itself. */
async function groupMembership(resource: Resource, exchange: Exchange): Promise<string | undefined> {
  const { server, viewer } = exchange;
  if (resource.kind !== 'principal') return '';
  const groups = await server.directory.groupsOf(viewer, resource.principal);
  const proxies = resource.principal.id === viewer.id ? await proxyGroupsOf(exchange, viewer) : [];
  return groups.map(({ name }) => principalXml(name)).join('') + proxies.map(hrefXml).join('');
}

async function groupMembers(resource: Resource, exchange: Exchange): Promise<string | undefined> {
  const { server, viewer } = exchange;
  let members: Principal[] = [];
  if (resource.kind === 'proxy') members = await delegatesOf(resource, exchange);
  else if (resource.kind === 'principal' && resource.principal.kind === 'group')
    members = await server.directory.membersOf(viewer, resource.principal);
  return members.map(({ name }) => principalXml(name)).join('');
}

/** Each aggregate with its parts: clients look for either (RFC 3744 §3.12, §5.4). */
function privilegesXml(resource: Resource, rights: Rights): string {
  const names: string[] = [];
  if (rights.manage && rights.write) names.push('D:all', 'D:read-acl', 'D:write-acl');
  if (rights.read) names.push('D:read', 'D:read-current-user-privilege-set');
  if (rights.freeBusy && resource.kind !== 'principal' && isCalendar(resource)) names.push('C:read-free-busy');
  const mailbox = mailboxOf(resource);
  if (rights.manage && mailbox !== undefined) names.push(...SCHEDULING[mailbox]);
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

/** Privileges that only scheduling inboxes and outboxes have (RFC 6638 §6.1, §6.2), the aggregate first. */
const SCHEDULING = {
  inbox: ['C:schedule-deliver', 'C:schedule-deliver-invite', 'C:schedule-deliver-reply', 'C:schedule-query-freebusy'],
  outbox: ['C:schedule-send', 'C:schedule-send-invite', 'C:schedule-send-reply', 'C:schedule-send-freebusy'],
};

function mailboxOf(resource: Resource): 'inbox' | 'outbox' | undefined {
  if (resource.kind !== 'collection' || !isSchedulingCollection(resource.collection)) return undefined;
  return resource.collection.segment === 'inbox' ? 'inbox' : 'outbox';
}

/**
 * RFC 3744 §5.3: the tree below DAV:all, with read-free-busy below read (RFC 4791 §6.1.1). Rights are granted as a whole, so the
 * parts of DAV:write and what comes with DAV:all are abstract. Interpretation 21.
 */
const TREE: readonly string[] = [
  supported('D:read', 'Read', [
    supported('C:read-free-busy', 'See when time is busy'),
    abstract('D:read-current-user-privilege-set', 'See own privileges'),
  ]),
  supported('D:write', 'Write', [
    abstract('D:write-content', 'Change members'),
    abstract('D:write-properties', 'Change properties'),
    abstract('D:bind', 'Add members'),
    abstract('D:unbind', 'Remove members'),
  ]),
  abstract('D:read-acl', 'See who may do what'),
  abstract('D:write-acl', 'Decide who may do what'),
];

function schedulingTree([aggregate = '', ...parts]: readonly string[]): string {
  return supported(
    aggregate,
    'Schedule',
    parts.map((part) => supported(part, part.slice('C:'.length).replaceAll('-', ' '))),
  );
}

const SUPPORTED = {
  inbox: supported('D:all', 'Everything', [...TREE, schedulingTree(SCHEDULING.inbox)]),
  outbox: supported('D:all', 'Everything', [...TREE, schedulingTree(SCHEDULING.outbox)]),
  other: supported('D:all', 'Everything', TREE),
};

function abstract(name: string, description: string): string {
  return supported(name, description).replace('<D:description', '<D:abstract/><D:description');
}

function supported(name: string, description: string, parts: readonly string[] = []): string {
  const sentence = `<D:description xml:lang="en">${description}</D:description>`;
  return `<D:supported-privilege>${privilege(name)}${sentence}${parts.join('')}</D:supported-privilege>`;
}
