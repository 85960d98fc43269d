/**
 * Who may do what with a collection or with all calendars of an account: reading and changing the table of grants.
 * RFC 3744 §8.1 (ACL) and calendar-proxy delegation are two views of it, the command line is the third.
 * Elsewhere: what a grant allows (src/principals/access.ts), invitations (sharing.ts).
 */
import type { BoundCollectionRow, GrantRights, GrantRow, Store, Writes } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import { EVERYBODY, type Principal, rightsOn } from '../principals/access.ts';
import type { Directory } from '../principals/directory.ts';
import type { Collection } from './members.ts';

/** One line of an access control list; no grantee means everybody in the organisation. */
export interface Entry {
  readonly grantee: Principal | undefined;
  readonly rights: GrantRights;
}

/** What a delegate may do with all calendars of somebody. */
export type ProxyAccess = 'read' | 'write';
const PROXY_RIGHTS: Readonly<Record<ProxyAccess, GrantRights>> = { read: 'read', write: 'read-write' };

/** Lines of one list; more would only be sent to keep the server busy. */
const MAX_ENTRIES = 500;

export class Grants {
  private readonly store: Store;
  private readonly directory: Directory;
  private readonly now: () => number;

  constructor(store: Store, directory: Directory, now: () => number) {
    this.store = store;
    this.directory = directory;
    this.now = now;
  }

  /** The grants on exactly this collection; `inherited` are those on its whole account. */
  async list(collection: Collection): Promise<{ own: Entry[]; inherited: Entry[] }> {
    const { accountId, id, kind } = collection;
    const own = await this.store.grants.on(accountId, id);
    const account = await this.store.grants.on(accountId, 0);
    const applying = account.filter(({ scope }) => scope === '' || kind === 'calendar');
    return { own: await this.entriesOf(own), inherited: await this.entriesOf(applying) };
  }

  /**
   * Replaces all grants on a collection. Who loses every right loses the binding too.
   * @throws DomainError forbidden without the right to manage it; limit-exceeded
   */
  async replace(collection: Collection, entries: readonly Entry[]): Promise<void> {
    requireManage(collection);
    if (entries.length > MAX_ENTRIES)
      throw new DomainError('limit-exceeded', `A list has at most ${MAX_ENTRIES} entries.`, { limit: MAX_ENTRIES });
    await this.change(collection, async (write) => {
      for (const { id } of await write.grants.on(collection.accountId, collection.id)) await write.grants.remove(id);
      for (const { grantee, rights } of entries) await this.add(write, collection, grantee, rights);
    });
  }

  /**
   * Gives one grantee these rights on a collection instead of those it had; undefined takes them away.
   * @throws DomainError forbidden without the right to manage it
   */
  async set(collection: Collection, grantee: Principal | undefined, rights: GrantRights | undefined): Promise<void> {
    requireManage(collection);
    await this.change(collection, async (write) => {
      await removeGrants(write, collection, grantee?.id ?? EVERYBODY);
      if (rights !== undefined) await this.add(write, collection, grantee, rights);
    });
  }

  /** The delegates of somebody. */
  async proxiesOf(owner: Principal, access: ProxyAccess): Promise<Principal[]> {
    const rows = (await this.store.grants.on(owner.id, 0)).filter((row) => isProxy(row, access));
    return (await this.entriesOf(rows)).flatMap(({ grantee }) => grantee ?? []);
  }

  /** Whose delegate somebody is, itself or through a group. */
  async proxyFor(principal: Principal, access: ProxyAccess): Promise<Principal[]> {
    const ids = [principal.id, ...(await this.store.principals.groupsOf(principal.id))];
    const rows = (await this.store.grants.onAccounts(ids)).filter((row) => isProxy(row, access));
    const accounts = [...new Set(rows.map(({ accountId }) => accountId))];
    const owners = await Promise.all(accounts.map((id) => this.directory.owner(id)));
    return owners.filter((owner) => owner !== undefined);
  }

