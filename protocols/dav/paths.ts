/**
 * From a URL to what it names, and to where something new could be made.
 * RFC 3986 §2, §3.3; RFC 4918 §5.2, §8.3. Paths are compared after percent-decoding; a collection answers with and without '/'.
 * Whatever the viewer may not see looks as if it did not exist. Elsewhere: building hrefs (resource.ts).
 */
import type { Principal } from '../../src/principals/access.ts';
import type { DavExtension, DavServer, Resource } from './contract.ts';
import { DavError } from './dav-error.ts';
import { encodeSegment, homeHref, principalHref } from './hrefs.ts';

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

async function resolveInHomes(
  server: DavServer,
  viewer: Principal,
  extension: DavExtension,
  segments: readonly string[],
): Promise<Target> {
  const [home = '', owner, segment, member, ...more] = segments;
  const homes: Resource = { kind: 'homes', href: `/dav/${home}/`, extension };
  if (owner === undefined) return { href: homes.href, resource: homes, parent: undefined, name: home };
  const principal = await server.directory.byName(viewer, owner.toLowerCase());
  if (principal === undefined)
    return { ...nowhere(['dav', ...segments]), parent: segment === undefined ? homes : undefined };
  const href = homeHref(home, principal.name);
  const at: Resource = { kind: 'home', href, extension, principal };
  if (segment === undefined) return { href, resource: at, parent: homes, name: owner };

  const collection = await server.collections.find(viewer, principal, extension.home, segment);
  const collectionHref = `${href}${encodeSegment(segment)}/`;
  const found: Resource | undefined = collection && {
    kind: 'collection',
    href: collectionHref,
    extension,
    principal,
    collection,
  };
  if (member === undefined) return { href: collectionHref, resource: found, parent: at, name: segment };
  if (collection === undefined || more.length > 0) return nowhere(['dav', ...segments]);

  const memberHref = collectionHref + encodeSegment(member);
  const row = collection.rights.read ? await extension.members.find(collection, member) : undefined;
  const resource: Resource | undefined = row && {
    kind: 'member',
    href: memberHref,
    extension,
    collection,
    member: row,
  };
  return { href: memberHref, resource, parent: found, name: member };
}

function nowhere(segments: readonly string[]): Target {
  const name = segments[segments.length - 1] ?? '';
  return { href: `/${segments.map(encodeSegment).join('/')}`, resource: undefined, parent: undefined, name };
}

/** Whether a name may be given to a new member or collection. */
export function isNameAllowed(name: string): boolean {
  return name !== '' && name !== ADD_MEMBER && Buffer.byteLength(name) <= MAX_SEGMENT_OCTETS;
}
