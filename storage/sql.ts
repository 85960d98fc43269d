/**
 * The small interface a database driver offers to the files of this folder: one per table, hand-written statements.
 * Elsewhere: the SQLite driver (sqlite.ts).
 */

/** What may be bound to a statement. `undefined` is refused: drivers would silently store NULL. */
export type Value = string | number | null | Buffer;

/** Runs statements on one connection. A statement is prepared at first use and kept, so pass constant strings. */
export interface Sql {
  get<Row>(statement: string, ...values: Value[]): Promise<Row | undefined>;
  all<Row>(statement: string, ...values: Value[]): Promise<Row[]>;
  /** As `all`, but each row is an array in the order of the columns. */
  rows<Row extends readonly unknown[]>(statement: string, ...values: Value[]): Promise<Row[]>;
  /** The number of rows changed. */
  run(statement: string, ...values: Value[]): Promise<number>;
  /** Runs one statement for each list of values. */
  runEach(statement: string, lists: readonly (readonly Value[])[]): Promise<void>;
}

/** Runs an INSERT … RETURNING id. */
export async function insertedId(sql: Sql, statement: string, ...values: Value[]): Promise<number> {
  const row = await sql.get<{ id: number }>(statement, ...values);
  if (row === undefined) throw new Error('an INSERT returned no id');
  return row.id;
}

/** A list for `IN (SELECT value FROM json_each(?))`. */
export function list(values: readonly (string | number)[]): string {
  return JSON.stringify(values);
}
