/**
 * SEARCH: criteria as a typed tree, and which messages of a view match.
 * RFC 9051 §6.4.4, RFC 3501 §6.4.4. Strings match as substrings after case folding, in any charset.
 * Elsewhere: the syntax of criteria and sequence numbers (protocols/imap), which give UIDs to this file.
 */
import type { Store } from '../../storage/store.ts';
import type { MailboxView } from './mailbox-view.ts';
import type { MailboxViews } from './mailbox-views.ts';
import type { UidSet } from './uid-set.ts';

/** Fields of a header that have their own criteria. */
export type AddressField = 'from' | 'to' | 'cc' | 'bcc';

export type Criterion =
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Criterion[] }
  | { readonly kind: 'not'; readonly of: Criterion }
  /** Has a flag or keyword, as clients write it. */
  | { readonly kind: 'flag'; readonly name: string }
  /** Belongs to these UIDs: also what sequence numbers, \Recent and SEARCHRES become. */
  | { readonly kind: 'uids'; readonly uids: UidSet }
  | { readonly kind: 'larger' | 'smaller'; readonly octets: number }
  /** Internal date, or the day written in Date, in [from, until), each given as midnight UTC of a day or open. */
  | { readonly kind: 'internal-date' | 'sent-date'; readonly from?: number; readonly until?: number }
  /** The subject contains a text. */
  | { readonly kind: 'subject'; readonly text: string }
  | { readonly kind: 'address'; readonly field: AddressField; readonly text: string }
  /** A field of this name, in any case, contains a text; '' when it is only to be there. */
  | { readonly kind: 'header'; readonly name: string; readonly text: string }
  | { readonly kind: 'body'; readonly text: string }
  /** Header or body contains a text. */
  | { readonly kind: 'text'; readonly text: string }
  /** MODSEQ at least this (RFC 7162 §3.1.5). */
  | { readonly kind: 'modseq'; readonly modseq: number };

export class MessageSearch {
  protected readonly store: Store;
  protected readonly views: MailboxViews;

  constructor(store: Store, views: MailboxViews) {
    this.store = store;
    this.views = views;
  }

  /** The UIDs of all matching messages of a view, ascending. What came or went meanwhile may be in it or not. */
  search(_view: MailboxView, _criterion: Criterion): Promise<Uint32Array> {
    throw new Error('not yet');
  }
}
