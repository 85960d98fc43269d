/** Names and contents that are on the disk when the call returns. */
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Waits until the disk has a file, or the names in a folder. */
export function flushToDisk(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes a folder for this user alone, with those above it. A new one is on the disk: SQLite flushes what lies in it, not its own name. */
export function makeDurableFolder(path: string): void {
  const folder = resolve(path);
  const first = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = folder; ; made = dirname(made)) {
    flushToDisk(dirname(made));
    if (made === first) return;
  }
}
