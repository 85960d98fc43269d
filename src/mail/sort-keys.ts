/**
 * What SORT and THREAD compare of a message: read off its finished ENVELOPE when first asked for, and kept for as long as others
 * are not asked for more often.
 * RFC 5256 §2.1 (base subject), §2.2 (sent date), §3 (SORT), RFC 5957 §3 (display names). RFC 5051 decides the order of texts.
 * Elsewhere: sorting (message-sort.ts), threads (threads.ts), the same date for SEARCH (message-search.ts).
 */
import { setImmediate as yieldOnce } from 'node:timers/promises';
import type { Store } from '../../storage/store.ts';
import { fold } from '../collections/collation.ts';
import { baseSubjectOf } from './base-subject.ts';
import { decodeHeaderText } from './encoded-words.ts';
import { parseSentDate } from './sent-date.ts';

/** Texts are folded, and made so that `<` orders them by code point. */
export interface SortKeys {
  /** Internal date in whole seconds, as FETCH tells it, in milliseconds. */
  readonly arrival: number;
  readonly size: number;
  /** Of the Date field, or the arrival where it tells none. */
  readonly sent: number;
  /** The day the Date field names, as midnight UTC; NaN where it tells none. */
  readonly sentDay: number;
  readonly subject: string;
  /** Is the subject that of a reply or a forward? */
  readonly reply: boolean;
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  readonly displayFrom: string;
  readonly displayTo: string;
}

const PAGE = 500;
/** Some hundred octets each. */
const KEPT = 100_000;

export class SortKeyReader {
  private readonly store: Store;
  /** In the order they were read. */
  private readonly known = new Map<number, SortKeys>();

  constructor(store: Store) {
    this.store = store;
  }

  /** Of each message, in the same order; of one that is gone undefined. */
  async keysOf(messageIds: Float64Array): Promise<(SortKeys | undefined)[]> {
    const keys = new Array<SortKeys | undefined>(messageIds.length);
    for (let from = 0; from < messageIds.length; from += PAGE) {
      const page = messageIds.subarray(from, from + PAGE);
      const missing = page.filter((id) => !this.known.has(id));
      if (missing.length > 0) {
        for (const [id, summary] of await this.store.messages.summariesOf([...missing]))
          this.known.set(id, sortKeysOf(summary));
        await yieldOnce();
      }
      for (const [at, id] of page.entries()) keys[from + at] = this.known.get(id);
    }
    for (const oldest of this.known.keys()) {
      if (this.known.size <= KEPT) break;
      this.known.delete(oldest);
    }
    return keys;
  }
}

/** The keys of a message by its stored `INTERNALDATE "…" RFC822.SIZE n ENVELOPE (…)`. */
export function sortKeysOf(summary: string): SortKeys {
  const reader = new SummaryReader(summary);
  const arrival = Date.parse(reader.after('INTERNALDATE "').slice(0, 26).replaceAll('-', ' ').trim());
  const size = Number.parseInt(reader.after('" RFC822.SIZE '), 10);
  reader.after('ENVELOPE (');
  const date = parseSentDate(reader.string() ?? '');
  const { text: subject, reply } = baseSubjectOf(decodeHeaderText(reader.string() ?? ''));
  const from = reader.firstAddress();
  // Sender and Reply-To.
  reader.firstAddress();
  reader.firstAddress();
  const to = reader.firstAddress();
  const cc = reader.firstAddress();
  return {
    arrival,
    size,
    sent: date?.time ?? arrival,
    sentDay: date?.day ?? Number.NaN,
    subject: orderable(subject),
    reply,
    from: orderable(from.mailbox),
    to: orderable(to.mailbox),
    cc: orderable(cc.mailbox),
    displayFrom: orderable(displayOf(from)),
    displayTo: orderable(displayOf(to)),
  };
}

interface FirstAddress {
  readonly name: string;
  readonly mailbox: string;
  readonly host: string;
}

const NOBODY: FirstAddress = { name: '', mailbox: '', host: '' };

/** RFC 5957 §3. */
function displayOf({ name, mailbox, host }: FirstAddress): string {
  return decodeHeaderText(name) || (host === '' ? mailbox : `${mailbox}@${host}`);
}

/** Folded, with code units in the order of code points: surrogates, which stand for the highest, behind all others. */
function orderable(text: string): string {
  // RFC 5051 §2 orders by title case: `[` and `_` come behind the letters.
  const folded = fold(text, 'i;unicode-casemap').toUpperCase();
  if (!/[\ud800-\uffff]/.test(folded)) return folded;
  return folded.replace(/[\ud800-\uffff]/g, (unit) => {
    const code = unit.charCodeAt(0);
    return String.fromCharCode(code < 0xe000 ? code + 0x2000 : code - 0x800);
  });
}

/** Reads the strings of a stored ENVELOPE, which are all quoted (fetch-strings.ts). */
class SummaryReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Goes behind the next occurrence of `mark`, and returns some of what follows. */
  after(mark: string): string {
    this.#at = this.#text.indexOf(mark, this.#at) + mark.length;
    return this.#text.slice(this.#at, this.#at + 32);
  }

  /** The next nstring, and the space behind it. */
  string(): string | null {
    if (this.#text[this.#at] !== '"') {
      this.#at += 'NIL '.length;
      return null;
    }
    const start = ++this.#at;
    while (this.#text[this.#at] !== '"') this.#at += this.#text[this.#at] === '\\' ? 2 : 1;
    const text = this.#text.slice(start, this.#at);
    this.#at += 2;
    return text.includes('\\') ? text.replace(/\\(.)/g, '$1') : text;
  }

  /** The first address of the next list, and the list passed over with the space behind it. */
  firstAddress(): FirstAddress {
    if (this.#text[this.#at] !== '(') {
      this.#at += 'NIL '.length;
      return NOBODY;
    }
    this.#at += 2;
    const name = this.string() ?? '';
    this.string();
    const mailbox = this.string() ?? '';
    const host = this.string() ?? '';
    while (this.#text[this.#at] === '(') {
      this.#at++;
      for (let strings = 0; strings < 4; strings++) this.string();
    }
    // Behind the last address, `) ` ends the list.
    this.#at += 2;
    return { name, mailbox, host };
  }
}
