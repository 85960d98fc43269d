/**
 * COPY and MOVE, of members and of whole collections within the own home. What is at the destination goes first, also when it is
 * of another kind (RFC 4918 §9.8.4, §9.9.3).
 * RFC 4918 §9.8, §9.9, §10.3 (Destination), §10.6 (Overwrite); RFC 4791 §5.3.2.1 (UIDs stay unique in their collection).
 * Elsewhere: whether a member may be there (the services of its kind).
 */
import { LOG_START } from '../../src/collections/changes.ts';
import type { Collection } from '../../src/collections/members.ts';
import { DomainError } from '../../src/errors.ts';
import type { Principal } from '../../src/principals/access.ts';
import { checkCollection, preconditionOf, writeRequestOf } from './conditional.ts';
import type { CollectionResource, DavServer, Depth, Exchange, MemberResource, Resource } from './contract.ts';
import { badRequest, DavError } from './dav-error.ts';
import { depthOf } from './depth.ts';
import { notAllowed } from './methods.ts';
import { isNameAllowed, resolve, type Target } from './paths.ts';

/** Members that a collection may have to be copied in one request. */
const MAX_COPIED = 5_000;
/** Copies that wait for one flush together. */
const COPIED_AT_ONCE = 32;

/** Answers COPY and MOVE. */
export async function copyOrMove(exchange: Exchange, resource: Resource, method: 'COPY' | 'MOVE'): Promise<void> {
  if (resource.kind !== 'member' && resource.kind !== 'collection') throw notAllowed(resource);
  const overwrite = overwriteOf(exchange);
  const destination = await resolve(exchange.server, exchange.viewer, destinationOf(exchange));
  // What is in the way of somebody who may not read there, and what is not, look alike, as with every other method.
  if (destination.foreign)
    throw new DomainError('forbidden', 'The destination is not yours, and was not shared with you.');
  if (destination.href === resource.href) throw new DavError(403, 'Source and destination are the same.');
  if (!isNameAllowed(destination.name)) throw new DavError(403, 'The name of the destination is too long.');
  const created =
    resource.kind === 'member'
      ? await transferMember(exchange, resource, destination, overwrite, method)
      : await transferCollection(exchange, resource, destination, overwrite, method);
  // RFC 9110 §15.3.2: without it, 201 would speak of the source.
  if (created) exchange.reply.header('location', exchange.request.publicOrigin + destination.href);
  await exchange.reply.code(created ? 201 : 204).send();
}

async function transferMember(
  exchange: Exchange,
  { extension, collection, member }: MemberResource,
  { parent, resource: there, name }: Target,
  overwrite: boolean,
  method: 'COPY' | 'MOVE',
): Promise<boolean> {
  if (parent === undefined) throw new DavError(409, 'The collection above the destination does not exist.');
  if (parent.kind !== 'collection' || parent.extension !== extension) {
    throw new DavError(403, 'A member can only be in a collection of its kind.');
  }
  if (!parent.collection.rights.read) throw new DavError(409, 'The collection above the destination does not exist.');
  const check = await preconditionOf(exchange);
  check(member);
  if (there !== undefined && !overwrite) throw targetExists();
  if (there?.kind === 'collection') await exchange.server.collections.remove(there.collection);
  const transfer = method === 'COPY' ? 'copy' : 'move';
  const done = await extension.members[transfer](
    collection,
    member.name,
    parent.collection,
    name,
    overwrite,
    check,
    writeRequestOf(exchange),
  );
  return done.created && there?.kind !== 'collection';
}

async function transferCollection(
  exchange: Exchange,
  source: CollectionResource,
  destination: Target,
  overwrite: boolean,
  method: 'COPY' | 'MOVE',
): Promise<boolean> {
  const { server, viewer } = exchange;
  const { resource: there } = destination;
  const depth = depthOf(exchange) ?? 'infinity';
  // RFC 4918 §9.8.3, §9.9.2.
  if (depth === 1 || (method === 'MOVE' && depth !== 'infinity'))
    throw badRequest('This Depth is not for this method.');
  const path = pathBelowHome(server, viewer, source, destination);
  await checkCollection(exchange);
  if (there !== undefined && !overwrite) throw targetExists();
  const trees = method === 'COPY' ? await treesOf(exchange, source, depth) : [];
  // In a plain collection a file may be in the way.
  if (there?.kind === 'member') await there.extension.members.remove(there.collection, there.member.name, () => {});
  const inTheWay = there?.kind === 'member';
  if (method === 'MOVE') {
    const { created } = await server.collections.rename(viewer, source.collection, path, overwrite);
    return created && !inTheWay;
  }
  let free = true;
  for (const { collection, names } of trees) {
    const to = path + collection.segment.slice(source.collection.segment.length);
    const top = collection === source.collection;
    const { created, copy } = await server.collections.copyEmpty(viewer, collection, viewer, to, top && overwrite);
    if (top) free = created && !inTheWay;
    const { members } = source.extension;
    for (let from = 0; from < names.length; from += COPIED_AT_ONCE) {
      const some = names.slice(from, from + COPIED_AT_ONCE);
      await Promise.all(
        some.map((member) => members.copy(collection, member, copy, member, false, () => {}, { viewer, silent: true })),
      );
    }
  }
  return free;
}

