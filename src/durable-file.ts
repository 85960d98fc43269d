/** Small files of the data folder: after a power cut one is there as it was written, or not at all. */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { flushToDisk } from '../storage/flush.ts';

/** Writes a file for this user alone, in place of one that may be there; it is on the disk when this returns. */
export function writeDurably(path: string, text: string): void {
  const fresh = `${path}.new`;
  const descriptor = openSync(fresh, 'w', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(fresh, path);
  flushToDisk(dirname(path));
}
