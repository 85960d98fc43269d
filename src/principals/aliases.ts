/**
 * Further addresses of people, groups and rooms.
 * RFC 5321 §3.9.1. `*@domain` gets what nobody else of that domain has.
 * Elsewhere: whom an address means when mail comes (src/mail/delivery.ts).
 */
import { type Store, StoreError } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import { foldAddress, parseAddressText, quoted } from './addresses.ts';
import type { Principals } from './principals.ts';

export interface Alias {
  readonly address: string;
  /** Name of who gets its mail. */
  readonly name: string;
}

export class Aliases {
  private readonly store: Store;
  private readonly principals: Principals;

  constructor(store: Store, principals: Principals) {
    this.store = store;
    this.principals = principals;
  }

  /**
   * Gives somebody another address.
   * @throws DomainError invalid-data, not-found, already-exists
   */
  async add(text: string, nameOrAddress: string): Promise<Alias> {
    const { local, domain: domainName } = parseAddressText(text);
    const address = `${local}@${domainName}`;
    const { id, name } = await this.principals.find(nameOrAddress);
    const domain = await this.store.organisations.domain(domainName);
    if (domain === undefined)
      throw new DomainError('not-found', `The domain ${domainName} is not here; "convene domain add" adds it.`);
    try {
      await this.store.transaction(async (write) => {
        const position = (await write.principals.addresses(id)).length;
        await write.principals.addAddress(id, domain.id, address, position);
      });
    } catch (error) {
      if (error instanceof StoreError && error.code === 'unique')
        throw new DomainError('already-exists', `Somebody has the address ${address} already.`);
      throw error;
    }
    return { address, name };
  }

  /**
   * Takes an address away again, but not the primary one.
   * @throws DomainError not-found, forbidden
   */
  async remove(text: string): Promise<Alias> {
    const address = foldAddress(text);
    const row = await this.store.principals.byAddress(address);
    if (row === undefined) throw new DomainError('not-found', `Nobody has the address "${quoted(text)}".`);
    await this.store.transaction(async (write) => {
      if ((await write.principals.addresses(row.id))[0] === address)
        throw new DomainError('forbidden', `${address} is the primary address of ${row.name}, which keeps it.`);
      await write.principals.removeAddress(row.id, address);
    });
    return { address, name: row.name };
  }

  /** All of them, in order of the name they belong to. */
  async list(): Promise<Alias[]> {
    const all: Alias[] = [];
    for (const { id, name } of await this.store.principals.list(0))
      for (const address of (await this.store.principals.addresses(id)).slice(1)) all.push({ address, name });
    return all;
  }
}
