/**
 * From a URL to what it names, and to where something new could be made.
 * RFC 3986 §2, §3.3; RFC 4918 §5.2, §8.3. Paths are compared after percent-decoding; a collection answers with and without '/'.
 * Whatever the viewer may not see looks as if it did not exist. Elsewhere: building hrefs (resource.ts).
 */

import { NOTIFICATIONS_SEGMENT } from '../../src/collections/collections.ts';
import type { Collection } from '../../src/collections/members.ts';
import { opens, type Principal } from '../../src/principals/access.ts';
import type { CollectionResource, DavServer, HomeExtension, HomeResource, Resource } from './contract.ts';
import { DavError } from './dav-error.ts';
import { encodeSegment, homeHref, notificationsHref, principalHref, proxyHref } from './hrefs.ts';

/** Octets of one segment, decoded; a longer name is never found and never made. */
export const MAX_SEGMENT_OCTETS = 255;

/** Where POST makes a member of a collection: the last segment, which is therefore the name of none (RFC 5995 §3.1). */
export const ADD_MEMBER = ';add-member';

/** What a path names. */
export interface Target {
  /** The canonical path, of what is there or would be. */
  readonly href: string;
  readonly resource: Resource | undefined;
  /** What is one level above, when the last segment does not exist or its resource has a parent to be made in. */
  readonly parent: Resource | undefined;
  /** The last segment, decoded; '' at the root. */
  readonly name: string;
  /** Nothing that the viewer may see, in the home of somebody else: existing and missing look alike (RFC 3744 §7.1.1). */
  readonly foreign?: boolean;
}

/**
 * The decoded segments of a path or absolute URL, without query. Empty segments are passed over.
 * @throws DavError 400 for bad escapes, control characters, encoded slashes and dot segments
 */
export function splitPath(url: string): string[] {
  let end = url.length;
  const query = url.indexOf('?');
  if (query >= 0) end = query;
  const fragment = url.indexOf('#');
  if (fragment >= 0 && fragment < end) end = fragment;
  const segments: string[] = [];
  for (let from = 0; from < end; ) {
    let to = url.indexOf('/', from);
    if (to < 0 || to > end) to = end;
    if (to > from) segments.push(decodeSegment(url.slice(from, to)));
    from = to + 1;
  }
  return segments;
}

function decodeSegment(encoded: string): string {
  let name = encoded;
  if (encoded.includes('%')) {
    try {
      name = decodeURIComponent(encoded);
    } catch {
      throw new DavError(400, 'The path has an invalid percent-encoding.');
    }
  }
  if (name === '.' || name === '..') throw new DavError(400, 'The path has dot segments.');
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code < 0x20 || code === 0x7f || code === 0x2f || code === 0x5c) {
      throw new DavError(400, 'The path has a character that no name may contain.');
    }
  }
  return name;
}

/** Finds what a path names for a viewer. */
export async function resolve(server: DavServer, viewer: Principal, url: string): Promise<Target> {
  const segments = splitPath(url);
  const below = segments[0] === 'dav' ? segments.slice(1) : segments;
  if (below.length === 0) {
    const href = segments.length === 0 ? '/' : '/dav/';
    return { href, resource: { kind: 'root', href }, parent: undefined, name: '' };
  }
  if (below[0] === 'principals' && below.length <= 2) return resolvePrincipal(server, viewer, below[1]);
  if (below[0] === 'principals' && below.length === 3) return resolveProxy(server, viewer, below);
  const extension = segments[0] === 'dav' ? server.extensions.find(({ home }) => home === below[0]) : undefined;
  if (extension !== undefined) return resolveInHomes(server, viewer, extension, below);
  return nowhere(segments);
}

async function resolvePrincipal(server: DavServer, viewer: Principal, name: string | undefined): Promise<Target> {
  const parent: Resource = { kind: 'principals', href: '/dav/principals/' };
  if (name === undefined) return { href: parent.href, resource: parent, parent: undefined, name: 'principals' };
  const principal = await server.directory.byName(viewer, name.toLowerCase());
  const href = principalHref(principal?.name ?? name);
  return { href, resource: principal && { kind: 'principal', href, principal }, parent, name };
}

/** One of the two groups below a principal. */
async function resolveProxy(server: DavServer, viewer: Principal, segments: readonly string[]): Promise<Target> {
  const [, name = '', group = ''] = segments;
  const access = group === 'calendar-proxy-read' ? 'read' : group === 'calendar-proxy-write' ? 'write' : undefined;
  const principal = await server.directory.byName(viewer, name.toLowerCase());
  if (access === undefined || principal === undefined) return nowhere(['dav', ...segments]);
  const parent: Resource = { kind: 'principal', href: principalHref(principal.name), principal };
  const href = proxyHref(principal.name, access);
  return { href, resource: { kind: 'proxy', href, principal, access }, parent, name: group };
}

