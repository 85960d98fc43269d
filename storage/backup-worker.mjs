/**
 * The worker that copies the database while it is in use, checks the copy, and flushes it to disk.
 * VACUUM INTO reads one state of the database on a connection of its own: writers go on, the copy is whole.
 * JavaScript, because a worker thread does not inherit the TypeScript loader of development and tests.
 */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, fsyncSync, openSync, statSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';

const { source, target } = workerData;

async function copy() {
  const from = new Database(source, { readonly: true, timeout: 30_000 });
  try {
    from.prepare('VACUUM INTO ?').run(target);
  } finally {
    from.close();
  }
  const made = new Database(target, { readonly: true });
  try {
    const problems = made.pragma('integrity_check(10)').map((row) => row.integrity_check);
    if (problems.join() !== 'ok') throw new Error(`the copy is damaged: ${problems.join('; ')}`);
  } finally {
    made.close();
  }
  const descriptor = openSync(target, 'r+');
  fsyncSync(descriptor);
  closeSync(descriptor);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(target, { highWaterMark: 1_048_576 })) hash.update(chunk);
  return { octets: statSync(target).size, sha256: hash.digest('hex') };
}

copy().then(
  (made) => parentPort?.postMessage(made),
  (error) => parentPort?.postMessage({ error: String(error.message), code: error.code }),
);
