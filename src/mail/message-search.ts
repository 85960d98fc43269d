/**
 * SEARCH: criteria as a typed tree, and which messages of a view match.
 * RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 7162 §3.1.5 (MODSEQ). Strings match as substrings after case folding, in any charset.
 * Each node narrows the messages the next one looks at, cheap ones first; texts are asked for last and only where they decide.
 * Elsewhere: the syntax of criteria and sequence numbers (protocols/imap), which give UIDs to this file; texts (text-search.ts).
 */
import type { Store } from '../../storage/store.ts';
import { systemFlag, union, without } from './flags.ts';
import type { MailboxView, MessageFacts } from './mailbox-view.ts';
import type { MailboxViews } from './mailbox-views.ts';
import type { TextCriterion } from './message-text.ts';
import type { SortKeyReader } from './sort-keys.ts';
import type { TextSearch } from './text-search.ts';
import type { UidSet } from './uid-set.ts';

export type { TextCriterion } from './message-text.ts';

export type Criterion =
  | TextCriterion
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Criterion[] }
  | { readonly kind: 'not'; readonly of: Criterion }
  /** Has a flag or keyword, as clients write it. */
  | { readonly kind: 'flag'; readonly name: string }
  /** Belongs to these UIDs: also what sequence numbers, \Recent and SEARCHRES become. */
  | { readonly kind: 'uids'; readonly uids: UidSet }
  | { readonly kind: 'larger' | 'smaller'; readonly octets: number }
  /**
   * Internal date in [from, until), as instants: days as midnight UTC, OLDER and YOUNGER as now minus an interval; or the day
   * written in Date, as midnight UTC.
   */
  | { readonly kind: 'internal-date'; readonly from?: number; readonly until?: number }
  | { readonly kind: 'sent-date'; readonly from?: number; readonly until?: number }
  /** When the message came into this mailbox, in [from, until) (RFC 8514 §4.3). */
  | { readonly kind: 'save-date'; readonly from?: number; readonly until?: number }
  /** Is this message, or a copy of it; belongs to this thread (RFC 8474 §6). */
  | { readonly kind: 'email-id' | 'thread-id'; readonly id: number }
  /** MODSEQ at least this. */
  | { readonly kind: 'modseq'; readonly modseq: number };

/** The messages of a view as they were when the search began, and what it has loaded of them. */
interface Scope {
  readonly view: MailboxView;
  readonly count: number;
  readonly uids: Uint32Array;
  readonly messageIds: Float64Array;
  readonly flags: Float64Array;
  readonly modseqs: Float64Array;
}

const ROWS_AT_ONCE = 4_000;
const LAST_UID = 2 ** 32 - 1;

export class MessageSearch {
  private readonly store: Store;
  private readonly views: MailboxViews;
  private readonly texts: TextSearch;
  private readonly keys: SortKeyReader;

  constructor(store: Store, views: MailboxViews, texts: TextSearch, keys: SortKeyReader) {
    this.store = store;
    this.views = views;
    this.texts = texts;
    this.keys = keys;
  }

  /** The UIDs of all matching messages of a view, ascending: of those it has when the search begins. */
  async search(view: MailboxView, criterion: Criterion): Promise<Uint32Array> {
    const { count } = view;
    const [uids, messageIds] = [view.uids.slice(0, count), view.messageIds.slice(0, count)];
    const [flags, modseqs] = [view.flags.slice(0, count), view.modseqs.slice(0, count)];
    const scope: Scope = { view, count, uids, messageIds, flags, modseqs };
    const matches = await this.evaluate(scope, criterion, new Uint8Array(count).fill(1));
    return uids.filter((_, at) => matches[at] === 1);
  }

  /** Which of the messages in `among` match; the rest is 0. */
  private async evaluate(scope: Scope, criterion: Criterion, among: Uint8Array): Promise<Uint8Array> {
    switch (criterion.kind) {
      case 'all':
        return among;
      case 'and': {
        let left = among;
        for (const child of byCost(criterion.of)) left = await this.evaluate(scope, child, left);
        return left;
      }
      case 'or': {
        const found = new Uint8Array(scope.count);
        for (const child of byCost(criterion.of)) {
          const more = await this.evaluate(scope, child, difference(among, found));
          for (let at = 0; at < found.length; at++) if (more[at] === 1) found[at] = 1;
        }
        return found;
      }
      case 'not':
        return difference(among, await this.evaluate(scope, criterion.of, among));
      case 'flag':
        return withFlag(scope, criterion.name, among);
      case 'uids':
        return inSet(scope, criterion.uids, among);
      case 'modseq':
        return filtered(among, (at) => (scope.modseqs[at] as number) >= criterion.modseq);
      case 'larger':
      case 'smaller':
      case 'internal-date':
        return byFacts(scope, criterion, among, await this.views.facts(scope.view));
      case 'sent-date': {
        const keys = await this.keys.keysOf(scope.messageIds.filter((_, at) => among[at] === 1));
        let next = 0;
        return filtered(among, () => isWithin(keys[next++]?.sentDay ?? Number.NaN, criterion));
      }
      case 'save-date': {
        const dates = await this.saveDates(scope);
        return filtered(among, (at) => isWithin(dates.get(scope.uids[at] as number) ?? Number.NaN, criterion));
      }
      case 'email-id':
      case 'thread-id': {
        const ids = await this.origins(scope, criterion.kind);
        return filtered(among, (at) => ids.get(scope.uids[at] as number) === criterion.id);
      }
      default:
        return this.byText(scope, criterion, among);
    }
  }

