/**
 * Collections as a principal sees them: find, list, create, change, rename, copy, remove.
 * RFC 4918 §5.2, §9.8, §9.9; RFC 4791 §4.2, §5.3.1; RFC 5689 §3.
 * Calendars and address books exist directly in a home only, plain collections below each other too (plain-collections.ts).
 * Paths resolve through bindings; rights come from src/principals/access.ts.
 * Elsewhere: members (members.ts and the services of each kind), the change log (changes.ts),
 * properties that clients keep (kept-properties.ts).
 */
import type { BoundCollectionRow, CalendarColumns, CollectionKind, Home, Store, Writes } from '../../storage/store.ts';
import { StoreError } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import { ALL_RIGHTS, mayCreateIn, type Principal, type Rights, rightsOn, rightsOnHome } from '../principals/access.ts';
import type { Directory } from '../principals/directory.ts';
import { followCalendar } from './chosen-calendar.ts';
import { DEFAULT_ADDRESS_BOOK } from './default-collections.ts';
import { checkPropertySize, type NewProperty, ownBeforeShared } from './kept-properties.ts';
import type { Collection } from './members.ts';
import { MAX_DEPTH, moveTree, parentOf, removeTree } from './plain-collections.ts';

/** Collections one home may hold; a client that loops cannot fill the listing. */
const MAX_IN_HOME = 1000;

export interface NewCollection {
  readonly kind: CollectionKind;
  /** For calendars. */
  readonly columns?: CalendarColumns;
  readonly properties?: readonly NewProperty[];
}

export class Collections {
  private readonly store: Store;
  private readonly directory: Directory;
  private readonly now: () => number;

  constructor(store: Store, directory: Directory, now: () => number) {
    this.store = store;
    this.directory = directory;
    this.now = now;
  }

  /** The collection bound at a segment (a path, for plain collections) of somebody's home, or undefined when the viewer may not even see its busy times. */
  async find(viewer: Principal, of: Principal, home: Home, segment: string): Promise<Collection | undefined> {
    const row = await this.store.collections.bySegment(of.id, home, segment);
    return row === undefined ? undefined : this.asSeen(viewer, of, row);
  }

  /** The collections of somebody's home that the viewer may read, in the order of the home. */
  async list(viewer: Principal, of: Principal, home: Home): Promise<Collection[]> {
    return this.readable(viewer, of, await this.store.collections.home(of.id, home));
  }

  /** The plain collections directly in a plain collection. */
  async below(viewer: Principal, of: Principal, collection: Collection): Promise<Collection[]> {
    const { home, segment } = collection;
    return this.readable(viewer, of, await this.store.collections.below(of.id, home, segment));
  }

  /** The plain collections at any depth in a plain collection, parents before children. */
  async within(viewer: Principal, of: Principal, collection: Collection): Promise<Collection[]> {
    const { home, segment } = collection;
    return this.readable(viewer, of, await this.store.collections.within(of.id, home, segment));
  }

  /** The notifications of the viewer; made at the first look. */
  async notifications(viewer: Principal): Promise<Collection | undefined> {
    if (viewer.kind !== 'individual') return undefined;
    const row =
      (await this.store.collections.bySegment(viewer.id, 'notifications', '')) ??
      (await this.write((write) => notificationsOf(write, viewer.id, this.now())));
    return { ...row, owner: viewer, rights: ALL_RIGHTS };
  }

  /** What the viewer may do in somebody's home as a whole. */
  homeRights(viewer: Principal, of: Principal, home: Home): Promise<Rights> {
    return rightsOnHome(this.store, viewer, of, home);
  }

  /**
   * Makes a collection in a home.
   * @throws DomainError forbidden; already-exists; limit-exceeded above 1,000 in the home or 1 MiB of properties
   */
  async create(
    viewer: Principal,
    of: Principal,
    home: Home,
    segment: string,
    made: NewCollection,
  ): Promise<Collection> {
    if (!(await mayCreateIn(this.store, viewer, of, home))) throw forbidden();
    checkSegment(home, segment, made.kind);
    const properties = made.properties ?? [];
    checkPropertySize(properties);
    const row = await this.write((write) =>
      addCollection(write, of.id, home, segment, { ...made, properties }, this.now()),
    );
    return { ...row, owner: of, rights: ALL_RIGHTS };
  }

