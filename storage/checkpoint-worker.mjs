/**
 * The worker that folds the write-ahead log into the database, so that the event loop does not wait for it.
 * It has a connection of its own and never waits for a lock: when a reader is in the way it says so and is asked again later.
 * JavaScript, because a worker thread does not inherit the TypeScript loader of development and tests.
 */
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';

const database = new Database(workerData, { timeout: 0 });
database.pragma('synchronous = FULL');

parentPort?.on('message', (message) => {
  if (message === 'close') {
    database.close();
    parentPort?.close();
    return;
  }
  let busy = true;
  try {
    busy = database.pragma('wal_checkpoint(TRUNCATE)')[0].busy !== 0;
  } catch {
    // SQLITE_BUSY: the next batch asks again.
  }
  parentPort?.postMessage({ busy });
});
