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
import { DomainError } from '../errors.ts';

/** Before everything. */
export const LOG_START: LogPosition = { modseq: 0, memberId: 0 };

/** A log position as a client holds it. */
export interface Bookmark extends LogPosition {
  readonly collectionId: number;
  readonly boot: number;
}

/** Members and departures after a position. */
export interface ChangePage {
  /** In order of (modseq, id), with what left in between: a tombstone has no etag. */
  readonly changes: readonly Change[];
  /** Where the next page starts. */
  readonly next: LogPosition;
  readonly complete: boolean;
}

export interface Change {
  readonly name: string;
  readonly memberId: number;
  readonly modseq: number;
  /** undefined: the member left. */
  readonly etag: string | undefined;
}

type Bound = {
  readonly id: number;
  readonly accountId: number;
  readonly kind: CollectionKind;
  readonly modseq: number;
};

/** Members by the kind of their collection. */
export function memberReads(reads: Reads, kind: CollectionKind): MemberReads<MemberRow> {
  return kind === 'calendar' ? reads.calendarObjects : reads.cards;
}

export class Changes {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /** Narrow rows of the members after a position, in order of (modseq, id). */
  listing(collection: Bound, after: LogPosition, limit: number): Promise<ListingRow[]> {
    return memberReads(this.store, collection.kind).listing(collection.id, after, limit);
  }

  /** Whole rows of the members after a position, in order of (modseq, id). */
  page(collection: Bound, after: LogPosition, limit: number): Promise<MemberRow[]> {
    return memberReads(this.store, collection.kind).page(collection.id, after, limit);
  }

  /** Rows and octets of members by name, at most 500; missing ones are left out. */
  withData(collection: Bound, names: string[]): Promise<(MemberRow & { data: string })[]> {
    return memberReads(this.store, collection.kind).withData(collection.id, names);
  }

  /** What changed after a position, at most `limit`, read in one snapshot. */
  since(collection: Bound, after: LogPosition, limit: number): Promise<ChangePage> {
    return this.store.snapshot(async (reads) => {
      const members = await memberReads(reads, collection.kind).listing(collection.id, after, limit + 1);
      // Nothing can have left before the first position.
      const gone = after.modseq === 0 ? [] : await reads.tombstones.page(collection.id, after, limit + 1);
      const changes: Change[] = [];
      let m = 0;
      let g = 0;
      while (changes.length < limit && (m < members.length || g < gone.length)) {
        const member = members[m];
        const left = gone[g];
        if (
          left === undefined ||
          (member !== undefined && isBefore(member[3], member[0], left.modseq, left.memberId))
        ) {
          const [memberId, name, etag, modseq] = member!;
          changes.push({ name, memberId, modseq, etag });
          m++;
        } else {
          changes.push({ ...left, etag: undefined });
          g++;
        }
      }
      const complete = m === members.length && g === gone.length;
      const last = changes[changes.length - 1];
      const now = complete ? ((await reads.collections.get(collection.id))?.modseq ?? collection.modseq) : 0;
      const next = complete
        ? { modseq: now, memberId: Number.MAX_SAFE_INTEGER }
        : { modseq: last!.modseq, memberId: last!.memberId };
      return { changes, next, complete };
    });
  }

  /** The bookmark that names everything up to a collection's modseq. */
  bookmark(collection: Bound, position: LogPosition): Bookmark {
    return { collectionId: collection.id, boot: this.store.boot, ...position };
  }

  /**
   * Refuses a bookmark this store did not give, or gave in a life it has forgotten: another collection, an unknown boot, a
   * modseq at or past the account's first one of a later boot, or one that is not reached yet.
   * @throws DomainError sync-token-invalid
   */
  async verify(collection: Bound, bookmark: Bookmark): Promise<void> {
    const refuse = () => new DomainError('sync-token-invalid', 'This sync token is not valid for the collection.');
    if (bookmark.collectionId !== collection.id || bookmark.modseq > collection.modseq) throw refuse();
    if (bookmark.boot === this.store.boot) return;
    if (bookmark.boot > this.store.boot || !(await this.store.accounts.bootExists(bookmark.boot))) throw refuse();
    const next = await this.store.accounts.firstModseqAfterBoot(collection.accountId, bookmark.boot);
    if (next !== undefined && bookmark.modseq >= next) throw refuse();
  }
}

function isBefore(modseq: number, id: number, otherModseq: number, otherId: number): boolean {
  return modseq < otherModseq || (modseq === otherModseq && id < otherId);
}
