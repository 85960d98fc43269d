/**
 * The change log of a collection: what it holds, and what happened since a log position.
 * RFC 6578 §3 and a ctag are one view of it; design "Sync tokens are honest": a position is trusted only with the start of the
 * server (boot) it was given in.
 * Elsewhere: how a token looks (protocols/dav/sync-collection.ts), mailboxes (their log is read by IMAP).
 */
import type {
  CollectionKind,
  ListingRow,
  LogPosition,
  MemberReads,
  MemberRow,
  Reads,
  Store,
} from '../../storage/store.ts';
import { seenObjects } from '../calendar/personal-views.ts';
import { seesEverything } from '../calendar/private-objects.ts';
import { DomainError } from '../errors.ts';
import type { Collection, PersonalView } from './members.ts';

/** Before everything. */
export const LOG_START: LogPosition = { modseq: 0, memberId: 0 };

/** A log position as a client holds it. */
export interface Bookmark extends LogPosition {
  readonly collectionId: number;
  readonly boot: number;
  /** The modseq at which this client began with nothing and has not finished; else 0. What left before is no news to it. */
  readonly began: number;
}

/** One step of the log. */
export interface Change {
  readonly name: string;
  /** Below zero when the member left: of one modseq, what left is told before what is there. */
  readonly memberId: number;
  readonly modseq: number;
  /** undefined: the member left. */
  readonly etag: string | undefined;
  /** The whole row, when it was asked for and the member is there. */
  readonly member: MemberRow | undefined;
}

export interface ChangePage {
  /** In order of (modseq, id), what left in between. */
  readonly changes: readonly Change[];
  /** Whether nothing follows up to the end that was asked for. */
  readonly complete: boolean;
}

type Bound = {
  readonly id: number;
  readonly accountId: number;
  readonly kind: CollectionKind;
  readonly modseq: number;
  readonly personal?: PersonalView;
};

/** With what decides how much of a member is shown. */
type Seen = Bound & Pick<Collection, 'rights'>;

/** Members by the kind of their collection. */
export function memberReads(
  reads: Reads,
  kind: CollectionKind,
): Pick<MemberReads<MemberRow>, 'get' | 'page' | 'listing' | 'count'> {
  if (kind === 'calendar') return reads.calendarObjects;
  return kind === 'addressbook' ? reads.cards : reads.files;
}

export class Changes {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /** Narrow rows of the members after a position, in order of (modseq, id). */
  listing(collection: Bound, after: LogPosition, limit: number): Promise<ListingRow[]> {
    const { id, kind, personal } = collection;
    if (personal !== undefined) return this.store.personalData.listing(personal.principalId, id, after, limit);
    return memberReads(this.store, kind).listing(id, after, limit);
  }

  /** Whole rows of the members after a position, in order of (modseq, id). */
  page(collection: Bound, after: LogPosition, limit: number): Promise<MemberRow[]> {
    const { id, kind, personal } = collection;
    if (personal !== undefined) return this.store.personalData.page(personal.principalId, id, after, limit);
    return memberReads(this.store, kind).page(id, after, limit);
  }

  /** Rows and the octets that are shown of members by name, at most 500; missing ones are left out. */
  async withData(collection: Seen, names: string[]): Promise<(MemberRow & { data: string })[]> {
    if (collection.kind !== 'calendar') return this.store.cards.withData(collection.id, names);
    const rows = await this.store.calendarObjects.withData(collection.id, names);
    if (collection.personal === undefined && seesEverything(collection)) return rows;
    return seenObjects(this.store, collection, rows);
  }

  /**
   * What changed after a position, up to and including modseq `until`, at most `limit`; with whole rows when `whole`. What
   * left is told only from modseq `began` on.
   * The reads need not agree with each other: what changes in between gets a modseq beyond `until`, so it is left for the next
   * request, never lost.
   */
  async since(
    collection: Bound,
    { after, until, began }: { after: LogPosition; until: number; began: number },
    limit: number,
    whole: boolean,
  ): Promise<ChangePage> {
    const members = whole
      ? (await this.page(collection, after, limit + 1)).map(asChange)
      : (await this.listing(collection, after, limit + 1)).map(listed);
    const nothingLeft = after.modseq < began && began >= until;
    const left = after.modseq < began ? { modseq: began, memberId: Number.MAX_SAFE_INTEGER } : after;
    const gone = nothingLeft ? [] : await this.store.tombstones.page(collection.id, left, limit + 1);
    const changes: Change[] = [];
    let m = 0;
    let g = 0;
    while (changes.length < limit) {
      const member = reached(members[m], until);
      const departed = reached(gone[g], until);
      if (member !== undefined && (departed === undefined || isBefore(member, departed))) {
        changes.push(member);
        m++;
      } else if (departed !== undefined) {
        changes.push({ ...departed, etag: undefined, member: undefined });
        g++;
      } else return { changes, complete: true };
    }
    return { changes, complete: reached(members[m], until) === undefined && reached(gone[g], until) === undefined };
  }

  /** The bookmark that names everything up to a collection's modseq, or up to a position before it. */
  bookmark(collection: Bound, position?: LogPosition, began = 0): Bookmark {
    const { modseq, memberId } = position ?? { modseq: collection.modseq, memberId: Number.MAX_SAFE_INTEGER };
    return { collectionId: collection.id, boot: this.store.boot, modseq, memberId, began };
  }

  /**
   * Refuses a bookmark this store did not give, or gave in a life it has forgotten: another collection, an unknown boot, a
   * modseq at or past the account's first one of a later boot, or one that is not reached yet.
   * @throws DomainError sync-token-invalid
   */
  async verify(collection: Bound, bookmark: Bookmark): Promise<void> {
    const refuse = () => new DomainError('sync-token-invalid', 'This sync token is not valid for the collection.');
    const furthest = Math.max(bookmark.modseq, bookmark.began);
    if (bookmark.collectionId !== collection.id || furthest > collection.modseq) throw refuse();
    if (bookmark.boot === this.store.boot) return;
    if (bookmark.boot > this.store.boot || !(await this.store.accounts.bootExists(bookmark.boot))) throw refuse();
    const next = await this.store.accounts.firstModseqAfterBoot(collection.accountId, bookmark.boot);
    if (next !== undefined && furthest >= next) throw refuse();
  }
}

function listed([memberId, name, etag, modseq]: ListingRow): Change {
  return { name, memberId, modseq, etag, member: undefined };
}

function asChange(member: MemberRow): Change {
  return { name: member.name, memberId: member.id, modseq: member.modseq, etag: member.etag, member };
}

function reached<Step extends { modseq: number }>(step: Step | undefined, until: number): Step | undefined {
  return step !== undefined && step.modseq <= until ? step : undefined;
}

function isBefore(one: LogPosition, other: LogPosition): boolean {
  return one.modseq < other.modseq || (one.modseq === other.modseq && one.memberId < other.memberId);
}
