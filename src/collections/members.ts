/**
 * What every kind of DAV collection offers for its members: the calls that calendar objects and cards share.
 * src/calendar/calendar-objects.ts, src/contacts/cards.ts and files.ts implement it; protocols/dav/members.ts serves it.
 * Elsewhere: finding a collection (collections.ts), its change log (changes.ts).
 */

import type { BoundCollectionRow, MemberRow } from '../../storage/store.ts';
import type { Principal, Rights } from '../principals/access.ts';

/** What in a calendar of somebody else is its viewer's own (src/calendar/personal-parts.ts). */
export interface PersonalView {
  readonly principalId: number;
  /** Whether it is seen in the viewer's own home: TRANSP then says when the viewer is busy, else when the owner is. */
  readonly busy: boolean;
}

/** A collection as one principal sees it: where it is bound, whose it is, and what that principal may do. */
export interface Collection extends BoundCollectionRow {
  /** Whose account it is. */
  readonly owner: Principal;
  readonly rights: Rights;
  /** Set on a calendar of somebody else: whose alarms are shown, and kept when its viewer writes. */
  readonly personal?: PersonalView;
  /** Set on one that is made for each request and is not in the store: it has no change log. */
  readonly computed?: true;
}

/**
 * Decides on the state of a member before it is written: throws DomainError 'etag-mismatch' to refuse. It is asked again
 * inside the transaction when the member changed in between; undefined means that there is no such member.
 */
export type Precondition = (current: MemberRow | undefined) => void;

/** What a request says beside its conditions. */
export interface WriteRequest {
  /** Who writes; the owner when absent. */
  readonly viewer?: Principal;
  /** The client knows the object up to its Schedule-Tag only (RFC 6638 §3.2.10). */
  readonly keepAnswers?: boolean;
  /** False: an organizer is not to be told of a deletion (RFC 6638 §8.1). */
  readonly reply?: boolean;
  /** Nobody is told anything: a copy of history, an import. */
  readonly silent?: boolean;
  /** As the request named it; it matters to files only. */
  readonly contentType?: string | undefined;
}

/** How a write of octets ended. */
export interface PutResult {
  readonly created: boolean;
  readonly member: MemberRow;
  /** Whether the stored octets are those received; only then may the ETag be told (RFC 4791 §5.3.4). */
  readonly verbatim: boolean;
}

/** The members of the collections of one kind. Missing rights are 'forbidden', or 'not-found' without the right to read. */
export interface Members<Row extends MemberRow = MemberRow> {
  find(collection: Collection, name: string): Promise<Row | undefined>;
  /** The octets, as much of them as the collection's rights let its viewer see: text of calendar objects and cards, a Buffer of files. */
  read(member: MemberRow, collection: Collection): Promise<string | Buffer>;
  /** Creates or replaces a member with these octets, durable when it resolves. */
  put(
    collection: Collection,
    name: string,
    octets: string | Buffer,
    check: Precondition,
    request?: WriteRequest,
  ): Promise<PutResult>;
  remove(collection: Collection, name: string, check: Precondition, request?: WriteRequest): Promise<void>;
  /** Before a collection goes: takes away those members whose removal concerns others, and tells them. */
  retire?(collection: Collection, request?: WriteRequest): Promise<void>;
  /** Copies to a place that may be taken when `overwrite`; `check` sees the source. Returns whether it was free. */
  copy(
    from: Collection,
    name: string,
    to: Collection,
    toName: string,
    overwrite: boolean,
    check: Precondition,
    request?: WriteRequest,
  ): Promise<{ created: boolean }>;
  /** Moves likewise: the member keeps its id within an account. */
  move(
    from: Collection,
    name: string,
    to: Collection,
    toName: string,
    overwrite: boolean,
    check: Precondition,
    request?: WriteRequest,
  ): Promise<{ created: boolean }>;
}
