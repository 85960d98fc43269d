/**
 * A full disk is a refusal, not a mistake of the server: whoever writes is told to come back later, and nothing is lost.
 * Elsewhere: what each protocol answers (protocols/error-replies.ts), noticing it before (readiness.ts).
 */
import { type Store, StoreError } from '../storage/store.ts';
import { DomainError } from './errors.ts';

/** The same store, whose transactions refuse with 'storage-full' when there is no room. */
export function refusingWhenFull(store: Store): Store {
  const transaction: Store['transaction'] = (...given) =>
    store.transaction(...given).catch((error: unknown) => {
      if (error instanceof StoreError && error.code === 'full')
        throw new DomainError('storage-full', 'The disk of the server is full; nothing was changed.', {
          retryAfter: 60,
        });
      throw error;
    });
  return { ...store, transaction };
}
