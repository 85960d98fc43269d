/**
 * Calendar object resources: put, read, remove, copy and move the members of a calendar.
 * RFC 4791 §4.1, §5.3.2.1 (what a calendar refuses), RFC 6638 §3.2.4.1 (one UID for an owner's calendars).
 * Octets are read and indexed before the transaction; everything that depends on what is stored is decided inside it.
 * Elsewhere: what the octets mean (icalendar.ts), which occurrences are kept (calendar-index.ts), selection (calendar-query.ts).
 */
import type { CalendarObjectRow, MemberRow, OccurrenceRow, Store, Writes } from '../../storage/store.ts';
import { etagOf, soundOctets } from '../collections/etag.ts';
import type { Collection, Members, Precondition, PutResult } from '../collections/members.ts';
import { requireRoom } from '../collections/quota.ts';
import { DomainError } from '../errors.ts';
import { settleAttachments } from './attachment-check.ts';
import { indexCalendarObject } from './calendar-index.ts';
import { componentsOf } from './calendars.ts';
import { DAY } from './date-time.ts';
import { parseCalendarObject } from './icalendar.ts';
import type { TimeRange } from './recurrence.ts';

/** Octets of one calendar object. */
export const MAX_CALENDAR_OBJECT_OCTETS = 10 * 1024 * 1024;
/** Octets of the longest name a member may have. */
const MAX_NAME_OCTETS = 255;

/** The span whose occurrences are kept beside the octets: one year back, three ahead, in whole days. */
export function indexWindow(now: number): TimeRange {
  const today = now - (now % DAY);
  return { from: today - 365 * DAY, until: today + 3 * 365 * DAY };
}

/** What is known of octets before anything stored is looked at. */
interface Prepared {
  readonly octets: string;
  readonly row: Pick<
    CalendarObjectRow,
    'icalUid' | 'component' | 'etag' | 'size' | 'firstStart' | 'lastEnd' | 'recurring' | 'indexedFrom' | 'indexedUntil'
  >;
  readonly occurrences: Omit<OccurrenceRow, 'objectId'>[];
}

export class CalendarObjects implements Members<CalendarObjectRow> {
  private readonly store: Store;
  private readonly now: () => number;

  constructor(store: Store, now: () => number) {
    this.store = store;
    this.now = now;
  }

  async find(collection: Collection, name: string): Promise<CalendarObjectRow | undefined> {
    requireRead(collection);
    return this.store.calendarObjects.get(collection.id, name);
  }

  /** @throws DomainError not-found when it was deleted meanwhile; an Error when the octets are not those that were stored */
  async read(member: MemberRow): Promise<string> {
    const octets = await this.store.calendarObjects.data(member.id);
    if (octets === undefined) throw notFound();
    return soundOctets(octets, member, async () => (await this.store.calendarObjects.ofIds([member.id]))[0]);
  }

  /**
   * @throws DomainError forbidden, not-found, too-large, invalid-data, invalid-object, date-out-of-range, too-many-instances,
   *   unsupported-component, invalid-managed-id, too-many-attachments; uid-conflict with the name in the way, without one when it is in another calendar of the owner
   */
  async put(collection: Collection, name: string, octets: string, check: Precondition): Promise<PutResult> {
    requireWrite(collection);
    requireName(name);
    // A byte order mark is no part of iCalendar; without it the stored octets are not those received.
    const sent = octets.startsWith('\uFEFF') ? octets.slice(1) : octets;
    const settled = await settleAttachments(this.store, collection, name, sent);
    const verbatim = settled === octets;
    const prepared = this.prepare(settled);
    requireComponent(collection, prepared.row.component);
    return this.store.transaction(async (write) => {
      const modseq = await write.accounts.nextModseq(collection.accountId, [collection.id]);
      const current = await write.calendarObjects.get(collection.id, name);
      check(current);
      const member = await this.save(write, collection, name, prepared, current, modseq, requireNewToOwner);
      return { created: current === undefined, member, verbatim };
    });
  }

  async remove(collection: Collection, name: string, check: Precondition): Promise<void> {
    requireWrite(collection);
    await this.store.transaction(async (write) => {
      const modseq = await write.accounts.nextModseq(collection.accountId, [collection.id]);
      const current = await write.calendarObjects.get(collection.id, name);
      check(current);
      if (current === undefined) throw notFound();
      await write.calendarObjects.remove(current, collection.accountId, modseq);
    });
  }

