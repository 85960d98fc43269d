/**
 * COPY and MOVE, of members and of whole collections within the own home.
 * RFC 4918 §9.8, §9.9, §10.3 (Destination), §10.6 (Overwrite); RFC 4791 §5.3.2.1 (UIDs stay unique in their collection).
 * Elsewhere: whether a member may be there (the services of its kind).
 */
import { LOG_START } from '../../src/collections/changes.ts';
import { DomainError } from '../../src/errors.ts';
import { checkCollection, preconditionOf } from './conditional.ts';
import type { CollectionResource, Exchange, MemberResource, Resource } from './contract.ts';
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
  const transfer = method === 'COPY' ? 'copy' : 'move';
  const done = await extension.members[transfer](collection, member.name, parent.collection, name, overwrite, check);
  return done.created;
}

async function transferCollection(
  exchange: Exchange,
  source: CollectionResource,
  { parent, resource: there, name }: Target,
  overwrite: boolean,
  method: 'COPY' | 'MOVE',
): Promise<boolean> {
  const { server, viewer } = exchange;
  const depth = depthOf(exchange) ?? 'infinity';
  // RFC 4918 §9.8.3, §9.9.2.
  if (depth === 1 || (method === 'MOVE' && depth !== 'infinity'))
    throw badRequest('This Depth is not for this method.');
  if (parent === undefined) throw new DavError(409, 'There is no home above the destination.');
  if (parent.kind !== 'home' || parent.extension !== source.extension) {
    throw new DavError(403, 'A collection can only be directly in a home of its kind.');
  }
  if (parent.principal.id !== viewer.id) throw new DomainError('forbidden', 'This is the home of somebody else.');
  await checkCollection(exchange);
  if (there !== undefined && !overwrite) throw targetExists();
  if (method === 'MOVE') return (await server.collections.rename(viewer, source.collection, name, overwrite)).created;

  const names = depth === 0 ? [] : await namesOf(exchange, source);
  const { created, copy } = await server.collections.copyEmpty(
    viewer,
    source.collection,
    parent.principal,
    name,
    overwrite,
  );
  const { members } = source.extension;
  for (let from = 0; from < names.length; from += COPIED_AT_ONCE) {
    const some = names.slice(from, from + COPIED_AT_ONCE);
    await Promise.all(some.map((member) => members.copy(source.collection, member, copy, member, false, () => {})));
  }
  return created;
}

async function namesOf({ server }: Exchange, { collection }: CollectionResource): Promise<string[]> {
  const rows = await server.changes.listing(collection, LOG_START, MAX_COPIED + 1);
  if (rows.length > MAX_COPIED)
    throw new DavError(507, `A collection of more than ${MAX_COPIED} members is not copied.`);
  return rows.map(([, name]) => name);
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
