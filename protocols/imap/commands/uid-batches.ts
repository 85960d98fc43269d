/**
 * UIDBATCHES: ranges of UIDs that hold so many messages each, from the newest to the oldest, for clients without sequence numbers.
 * RFC 10022 §3.1 and §4.
 */
import type { Arguments } from '../grammar.ts';
import { quote, Refusal } from '../responses.ts';
import type { Command } from '../session.ts';

/** RFC 10022 §3.1.3: batches of so many messages must be possible; smaller ones are many ranges that help nobody. */
const MIN_BATCH = 500;

export const uidBatches: Command = {
  state: 'selected',
  run({ mailbox, stream }, { tag, arguments: args }) {
    args.space();
    const size = positive(args);
    const [first, last] = args.atEnd ? [1, Number.POSITIVE_INFINITY] : range(args);
    args.end();
    if (size < MIN_BATCH) throw new Refusal('NO', 'TOOFEW', `A batch has ${MIN_BATCH} messages at least.`);
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
