/**
 * What a copy of a calendar object is made of, and what it means for others.
 * RFC 4918 §9.8, RFC 6638 §3.2. Interpretations 66 and 220.
 * Elsewhere: writing it (calendar-objects.ts).
 */
import type { CalendarObjectRow, Store } from '../../storage/store.ts';
import type { Collection, WriteRequest } from '../collections/members.ts';
import { printContent } from './content.ts';
import { parseCalendarObject } from './icalendar.ts';
import { type Prepared, prepareObject } from './object-writing.ts';
import { seenOctets, split } from './personal-views.ts';
import { concernsOthers, NO_PLAN, type SchedulePlan, type Scheduling, type StoredObject } from './scheduling-port.ts';

/** What copying needs. */
export interface Copying {
  readonly store: Store;
  readonly scheduling: Scheduling;
  readonly now: () => number;
}

/** An object as it is stored, whoever looks. */
export async function storedObject(
  store: Store,
  collection: Collection,
  name: string,
): Promise<StoredObject | undefined> {
  const [found] = await store.calendarObjects.withData(collection.id, [name]);
  if (found === undefined) return undefined;
  const { data, ...row } = found;
  return { row, model: parseCalendarObject(data) };
}

/**
 * What a copy means for others. Beside its source, in calendars of one owner, it means nothing: the invitation stays the
 * source's. In another's calendar it is as if it had been put there: what the viewer saw, with its own parts where they belong.
 */
export async function planCopy(
  { store, scheduling, now }: Copying,
  from: Collection,
  source: CalendarObjectRow,
  to: Collection,
  toName: string,
  given: Prepared,
  request: WriteRequest,
): Promise<{
  plan: SchedulePlan;
  prepared: Prepared;
  before: CalendarObjectRow | undefined;
  own: string | undefined;
}> {
  const before = await store.calendarObjects.get(to.id, toName);
  const tag = source.scheduleTag === null ? 'none' : 'new';
  const personal = to.personal ?? from.personal;
  if (from.accountId === to.accountId) {
    const [kept] = personal === undefined ? [] : await store.personalData.of(personal.principalId, [source.id]);
    return { plan: { ...NO_PLAN, tag }, prepared: given, before, own: kept?.data ?? (before && '') };
  }
  const stored = before === undefined ? undefined : await storedObject(store, to, toName);
  const [kept] = from.personal ? await store.personalData.of(from.personal.principalId, [source.id]) : [];
  const shown = seenOctets(from, given.octets, kept);
  const seen = shown === given.octets ? given : prepareObject(shown, now());
  const apart = to.personal && (await split(store, to.personal, seen.octets, seen.model, stored));
  // What is there says the same already, and has the parts of the owner.
  const shared = apart?.shared ?? (apart && stored ? printContent(stored.model.content) : seen.octets);
  const placed = shared === seen.octets ? seen : prepareObject(shared, now());
  if (!concernsOthers(placed.model))
    return { plan: { ...NO_PLAN, tag }, prepared: placed, before: stored?.row, own: apart?.own };
  const plan = await scheduling.plan(to, stored, placed.model, request);
  const prepared = plan.octets === undefined ? placed : prepareObject(plan.octets, now());
  return { plan, prepared, before: stored?.row, own: apart?.own };
}
