/**
 * GET, HEAD, PUT and DELETE.
 * RFC 9110 §9.3, RFC 4918 §9.4 to §9.7, RFC 4791 §5.3.2 and §5.3.4, RFC 6352 §6.3.2.
 * Elsewhere: COPY and MOVE (copy-move.ts), what a body means and what is refused (the extensions and their services).
 */
import { isSchedulingCollection } from '../../src/collections/collections.ts';
import { DomainError } from '../../src/errors.ts';
import type { MemberRow } from '../../storage/store.ts';
import { checkCollection, isNotModified, preconditionOf, writeRequestOf } from './conditional.ts';
import type { CollectionResource, DavExtension, Exchange, MemberResource, Resource } from './contract.ts';
import { badRequest, DavError } from './dav-error.ts';
import { depthOf } from './depth.ts';
import { encodeSegment, homeHref } from './hrefs.ts';
import { notAllowed } from './methods.ts';
import { isNameAllowed, type Target } from './paths.ts';
import { prefersRepresentation } from './preferences.ts';
import { orCurrent, sendMember, sendOutcome } from './representation.ts';
import { getWhole } from './whole-collection.ts';

/** What a person sees who opens a collection in a browser. */
export const COLLECTION_PAGE = 'This address is for calendar and contact programs.\n';

/** The same for a principal, with the addresses that are worth copying into a program that discovers nothing. */
function principalPage({ server, request }: Exchange, name: string): string {
  const homes = server.extensions.map(({ home }) => `${home}: ${request.publicOrigin}${homeHref(home, name)}\n`);
  return `${COLLECTION_PAGE}${homes.join('')}search for people: ${request.publicOrigin}/dav/principals/\n`;
}

/** Answers GET and HEAD. */
export async function get(exchange: Exchange, resource: Resource): Promise<void> {
  const { reply } = exchange;
  if (resource.kind === 'collection' && (await getWhole(exchange, resource))) return;
  if (resource.kind !== 'member') {
    const page = resource.kind === 'principal' ? principalPage(exchange, resource.principal.name) : COLLECTION_PAGE;
    await reply.type('text/plain; charset=utf-8').header('cache-control', 'no-store').send(page);
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
  const octets = await extension.members.read(member, resource.collection);
  reply.header('last-modified', new Date(member.modifiedAt).toUTCString()).header('cache-control', 'private, no-cache');
  await sendMember(exchange, resource, octets);
}

/** Answers PUT: creates or replaces a member. */
export async function put(exchange: Exchange, target: Target, body: Buffer): Promise<void> {
  const { parent, name } = target;
  if (target.resource !== undefined && target.resource.kind !== 'member') {
    // RFC 4918 §9.7.2 allows 405 as well; 403 is what clients and suites know from calendars.
    const { kind } = target.resource;
    if (kind !== 'home' && kind !== 'collection') throw notAllowed(target.resource);
    throw new DavError(403, 'A collection is made of its members; PUT makes one below it.');
  }
  if (parent?.kind !== 'collection') {
    if (parent === undefined) throw new DavError(409, 'The collection above this path does not exist.');
    throw new DavError(403, 'Members are made in calendars, address books and plain collections only.');
  }
  await putMember(exchange, parent, name, body);
}

/**
 * Puts a member into a collection and answers. `made` adds what only the caller knows to the headers of a success.
 * @throws DavError, DomainError as the extension and its services refuse
 */
export async function putMember(
  exchange: Exchange,
  parent: CollectionResource,
  name: string,
  body: Buffer,
  made?: () => void,
): Promise<void> {
  const { reply, request } = exchange;
  if (!parent.collection.rights.read) throw new DomainError('not-found', 'There is nothing here.');
  if (!parent.collection.rights.write) throw new DomainError('forbidden', 'You may not change this collection.');
  if (!isNameAllowed(name)) throw new DavError(403, 'No member can have this name.');
  // RFC 9110 §14.5: a partial PUT must not be taken for a whole one.
  if (request.headers['content-range'] !== undefined) throw badRequest('Content-Range is not supported.');
  const { extension, collection } = parent;
  const check = await preconditionOf(exchange);
  if (body.length > extension.maxResourceSize) {
    throw new DomainError('too-large', 'The body is too large.', { limit: extension.maxResourceSize });
  }
  const [mediaType = '', ...parameters] = (request.headers['content-type'] ?? '').split(';');
  const type = mediaType.trim().toLowerCase();
  const text = extension.textOf(body, type, parameters.join(';'));
  const writing = { ...writeRequestOf(exchange), contentType: request.headers['content-type'] };
  const result = await orCurrent(exchange, () => extension.members.put(collection, name, text, check, writing));
  if (result === undefined) return;
  const { created, member, verbatim } = result;
  made?.();
  // RFC 4791 §5.3.4: a tag would tell the client that what it sent is what is stored.
  if (verbatim && extension.isConverted?.(type) !== true) reply.header('etag', `"${member.etag}"`);
  for (const [header, value] of Object.entries(extension.memberHeaders?.(member) ?? {})) reply.header(header, value);
  if (prefersRepresentation(exchange)) {
    const resource: MemberResource = {
      kind: 'member',
      href: parent.href + encodeSegment(name),
      extension,
      collection,
      member,
    };
    reply.code(created ? 201 : 200);
    // Who accepts anything gets the form that was sent.
    return sendOutcome(
      exchange,
      resource,
      await extension.members.read(member, collection),
      request.headers.accept ?? type,
    );
  }
  await reply.code(created ? 201 : 204).send();
}

/** Answers DELETE. */
export async function remove(exchange: Exchange, resource: Resource): Promise<void> {
  if (resource.kind === 'member') {
    const check = await preconditionOf(exchange);
    const { extension, collection, member } = resource;
    await extension.members.remove(collection, member.name, check, writeRequestOf(exchange));
  } else if (resource.kind === 'collection') {
    const depth = depthOf(exchange);
    // RFC 4918 §9.6.1: a collection goes with everything in it.
    if (depth !== undefined && depth !== 'infinity') throw badRequest('A collection is deleted with Depth infinity.');
    await checkCollection(exchange);
    await removeOrLeave(exchange, resource);
  } else throw notAllowed(resource);
  await exchange.reply.code(204).send();
}

/** What somebody else shares leaves the viewer's home only; what is its own goes for everybody it was shared with. */
async function removeOrLeave(exchange: Exchange, { collection, extension }: CollectionResource): Promise<void> {
  const { server, viewer } = exchange;
  if (collection.principalId === viewer.id && collection.accountId !== viewer.id)
    return server.sharing.leave(viewer, collection);
  if (collection.rights.manage) {
    if (!isSchedulingCollection(collection)) await extension.members.retire?.(collection, writeRequestOf(exchange));
    await server.sharing.withdrawAll(collection);
  }
  await server.collections.remove(collection);
}

function memberHeaders({ reply }: Exchange, extension: DavExtension, member: MemberRow): void {
  reply.header('etag', `"${member.etag}"`);
  for (const [header, value] of Object.entries(extension.memberHeaders?.(member) ?? {})) reply.header(header, value);
}
