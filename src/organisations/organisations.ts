/**
 * Organisations and the domains they own. The first start founds one; its domains decide which addresses can be given out.
 * Elsewhere: the people in it (src/principals/principals.ts).
 */
import { type DomainRow, type Store, StoreError } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import { foldDomain, quoted } from '../principals/addresses.ts';
import { isDomain } from '../setting.ts';

export class Organisations {
  private readonly store: Store;
  private readonly now: () => number;
  private readonly domainsChanged: () => Promise<void>;

  constructor(store: Store, now: () => number, domainsChanged: () => Promise<void>) {
    this.store = store;
    this.now = now;
    this.domainsChanged = domainsChanged;
  }

  /** The organisation of this server; undefined before the first start has made it. */
  async first(): Promise<{ id: number; name: string } | undefined> {
    return (await this.store.organisations.list())[0];
  }

  /** All domains, in order of name. */
  async domains(): Promise<DomainRow[]> {
    return (await this.store.organisations.domains()).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Gives an organisation another domain.
   * @throws DomainError invalid-data, already-exists
   */
  async addDomain(organisationId: number, text: string): Promise<string> {
    const name = foldDomain(text);
    if (!isDomain(name))
      throw new DomainError('invalid-data', `"${quoted(text)}" is not a domain name like example.org.`);
    try {
      await this.store.transaction((write) => write.organisations.addDomain(organisationId, name, this.now()));
    } catch (error) {
      if (error instanceof StoreError && error.code === 'unique')
        throw new DomainError('already-exists', `The domain ${name} is already there.`);
      throw error;
    }
    await this.domainsChanged();
    return name;
  }
}
