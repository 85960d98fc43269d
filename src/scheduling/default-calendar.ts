/**
 * The calendar that invitations are put into.
 * RFC 6638 §4.2 and §9.2 (schedule-default-calendar-URL, kept at the scheduling inbox).
 * Where the owner chose none, or one that is gone or takes no such component, the first of the home that does.
 */
import type { BoundCollectionRow, Reads } from '../../storage/store.ts';
import { componentsOf } from '../calendar/calendars.ts';
import { chosenCalendar } from '../collections/chosen-calendar.ts';
import { isSchedulingCollection } from '../collections/collections.ts';

/** A principal's own calendars, in the order of its home. */
export async function ownCalendars(reads: Reads, principalId: number): Promise<BoundCollectionRow[]> {
  const rows = await reads.collections.home(principalId, 'calendars');
  return rows.filter((row) => row.accountId === principalId && !isSchedulingCollection(row));
}

/** The calendar for new invitations of a component type; undefined when no calendar takes it. */
export async function defaultCalendar(
  reads: Reads,
  principalId: number,
  component: string,
): Promise<BoundCollectionRow | undefined> {
  const calendars = await ownCalendars(reads, principalId);
  const takes = (row: BoundCollectionRow) => componentsOf(row).includes(component);
  const chosen = await chosenCalendar(reads, principalId);
  return calendars.find((row) => row.segment === chosen && takes(row)) ?? calendars.find(takes);
}
