/**
 * One SQLite connection as the `Sql` interface: prepared statements are kept, settings are verified.
 * Statements run synchronously under their promises; what may not block is bounded by its caller.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Sql, Value } from './sql.ts';
import { StoreError } from './store.ts';

/** What every connection must run with; better-sqlite3 is compiled to fall back to synchronous=NORMAL in WAL mode. */
const SETTINGS = {
  journal_mode: 'wal',
  synchronous: 2,
  foreign_keys: 1,
  trusted_schema: 0,
  cell_size_check: 1,
  secure_delete: 1,
  wal_autocheckpoint: 0,
} as const;

export type Connection = Sql & { readonly database: Database.Database };

/** The database of a folder. */
export function storePath(folder: string): string {
  return join(folder, 'convene.sqlite');
}

/** Opens a connection and reads every setting back; StoreError 'damaged' when one did not take. */
export function openConnection(path: string, options: { readonly: boolean }): Connection {
  const database = new Database(path, { timeout: 5_000, readonly: options.readonly });
  for (const [name, value] of Object.entries(SETTINGS)) {
    if (options.readonly && name === 'journal_mode') continue;
    database.pragma(`${name} = ${value}`);
    const actual: unknown = database.pragma(name, { simple: true });
    if (actual !== value)
      throw new StoreError('damaged', `SQLite runs with ${name}=${String(actual)} and Convene needs ${value}.`);
  }
  database.pragma('cache_size = -32768');
  database.pragma('temp_store = MEMORY');
  return { database, ...sqlOf(database) };
}

function sqlOf(database: Database.Database): Sql {
  const objects = new StatementCache(database, false);
  const arrays = new StatementCache(database, true);
  return {
    async get<Row>(statement: string, ...values: Value[]) {
      return attempt(() => objects.find(statement).get(bound(statement, values)) as Row | undefined);
    },
    async all<Row>(statement: string, ...values: Value[]) {
      return attempt(() => objects.find(statement).all(bound(statement, values)) as Row[]);
    },
    async rows<Row extends readonly unknown[]>(statement: string, ...values: Value[]) {
      return attempt(() => arrays.find(statement).all(bound(statement, values)) as unknown as Row[]);
    },
    async run(statement: string, ...values: Value[]) {
      return attempt(() => objects.find(statement).run(bound(statement, values)).changes);
    },
    async runEach(statement: string, lists: readonly (readonly Value[])[]) {
      attempt(() => {
        const one = objects.find(statement);
        for (const values of lists) one.run(bound(statement, values));
      });
    },
  };
}

/** Statements of one connection, prepared at first use. raw() changes a statement for good, so each form has its own. */
class StatementCache {
  readonly #database: Database.Database;
  readonly #raw: boolean;
  readonly #statements = new Map<string, Database.Statement<unknown[], unknown>>();

  constructor(database: Database.Database, raw: boolean) {
    this.#database = database;
    this.#raw = raw;
  }

  find(sql: string): Database.Statement<unknown[], unknown> {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare<unknown[], unknown>(sql);
    if (this.#raw) statement.raw(true);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** Values as the driver takes them: it knows ?1, ?2 as names. `undefined` would be stored as NULL without a word. */
function bound(sql: string, values: readonly Value[]): readonly Value[] | Record<number, Value> {
  if (values.includes(undefined as unknown as Value)) throw new TypeError('a statement was given undefined');
  return sql.includes('?1') ? { ...[null, ...values] } : values;
}

const CODES: readonly [prefix: string, code: StoreError['code']][] = [
  ['SQLITE_CONSTRAINT_UNIQUE', 'unique'],
  ['SQLITE_CONSTRAINT_PRIMARYKEY', 'unique'],
  ['SQLITE_BUSY', 'busy'],
  ['SQLITE_FULL', 'full'],
  ['SQLITE_IOERR', 'damaged'],
  ['SQLITE_CORRUPT', 'damaged'],
  ['SQLITE_NOTADB', 'damaged'],
];

/** Runs a statement; what SQLite says is told apart only as far as the port promises. */
export function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error;
    const code = CODES.find(([prefix]) => error.code.startsWith(prefix))?.[1];
    throw code === undefined ? error : new StoreError(code, error.message, { cause: error });
  }
}
