/**
 * What a header says about a message's place among others: its id, its ancestors, who wrote it, how far it came.
 * RFC 5322 §3.6.2 and §3.6.4, RFC 5256 §3 (which ids THREAD=REFERENCES compares), RFC 5321 §6.3 (Received).
 * Header fields in, normalised values out.
 * Elsewhere: the algorithm of THREAD (message-search.ts), subjects (base-subject.ts), dates (sent-date.ts).
 */
import { type Address, parseAddresses } from './address-list.ts';
import { decodeHeaderText } from './encoded-words.ts';
import type { HeaderFields } from './header-fields.ts';

/** Ancestors kept of a longer list: the oldest one, and the nearest. */
const MAX_REFERENCES = 200;

/** The first message id of Message-ID, without brackets; null when it has none. */
export function messageIdOf(header: HeaderFields): string | null {
  return messageIds(header.get('message-id') ?? '')[0] ?? null;
}

/** Ids of ancestors, oldest first: of References or, if it has none, the first of In-Reply-To (RFC 5256 §3). */
export function referencesOf(header: HeaderFields): string[] {
  const ids = messageIds(header.all('references').join(' '));
  if (ids.length === 0) return messageIds(header.get('in-reply-to') ?? '').slice(0, 1);
  return ids.length > MAX_REFERENCES ? [ids[0] as string, ...ids.slice(1 - MAX_REFERENCES)] : ids;
}

/** The ids in `<…>`, without white space, a quoted left side unquoted (RFC 5256 §3: both forms name one message). */
function messageIds(value: string): string[] {
  const ids: string[] = [];
  for (const [, text] of value.matchAll(/<([^<>]*)>/g)) {
    const id = (text as string).replace(/\s+/g, '').replace(/^"((?:[^"\\]|\\.)*)"@/, (_, local: string) => {
      return `${local.replace(/\\(.)/g, '$1')}@`;
    });
    if (id !== '') ids.push(id);
  }
  return ids;
}

/** How many hops a message has behind it: its Received fields (RFC 5321 §6.3 counts them to find loops). */
export function receivedCount(header: HeaderFields): number {
  return header.countOf('received');
}

/** The addresses of all fields with a name (in lower case), markers of groups included. */
export function addressesOf(header: HeaderFields, name: string): Address[] {
  return header.all(name).flatMap((value) => parseAddresses(value));
}

/**
 * The decoded addresses of all fields with a name (in lower case) as one text, each `Name <local@domain>`: what SEARCH FROM
 * and its like look into, because a search names the address and not the comments and quotes around it (RFC 9051 §6.4.4).
 */
export function addressText(header: HeaderFields, name: string): string {
  return addressesOf(header, name)
    .filter(({ mailbox }) => mailbox !== null)
    .map(({ name: displayName, mailbox, host }) => {
      const address = host ? `${mailbox}@${host}` : (mailbox ?? '');
      return decodeHeaderText(displayName ? `${displayName} <${address}>` : address);
    })
    .join(', ');
}

/** `local@domain` of each author in From, as written; in a message that obeys RFC 5322 §3.6.2 there is at least one. */
export function fromAddresses(header: HeaderFields): string[] {
  return addressesOf(header, 'from')
    .filter(({ mailbox, host }) => mailbox && host)
    .map(({ mailbox, host }) => `${mailbox}@${host}`);
}

/** The decoded texts of all fields with a name (in lower case), for searching: each is one line of Unicode. */
export function headerTexts(header: HeaderFields, name: string): string[] {
  return header.all(name).map(decodeHeaderText);
}

/** The decoded subject; null when there is none. */
export function subjectOf(header: HeaderFields): string | null {
  const value = header.get('subject');
  return value === null ? null : decodeHeaderText(value);
}
