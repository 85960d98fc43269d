/**
 * SORT, THREAD and their UID forms: what SEARCH finds, in another order.
 * RFC 5256 §3 and §4, RFC 5957 (DISPLAYFROM, DISPLAYTO), RFC 5267 §3 and RFC 5182 (RETURN options of SORT), RFC 7162 §3.1.5 (MODSEQ).
 * Elsewhere: criteria (../search-criteria.ts), the order itself (src/mail/message-sort.ts), answers of THREAD (../thread-list.ts).
 */
import { setImmediate as yieldOnce } from 'node:timers/promises';
import type { SortCriterion, SortKey, ThreadAlgorithm } from '../../../src/mail/message-sort.ts';
import type { Arguments } from '../grammar.ts';
import { CriteriaReader } from '../search-criteria.ts';
import type { Command, ImapSession } from '../session.ts';
import { threadList } from '../thread-list.ts';
import { charsetNamed, esearch, highestModseq, isTold, keepResult, returnOptions } from './search.ts';

const KEYS: Readonly<Record<string, SortKey>> = {
  ARRIVAL: 'arrival',
  CC: 'cc',
  DATE: 'date',
  DISPLAYFROM: 'display-from',
  DISPLAYTO: 'display-to',
  FROM: 'from',
  SIZE: 'size',
  SUBJECT: 'subject',
  TO: 'to',
};
const ALGORITHMS: Readonly<Record<string, ThreadAlgorithm>> = {
  ORDEREDSUBJECT: 'orderedsubject',
  REFERENCES: 'references',
};
const MAX_KEYS = 20;
/** Numbers, or characters of threads, printed at once. */
const PIECE = 5_000;

export const sort = sorting(false);
export const uidSort = sorting(true);
export const thread = threading(false);
export const uidThread = threading(true);

function sorting(byUid: boolean): Command {
  return {
    state: 'selected',
    // RFC 5256 §3: EXPUNGE is not said during SORT, and may be during UID SORT.
    expunges: byUid,
    bySequence: !byUid,
    async run(session, { tag, arguments: args }) {
      args.space();
      const options = args.take('RETURN ') ? returnOptions(args) : undefined;
      const criteria = sortCriteria(args);
      args.space();
      const { uids: found, modseq } = await search(session, args);
      const { mailbox, stream, services } = session;
      const uids = await services.sort.sort(mailbox.view, found, criteria);
      const numbers = byUid ? uids : uids.map((uid) => mailbox.indexOf(uid) + 1);
      const highest = modseq ? highestModseq(mailbox, uids, options) || undefined : undefined;
      if (options !== undefined) {
        keepResult(mailbox, uids, options);
        if (isTold(options)) stream.write(esearch(tag, byUid, numbers, options, highest));
        return 'Sorted.';
      }
      stream.write('* SORT');
      for (let at = 0; at < numbers.length; at += PIECE) {
        stream.write(` ${numbers.slice(at, at + PIECE).join(' ')}`);
        await stream.room();
      }
      stream.write(highest === undefined ? '\r\n' : ` (MODSEQ ${highest})\r\n`);
      return 'Sorted.';
    },
  };
}

function threading(byUid: boolean): Command {
  return {
    state: 'selected',
    expunges: byUid,
    bySequence: !byUid,
    async run(session, { arguments: args }) {
      args.space();
      const word = args.atom().toUpperCase();
      const algorithm = Object.hasOwn(ALGORITHMS, word) ? ALGORITHMS[word] : undefined;
      if (algorithm === undefined) return args.fail(`${word.slice(0, 40)} is no algorithm; it stands before this,`);
      args.space();
      const { uids } = await search(session, args);
      const { mailbox, stream, services } = session;
      const threads = await services.sort.thread(mailbox.view, uids, algorithm);
      stream.write(threads.length === 0 ? '* THREAD' : '* THREAD ');
      let piece = '';
      for (const text of threadList(threads, (uid) => (byUid ? uid : mailbox.indexOf(uid) + 1))) {
        piece += text;
        if (piece.length < PIECE) continue;
        stream.write(piece);
        piece = '';
        await stream.room();
        await yieldOnce();
      }
      stream.write(`${piece}\r\n`);
      return 'Threaded.';
    },
  };
}

/** `(REVERSE DATE SUBJECT)` */
function sortCriteria(args: Arguments): SortCriterion[] {
  const criteria = args.list((): SortCriterion => {
    const reverse = args.take('REVERSE ');
    const word = args.atom().toUpperCase();
    const key = Object.hasOwn(KEYS, word) ? KEYS[word] : undefined;
    if (key === undefined) return args.fail(`${word.slice(0, 40)} is no key of SORT; it stands before this,`);
    return { key, reverse };
  });
  if (criteria.length === 0 || criteria.length > MAX_KEYS) args.fail(`1 to ${MAX_KEYS} keys stand before this,`);
  return criteria;
}

/** Charset and criteria up to the end of the command; then the messages that match and have a number in the session. */
async function search(session: ImapSession, args: Arguments): Promise<{ uids: Uint32Array; modseq: boolean }> {
  const { mailbox } = session;
  const charset = args.astring();
  args.space();
  const reader = new CriteriaReader(args, mailbox, charsetNamed(charset), session.uidOnly);
  const criterion = reader.all();
  args.end();
  if (reader.modseq) session.enableCondstore();
  const found = await session.services.search.search(mailbox.view, criterion);
  return { uids: found.filter((uid) => mailbox.indexOf(uid) >= 0), modseq: reader.modseq };
}
