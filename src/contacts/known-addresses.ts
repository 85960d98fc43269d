/**
 * Which cards of somebody's contacts have an address.
 * RFC 6350 §6.4.2 (EMAIL). Read off the cards themselves, some at a time: it is asked seldom, for few addresses.
 */
import { setImmediate } from 'node:timers/promises';
import type { LogPosition, Store } from '../../storage/store.ts';

/** Cards read at once. */
const AT_ONCE = 50;
/** Cards looked at for one question. */
const MAX_CARDS = 20_000;

/** Whether a card in one of the principal's own address books has this address, folded, as EMAIL. */
export async function knowsAddress(store: Store, principalId: number, address: string): Promise<boolean> {
  return (await cardsOf(store, principalId, [address])).size > 0;
}

/** The cards of the principal's own address books that have these addresses, folded, as EMAIL: the first of each, as text. */
export async function cardsOf(
  store: Store,
  principalId: number,
  addresses: readonly string[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const missing = new Set(addresses);
  let left = MAX_CARDS;
  for (const book of await store.collections.home(principalId, 'addressbooks')) {
    if (book.accountId !== principalId) continue;
    for (let after: LogPosition = { modseq: 0, memberId: 0 }; left > 0 && missing.size > 0; ) {
      const rows = await store.cards.page(book.id, after, AT_ONCE);
      const last = rows[rows.length - 1];
      if (last === undefined) break;
      after = { modseq: last.modseq, memberId: last.id };
      left -= rows.length;
      const cards = await store.cards.withData(
        book.id,
        rows.map(({ name }) => name),
      );
      for (const { data } of cards)
        for (const address of emailsIn(data)) if (missing.delete(address)) found.set(address, data);
      await setImmediate();
    }
  }
  return found;
}

function emailsIn(card: string): string[] {
  const unfolded = card.replace(/\r?\n[ \t]/g, '');
  return [...unfolded.matchAll(/^(?:[\w-]+\.)?EMAIL(?:;[^:\r\n]*)?:([^\r\n]*)/gim)].map(([, value = '']) =>
    value
      .trim()
      .replace(/^mailto:/i, '')
      .toLowerCase(),
  );
}
