/**
 * The criteria of SEARCH as the tree that src/mail/message-search.ts evaluates.
 * RFC 3501 §6.4.4 and §9 (search-key), RFC 5032 (OLDER, YOUNGER), RFC 5182 (`$`), RFC 7162 §3.1.5 (MODSEQ), RFC 8474 §6 (EMAILID, THREADID),
 * RFC 8514 §4.3 (SAVEDON and its like).
 * Sequence numbers, \Recent and `*` become UIDs here, by what the session knows.
 */
import type { Criterion, TextCriterion } from '../../src/mail/message-search.ts';
import type { UidSet } from '../../src/mail/uid-set.ts';
import { type Arguments, MAX_DEPTH } from './grammar.ts';
import { numberOf } from './object-ids.ts';
import { NUMBERS_OFF, Refusal } from './responses.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';
import { SAVED } from './sequence-set.ts';

type AddressField = Extract<TextCriterion, { readonly kind: 'address' }>['field'];

const DAY = 86_400_000;
const MAX_KEYS = 5_000;

const FLAGS: Readonly<Record<string, string>> = {
  ANSWERED: '\\Answered',
  DELETED: '\\Deleted',
  DRAFT: '\\Draft',
  FLAGGED: '\\Flagged',
  SEEN: '\\Seen',
};
const ADDRESSES: ReadonlySet<string> = new Set(['FROM', 'TO', 'CC', 'BCC']);

export interface ParsedSearch {
  readonly criterion: Criterion;
  /** MODSEQ was among the keys. */
  readonly modseq: boolean;
}

/** Reads the keys up to the end of the command. `charset` has been checked: strings are UTF-8 or US-ASCII. */
export class CriteriaReader {
  readonly #args: Arguments;
  readonly #mailbox: SelectedMailbox;
  readonly #charset: string;
  readonly #now: number;
  readonly #uidOnly: boolean;
  #keys = 0;
  modseq = false;

  /** @param uidOnly sequence numbers are refused (RFC 9586 §3) */
  constructor(args: Arguments, mailbox: SelectedMailbox, charset: string, uidOnly = false, now = Date.now()) {
    this.#now = now;
    this.#uidOnly = uidOnly;
    this.#args = args;
    this.#mailbox = mailbox;
    this.#charset = charset;
  }

