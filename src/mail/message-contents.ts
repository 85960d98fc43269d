/**
 * Reading messages: finished FETCH text in pages, octets, and where sections lie.
 * RFC 9051 §6.4.5.
 * Pages are bounded, so that no read holds the event loop; the caller waits for its socket between them.
 * Elsewhere: which octets a section is (message-sections.ts), printing (protocols/imap).
 */
import type { Store } from '../../storage/store.ts';
import type { MessagePart, PartLayout } from './message-structure.ts';

/** Rows of a page of summaries and its like. */
export const PAGE = 500;

/** One message of a page of bodies. */
export interface Body {
  readonly uid: number;
  readonly messageId: number;
  readonly size: number;
  /** The whole message, when it is small; a larger one is read in pieces by `octets`. */
  readonly octets: Buffer | undefined;
}

export class MessageContents {
  protected readonly store: Store;

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

  /** Whole messages likewise, about 1 MB of them at once. */
  bodies(_mailboxId: number, _first: number, _last: number): Promise<Body[]> {
    throw new Error('not yet');
  }

  /** Octets [offset, offset + length) of a message, at most 1 MiB at once; empty at its end or when it is gone. */
  octets(_messageId: number, _offset: number, _length: number): Promise<Buffer> {
    throw new Error('not yet');
  }

  /** Where the parts of a message lie; undefined when it is gone. */
  layout(_messageId: number): Promise<PartLayout | undefined> {
    throw new Error('not yet');
  }

  /** The message scanned with its headers, for what BODYSTRUCTURE's text does not say (BINARY, BODY); undefined when gone. */
  scanned(_messageId: number): Promise<MessagePart | undefined> {
    throw new Error('not yet');
  }
}
