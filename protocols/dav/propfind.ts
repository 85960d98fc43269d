/**
 * PROPFIND: properties of a resource, and of what is directly in it.
 * RFC 4918 §9.1, §9.1.1 (infinite depth is refused on collections), §10.2.
 * Long collections are printed from an index in pages when nothing but names and ETags is asked for, else from rows in pages.
 * Elsewhere: which properties there are and how one resource answers (properties.ts).
 */

import { LOG_START } from '../../src/collections/changes.ts';
import { parentOf } from '../../src/collections/plain-collections.ts';
import type { LogPosition } from '../../storage/store.ts';
import type {
  AskedProperties,
  CollectionResource,
  Exchange,
  HomeExtension,
  HomeResource,
  MemberResource,
  Resource,
} from './contract.ts';
import { badRequest, DavError } from './dav-error.ts';
import { depthOf } from './depth.ts';
import { encodeSegment, isCollection, principalHref, proxyHref } from './hrefs.ts';
import { type Multistatus, PAGE_ROWS, startMultistatus } from './multistatus.ts';
import { DAV } from './namespaces.ts';
import { collectionAt } from './paths.ts';
import { preferenceApplied, prefersNoRoot } from './preferences.ts';
import { PROXY_ACCESS } from './proxies.ts';
import type { Element } from './xml.ts';
import { parseXml } from './xml-parser.ts';

/** Members whose octets are in memory at once. */
const DATA_ROWS = 50;

/** Answers a PROPFIND on a resource. */
export async function propfind(exchange: Exchange, resource: Resource, body: Buffer): Promise<void> {
  // RFC 4918 §9.1: no header means infinity.
  const depth = depthOf(exchange) ?? 'infinity';
  const asked = exchange.server.properties.ask(exchange, requestOf(body));
  if (depth === 'infinity' && isCollection(resource)) {
    throw new DavError(403, 'Ask with Depth 0 or 1.', '<D:propfind-finite-depth/>');
  }
  // Interpretation 163: nothing is lost by it where clients ask for what is in the home, with Depth 1.
  if (resource.kind === 'home' && depth === 0) exchange.reply.removeHeader('dav');
  const answer = startMultistatus(exchange);
  if (depth === 1 && prefersNoRoot(exchange)) preferenceApplied(exchange, 'depth-noroot');
  else answer.add(await asked.respond(resource));
  if (depth === 1) await addChildren(exchange, asked, answer, resource);
  await answer.end();
}

/** The propfind element; an empty body asks for allprop (RFC 4918 §9.1). */
function requestOf(body: Buffer): Element | undefined {
  if (body.length === 0) return undefined;
  const root = parseXml(body);
  if (!root.is(DAV, 'propfind')) throw badRequest('The body must be a DAV:propfind element.');
  const kinds = ['prop', 'allprop', 'propname'].filter((name) => root.child(DAV, name) !== undefined);
  if (kinds.length !== 1) throw badRequest('DAV:propfind holds one of prop, allprop and propname.');
  return root;
}

async function addChildren(
  exchange: Exchange,
  asked: AskedProperties,
  answer: Multistatus,
  resource: Resource,
): Promise<void> {
  const { server, viewer } = exchange;
  switch (resource.kind) {
    case 'root': {
      if (resource.href === '/') return answer.add(await asked.respond({ kind: 'root', href: '/dav/' }));
      answer.add(await asked.respond({ kind: 'principals', href: '/dav/principals/' }));
      for (const extension of server.extensions) {
        answer.add(await asked.respond({ kind: 'homes', href: `/dav/${extension.home}/`, extension }));
      }
      return;
    }
    case 'principals': {
      let rows = 0;
      for (const principal of await server.directory.list(viewer)) {
        answer.add(await asked.respond({ kind: 'principal', href: principalHref(principal.name), principal }));
        if (++rows % PAGE_ROWS === 0) await answer.page();
      }
      return;
    }
    case 'principal':
      // RFC 4918 §5.2: what has an address below a collection is a member of it.
      for (const access of PROXY_ACCESS) {
        const { principal } = resource;
        answer.add(await asked.respond({ kind: 'proxy', href: proxyHref(principal.name, access), principal, access }));
      }
      return;
    case 'homes':
      return answer.add(await asked.respond(homeOf(exchange, resource.extension)));
    case 'home':
      return addCollections(exchange, asked, answer, resource);
    case 'collection':
      return addMembers(exchange, asked, answer, resource);
    default:
      return;
  }
}

