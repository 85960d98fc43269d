/**
 * Properties of resources: the table of live ones, and reading any set of them off a resource.
 * RFC 4918 §4, §9.1, §14.18 to §14.22; RFC 8144 §2.1.
 * A request's properties are resolved once (`ask`), then each resource answers with finished text.
 * Elsewhere: the live properties themselves (live-properties.ts, acl.ts and the extensions), writing (proppatch.ts).
 */
import type { CalendarColumns } from '../../storage/store.ts';
import type { Exchange } from './exchange.ts';
import type { Resource, ResourceKind } from './resource.ts';
import type { Element } from './xml.ts';

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
}

/** How PROPPATCH, MKCALENDAR and extended MKCOL change a live property. */
export interface Settable {
  /** Takes a value when the collection is made, and never again. */
  readonly onlyAtCreation?: boolean;
  /** Whether the element itself is kept and given back byte for byte. 'personal': each person has an own value. */
  readonly stored: 'shared' | 'personal' | 'no';
  /**
   * Judges a new value, undefined to remove it. Returns the columns of the calendar that follow from it.
   * Throws DavError (403 or 409, with a condition when one is defined), which fails this property alone in its propstat.
   */
  check?(value: Element | undefined): Partial<CalendarColumns> | undefined;
}

/** All live properties of the server, and how to read them. */
export interface LiveProperties {
  /**
   * Resolves what a request asks for. `asked` is its DAV:prop, DAV:allprop or DAV:propname element, undefined for none at all
   * (a report without a property element: responses then carry only a status). Honours Prefer: return=minimal.
   */
  ask(exchange: Exchange, asked: Element | undefined): AskedProperties;
}

/** The properties one request asks for. */
export interface AskedProperties {
  /** Whether a member must come with its octets. */
  readonly needsData: boolean;
  /** The finished `<D:response>` of a resource. Returns text at once when every value is at hand. */
  respond(resource: Resource): string | Promise<string>;
}
