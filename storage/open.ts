/**
 * From a folder to a Store: take the lock, migrate, verify settings, note the boot.
 * One process holds the folder for life: an exclusive transaction on lock.sqlite, which the system ends with the process.
 */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { statements as accountStatements } from './accounts.ts';
import { copyDatabase } from './backup-copy.ts';
import { Checkpointer } from './checkpointer.ts';
import { type Connection, openConnection, storePath } from './connection.ts';
import { makeDurableFolder } from './flush.ts';
import { migrate, readMigrations } from './migrate.ts';
import { type ChangeHint, type Store, StoreError } from './store.ts';
import { readTables } from './tables.ts';
import { Writer } from './writer.ts';

export interface OpenOptions {
  readonly now: () => number;
  /** Version of the server, kept with the boot. */
  readonly version: string;
  /** Called after each commit for every collection it changed. */
  readonly onChange?: (hint: ChangeHint) => void;
  /** A flush failed: nothing after it is certain, the process must end. By default it is thrown where nobody catches it. */
  readonly onFatal?: (error: Error) => void;
}

/** Opens or makes the store in a folder. StoreError 'locked' when another process has it, 'damaged' when it may not be used. */
export async function openStore(folder: string, options: OpenOptions): Promise<Store> {
  makeDurableFolder(folder);
  const lock = takeLock(folder);
  const path = storePath(folder);
  const open: Connection[] = [];
  try {
    const writer = openConnection(path, { readonly: false });
    open.push(writer);
    chmodSync(path, 0o600);
    migrate(writer.database, readMigrations(), options.now());
    const boot = writer.database
      .prepare<[number, string], { id: number }>(accountStatements.addBoot)
      .get(options.now(), options.version)?.id;
    if (boot === undefined) throw new StoreError('damaged', 'The start of the server could not be noted.');
    const reader = openConnection(path, { readonly: true });
    open.push(reader);
    const snapshots = openConnection(path, { readonly: true });
    open.push(snapshots);
    return assemble([writer, reader, snapshots], lock, folder, boot, options);
  } catch (error) {
    for (const connection of open) connection.database.close();
    lock.close();
    throw error;
  }
}

/** Takes the lock of a folder; StoreError 'locked' when another process has it. Closing it gives it back. */
export function takeLock(folder: string): Database.Database {
  const lock = new Database(join(folder, 'lock.sqlite'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    throw new StoreError('locked', `Another process uses the data in ${folder}; stop it first.`, { cause: error });
  }
}

function assemble(
  [writing, reading, agreeing]: readonly [Connection, Connection, Connection],
  lock: Database.Database,
  folder: string,
  boot: number,
  options: OpenOptions,
): Store {
  const path = storePath(folder);
  const checkpointer = new Checkpointer(path, writing.database);
  const writer = new Writer(writing, checkpointer, {
    boot,
    now: options.now,
    onChange: options.onChange ?? (() => {}),
    onFatal: options.onFatal ?? endProcess,
  });
  const snapshotReads = readTables(agreeing);
  let lastSnapshot: Promise<unknown> = Promise.resolve();

  return {
    ...readTables(reading),
    boot,
    folder,
    transaction: (run, committed) => writer.transaction(run, committed),
    // Snapshots follow one another on their connection: each awaits only reads, so none is waited for long.
    snapshot(run) {
      const result = lastSnapshot.then(async () => {
        agreeing.database.exec('BEGIN');
        try {
          return await run(snapshotReads);
        } finally {
          agreeing.database.exec('COMMIT');
        }
      });
      lastSnapshot = result.catch(() => {});
      return result;
    },
    async writable() {
      try {
        await writer.transaction((write) => write.settings.set('last-probe', String(options.now())));
        return true;
      } catch {
        return false;
      }
    },
    copyTo: (file) => copyDatabase(path, file),
    async close() {
      await writer.idle();
      await lastSnapshot;
      await checkpointer.close();
      // The last connection to close folds the log, which readers cannot.
      for (const { database } of [agreeing, reading, writing]) database.close();
      lock.close();
    },
  };
}

function endProcess(error: Error): void {
  setImmediate(() => {
    throw error;
  });
}
