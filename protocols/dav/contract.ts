/**
 * The types that the DAV server and the protocols on top of it share: resources, properties, reports, extensions.
 * They refer to each other, so they live together. Types only; no code.
 * `href` is always the canonical path: percent-encoded one way, '/' at the end of collections.
 * Elsewhere: finding resources (paths.ts), printing properties (properties.ts), running methods (plugin.ts).
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Changes } from '../../src/collections/changes.ts';
import type { Collections } from '../../src/collections/collections.ts';
import type { Grants, ProxyAccess } from '../../src/collections/grants.ts';
import type { HomeChanges } from '../../src/collections/home-changes.ts';
import type { KeptProperties, NewProperty } from '../../src/collections/kept-properties.ts';
import type { Collection, Members } from '../../src/collections/members.ts';
import type { Quota } from '../../src/collections/quota.ts';
import type { Sharing } from '../../src/collections/sharing.ts';
import type { DomainError } from '../../src/errors.ts';
import type { Principal } from '../../src/principals/access.ts';
import type { Directory } from '../../src/principals/directory.ts';
import type { CalendarColumns, MemberRow } from '../../storage/store.ts';
import type { DavError } from './dav-error.ts';
import type { Element } from './xml.ts';

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

/** Who may act for a principal: `/dav/principals/{name}/calendar-proxy-read/`, `…-write/`. */
export interface ProxyResource {
  readonly kind: 'proxy';
  readonly href: string;
  /** Whose calendars it is about. */
  readonly principal: Principal;
  readonly access: ProxyAccess;
}

/** The parent of all homes of one kind: `/dav/calendars/`, `/dav/addressbooks/`. */
export interface HomeSet {
  readonly kind: 'homes';
  readonly href: string;
  readonly extension: HomeExtension;
}

/** Where one principal's calendars or address books are: `/dav/calendars/{name}/`. */
export interface HomeResource {
  readonly kind: 'home';
  readonly href: string;
  readonly extension: HomeExtension;
  /** Whose home it is. */
  readonly principal: Principal;
}

/** A calendar, an address book, or a plain collection. */
export interface CollectionResource {
  readonly kind: 'collection';
  readonly href: string;
  readonly extension: DavExtension;
  /** Whose home it is bound in; its owner is `collection.owner`. */
  readonly principal: Principal;
  readonly collection: Collection;
}

/** A calendar object, a card or a file. */
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
  | ProxyResource
  | HomeSet
  | HomeResource
  | CollectionResource
  | MemberResource;

export type ResourceKind = Resource['kind'];

/** What the DAV server is made of, the same for all requests. */
export interface DavServer {
  readonly collections: Collections;
  readonly keptProperties: KeptProperties;
  readonly changes: Changes;
  readonly homeChanges: HomeChanges;
  readonly grants: Grants;
  readonly sharing: Sharing;
  /** What an account uses, and may use. */
  quota(accountId: number): Promise<Quota>;
  readonly directory: Directory;
  readonly extensions: readonly HomeExtension[];
  /** Members of plain collections. */
  readonly files: DavExtension;
  readonly properties: PropertyTable;
  /** The reports a resource runs. */
  reportsOf(resource: Resource): readonly Report[];
}