/** Of all homes a viewer is shown its own. */
function homeOf({ viewer }: Exchange, extension: HomeExtension): HomeResource {
  const href = `/dav/${extension.home}/${encodeSegment(viewer.name)}/`;
  return { kind: 'home', href, extension, principal: viewer };
}

async function addCollections(
  exchange: Exchange,
  asked: AskedProperties,
  answer: Multistatus,
  home: HomeResource,
): Promise<void> {
  const { server, viewer } = exchange;
  let rows = 0;
  for (const collection of await server.collections.list(viewer, home.principal, home.extension.home)) {
    answer.add(await asked.respond(collectionAt(server, home, collection)));
    if (++rows % PAGE_ROWS === 0) await answer.page();
  }
}

async function addMembers(
  exchange: Exchange,
  asked: AskedProperties,
  answer: Multistatus,
  parent: CollectionResource,
): Promise<void> {
  if (parent.collection.kind === 'plain') await addPlainCollections(exchange, asked, answer, parent);
  const pieces = asked.listingPieces(sampleOf(parent));
  if (pieces !== undefined) return addListing(exchange, pieces, answer, parent);
  const { changes } = exchange.server;
  const withData = asked.needsData(sampleOf(parent));
  const limit = withData ? DATA_ROWS : PAGE_ROWS;
  for (let after = LOG_START; ; ) {
    const rows = await changes.page(parent.collection, after, limit);
    const octets = withData
      ? await dataOf(
          exchange,
          parent,
          rows.map(({ name }) => name),
        )
      : undefined;
    for (const row of rows) {
      // A member that changed since its row was read comes with the row its octets belong to.
      const current = octets?.get(row.name);
      if (octets !== undefined && current === undefined) continue;
      answer.add(await asked.respond(memberOf(parent, current ?? row, current?.data)));
    }
    const last = rows[rows.length - 1];
    if (rows.length < limit || last === undefined) return;
    after = { modseq: last.modseq, memberId: last.id };
    await answer.page();
  }
}

async function addPlainCollections(
  { server, viewer }: Exchange,
  asked: AskedProperties,
  answer: Multistatus,
  parent: CollectionResource,
): Promise<void> {
  let rows = 0;
  for (const collection of await server.collections.below(viewer, parent.principal, parent.collection)) {
    const { name } = parentOf(collection.segment);
    answer.add(await asked.respond({ ...parent, href: `${parent.href}${encodeSegment(name)}/`, collection }));
    if (++rows % PAGE_ROWS === 0) await answer.page();
  }
}

async function addListing(
  exchange: Exchange,
  pieces: readonly string[],
  answer: Multistatus,
  parent: CollectionResource,
): Promise<void> {
  let after: LogPosition = LOG_START;
  for (;;) {
    const rows = await exchange.server.changes.listing(parent.collection, after, PAGE_ROWS);
    let text = '';
    for (const [, name, etag] of rows) text += printListed(pieces, parent.href, name, etag);
    answer.add(text);
    const last = rows[rows.length - 1];
    if (rows.length < PAGE_ROWS || last === undefined) return;
    after = { modseq: last[3], memberId: last[0] };
    await answer.page();
  }
}

/** One response out of `AskedProperties.listingPieces`. */
export function printListed(pieces: readonly string[], collectionHref: string, name: string, etag: string): string {
  const [before, between, behind] = pieces;
  const text = `${before}${collectionHref}${encodeSegment(name)}${between}`;
  return behind === undefined ? text : `${text}${etag}${behind}`;
}

/** A member of a collection as a resource. */
export function memberOf(parent: CollectionResource, member: MemberResource['member'], data?: string): MemberResource {
  const { extension, collection } = parent;
  return { kind: 'member', href: parent.href + encodeSegment(member.name), extension, collection, member, data };
}

/** A member that does not exist, to learn what its kind answers. */
export function sampleOf(parent: CollectionResource): MemberResource {
  const nothing = { id: 0, collectionId: 0, name: '', etag: '', size: 0, modseq: 0, createdAt: 0, modifiedAt: 0 };
  return memberOf(parent, nothing);
}

/** Rows with octets by name. */
export async function dataOf(exchange: Exchange, parent: CollectionResource, names: string[]) {
  const rows = await exchange.server.changes.withData(parent.collection, names);
  return new Map(rows.map((row) => [row.name, row]));
}