async function resolveInHomes(
  server: DavServer,
  viewer: Principal,
  extension: HomeExtension,
  segments: readonly string[],
): Promise<Target> {
  const [home = '', owner, ...path] = segments;
  const homes: Resource = { kind: 'homes', href: `/dav/${home}/`, extension };
  if (owner === undefined) return { href: homes.href, resource: homes, parent: undefined, name: home };
  const principal = await server.directory.byName(viewer, owner.toLowerCase());
  if (principal === undefined)
    return { ...nowhere(['dav', ...segments]), parent: path.length === 0 ? homes : undefined };
  const href = homeHref(home, principal.name);
  // Hrefs in bodies and headers lead here too, from wherever the password does open.
  if (!opens(viewer, extension.home)) return { href, resource: undefined, parent: homes, name: owner, foreign: true };
  const at: HomeResource = { kind: 'home', href, extension, principal };
  if (path.length === 0) {
    const { read } = await server.collections.homeRights(viewer, principal, extension.home);
    return { href, resource: read ? at : undefined, parent: homes, name: owner, foreign: !read };
  }
  if (extension.home === 'calendars' && path[0] === NOTIFICATIONS_SEGMENT)
    return resolveNotifications(server, viewer, principal, path);
  const target = await resolveBelow(server, viewer, at, path);
  const seen = target.resource?.kind === 'collection' ? target.resource.collection.rights.read : target.resource;
  const above = target.parent?.kind === 'collection' ? target.parent.collection.rights.read : target.parent;
  if (viewer.id === principal.id || seen || (above && target.parent !== at)) return target;
  return { ...target, foreign: !(await server.collections.homeRights(viewer, principal, extension.home)).read };
}

/** What a path below a home names: a collection, or a member of the collection that the rest of the path names. */
async function resolveBelow(
  server: DavServer,
  viewer: Principal,
  home: HomeResource,
  path: readonly string[],
): Promise<Target> {
  const name = path[path.length - 1] ?? '';
  const find = (segments: readonly string[]) =>
    server.collections.find(viewer, home.principal, home.extension.home, segments.join('/'));
  const top = await find(path.slice(0, 1));
  const found = path.length === 1 ? top : top?.kind === 'plain' ? await find(path) : undefined;
  const above = path.length === 1 ? undefined : path.length === 2 ? top : await aboveOf(top, find, path);
  const parent = path.length === 1 ? home : above && collectionAt(server, home, above);
  if (found !== undefined || path.length === 1) {
    const resource = found && collectionAt(server, home, found);
    return { href: collectionHref(home, path.join('/')), resource, parent, name };
  }
  if (parent === undefined || parent.kind === 'home') return nowhere(splitPath(home.href).concat(path));
  const { collection, extension } = parent;
  const href = parent.href + encodeSegment(name);
  const row = collection.rights.read ? await extension.members.find(collection, name) : undefined;
  const resource: Resource | undefined = row && { kind: 'member', href, extension, collection, member: row };
  return { href, resource, parent, name };
}

/** The collection a long path is in: only plain collections hold collections. */
async function aboveOf(
  top: Collection | undefined,
  find: (segments: readonly string[]) => Promise<Collection | undefined>,
  path: readonly string[],
): Promise<Collection | undefined> {
  return top?.kind === 'plain' ? find(path.slice(0, -1)) : undefined;
}

/** A collection of a home as a resource. */
export function collectionAt(server: DavServer, home: HomeResource, collection: Collection): CollectionResource {
  const { extension, principal } = home;
  const own = collection.kind === extension.kind ? extension : server.files;
  return { kind: 'collection', href: collectionHref(home, collection.segment), extension: own, principal, collection };
}

function collectionHref({ href }: HomeResource, path: string): string {
  return `${href}${path.split('/').map(encodeSegment).join('/')}/`;
}

/** What others tell a principal, for itself alone. */
async function resolveNotifications(
  server: DavServer,
  viewer: Principal,
  of: Principal,
  path: readonly string[],
): Promise<Target> {
  const [segment = '', name, ...more] = path;
  const href = notificationsHref(of.name);
  if (of.id !== viewer.id) return { href, resource: undefined, parent: undefined, name: segment, foreign: true };
  const collection = more.length === 0 ? await server.collections.notifications(viewer) : undefined;
  if (collection === undefined) return { href, resource: undefined, parent: undefined, name: segment };
  const parent: CollectionResource = {
    kind: 'collection',
    href,
    extension: server.files,
    principal: viewer,
    collection,
  };
  if (name === undefined) return { href, resource: parent, parent: undefined, name: segment };
  const member = await server.files.members.find(collection, name);
  const at = href + encodeSegment(name);
  const resource: Resource | undefined = member && {
    kind: 'member',
    href: at,
    extension: server.files,
    collection,
    member,
  };
  return { href: at, resource, parent, name };
}

function nowhere(segments: readonly string[]): Target {
  const name = segments[segments.length - 1] ?? '';
  return { href: `/${segments.map(encodeSegment).join('/')}`, resource: undefined, parent: undefined, name };
}

/** Whether a name may be given to a new member or collection. */
export function isNameAllowed(name: string): boolean {
  return name !== '' && name !== ADD_MEMBER && Buffer.byteLength(name) <= MAX_SEGMENT_OCTETS;
}
