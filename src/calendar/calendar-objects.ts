/**
 * Calendar object resources: put, read, remove, copy and move the members of a calendar.
 * RFC 4791 §4.1, §5.3.2.1 (what a calendar refuses), RFC 6638 §3.2.4.1 (one UID for an owner's calendars).
 * Octets are read and indexed before the transaction; everything that depends on what is stored is decided inside it.
 * Elsewhere: what the octets mean (icalendar.ts), rows and index (object-writing.ts), whom a change concerns (scheduling-port.ts),
 * selection (calendar-query.ts).
 */
import type { CalendarObjectRow, MemberRow, Store, Writes } from '../../storage/store.ts';
import { soundOctets } from '../collections/etag.ts';
import type {
  Collection,
  Members,
  PersonalView,
  Precondition,
  PutResult,
  WriteRequest,
} from '../collections/members.ts';
import { DomainError } from '../errors.ts';
import { settleAttachments } from './attachment-check.ts';
import { requireNoMethod } from './calendar-validation.ts';
import { checkExtensions } from './extension-properties.ts';
import type { CalendarObjectModel } from './icalendar.ts';
import { type Copying, planCopy, storedObject } from './object-copying.ts';
import {
  occupied,
  requireCollection,
  requireComponent,
  requireName,
  requireRead,
  requireWrite,
} from './object-requirements.ts';
import {
  Moved,
  notFound,
  type Prepared,
  prepareObject,
  requireNewToCalendar,
  requireNewToOwner,
  saveObject,
  uidConflict,
  whileMoved,
} from './object-writing.ts';
import { keepOwn, seenMember, seenObjects, seenOctets, split } from './personal-views.ts';
import { requireShown, seesEverything } from './private-objects.ts';
import {
  concernsOthers,
  NO_PLAN,
  NO_SCHEDULING,
  type SchedulePlan,
  type Scheduling,
  type StoredObject,
} from './scheduling-port.ts';

/** Objects of a calendar that goes whose end others are told in one transaction. */
const RETIRED_AT_ONCE = 20;

export class CalendarObjects implements Members<CalendarObjectRow> {
  private readonly store: Store;
  private readonly now: () => number;
  private readonly scheduling: Scheduling;
  private readonly copying: Copying;

  constructor(store: Store, now: () => number, scheduling: Scheduling = NO_SCHEDULING) {
    this.store = store;
    this.now = now;
    this.scheduling = scheduling;
    this.copying = { store, now, scheduling };
  }

  async find(collection: Collection, name: string): Promise<CalendarObjectRow | undefined> {
    requireRead(collection);
    return seenMember(this.store, collection, await this.store.calendarObjects.get(collection.id, name));
  }

  /** An object as its viewer sees it, row and octets. */
  async findWithData(
    collection: Collection,
    name: string,
  ): Promise<(CalendarObjectRow & { data: string }) | undefined> {
    requireRead(collection);
    return (
      await seenObjects(this.store, collection, await this.store.calendarObjects.withData(collection.id, [name]))
    )[0];
  }

  /** @throws DomainError not-found when it was deleted meanwhile; an Error when the octets are not those that were stored */
  async read(member: MemberRow, collection: Collection): Promise<string> {
    const { calendarObjects, personalData } = this.store;
    const { personal } = collection;
    const octets = await calendarObjects.data(member.id);
    if (octets === undefined) throw notFound();
    const again = async () => (await calendarObjects.ofIds([member.id]))[0];
    const stored = await soundOctets(octets, member, again);
    const own = personal && (await personalData.of(personal.principalId, [member.id]))[0];
    return seenOctets(collection, stored, own);
  }

  /** Whoever sees less than there is must not write, move or copy it. */
  private async requireShown(collection: Collection, name: string): Promise<void> {
    if (seesEverything(collection)) return;
    const [current] = await this.store.calendarObjects.withData(collection.id, [name]);
    requireShown(collection, current?.data);
  }

