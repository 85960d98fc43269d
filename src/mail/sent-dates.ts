/**
 * The Date of each message of a view: read off the stored ENVELOPE when first asked for, kept while the view is.
 * RFC 9051 §6.4.4 (SENTON and its like), RFC 5256 §2.2 (sent date).
 * Elsewhere: reading of a date (sent-date.ts).
 */
import { setImmediate as yieldOnce } from 'node:timers/promises';
import type { Store } from '../../storage/store.ts';
import type { MailboxView } from './mailbox-view.ts';
import { parseSentDate, type SentDate } from './sent-date.ts';

const PAGE = 2_000;
const DATE = /ENVELOPE \("((?:[^"\\]|\\.)*)"/;

export class SentDates {
  private readonly store: Store;
  private readonly known = new WeakMap<MailboxView, Map<number, SentDate | null>>();

  constructor(store: Store) {
    this.store = store;
  }

  /** The day each message says it was sent on, as midnight UTC; NaN where it says none. */
  async daysOf(view: MailboxView, messageIds: Float64Array): Promise<Float64Array> {
    const dates = await this.datesOf(view, messageIds);
    return messageIds.map((id) => dates.get(id)?.day ?? Number.NaN);
  }

  /** The dates of messages of a view, by message id. */
  async datesOf(view: MailboxView, messageIds: Float64Array): Promise<ReadonlyMap<number, SentDate | null>> {
    const dates = this.known.get(view) ?? new Map<number, SentDate | null>();
    this.known.set(view, dates);
    const missing = messageIds.filter((id) => !dates.has(id));
    for (let from = 0; from < missing.length; from += PAGE) {
      const ids = missing.subarray(from, from + PAGE);
      for (const [id, summary] of await this.store.messages.summariesOf([...ids])) {
        const date = DATE.exec(summary)?.[1];
        dates.set(id, date === undefined ? null : parseSentDate(date));
      }
      await yieldOnce();
    }
    return dates;
  }
}
