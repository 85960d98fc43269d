/**
 * What a person deleted and can have back: calendar objects, cards, calendars and address books, for as long as they are kept.
 * Putting back is silent: no invitation is sent, nobody is told. Each is a new change that every client synchronises.
 * Elsewhere: keeping it (storage/deleted.ts), how a member is put back (put-back.ts), backups (src/administration/restoring.ts).
 */
import type { BoundCollectionRow, DeletedCollectionRow, DeletedMemberRow, Store, Writes } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import type { Principal } from '../principals/access.ts';
import { addCollection } from './collections.ts';
import { DEFAULT_COLLECTIONS } from './default-collections.ts';
import { type PutBack, putBack, readMember } from './put-back.ts';

export interface DeletedItem {
  readonly id: number;
  readonly kind: DeletedMemberRow['kind'];
  readonly name: string;
  readonly uid: string;
  readonly deletedAt: number;
}

export interface DeletedCollection {
  readonly id: number;
  readonly kind: DeletedCollectionRow['kind'];
  /** 'calendars/work'. */
  readonly place: string;
  readonly deletedAt: number;
}

export interface Deleted {
  /** The newest first, at most 1,000. */
  readonly items: readonly DeletedItem[];
  readonly collections: readonly DeletedCollection[];
}

const LISTED = 1_000;

export class RestoringDeleted {
  private readonly store: Store;
  private readonly now: () => number;

  constructor(store: Store, now: () => number) {
    this.store = store;
    this.now = now;
  }

  async list(owner: Principal): Promise<Deleted> {
    const items = await this.store.deleted.members(owner.id, LISTED);
    const collections = await this.store.deleted.collections(owner.id);
    return {
      items: items.map(({ id, kind, name, uid, deletedAt }) => ({ id, kind, name, uid, deletedAt })),
      collections: collections.map(({ collectionId, kind, home, segment, deletedAt }) => ({
        id: collectionId,
        kind,
        place: `${home}/${segment}`,
        deletedAt,
      })),
    };
  }

  /**
   * Puts an item back where it was; when its collection is gone, into the default one of its kind.
   * @throws DomainError not-found, also for an item of somebody else; uid-conflict when another calendar has it by now
   */
  async restoreItem(owner: Principal, id: number): Promise<{ place: string; result: PutBack }> {
    const kept = await this.store.deleted.member(id);
    if (kept === undefined || kept.accountId !== owner.id) throw missing();
    const kind = kept.kind === 'card' ? 'addressbook' : 'calendar';
    const member = readMember(kind, kept.data, this.now());
    return this.store.transaction(async (write) => {
      const component = member.kind === 'calendar' ? member.row.component : undefined;
      const to = (await write.collections.get(kept.collectionId)) ?? (await this.fallback(write, owner, component));
      const modseq = await write.accounts.nextModseq(owner.id, [to.id]);
      const result = await putBack(write, to, kept.name, member, modseq, this.now());
      if (result === 'elsewhere')
        throw new DomainError('uid-conflict', 'Another calendar of this owner holds this object by now.');
      await write.deleted.removeMember(id);
      return { place: `${to.home}/${to.segment}`, result };
    });
  }

  /**
   * Puts a calendar or address book back with all that was in it; at another place when its own is taken.
   * @throws DomainError not-found, also for a collection of somebody else
   */
  async restoreCollection(owner: Principal, id: number): Promise<{ place: string }> {
    return this.store.transaction(async (write) => {
      const kept = await write.deleted.collection(id);
      if (kept === undefined || kept.accountId !== owner.id) throw missing();
      let segment = kept.segment;
      for (let n = 2; (await write.collections.bySegment(owner.id, kept.home, segment)) !== undefined; n++)
        segment = `${kept.segment.slice(0, 240)}-${n}`;
      const modseq = await write.accounts.nextModseq(owner.id, [id]);
      await write.deleted.revive(id, modseq);
      await write.collections.bind({
        principalId: owner.id,
        collectionId: id,
        home: kept.home,
        segment,
        now: this.now(),
      });
      return { place: `${kept.home}/${segment}` };
    });
  }

  /** The collection that everybody starts with and that takes this kind, made again when it is gone too. */
  private async fallback(write: Writes, owner: Principal, component: string | undefined): Promise<BoundCollectionRow> {
    const home = component === undefined ? 'addressbooks' : 'calendars';
    const takes = (components: string) => component === undefined || components.split(',').includes(component);
    const there = (await write.collections.home(owner.id, home)).find(
      (row) => row.accountId === owner.id && row.subscribed === 0 && takes(row.components),
    );
    if (there !== undefined) return there;
    const made = DEFAULT_COLLECTIONS.find((one) => one.home === home && takes(one.columns?.components ?? ''));
    if (made === undefined) throw new DomainError('not-found', 'There is no collection left that takes this.');
    return addCollection(write, owner.id, home, made.segment, made, this.now());
  }
}

function missing(): DomainError {
  return new DomainError('not-found', 'There is nothing kept under this number.');
}
