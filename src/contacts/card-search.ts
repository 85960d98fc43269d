/**
 * Finding cards by what is in them, in memory.
 * RFC 6352 §8.6 is one user of it. The first search in an address book reads all of it; the search texts are then kept and
 * brought up to date from the change log before each search, so an answer is never older than the question.
 * Memory is bounded over all address books; what does not fit is read from the store again for each search.
 * Elsewhere: what matches (card-filter.ts).
 */
import type { CardRow, LogPosition, Store } from '../../storage/store.ts';
import { LOG_START } from '../collections/changes.ts';
import type { Collection } from '../collections/members.ts';
import { turn } from '../slices.ts';
import { type CardFilter, compileFilter, fullTextOf, NOT_KEPT, type SearchText, searchTextOf } from './card-filter.ts';
import { parseVCard } from './vcard.ts';

const PAGE = 500;
/** Octets of cards read at once. */
const BATCH_SIZE = 2 * 1024 * 1024;
/** Cards tried before other requests get their turn. */
const SLICE = 1000;
/** Characters of search texts in memory. */
const MAX_KEPT = 64 * 1024 * 1024;

/** Characters that a row is counted as. */
const ROW_SIZE = 300;

interface KnownCard extends SearchText {
  readonly row: CardRow;
}

interface KnownBook {
  /** Members up to here are in it. */
  members: LogPosition;
  /** Departures up to here are out of it. */
  departures: LogPosition;
  /** By name. */
  readonly cards: Map<string, KnownCard>;
  kept: number;
  /** Whether `kept` counts: not any more once it was given up. */
  live: boolean;
  /** The refresh under way, if any; the next one waits for it. */
  refresh: Promise<void>;
}

export class CardSearch {
  private readonly store: Store;
  private readonly maxKept: number;
  /** By collection id, the least recently searched first. */
  private readonly books = new Map<number, KnownBook>();
  private kept = 0;

  /** @param maxKept characters of search texts to keep in memory */
  constructor(store: Store, maxKept = MAX_KEPT) {
    this.store = store;
    this.maxKept = maxKept;
  }

  /** The cards of an address book that match, in no promised order. The caller has checked the right to read. */
  async matches(collection: Collection, filter: CardFilter): Promise<CardRow[]> {
    const compiled = compileFilter(filter);
    const book = await this.upToDate(collection);
    const found: CardRow[] = [];
    const unsure: CardRow[] = [];
    let tried = 0;
    // A copy: what changes meanwhile must not be seen twice.
    for (const card of [...book.cards.values()]) {
      if (++tried % SLICE === 0) await turn();
      if (compiled.needsMore(card)) unsure.push(card.row);
      else if (compiled.matches(card)) found.push(card.row);
    }
    for (const batch of batchesOf(unsure)) {
      for (const { data, ...row } of await this.read(collection, batch)) {
        if (compiled.matches(fullTextOf(parseVCard(data)))) found.push(row);
      }
      await turn();
    }
    return found;
  }

  private read(collection: Collection, rows: CardRow[]): Promise<(CardRow & { data: string })[]> {
    return this.store.cards.withData(
      collection.id,
      rows.map(({ name }) => name),
    );
  }

  private async upToDate(collection: Collection): Promise<KnownBook> {
    const book = this.books.get(collection.id) ?? {
      members: LOG_START,
      departures: { modseq: collection.modseq, memberId: Number.MAX_SAFE_INTEGER },
      cards: new Map(),
      kept: 0,
      live: true,
      refresh: Promise.resolve(),
    };
    // Inserted again: now the most recently searched.
    this.books.delete(collection.id);
    this.books.set(collection.id, book);
    const refresh = () => this.refresh(collection, book);
    book.refresh = book.refresh.then(refresh, refresh);
    await book.refresh;
    return book;
  }

  /**
   * Reads what changed in the address book since its positions. Departures come first: a name that is free when they are
   * read and taken when the members are was made again.
   */
  private async refresh(collection: Collection, book: KnownBook): Promise<void> {
    for (let more = true; more; ) {
      const gone = await this.store.tombstones.page(collection.id, book.departures, PAGE);
      for (const { name, modseq, memberId } of gone) {
        this.forget(book, name);
        book.departures = { modseq, memberId };
      }
      more = gone.length === PAGE;
    }
    for (let more = true; more; ) {
      const rows = await this.store.cards.page(collection.id, book.members, PAGE);
      for (const batch of batchesOf(rows)) {
        for (const { data, ...row } of await this.read(collection, batch)) this.learn(collection.id, book, row, data);
        const last = batch[batch.length - 1] as CardRow;
        book.members = { modseq: last.modseq, memberId: last.id };
        await turn();
      }
      more = rows.length === PAGE;
    }
  }

  private learn(collectionId: number, book: KnownBook, row: CardRow, data: string): void {
    this.forget(book, row.name);
    const search = searchTextOf(parseVCard(data));
    const size = 2 * search.text.length + ROW_SIZE;
    this.makeRoom(collectionId, size);
    const fits = book.live && this.kept + size <= this.maxKept;
    if (fits) {
      book.kept += size;
      this.kept += size;
    }
    book.cards.set(row.name, { ...(fits ? search : NOT_KEPT), row });
  }

  private forget(book: KnownBook, name: string): void {
    const known = book.cards.get(name);
    if (known === undefined) return;
    book.cards.delete(name);
    if (known.text === '' || !book.live) return;
    const size = 2 * known.text.length + ROW_SIZE;
    book.kept -= size;
    this.kept -= size;
  }

  /** Gives up address books that were not searched for the longest time. */
  private makeRoom(collectionId: number, size: number): void {
    for (const [id, book] of this.books) {
      if (this.kept + size <= this.maxKept) return;
      if (id === collectionId) continue;
      this.books.delete(id);
      this.kept -= book.kept;
      book.live = false;
    }
  }
}

/** Cuts rows into pieces that are read at once, at least one in each. */
function batchesOf(rows: readonly CardRow[]): CardRow[][] {
  const batches: CardRow[][] = [];
  let batch: CardRow[] = [];
  let size = 0;
  for (const row of rows) {
    if (batch.length > 0 && (batch.length === PAGE || size + row.size > BATCH_SIZE)) {
      batches.push(batch);
      batch = [];
      size = 0;
    }
    batch.push(row);
    size += row.size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
