/**
 * The terms of one message for the search index. Octets in, terms out.
 * Elsewhere: words (search-words.ts), texts (message-text.ts), who writes them (search-worker.ts) and who looks whether they are
 * there (src/administration/verification.ts).
 */
import type { IndexedMessage } from '../../storage/search.ts';
import { scanMessage } from './message-structure.ts';
import { bodyText, fieldText } from './message-text.ts';
import { addTerms, FIELD_LETTERS } from './search-words.ts';

/** Characters of a message's text that are indexed; the rest is read when somebody asks. */
const INDEXED_TEXT = 1_000_000;

export function termsOf(id: number, octets: Buffer): IndexedMessage {
  const message = scanMessage(octets);
  const terms = new Set<string>();
  for (const field of ['subject', 'from', 'to', 'cc', 'bcc'] as const)
    addTerms(terms, FIELD_LETTERS[field], fieldText(message.header, field));
  const body = bodyText(octets, message);
  addTerms(terms, FIELD_LETTERS.body, body.slice(0, INDEXED_TEXT));
  return { id, terms, partial: body.length > INDEXED_TEXT };
}
