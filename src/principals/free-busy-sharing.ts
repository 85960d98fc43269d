/**
 * Who may ask when somebody is busy, beside those who were granted it: each person's own choice, and the operator's.
 * `everyone` also publishes it at /freebusy/ADDRESS.ifb. Elsewhere: the rule itself (access.ts), answering (src/scheduling/free-busy.ts).
 */
import type { FreeBusySharing, Store } from '../../storage/store.ts';
import type { Principal } from './access.ts';

export const SHARED_WITH: readonly FreeBusySharing[] = ['nobody', 'organisation', 'everyone'];

export class FreeBusyChoices {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  async of(principal: Principal): Promise<FreeBusySharing> {
    return (await this.store.freeBusySharing.get(principal.id)) ?? 'organisation';
  }

  async set(principal: Principal, sharedWith: FreeBusySharing): Promise<void> {
    await this.store.transaction((write) => write.freeBusySharing.set(principal.id, sharedWith));
  }
}
