/**
 * Whether an address is among somebody's contacts.
 * RFC 6350 §6.4.2 (EMAIL). Read off the cards themselves, some at a time: it is asked seldom, for single addresses.
 */
import { setImmediate } from 'node:timers/promises';
import type { LogPosition, Store } from '../../storage/store.ts';

/** Cards read at once. */
const AT_ONCE = 50;
/** Cards looked at for one question. */
const MAX_CARDS = 20_000;

/** Whether a card in one of the principal's own address books has this address, folded, as EMAIL. */
export async function knowsAddress(store: Store, principalId: number, address: string): Promise<boolean> {
  let left = MAX_CARDS;
  for (const book of await store.collections.home(principalId, 'addressbooks')) {
    if (book.accountId !== principalId) continue;
    for (let after: LogPosition = { modseq: 0, memberId: 0 }; left > 0; ) {
      const rows = await store.cards.page(book.id, after, AT_ONCE);
      const last = rows[rows.length - 1];
      if (last === undefined) break;
      after = { modseq: last.modseq, memberId: last.id };
      left -= rows.length;
      const cards = await store.cards.withData(
        book.id,
        rows.map(({ name }) => name),
      );
      if (cards.some(({ data }) => hasEmail(data, address))) return true;
      await setImmediate();
    }
  }
  return false;
}

function hasEmail(card: string, address: string): boolean {
  if (!card.toLowerCase().includes(address.slice(0, address.indexOf('@')))) return false;
  const unfolded = card.replace(/\r?\n[ \t]/g, '');
  for (const [, value = ''] of unfolded.matchAll(/^(?:[\w-]+\.)?EMAIL(?:;[^:\r\n]*)?:([^\r\n]*)/gim))
    if (
      value
        .trim()
        .replace(/^mailto:/i, '')
        .toLowerCase() === address
    )
      return true;
  return false;
}
