/**
 * Where a message to a calendar user goes: to somebody here, by mail, or nowhere.
 * RFC 6638 §3.2.9 (the status of each way), §6.1.1 and §6.2.3 (who may schedule with whom).
 * Elsewhere: delivery here (message-delivery.ts) and by mail (imip-out.ts).
 */
import type { PrincipalRow, Store } from '../../storage/store.ts';
import type { Principal } from '../principals/access.ts';
import { lookupOf } from './calendar-user.ts';
import type { Audience } from './itip-message.ts';
import { DELIVERED, SENT, UNKNOWN_USER } from './schedule-status.ts';

export interface Way {
  /** A principal of this server; 0: by mail. Undefined: there is no way. */
  readonly recipientId: number | undefined;
  /** SCHEDULE-STATUS of what is sent. */
  readonly status: string;
  /** What messages go that way. */
  readonly audiences: readonly Audience[];
}

const OF_PEOPLE: readonly Audience[] = ['calendars', 'people-here'];
const OF_ROOMS: readonly Audience[] = ['calendars'];
const OF_MAIL: readonly Audience[] = ['mail'];

/** Whether a principal answers by itself. */
export function isBookable({ kind }: Pick<PrincipalRow, 'kind'>): boolean {
  return kind === 'room' || kind === 'resource';
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
      return { recipientId: principal.id, status: DELIVERED, audiences: isBookable(principal) ? OF_ROOMS : OF_PEOPLE };
    const lookup = lookupOf(user);
    const nowhere: Way = { recipientId: undefined, status: UNKNOWN_USER, audiences: [] };
    if (lookup === undefined || !('address' in lookup)) return nowhere;
    const domain = lookup.address.slice(lookup.address.lastIndexOf('@') + 1);
    if (principal === undefined && (await this.store.organisations.domain(domain)) !== undefined) return nowhere;
    return { recipientId: 0, status: SENT, audiences: OF_MAIL };
  }

  async find(user: string): Promise<PrincipalRow | undefined> {
    const lookup = lookupOf(user);
    if (lookup === undefined) return undefined;
    if ('name' in lookup) return this.store.principals.byName(lookup.name);
    return this.store.principals.byAddress(lookup.address);
  }
}
