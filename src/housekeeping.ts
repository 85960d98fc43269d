/**
 * What the server does by the clock to its own store: indexes that follow time, backups, and taking away for good what is over.
 * Every step is one small transaction, so that nobody waits for it.
 * Elsewhere: running jobs (jobs.ts), what each one does (where its data lives).
 */
import { setImmediate } from 'node:timers/promises';
import type { Store } from '../storage/store.ts';
import { reindexing } from './calendar/reindexing.ts';
import type { Job } from './jobs.ts';
import type { Services } from './services.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Blobs that nobody refers to are deleted when they were not put again for this long. */
const UNREFERENCED_MS = DAY_MS;
const BLOBS_AT_ONCE = 100;
const PURGED_AT_ONCE = 200;
/** What is known of the attendees of events that are gone is kept for so long. */
const TRACKED_DAYS = 30;

/** @param deletedKeptDays how long what was deleted can be restored */
export function housekeeping(services: Services, deletedKeptDays: number, now: () => number): Job[] {
  const { store, audit, backups, subscriptions } = services;
  return [
    reindexing(store, now),
    { name: 'collect-blobs', everyMs: HOUR_MS, run: (signal) => collectBlobs(store, now() - UNREFERENCED_MS, signal) },
    audit.expiry,
    backups.schedule,
    subscriptions.schedule,
    {
      name: 'expire-deleted',
      everyMs: HOUR_MS,
      run: (signal) => expireDeleted(store, now() - deletedKeptDays * DAY_MS, signal),
    },
    {
      name: 'expire-tracking',
      everyMs: DAY_MS,
      run: (signal) => expireTracking(store, Math.max(deletedKeptDays, TRACKED_DAYS) * DAY_MS, now, signal),
    },
    { name: 'expire-mail-memory', everyMs: HOUR_MS, run: (signal) => expireMailMemory(store, now(), signal) },
    { name: 'purge', everyMs: 10 * MINUTE_MS, run: (signal) => purge(store, signal) },
  ];
}

/** What was deleted before is not kept any longer; purging takes the collections among it. */
export function expireDeleted(store: Store, before: number, signal: AbortSignal): Promise<void> {
  return repeat(signal, PURGED_AT_ONCE, () =>
    store.transaction((write) => write.deleted.expire(before, PURGED_AT_ONCE)),
  );
}

function expireTracking(store: Store, keptMs: number, now: () => number, signal: AbortSignal): Promise<void> {
  return repeat(signal, 1, () =>
    store.transaction((write) => write.attendeeTracking.expire(now() - keptMs, now(), PURGED_AT_ONCE)),
  );
}

/** What is remembered of other mail servers, as far as its time is over. */
async function expireMailMemory(store: Store, now: number, signal: AbortSignal): Promise<void> {
  await repeat(signal, PURGED_AT_ONCE, () => store.transaction((write) => write.greylist.expire(now, PURGED_AT_ONCE)));
  await repeat(signal, PURGED_AT_ONCE, () =>
    store.transaction((write) => write.stsPolicies.expire(now, PURGED_AT_ONCE)),
  );
}

function purge(store: Store, signal: AbortSignal): Promise<void> {
  return repeat(signal, 1, () => store.transaction((write) => write.purge.step(PURGED_AT_ONCE)));
}

async function collectBlobs(store: Store, before: number, signal: AbortSignal): Promise<void> {
  await repeat(signal, BLOBS_AT_ONCE, () =>
    store.transaction((write) => write.attachments.collect(before, BLOBS_AT_ONCE)),
  );
  await repeat(signal, BLOBS_AT_ONCE, () => store.transaction((write) => write.blobs.collect(before, BLOBS_AT_ONCE)));
}

/** Repeats a step until it did less than `enough`, letting others in between. */
async function repeat(signal: AbortSignal, enough: number, step: () => Promise<number>): Promise<void> {
  while (!signal.aborted && (await step()) >= enough) await setImmediate();
}
