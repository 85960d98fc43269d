/**
 * The change log of a home: which collections in it came, changed or left since a position.
 * RFC 6578 §3 with the home as the collection. Collections of others that appear in the home count by the modseqs of their own
 * accounts, so a position names one modseq for each account.
 * Elsewhere: the log of one collection (changes.ts), how a token looks (protocols/dav/sync-token.ts).
 */
import type { BoundCollectionRow, Home, Store } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import { type Principal, rightsOn } from '../principals/access.ts';

/** A position in the log of a home, as a client holds it. */
export interface HomeBookmark {
  readonly principalId: number;
  readonly home: Home;
  readonly boot: number;
  /** The principal's own account. */
  readonly modseq: number;
  /** Other accounts whose collections appear here, with the highest modseq seen of each. */
  readonly others: ReadonlyMap<number, number>;
}

export interface HomeChangeSet {
  /** Segments of collections that are there and changed. */
  readonly changed: readonly string[];
  /** Segments of collections that left. */
  readonly gone: readonly string[];
  readonly bookmark: HomeBookmark;
}

export class HomeChanges {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /** The position now. */
  async bookmark(of: Principal, home: Home): Promise<HomeBookmark> {
    return (await this.read(of, home)).bookmark;
  }

  /**
   * What changed since a bookmark, or everything without one.
   * @throws DomainError sync-token-invalid
   */
  async since(viewer: Principal, of: Principal, home: Home, from: HomeBookmark | undefined): Promise<HomeChangeSet> {
    const { rows, gone, bookmark } = await this.read(of, home, from?.modseq);
    if (from !== undefined) await this.verify(from, bookmark);
    const changed: string[] = [];
    const left = from === undefined ? [] : gone.map(({ name }) => name.slice(home.length + 1));
    for (const row of rows) {
      const rights = await rightsOn(this.store, viewer, row);
      if (!rights.read) {
        // It was readable once, or never told: either way it is not there for this viewer.
        if (from !== undefined && row.accountId !== of.id) left.push(row.segment);
      } else if (from === undefined || isNewer(row, of, from)) changed.push(row.segment);
    }
    return { changed, gone: left, bookmark };
  }

  private async read(of: Principal, home: Home, since = Number.MAX_SAFE_INTEGER) {
    return this.store.snapshot(async (read) => {
      const account = await read.accounts.get(of.id);
      const rows = await read.collections.home(of.id, home);
      const tombstones = await read.tombstones.ofHomes(of.id, since);
      // Plain collections below others are not members of the home.
      const gone = tombstones.filter(({ name }) => name.startsWith(`${home}/`) && name.split('/').length === 2);
      const others = new Map<number, number>();
      for (const { accountId, modseq } of rows)
        if (accountId !== of.id) others.set(accountId, Math.max(modseq, others.get(accountId) ?? 0));
      const bookmark = { principalId: of.id, home, boot: this.store.boot, modseq: account?.modseq ?? 0, others };
      return { rows, gone, bookmark };
    });
  }

  /** Refuses a bookmark that this store did not give, or gave in a life it has forgotten, as Changes.verify does. */
  private async verify(from: HomeBookmark, now: HomeBookmark): Promise<void> {
    const refuse = () => new DomainError('sync-token-invalid', 'This sync token is not valid for the home.');
    if (from.principalId !== now.principalId || from.home !== now.home || from.modseq > now.modseq) throw refuse();
    if (from.boot > this.store.boot || !(await this.store.accounts.bootExists(from.boot))) throw refuse();
    const accounts = new Map([[from.principalId, from.modseq], ...from.others]);
    for (const [accountId, modseq] of accounts) {
      const account = await this.store.accounts.get(accountId);
      if (account !== undefined && modseq > account.modseq) throw refuse();
      if (from.boot === this.store.boot) continue;
      const next = await this.store.accounts.firstModseqAfterBoot(accountId, from.boot);
      if (next !== undefined && modseq >= next) throw refuse();
    }
  }
}

function isNewer(row: BoundCollectionRow, of: Principal, from: HomeBookmark): boolean {
  if (row.bindingModseq > from.modseq) return true;
  return row.modseq > (row.accountId === of.id ? from.modseq : (from.others.get(row.accountId) ?? 0));
}