  /**
   * Deletes a collection. A person's last address book is made again, empty: programs for contacts use the first one of the
   * home and make none themselves (RFC 6352 §6.3.1: they are typically provisioned).
   * @throws DomainError forbidden without the right to manage it
   */
  async remove(collection: Collection): Promise<void> {
    if (!collection.rights.manage || isSchedulingCollection(collection)) throw forbidden();
    const { accountId, id, kind } = collection;
    if (kind === 'notifications') throw forbidden();
    await this.write(async (write) => {
      if (kind === 'plain') return removeTree(write, collection);
      await removeCollection(write, accountId, id);
      if (kind !== 'addressbook') return;
      const { home, segment, ...made } = DEFAULT_ADDRESS_BOOK;
      const left = await write.collections.home(accountId, home);
      if (left.some((other) => other.accountId === accountId || other.segment === segment)) return;
      await addCollection(write, accountId, home, segment, made, this.now());
    });
  }

  /**
   * Gives a collection another segment in the home it is bound in. A collection already there goes, when `overwrite`.
   * Returns whether the place was free.
   * @throws DomainError forbidden, already-exists
   */
  async rename(
    viewer: Principal,
    collection: Collection,
    segment: string,
    overwrite: boolean,
  ): Promise<{ created: boolean }> {
    // Where a collection appears is everybody's own matter, also of one that somebody else shares.
    if (collection.principalId !== viewer.id || collection.kind === 'notifications') throw forbidden();
    if (isSchedulingCollection(collection)) throw forbidden();
    checkSegment(collection.home, segment, collection.kind);
    return this.write(async (write) => {
      const created = await vacate(write, viewer, collection.home, segment, overwrite);
      if (collection.kind === 'plain') {
        await moveTree(write, collection, segment);
        return { created };
      }
      const own = collection.accountId === viewer.id ? [collection.id] : [];
      const modseq = await write.accounts.nextModseq(viewer.id, own);
      await write.collections.rebind(collection, segment, modseq);
      if (collection.kind === 'calendar' && own.length > 0)
        await followCalendar(write, viewer.id, collection.segment, segment);
      return { created };
    });
  }

  /**
   * An empty collection of the same kind and properties beside the given one; the caller copies the members it wants.
   * @throws DomainError forbidden, already-exists, limit-exceeded
   */
  async copyEmpty(
    viewer: Principal,
    collection: Collection,
    of: Principal,
    segment: string,
    overwrite: boolean,
  ): Promise<{ created: boolean; copy: Collection }> {
    if (!collection.rights.read || collection.kind === 'notifications') throw forbidden();
    if (!(await mayCreateIn(this.store, viewer, of, collection.home)) || isSchedulingCollection(collection))
      throw forbidden();
    checkSegment(collection.home, segment, collection.kind);
    const { created, row } = await this.write(async (write) => {
      const created = await vacate(write, viewer, collection.home, segment, overwrite);
      const { components, timeZone, transparent } = collection;
      const columns = collection.kind === 'calendar' ? { components, timeZone, transparent } : undefined;
      const made = { kind: collection.kind, columns, properties: [] };
      const row = await addCollection(write, of.id, collection.home, segment, made, this.now());
      const shared = await write.properties.list('collection', collection.id, viewer.id);
      for (const property of ownBeforeShared(shared))
        await write.properties.set('collection', row.id, { ...property, principalId: 0 });
      return { created, row };
    });
    return { created, copy: { ...row, owner: of, rights: ALL_RIGHTS } };
  }

  /** What its owner says of being available (RFC 7953): an iCalendar object kept at the scheduling inbox, or ''. */
  availability(collection: Collection): Promise<string> {
    return this.store.collections.availability(collection.id);
  }

  private async readable(viewer: Principal, of: Principal, rows: readonly BoundCollectionRow[]): Promise<Collection[]> {
    const seen: Collection[] = [];
    for (const row of rows) {
      const collection = await this.asSeen(viewer, of, row);
      if (collection?.rights.read) seen.push(collection);
    }
    return seen;
  }

  private async asSeen(viewer: Principal, of: Principal, row: BoundCollectionRow): Promise<Collection | undefined> {
    if (row.accountId === viewer.id) return { ...row, owner: viewer, rights: rightsIn(row, ALL_RIGHTS) };
    const rights = rightsIn(row, await rightsOn(this.store, viewer, row));
    if (!rights.freeBusy) return undefined;
    const owner = row.accountId === of.id ? of : await this.directory.owner(row.accountId);
    if (owner === undefined) return undefined;
    if (row.kind !== 'calendar' || isSchedulingCollection(row)) return { ...row, owner, rights };
    return { ...row, owner, rights, personal: { principalId: viewer.id, busy: row.principalId === viewer.id } };
  }

  private async write<T>(fn: (write: Writes) => Promise<T>): Promise<T> {
    try {
      return await this.store.transaction(fn);
    } catch (error) {
      if (error instanceof StoreError && error.code === 'unique') throw alreadyExists();
      throw error;
    }
  }
}

