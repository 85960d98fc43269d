/**
 * The live properties of WebDAV itself, and the ctag of Apple's calendar server.
 * RFC 4918 §15, RFC 3253 §3.1.4 and §3.1.5, RFC 5397 §3, RFC 5842 §3.1 (resource-id), RFC 6578 §4.
 * Elsewhere: privileges and principals (acl.ts), what calendars and address books add (the extensions).
 */
import { createHash } from 'node:crypto';
import type {
  CollectionResource,
  Exchange,
  LiveProperty,
  MemberResource,
  Resource,
  ResourceKind,
  Settable,
} from './contract.ts';
import { DavError } from './dav-error.ts';
import { principalHref } from './hrefs.ts';
import { COLLECTION_PAGE } from './members.ts';
import { methodsOf } from './methods.ts';
import { APPLE_ICAL, CALENDARSERVER, DAV, prefixOf } from './namespaces.ts';
import { sharedType } from './sharing.ts';
import { isSynchronised, tokenOf } from './sync-token.ts';
import { type Element, escapeXml, hrefXml, qualifiedName } from './xml.ts';

const MAX_DISPLAY_NAME = 1024;
const PAGE_LENGTH = String(COLLECTION_PAGE.length);
const EVERYTHING: readonly ResourceKind[] = [
  'root',
  'principals',
  'principal',
  'proxy',
  'homes',
  'home',
  'collection',
  'member',
];

const PERSONAL: Settable = { stored: 'personal' };

export const liveProperties: readonly LiveProperty[] = [
  {
    namespace: DAV,
    name: 'resourcetype',
    on: EVERYTHING,
    inAllprop: true,
    fromListing: () => true,
    read: resourceType,
  },
  {
    namespace: DAV,
    name: 'displayname',
    on: ['principal', 'proxy', 'home', 'collection'],
    inAllprop: true,
    read: (resource) => escapeXml(displayName(resource)),
    settable: { stored: 'personal', check: checkDisplayName },
  },
  {
    namespace: DAV,
    name: 'getetag',
    on: ['member'],
    inAllprop: true,
    fromListing: () => true,
    read: (resource) => (resource.kind === 'member' ? `"${resource.member.etag}"` : undefined),
  },
  {
    namespace: DAV,
    name: 'getcontenttype',
    on: ['member'],
    inAllprop: true,
    fromListing: (extension) => extension.uniformContentType !== undefined,
    read: (resource) =>
      resource.kind === 'member' ? escapeXml(resource.extension.contentType(resource.member)) : undefined,
  },
  {
    namespace: DAV,
    name: 'getcontentlength',
    on: ['home', 'collection', 'member'],
    inAllprop: true,
    // RFC 4918 §15.4: what GET would send. The length of a whole collection is known only when it was sent; clients that ask
    // count its members by themselves.
    read: (resource) =>
      resource.kind === 'member' ? lengthOf(resource) : resource.kind === 'home' ? PAGE_LENGTH : '0',
  },
  {
    namespace: DAV,
    name: 'getlastmodified',
    on: ['member'],
    inAllprop: true,
    read: (resource) => (resource.kind === 'member' ? new Date(resource.member.modifiedAt).toUTCString() : undefined),
  },
  {
    namespace: DAV,
    name: 'creationdate',
    on: ['principal', 'home', 'collection', 'member'],
    inAllprop: true,
    read: (resource) => {
      const at = createdAt(resource);
      return at === undefined ? undefined : new Date(at).toISOString().replace(/\.\d+Z$/, 'Z'); // RFC 3339 §5.6
    },
  },
  { namespace: DAV, name: 'supported-report-set', on: EVERYTHING, read: supportedReports },
  { namespace: DAV, name: 'supported-method-set', on: EVERYTHING, read: supportedMethods },
  { namespace: DAV, name: 'resource-id', on: ['principal', 'home', 'collection', 'member'], read: resourceId },
  {
    namespace: DAV,
    name: 'sync-token',
    on: ['collection'],
    read: (resource, { server }) =>
      resource.kind === 'collection' && isSynchronised(resource)
        ? tokenOf(server.changes.bookmark(resource.collection))
        : undefined,
  },
  {
    namespace: CALENDARSERVER,
    name: 'getctag',
    on: ['collection'],
    read: (resource, { server }) =>
      resource.kind === 'collection' ? tokenOf(server.changes.bookmark(resource.collection)) : undefined,
  },
  // Kept as clients write them; known here so that everyone has an own value, also on a calendar that may only be read.
  { namespace: APPLE_ICAL, name: 'calendar-color', on: ['collection'], read: () => undefined, settable: PERSONAL },
  { namespace: APPLE_ICAL, name: 'calendar-order', on: ['collection'], read: () => undefined, settable: PERSONAL },
];

