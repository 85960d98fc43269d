/**
 * `convene verify`: everything that can be made again from what was stored is made again and compared. It finds what SQLite
 * cannot know: an octet that changed in a text or a message, a counter or a quota that is wrong, an index that lost a row.
 * Reads only, and beside a running server. Nothing is repaired: a backup holds what was stored (restoring.ts).
 * Elsewhere: reading the store (storage/inspection.ts).
 */
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type InspectedCard,
  type InspectedMessage,
  type InspectedObject,
  Inspection,
} from '../../storage/inspection.ts';
import { openStore } from '../../storage/open.ts';
import { SearchInspection } from '../../storage/search-inspection.ts';
import type { OccurrenceRow } from '../../storage/store.ts';
import { indexCalendarObject } from '../calendar/calendar-index.ts';
import { DAY } from '../calendar/date-time.ts';
import { parseCalendarObject } from '../calendar/icalendar.ts';
import { timeZoneVersion } from '../calendar/time-zones.ts';
import { etagOf } from '../collections/etag.ts';
import { factsOf } from '../contacts/vcard-validation.ts';
import { DomainError } from '../errors.ts';
import { termsOf } from '../mail/indexed-terms.ts';
import { summariseMessage } from '../mail/message-summary.ts';
import { checkFiles, DATABASE_FILE, readManifest } from './backups.ts';

export interface Verification {
  /** How many of each were read. */
  readonly read: Readonly<Record<'calendar objects' | 'cards' | 'messages' | 'blobs', number>>;
  /** A sentence for each thing that is wrong; at most 1,000. */
  readonly problems: readonly string[];
}

const MOST = 1_000;
/** 'calendar-index' of src/calendar/reindexing.ts: which time zone data the index was made with. */
const INDEX_SETTING = 'calendar-index';

/** Verifies the store of a data folder. StoreError 'damaged' when it cannot be read at all. */
export async function verifyStore(folder: string): Promise<Verification> {
  const inspection = new Inspection(folder);
  const search = SearchInspection.open(folder);
  try {
    const problems: string[] = [];
    const read = { 'calendar objects': 0, cards: 0, messages: 0, blobs: 0 };
    const note = (...found: string[]) => void problems.push(...found.slice(0, MOST - problems.length));
    note(...inspection.structure());
    note(...(await inspection.counters()));
    const sameZones = await isIndexedNow(inspection);
    for await (const object of inspection.objects()) {
      read['calendar objects'] += 1;
      note(...problemsOfObject(object, sameZones ? await inspection.occurrences(object.id) : undefined));
      for (const { principalId, etag, data } of await inspection.personalData(object.id))
        if (etag !== (data === '' ? '' : etagOf(data)))
          note(`what principal ${principalId} keeps of calendar object ${object.id} is not what was stored.`);
    }
    for await (const card of inspection.cards()) {
      read.cards += 1;
      note(...problemsOfCard(card));
    }
    const unsound = new Set<number>();
    for await (const { id, sound } of inspection.blobs()) {
      read.blobs += 1;
      if (sound) continue;
      unsound.add(id);
      note(`blob ${id} is not what was stored: its octets do not have its hash.`);
    }
    for await (const message of inspection.messages()) {
      read.messages += 1;
      // Its octets are told already; what was read off them is no other problem.
      if (unsound.has(message.blobId)) continue;
      const octets = await inspection.octets(message.blobId);
      note(...problemsOfMessage(message, octets));
      if (search !== undefined && octets !== undefined && message.id <= search.lastId)
        note(...unfound(search, message.id, octets));
    }
    return { read, problems };
  } finally {
    search?.close();
    inspection.close();
  }
}

/**
 * Verifies a backup: its files, and then its store on a copy that is brought to this version, which rehearses an upgrade too.
 * @param room a folder with room for the copy
 */
