/**
 * Octets of messages on a connection of their own, read synchronously: for threads beside the event loop.
 * Elsewhere: reading for everybody else (messages.ts, blobs.ts).
 */
import type Database from 'better-sqlite3';
import { openConnection, storePath } from './connection.ts';

export const statements = {
  place: 'SELECT blob_id AS blobId FROM messages WHERE id = ?',
  octets: 'SELECT SUBSTR(octets, 1, ?) AS octets FROM blobs WHERE id = ?',
  chunks: 'SELECT octets FROM blob_chunks WHERE blob_id = ? ORDER BY ordinal',
  idsAfter: 'SELECT id FROM messages WHERE id > ? ORDER BY id LIMIT ?',
} as const;

/** More octets than any message has. */
const ALL = 2 ** 31 - 1;

export class MessageReader {
  private readonly database: Database.Database;
  private readonly place;
  private readonly start;
  private readonly chunks;
  private readonly after;

  constructor(folder: string) {
    this.database = openConnection(storePath(folder), { readonly: true }).database;
    this.place = this.database.prepare<[number], number>(statements.place).pluck();
    this.start = this.database.prepare<[number, number], Buffer | null>(statements.octets).pluck();
    this.chunks = this.database.prepare<[number], Buffer>(statements.chunks).pluck();
    this.after = this.database.prepare<[number, number], number>(statements.idsAfter).pluck();
  }

  /** A message, or its first octets: at least `limit` of them if it has so many. Undefined when it is gone. */
  octets(messageId: number, limit: number = ALL): Buffer | undefined {
    const blobId = this.place.get(messageId);
    if (blobId === undefined) return undefined;
    const whole = this.start.get(limit, blobId);
    if (whole !== null && whole !== undefined) return whole;
    const chunks: Buffer[] = [];
    let length = 0;
    for (const chunk of this.chunks.iterate(blobId)) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= limit) break;
    }
    return Buffer.concat(chunks);
  }

  /** Ids of messages after an id, in order. */
  idsAfter(id: number, limit: number): number[] {
    return this.after.all(id, limit);
  }

  close(): void {
    this.database.close();
  }
}
