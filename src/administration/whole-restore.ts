/**
 * Puts a whole backup in the place of a data folder. No server may run on it: the lock of the folder is held meanwhile.
 * Everything is made ready beside what is there; the change itself is a few renames, and what was there is kept.
 * Elsewhere: what makes a restored store safe for clients (storage/new-life.ts), parts of a backup (restoring.ts).
 */
import { access, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { flushToDisk, makeDurableFolder } from '../../storage/flush.ts';
import { beginNewLife } from '../../storage/new-life.ts';
import { takeLock } from '../../storage/open.ts';
import { DomainError } from '../errors.ts';
import { checkFiles, DATABASE_FILE, type Manifest, readManifest } from './backups.ts';

/** The log of the database goes with it; the search index is made again. */
const REPLACED = [
  `${DATABASE_FILE}-wal`,
  `${DATABASE_FILE}-shm`,
  'search.sqlite',
  'search.sqlite-wal',
  'search.sqlite-shm',
];

export interface WholeRestore {
  readonly manifest: Manifest;
  /** Where the store lies that was there before; undefined when there was none. */
  readonly before: string | undefined;
}

/**
 * Restores a backup into a data folder.
 * @throws DomainError not-found, invalid-data when it is no whole backup; already-exists when there is a store and `replace`
 *   is not set; StoreError 'locked' while a server runs
 */
export async function restoreWhole(
  backup: string,
  data: string,
  replace: boolean,
  now: () => number,
): Promise<WholeRestore> {
  const manifest = await readManifest(backup);
  const problems = await checkFiles(backup, manifest);
  if (problems.length > 0)
    throw new DomainError('invalid-data', `The backup is damaged and was not restored: ${problems.join(' ')}`);
  makeDurableFolder(data);
  const lock = takeLock(data);
  try {
    const occupied = await exists(join(data, DATABASE_FILE));
    if (occupied && !replace)
      throw new DomainError(
        'already-exists',
        `${data} holds a store already; say --replace to put the backup in its place.`,
      );
    const ready = join(data, 'restore.partial');
    await rm(ready, { recursive: true, force: true });
    await mkdir(ready, { mode: 0o700 });
    const names = manifest.files.map(({ name }) => basename(name));
    for (const name of names) await copyFile(join(backup, name), join(ready, name));
    beginNewLife(ready, now());
    for (const name of names) flushToDisk(join(ready, name));
    const before = join(data, `before-restore-${new Date(now()).toISOString().replace(/[-:]|\.\d+/g, '')}`);
    if (occupied) await mkdir(before, { mode: 0o700 });
    for (const name of [...names, ...REPLACED])
      if (occupied && (await exists(join(data, name)))) await rename(join(data, name), join(before, name));
      else await rm(join(data, name), { force: true });
    for (const name of names) await rename(join(ready, name), join(data, name));
    await rm(ready, { recursive: true, force: true });
    for (const folder of occupied ? [before, data] : [data]) flushToDisk(folder);
    return { manifest, before: occupied ? before : undefined };
  } finally {
    lock.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
