/**
 * Reading a whole store to find out whether it is what it should be. On a connection of its own that only reads, in one
 * transaction: all of it is one state, and a running server goes on.
 * Elsewhere: what each row should be (src/administration/verification.ts).
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openConnection } from './connection.ts';
import { readMigrations } from './migrate.ts';
import type { Sql } from './sql.ts';
import {
  type CalendarObjectRow,
  type CardRow,
  type MessageRow,
  type OccurrenceRow,
  type PersonalDataRow,
  type Reads,
  StoreError,
} from './store.ts';
import { readTables } from './tables.ts';

const OBJECT = `m.id, m.collection_id AS collectionId, m.name, m.ical_uid AS icalUid, m.component, m.etag, m.schedule_tag AS scheduleTag,
  m.size, m.modseq, m.created_at AS createdAt, m.modified_at AS modifiedAt, m.first_start AS firstStart, m.last_end AS lastEnd,
  m.recurring, m.indexed_from AS indexedFrom, m.indexed_until AS indexedUntil`;

/** A message takes its octets once, however many mailboxes it is in; what was removed takes none. */
const USED = `(SELECT COALESCE(SUM(size), 0) FROM messages m WHERE m.account_id = a.id
    AND EXISTS (SELECT 1 FROM placements p JOIN collections c ON c.id = p.collection_id WHERE p.message_id = m.id AND c.removed = 0))
  + (SELECT COALESCE(SUM(size), 0) FROM managed_attachments m WHERE m.account_id = a.id)
  + ${['calendar_objects', 'cards', 'files'].map(usedIn).join(' + ')}`;

function usedIn(table: string): string {
  return `(SELECT COALESCE(SUM(m.size), 0) FROM collections c JOIN ${table} m ON m.collection_id = c.id
    WHERE c.account_id = a.id AND c.removed = 0)`;
}

/** Each finds counters that what they count contradicts: [what, of what]. */
const COUNTERS = [
  `SELECT 'collection c' || c.id || ' is at modseq ' || c.modseq || ', its account at ' || a.modseq AS problem
    FROM collections c JOIN accounts a ON a.id = c.account_id WHERE c.modseq > a.modseq`,
  ...[
    ['calendar_objects', 'object'],
    ['cards', 'card'],
    ['files', 'file'],
    ['placements', 'message'],
    ['tombstones', 'tombstone'],
  ].map(
    ([
      table,
      what,
    ]) => `SELECT 'collection c' || c.id || ' is at modseq ' || c.modseq || ', one ${what} of it at ' || MAX(m.modseq)
      AS problem FROM collections c JOIN ${table} m ON m.collection_id = c.id GROUP BY c.id HAVING MAX(m.modseq) > c.modseq`,
  ),
  `SELECT 'mailbox c' || b.collection_id || ' would give out UID ' || b.uidnext || ' again' AS problem
    FROM mailboxes b JOIN placements p ON p.collection_id = b.collection_id GROUP BY b.collection_id HAVING MAX(p.uid) >= b.uidnext`,
  `SELECT 'account ' || a.id || ' would give out UIDVALIDITY ' || a.next_uidvalidity || ' again' AS problem
    FROM accounts a JOIN mailboxes b ON b.account_id = a.id GROUP BY a.id HAVING MAX(b.uidvalidity) >= a.next_uidvalidity`,
  `SELECT 'account ' || a.id || ' counts ' || a.used_bytes || ' octets and holds ' || (${USED}) AS problem
    FROM accounts a WHERE a.used_bytes <> ${USED} AND EXISTS (SELECT 1 FROM principals p WHERE p.id = a.id)`,
  `SELECT 'principal ' || p.name || ' has no account' AS problem FROM principals p
    WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = p.id)`,
  `SELECT 'occurrences of object ' || o.object_id || ' stand in another collection' AS problem FROM occurrences o
    JOIN calendar_objects m ON m.id = o.object_id WHERE m.collection_id <> o.collection_id GROUP BY o.object_id`,
  `SELECT 'what principal ' || p.principal_id || ' keeps of object ' || p.object_id || ' stands in another collection' AS problem
    FROM personal_data p JOIN calendar_objects m ON m.id = p.object_id WHERE m.collection_id <> p.collection_id`,
  `SELECT 'collection c' || c.id || ' is at modseq ' || c.modseq || ', what somebody keeps of an object of it at ' || MAX(p.modseq)
    AS problem FROM collections c JOIN personal_data p ON p.collection_id = c.id GROUP BY c.id HAVING MAX(p.modseq) > c.modseq`,
  `SELECT 'message ' || m.id || ' has ' || m.size || ' octets, its blob ' || b.size AS problem
    FROM messages m JOIN blobs b ON b.id = m.blob_id WHERE b.size <> m.size OR b.complete = 0`,
  `SELECT 'file ' || m.id || ' has ' || m.size || ' octets, its blob ' || b.size AS problem
    FROM files m JOIN blobs b ON b.id = m.blob_id WHERE b.size <> m.size OR b.complete = 0`,
  `SELECT 'calendar object ' || m.id || ' has lost its text' AS problem FROM calendar_objects m
    WHERE NOT EXISTS (SELECT 1 FROM calendar_object_data d WHERE d.object_id = m.id)`,
  `SELECT 'card ' || m.id || ' has lost its text' AS problem FROM cards m
    WHERE NOT EXISTS (SELECT 1 FROM card_data d WHERE d.card_id = m.id)`,
] as const;

