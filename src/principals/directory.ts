/**
 * Finding principals as a viewer may see them.
 * A principal the viewer may not see looks as if it did not exist. Elsewhere: making and changing principals (principals.ts).
 */
import type { PrincipalRow, Store } from '../../storage/store.ts';
import { maySeePrincipal, type Principal } from './access.ts';

export class Directory {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /** By its name, folded as names are. */
  async byName(viewer: Principal, name: string): Promise<Principal | undefined> {
    if (name === viewer.name) return viewer;
    return this.complete(viewer, await this.store.principals.byName(name));
  }

  async byId(viewer: Principal, id: number): Promise<Principal | undefined> {
    if (id === viewer.id) return viewer;
    return this.complete(viewer, await this.store.principals.get(id));
  }

  /** By one of its addresses, folded. */
  async byAddress(viewer: Principal, address: string): Promise<Principal | undefined> {
    return this.complete(viewer, await this.store.principals.byAddress(address));
  }

  /** The owner of a collection that the viewer was given access to: visible even across organisations. */
  async owner(id: number): Promise<Principal | undefined> {
    const row = await this.store.principals.get(id);
    return row === undefined ? undefined : this.withAddresses(row);
  }

  /** Everybody in the viewer's organisation whom it may see, in order of name; externals see themselves only. */
  async list(viewer: Principal): Promise<Principal[]> {
    const rows = await this.store.principals.list(viewer.organisationId);
    return Promise.all(rows.filter((row) => maySeePrincipal(viewer, row)).map((row) => this.withAddresses(row)));
  }

  /** Groups a principal is a direct member of, as far as the viewer may see them. */
  async groupsOf(viewer: Principal, principal: Principal): Promise<Principal[]> {
    const found = await Promise.all(
      (await this.store.principals.groupsOf(principal.id)).map((id) => this.byId(viewer, id)),
    );
    return found.filter((group) => group !== undefined);
  }

  /** Direct members of a group, as far as the viewer may see them. */
  async membersOf(viewer: Principal, group: Principal): Promise<Principal[]> {
    const rows = await this.store.principals.members(group.id);
    return Promise.all(rows.filter((row) => maySeePrincipal(viewer, row)).map((row) => this.withAddresses(row)));
  }

  private async complete(viewer: Principal, row: PrincipalRow | undefined): Promise<Principal | undefined> {
    return row === undefined || !maySeePrincipal(viewer, row) ? undefined : this.withAddresses(row);
  }

  private async withAddresses(row: PrincipalRow): Promise<Principal> {
    return { ...row, addresses: await this.store.principals.addresses(row.id) };
  }
}
