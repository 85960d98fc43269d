/**
 * What a REPORT is (RFC 3253 §3.6): a root element, the kinds of resources it works on, and how it runs.
 * plugin.ts finds it by the root element and answers 403 supported-report when there is none.
 */
import type { Depth, Exchange } from './exchange.ts';
import type { Resource, ResourceKind } from './resource.ts';
import type { Element } from './xml.ts';

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
