/**
 * The quota of mail as IMAP sees it: each account is one quota root, named after its principal, that all its mailboxes share.
 * RFC 9208 §3.2, §6 (who may see it) and §8: what others use is told to nobody who may not read their mail.
 * Elsewhere: limits and counting (src/collections/quota.ts).
 */
import type { Store } from '../../storage/store.ts';
import { type Quota, quotaOf } from '../collections/quota.ts';
import { DomainError } from '../errors.ts';
import type { Principal } from '../principals/access.ts';
import { canonicalName, isBelow } from './mailbox-names.ts';
import { type Mailboxes, OTHER_USERS } from './mailboxes.ts';

export interface QuotaRoot extends Quota {
  readonly name: string;
}

export class QuotaRoots {
  private readonly store: Store;
  private readonly mailboxes: Mailboxes;

  constructor(store: Store, mailboxes: Mailboxes) {
    this.store = store;
    this.mailboxes = mailboxes;
  }

  /**
   * The root of a mailbox; of the viewer's own, whether there is one of that name or not (RFC 9208 §4.1.2).
   * @throws DomainError not-found, forbidden
   */
  async ofMailbox(viewer: Principal, name: string): Promise<QuotaRoot> {
    if (!isBelow(canonicalName(name), OTHER_USERS)) return this.root(viewer.id, viewer.name);
    const { accountId } = await this.mailboxes.find(viewer, name, 'r');
    const owner = await this.store.principals.get(accountId);
    return this.root(accountId, owner?.name ?? '');
  }

  /**
   * A root by its name.
   * @throws DomainError not-found, also when the viewer reads no mail of that account
   */
  async named(viewer: Principal, name: string): Promise<QuotaRoot> {
    if (name === viewer.name) return this.root(viewer.id, name);
    const owner = await this.store.principals.byName(name);
    const shared = owner === undefined ? [] : await this.mailboxes.list(viewer);
    if (owner === undefined || !shared.some(({ accountId, rights }) => accountId === owner.id && rights.has('r')))
      throw new DomainError('not-found', 'There is no such quota root.');
    return this.root(owner.id, name);
  }

  private async root(accountId: number, name: string): Promise<QuotaRoot> {
    return { name, ...(await quotaOf(this.store, accountId)) };
  }
}
