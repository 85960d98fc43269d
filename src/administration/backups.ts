/**
 * Backups: the whole store in a folder of its own, made while the server runs, by the operator or by the clock.
 * A backup holds convene.sqlite, the key that opens what is sealed in it, the self-signed certificate if there is one, and
 * manifest.json with the hash of each. It appears under its name only when it is whole and on disk.
 * Elsewhere: the copy of the database (storage/backup-copy.ts), putting backups back (restoring.ts, whole-restore.ts).
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, copyFile, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Store, StoreError } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import type { Job } from '../jobs.ts';
import { KEY_FILE } from '../principals/sealing.ts';

export const DATABASE_FILE = 'convene.sqlite';
const MANIFEST = 'manifest.json';
/** Beside the database in a data folder; those that exist are taken along. */
const COMPANIONS = [KEY_FILE, 'tls-cert.pem', 'tls-key.pem'];
/** Names of backups made by the clock; others in the folder are the operator's and stay. */
const SCHEDULED = /^convene-\d{8}T\d{6}Z$/;
const HOUR = 60 * 60_000;

export interface BackupFile {
  readonly name: string;
  readonly octets: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

export interface Manifest {
  readonly format: 1;
  readonly version: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly files: readonly BackupFile[];
}

export interface BackupRecord {
  readonly folder: string;
  readonly octets: number;
  readonly startedAt: number;
  readonly ms: number;
}

export interface BackupSettings {
  /** The data folder. */
  readonly data: string;
  readonly backupHours: number;
  /** Undefined: `backups` in the data folder. */
  readonly backupFolder: string | undefined;
  readonly backupsKept: number;
}

export class Backups {
  private readonly store: Store;
  private readonly settings: BackupSettings;
  private readonly version: string;
  private readonly now: () => number;
  private last: BackupRecord | undefined;

  constructor(store: Store, settings: BackupSettings, version: string, now: () => number) {
    this.store = store;
    this.settings = settings;
    this.version = version;
    this.now = now;
  }

  /** Where backups go that nobody named a folder for. */
  get folder(): string {
    return this.settings.backupFolder ?? join(this.settings.data, 'backups');
  }

  /** The newest that this process made. */
  get newest(): BackupRecord | undefined {
    return this.last;
  }

  /**
   * Makes a backup in a folder that must not exist yet; by default one named after the time.
   * @throws DomainError already-exists; unavailable when there is no room or the folder cannot be written
   */
  async make(folder = join(this.folder, nameOf(this.now()))): Promise<BackupRecord> {
    const startedAt = this.now();
    const began = performance.now();
    if (await exists(folder)) throw new DomainError('already-exists', `There is something at ${folder} already.`);
    const partial = `${folder}.partial`;
    try {
      await rm(partial, { recursive: true, force: true });
      await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
      await mkdir(partial, { mode: 0o700 });
      const database = await this.store.copyTo(join(partial, DATABASE_FILE));
      const files: BackupFile[] = [{ name: DATABASE_FILE, ...database }];
      for (const name of COMPANIONS) {
        const from = join(this.settings.data, name);
        if (!(await exists(from))) continue;
        await copyFile(from, join(partial, name));
        files.push({ name, ...(await hashed(join(partial, name))) });
      }
      const manifest: Manifest = { format: 1, version: this.version, startedAt, endedAt: this.now(), files };
      await writeFile(join(partial, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600 });
      for (const name of [...files.map((file) => file.name), MANIFEST, '.']) await flush(join(partial, name));
      await rename(partial, folder);
      await flush(dirname(folder));
      const octets = files.reduce((sum, file) => sum + file.octets, 0);
      this.last = { folder, octets, startedAt, ms: Math.round(performance.now() - began) };
      return this.last;
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw explained(error, folder);
    }
  }

  /** Seconds since the newest backup by the clock was begun; NaN when there is none. */
  async age(): Promise<number> {
    const newest = await newestIn(this.folder);
    return newest === 0 ? Number.NaN : Math.max(0, this.now() - newest) / 1000;
  }

  /** Takes the oldest backups made by the clock away, above the number that is kept. Returns their names. */
  async trim(): Promise<string[]> {
    const names = (await readdir(this.folder).catch(() => [])).filter((name) => SCHEDULED.test(name)).sort();
    const superfluous = names.slice(0, Math.max(0, names.length - this.settings.backupsKept));
    for (const name of superfluous) await rm(join(this.folder, name), { recursive: true, force: true });
    return superfluous;
  }

  /** The backups by the clock: looked at every few minutes, so that a restart neither skips nor doubles one. */
  get schedule(): Job {
    return {
      name: 'back-up',
      everyMs: 10 * 60_000,
      run: async () => {
        if (this.settings.backupHours === 0) return;
        const newest = await newestIn(this.folder);
        if (this.now() - newest < this.settings.backupHours * HOUR) return;
        await this.make();
        await this.trim();
      },
    };
  }
}

/** Of a backup's folder. @throws DomainError not-found when it is none, invalid-data when its files are not those it names */
export async function readManifest(folder: string): Promise<Manifest> {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')) as Manifest;
  } catch {
    throw new DomainError('not-found', `${folder} holds no backup of Convene: ${MANIFEST} cannot be read.`);
  }
  if (manifest.format !== 1) throw new DomainError('invalid-data', `${folder} was made by a newer version of Convene.`);
  return manifest;
}

/** Compares the files of a backup with its manifest. Returns a sentence for each that differs. */
export async function checkFiles(folder: string, manifest: Manifest): Promise<string[]> {
  const problems: string[] = [];
  for (const { name, octets, sha256 } of manifest.files) {
    const found = await hashed(join(folder, basename(name))).catch(() => undefined);
    if (found === undefined) problems.push(`${name} is missing.`);
    else if (found.octets !== octets || found.sha256 !== sha256)
      problems.push(`${name} is not the file that was saved.`);
  }
  return problems;
}

/** 'convene-20261126T040000Z' of a time. */
function nameOf(at: number): string {
  return `convene-${new Date(at).toISOString().replace(/[-:]|\.\d+/g, '')}`;
}

/** When the newest backup by the clock was made; 0 when there is none. */
async function newestIn(folder: string): Promise<number> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => SCHEDULED.test(name)).sort();
  const match = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(names.at(-1) ?? '');
  if (match === null) return 0;
  const [, year, month, day, hour, minute, second] = match.map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function hashed(path: string): Promise<{ octets: number; sha256: string }> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 })) hash.update(chunk as Buffer);
  return { octets: (await stat(path)).size, sha256: hash.digest('hex') };
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function explained(error: unknown, folder: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (error instanceof DomainError) return error;
  if (code === 'ENOSPC' || (error instanceof StoreError && error.code === 'full'))
    return new DomainError('unavailable', `There is no room for a backup at ${folder}.`);
  if (['EACCES', 'EROFS', 'ENOTDIR', 'EPERM'].includes(code))
    return new DomainError('unavailable', `The server may not write to ${dirname(folder)}.`);
  if (error instanceof StoreError) return new DomainError('unavailable', error.message);
  return error;
}
