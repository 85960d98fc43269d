/**
 * Reading messages: finished FETCH text in pages, octets, and where sections lie.
 * RFC 9051 §6.4.5.
 * Pages are bounded, so that no read holds the event loop; the caller waits for its socket between them.
 * Elsewhere: which octets a section is (message-sections.ts), printing (protocols/imap).
 */
import type { Store } from '../../storage/store.ts';
import { previewOf } from './message-preview.ts';
import { unpackLayout } from './message-sections.ts';
import { type MessagePart, type PartLayout, scanMessage } from './message-structure.ts';

/** Rows of a page of summaries and its like, and of a page of bodies. */
export const PAGE = 500;
const BODY_PAGE = 32;
/** Layouts kept in memory: clients ask for the parts of a message one after the other. */
const LAYOUTS = 256;
const READ = 1024 * 1024;
/** Octets of a large message that its preview is looked for in. */
const PREVIEWED = 256 * 1024;

/** One message of a page of bodies. */
export interface Body {
  readonly uid: number;
  readonly messageId: number;
  readonly size: number;
  /** The whole message, when it is small; a larger one is read in pieces by `octets`. */
  readonly octets: Buffer | undefined;
}

interface Place {
  readonly blobId: number;
  readonly size: number;
  readonly layout: string;
}

export class MessageContents {
  private readonly store: Store;
  /** In order of last use. */
  private readonly layouts = new Map<number, PartLayout>();

  constructor(store: Store) {
    this.store = store;
  }

  /** `INTERNALDATE "…" RFC822.SIZE n ENVELOPE (…)` by UID in [first, last], ASCII; at most `PAGE`, in order of UID. */
  summaries(mailboxId: number, first: number, last: number): Promise<[uid: number, summary: string][]> {
    return this.store.messages.summaries(mailboxId, first, last, PAGE);
  }

  /** The value of BODYSTRUCTURE likewise. */
  structures(mailboxId: number, first: number, last: number): Promise<[uid: number, structure: string][]> {
    return this.store.messages.structures(mailboxId, first, last, PAGE);
  }

  /** [uid, id of the message, id of its thread] likewise: EMAILID and THREADID (RFC 8474 §5), the same for copies. */
  origins(
    mailboxId: number,
    first: number,
    last: number,
  ): Promise<[uid: number, originalId: number, threadId: number][]> {
    return this.store.messages.origins(mailboxId, first, last, PAGE);
  }

  /** [uid, when it came into this mailbox] likewise; 0 when that is not known. */
  savedDates(mailboxId: number, first: number, last: number): Promise<[uid: number, savedAt: number][]> {
    return this.store.placements.savedAt(mailboxId, first, last, PAGE);
  }

  /** The first words of a message (RFC 8970). */
  async preview({ messageId, octets }: Body): Promise<string> {
    return previewOf(octets ?? (await this.octets(messageId, 0, PREVIEWED)));
  }

  /** Whole messages by UID in [first, last], at most 32, in order of UID. Where fewer come, there are no more. */
  async bodies(mailboxId: number, first: number, last: number): Promise<Body[]> {
    const rows = await this.store.messages.bodies(mailboxId, first, last, BODY_PAGE);
    return rows.map(([uid, messageId, size, octets]) => ({ uid, messageId, size, octets: octets ?? undefined }));
  }

  /** Octets [offset, offset + length) of a message, at most 1 MiB at once; empty at its end or when it is gone. */
  async octets(messageId: number, offset: number, length: number): Promise<Buffer> {
    const place = await this.store.messages.place(messageId);
    return place === undefined ? Buffer.alloc(0) : this.store.blobs.read(place.blobId, offset, length);
  }

  /**
   * Where the parts of a message lie; undefined when it is gone.
   * @param octets the whole message, when the caller has it
   */
  async layout(messageId: number, octets?: Buffer): Promise<PartLayout | undefined> {
    const known = this.layouts.get(messageId);
    if (known !== undefined) {
      this.layouts.delete(messageId);
      this.layouts.set(messageId, known);
      return known;
    }
    const layout = octets === undefined ? await this.readLayout(messageId) : layoutOf(scanMessage(octets));
    if (layout === undefined) return undefined;
    this.layouts.set(messageId, layout);
    for (const oldest of this.layouts.keys()) {
      if (this.layouts.size <= LAYOUTS) break;
      this.layouts.delete(oldest);
    }
    return layout;
  }

  /**
   * A message scanned with its headers, and its octets, for what BODYSTRUCTURE's text does not say (BODY, BINARY); undefined
   * when it is gone. Holds the whole message.
   */
  async scanned(messageId: number): Promise<{ message: MessagePart; octets: Buffer } | undefined> {
    const place = await this.store.messages.place(messageId);
    if (place === undefined) return undefined;
    const octets = await this.whole(place);
    return { message: scanMessage(octets), octets };
  }

  private async readLayout(messageId: number): Promise<PartLayout | undefined> {
    const place = await this.store.messages.place(messageId);
    if (place === undefined) return undefined;
    return place.layout === '' ? layoutOf(scanMessage(await this.whole(place))) : unpackLayout(place.layout);
  }

  private async whole({ blobId, size }: Place): Promise<Buffer> {
    const first = await this.store.blobs.read(blobId, 0, Math.min(size, READ));
    if (first.length === size) return first;
    const whole = Buffer.allocUnsafe(size);
    first.copy(whole);
    for (let at = first.length; at < size; ) {
      const octets = await this.store.blobs.read(blobId, at, READ);
      if (octets.length === 0) return whole.subarray(0, at);
      octets.copy(whole, at);
      at += octets.length;
    }
    return whole;
  }
}

/** A scanned message without its headers, which would keep all its octets in memory. */
function layoutOf({ kind, start, bodyStart, end, lines, parts }: PartLayout): PartLayout {
  return { kind, start, bodyStart, end, lines, parts: parts.map(layoutOf) };
}
