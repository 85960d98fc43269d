/**
 * The search index: words of messages in a database of their own, which can be made again from the messages at any time.
 * The only place with database-specific SQL. It belongs to the search worker and is used there alone, synchronously.
 * FTS5 keeps for each term the messages that have it, and nothing else (detail=none); a text inside a word is found by looking
 * through all terms, which are held in memory as one text for each field.
 * Elsewhere: which terms a message has (src/mail/search-words.ts), who calls it (src/mail/search-worker.ts).
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { openConnection } from './connection.ts';

const SCHEMA = `
  CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (terms, content='', contentless_delete=1, detail=none,
    tokenize="ascii");
  CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab (words, row);
  CREATE TABLE IF NOT EXISTS progress (id INTEGER PRIMARY KEY CHECK (id = 1), last_id INTEGER NOT NULL, boot INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS partial (message_id INTEGER PRIMARY KEY);
  INSERT INTO progress VALUES (1, 0, 0) ON CONFLICT DO NOTHING;`;

/** Terms of one OR; SQLite bounds the depth of expressions. */
const TERMS_AT_ONCE = 400;
/** New terms in memory before the text of all terms is made again. */
const RECENT_TERMS = 100_000;

/** The terms of one message. */
export interface IndexedMessage {
  readonly id: number;
  readonly terms: Iterable<string>;
  /** Its text was too long to be indexed in full: it must be read when it matters. */
  readonly partial: boolean;
}

export class SearchIndex {
  private readonly database: Database.Database;
  private readonly boot: number;
  private readonly insert;
  private readonly note;
  private readonly advance;
  private readonly find;
  /** All terms of a field, each with a line end before and after; loaded when first asked for. */
  private vocabulary: Map<string, string> | undefined;
  /** Terms written since, of all fields. */
  private recent = new Set<string>();
  private last: number;

  /**
   * @param boot of the store, noted with what is written
   * @param newest what the store knows that the index may have seen: one that was written in a later boot, or knows a higher
   *   message id, comes from another history (the store was restored), and begins again
   */
  constructor(folder: string, boot: number, newest: { readonly boot: number; readonly messageId: number }) {
    this.database = openIndex(join(folder, 'search.sqlite'), newest);
    this.boot = boot;
    this.insert = this.database.prepare<[number, string]>('INSERT INTO words (rowid, terms) VALUES (?, ?)');
    this.note = this.database.prepare<[number]>('INSERT INTO partial (message_id) VALUES (?) ON CONFLICT DO NOTHING');
    this.advance = this.database.prepare<[number, number]>('UPDATE progress SET last_id = ?, boot = ?');
    this.find = this.database
      .prepare<[string, number, number], number>(
        'SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ?',
      )
      .pluck();
    this.last = progressOf(this.database).lastId;
  }

  /** Messages up to this id are in the index, but for those that are gone. */
  get lastId(): number {
    return this.last;
  }

  /** Adds messages in ascending order of id, all or none. */
  add(messages: readonly IndexedMessage[], lastId: number): void {
    this.database.transaction(() => {
      for (const { id, terms, partial } of messages) {
        this.insert.run(id, [...terms].join(' '));
        if (partial) this.note.run(id);
      }
      this.advance.run(lastId, this.boot);
    })();
    this.last = lastId;
    if (this.vocabulary === undefined) return;
    for (const { terms } of messages) for (const term of terms) this.recent.add(term);
    if (this.recent.size > RECENT_TERMS) {
      this.vocabulary = undefined;
      this.recent.clear();
    }
  }

  /** Ids of the messages whose text was too long, of those up to `lastId`. */
  partial(): Set<number> {
    return new Set(this.database.prepare<[], number>('SELECT message_id FROM partial').pluck().all());
  }

  /** The terms of a field that contain a text; undefined when they are more than `limit`. */
  termsWith(letter: string, run: string, limit: number): string[] | undefined {
    const found = new Set<string>();
    const text = this.terms().get(letter) ?? '';
    for (let at = text.indexOf(run); at >= 0; ) {
      const start = text.lastIndexOf('\n', at) + 1;
      const end = text.indexOf('\n', at);
      found.add(text.slice(start, end));
      if (found.size > limit) return undefined;
      at = text.indexOf(run, end);
    }
    for (const term of this.recent) if (term.startsWith(letter) && term.includes(run, 1)) found.add(term.slice(1));
    return found.size > limit ? undefined : [...found].map((word) => letter + word);
  }

  /** Ids in [first, last] of the messages that have any of these terms. */
  withAny(terms: readonly string[], first: number, last: number): Set<number> {
    const ids = new Set<number>();
    for (let from = 0; from < terms.length; from += TERMS_AT_ONCE) {
      const some = terms.slice(from, from + TERMS_AT_ONCE).map((term) => `"${term}"`);
      for (const id of this.find.all(some.join(' OR '), first, last)) ids.add(id);
    }
    return ids;
  }

  close(): void {
    this.database.close();
  }

  private terms(): Map<string, string> {
    if (this.vocabulary !== undefined) return this.vocabulary;
    const lists = new Map<string, string[]>();
    for (const term of this.database.prepare<[], string>('SELECT term FROM vocabulary').pluck().iterate()) {
      const letter = term.slice(0, 1);
      const list = lists.get(letter);
      if (list === undefined) lists.set(letter, [term.slice(1)]);
      else list.push(term.slice(1));
    }
    this.recent.clear();
    this.vocabulary = new Map([...lists].map(([letter, list]) => [letter, `\n${list.join('\n')}\n`]));
    return this.vocabulary;
  }
}

/** Opens the index, or begins a new one where it cannot be that of this store. */
function openIndex(path: string, newest: { boot: number; messageId: number }): Database.Database {
  try {
    const database = prepared(path);
    const progress = progressOf(database);
    if (progress.boot <= newest.boot && progress.lastId <= newest.messageId) return database;
    database.close();
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error;
  }
  for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
  return prepared(path);
}

function prepared(path: string): Database.Database {
  const { database } = openConnection(path, { readonly: false });
  // It can be made again: a power cut may cost the last words, which are then indexed once more.
  database.pragma('synchronous = NORMAL');
  database.pragma('wal_autocheckpoint = 1000');
  try {
    database.exec(SCHEMA);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

function progressOf(database: Database.Database): { lastId: number; boot: number } {
  const row = database
    .prepare<[], { lastId: number; boot: number }>('SELECT last_id AS lastId, boot FROM progress')
    .get();
  return row ?? { lastId: 0, boot: 0 };
}
