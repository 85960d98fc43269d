/**
 * The calendar an owner chose for invitations: a property of the scheduling inbox that names it, and follows it when it moves.
 * RFC 6638 §9.2 (schedule-default-calendar-URL).
 * Elsewhere: which calendar is used when none was chosen (src/scheduling/default-calendar.ts).
 */
import type { PropertyRow, Reads, Writes } from '../../storage/store.ts';

export const CALDAV_NAMESPACE = 'urn:ietf:params:xml:ns:caldav';
export const DEFAULT_CALENDAR_PROPERTY = 'schedule-default-calendar-URL';

/** The href up to its last segment, that segment, and what follows. */
const HREF = /(<(?:[\w.-]+:)?href[^>]*>[^<]*?)([^/<\s]+)(\/?\s*<\/)/i;

/** The segment of the calendar the owner chose. */
export async function chosenCalendar(reads: Reads, principalId: number): Promise<string | undefined> {
  const choice = await choiceOf(reads, principalId);
  return choice === undefined ? undefined : segmentIn(choice.property.xml);
}

/** Keeps the choice when the chosen calendar gets another segment. */
export async function followCalendar(write: Writes, principalId: number, from: string, to: string): Promise<void> {
  const choice = await choiceOf(write, principalId);
  if (choice === undefined || segmentIn(choice.property.xml) !== from) return;
  const xml = choice.property.xml.replace(HREF, (_, before, __, after) => `${before}${encodeURIComponent(to)}${after}`);
  await write.properties.set('collection', choice.inboxId, { ...choice.property, xml });
}

async function choiceOf(
  reads: Reads,
  principalId: number,
): Promise<{ inboxId: number; property: PropertyRow } | undefined> {
  const inbox = await reads.collections.bySegment(principalId, 'calendars', 'inbox');
  if (inbox === undefined) return undefined;
  const rows = await reads.properties.list('collection', inbox.id, principalId);
  const property = rows.find(
    ({ namespace, name }) => namespace === CALDAV_NAMESPACE && name === DEFAULT_CALENDAR_PROPERTY,
  );
  return property === undefined ? undefined : { inboxId: inbox.id, property };
}

/** The last segment of the href in a stored element. */
function segmentIn(xml: string): string | undefined {
  const last = HREF.exec(xml)?.[2];
  if (last === undefined) return undefined;
  try {
    return decodeURIComponent(last);
  } catch {
    return undefined;
  }
}
