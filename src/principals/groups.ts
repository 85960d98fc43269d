/**
 * Groups: lists of members with an address of their own, whose mail goes to each member.
 * RFC 5321 §3.9.2, RFC 3744 §2 (principals).
 * Elsewhere: delivering to members (src/mail/delivery.ts).
 */
import { randomInt, randomUUID } from 'node:crypto';
import { type PrincipalRow, type Store, StoreError } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import { parseAddressText, parseName } from './addresses.ts';
import type { Principals } from './principals.ts';

export interface Group {
  readonly name: string;
  readonly address: string;
  /** Names, sorted. */
  readonly members: readonly string[];
}

export class Groups {
  private readonly store: Store;
  private readonly principals: Principals;
  private readonly now: () => number;

  constructor(store: Store, principals: Principals, now: () => number) {
    this.store = store;
    this.principals = principals;
    this.now = now;
  }

  /** @throws DomainError invalid-data, not-found, already-exists */
  async add(text: string, name?: string): Promise<Group> {
    const { local, domain: domainName } = parseAddressText(text);
    const address = `${local}@${domainName}`;
    const folded = parseName(name ?? local);
    const domain = await this.store.organisations.domain(domainName);
    if (domain === undefined)
      throw new DomainError('not-found', `The domain ${domainName} is not here; "convene domain add" adds it.`);
    const now = this.now();
    try {
      await this.store.transaction(async (write) => {
        const row: Omit<PrincipalRow, 'id'> = {
          organisationId: domain.organisationId,
          kind: 'group',
          name: folded,
          displayName: folded,
          uuid: randomUUID(),
          role: 'member',
          createdAt: now,
        };
        const id = await write.principals.add(row, Math.floor(now / 1000) + randomInt(1_000));
        await write.principals.addAddress(id, domain.id, address, 0);
      });
    } catch (error) {
      if (error instanceof StoreError && error.code === 'unique')
        throw new DomainError('already-exists', `Somebody has the name ${folded} or the address ${address} already.`);
      throw error;
    }
    return { name: folded, address, members: [] };
  }

  /** @throws DomainError not-found, invalid-data */
  async addMember(group: string, member: string): Promise<Group> {
    const [{ id }, { id: memberId }] = [await this.groupOf(group), await this.principals.find(member)];
    if (id === memberId) throw new DomainError('invalid-data', 'A group is no member of itself.');
    await this.store.transaction((write) => write.principals.addMember(id, memberId));
    return this.shown(await this.groupOf(group));
  }

  /** @throws DomainError not-found */
  async removeMember(group: string, member: string): Promise<Group> {
    const [{ id }, { id: memberId }] = [await this.groupOf(group), await this.principals.find(member)];
    await this.store.transaction((write) => write.principals.removeMember(id, memberId));
    return this.shown(await this.groupOf(group));
  }

  /** @throws DomainError not-found */
  async remove(group: string): Promise<Group> {
    const row = await this.groupOf(group);
    const shown = await this.shown(row);
    await this.store.transaction((write) => write.principals.remove(row.id));
    return shown;
  }

  async list(): Promise<Group[]> {
    const rows = (await this.store.principals.list(0)).filter(({ kind }) => kind === 'group');
    return Promise.all(rows.map((row) => this.shown(row)));
  }

  private async groupOf(nameOrAddress: string): Promise<PrincipalRow> {
    const row = await this.principals.find(nameOrAddress);
    if (row.kind !== 'group') throw new DomainError('not-found', `${row.name} is no group.`);
    return row;
  }

  private async shown({ id, name }: PrincipalRow): Promise<Group> {
    const members = (await this.store.principals.members(id)).map((member) => member.name).sort();
    return { name, address: (await this.store.principals.addresses(id))[0] ?? '', members };
  }
}
