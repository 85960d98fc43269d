/**
 * UIDBATCHES: ranges of UIDs that hold so many messages each, from the newest to the oldest, for clients without sequence numbers.
 * RFC 10022 §3.1, §4 and §6.
 */
import { lowerBound } from '../../../src/mail/mailbox-view.ts';
import type { Arguments } from '../grammar.ts';
import { quote, Refusal } from '../responses.ts';
import type { SelectedMailbox } from '../selected-mailbox.ts';
import type { Command } from '../session.ts';

/** RFC 10022 §3.1.3: batches of so many messages must be possible; smaller ones are many ranges that help nobody. */
const MIN_BATCH = 500;
/** RFC 10022 §3.1.5: batches that are asked for by number have so many messages together. */
const MAX_IN_RANGE = 100_000;
/** Different requests that are remembered. */
const MAX_REMEMBERED = 256;

export const uidBatches: Command = {
  state: 'selected',
  run({ mailbox, stream }, { tag, arguments: args }) {
    args.space();
    const size = positive(args);
    const [first, last] = args.atEnd ? [1, Number.POSITIVE_INFINITY] : range(args);
    args.end();
    if (size < MIN_BATCH) throw new Refusal('NO', 'TOOFEW', `A batch has ${MIN_BATCH} messages at least.`);
    if (Number.isFinite(last) && (last - first + 1) * size > MAX_IN_RANGE)
      throw new Refusal('NO', 'TOOMANY', `Batches of ${MAX_IN_RANGE} messages at most can be asked for by number.`);
    remember(mailbox, `${size} ${first}:${last}`, size / 2);
    const batches: string[] = [];
    for (let batch = first; batch <= last; batch++) {
      const newest = mailbox.count - (batch - 1) * size;
      if (newest <= 0) break;
      // RFC 10022 §3.1.4: the last batch ends with UID 1, whether there is such a message or not.
      const oldest = newest > size ? mailbox.uids[newest - size] : 1;
      batches.push(`${mailbox.uids[newest - 1]}:${oldest}`);
    }
    // RFC 10022 §3.1.2: also when there is none.
    stream.write(`* UIDBATCHES (TAG ${quote(tag)})${batches.length > 0 ? ` ${batches.join(',')}` : ''}\r\n`);
    return 'These are the batches.';
  },
};

/**
 * Takes note of a request.
 * @throws Refusal LIMIT when it was answered, and since then fewer messages than `most` came and fewer went (RFC 10022 §3.1.1,
 *   Interpretation 121)
 */
function remember({ batches, uids, count }: SelectedMailbox, request: string, most: number): void {
  const before = batches.get(request);
  if (before !== undefined) {
    const kept = lowerBound(uids, count, before.last + 1);
    if (before.count - kept < most && count - kept < most)
      throw new Refusal('NO', 'LIMIT', 'Hardly anything has changed since these batches were told.');
  }
  if (batches.size >= MAX_REMEMBERED) batches.clear();
  batches.set(request, { count, last: count === 0 ? 0 : (uids[count - 1] as number) });
}

/** ` 3:7`: numbers of batches. */
function range(args: Arguments): [first: number, last: number] {
  args.space();
  const first = positive(args);
  args.expect(':');
  const last = positive(args);
  if (first > last) throw new Refusal('BAD', 'CLIENTBUG', 'The range ends before it begins.');
  return [first, last];
}

/** RFC 10022 §4: 0 is a mistake of the client. */
function positive(args: Arguments): number {
  const number = args.number();
  if (number === 0) throw new Refusal('BAD', 'CLIENTBUG', 'Batches are counted from 1.');
  return number;
}