function resourceType(resource: Resource, exchange: Exchange): string | Promise<string> {
  switch (resource.kind) {
    case 'member':
      return '';
    case 'principal':
      return '<D:collection/><D:principal/>';
    case 'proxy':
      return `<D:collection/><D:principal/><CS:calendar-proxy-${resource.access}/>`;
    case 'collection':
      return collectionType(resource, exchange);
    default:
      return '<D:collection/>';
  }
}

function collectionType(resource: CollectionResource, exchange: Exchange): string | Promise<string> {
  const { extension, collection } = resource;
  if (collection.kind === 'plain') return '<D:collection/>';
  if (collection.kind === 'notifications') return '<D:collection/><CS:notification/>';
  const prefix = prefixOf(extension.namespace);
  const names = extension.resourceTypesOf?.(collection) ?? [extension.resourceType];
  const types = `<D:collection/>${names.map((name) => `<${prefix}:${name}/>`).join('')}`;
  return collection.computed ? types : sharedType(resource, exchange).then((shared) => types + shared);
}

function displayName(resource: Resource): string {
  switch (resource.kind) {
    case 'principal':
    case 'home':
      return resource.principal.displayName;
    case 'proxy':
      return `${resource.principal.displayName} (${resource.access})`;
    case 'collection':
      return resource.collection.segment;
    default:
      return '';
  }
}

function checkDisplayName(value: Element | undefined): DavError | undefined {
  if (value === undefined || value.text().length <= MAX_DISPLAY_NAME) return undefined;
  return new DavError(409, `A display name has at most ${MAX_DISPLAY_NAME} characters.`);
}

/** What is stored is as long as its row says; what others are shown of a calendar is not what is stored. */
function lengthOf(resource: MemberResource): string | Promise<string> {
  const { extension, collection, member, data } = resource;
  if (collection.personal === undefined) return String(member.size);
  if (data !== undefined) return String(Buffer.byteLength(data));
  return Promise.resolve(extension.members.read(member, collection)).then((octets) =>
    String(Buffer.byteLength(octets)),
  );
}

function createdAt(resource: Resource): number | undefined {
  switch (resource.kind) {
    case 'principal':
    case 'home':
      return resource.principal.createdAt;
    case 'collection':
      return resource.collection.createdAt;
    case 'member':
      return resource.member.createdAt;
    default:
      return undefined;
  }
}

/** RFC 3253 §3.1.5. */
function supportedReports(resource: Resource, { server }: Exchange): string {
  let reports = '';
  for (const report of server.reportsOf(resource)) {
    const { tag, declaration } = qualifiedName(report.namespace, report.name);
    reports += `<D:supported-report><D:report><${tag}${declaration}/></D:report></D:supported-report>`;
  }
  return reports;
}

/** RFC 3253 §3.1.3. */
function supportedMethods(resource: Resource): string {
  return methodsOf(resource)
    .map((method) => `<D:supported-method name="${method}"/>`)
    .join('');
}

/** RFC 5842 §3.1: the same for the life of the resource, and no other resource has it. */
function resourceId(resource: Resource): string | undefined {
  switch (resource.kind) {
    case 'principal':
      return hrefXml(`urn:uuid:${resource.principal.uuid}`);
    case 'home':
      return hrefXml(derivedUuid(`${resource.principal.uuid} ${resource.extension.home}`));
    case 'collection':
      return hrefXml(derivedUuid(`${resource.collection.owner.uuid} collection ${resource.collection.id}`));
    case 'member':
      return hrefXml(derivedUuid(`${resource.collection.owner.uuid} ${resource.extension.kind} ${resource.member.id}`));
    default:
      return undefined;
  }
}

/** A UUID of version 8 (RFC 9562 §5.8) from a name. */
function derivedUuid(name: string): string {
  const octets = createHash('sha256').update(name).digest().subarray(0, 16);
  octets[6] = (octets[6]! & 0x0f) | 0x80;
  octets[8] = (octets[8]! & 0x3f) | 0x80;
  const hex = octets.toString('hex');
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The href of a principal as a property value. */
export function principalXml(name: string): string {
  return hrefXml(principalHref(name));
}