/**
 * Makes a collection inside a transaction that is already open, for example that of a new principal.
 * @throws DomainError already-exists, limit-exceeded
 */
export async function addCollection(
  write: Writes,
  principalId: number,
  home: Home,
  segment: string,
  made: NewCollection,
  now: number,
): Promise<BoundCollectionRow> {
  if ((await write.collections.bySegment(principalId, home, segment)) !== undefined) throw alreadyExists();
  if (segment.includes('/')) await requireParent(write, principalId, home, segment);
  if ((await write.collections.countInHome(principalId, home)) >= MAX_IN_HOME) {
    throw new DomainError('limit-exceeded', `A home holds at most ${MAX_IN_HOME} collections.`, { limit: MAX_IN_HOME });
  }
  const modseq = await write.accounts.nextModseq(principalId, []);
  const collectionId = await write.collections.add({ accountId: principalId, kind: made.kind, modseq, createdAt: now });
  if (made.columns !== undefined) await write.collections.setCalendar(collectionId, made.columns);
  await write.collections.bind({ principalId, collectionId, home, segment, now });
  for (const { namespace, name, xml } of made.properties ?? []) {
    await write.properties.set('collection', collectionId, { principalId: 0, namespace, name, xml });
  }
  const row = await write.collections.bySegment(principalId, home, segment);
  if (row === undefined) throw new Error('A collection just bound cannot be found.');
  return row;
}

/** A plain collection below another one: that one is there, and holds no file of this name. */
async function requireParent(write: Writes, principalId: number, home: Home, path: string): Promise<void> {
  const { parent, name } = parentOf(path);
  const above = await write.collections.bySegment(principalId, home, parent);
  if (above?.kind !== 'plain') throw new DomainError('parent-missing', 'The collection above does not exist.');
  if ((await write.files.get(above.id, name)) !== undefined) throw alreadyExists();
}

/** The notifications of a principal, made when they are missing. */
export async function notificationsOf(write: Writes, principalId: number, now: number): Promise<BoundCollectionRow> {
  const found = await write.collections.bySegment(principalId, 'notifications', '');
  return found ?? addCollection(write, principalId, 'notifications', '', { kind: 'notifications' }, now);
}

async function removeCollection(write: Writes, accountId: number, id: number): Promise<void> {
  const modseq = await write.accounts.nextModseq(accountId, []);
  await write.collections.remove(id, modseq);
}

/** Makes room at a segment of the viewer's own home. Returns whether it was free. */
async function vacate(
  write: Writes,
  viewer: Principal,
  home: Home,
  segment: string,
  overwrite: boolean,
): Promise<boolean> {
  const there = await write.collections.bySegment(viewer.id, home, segment);
  if (there === undefined) return true;
  if (!overwrite) throw alreadyExists();
  if (there.accountId !== viewer.id) throw forbidden();
  if (there.kind === 'plain') await removeTree(write, there);
  else await removeCollection(write, there.accountId, there.id);
  return false;
}

/** Nobody writes into a calendar whose members are fetched from elsewhere. */
function rightsIn({ subscribed }: BoundCollectionRow, rights: Rights): Rights {
  return subscribed === 1 ? { ...rights, write: false } : rights;
}

/**
 * Whether it is the scheduling inbox or outbox of its home (RFC 6638 §2.1, §2.2): every individual has them, and they can
 * neither be made nor renamed, copied or removed.
 */
export function isSchedulingCollection({ home, segment }: { readonly home: Home; readonly segment: string }): boolean {
  return home === 'calendars' && (segment === 'inbox' || segment === 'outbox');
}

/** Where the notifications of a principal are found in the home of its calendars; no collection can have this name. */
export const NOTIFICATIONS_SEGMENT = 'notification';

/** In the homes of calendars: attachments and free/busy are served there, and notifications. */
const TAKEN = ['dropbox', 'freebusy', NOTIFICATIONS_SEGMENT];

function checkSegment(home: Home, segment: string, kind: CollectionKind): void {
  const names = kind === 'plain' ? segment.split('/') : [segment];
  const taken = home === 'calendars' && TAKEN.includes(names[0] ?? '');
  const reserved = isSchedulingCollection({ home, segment: names[0] ?? '' }) || taken;
  if (reserved || names.length > MAX_DEPTH || !names.every(isName)) {
    throw new DomainError('forbidden', 'A collection cannot have this name.');
  }
}

function isName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && name.length <= 255 && !/[/\x00-\x1f\x7f]/.test(name);
}

function forbidden(): DomainError {
  return new DomainError('forbidden', 'You may not do this here.');
}

function alreadyExists(): DomainError {
  return new DomainError('already-exists', 'There is a collection at this place already.');
}
