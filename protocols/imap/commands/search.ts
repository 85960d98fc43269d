/**
 * SEARCH and UID SEARCH.
 * RFC 3501 §6.4.4 and §7.2.5, RFC 4731 (ESEARCH), RFC 5182 (SAVE), RFC 5267 §4 (UPDATE), RFC 9394 (PARTIAL), RFC 4466 §2.6, RFC 7162 §3.1.5 and §3.1.10 (MODSEQ).
 * Elsewhere: criteria (../search-criteria.ts), their evaluation (src/mail/message-search.ts).
 */
import { uidSetOfSorted } from '../../../src/mail/uid-set.ts';
import type { Arguments, PartialRange } from '../grammar.ts';
import { quote, Refusal } from '../responses.ts';
import { CriteriaReader } from '../search-criteria.ts';
import type { SelectedMailbox } from '../selected-mailbox.ts';
import { printNumbers } from '../sequence-set.ts';
import type { Command } from '../session.ts';

/** Numbers printed at once. */
const PIECE = 5_000;

/** Options of RETURN. */
const WORDS: readonly string[] = ['MIN', 'MAX', 'COUNT', 'ALL', 'SAVE', 'PARTIAL'];
/** RFC 5267 §4.2: CONTEXT is a hint that nothing depends on. */
const CONTEXT_WORDS: readonly string[] = ['UPDATE', 'CONTEXT'];

export interface ReturnOptions {
  readonly min: boolean;
  readonly max: boolean;
  readonly count: boolean;
  readonly all: boolean;
  /** The result becomes `$` (RFC 5182). */
  readonly save: boolean;
  /** The client is kept informed (RFC 5267 §4.3). */
  readonly update: boolean;
  /** RFC 9394 §3.1 */
  readonly partial: PartialRange | undefined;
}

export const search = searching(false);
export const uidSearch = searching(true);

function searching(byUid: boolean): Command {
  return {
    state: 'selected',
    // RFC 3501 §7.4.1.
    expunges: byUid,
    bySequence: !byUid,
    async run(session, { tag, arguments: args }) {
      args.space();
      // RFC 9051 §6.4.4: without RETURN too, the answer is ESEARCH.
      const plain = session.rev2 ? ALL : undefined;
      const options = args.take('RETURN ') ? returnOptions(args, CONTEXT_WORDS) : plain;
      const reader = new CriteriaReader(
        args,
        session.mailbox,
        charsetOf(args, session.enabled.has('UTF8=ACCEPT')),
        session.uidOnly,
      );
      const criterion = reader.all();
      args.end();
      if (reader.modseq) session.enableCondstore();
      const { mailbox, stream } = session;
      const done = (): string =>
        !byUid && mailbox.misses([[0, mailbox.count - 1]])
          ? '[EXPUNGEISSUED] Searched what is left of the messages.'
          : 'Searched.';
      const { highestModseq: searched } = mailbox.view;
      const found = await session.services.search.search(mailbox.view, criterion);
      // Only what the session knows of has a number in it.
      const uids = [...found].filter((uid) => mailbox.indexOf(uid) >= 0);
      const numbers = byUid ? uids : uids.map((uid) => mailbox.indexOf(uid) + 1);
      const highest = reader.modseq ? highestModseq(mailbox, uids, options) : 0;
      const modseq = highest > 0 ? highest : undefined;
      if (options !== undefined) {
        keepResult(mailbox, uids, options);
        if (isTold(options)) stream.write(esearch(tag, byUid, numbers, options, modseq));
        if (options.update) {
          if (session.contexts.hasRoom(tag)) session.contexts.add(tag, byUid, criterion, uids, searched);
          // RFC 5267 §4.3: the search is done all the same.
          else stream.write(`* NO [NOUPDATE ${quote(tag)}] The result will not be kept up to date.\r\n`);
        }
        return done();
      }
      stream.write('* SEARCH');
      for (let at = 0; at < numbers.length; at += PIECE) {
        stream.write(` ${numbers.slice(at, at + PIECE).join(' ')}`);
        await stream.room();
      }
      stream.write(modseq === undefined ? '\r\n' : ` (MODSEQ ${modseq})\r\n`);
      return done();
    },
  };
}

/** What is told when nothing is said. */
const ALL: ReturnOptions = {
  min: false,
  max: false,
  count: false,
  all: true,
  save: false,
  update: false,
  partial: undefined,
};