const QUERIES = {
  objects: `SELECT ${OBJECT}, d.data FROM calendar_objects m JOIN calendar_object_data d ON d.object_id = m.id
    WHERE m.id > ? ORDER BY m.id LIMIT ?`,
  occurrences: `SELECT object_id AS objectId, start_at AS startAt, end_at AS endAt, floating, busy, answers FROM occurrences
    WHERE object_id = ? ORDER BY ordinal`,
  personalData: 'SELECT principal_id AS principalId, etag, data FROM personal_data WHERE object_id = ?',
  cards: `SELECT m.id, m.collection_id AS collectionId, m.name, m.card_uid AS cardUid, m.version, m.kind, m.etag, m.size, m.modseq,
    m.created_at AS createdAt, m.modified_at AS modifiedAt, d.data FROM cards m JOIN card_data d ON d.card_id = m.id
    WHERE m.id > ? ORDER BY m.id LIMIT ?`,
  messages: `SELECT id, blob_id AS blobId, size, internal_date AS internalDate, summary, structure FROM messages
    WHERE id > ? ORDER BY id LIMIT ?`,
  chunksOf: 'SELECT chunks FROM blobs WHERE id = ? AND complete = 1',
  blobs: 'SELECT id, hash, size, chunks FROM blobs WHERE complete = 1 AND id > ? ORDER BY id LIMIT ?',
  octets: 'SELECT octets FROM blobs WHERE id = ?',
  chunks: 'SELECT ordinal FROM blob_chunks WHERE blob_id = ? ORDER BY ordinal',
  chunk: 'SELECT octets FROM blob_chunks WHERE blob_id = ? AND ordinal = ?',
} as const;

const PAGE = 100;

export type InspectedObject = CalendarObjectRow & { readonly data: string };
export type InspectedCard = CardRow & { readonly data: string };

export type InspectedMessage = Pick<MessageRow, 'id' | 'blobId' | 'size' | 'internalDate' | 'summary' | 'structure'>;

export interface InspectedBlob {
  readonly id: number;
  /** Whether octets, size and number of chunks are those that were stored. */
  readonly sound: boolean;
}

export class Inspection {
  readonly reads: Reads;
  private readonly connection: ReturnType<typeof openConnection>;
  private readonly sql: Sql;