/** Who asks, and of whom. */
export interface Exchange {
  readonly server: DavServer;
  readonly viewer: Principal;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export type Depth = 0 | 1 | 'infinity';

/** What is inside the property element, serialised with the fixed prefixes and escaped; with attributes when it has some. */
export type PropertyValue = string | { readonly attributes: string; readonly content: string };

/** A property whose value the server knows how to make. */
export interface LiveProperty {
  readonly namespace: string;
  readonly name: string;
  /** Kinds of resource that have it. Properties of an extension are bound to the extension's home kind already. */
  readonly on: readonly ResourceKind[];
  /** Whether allprop includes it (RFC 4918 §9.1, RFC 4791 §5.2). */
  readonly inAllprop?: boolean;
  /** Of a member, whether reading needs `resource.data`. */
  readonly needsData?: boolean;
  /** Of a member, whether its value follows from the href and the ETag alone: then long listings are printed from an index. */
  fromListing?(extension: DavExtension): boolean;
  /**
   * Its value for the viewer, undefined when this resource does not have it (404). `asked` is the element in the request:
   * calendar-data and address-data carry their own instructions. A stored value of a settable property comes first.
   */
  read(
    resource: Resource,
    exchange: Exchange,
    asked: Element,
  ): PropertyValue | undefined | Promise<PropertyValue | undefined>;
  /** Absent: protected, PROPPATCH answers 403 cannot-modify-protected-property. */
  readonly settable?: Settable;
  /** The whole element to answer with for a stored one, when the request asks for another form of it than was stored. */
  present?(stored: string, asked: Element): string;
}

/** How PROPPATCH, MKCALENDAR and extended MKCOL change a live property. */
export interface Settable {
  /** Takes a value when the collection is made, and never again. */
  readonly onlyAtCreation?: boolean;
  /** Whether the element itself is kept and given back byte for byte. 'personal': each person has an own value. */
  readonly stored: 'shared' | 'personal' | 'no';
  /** Whether each person has an own value for what others share, set in its own home. */
  readonly ownInOwnHome?: boolean;
  /** Names, in the same namespace, of stored properties that mean the same and go when this one is set or removed. */
  readonly displaces?: readonly string[];
  /**
   * Judges a new value, undefined to remove it. Returns the columns of the calendar that follow from it, or (not thrown) the
   * refusal of this property in its propstat: 403 or 409, with a condition when one is defined.
   */
  check?(value: Element | undefined): Partial<CalendarColumns> | DavError | undefined;
  /** What only the store can tell of a new value, asked by PROPPATCH before it judges. */
  verify?(value: Element | undefined, resource: Resource, exchange: Exchange): Promise<DavError | undefined>;
}

/** All live properties of the server, and reading any set of them. properties.ts implements it. */
export interface PropertyTable {
  /** The live property of that name on a resource, if it has one. */
  find(namespace: string, name: string, resource: Resource): LiveProperty | undefined;
  /** Whether clients may keep a property of this name on a resource: no live property has it, or one that can be set. */
  maybeStored(namespace: string, name: string, resource: Resource): boolean;
  /**
   * Resolves what a request asks for. `asked` holds DAV:prop, DAV:allprop (with DAV:include) or DAV:propname among its children;
   * undefined or none of them means `fallback`, allprop when absent.
   */
  ask(exchange: Exchange, asked: Element | undefined, fallback?: 'allprop' | 'nothing'): AskedProperties;
}

/** The properties one request asks for. */
export interface AskedProperties {
  /** Whether members of a collection must come with their octets. */
  needsData(member: MemberResource): boolean;
  /** The finished `<D:response>` of a resource. Returns text at once when every value is at hand. */
  respond(resource: Resource): string | Promise<string>;
  /**
   * When everything asked of a member follows from its name and ETag: the text of its response in three pieces, with the href
   * between the first two and the ETag, if it was asked for, between the last two. Else undefined.
   */
  listingPieces(sample: MemberResource): readonly string[] | undefined;
}

export interface Report {
  readonly namespace: string;
  readonly name: string;
  /** Kinds of resource that list it in supported-report-set and run it. */
  readonly on: readonly ResourceKind[];
  /** Further condition, for example that the collection is a calendar. Reports of an extension are bound to its kind already. */
  appliesTo?(resource: Resource): boolean;
  /** The right its resource must grant when it is a collection or a member; 'read' when absent. */
  readonly right?: 'freeBusy' | 'read';
  /** Runs and answers by `startMultistatus(exchange)` or the reply; throws DavError or DomainError before the first octet. */
  run(exchange: Exchange, request: ReportRequest): Promise<void>;
}

export interface ReportRequest {
  readonly resource: Resource;
  /** The root element of the body. */
  readonly body: Element;
  /** The Depth header; undefined when absent. RFC 3253 §3.6 then means 0, RFC 4791 §7.8 clients mean 1. */
  readonly depth: Depth | undefined;
}

/** The body of GET on a member. */
export interface Representation {
  readonly contentType: string;
  readonly body: string | Buffer;
  /** Set when the answer depends on the Accept header. */
  readonly vary?: string;
}

/** All members of a collection as one document. */
export interface WholeCollection {
  readonly contentType: string;
  readonly parts: AsyncIterable<string>;
}

/** What the client asked of a new collection, after the properties were checked one by one. */
export interface CollectionPlan {
  /** Columns that `LiveProperty.settable.check` filled in from the request. */
  readonly columns: Partial<CalendarColumns>;
  readonly properties: readonly NewProperty[];
}

/** An extension whose collections have homes of their own below /dav/. */
export interface HomeExtension extends DavExtension {
  /** The segment below /dav/ and the home of its collections. */
  readonly home: 'calendars' | 'addressbooks';
  readonly kind: 'calendar' | 'addressbook';
}

export interface DavExtension {
  readonly kind: 'calendar' | 'addressbook' | 'plain';
  /** Namespace of its elements, and the name of its resource type in it: 'calendar'; '' for none. */
  readonly namespace: string;
  readonly resourceType: string;
  /** The resource types of a collection that is special, without prefix, instead of `resourceType`. */
  resourceTypesOf?(collection: Collection): readonly string[] | undefined;
  /** Answers POST on one of its resources; false leaves it at 405. */
  post?(exchange: Exchange, resource: Resource, body: Buffer): Promise<boolean>;
  /** Registers what it serves at addresses of its own. Errors are answered like all others. */
  routes?(fastify: FastifyInstance, server: DavServer): void;
  /** Method that creates such a collection, beside extended MKCOL. */
  readonly createMethod?: 'MKCALENDAR';
  /** Tokens it adds to the DAV header. */
  readonly tokens: readonly string[];
  readonly members: Members;
  /** How the names of members end that the server chooses: '.ics'. */
  readonly memberSuffix: string;
  /** The property value and Content-Type of every member: 'text/calendar; charset=utf-8'. */
  contentType(member: MemberRow): string;
  /** Content-Type of all members alike, when listings may print it without looking at the member. */
  readonly uniformContentType?: string;
  readonly properties: readonly LiveProperty[];
  readonly reports: readonly Report[];
  /** Largest body of PUT, octets. */
  readonly maxResourceSize: number;
  /**
   * The octets of a PUT body, as text unless they are a file's, or a DavError: 415 or the supported-…-data precondition for a
   * media type that is not taken, the valid-…-data precondition for octets that are not UTF-8. `mediaType` is in lower case without parameters, '' when absent.
   */
  textOf(body: Buffer, mediaType: string, parameters: string): string | Buffer;
  /** Whether a PUT body of this type is stored as another, so that no ETag may be told. */
  isConverted?(mediaType: string): boolean;
  /**
   * The body of GET; the default is the stored octets with `contentType`. `accept` is the header, '' when absent; `headers` are
   * all of the request's.
   */
  represent?(resource: MemberResource, octets: string, accept: string, headers?: IncomingHttpHeaders): Representation;
  /** The body of GET on a collection; undefined when it has none of its own. */
  whole?(
    exchange: Exchange,
    resource: CollectionResource,
  ): WholeCollection | undefined | Promise<WholeCollection | undefined>;
  /** Headers that GET, HEAD and PUT of a member carry besides ETag and Last-Modified. */
  memberHeaders?(member: MemberRow): Record<string, string>;
  /**
   * Makes a collection of Apple's type `subscribed`, whose members are fetched from a URL: a calendar that is read-only.
   * Throws DomainError.
   */
  subscribe?(owner: Principal, segment: string, url: string, properties: readonly NewProperty[]): Promise<void>;
  /** Completes the columns of a new collection from what was asked. Throws DavError to refuse. Calendars only. */
  columnsOf?(plan: CollectionPlan): CalendarColumns;
  /**
   * The answer to an error of its services: a status and the precondition element with fixed prefixes; undefined leaves it to
   * error-replies.ts. `hrefOf` gives the href of a member of the same collection.
   */
  refusal(error: DomainError, hrefOf: (name: string) => string): { status: number; condition?: string } | undefined;
}