/**
 * RFC 4731 §3.1: an empty list is ALL.
 * @param more words that are options beside those that every search has
 */
export function returnOptions(args: Arguments, more: readonly string[] = []): ReturnOptions {
  let partial: PartialRange | undefined;
  const words = args.list(() => {
    const word = args.atom().toUpperCase();
    if (word !== 'PARTIAL') return word;
    args.space();
    partial = args.partialRange();
    return word;
  });
  args.space();
  const unknown = words.find((word) => !WORDS.includes(word) && !more.includes(word));
  if (unknown !== undefined) args.fail(`${unknown.slice(0, 40)} is no option of RETURN; it stands before this,`);
  if (partial !== undefined && words.includes('ALL')) args.fail('PARTIAL and ALL exclude each other; before this,');
  return {
    min: words.includes('MIN'),
    max: words.includes('MAX'),
    count: words.includes('COUNT'),
    all: words.includes('ALL') || words.every((word) => word === 'CONTEXT'),
    save: words.includes('SAVE'),
    update: words.includes('UPDATE'),
    partial,
  };
}

/** The entries of a result at these positions. */
function partOf<T>(entries: readonly T[], { first, last, backwards }: PartialRange): readonly T[] {
  const { length } = entries;
  return backwards
    ? entries.slice(Math.max(0, length - last), Math.max(0, length - first + 1))
    : entries.slice(first - 1, last);
}

/** What of a result is told or saved: with MIN and MAX alone these two (RFC 4731 §3.2, RFC 5182 §2.4), else all or a part. */
function toldOf(found: readonly number[], options: ReturnOptions): readonly number[] {
  const { min, max, all, count, partial } = options;
  if (all || count || found.length === 0) return found;
  const ends = [...(min ? [found[0] as number] : []), ...(max ? [found.at(-1) as number] : [])];
  if (partial !== undefined) return [...new Set([...ends, ...partOf(found, partial)])].sort((a, b) => a - b);
  return min || max ? ends : found;
}

/** Lets a result be `$` from now on, if that was asked for; whatever its order, `$` is a set (RFC 5182 §2.1). */
export function keepResult(mailbox: SelectedMailbox, uids: readonly number[], options: ReturnOptions): void {
  if (options.save) mailbox.saved = uidSetOfSorted([...toldOf(uids, options)].sort((a, b) => a - b));
}

/** RFC 5182 §2.1: SAVE alone is not answered. */
export function isTold({ save, min, max, count, all, partial }: ReturnOptions): boolean {
  return !save || min || max || count || all || partial !== undefined;
}

function charsetOf(args: Arguments, utf8Accept: boolean): string {
  if (!args.take('CHARSET ')) return 'US-ASCII';
  // RFC 6855 §3: with UTF8=ACCEPT every string is UTF-8.
  if (utf8Accept) args.fail('CHARSET is not used with UTF8=ACCEPT');
  const charset = charsetNamed(args.astring());
  args.space();
  return charset;
}

/** @throws Refusal BADCHARSET */
export function charsetNamed(name: string): string {
  const charset = name.toUpperCase();
  // RFC 3501 §6.4.4: NO, and what is supported.
  if (charset !== 'UTF-8' && charset !== 'US-ASCII')
    throw new Refusal('NO', 'BADCHARSET (US-ASCII UTF-8)', 'Search strings are UTF-8.');
  return charset;
}

/** Of the messages told: RFC 4731 §3.2 for MIN and MAX alone. */
export function highestModseq(
  mailbox: SelectedMailbox,
  uids: readonly number[],
  options: ReturnOptions | undefined,
): number {
  const told = options === undefined ? uids : toldOf(uids, options);
  let highest = 0;
  for (const uid of told) {
    const at = mailbox.view.indexOf(uid);
    if (at >= 0) highest = Math.max(highest, mailbox.view.modseqs[at] as number);
  }
  return highest;
}

/** The ESEARCH answer for numbers in the order they are told in; MIN and MAX are its ends (RFC 5267 §3.1). */
export function esearch(
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
  if (options.partial !== undefined) {
    const { first, last, backwards } = options.partial;
    const range = backwards ? `-${first}:-${last}` : `${first}:${last}`;
    text += ` PARTIAL (${range} ${printNumbers(partOf(numbers, options.partial)) || 'NIL'})`;
  }
  if (options.count) text += ` COUNT ${numbers.length}`;
  if (modseq !== undefined) text += ` MODSEQ ${modseq}`;
  return `${text}\r\n`;
}
