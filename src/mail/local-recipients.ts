/**
 * Whose mail an envelope address of this server is, as every way in asks it.
 * RFC 5321 §4.1.1.3 (postmaster without a domain).
 * Elsewhere: addresses, aliases, sub-addresses and groups (delivery.ts).
 */
import type { Store } from '../../storage/store.ts';
import type { Delivery, Recipient } from './delivery.ts';

export class LocalRecipients {
  private readonly store: Store;
  private readonly delivery: Delivery;

  constructor(store: Store, delivery: Delivery) {
    this.store = store;
    this.delivery = delivery;
  }

  isLocalDomain(domain: string): Promise<boolean> {
    return this.delivery.isLocalDomain(domain);
  }

  /**
   * Undefined when nobody has the address.
   * @param domain folded; '' for the domainless postmaster, who is that of the oldest domain
   */
  async find(local: string, domain: string): Promise<Recipient | undefined> {
    if (domain !== '') return this.delivery.resolve(`${local}@${domain}`);
    const [oldest] = (await this.store.organisations.domains()).sort((a, b) => a.id - b.id);
    return oldest === undefined ? undefined : this.delivery.resolve(`postmaster@${oldest.name}`);
  }
}
