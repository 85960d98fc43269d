/**
 * SEARCH and UID SEARCH.
 * RFC 3501 §6.4.4 and §7.2.5, RFC 4731 (ESEARCH), RFC 4466 §2.6, RFC 7162 §3.1.5 and §3.1.10 (MODSEQ).
 * Elsewhere: criteria (../search-criteria.ts), their evaluation (src/mail/message-search.ts).
 */
import type { Arguments } from '../grammar.ts';
import { quote, Refusal } from '../responses.ts';
import { CriteriaReader } from '../search-criteria.ts';
import type { SelectedMailbox } from '../selected-mailbox.ts';
import { printNumbers } from '../sequence-set.ts';
import type { Command } from '../session.ts';

/** Numbers printed at once. */
const PIECE = 5_000;

interface ReturnOptions {
  readonly min: boolean;
  readonly max: boolean;
  readonly count: boolean;
  readonly all: boolean;
}

export const search = searching(false);
export const uidSearch = searching(true);

function searching(byUid: boolean): Command {
  return {
    state: 'selected',
    // RFC 3501 §7.4.1.
    expunges: byUid,
    async run(session, { tag, arguments: args }) {
      args.space();
      const options = args.take('RETURN ') ? returnOptions(args) : undefined;
      const reader = new CriteriaReader(args, session.mailbox, charsetOf(args));
      const criterion = reader.all();
      args.end();
      if (reader.modseq) session.enableCondstore();
      const { mailbox, stream } = session;
      const found = await session.services.search.search(mailbox.view, criterion);
      // Only what the session knows of has a number in it.
      const uids = [...found].filter((uid) => mailbox.indexOf(uid) >= 0);
      const numbers = byUid ? uids : uids.map((uid) => mailbox.indexOf(uid) + 1);
      const highest = reader.modseq ? highestModseq(mailbox, uids, options) : 0;
      const modseq = highest > 0 ? highest : undefined;
      if (options !== undefined) {
        stream.write(esearch(tag, byUid, numbers, options, modseq));
        return 'Searched.';
      }
      stream.write('* SEARCH');
      for (let at = 0; at < numbers.length; at += PIECE) {
        stream.write(` ${numbers.slice(at, at + PIECE).join(' ')}`);
        await stream.room();
      }
      stream.write(modseq === undefined ? '\r\n' : ` (MODSEQ ${modseq})\r\n`);
      return 'Searched.';
    },
  };
}

/** RFC 4731 §3.1: an empty list is ALL. */
function returnOptions(args: Arguments): ReturnOptions {
  const words = args.list(() => args.atom().toUpperCase());
  args.space();
  const unknown = words.find((word) => !['MIN', 'MAX', 'COUNT', 'ALL'].includes(word));
  if (unknown !== undefined) args.fail(`${unknown.slice(0, 40)} is no option of RETURN; it stands before this,`);
  return {
    min: words.includes('MIN'),
    max: words.includes('MAX'),
    count: words.includes('COUNT'),
    all: words.includes('ALL') || words.length === 0,
  };
}

function charsetOf(args: Arguments): string {
  if (!args.take('CHARSET ')) return 'US-ASCII';
  const charset = args.astring().toUpperCase();
  args.space();
  // RFC 3501 §6.4.4: NO, and what is supported.
  if (charset !== 'UTF-8' && charset !== 'US-ASCII')
    throw new Refusal('NO', 'BADCHARSET (US-ASCII UTF-8)', 'Search strings are UTF-8.');
  return charset;
}

/** Of the messages told: RFC 4731 §3.2 for MIN and MAX alone. */
function highestModseq(mailbox: SelectedMailbox, uids: readonly number[], options: ReturnOptions | undefined): number {
  let told = uids;
  if (options !== undefined && !options.all && !options.count && uids.length > 0)
    told = [...(options.min ? [uids[0] as number] : []), ...(options.max ? [uids.at(-1) as number] : [])];
  let highest = 0;
  for (const uid of told) {
    const at = mailbox.view.indexOf(uid);
    if (at >= 0) highest = Math.max(highest, mailbox.view.modseqs[at] as number);
  }
  return highest;
}

function esearch(
  tag: string,
  byUid: boolean,
  numbers: readonly number[],
  options: ReturnOptions,
  modseq: number | undefined,
): string {
  let text = `* ESEARCH (TAG ${quote(tag)})${byUid ? ' UID' : ''}`;
  if (numbers.length > 0) {
    if (options.min) text += ` MIN ${numbers[0]}`;
    if (options.max) text += ` MAX ${numbers.at(-1)}`;
    if (options.all) text += ` ALL ${printNumbers(numbers)}`;
  }
  if (options.count) text += ` COUNT ${numbers.length}`;
  if (modseq !== undefined) text += ` MODSEQ ${modseq}`;
  return `${text}\r\n`;
}
