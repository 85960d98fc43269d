/**
 * Migrations: plain SQL files applied in order of name, forward only, each in one transaction.
 * The table `migrations` keeps the hash of each; a store made by a newer version, or with a file edited since, is refused.
 */
import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type Database from 'better-sqlite3';
import { StoreError } from './store.ts';

export interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly hash: string;
}

/** The folder of migrations in the package: this file may run from the source or from dist/. */
function migrationsFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return join(here.replace(/[/\\]dist[/\\]storage$/, '/storage'), 'migrations');
}

/** Reads the migrations of the package, oldest first. */
export function readMigrations(folder = migrationsFolder()): Migration[] {
  return readdirSync(folder)
    .filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name))
    .sort()
    .map((name) => {
      const sql = readFileSync(join(folder, name), 'utf8');
      return { name, sql, hash: hash('sha256', sql) };
    });
}

/** Brings a database up to date. Throws StoreError 'damaged' when its history is not that of this version. */
export function migrate(database: Database.Database, migrations: Migration[], now: number): void {
  database.exec(
    'CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, hash TEXT NOT NULL, applied_at INTEGER NOT NULL) WITHOUT ROWID',
  );
  const applied = new Map(
    database
      .prepare<[], { name: string; hash: string }>('SELECT name, hash FROM migrations')
      .all()
      .map((row) => [row.name, row.hash]),
  );
  for (const name of applied.keys()) {
    if (!migrations.some((migration) => migration.name === name))
      throw new StoreError(
        'damaged',
        `The store was written by a newer version of Convene (it has ${name}); run that version.`,
      );
  }
  for (const migration of migrations) {
    const before = applied.get(migration.name);
    if (before === migration.hash) continue;
    if (before !== undefined)
      throw new StoreError('damaged', `The migration ${migration.name} was changed after this store was made with it.`);
    database.transaction(() => {
      database.exec(migration.sql);
      database
        .prepare('INSERT INTO migrations (name, hash, applied_at) VALUES (?, ?, ?)')
        .run(migration.name, migration.hash, now);
    })();
  }
}
