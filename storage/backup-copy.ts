/**
 * A copy of the whole database in one new file, made while the store is in use, checked and on disk when it resolves.
 * Elsewhere: which files make a backup, and where they lie (src/administration/backups.ts); the work (backup-worker.mjs).
 */
import { Worker } from 'node:worker_threads';
import { type CopiedFile, StoreError } from './store.ts';

/** Copies the database at `source` to `target`, which must not exist. StoreError 'full', 'damaged'. */
export function copyDatabase(source: string, target: string): Promise<CopiedFile> {
  const worker = new Worker(new URL('./backup-worker.mjs', import.meta.url), { workerData: { source, target } });
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (message: CopiedFile | { error: string; code?: string }) => {
      if (!('error' in message)) return resolve(message);
      const full = message.code === 'SQLITE_FULL' || message.code === 'ENOSPC';
      reject(new StoreError(full ? 'full' : 'damaged', `The database could not be copied: ${message.error}`));
    });
    worker.once('exit', () => reject(new Error('the copying ended without a word')));
  });
}
