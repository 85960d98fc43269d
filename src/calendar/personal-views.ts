/**
 * Calendar objects as one viewer sees them: rows and octets with what is that viewer's own, and nothing that is somebody else's.
 * RFC 9110 §8.8.3 (what differs has another ETag), RFC 4791 §9.6. Interpretations 80, 220 and 221.
 * The owner of a calendar sees what is stored, without another look at the store.
 * Elsewhere: putting together and taking apart (personal-objects.ts), private objects (private-objects.ts).
 */
import type { CalendarObjectRow, PersonalDataRow, Reads, Writes } from '../../storage/store.ts';
import { etagOf } from '../collections/etag.ts';
import type { Collection, PersonalView } from '../collections/members.ts';
import { DomainError } from '../errors.ts';
import { turn } from '../slices.ts';
import type { CalendarObjectModel } from './icalendar.ts';
import { shownObject, takeApart } from './personal-objects.ts';
import { printPersonalData, readPersonalData, withBusyOf } from './personal-parts.ts';
import { shownOctets } from './private-objects.ts';

/** Octets that one person keeps of one object. They are nobody's quota, as properties are not. */
const MAX_PERSONAL_OCTETS = 64 * 1024;
/** Milliseconds of putting together between two yields. */
const SLICE = 10;

type Viewed = Pick<Collection, 'rights' | 'personal'>;
type PersonalReads = Pick<Reads, 'personalData'>;
type ObjectWithData = CalendarObjectRow & { data: string };

/** A row as a viewer sees it. The ETag is made of those of both halves, as in storage/personal-data.ts. */
export function seenRow<Row extends CalendarObjectRow>(row: Row, own: PersonalDataRow | undefined): Row {
  const etag = `${row.etag}-${own?.etag ?? ''}`;
  return {
    ...row,
    etag,
    modseq: Math.max(row.modseq, own?.modseq ?? 0),
    modifiedAt: Math.max(row.modifiedAt, own?.modifiedAt ?? 0),
  };
}

/** Rows as a viewer of their calendar sees them. */
export async function seenRows(
  reads: PersonalReads,
  { personal }: Viewed,
  rows: readonly CalendarObjectRow[],
): Promise<CalendarObjectRow[]> {
  if (personal === undefined || rows.length === 0) return [...rows];
  const own = await ownOf(reads, personal, rows);
  return rows.map((row) => seenRow(row, own.get(row.id)));
}

/** One row, or none, as a viewer sees it. */
export async function seenMember(
  reads: PersonalReads,
  { personal }: Viewed,
  row: CalendarObjectRow | undefined,
): Promise<CalendarObjectRow | undefined> {
  if (personal === undefined || row === undefined) return row;
  const [own] = await reads.personalData.of(personal.principalId, [row.id]);
  return seenRow(row, own);
}

/** Objects with as much of their octets as a viewer sees. */
export async function seenObjects(
  reads: PersonalReads,
  collection: Viewed,
  rows: readonly ObjectWithData[],
): Promise<ObjectWithData[]> {
  const { personal } = collection;
  if (personal === undefined) return rows.map((row) => ({ ...row, data: shownOctets(collection, row.data) }));
  const own = await ownOf(reads, personal, rows);
  const seen: ObjectWithData[] = [];
  let slice = performance.now();
  for (const row of rows) {
    const { data, ...rest } = row;
    const kept = own.get(row.id);
    seen.push({ ...seenRow(rest as CalendarObjectRow, kept), data: seenOctets(collection, data, kept) });
    if (performance.now() - slice < SLICE) continue;
    await turn();
    slice = performance.now();
  }
  return seen;
}

/** Stored octets as a viewer sees them. Of what is private to the owner nothing but the times is shown, also not TRANSP of one's own. */
export function seenOctets(collection: Viewed, octets: string, own: Pick<PersonalDataRow, 'data'> | undefined): string {
  const cut = shownOctets(collection, octets);
  if (collection.personal === undefined || cut !== octets) return cut;
  return shownObject(octets, own?.data ?? '', collection.personal.busy);
}

/** What somebody wrote of an object in a calendar of somebody else, ready to be stored. */
export interface Split {
  /** undefined: what all see stays as it is. */
  readonly shared: string | undefined;
  /** What is to be kept; undefined when that stays as it is too. */
  readonly own: string | undefined;
}

/**
 * Takes apart what a viewer wrote.
 * @param stored the object as it is stored
 * @throws DomainError too-large
 */
export async function split(
  reads: PersonalReads,
  personal: PersonalView,
  octets: string,
  sent: CalendarObjectModel,
  stored: { readonly row: CalendarObjectRow; readonly model: CalendarObjectModel } | undefined,
): Promise<Split> {
  const { shared, own } = takeApart(octets, sent, stored?.model, personal.busy);
  const [before] = stored === undefined ? [] : await reads.personalData.of(personal.principalId, [stored.row.id]);
  const kept = personal.busy ? own : withBusyOf(own, readPersonalData(before?.data ?? '', sent.zones));
  const text = printPersonalData(kept, sent.component);
  if (Buffer.byteLength(text) > MAX_PERSONAL_OCTETS) {
    throw new DomainError('too-large', 'The alarms of the object are too large.', { limit: MAX_PERSONAL_OCTETS });
  }
  return { shared, own: text === (before?.data ?? '') ? undefined : text };
}

/** Stores what somebody keeps of an object. */
export async function keepOwn(
  write: Writes,
  { principalId }: PersonalView,
  { id, collectionId }: CalendarObjectRow,
  data: string,
  { modseq, now }: { readonly modseq: number; readonly now: number },
): Promise<void> {
  const etag = data === '' ? '' : etagOf(data);
  await write.personalData.set({ objectId: id, principalId, collectionId, modseq, modifiedAt: now, etag, data });
}

async function ownOf(
  { personalData }: PersonalReads,
  { principalId }: PersonalView,
  rows: readonly CalendarObjectRow[],
): Promise<Map<number, PersonalDataRow>> {
  const ids = rows.map(({ id }) => id);
  return new Map((await personalData.of(principalId, ids)).map((row) => [row.objectId, row]));
}