  /**
   * Opens the database of a folder as it is now.
   * @throws StoreError 'damaged' when there is none, or it is of another version
   */
  constructor(folder: string) {
    const path = join(folder, 'convene.sqlite');
    if (!existsSync(path)) throw new StoreError('damaged', `There is no store in ${folder}.`);
    this.connection = openConnection(path, { readonly: true });
    this.sql = this.connection;
    this.reads = readTables(this.connection);
    this.connection.database.exec('BEGIN');
    const applied = this.connection.database
      .prepare<[], string>('SELECT name FROM migrations ORDER BY name')
      .pluck()
      .all();
    if (
      applied.join() ===
      readMigrations()
        .map(({ name }) => name)
        .join()
    )
      return;
    this.close();
    throw new StoreError('damaged', `The store in ${folder} is of another version; start the server on it once.`);
  }

  /** What SQLite itself finds: pages, indexes, references. */
  structure(): string[] {
    const { database } = this.connection;
    const pages = database.pragma('integrity_check(100)') as { integrity_check: string }[];
    const references = database.pragma('foreign_key_check') as { table: string; rowid: number; parent: string }[];
    return [
      ...pages.map((row) => row.integrity_check).filter((text) => text !== 'ok'),
      ...references
        .slice(0, 100)
        .map(({ table, rowid, parent }) => `${table} ${rowid} refers to a missing row of ${parent}`),
    ];
  }

  /** Counters and quotas that are not what counting again gives. */
  async counters(): Promise<string[]> {
    const problems: string[] = [];
    for (const query of COUNTERS)
      problems.push(...(await this.sql.all<{ problem: string }>(query)).map(({ problem }) => problem));
    return problems;
  }

  async *objects(): AsyncGenerator<InspectedObject> {
    yield* this.walk<InspectedObject>(QUERIES.objects);
  }

  /** What people keep of one object that is not theirs. */
  personalData(objectId: number): Promise<Pick<PersonalDataRow, 'principalId' | 'etag' | 'data'>[]> {
    return this.sql.all<Pick<PersonalDataRow, 'principalId' | 'etag' | 'data'>>(QUERIES.personalData, objectId);
  }

  /** The index of one object, in the order it was written. */
  occurrences(objectId: number): Promise<OccurrenceRow[]> {
    return this.sql.all<OccurrenceRow>(QUERIES.occurrences, objectId);
  }

  async *cards(): AsyncGenerator<InspectedCard> {
    yield* this.walk<InspectedCard>(QUERIES.cards);
  }

  async *messages(): AsyncGenerator<InspectedMessage> {
    yield* this.walk<InspectedMessage>(QUERIES.messages);
  }

  /** All octets of a blob; undefined when it is not there. */
  async octets(blobId: number): Promise<Buffer | undefined> {
    const blob = await this.sql.get<{ chunks: number }>(QUERIES.chunksOf, blobId);
    if (blob === undefined) return undefined;
    const pieces: Buffer[] = [];
    for await (const piece of this.pieces(blobId, blob.chunks)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  async *blobs(): AsyncGenerator<InspectedBlob> {
    for await (const blob of this.walk<{ id: number; hash: Buffer; size: number; chunks: number }>(QUERIES.blobs)) {
      const hash = createHash('sha256');
      let size = 0;
      let chunks = 0;
      for await (const piece of this.pieces(blob.id, blob.chunks)) {
        hash.update(piece);
        size += piece.length;
        chunks += blob.chunks === 0 ? 0 : 1;
      }
      yield { id: blob.id, sound: size === blob.size && chunks === blob.chunks && hash.digest().equals(blob.hash) };
    }
  }

  close(): void {
    this.connection.database.close();
  }

  private async *pieces(id: number, chunks: number): AsyncGenerator<Buffer> {
    if (chunks === 0) {
      const row = await this.sql.get<{ octets: Buffer | null }>(QUERIES.octets, id);
      if (row?.octets != null) yield row.octets;
      return;
    }
    for (const { ordinal } of await this.sql.all<{ ordinal: number }>(QUERIES.chunks, id)) {
      const row = await this.sql.get<{ octets: Buffer }>(QUERIES.chunk, id, ordinal);
      if (row !== undefined) yield row.octets;
    }
  }

  private async *walk<Row extends { readonly id: number }>(query: string): AsyncGenerator<Row> {
    for (let after = 0; ; ) {
      const page = await this.sql.all<Row>(query, after, PAGE);
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.id;
    }
  }
}
