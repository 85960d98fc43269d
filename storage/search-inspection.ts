/**
 * Reading the search index to find out whether it knows what it should, beside a running server.
 * Elsewhere: the index itself (search.ts), which terms a message has (src/mail/indexed-terms.ts).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';

export class SearchInspection {
  /** Messages up to this id are in the index. */
  readonly lastId: number;
  private readonly database: Database.Database;
  private readonly has;

  private constructor(path: string) {
    this.database = new Database(path, { readonly: true, timeout: 5_000 });
    this.database.exec('BEGIN');
    this.lastId = this.database.prepare<[], number>('SELECT last_id FROM progress').pluck().get() ?? 0;
    this.has = this.database.prepare<[string, number], number>('SELECT 1 FROM words WHERE words MATCH ? AND rowid = ?');
  }

  /** Undefined when there is no index yet, or none that can be read: it is made again by the next start. */
  static open(folder: string): SearchInspection | undefined {
    const path = join(folder, 'search.sqlite');
    try {
      return existsSync(path) ? new SearchInspection(path) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Whether a message is found by a term. */
  finds(messageId: number, term: string): boolean {
    return this.has.get(`"${term}"`, messageId) !== undefined;
  }

  close(): void {
    this.database.close();
  }
}
