/**
 * The 207 answer of many responses, written in pages.
 * RFC 4918 §13, §14.16, §14.24. Text is collected and leaves when a page is full: the caller awaits `page` between pages, which
 * waits for a slow reader and lets other requests run, so that 10,000 members are never one string in memory.
 * A small answer leaves in one write with its length.
 */
import type { Exchange } from './exchange.ts';

/** Rows of one page of a listing. */
export const PAGE_ROWS = 500;

export interface Multistatus {
  /** Adds finished `<D:response>` elements. */
  add(xml: string): void;
  /** Sends what was collected, if it is much; call it after at most PAGE_ROWS responses. Throws when the client has gone. */
  page(): Promise<void>;
  /** Ends the answer; `tail` goes before the closing tag, for example `<D:sync-token>`. */
  end(tail?: string): Promise<void>;
}

/** Starts an answer; nothing leaves before the first page, so that errors found until then have their own status. */
export declare function startMultistatus(exchange: Exchange): Multistatus;