  /**
   * @throws DomainError forbidden, not-found, too-large, invalid-data, invalid-object, date-out-of-range, too-many-instances,
   *   unsupported-component, invalid-managed-id, too-many-attachments; uid-conflict with the name in the way, without one when it is in another calendar of the owner
   */
  async put(
    collection: Collection,
    name: string,
    octets: string,
    check: Precondition,
    request: WriteRequest = {},
  ): Promise<PutResult> {
    requireWrite(collection);
    requireName(name);
    await this.requireShown(collection, name);
    // A byte order mark is no part of iCalendar; without it the stored octets are not those received.
    const sent = octets.startsWith('\uFEFF') ? octets.slice(1) : octets;
    const settled = await settleAttachments(this.store, collection, name, sent);
    const given = prepareObject(settled, this.now());
    requireNoMethod(given.model.content);
    requireComponent(collection, given.row.component);
    checkExtensions(given.model.content);
    if (collection.personal !== undefined)
      return this.putSeen(collection, collection.personal, name, octets, given, check, request);
    let before: StoredObject | undefined;
    let known = false;
    return whileMoved(async () => {
      // What concerns nobody else is written without a look at what it replaces.
      if (known || concernsOthers(given.model)) {
        before = await storedObject(this.store, collection, name);
        known = true;
        // Who cannot replace it learns nothing of what scheduling thinks of it.
        check(before?.row);
      }
      const plan = known ? await this.scheduling.plan(collection, before, given.model, request) : NO_PLAN;
      const prepared = plan.octets === undefined ? given : prepareObject(plan.octets, this.now());
      const { created, member } = await this.store.transaction(async (write) => {
        const modseq = await write.accounts.nextModseq(collection.accountId, [collection.id]);
        const current = await write.calendarObjects.get(collection.id, name);
        check(current);
        if (known ? changed(current, before?.row) : current?.scheduleTag != null) {
          known = true;
          throw new Moved();
        }
        const placing = { modseq, now: this.now(), tag: plan.tag };
        const member = await saveObject(write, collection, name, prepared, current, placing, requireNewToOwner);
        await plan.queue(write);
        return { created: current === undefined, member };
      });
      await plan.sent();
      return { created, member, verbatim: prepared.octets === octets };
    });
  }

  /** Writes into a calendar of somebody else: what all see, and apart from it what is the viewer's own. */
  private putSeen(
    collection: Collection,
    personal: PersonalView,
    name: string,
    octets: string,
    given: Prepared,
    check: Precondition,
    request: WriteRequest,
  ): Promise<PutResult> {
    return whileMoved(async () => {
      const before = await storedObject(this.store, collection, name);
      check(await seenMember(this.store, collection, before?.row));
      const { shared, own } = await split(this.store, personal, given.octets, given.model, before);
      const merged = shared === undefined || shared === given.octets ? given : prepareObject(shared, this.now());
      const plan = shared === undefined ? NO_PLAN : await this.planOf(collection, before, merged.model, request);
      const prepared = plan.octets === undefined ? merged : prepareObject(plan.octets, this.now());
      const { created, member } = await this.store.transaction(async (write) => {
        const modseq = await write.accounts.nextModseq(collection.accountId, [collection.id]);
        const current = await write.calendarObjects.get(collection.id, name);
        check(await seenMember(write, collection, current));
        if (changed(current, before?.row)) throw new Moved();
        const placing = { modseq, now: this.now(), tag: plan.tag };
        const member =
          shared === undefined && current !== undefined
            ? current
            : await saveObject(write, collection, name, prepared, current, placing, requireNewToOwner);
        if (own !== undefined) await keepOwn(write, personal, member, own, placing);
        await plan.queue(write);
        return { created: current === undefined, member: (await seenMember(write, collection, member)) ?? member };
      });
      await plan.sent();
      return { created, member, verbatim: (await this.read(member, collection)) === octets };
    });
  }

  async remove(collection: Collection, name: string, check: Precondition, request: WriteRequest = {}): Promise<void> {
    requireWrite(collection);
    await this.requireShown(collection, name);
    await whileMoved(async () => {
      const row = await this.store.calendarObjects.get(collection.id, name);
      const before = row?.scheduleTag == null ? undefined : await storedObject(this.store, collection, name);
      const plan = await this.planOf(collection, before, undefined, request);
      await this.store.transaction(async (write) => {
        const modseq = await write.accounts.nextModseq(collection.accountId, [collection.id]);
        const current = await write.calendarObjects.get(collection.id, name);
        check(await seenMember(write, collection, current));
        if (current === undefined) throw notFound();
        if (changed(current, before?.row ?? row)) throw new Moved();
        await write.calendarObjects.remove(current, collection.accountId, modseq);
        await plan.queue(write);
      });
      await plan.sent();
    });
  }

  /** Removes those objects of a calendar whose removal concerns others, and tells them (RFC 6638 §3.2). */
  async retire(collection: Collection, request: WriteRequest = {}): Promise<void> {
    // Of a subscribed calendar, which nobody may change, nobody is to be told either.
    if (!collection.rights.write) return;
    for (let afterId = 0; ; ) {
      const rows = await this.store.calendarObjects.scheduled(collection.id, afterId, RETIRED_AT_ONCE);
      for (const { id, name } of rows) {
        afterId = id;
        try {
          await this.remove(collection, name, () => {}, request);
        } catch (error) {
          if (!(error instanceof DomainError && error.code === 'not-found')) throw error;
        }
      }
      if (rows.length < RETIRED_AT_ONCE) return;
    }
  }

