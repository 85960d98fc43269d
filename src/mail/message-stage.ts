/**
 * The octets of one message on their way in, from any protocol.
 * Pieces in, a staged message out that append and delivery place without reading it again. Up to 256 kB stay in memory; more
 * goes to the store in chunks as it comes, each durable before the next is taken: that is the back-pressure.
 * Elsewhere: what is read off the octets (message-summary.ts), placing (messages.ts, delivery.ts).
 */
import { createHash, type Hash } from 'node:crypto';
import type { Store } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import { packAncestry } from './ancestry.ts';
import { packLayout } from './message-sections.ts';
import { printInternalDate, summariseMessage } from './message-summary.ts';

/** Octets that stay in memory, and of one chunk. */
export const CHUNK_OCTETS = 256 * 1024;
/** The largest message that is taken: APPENDLIMIT, SIZE. */
export const MAX_MESSAGE_OCTETS = 64 * 1024 * 1024;

/** A message that is complete and not yet placed anywhere. */
export interface StagedMessage {
  readonly accountId: number;
  readonly size: number;
  readonly hash: Buffer;
  /** The whole message, when it is small; otherwise it is in the staged blob. */
  readonly octets: Buffer | undefined;
  /** 0 when it is in memory. */
  readonly blobId: number;
  readonly chunks: number;
  /** The finished ENVELOPE and BODYSTRUCTURE. */
  readonly envelope: string;
  readonly structure: string;
  /** Where the parts of a large message lie; '' for a small one, which is scanned again when asked. */
  readonly layout: string;
  /** Whom it answers (ancestry.ts). */
  readonly ancestry: Buffer;
}

const EMPTY = Buffer.alloc(0);

export class MessageStage {
  /** Octets so far. */
  size = 0;
  private readonly store: Store;
  private readonly accountId: number;
  private readonly now: () => number;
  private readonly limit: number;
  private readonly hash: Hash = createHash('sha256');
  private pieces: Buffer[] = [];
  private held = 0;
  private blobId = 0;
  private chunks = 0;
  /** The first chunk is kept for what `finish` is given. */
  private topComesLast = false;

  constructor(store: Store, accountId: number, now: () => number, limit: number = MAX_MESSAGE_OCTETS) {
    this.store = store;
    this.accountId = accountId;
    this.now = now;
    this.limit = limit;
  }

  /** Before the first octets: what stands above them is known only at the end, and given to `finish`. */
  expectTop(): void {
    this.topComesLast = true;
    this.chunks = 1;
  }

  /**
   * Takes the next octets, which the caller may not change afterwards. Wait for it before giving more.
   * @throws DomainError too-large
   */
  async write(octets: Buffer): Promise<void> {
    this.size += octets.length;
    if (this.size > this.limit)
      throw new DomainError('too-large', `A message has at most ${this.limit} octets.`, { limit: this.limit });
    if (!this.topComesLast) this.hash.update(octets);
    this.pieces.push(octets);
    this.held += octets.length;
    while (this.held > CHUNK_OCTETS) await this.flush(CHUNK_OCTETS);
  }

  /** What was written, without what will stand above it; a chunk in memory at a time. Not for while octets come, nor after the end. */
  async *written(): AsyncGenerator<Buffer> {
    for (let at = 0; at < this.size - this.held; ) {
      const octets = await this.store.blobs.read(this.blobId, at, CHUNK_OCTETS);
      if (octets.length === 0) throw new Error('A staged message is shorter than what was written.');
      yield octets;
      at += octets.length;
    }
    yield* this.pieces;
  }

  /**
   * Ends the message and reads off it what is stored beside it.
   * @param top what stands above all else, after `expectTop`
   */
  async finish(top: Buffer = EMPTY): Promise<StagedMessage> {
    if (this.blobId !== 0 && this.held > 0) await this.flush(this.held);
    this.size += top.length;
    if (this.blobId !== 0 && this.topComesLast)
      await this.store.transaction((write) => write.blobs.append(this.blobId, 0, top));
    const octets = this.blobId === 0 ? concat([top, ...this.pieces]) : await this.readBack();
    if (this.blobId === 0 && this.topComesLast) this.hash.update(octets);
    // The date is known when the message is placed.
    const { summary, structure, message } = summariseMessage(octets, 0);
    return {
      accountId: this.accountId,
      size: this.size,
      hash: this.hash.digest(),
      octets: this.blobId === 0 ? octets : undefined,
      blobId: this.blobId,
      chunks: this.chunks,
      envelope: envelopeOf(summary),
      structure,
      layout: this.blobId === 0 ? '' : packLayout(message),
      ancestry: packAncestry(message.header),
    };
  }

  /** Gives up a message that will not be placed: what the store has of it goes at once. */
  async discard(): Promise<void> {
    this.pieces = [];
    this.held = 0;
    await discardBlob(this.store, this.blobId);
  }

  private async flush(count: number): Promise<void> {
    const all = concat(this.pieces);
    const chunk = all.subarray(0, count);
    const rest = all.subarray(count);
    this.pieces = rest.length > 0 ? [rest] : [];
    this.held = rest.length;
    const { blobId, chunks } = this;
    this.blobId = await this.store.transaction(async (write) => {
      const id = blobId === 0 ? await write.blobs.open(this.accountId, this.now()) : blobId;
      await write.blobs.append(id, chunks, chunk);
      return id;
    });
    this.chunks++;
  }

  private async readBack(): Promise<Buffer> {
    const whole = Buffer.allocUnsafe(this.size);
    for (let at = 0; at < this.size; ) {
      const octets = await this.store.blobs.read(this.blobId, at, CHUNK_OCTETS);
      if (this.topComesLast) this.hash.update(octets);
      octets.copy(whole, at);
      at += octets.length;
    }
    return whole;
  }
}

/** The stored column `summary` of a message placed with this date. */
export function summaryOf(staged: StagedMessage, internalDate: number): string {
  return `INTERNALDATE ${printInternalDate(internalDate)} RFC822.SIZE ${staged.size} ${staged.envelope}`;
}

/** Of the column `summary`, what does not depend on the date. */
export function envelopeOf(summary: string): string {
  return summary.slice(summary.indexOf('ENVELOPE '));
}

/** Gives an account a staged blob with the octets of another one, a chunk at a time. Returns its id. */
export async function copyChunks(
  store: Store,
  { blobId, chunks }: Pick<StagedMessage, 'blobId' | 'chunks'>,
  accountId: number,
  now: number,
): Promise<number> {
  const copy = await store.transaction((write) => write.blobs.open(accountId, now));
  for (let ordinal = 0; ordinal < chunks; ordinal++)
    await store.transaction((write) => write.blobs.copyChunk(blobId, copy, ordinal));
  return copy;
}

/** Takes away a staged blob that will not be completed, a chunk at a time. */
export async function discardBlob(store: Store, blobId: number): Promise<void> {
  if (blobId === 0) return;
  while (await store.transaction((write) => write.blobs.discardChunk(blobId)));
}

function concat(pieces: readonly Buffer[]): Buffer {
  const filled = pieces.filter(({ length }) => length > 0);
  return filled.length === 1 ? (filled[0] as Buffer) : Buffer.concat(filled);
}