  async copy(
    from: Collection,
    name: string,
    to: Collection,
    toName: string,
    overwrite: boolean,
    check: Precondition,
  ): Promise<{ created: boolean }> {
    requireRead(from);
    requireWrite(to);
    requireName(toName);
    return this.withSource(from, name, async (source, prepared) => {
      requireComponent(to, source.component);
      return this.store.transaction(async (write) => {
        const modseq = await write.accounts.nextModseq(to.accountId, [to.id]);
        const current = await requireUnmoved(write, source);
        check(current);
        const target = await write.calendarObjects.get(to.id, toName);
        if (target !== undefined && !overwrite) throw occupied();
        const copy = await this.save(write, to, toName, prepared, target, modseq);
        await write.properties.removeAll('calendar-object', copy.id);
        await write.properties.copyAll('calendar-object', current.id, copy.id);
        return { created: target === undefined };
      });
    });
  }

  async move(
    from: Collection,
    name: string,
    to: Collection,
    toName: string,
    overwrite: boolean,
    check: Precondition,
  ): Promise<{ created: boolean }> {
    requireWrite(from);
    requireWrite(to);
    requireName(toName);
    if (from.accountId !== to.accountId) return this.moveAcross(from, name, to, toName, overwrite, check);
    return this.store.transaction(async (write) => {
      const modseq = await write.accounts.nextModseq(from.accountId, from.id === to.id ? [to.id] : [from.id, to.id]);
      await requireCollection(write, to);
      const current = await write.calendarObjects.get(from.id, name);
      check(current);
      if (current === undefined) throw notFound();
      requireComponent(to, current.component);
      const target = await write.calendarObjects.get(to.id, toName);
      if (target?.id === current.id) throw new DomainError('forbidden', 'An object cannot be moved onto itself.');
      if (target !== undefined && !overwrite) throw occupied();
      if (target !== undefined && target.icalUid !== current.icalUid) throw uidConflict(target.name);
      const same = await write.calendarObjects.byUid(to.id, current.icalUid);
      if (same !== undefined && same.id !== current.id && same.id !== target?.id) throw uidConflict(same.name);
      if (target !== undefined) await write.calendarObjects.remove(target, to.accountId, modseq);
      await write.calendarObjects.move(current, from.accountId, { collectionId: to.id, name: toName }, modseq);
      return { created: target === undefined };
    });
  }

  /** A move into another account is a copy and a removal in one transaction: ids, modseqs and UIDs belong to accounts. */
  private moveAcross(
    from: Collection,
    name: string,
    to: Collection,
    toName: string,
    overwrite: boolean,
    check: Precondition,
  ): Promise<{ created: boolean }> {
    return this.withSource(from, name, async (source, prepared) => {
      requireComponent(to, source.component);
      return this.store.transaction(async (write) => {
        const modseqs = new Map<Collection, number>();
        // Accounts are taken in order of id.
        for (const collection of from.accountId < to.accountId ? [from, to] : [to, from]) {
          modseqs.set(collection, await write.accounts.nextModseq(collection.accountId, [collection.id]));
        }
        const current = await requireUnmoved(write, source);
        check(current);
        const target = await write.calendarObjects.get(to.id, toName);
        if (target !== undefined && !overwrite) throw occupied();
        const moved = await this.save(write, to, toName, prepared, target, modseqs.get(to) ?? 0);
        await write.properties.removeAll('calendar-object', moved.id);
        await write.properties.copyAll('calendar-object', current.id, moved.id);
        await write.calendarObjects.remove(current, from.accountId, modseqs.get(from) ?? 0);
        return { created: target === undefined };
      });
    });
  }

  /** Reads the source of a copy, prepares it, and runs `write`; once more when the source changed in between. */
  private async withSource<T>(
    from: Collection,
    name: string,
    write: (source: CalendarObjectRow, prepared: Prepared) => Promise<T>,
  ): Promise<T> {
    for (let attempts = 0; ; attempts++) {
      const [source] = await this.store.calendarObjects.withData(from.id, [name]);
      if (source === undefined) throw notFound();
      try {
        return await write(source, this.prepare(source.data));
      } catch (error) {
        if (!(error instanceof Moved)) throw error;
        if (attempts > 0) throw new DomainError('unavailable', 'The object keeps changing.', { retryAfter: 1 });
      }
    }
  }

