/**
 * The objects of subscribed calendars: what their source sends becomes what they hold, in small transactions.
 * What is stored is compared by content: a source that gives every event a new UID for each fetch changes nothing.
 * Elsewhere: when and what is fetched (subscriptions.ts), taking the text apart (remote-calendar.ts).
 */
import { setImmediate } from 'node:timers/promises';
import type { Store, Writes } from '../../storage/store.ts';
import { etagOf } from '../collections/etag.ts';
import { DomainError } from '../errors.ts';
import { FetchError } from '../fetching.ts';
import { indexCalendarObject } from './calendar-index.ts';
import { parseCalendarObject } from './icalendar.ts';
import { indexWindow, MAX_CALENDAR_OBJECT_OCTETS } from './object-writing.ts';
import { keyOfText, type RemoteCalendar, type RemoteObject } from './remote-calendar.ts';

/** Members of one transaction; milliseconds of work between two yields. */
const MEMBERS_AT_ONCE = 100;
const SLICE = 10;

/** An object ready to be written. */
type Ready = RemoteObject & ReturnType<typeof prepared>;

export class SubscribedObjects {
  private readonly store: Store;
  private readonly now: () => number;

  constructor(store: Store, now: () => number) {
    this.store = store;
    this.now = now;
  }

  /**
   * Makes the members of calendars those of their source.
   * @returns whether any was different, and how many entries cannot be read
   * @throws FetchError when none can: that is a broken answer, not an empty calendar
   */
  async bring(
    collectionIds: readonly number[],
    remote: RemoteCalendar,
  ): Promise<{ changed: boolean; refused: number }> {
    const ready = new Map<string, Ready>();
    let refused = 0;
    let since = performance.now();
    for (const object of remote.objects) {
      if (performance.now() - since > SLICE) {
        await setImmediate();
        since = performance.now();
      }
      try {
        if (!ready.has(object.key)) ready.set(object.key, { ...object, ...prepared(object.text, this.now()) });
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        refused += 1;
      }
    }
    if (ready.size === 0 && refused > 0) throw new FetchError('failed', 'No entry of the calendar can be read.');
    let changed = false;
    for (const collectionId of collectionIds) changed = (await this.bringOne(collectionId, ready)) || changed;
    return { changed, refused };
  }

  /** Returns whether anything was different. */
  private async bringOne(collectionId: number, wanted: ReadonlyMap<string, Ready>): Promise<boolean> {
    const missing = new Map(wanted);
    const stale = new Map<string, string>();
    let since = performance.now();
    for (let after = { modseq: 0, memberId: 0 }; ; ) {
      const page = await this.store.calendarObjects.page(collectionId, after, MEMBERS_AT_ONCE);
      const last = page.at(-1);
      if (last === undefined) break;
      after = { modseq: last.modseq, memberId: last.id };
      const data = new Map(
        (await this.store.calendarObjects.dataOf(page.map(({ id }) => id))).map((row) => [row.id, row.data]),
      );
      for (const row of page) {
        const key = keyOfText(data.get(row.id) ?? '');
        if (!missing.delete(key)) stale.set(row.icalUid, row.name);
      }
      if (performance.now() - since > SLICE) {
        await setImmediate();
        since = performance.now();
      }
    }
    const steps: { name: string; object: Ready | undefined }[] = [];
    for (const object of missing.values()) {
      const name = stale.get(object.uid);
      if (name !== undefined) stale.delete(object.uid);
      steps.push({ name: name ?? `${object.key}.ics`, object });
    }
    // What goes first: its UID may come back under another name.
    steps.unshift(...[...stale.values()].map((name) => ({ name, object: undefined })));
    for (let at = 0; at < steps.length; at += MEMBERS_AT_ONCE) {
      const some = steps.slice(at, at + MEMBERS_AT_ONCE);
      await this.store.transaction((write) => this.write(write, collectionId, some));
    }
    return steps.length > 0;
  }

  private async write(
    write: Writes,
    collectionId: number,
    steps: readonly { name: string; object: Ready | undefined }[],
  ): Promise<void> {
    const collection = await write.collections.get(collectionId);
    if (collection === undefined) return;
    const modseq = await write.accounts.nextModseq(collection.accountId, [collectionId]);
    const now = this.now();
    for (const { name, object } of steps) {
      const current = await write.calendarObjects.get(collectionId, name);
      if (object === undefined) {
        if (current !== undefined) await write.calendarObjects.remove(current, collection.accountId, modseq);
        continue;
      }
      const { occurrences, row, text } = object;
      const common = { ...row, collectionId, name, scheduleTag: null, method: null, modseq, modifiedAt: now };
      const other = await write.calendarObjects.byUid(collectionId, row.icalUid);
      const place = current ?? other;
      if (place === undefined) await write.calendarObjects.add({ ...common, createdAt: now }, text, occurrences);
      else
        await write.calendarObjects.replace(
          { ...common, name: place.name, id: place.id, createdAt: place.createdAt },
          text,
          occurrences,
        );
    }
  }
}

function prepared(text: string, now: number) {
  const size = Buffer.byteLength(text);
  if (size > MAX_CALENDAR_OBJECT_OCTETS) throw new DomainError('too-large', 'An entry of the calendar is too large.');
  const { occurrences, ...index } = indexCalendarObject(parseCalendarObject(text), indexWindow(now));
  return { occurrences, row: { ...index, etag: etagOf(text), size } };
}
