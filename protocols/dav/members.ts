/**
 * GET, HEAD, PUT and DELETE.
 * RFC 9110 §9.3, RFC 4918 §9.4 to §9.7, RFC 4791 §5.3.2 and §5.3.4, RFC 6352 §6.3.2.
 * Elsewhere: COPY and MOVE (copy-move.ts), what a body means and what is refused (the extensions and their services).
 */
import { DomainError } from '../../src/errors.ts';
import type { MemberRow } from '../../storage/store.ts';
import { checkCollection, isNotModified, preconditionOf } from './conditional.ts';
import type { DavExtension, Exchange, Resource } from './contract.ts';
import { badRequest, DavError } from './dav-error.ts';
import { depthOf } from './depth.ts';
import { notAllowed } from './methods.ts';
import { isNameAllowed, type Target } from './paths.ts';

/** What a person sees who opens a collection in a browser. */
export const COLLECTION_PAGE = 'This address is for calendar and contact programs.\n';

/** Answers GET and HEAD. */
export async function get(exchange: Exchange, resource: Resource): Promise<void> {
  const { reply, request } = exchange;
  if (resource.kind !== 'member') {
    await reply.type('text/plain; charset=utf-8').header('cache-control', 'no-store').send(COLLECTION_PAGE);
    return;
  }
  const { extension, member } = resource;
  const check = await preconditionOf(exchange, 'read');
  check(member);
  memberHeaders(exchange, extension, member);
  if (isNotModified(exchange, member.etag, member.modifiedAt)) {
    await reply.code(304).send();
    return;
  }
  const octets = await extension.members.read(member);
  const representation = await extension.represent?.(resource, String(octets), request.headers.accept ?? '');
  if (representation?.vary !== undefined) reply.header('vary', representation.vary);
  await reply
    .header('content-type', representation?.contentType ?? extension.contentType(member))
    .header('last-modified', new Date(member.modifiedAt).toUTCString())
    .header('cache-control', 'private, no-cache')
    .send(representation?.body ?? octets);
}

/** Answers PUT: creates or replaces a member. */
export async function put(exchange: Exchange, target: Target, body: Buffer): Promise<void> {
  const { reply, request } = exchange;
  const { parent, name } = target;
  if (target.resource !== undefined && target.resource.kind !== 'member') throw notAllowed(target.resource);
  if (parent?.kind !== 'collection') {
    if (parent === undefined) throw new DavError(409, 'The collection above this path does not exist.');
    throw new DavError(403, 'Members are made in calendars, address books and plain collections only.');
  }
  if (!parent.collection.rights.read) throw new DomainError('not-found', 'There is nothing here.');
  if (!parent.collection.rights.write) throw new DomainError('forbidden', 'You may not change this collection.');
  if (!isNameAllowed(name)) throw new DavError(403, 'The name is too long.');
  // RFC 9110 §14.5: a partial PUT must not be taken for a whole one.
  if (request.headers['content-range'] !== undefined) throw badRequest('Content-Range is not supported.');
  const { extension, collection } = parent;
  const check = await preconditionOf(exchange);
  if (body.length > extension.maxResourceSize) {
    throw new DomainError('too-large', 'The body is too large.', { limit: extension.maxResourceSize });
  }
  const [mediaType = '', ...parameters] = (request.headers['content-type'] ?? '').split(';');
  const text = extension.textOf(body, mediaType.trim().toLowerCase(), parameters.join(';'));
  const type = request.headers['content-type'];
  const { created, member, verbatim } = await extension.members.put(collection, name, text, check, type);
  // RFC 4791 §5.3.4: a tag would tell the client that what it sent is what is stored.
  if (verbatim) reply.header('etag', `"${member.etag}"`);
  for (const [header, value] of Object.entries(extension.memberHeaders?.(member) ?? {})) reply.header(header, value);
  await reply.code(created ? 201 : 204).send();
}

/** Answers DELETE. */
export async function remove(exchange: Exchange, resource: Resource): Promise<void> {
  if (resource.kind === 'member') {
    const check = await preconditionOf(exchange);
    await resource.extension.members.remove(resource.collection, resource.member.name, check);
  } else if (resource.kind === 'collection') {
    const depth = depthOf(exchange);
    // RFC 4918 §9.6.1: a collection goes with everything in it.
    if (depth !== undefined && depth !== 'infinity') throw badRequest('A collection is deleted with Depth infinity.');
    await checkCollection(exchange);
    await exchange.server.collections.remove(resource.collection);
  } else throw notAllowed(resource);
  await exchange.reply.code(204).send();
}

function memberHeaders({ reply }: Exchange, extension: DavExtension, member: MemberRow): void {
  reply.header('etag', `"${member.etag}"`);
  for (const [header, value] of Object.entries(extension.memberHeaders?.(member) ?? {})) reply.header(header, value);
}
