/**
 * The port of the store: what the rest of Convene may ask of it, with the types of rows (rows.ts), reads and writes (reads.ts, writes.ts).
 * Three ways in, all asynchronous: one read (`store.cards.get(...)`), several reads that must agree (`store.snapshot`),
 * and `store.transaction`, the only place where write methods exist.
 * Times are epoch milliseconds; flags are 0 and 1; names and addresses arrive folded.
 * Elsewhere: how commits share a flush (writer.ts), the statements (one file for each table).
 */
import type { Reads } from './reads.ts';
import type { Writes } from './writes.ts';

export type * from './reads.ts';
export type * from './rows.ts';
export type * from './writes.ts';

/** Something changed up to this modseq; never what. Lost or merged hints cost latency, not correctness. */
export interface ChangeHint {
  accountId: number;
  collectionId: number;
  modseq: number;
}

export interface CopiedFile {
  readonly octets: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

export interface Store extends Reads {
  /** The id of this start of the server, named in sync tokens. */
  readonly boot: number;
  /** Where it is. */
  readonly folder: string;
  /** Several reads that see one state. `fn` awaits nothing but the reads it is given. */
  snapshot<T>(fn: (read: Reads) => Promise<T>): Promise<T>;
  /**
   * Runs `fn` in a transaction that is durable when the promise resolves. Several share one commit. `fn` awaits nothing
   * but storage calls, may run twice, and undoes only itself when it throws. `committed` is called with its result right
   * after the commit, in the order of commits and before anyone hears of it: for what is kept in memory beside the store.
   */
  transaction<T>(fn: (write: Writes) => Promise<T>, committed?: (value: T) => void): Promise<T>;
  /** Whether a write would succeed now: tries one. */
  writable(): Promise<boolean>;
  /** Copies everything, as it is when called, to a new file; nobody waits for it. */
  copyTo(file: string): Promise<CopiedFile>;
  close(): Promise<void>;
}

/** The only errors that storage tells apart; the service gives them meaning. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: 'unique' | 'busy' | 'full' | 'locked' | 'damaged';

  constructor(code: StoreError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