  /** One or more keys, all of which must hold. */
  all(depth = 0): Criterion {
    const args = this.#args;
    const of = [this.#key(depth)];
    while (!args.atEnd && args.peek() !== ')') {
      args.space();
      if (args.atEnd) break;
      of.push(this.#key(depth));
    }
    return of.length === 1 ? (of[0] as Criterion) : { kind: 'and', of };
  }

  #key(depth: number): Criterion {
    const args = this.#args;
    if (depth > MAX_DEPTH) args.fail('the criteria are nested too deep');
    if (++this.#keys > MAX_KEYS) args.fail('there are too many criteria');
    if (args.take('(')) {
      const inner = this.all(depth + 1);
      args.expect(')');
      return inner;
    }
    if (/[\d*$]/.test(args.peek())) return this.#sequence();
    const word = args.atom().toUpperCase();
    if (Object.hasOwn(FLAGS, word)) return { kind: 'flag', name: FLAGS[word] as string };
    if (word.startsWith('UN') && Object.hasOwn(FLAGS, word.slice(2)))
      return not({ kind: 'flag', name: FLAGS[word.slice(2)] as string });
    if (ADDRESSES.has(word))
      return { kind: 'address', field: word.toLowerCase() as AddressField, text: this.#string() };
    return this.#other(word, depth);
  }

  #other(word: string, depth: number): Criterion {
    switch (word) {
      case 'ALL':
        return { kind: 'all' };
      case 'NEW':
        return { kind: 'and', of: [this.#recent(), not({ kind: 'flag', name: '\\Seen' })] };
      case 'OLD':
        return not(this.#recent());
      case 'RECENT':
        return this.#recent();
      case 'NOT':
        this.#args.space();
        return not(this.#key(depth + 1));
      case 'OR': {
        this.#args.space();
        const first = this.#key(depth + 1);
        this.#args.space();
        return { kind: 'or', of: [first, this.#key(depth + 1)] };
      }
      case 'KEYWORD':
      case 'UNKEYWORD': {
        this.#args.space();
        const criterion: Criterion = { kind: 'flag', name: this.#args.flag() };
        return word === 'KEYWORD' ? criterion : not(criterion);
      }
      case 'OLDER':
      case 'YOUNGER': {
        // RFC 5032: seconds before now.
        this.#args.space();
        const instant = this.#now - this.#args.nzNumber() * 1000;
        return word === 'OLDER'
          ? { kind: 'internal-date', until: instant + 1 }
          : { kind: 'internal-date', from: instant };
      }
      case 'LARGER':
      case 'SMALLER':
        this.#args.space();
        return { kind: word === 'LARGER' ? 'larger' : 'smaller', octets: this.#args.number64() };
      case 'SUBJECT':
        return { kind: 'subject', text: this.#string() };
      case 'BODY':
        return { kind: 'body', text: this.#string() };
      case 'TEXT':
        return { kind: 'text', text: this.#string() };
      case 'HEADER': {
        this.#args.space();
        const name = this.#args.astring();
        return { kind: 'header', name, text: this.#string() };
      }
      case 'UID': {
        this.#args.space();
        const set = this.#args.sequenceSet();
        return { kind: 'uids', uids: this.#mailbox.uidSet(this.#mailbox.existing(set, true)) };
      }
      case 'EMAILID':
      case 'THREADID': {
        this.#args.space();
        const objectId = this.#args.atom();
        return word === 'EMAILID'
          ? { kind: 'email-id', id: numberOf('M', objectId) }
          : { kind: 'thread-id', id: numberOf('T', objectId) };
      }
      case 'SAVEDATESUPPORTED':
        return { kind: 'all' };
      case 'MODSEQ':
        return this.#modseq();
      default:
        return this.#date(word);
    }
  }

  #date(word: string): Criterion {
    const match = /^(SENT|SAVED)?(BEFORE|ON|SINCE)$/.exec(word);
    if (match === null) return this.#args.fail(`${word.slice(0, 40)} is no criterion; it stands before this,`);
    this.#args.space();
    const day = this.#args.date();
    const kind = match[1] === undefined ? 'internal-date' : match[1] === 'SENT' ? 'sent-date' : 'save-date';
    if (match[2] === 'BEFORE') return { kind, until: day };
    return match[2] === 'SINCE' ? { kind, from: day } : { kind, from: day, until: day + DAY };
  }

  /** `MODSEQ ["entry" type] modseq`: the only entries are flags, which share one modseq. */
  #modseq(): Criterion {
    const args = this.#args;
    args.space();
    if (args.peek() === '"') {
      if (!args.string().toLowerCase().startsWith('/flags/')) args.fail('the entry before this is unknown,');
      args.space();
      if (!['priv', 'shared', 'all'].includes(args.atom().toLowerCase())) args.fail('the type before this is unknown,');
      args.space();
    }
    this.modseq = true;
    return { kind: 'modseq', modseq: args.number64() };
  }

  #sequence(): Criterion {
    const set = this.#args.sequenceSet();
    if (this.#uidOnly && set !== SAVED) throw new Refusal('BAD', 'UIDREQUIRED', NUMBERS_OFF);
    return { kind: 'uids', uids: this.#mailbox.uidSet(this.#mailbox.existing(set, false)) };
  }

  #recent(): Criterion {
    const uids: UidSet = this.#mailbox.recentSet();
    return { kind: 'uids', uids };
  }

  #string(): string {
    this.#args.space();
    const text = this.#args.astring();
    if (/^[\x00-\x7f]*$/.test(text)) return text;
    // RFC 3501 §6.4.4: without CHARSET strings are US-ASCII; clients send UTF-8 without saying so.
    try {
      return new TextDecoder(this.#charset === 'US-ASCII' ? 'utf-8' : this.#charset, { fatal: true }).decode(
        Buffer.from(text, 'latin1'),
      );
    } catch {
      throw new Refusal('NO', 'BADCHARSET (UTF-8)', 'The string is not of this charset.');
    }
  }
}

function not(of: Criterion): Criterion {
  return { kind: 'not', of };
}
