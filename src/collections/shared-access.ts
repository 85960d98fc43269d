/**
 * What an operator decides about collections on behalf of their owners: who may do what, and in whose home they appear.
 * The command line is one of three ways to the same grants; the others are the ACL method and invitations.
 * Elsewhere: grants (grants.ts), invitations (sharing.ts), the words of the command line (src/cli/sharing.ts).
 */
import type { BoundCollectionRow, GrantRights, Home, Store } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import { ALL_RIGHTS, type Principal } from '../principals/access.ts';
import type { Grants } from './grants.ts';
import type { Collection } from './members.ts';
import type { Sharing } from './sharing.ts';

/** Everybody in the organisation of the owner, as it is written. */
export const EVERYBODY_WORD = 'everybody';

const RIGHTS: readonly GrantRights[] = ['free-busy', 'read', 'read-write', 'manage'];

/** One line of a list: to whom, and what. */
export interface Granted {
  readonly to: string;
  readonly rights: GrantRights;
  /** Given for all calendars of the owner, not for this one. */
  readonly inherited: boolean;
}

/** The people the command line names. */
export interface People {
  /** @throws DomainError not-found */
  find(nameOrAddress: string): Promise<Principal>;
}

export class SharedAccess {
  private readonly store: Store;
  private readonly people: People;
  private readonly grants: Grants;
  private readonly sharing: Sharing;

  constructor(store: Store, people: People, grants: Grants, sharing: Sharing) {
    this.store = store;
    this.people = people;
    this.grants = grants;
    this.sharing = sharing;
  }

  /**
   * Gives somebody rights on a collection instead of those they had; 'none' takes them away.
   * @throws DomainError not-found; invalid-data for words that are no rights; forbidden to the owner
   */
  async grant(path: string, to: string, word: string): Promise<void> {
    const collection = await this.collectionAt(path);
    const rights = RIGHTS.find((known) => known === word);
    if (rights === undefined && word !== 'none')
      throw new DomainError('invalid-data', `"${word}" is none of ${[...RIGHTS, 'none'].join(', ')}.`);
    const grantee = to === EVERYBODY_WORD ? undefined : await this.people.find(to);
    if (grantee?.id === collection.accountId) throw new DomainError('forbidden', 'The owner has every right already.');
    await this.grants.set(collection, grantee, rights);
  }

  /** Who may do what with a collection, besides its owner. */
  async list(path: string): Promise<Granted[]> {
    const { own, inherited } = await this.grants.list(await this.collectionAt(path));
    const named = (from: typeof own, isInherited: boolean) =>
      from.map(({ grantee, rights }) => ({ to: grantee?.name ?? EVERYBODY_WORD, rights, inherited: isInherited }));
    return [...named(own, false), ...named(inherited, true)];
  }

  /**
   * Puts a collection into somebody's home at once, without asking. Returns where it appears.
   * @throws DomainError not-found; forbidden to the owner, and for what cannot be shared
   */
  async share(path: string, to: string, write: boolean): Promise<string> {
    const collection = await this.collectionAt(path);
    const invitee = await this.people.find(to);
    const [address] = invitee.addresses;
    const href = address === undefined ? invitee.name : `mailto:${address}`;
    const rights = write ? ('read-write' as const) : ('read' as const);
    const words = { href, commonName: invitee.displayName, summary: '', rights };
    const bound = await this.sharing.shareNow(collection, { invitee, ...words });
    return `${bound.home}/${invitee.name}/${bound.segment}`;
  }

  /** The collection at a path as URLs have it: `calendars/anna/calendar`. @throws DomainError not-found, invalid-data */
  private async collectionAt(path: string): Promise<Collection> {
    const [home, name, ...segments] = path.replace(/^\/?(dav\/)?|\/$/g, '').split('/');
    if ((home !== 'calendars' && home !== 'addressbooks') || name === undefined || segments.length === 0)
      throw new DomainError('invalid-data', `"${path}" is no path like calendars/anna/calendar.`);
    const owner = await this.people.find(name);
    const row = await this.bound(owner, home, segments.join('/'));
    return { ...row, owner, rights: ALL_RIGHTS };
  }

  private async bound(owner: Principal, home: Home, segment: string): Promise<BoundCollectionRow> {
    const row = await this.store.collections.bySegment(owner.id, home, segment);
    // What somebody else shares with this person is not theirs to pass on.
    if (row === undefined || row.accountId !== owner.id)
      throw new DomainError('not-found', `${owner.name} has no collection "${segment}".`);
    return row;
  }
}
