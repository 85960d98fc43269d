/**
 * The titles of events that stand in somebody's way, for an asker that may read their calendars.
 * RFC 5545 §3.8.1.3 (CLASS): what is private or confidential is told to the owner of the calendar alone.
 * Elsewhere: which calendars an asker may read (free-busy.ts names an object only then).
 */
import type { Store } from '../../storage/store.ts';
import { parseContent, propertyOf, textOf } from '../calendar/content.ts';
import { DomainError } from '../errors.ts';
import type { Principal } from '../principals/access.ts';

/** Events looked at in one answer, and characters of a title. */
const MAX_EVENTS = 200;
const MAX_LENGTH = 200;

/** SUMMARY by the id of the object; those without one, and those that are private to another, are left out. */
export async function readableSummaries(
  store: Store,
  asker: Principal,
  objectIds: readonly number[],
): Promise<Map<number, string>> {
  const summaries = new Map<number, string>();
  const owners = new Map<number, number | undefined>();
  if (objectIds.length === 0) return summaries;
  for (const { id, collectionId, data } of await store.calendarObjects.dataOf(objectIds.slice(0, MAX_EVENTS))) {
    if (!owners.has(collectionId)) owners.set(collectionId, (await store.collections.get(collectionId))?.accountId);
    const summary = summaryOf(data, owners.get(collectionId) === asker.id);
    if (summary !== '') summaries.set(id, summary.slice(0, MAX_LENGTH));
  }
  return summaries;
}

function summaryOf(data: string, own: boolean): string {
  try {
    const events = parseContent(data)[2].filter(([name]) => name !== 'vtimezone');
    const open = (value: string | undefined) => value === undefined || value.toUpperCase() === 'PUBLIC';
    if (!own && !events.every((event) => open(propertyOf(event, 'class')?.[3]))) return '';
    const main = events.find((event) => propertyOf(event, 'recurrence-id') === undefined) ?? events[0];
    return main === undefined ? '' : textOf(main, 'summary');
  } catch (error) {
    if (error instanceof DomainError) return '';
    throw error;
  }
}
