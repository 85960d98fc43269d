/**
 * The calendar that invitations are put into.
 * RFC 6638 §4.2 and §9.2 (schedule-default-calendar-URL, kept at the scheduling inbox).
 * Where the owner chose none, or one that is gone or takes no such component, the first of the home that does.
 */
import type { BoundCollectionRow, Reads } from '../../storage/store.ts';
import { componentsOf } from '../calendar/calendars.ts';
import { isSchedulingCollection } from '../collections/collections.ts';

export const CALDAV_NAMESPACE = 'urn:ietf:params:xml:ns:caldav';
export const DEFAULT_CALENDAR_PROPERTY = 'schedule-default-calendar-URL';

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

/** The segment of the calendar the owner chose. */
export async function chosenCalendar(reads: Reads, principalId: number): Promise<string | undefined> {
  const inbox = await reads.collections.bySegment(principalId, 'calendars', 'inbox');
  if (inbox === undefined) return undefined;
  const rows = await reads.properties.list('collection', inbox.id, principalId);
  const row = rows.find(({ namespace, name }) => namespace === CALDAV_NAMESPACE && name === DEFAULT_CALENDAR_PROPERTY);
  return row === undefined ? undefined : segmentIn(row.xml);
}

/** The last segment of the href in a stored element. */
export function segmentIn(xml: string): string | undefined {
  const href = /<(?:[\w.-]+:)?href[^>]*>\s*([^<]*?)\/?\s*<\//i.exec(xml)?.[1];
  const last = href?.slice(href.lastIndexOf('/') + 1);
  if (last === undefined || last === '') return undefined;
  try {
    return decodeURIComponent(last);
  } catch {
    return undefined;
  }
}
