/**
 * The ACL method: replaces the entries of a calendar, an address book or a plain collection that are neither protected nor
 * inherited.
 * RFC 3744 §8.1, with every precondition of §8.1.1 by its element. An access control list in, grants out.
 * Elsewhere: showing the list (acl-entries.ts), what a grant allows (src/principals/access.ts).
 */
import type { Entry } from '../../src/collections/grants.ts';
import type { Principal } from '../../src/principals/access.ts';
import type { GrantRights } from '../../storage/store.ts';
import { checkCollection } from './conditional.ts';
import type { Exchange, Resource } from './contract.ts';
import { badRequest, DavError } from './dav-error.ts';
import { notAllowed } from './methods.ts';
import { CALDAV, DAV } from './namespaces.ts';
import { principalOf } from './principal-hrefs.ts';
import type { Element } from './xml.ts';
import { parseXml } from './xml-parser.ts';

/** Entries of one list (§8.1.1 limited-number-of-aces). */
const MAX_ENTRIES = 500;

/** Answers ACL. */
export async function acl(exchange: Exchange, resource: Resource, body: Buffer): Promise<void> {
  if (resource.kind !== 'collection') throw notAllowed(resource);
  const root = parseXml(body);
  if (!root.is(DAV, 'acl')) throw badRequest('The body must be a DAV:acl element.');
  const aces = root.elements(DAV, 'ace');
  if (aces.length > MAX_ENTRIES) throw refused('limited-number-of-aces');
  const granted = new Map<number | undefined, { grantee: Principal | undefined; names: Set<string> }>();
  for (const ace of aces) {
    const names = privilegesOf(ace);
    const grantee = await granteeOf(exchange, ace, resource.collection.owner);
    if (grantee === 'owner') {
      // The owner has everything, in an entry that is protected: repeating it changes nothing.
      if (names.has('all')) continue;
      throw refused('no-protected-ace-conflict');
    }
    // What a home grants shows on its collections but is not theirs to change.
    if (ace.child(DAV, 'inherited') !== undefined) throw refused('no-inherited-ace-conflict');
    if (ace.child(DAV, 'protected') !== undefined) throw refused('no-protected-ace-conflict');
    const entry = granted.get(grantee?.id) ?? { grantee, names: new Set<string>() };
    for (const name of names) entry.names.add(name);
    granted.set(grantee?.id, entry);
  }
  const entries = [...granted.values()].map(({ grantee, names }): Entry => ({ grantee, rights: rightsOf(names) }));
  await checkCollection(exchange);
  await exchange.server.grants.replace(resource.collection, entries);
  await exchange.reply.code(200).header('content-length', 0).send();
}

function refused(condition: string): DavError {
  return new DavError(403, 'This access control list cannot be set.', `<D:${condition}/>`);
}

/** Parts that are granted with the whole only, and what can be granted. */
const ABSTRACT = [
  'read-acl',
  'write-acl',
  'read-current-user-privilege-set',
  'write-content',
  'write-properties',
  'bind',
  'unbind',
];
const GRANTABLE = ['all', 'read', 'write'];

function privilegesOf(ace: Element): Set<string> {
  if (ace.child(DAV, 'deny') !== undefined) throw refused('grant-only');
  const privileges = ace.child(DAV, 'grant')?.elements(DAV, 'privilege') ?? [];
  if (privileges.length === 0) throw badRequest('DAV:ace grants nothing.');
  const names = new Set<string>();
  for (const element of privileges.flatMap((privilege) => privilege.elements())) {
    if (element.is(CALDAV, 'read-free-busy')) names.add('read-free-busy');
    else if (element.namespace === DAV && GRANTABLE.includes(element.name)) names.add(element.name);
    else
      throw refused(
        element.namespace === DAV && ABSTRACT.includes(element.name) ? 'no-abstract' : 'not-supported-privilege',
      );
  }
  return names;
}

/** Whom an entry is about; undefined is everybody in the organisation. */
async function granteeOf(exchange: Exchange, ace: Element, owner: Principal): Promise<Principal | 'owner' | undefined> {
  if (ace.child(DAV, 'invert') !== undefined) throw refused('no-invert');
  const [named, ...more] = ace.child(DAV, 'principal')?.elements() ?? [];
  if (named === undefined || more.length > 0) throw badRequest('DAV:ace names one DAV:principal.');
  if (named.is(DAV, 'authenticated')) return undefined;
  if (named.is(DAV, 'property') && named.child(DAV, 'owner') !== undefined) return 'owner';
  // Nobody without a log-in sees anything, and self is for principals.
  if (!named.is(DAV, 'href')) throw refused('allowed-principal');
  const principal = await principalOf(exchange, named.text().trim());
  if (principal === undefined) throw refused('recognized-principal');
  return principal.id === owner.id ? 'owner' : principal;
}

/** Rights are steps: writing comes with reading (Interpretation 21). */
function rightsOf(names: ReadonlySet<string>): GrantRights {
  if (names.has('all')) return 'manage';
  if (names.has('write')) {
    if (names.has('read')) return 'read-write';
    throw refused('not-supported-privilege');
  }
  return names.has('read') ? 'read' : 'free-busy';
}