export async function verifyBackup(backup: string, room: string): Promise<Verification> {
  const problems = await checkFiles(backup, await readManifest(backup));
  if (problems.length > 0) return { read: { 'calendar objects': 0, cards: 0, messages: 0, blobs: 0 }, problems };
  const copy = await mkdtemp(join(room, 'verify-'));
  try {
    await copyFile(join(backup, DATABASE_FILE), join(copy, DATABASE_FILE));
    await (await openStore(copy, { now: Date.now, version: 'verify' })).close();
    return await verifyStore(copy);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function isIndexedNow({ reads }: Inspection): Promise<boolean> {
  const setting = await reads.settings.get(INDEX_SETTING);
  if (setting === undefined) return true;
  const progress = JSON.parse(setting) as { timeZoneVersion?: string; afterId?: number | null };
  return progress.timeZoneVersion === timeZoneVersion() && progress.afterId === null;
}

function problemsOfObject(object: InspectedObject, stored: readonly OccurrenceRow[] | undefined): string[] {
  const what = `calendar object ${object.id} (c${object.collectionId}/${object.name})`;
  if (object.etag !== etagOf(object.data)) return [`${what} is not what was stored: its text does not have its ETag.`];
  if (object.size !== Buffer.byteLength(object.data)) return [`${what} has a wrong size.`];
  if (stored === undefined) return [];
  try {
    const margin = object.recurring === 1 && stored.some(({ floating }) => floating === 1) ? DAY : 0;
    const window = { from: object.indexedFrom - margin, until: object.indexedUntil + margin };
    const index = indexCalendarObject(parseCalendarObject(object.data), window);
    const bounds = ['icalUid', 'component', 'recurring', 'firstStart', 'lastEnd'] as const;
    const wrong = bounds.filter((name) => index[name] !== object[name]).map((name) => `${what} has a wrong ${name}.`);
    const same = listed(index.occurrences) === listed(stored);
    return same ? wrong : [...wrong, `${what} has occurrences in the index that are not those of its text.`];
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    // Accepted by an older version: it is what was stored, and keeps the index it has.
    return [];
  }
}

/** Terms of a message that the search index does not find it by. */
function unfound(search: SearchInspection, id: number, octets: Buffer): string[] {
  for (const term of termsOf(id, octets).terms)
    if (!search.finds(id, term))
      return [`message ${id} is not found by its words: stop the server, delete search.sqlite, and it is made again.`];
  return [];
}

/** What was read off a message when it came, read off once more; octets that changed are told with their blob. */
function problemsOfMessage(stored: InspectedMessage, octets: Buffer | undefined): string[] {
  const what = `message ${stored.id}`;
  if (octets === undefined) return [`${what} has lost its octets.`];
  const { size, summary, structure } = summariseMessage(octets, stored.internalDate);
  const wrong: string[] = [];
  if (size !== stored.size) wrong.push(`${what} has a wrong size.`);
  if (summary !== stored.summary) wrong.push(`${what} has a summary that is not that of its octets.`);
  if (structure !== stored.structure) wrong.push(`${what} has a structure that is not that of its octets.`);
  return wrong;
}

function listed(rows: readonly Omit<OccurrenceRow, 'objectId'>[]): string {
  return rows
    .map(({ startAt, endAt, floating, busy, answers }) => [startAt, endAt, floating, busy, answers ?? ''].join('-'))
    .join();
}

function problemsOfCard(card: InspectedCard): string[] {
  const what = `card ${card.id} (c${card.collectionId}/${card.name})`;
  if (card.etag !== etagOf(card.data)) return [`${what} is not what was stored: its text does not have its ETag.`];
  if (card.size !== Buffer.byteLength(card.data)) return [`${what} has a wrong size.`];
  try {
    const { cardUid, version, kind } = factsOf(card.data);
    const same = cardUid === card.cardUid && version === card.version && kind === card.kind;
    return same ? [] : [`${what} has a UID, version or kind that its text does not have.`];
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return [];
  }
}