  async copy(
    from: Collection,
    name: string,
    to: Collection,
    toName: string,
    overwrite: boolean,
    check: Precondition,
    request: WriteRequest = {},
  ): Promise<{ created: boolean }> {
    requireRead(from);
    requireWrite(to);
    requireName(toName);
    await this.requireShown(from, name);
    await this.requireShown(to, toName);
    return this.withSource(from, name, async (source, given) => {
      requireComponent(to, source.component);
      const { plan, prepared, before, own } = await planCopy(this.copying, from, source, to, toName, given, request);
      const done = await this.store.transaction(async (write) => {
        const modseq = await write.accounts.nextModseq(to.accountId, [to.id]);
        const current = await requireUnmoved(write, source);
        check(await seenMember(write, from, current));
        const target = await write.calendarObjects.get(to.id, toName);
        if (target !== undefined && !overwrite) throw occupied();
        if (changed(target, before)) throw new Moved();
        const placing = { modseq, now: this.now(), tag: plan.tag };
        const copy = await saveObject(write, to, toName, prepared, target, placing, requireNewToCalendar);
        await write.properties.removeAll('calendar-object', copy.id);
        await write.properties.copyAll('calendar-object', current.id, copy.id);
        if (to.personal !== undefined && own !== undefined) await keepOwn(write, to.personal, copy, own, placing);
        await plan.queue(write);
        return { created: target === undefined };
      });
      await plan.sent();
      return done;
    });
  }

  async move(
    from: Collection,
    name: string,
    to: Collection,
    toName: string,
    overwrite: boolean,
    check: Precondition,
    request: WriteRequest = {},
  ): Promise<{ created: boolean }> {
    requireWrite(from);
    requireWrite(to);
    requireName(toName);
    await this.requireShown(from, name);
    await this.requireShown(to, toName);
    if (from.accountId !== to.accountId) return this.moveAcross(from, name, to, toName, overwrite, check, request);
    return this.store.transaction(async (write) => {
      const modseq = await write.accounts.nextModseq(from.accountId, from.id === to.id ? [to.id] : [from.id, to.id]);
      await requireCollection(write, to);
      const current = await write.calendarObjects.get(from.id, name);
      check(await seenMember(write, from, current));
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
    request: WriteRequest,
  ): Promise<{ created: boolean }> {
    return this.withSource(from, name, async (source, given) => {
      requireComponent(to, source.component);
      const leaving = await this.planOf(from, { row: source, model: given.model }, undefined, request);
      const { plan, prepared, before, own } = await planCopy(this.copying, from, source, to, toName, given, request);
      const done = await this.store.transaction(async (write) => {
        const modseqs = new Map<Collection, number>();
        // Accounts are taken in order of id.
        for (const collection of from.accountId < to.accountId ? [from, to] : [to, from]) {
          modseqs.set(collection, await write.accounts.nextModseq(collection.accountId, [collection.id]));
        }
        const current = await requireUnmoved(write, source);
        check(await seenMember(write, from, current));
        const target = await write.calendarObjects.get(to.id, toName);
        if (target !== undefined && !overwrite) throw occupied();
        if (changed(target, before)) throw new Moved();
        const placing = { modseq: modseqs.get(to) ?? 0, now: this.now(), tag: plan.tag };
        const moved = await saveObject(write, to, toName, prepared, target, placing, requireNewToCalendar);
        await write.properties.removeAll('calendar-object', moved.id);
        await write.properties.copyAll('calendar-object', current.id, moved.id);
        if (to.personal !== undefined && own !== undefined) await keepOwn(write, to.personal, moved, own, placing);
        await write.calendarObjects.remove(current, from.accountId, modseqs.get(from) ?? 0);
        await leaving.queue(write);
        await plan.queue(write);
        return { created: target === undefined };
      });
      await leaving.sent();
      await plan.sent();
      return done;
    });
  }

  private async planOf(
    collection: Collection,
    before: StoredObject | undefined,
    after: CalendarObjectModel | undefined,
    request: WriteRequest,
  ): Promise<SchedulePlan> {
    const others = (model: CalendarObjectModel | undefined) => model !== undefined && concernsOthers(model);
    if (!others(before?.model) && !others(after)) return NO_PLAN;
    return this.scheduling.plan(collection, before, after, request);
  }

  /** Reads the source of a copy, prepares it, and runs `write`; again when the source changed in between. */
  private async withSource<T>(
    from: Collection,
    name: string,
    write: (source: CalendarObjectRow, prepared: Prepared) => Promise<T>,
  ): Promise<T> {
    return whileMoved(async () => {
      const [found] = await this.store.calendarObjects.withData(from.id, [name]);
      if (found === undefined || found.method !== null) throw notFound();
      const { data, ...source } = found;
      return write(source, prepareObject(data, this.now()));
    });
  }
}

/** Whether an object is not any more what it was when it was read. */
function changed(current: CalendarObjectRow | undefined, read: CalendarObjectRow | undefined): boolean {
  return current?.id !== read?.id || current?.etag !== read?.etag;
}

async function requireUnmoved(write: Writes, source: CalendarObjectRow): Promise<CalendarObjectRow> {
  const current = await write.calendarObjects.get(source.collectionId, source.name);
  if (current?.id !== source.id || current.etag !== source.etag) throw new Moved();
  return current;
}
