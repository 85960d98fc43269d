/**
 * From octets to a row with its index, and into the store: what every writer of calendar objects shares.
 * RFC 4791 §5.3.2.1 (UIDs), RFC 6638 §3.2.4.1 (one UID for an owner's calendars).
 * Octets are read and indexed before the transaction; whether the UID may be there is decided inside it.
 * Elsewhere: who may write (calendar-objects.ts), what arrives from others (src/scheduling/message-delivery.ts).
 */
import type { CalendarObjectRow, OccurrenceRow, Writes } from '../../storage/store.ts';
import { etagOf } from '../collections/etag.ts';
import type { Collection } from '../collections/members.ts';
import { requireRoom } from '../collections/quota.ts';
import { DomainError } from '../errors.ts';
import { indexCalendarObject } from './calendar-index.ts';
import { DAY } from './date-time.ts';
import { requireFree } from './exclusive-time.ts';
import { type CalendarObjectModel, parseCalendarObject } from './icalendar.ts';
import type { TimeRange } from './recurrence.ts';

/** Octets of one calendar object. */
export const MAX_CALENDAR_OBJECT_OCTETS = 10 * 1024 * 1024;

/** The span whose occurrences are kept beside the octets: one year back, three ahead, in whole days. */
export function indexWindow(now: number): TimeRange {
  const today = now - (now % DAY);
  return { from: today - 365 * DAY, until: today + 3 * 365 * DAY };
}

/** What is known of octets before anything stored is looked at. */
export interface Prepared {
  readonly octets: string;
  readonly model: CalendarObjectModel;
  readonly row: Pick<
    CalendarObjectRow,
    'icalUid' | 'component' | 'etag' | 'size' | 'firstStart' | 'lastEnd' | 'recurring' | 'indexedFrom' | 'indexedUntil'
  >;
  readonly occurrences: Omit<OccurrenceRow, 'objectId'>[];
}

/** Reads, judges and indexes octets. @throws DomainError too-large and what parseCalendarObject throws */
export function prepareObject(octets: string, now: number): Prepared {
  const size = Buffer.byteLength(octets);
  if (size > MAX_CALENDAR_OBJECT_OCTETS) {
    throw new DomainError('too-large', 'The calendar object is larger than 10 MiB.', {
      limit: MAX_CALENDAR_OBJECT_OCTETS,
    });
  }
  const model = parseCalendarObject(octets);
  const { occurrences, ...index } = indexCalendarObject(model, indexWindow(now));
  return { octets, model, row: { ...index, etag: etagOf(octets), size }, occurrences };
}

/** What the row of a written object has beside what its octets say. */
export interface Placing {
  readonly modseq: number;
  readonly now: number;
  readonly tag: 'none' | 'new' | 'keep';
  readonly method?: string | null;
}

/** Writes what was prepared to a name that holds `current`, if its UID may be there. */
export async function saveObject(
  write: Writes,
  collection: Pick<Collection, 'id' | 'accountId'>,
  name: string,
  { octets, row, occurrences }: Prepared,
  current: CalendarObjectRow | undefined,
  { modseq, now, tag, method = null }: Placing,
  requireNew?: typeof requireNewToCalendar,
): Promise<CalendarObjectRow> {
  const calendar = await write.collections.get(collection.id);
  if (calendar === undefined) throw notFound();
  await requireRoom(write, collection.accountId, row.size - (current?.size ?? 0));
  if (method === null) await requireFree(write, calendar, row, occurrences, current?.id, now);
  // The ETag of the version that mattered last serves as its tag (RFC 6638 §3.2.10).
  const scheduleTag = tag === 'none' ? null : tag === 'keep' ? (current?.scheduleTag ?? row.etag) : row.etag;
  const written = { ...row, collectionId: collection.id, name, scheduleTag, method, modseq, modifiedAt: now };
  if (current !== undefined) {
    if (current.icalUid !== row.icalUid) throw uidConflict(current.name);
    const replaced = { ...written, id: current.id, createdAt: current.createdAt };
    await write.calendarObjects.replace(replaced, octets, occurrences);
    return replaced;
  }
  await requireNew?.(write, collection, row.icalUid);
  const added = { ...written, createdAt: now };
  const id = await write.calendarObjects.add(added, octets, occurrences);
  return { ...added, id };
}

export async function requireNewToCalendar(
  write: Writes,
  collection: Pick<Collection, 'id' | 'accountId'>,
  icalUid: string,
): Promise<void> {
  const same = await write.calendarObjects.byUid(collection.id, icalUid);
  if (same !== undefined) throw uidConflict(same.name);
}

/**
 * A new object's UID must be new to all calendars of the owner (RFC 6638 §3.2.4.1, kept for every object, so that an
 * invitation finds one place). Copying a calendar on purpose may still double it.
 */
export async function requireNewToOwner(
  write: Writes,
  collection: Pick<Collection, 'id' | 'accountId'>,
  icalUid: string,
): Promise<void> {
  const same = await write.calendarObjects.ofUid(collection.accountId, collection.id, icalUid);
  if (same !== undefined) throw uidConflict(same.collectionId === collection.id ? same.name : undefined);
}

/** `name` is where the UID is used in the same calendar. */
export function uidConflict(name: string | undefined): DomainError {
  if (name === undefined) return new DomainError('uid-conflict', 'Another calendar of this owner holds this UID.');
  return new DomainError('uid-conflict', 'Another object of this calendar has this UID.', { name });
}

export function notFound(): DomainError {
  return new DomainError('not-found', 'There is no such calendar object.');
}

/** What was read changed before it could be written: read it again. */
export class Moved extends Error {}

/** How often a write is tried when what it depends on keeps changing. */
const ATTEMPTS = 5;

/** Runs a read-compute-write again while it throws Moved. @throws DomainError unavailable */
export async function whileMoved<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Moved)) throw error;
      if (attempts === ATTEMPTS) throw new DomainError('unavailable', 'The object keeps changing.', { retryAfter: 1 });
    }
  }
}
