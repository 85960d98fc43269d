/**
 * What a DAV path can name, as values. `href` is the canonical path: percent-encoded one way, '/' at the end of collections.
 * paths.ts finds them; properties, reports and methods receive them with access already checked for reading.
 */
import type { Collection } from '../../src/collections/members.ts';
import type { Principal } from '../../src/principals/access.ts';
import type { MemberRow } from '../../storage/store.ts';
import type { DavExtension } from './extension.ts';

/** `/` and `/dav/`. */
export interface Root {
  readonly kind: 'root';
  readonly href: string;
}

/** `/dav/principals/`, also served at `/principals/`. */
export interface PrincipalCollection {
  readonly kind: 'principals';
  readonly href: string;
}

/** `/dav/principals/{name}/`. */
export interface PrincipalResource {
  readonly kind: 'principal';
  readonly href: string;
  readonly principal: Principal;
}

/** The parent of all homes of one kind: `/dav/calendars/`, `/dav/addressbooks/`. */
export interface HomeSet {
  readonly kind: 'homes';
  readonly href: string;
  readonly extension: DavExtension;
}

/** Where one principal's calendars or address books are: `/dav/calendars/{name}/`. */
export interface HomeResource {
  readonly kind: 'home';
  readonly href: string;
  readonly extension: DavExtension;
  /** Whose home it is. */
  readonly principal: Principal;
}

/** A calendar or an address book. */
export interface CollectionResource {
  readonly kind: 'collection';
  readonly href: string;
  readonly extension: DavExtension;
  /** Whose home it is bound in; its owner is `collection.owner`. */
  readonly principal: Principal;
  readonly collection: Collection;
}

/** A calendar object or a card. */
export interface MemberResource {
  readonly kind: 'member';
  readonly href: string;
  readonly extension: DavExtension;
  readonly collection: Collection;
  readonly member: MemberRow;
  /** The octets, loaded when a requested property says that it needs them. */
  readonly data?: string;
}

export type Resource =
  | Root
  | PrincipalCollection
  | PrincipalResource
  | HomeSet
  | HomeResource
  | CollectionResource
  | MemberResource;

export type ResourceKind = Resource['kind'];

/** One path segment in the one encoding that every href uses. */
export function encodeSegment(name: string): string {
  return encodeURIComponent(name);
}

export function principalHref(name: string): string {
  return `/dav/principals/${encodeSegment(name)}/`;
}

/** `home` is the segment below /dav/: 'calendars' or 'addressbooks'. */
export function homeHref(home: string, name: string): string {
  return `/dav/${home}/${encodeSegment(name)}/`;
}

/** Whether members can be below it; its href ends in '/'. */
export function isCollection(resource: Resource): boolean {
  return resource.kind !== 'member';
}