  /** Reads, judges and indexes octets. */
  private prepare(octets: string): Prepared {
    const size = Buffer.byteLength(octets);
    if (size > MAX_CALENDAR_OBJECT_OCTETS) {
      throw new DomainError('too-large', 'The calendar object is larger than 10 MiB.', {
        limit: MAX_CALENDAR_OBJECT_OCTETS,
      });
    }
    const { occurrences, ...index } = indexCalendarObject(parseCalendarObject(octets), indexWindow(this.now()));
    return { octets, row: { ...index, etag: etagOf(octets), size }, occurrences };
  }

  /** Writes what was prepared to a name that holds `current`, if its UID may be there (RFC 4791 §5.3.2.1). */
  private async save(
    write: Writes,
    collection: Collection,
    name: string,
    { octets, row, occurrences }: Prepared,
    current: CalendarObjectRow | undefined,
    modseq: number,
    requireNew: typeof requireNewToCalendar = requireNewToCalendar,
  ): Promise<CalendarObjectRow> {
    await requireCollection(write, collection);
    await requireRoom(write, collection.accountId, row.size - (current?.size ?? 0));
    const now = this.now();
    const written = { ...row, collectionId: collection.id, name, scheduleTag: null, modseq, modifiedAt: now };
    if (current !== undefined) {
      if (current.icalUid !== row.icalUid) throw uidConflict(current.name);
      const replaced = { ...written, id: current.id, createdAt: current.createdAt };
      await write.calendarObjects.replace(replaced, octets, occurrences);
      return replaced;
    }
    await requireNew(write, collection, row.icalUid);
    const added = { ...written, createdAt: now };
    const id = await write.calendarObjects.add(added, octets, occurrences);
    return { ...added, id };
  }
}

/** The source of a copy changed between being read and the transaction. */
class Moved extends Error {}

async function requireUnmoved(write: Writes, source: CalendarObjectRow): Promise<CalendarObjectRow> {
  const current = await write.calendarObjects.get(source.collectionId, source.name);
  if (current?.id !== source.id || current.etag !== source.etag) throw new Moved();
  return current;
}

/** A calendar may be deleted between the look-up of a path and the transaction. */
async function requireCollection(write: Writes, collection: Collection): Promise<void> {
  if ((await write.collections.get(collection.id)) === undefined) throw notFound();
}

async function requireNewToCalendar(write: Writes, collection: Collection, icalUid: string): Promise<void> {
  const same = await write.calendarObjects.byUid(collection.id, icalUid);
  if (same !== undefined) throw uidConflict(same.name);
}

/**
 * A new object's UID must be new to all calendars of the owner (RFC 6638 §3.2.4.1, kept for every object, so that an
 * invitation finds one place). Copying a calendar on purpose may still double it.
 */
async function requireNewToOwner(write: Writes, collection: Collection, icalUid: string): Promise<void> {
  const same = await write.calendarObjects.ofUid(collection.accountId, collection.id, icalUid);
  if (same !== undefined) throw uidConflict(same.collectionId === collection.id ? same.name : undefined);
}

function requireRead(collection: Collection): void {
  if (!collection.rights.read) throw notFound();
}

function requireWrite(collection: Collection): void {
  requireRead(collection);
  if (!collection.rights.write) throw new DomainError('forbidden', 'You may not change this calendar.');
}

function requireName(name: string): void {
  if (Buffer.byteLength(name) > MAX_NAME_OCTETS) {
    throw new DomainError('forbidden', `Names of calendar objects have at most ${MAX_NAME_OCTETS} octets.`);
  }
}

function requireComponent(collection: Collection, component: string): void {
  if (componentsOf(collection).includes(component)) return;
  throw new DomainError('unsupported-component', `This calendar takes ${collection.components}, not ${component}.`);
}

function notFound(): DomainError {
  return new DomainError('not-found', 'There is no such calendar object.');
}

function occupied(): DomainError {
  return new DomainError('etag-mismatch', 'There is an object at the destination already.');
}

/** `name` is where the UID is used in the same calendar. */
function uidConflict(name: string | undefined): DomainError {
  if (name === undefined) return new DomainError('uid-conflict', 'Another calendar of this owner holds this UID.');
  return new DomainError('uid-conflict', 'Another object of this calendar has this UID.', { name });
}
