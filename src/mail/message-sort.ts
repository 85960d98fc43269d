/**
 * SORT and THREAD: messages that were found, in another order.
 * RFC 5256 §3, RFC 5957 (DISPLAYFROM, DISPLAYTO).
 * UIDs of a view in; UIDs in order, or threads of UIDs, out. However many they are, no turn of the event loop is long.
 * Elsewhere: what is compared (sort-keys.ts), the algorithms of THREAD (threads.ts), the commands (protocols/imap).
 */
import type { Store } from '../../storage/store.ts';
import { inSlices, sorted } from '../slices.ts';
import { unpackAncestry } from './ancestry.ts';
import type { MailboxView } from './mailbox-view.ts';
import type { SortKeyReader, SortKeys } from './sort-keys.ts';
import { orderedSubjectThreads, referencesThreads, type Thread, type ThreadedMessage } from './threads.ts';

export type SortKey = 'arrival' | 'cc' | 'date' | 'from' | 'size' | 'subject' | 'to' | 'display-from' | 'display-to';

export interface SortCriterion {
  readonly key: SortKey;
  readonly reverse: boolean;
}

export type ThreadAlgorithm = 'orderedsubject' | 'references';

const VALUES: Record<SortKey, (keys: SortKeys) => string | number> = {
  arrival: ({ arrival }) => arrival,
  cc: ({ cc }) => cc,
  date: ({ sent }) => sent,
  from: ({ from }) => from,
  size: ({ size }) => size,
  subject: ({ subject }) => subject,
  to: ({ to }) => to,
  'display-from': ({ displayFrom }) => displayFrom,
  'display-to': ({ displayTo }) => displayTo,
};

const PAGE = 500;

interface Found {
  readonly uid: number;
  readonly messageId: number;
  readonly keys: SortKeys;
}

export class MessageSort {
  private readonly store: Store;
  private readonly keys: SortKeyReader;

  constructor(store: Store, keys: SortKeyReader) {
    this.store = store;
    this.keys = keys;
  }

  /**
   * UIDs of a view in the order of the criteria, the first one first; equal ones stay in the order of the mailbox.
   * @param uids ascending; those of messages that are gone are left out
   */
  async sort(view: MailboxView, uids: Uint32Array, criteria: readonly SortCriterion[]): Promise<number[]> {
    const order = await inSlices(sorted(await this.found(view, uids), comparison(criteria)));
    return order.map(({ uid }) => uid);
  }

  /** The threads of these UIDs, which are ascending. */
  async thread(view: MailboxView, uids: Uint32Array, algorithm: ThreadAlgorithm): Promise<Thread[]> {
    const found = await this.found(view, uids);
    if (algorithm === 'orderedsubject')
      return inSlices(orderedSubjectThreads(found.map(({ uid, keys }) => ({ uid, ...keys, own: 0, references: [] }))));
    const messages: ThreadedMessage[] = [];
    for (let from = 0; from < found.length; from += PAGE) {
      const page = found.slice(from, from + PAGE);
      const packed = new Map(await this.store.messages.ancestriesOf(page.map(({ messageId }) => messageId)));
      for (const { uid, messageId, keys } of page) {
        const { sent, subject, reply } = keys;
        messages.push({ uid, sent, subject, reply, ...unpackAncestry(packed.get(messageId) ?? NOTHING) });
      }
      await new Promise(setImmediate);
    }
    return inSlices(referencesThreads(messages));
  }

  private async found(view: MailboxView, uids: Uint32Array): Promise<Found[]> {
    const ids = Float64Array.from(uids, (uid) => view.messageIds[view.indexOf(uid)] ?? 0);
    const keys = await this.keys.keysOf(ids);
    const found: Found[] = [];
    for (const [at, uid] of uids.entries()) {
      const known = keys[at];
      if (known !== undefined) found.push({ uid, messageId: ids[at] as number, keys: known });
    }
    return found;
  }
}

const NOTHING = Buffer.alloc(0);

function comparison(criteria: readonly SortCriterion[]): (a: Found, b: Found) => number {
  const compared = criteria.map(({ key, reverse }) => ({ read: VALUES[key], sign: reverse ? -1 : 1 }));
  return (a, b) => {
    for (const { read, sign } of compared) {
      const [one, other] = [read(a.keys), read(b.keys)];
      if (one < other) return -sign;
      if (one > other) return sign;
    }
    return 0;
  };
}