  private async byText(scope: Scope, criterion: TextCriterion, among: Uint8Array): Promise<Uint8Array> {
    const asked = scope.messageIds.filter((_, at) => among[at] === 1);
    const answer = await this.texts.match(criterion, asked);
    let next = 0;
    return filtered(among, () => answer[next++] === 1);
  }

  private saveDates({ view }: Scope): Promise<Map<number, number>> {
    return byUid(
      (first) => this.store.placements.savedAt(view.mailboxId, first, LAST_UID, ROWS_AT_ONCE),
      ([, savedAt]) => (savedAt === 0 ? Number.NaN : savedAt),
    );
  }

  private origins({ view }: Scope, kind: 'email-id' | 'thread-id'): Promise<Map<number, number>> {
    return byUid(
      (first) => this.store.messages.origins(view.mailboxId, first, LAST_UID, ROWS_AT_ONCE),
      ([, originalId, threadId]) => (kind === 'email-id' ? originalId : threadId),
    );
  }
}

/** A number of each message, read in pages between which others run. */
async function byUid<Row extends [uid: number, ...values: number[]]>(
  read: (first: number) => Promise<Row[]>,
  numberIn: (row: Row) => number,
): Promise<Map<number, number>> {
  const values = new Map<number, number>();
  for (let next = 1; ; ) {
    const page = await read(next);
    for (const row of page) values.set(row[0], numberIn(row));
    const last = page.at(-1);
    if (page.length < ROWS_AT_ONCE || last === undefined) return values;
    next = last[0] + 1;
    await new Promise(setImmediate);
  }
}

/** What is decided in memory before what is read. */
function byCost(criteria: readonly Criterion[]): Criterion[] {
  return [...criteria].sort((a, b) => costOf(a) - costOf(b));
}

function costOf(criterion: Criterion): number {
  switch (criterion.kind) {
    case 'all':
    case 'flag':
    case 'uids':
    case 'modseq':
      return 0;
    case 'larger':
    case 'smaller':
    case 'internal-date':
      return 1;
    case 'sent-date':
    case 'save-date':
    case 'email-id':
    case 'thread-id':
      return 2;
    case 'subject':
    case 'address':
      return 3;
    case 'header':
      return 4;
    case 'body':
      return 5;
    case 'text':
      return 6;
    case 'not':
      return costOf(criterion.of);
    default:
      return Math.max(0, ...criterion.of.map(costOf));
  }
}

function difference(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((bit, at) => (bit === 1 && b[at] !== 1 ? 1 : 0));
}

/** Those of `among` that pass, asked in order. */
function filtered(among: Uint8Array, passes: (at: number) => boolean): Uint8Array {
  const found = new Uint8Array(among.length);
  for (let at = 0; at < among.length; at++) if (among[at] === 1 && passes(at)) found[at] = 1;
  return found;
}

function withFlag({ view, flags }: Scope, name: string, among: Uint8Array): Uint8Array {
  const bit = systemFlag(name) ?? view.keywords.bit(name);
  if (bit === undefined) return new Uint8Array(among.length);
  if (bit < 2 ** 31) return filtered(among, (at) => ((flags[at] as number) & bit) !== 0);
  return filtered(among, (at) => union(without(flags[at] as number, bit), bit) === flags[at]);
}

function inSet({ uids, count }: Scope, set: UidSet, among: Uint8Array): Uint8Array {
  const found = new Uint8Array(count);
  let at = 0;
  for (const [first, last] of set) {
    while (at < count && (uids[at] as number) < first) at++;
    for (; at < count && (uids[at] as number) <= last; at++) found[at] = among[at] as number;
  }
  return found;
}

type FactCriterion = Extract<Criterion, { kind: 'larger' | 'smaller' } | { kind: 'internal-date' }>;

/** By size or date. The facts are those of the view now; a message that left since does not match. */
function byFacts({ view, uids }: Scope, criterion: FactCriterion, among: Uint8Array, facts: MessageFacts): Uint8Array {
  const same = view.uids.length > 0 && view.count >= uids.length && view.uids[uids.length - 1] === uids.at(-1);
  return filtered(among, (at) => {
    const index = same ? at : view.indexOf(uids[at] as number);
    if (index < 0) return false;
    if (criterion.kind === 'internal-date') return isWithin(facts.internalDates[index] as number, criterion);
    const size = facts.sizes[index] as number;
    return criterion.kind === 'larger' ? size > criterion.octets : size < criterion.octets;
  });
}

/** Whether a time is in [from, until); never when it is not known. */
function isWithin(time: number, { from, until }: { readonly from?: number; readonly until?: number }): boolean {
  return time >= (from ?? Number.NEGATIVE_INFINITY) && time < (until ?? Number.POSITIVE_INFINITY);
}
