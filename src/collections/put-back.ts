/**
 * Putting octets back into a calendar or an address book as they were: nobody is told, no invitation is sent.
 * What is there under the same name or UID is replaced; what came since stays. An object whose UID is in another calendar of
 * the owner by now was moved there, and stays there.
 * Elsewhere: what was deleted (restoring.ts), what is in a backup (src/administration/restoring.ts).
 */
import type { BoundCollectionRow, CalendarObjectRow, CardRow, OccurrenceRow, Writes } from '../../storage/store.ts';
import { indexCalendarObject } from '../calendar/calendar-index.ts';
import { indexWindow } from '../calendar/calendar-objects.ts';
import { parseCalendarObject } from '../calendar/icalendar.ts';
import { factsOf } from '../contacts/vcard-validation.ts';
import { etagOf } from './etag.ts';

export type PutBack = 'added' | 'replaced' | 'same' | 'elsewhere';

/** Octets read and indexed, before any transaction. */
export type ReadMember =
  | {
      readonly kind: 'calendar';
      readonly octets: string;
      readonly row: Pick<
        CalendarObjectRow,
        'icalUid' | 'component' | 'firstStart' | 'lastEnd' | 'recurring' | 'indexedFrom' | 'indexedUntil'
      >;
      readonly occurrences: Omit<OccurrenceRow, 'objectId'>[];
    }
  | {
      readonly kind: 'addressbook';
      readonly octets: string;
      readonly row: Pick<CardRow, 'cardUid' | 'version' | 'kind'>;
    };

/** @throws DomainError as a write by a client would, for octets that are not accepted any more */
export function readMember(kind: ReadMember['kind'], octets: string, now: number): ReadMember {
  if (kind === 'addressbook') return { kind, octets, row: factsOf(octets) };
  const { occurrences, ...row } = indexCalendarObject(parseCalendarObject(octets), indexWindow(now));
  return { kind, octets, row, occurrences };
}

/** Puts one member back, inside a transaction that has taken the account's `modseq`. */
export async function putBack(
  write: Writes,
  collection: BoundCollectionRow,
  name: string,
  member: ReadMember,
  modseq: number,
  now: number,
): Promise<PutBack> {
  const common = {
    collectionId: collection.id,
    etag: etagOf(member.octets),
    size: Buffer.byteLength(member.octets),
    modseq,
    modifiedAt: now,
  };
  if (member.kind === 'addressbook') {
    const current =
      (await write.cards.byUid(collection.id, member.row.cardUid)) ?? (await write.cards.get(collection.id, name));
    if (current?.etag === common.etag) return 'same';
    if (current?.cardUid === member.row.cardUid) {
      await write.cards.replace({ ...current, ...member.row, ...common }, member.octets);
      return 'replaced';
    }
    const free = current === undefined ? name : freeName(name, common.etag);
    await write.cards.add({ ...member.row, ...common, name: free, createdAt: now }, member.octets);
    return 'added';
  }
  const { icalUid } = member.row;
  const same = await write.calendarObjects.ofUid(collection.accountId, collection.id, icalUid);
  if (same !== undefined && same.collectionId !== collection.id) return 'elsewhere';
  if (same?.etag === common.etag) return 'same';
  if (same !== undefined) {
    await write.calendarObjects.replace({ ...same, ...member.row, ...common }, member.octets, member.occurrences);
    return 'replaced';
  }
  const taken = await write.calendarObjects.get(collection.id, name);
  const free = taken === undefined ? name : freeName(name, common.etag);
  const added = { ...member.row, ...common, name: free, scheduleTag: null, createdAt: now };
  await write.calendarObjects.add(added, member.octets, member.occurrences);
  return 'added';
}

/** A name nobody has: somebody else's member came to the old one. */
function freeName(name: string, etag: string): string {
  const dot = name.lastIndexOf('.');
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  return `${stem.slice(0, 180)}-${etag.slice(0, 8)}${ending}`;
}
