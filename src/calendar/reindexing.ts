/**
 * Keeps the index of occurrences true while time passes: extends its window, and makes it anew on new time zone data.
 * Design "Occurrences are indexed at write time". No change of a calendar's zone needs it: floating times are indexed as
 * local time and read in the calendar's zone when asked.
 * Small steps, each in its own transaction; an object that changes meanwhile has been indexed by that change.
 */
import { setImmediate } from 'node:timers/promises';
import type { CalendarObjectRow, Store } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import type { Job } from '../jobs.ts';
import { type CalendarObjectIndex, indexCalendarObject } from './calendar-index.ts';
import { DAY } from './date-time.ts';
import { parseCalendarObject } from './icalendar.ts';
import { indexWindow } from './object-writing.ts';
import { timeZoneVersion } from './time-zones.ts';

/** An object is indexed again when its window ends this much before a new one would. */
const BEHIND = 90 * DAY;
/** Objects of one step. */
const STEP = 20;
/** Where indexing anew stands: the version it is for, and the last object done; null when finished. */
const SETTING = 'calendar-index';

interface Progress {
  readonly timeZoneVersion: string;
  readonly afterId: number | null;
}

type ObjectWithData = CalendarObjectRow & { readonly data: string };

/** The job: daily, and after a start. */
export function reindexing(store: Store, now: () => number): Job {
  return {
    name: 'index-occurrences',
    everyMs: DAY,
    async run(signal) {
      await indexAnew(store, now, signal);
      await extendIndex(store, now, signal);
    },
  };
}

/** Indexes every object again when the time zone data is not that of the last time. */
export async function indexAnew(
  store: Store,
  now: () => number,
  signal: AbortSignal,
  version = timeZoneVersion(),
): Promise<void> {
  let progress = await readProgress(store);
  if (progress === undefined) {
    // A store that was never indexed by another version has nothing to redo.
    await saveProgress(store, { timeZoneVersion: version, afterId: null });
    return;
  }
  if (progress.timeZoneVersion !== version) progress = { timeZoneVersion: version, afterId: 0 };
  while (progress.afterId !== null && !signal.aborted) {
    const objects: ObjectWithData[] = await store.calendarObjects.everywhere(progress.afterId, STEP);
    await reindex(store, objects, now);
    const last = objects[objects.length - 1];
    progress = { timeZoneVersion: version, afterId: last === undefined ? null : last.id };
    await saveProgress(store, progress);
  }
}

/** Extends the window of recurring objects whose index ends too early. */
export async function extendIndex(store: Store, now: () => number, signal: AbortSignal): Promise<void> {
  const until = indexWindow(now()).until - BEHIND;
  let afterId = 0;
  while (!signal.aborted) {
    const rows = await store.calendarObjects.indexedUntilBefore(until, afterId, STEP);
    const last = rows[rows.length - 1];
    if (last === undefined) return;
    afterId = last.id;
    await reindex(store, await store.calendarObjects.dataOf(rows.map(({ id }) => id)), now);
  }
}

async function reindex(store: Store, objects: readonly ObjectWithData[], now: () => number): Promise<void> {
  const window = indexWindow(now());
  const made: { object: ObjectWithData; index: CalendarObjectIndex }[] = [];
  for (const object of objects) {
    try {
      made.push({ object, index: indexCalendarObject(parseCalendarObject(object.data), window) });
    } catch (error) {
      // What was accepted once and is refused now keeps the index it has.
      if (!(error instanceof DomainError)) throw error;
    }
    await setImmediate();
  }
  if (made.length === 0) return;
  await store.transaction(async (write) => {
    for (const { object, index } of made) {
      const current = await write.calendarObjects.get(object.collectionId, object.name);
      if (current === undefined || current.id !== object.id || current.etag !== object.etag) continue;
      const { occurrences, ...bounds } = index;
      await write.calendarObjects.reindex({ ...current, ...bounds }, occurrences);
    }
  });
}

async function readProgress(store: Store): Promise<Progress | undefined> {
  const value = await store.settings.get(SETTING);
  return value === undefined ? undefined : (JSON.parse(value) as Progress);
}

async function saveProgress(store: Store, progress: Progress): Promise<void> {
  await store.transaction((write) => write.settings.set(SETTING, JSON.stringify(progress)));
}
