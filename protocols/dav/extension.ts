/**
 * What a protocol on top of WebDAV contributes: CalDAV (protocols/caldav) and CardDAV (protocols/carddav) are one value each
 * of this type, given to the plugin. The core knows nothing else about them.
 */
import type { NewProperty } from '../../src/collections/collections.ts';
import type { Members } from '../../src/collections/members.ts';
import type { DomainError } from '../../src/errors.ts';
import type { CalendarColumns, MemberRow } from '../../storage/store.ts';
import type { LiveProperty } from './properties.ts';
import type { Report } from './report.ts';
import type { MemberResource } from './resource.ts';

/** The body of GET on a member. */
export interface Representation {
  readonly contentType: string;
  readonly body: string;
  /** Set when the answer depends on the Accept header. */
  readonly vary?: string;
}

/** What the client asked of a new collection, after the properties were checked one by one. */
export interface CollectionPlan {
  /** Columns that `LiveProperty.settable.check` filled in from the request. */
  readonly columns: Partial<CalendarColumns>;
  readonly properties: readonly NewProperty[];
}

export interface DavExtension {
  /** The segment below /dav/ and the home of its collections. */
  readonly home: 'calendars' | 'addressbooks';
  readonly kind: 'calendar' | 'addressbook';
  /** Namespace of its elements, and the name of its resource type in it: 'calendar'. */
  readonly namespace: string;
  readonly resourceType: string;
  /** Method that creates such a collection, beside extended MKCOL. */
  readonly createMethod?: 'MKCALENDAR';
  /** Tokens it adds to the DAV header. */
  readonly tokens: readonly string[];
  readonly members: Members;
  /** The property value and Content-Type of every member: 'text/calendar; charset=utf-8'. */
  contentType(member: MemberRow): string;
  /** Content-Type of all members alike, when listings may print it without looking at the member. */
  readonly uniformContentType?: string;
  readonly properties: readonly LiveProperty[];
  readonly reports: readonly Report[];
  /** Largest body of PUT, octets. */
  readonly maxResourceSize: number;
  /**
   * The text of a PUT body, or a DavError: 415 or the supported-…-data precondition for a media type that is not taken, the
   * valid-…-data precondition for octets that are not UTF-8. `mediaType` is in lower case without parameters, '' when absent.
   */
  textOf(body: Buffer, mediaType: string, parameters: string): string;
  /** The body of GET; the default is the stored octets with `contentType`. `accept` is the header, '' when absent. */
  represent?(resource: MemberResource, octets: string, accept: string): Representation;
  /** Headers that GET, HEAD and PUT of a member carry besides ETag and Last-Modified. */
  memberHeaders?(member: MemberRow): Record<string, string>;
  /** Completes the columns of a new collection from what was asked. Throws DavError to refuse. Calendars only. */
  columnsOf?(plan: CollectionPlan): CalendarColumns;
  /**
   * The answer to an error of its services: a status and the precondition element with fixed prefixes; undefined leaves it to
   * error-replies.ts. `hrefOf` gives the href of a member of the same collection.
   */
  refusal(error: DomainError, hrefOf: (name: string) => string): { status: number; condition: string } | undefined;
}
