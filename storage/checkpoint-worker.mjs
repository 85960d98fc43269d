/**
 * The worker that folds the write-ahead log into the database, so that the event loop does not wait for it.
 * It has a connection of its own and waits for nobody: what a reader still needs stays in the log until it is asked again.
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
  let done = true;
  try {
    database.pragma('wal_checkpoint(PASSIVE)');
  } catch (error) {
    // Uncaught, it ends the process: what a failed flush lost is not brought back by another that succeeds.
    if (error.code === 'SQLITE_IOERR_FSYNC') throw error;
    // A full disk or a busy log: the writer asks again.
    done = false;
  }
  parentPort?.postMessage(done);
});