/** Where in its home the collection would be. Plain ones may be in each other, but never in themselves (RFC 4918 §9.8.5). */
function pathBelowHome(
  server: DavServer,
  viewer: Principal,
  { collection, extension }: CollectionResource,
  { parent, name }: Target,
): string {
  if (parent === undefined) throw new DavError(409, 'There is nothing above the destination.');
  if (parent.kind !== 'home' && parent.kind !== 'collection')
    throw new DavError(403, 'A collection can only be in a home.');
  const inPlain = parent.kind === 'collection' && parent.collection.kind === 'plain';
  const fits = parent.kind === 'home' ? parent.extension.home === collection.home : inPlain;
  const plain = extension === server.files;
  if (!fits || (inPlain && (!plain || parent.collection.home !== collection.home))) {
    throw new DavError(403, 'A collection can only be in a home of its kind, a plain one also in another.');
  }
  if (parent.principal.id !== viewer.id) throw new DomainError('forbidden', 'This is the home of somebody else.');
  const path = parent.kind === 'collection' ? `${parent.collection.segment}/${name}` : name;
  const { segment } = collection;
  if (plain && (path.startsWith(`${segment}/`) || segment.startsWith(`${path}/`)))
    throw new DavError(403, 'A collection can be neither in itself nor in place of what holds it.');
  return path;
}

interface Tree {
  readonly collection: Collection;
  readonly names: readonly string[];
}

/** A collection, and with Depth infinity its members and the collections in it, parents first. */
async function treesOf({ server, viewer }: Exchange, source: CollectionResource, depth: Depth): Promise<Tree[]> {
  const { collection, principal } = source;
  if (depth === 0) return [{ collection, names: [] }];
  const below = collection.kind === 'plain' ? await server.collections.within(viewer, principal, collection) : [];
  const trees: Tree[] = [];
  let left = MAX_COPIED;
  for (const one of [collection, ...below]) {
    const rows = await server.changes.listing(one, LOG_START, left + 1);
    left -= rows.length;
    if (left < 0) throw new DavError(507, `A collection of more than ${MAX_COPIED} members is not copied.`);
    trees.push({ collection: one, names: rows.map(([, name]) => name) });
  }
  return trees;
}

/** RFC 4918 §10.6: T when absent. */
function overwriteOf({ request }: Exchange): boolean {
  const header = request.headers.overwrite;
  if (header === undefined) return true;
  const value = String(header).trim().toUpperCase();
  if (value !== 'T' && value !== 'F') throw badRequest('The Overwrite header must be T or F.');
  return value === 'T';
}

function targetExists(): DomainError {
  return new DomainError('etag-mismatch', 'The destination exists and may not be overwritten.');
}

/**
 * The path of the Destination header (RFC 4918 §10.3): an absolute URL of this server, or an absolute path. The path is not
 * normalised, so that dot segments are refused like those of any URL.
 */
function destinationOf({ request }: Exchange): string {
  const header = request.headers.destination;
  const value = header === undefined ? '' : String(header).trim();
  if (value === '') throw badRequest('The Destination header is missing.');
  if (value.includes('#')) throw badRequest('The Destination header has a fragment.');
  if (value.startsWith('/') && !value.startsWith('//')) return value;
  const absolute = /^https?:\/\/([^/?]*)(.*)$/i.exec(value);
  if (absolute === null) throw new DavError(502, 'The destination is not on this server.');
  const [, authority = '', path = ''] = absolute;
  const here = [request.host, request.publicOrigin.replace(/^https?:\/\//i, '')].map(withoutDefaultPort);
  // RFC 4918 §9.8.5: another server.
  if (authority === '' || !here.includes(withoutDefaultPort(authority)))
    throw new DavError(502, 'The destination is on another server.');
  return path;
}

function withoutDefaultPort(authority: string): string {
  return authority.toLowerCase().replace(/:(80|443)$/, '');
}