  /** Replaces the delegates of somebody; a delegate has one kind of access, the one given last. */
  async setProxies(owner: Principal, access: ProxyAccess, delegates: readonly Principal[]): Promise<void> {
    const ids = new Set(delegates.map(({ id }) => id));
    if (ids.has(owner.id)) throw new DomainError('forbidden', 'Nobody is a delegate of themselves.');
    await this.store.transaction(async (write) => {
      await write.accounts.nextModseq(owner.id, []);
      for (const row of await write.grants.on(owner.id, 0)) {
        const other = access === 'read' ? 'write' : 'read';
        if (isProxy(row, access) || (isProxy(row, other) && ids.has(row.granteeId))) await write.grants.remove(row.id);
      }
      for (const granteeId of ids) {
        const grant = { accountId: owner.id, collectionId: 0, granteeId, rights: PROXY_RIGHTS[access] };
        await write.grants.add({ ...grant, scope: 'calendars', createdAt: this.now() });
      }
    });
  }

  private async change(collection: Collection, fn: (write: Writes) => Promise<void>): Promise<void> {
    await this.store.transaction(async (write) => {
      const bound = await write.collections.boundTo(collection.id);
      const modseqs = await takeModseqs(write, [...bound, collection.accountId], collection);
      await fn(write);
      for (const principalId of bound) {
        if (principalId === collection.accountId) continue;
        const binding = await write.collections.boundFor(principalId, collection.id);
        if (binding !== undefined) await settleBinding(write, binding, modseqs.get(principalId) ?? 0);
      }
    });
  }

  private async add(write: Writes, { accountId, id }: Collection, grantee: Principal | undefined, rights: GrantRights) {
    const granteeId = grantee?.id ?? EVERYBODY;
    await write.grants.add({ accountId, collectionId: id, granteeId, rights, createdAt: this.now() });
  }

  private async entriesOf(rows: readonly GrantRow[]): Promise<Entry[]> {
    const entries: Entry[] = [];
    for (const { granteeId, rights } of rows) {
      const grantee = granteeId === EVERYBODY ? undefined : await this.directory.owner(granteeId);
      if (granteeId === EVERYBODY || grantee !== undefined) entries.push({ grantee, rights });
    }
    return entries;
  }
}

/** Takes away what one grantee was given on a collection. */
export async function removeGrants(write: Writes, { accountId, id }: Collection, granteeId: number): Promise<void> {
  for (const row of await write.grants.on(accountId, id))
    if (row.granteeId === granteeId) await write.grants.remove(row.id);
}

/** The next modseq of each account, in order of id; that of a collection's own account is stamped on it. */
export async function takeModseqs(
  write: Writes,
  accountIds: readonly number[],
  collection: { readonly id: number; readonly accountId: number },
): Promise<Map<number, number>> {
  const modseqs = new Map<number, number>();
  for (const id of [...new Set(accountIds)].sort((one, other) => one - other))
    modseqs.set(id, await write.accounts.nextModseq(id, id === collection.accountId ? [collection.id] : []));
  return modseqs;
}

/** After a change of rights: a binding whose principal has none left goes, the others show the change. */
async function settleBinding(write: Writes, binding: BoundCollectionRow, modseq: number): Promise<void> {
  const principal = await write.principals.get(binding.principalId);
  if (principal === undefined) return;
  const rights = await rightsOn(write, { ...principal, addresses: [] }, binding);
  if (rights.read) {
    await write.collections.touchBinding(binding.bindingId, modseq);
    return;
  }
  await write.collections.unbind(binding, modseq);
  const invitation = await write.invitations.of(binding.id, binding.principalId);
  if (invitation !== undefined) await write.invitations.remove(invitation.id);
}

function isProxy({ rights, scope }: GrantRow, access: ProxyAccess): boolean {
  return scope === 'calendars' && rights === PROXY_RIGHTS[access];
}

function requireManage({ rights, kind }: Collection): void {
  if (!rights.manage || kind === 'notifications')
    throw new DomainError('forbidden', 'You may not decide who uses this collection.');
}
