/**
 * The index of occurrences that time-range queries, free/busy and slot search read: table `occurrences`.
 * Rows are clustered by (collection, longer than a day or not, start): a range of short ones begins at most a day before it,
 * long ones are few. Floating rows hold local time, so they are looked for a day wider; the caller decides exactly.
 */

import type { Sql } from './sql.ts';
import type { OccurrenceRow } from './store.ts';

const DAY = 86_400_000;

/** No local time is further than this from its instant. */
export const FLOATING_MARGIN = DAY;

/** [?2, ?3) as RFC 4791 §9.9 overlaps: an occurrence without length counts when it starts inside. */
const OVERLAPS = `start_at < ?3 + floating * ${FLOATING_MARGIN}
  AND (end_at > ?2 - floating * ${FLOATING_MARGIN} OR start_at >= ?2 - floating * ${FLOATING_MARGIN})`;
const SHORT = `FROM occurrences WHERE collection_id = ?1 AND long = 0 AND start_at >= ?2 - ${DAY + FLOATING_MARGIN}
  AND start_at < ?3 + ${FLOATING_MARGIN} AND ${OVERLAPS}`;
const LONG = `FROM occurrences WHERE collection_id = ?1 AND long = 1 AND start_at < ?3 + ${FLOATING_MARGIN} AND ${OVERLAPS}`;
const COLUMNS = 'object_id AS objectId, start_at AS startAt, end_at AS endAt, floating, busy, answers';

/** The ids of objects with an occurrence in [?2, ?3) of collection ?1. */
export const OVERLAPPING_OBJECTS = `SELECT object_id ${SHORT} UNION SELECT object_id ${LONG}`;

export const statements = {
  overlapping: `SELECT ${COLUMNS} ${SHORT} UNION ALL SELECT ${COLUMNS} ${LONG}`,
  busy: `SELECT ${COLUMNS} ${SHORT} AND busy > 0 UNION ALL SELECT ${COLUMNS} ${LONG} AND busy > 0`,
  insert: `INSERT INTO occurrences (collection_id, long, start_at, object_id, end_at, floating, busy, answers, ordinal)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  move: 'UPDATE occurrences SET collection_id = ? WHERE object_id = ?',
  remove: 'DELETE FROM occurrences WHERE object_id = ?',
} as const;

type NewOccurrence = Omit<OccurrenceRow, 'objectId'>;

export async function insert(
  sql: Sql,
  collectionId: number,
  objectId: number,
  rows: readonly NewOccurrence[],
): Promise<void> {
  await sql.runEach(
    statements.insert,
    rows.map(({ startAt, endAt, floating, busy, answers }, ordinal) => [
      collectionId,
      endAt - startAt > DAY ? 1 : 0,
      startAt,
      objectId,
      endAt,
      floating,
      busy,
      answers ?? null,
      ordinal,
    ]),
  );
}

export async function replace(
  sql: Sql,
  collectionId: number,
  objectId: number,
  rows: readonly NewOccurrence[],
): Promise<void> {
  await sql.run(statements.remove, objectId);
  await insert(sql, collectionId, objectId, rows);
}

export async function move(sql: Sql, objectId: number, collectionId: number): Promise<void> {
  await sql.run(statements.move, collectionId, objectId);
}
