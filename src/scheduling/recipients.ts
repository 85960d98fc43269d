/**
 * Where a message to a calendar user goes: to somebody here, by mail, or nowhere.
 * RFC 6638 §3.2.9 (the status of each way), §6.1.1 and §6.2.3 (who may schedule with whom).
 * Elsewhere: delivery here (message-delivery.ts) and by mail (imip-out.ts).
 */
import type { PrincipalRow, Store } from '../../storage/store.ts';
import type { Principal } from '../principals/access.ts';
import { lookupOf } from './calendar-user.ts';
import { DELIVERED, SENT, UNKNOWN_USER } from './schedule-status.ts';

export interface Way {
  /** A principal of this server; 0: by mail. Undefined: there is no way. */
  readonly recipientId: number | undefined;
  /** SCHEDULE-STATUS of what is sent. */
  readonly status: string;
}

export class Recipients {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /** The way from a sender to a folded address. */
  async wayTo(sender: Principal, user: string): Promise<Way> {
    const principal = await this.find(user);
    // Another organisation of this server is as far away as another server.
    if (principal !== undefined && principal.organisationId === sender.organisationId)
      return { recipientId: principal.id, status: DELIVERED };
    const lookup = lookupOf(user);
    if (lookup === undefined || !('address' in lookup)) return { recipientId: undefined, status: UNKNOWN_USER };
    const domain = lookup.address.slice(lookup.address.lastIndexOf('@') + 1);
    if (principal === undefined && (await this.store.organisations.domain(domain)) !== undefined)
      return { recipientId: undefined, status: UNKNOWN_USER };
    return { recipientId: 0, status: SENT };
  }

  async find(user: string): Promise<PrincipalRow | undefined> {
    const lookup = lookupOf(user);
    if (lookup === undefined) return undefined;
    if ('name' in lookup) return this.store.principals.byName(lookup.name);
    return this.store.principals.byAddress(lookup.address);
  }
}
