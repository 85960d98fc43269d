/**
 * Hints that a collection moved on: published by the store after each commit, merged, passed to who asked.
 * A hint says that something changed, never what; subscribers ask the store. Losing or merging hints costs latency only, so a
 * subscriber's pending state is a set of collection ids, and a slow one cannot grow it.
 */
import type { ChangeHint } from '../storage/store.ts';

/** Hints are merged while they keep coming, but a subscriber never waits longer than the second figure. */
const QUIET = 100;
const LONGEST = 1_000;

/** Called with the collections that moved since the last call. */
export type Wake = (collectionIds: ReadonlySet<number>) => void;

export interface Subscription {
  close(): void;
}

interface Subscriber {
  readonly wake: Wake;
  pending: Set<number>;
  timer: NodeJS.Timeout | undefined;
  /** When the oldest pending hint came. */
  since: number;
}

export class ChangeBus {
  private readonly subscribers = new Map<number, Set<Subscriber>>();
  private readonly failed: (error: unknown) => void;

  /** @param failed told when a subscriber throws */
  constructor(failed: (error: unknown) => void) {
    this.failed = failed;
  }

  /** Wakes for changes of these collections until closed. */
  subscribe(collectionIds: Iterable<number>, wake: Wake): Subscription {
    const subscriber: Subscriber = { wake, pending: new Set(), timer: undefined, since: 0 };
    const ids = [...collectionIds];
    for (const id of ids) {
      const others = this.subscribers.get(id);
      if (others === undefined) this.subscribers.set(id, new Set([subscriber]));
      else others.add(subscriber);
    }
    return {
      close: () => {
        clearTimeout(subscriber.timer);
        for (const id of ids) {
          const others = this.subscribers.get(id);
          others?.delete(subscriber);
          if (others?.size === 0) this.subscribers.delete(id);
        }
      },
    };
  }

  /** What the store calls after a commit. */
  publish(hint: ChangeHint): void {
    const subscribers = this.subscribers.get(hint.collectionId);
    if (subscribers === undefined) return;
    const now = Date.now();
    for (const subscriber of subscribers) {
      if (subscriber.pending.size === 0) subscriber.since = now;
      subscriber.pending.add(hint.collectionId);
      clearTimeout(subscriber.timer);
      const delay = Math.max(0, Math.min(QUIET, subscriber.since + LONGEST - now));
      subscriber.timer = setTimeout(() => this.deliver(subscriber), delay).unref();
    }
  }

  private deliver(subscriber: Subscriber): void {
    const pending = subscriber.pending;
    subscriber.pending = new Set();
    subscriber.timer = undefined;
    try {
      subscriber.wake(pending);
    } catch (error) {
      this.failed(error);
    }
  }
}
