/**
 * The thread that looks for texts in messages: asks the index where it can tell, reads messages where it cannot, and indexes
 * what came while nobody asks.
 * RFC 9051 §6.4.4.
 * Elsewhere: the questions (text-search.ts), texts (message-text.ts), words (search-words.ts), the index (storage/search.ts).
 */
import { MessageReader } from '../../storage/message-reader.ts';
import { type IndexedMessage, SearchIndex } from '../../storage/search.ts';
import { serve, startData } from '../workers.ts';
import { readHeader } from './header-fields.ts';
import { scanMessage } from './message-structure.ts';
import { bodyText, fieldText, foldText, matchesHeader, matchesText, type TextCriterion } from './message-text.ts';
import { addTerms, FIELD_LETTERS, indexedField, runsOf } from './search-words.ts';

/** What the thread starts with. */
export interface SearchStart {
  readonly folder: string;
  readonly boot: number;
  readonly newest: { readonly boot: number; readonly messageId: number };
}

export type SearchQuestion =
  /** Which of these messages match? Answered by one octet for each, 1 for yes. */
  | { readonly kind: 'match'; readonly criterion: TextCriterion; readonly messageIds: Float64Array }
  /** Index what came; answered at once by the last message that is in the index. */
  | { readonly kind: 'index' };

/** Messages indexed in one go: a question waits for no more than these. */
const INDEXED_AT_ONCE = 25;
/** Characters of a message's text that are indexed; the rest is read when somebody asks. */
const INDEXED_TEXT = 1_000_000;
/** Where so many messages wait for the index, it is brought up to date before bodies are searched. */
const MANY = 200;
/** A text that is part of more words than this says nothing that helps. */
const MAX_TERMS = 20_000;
/** Octets read to find the end of a header; the whole message if it is not among them. */
const HEADER_OCTETS = 16 * 1024;

const start = startData<SearchStart>();
const reader = new MessageReader(start.folder);
const index = new SearchIndex(start.folder, start.boot, start.newest);
let indexing = false;

serve(
  (question: SearchQuestion) => {
    if (question.kind === 'match') return match(question.criterion, question.messageIds);
    indexing = true;
    return index.lastId;
  },
  () => {
    if (indexing) indexing = indexSome();
    return indexing;
  },
  () => {
    reader.close();
    index.close();
  },
);

function match(criterion: TextCriterion, messageIds: Float64Array): Uint8Array {
  const needle = foldText(criterion.text);
  const matches = new Uint8Array(messageIds.length);
  if (needle === '' && criterion.kind !== 'header') return matches.fill(1);
  const field = indexedField(criterion);
  const readsBodies = criterion.kind === 'body' || criterion.kind === 'text';
  if (readsBodies) catchUp(messageIds);
  if (field !== undefined) decide(criterion, needle, FIELD_LETTERS[field], messageIds, matches);
  else if (criterion.kind === 'text') {
    scan(messageIds, matches, (octets) => matchesHeader(readHeader(octets, 0, octets.length), criterion, needle), true);
    const rest = messageIds.filter((_, at) => matches[at] === 0);
    const inBodies = new Uint8Array(rest.length);
    decide({ kind: 'body', text: criterion.text }, needle, FIELD_LETTERS.body, rest, inBodies);
    let next = 0;
    for (let at = 0; at < matches.length; at++) if (matches[at] === 0) matches[at] = inBodies[next++] as number;
  } else
    scan(messageIds, matches, (octets) => matchesHeader(readHeader(octets, 0, octets.length), criterion, needle), true);
  return matches;
}

/** Reads or asks the index, for a criterion that one field decides. */
function decide(
  criterion: TextCriterion,
  needle: string,
  letter: string,
  messageIds: Float64Array,
  matches: Uint8Array,
): void {
  const { runs, exact } = runsOf(needle);
  const candidates = candidatesOf(letter, runs);
  const unsure = letter === FIELD_LETTERS.body ? index.partial() : new Set<number>();
  const read = (at: number): boolean => {
    const id = messageIds[at] as number;
    if (id > index.lastId || unsure.has(id) || candidates === undefined) return true;
    if (!candidates.has(id)) return false;
    if (exact) matches[at] = 1;
    return !exact;
  };
  const header = criterion.kind !== 'body';
  const test = (octets: Buffer) =>
    header
      ? matchesHeader(readHeader(octets, 0, octets.length), criterion, needle)
      : matchesText(octets, criterion, needle);
  scan(messageIds, matches, test, header, read);
}

/** Ids of indexed messages that may match; undefined when the index cannot tell. */
function candidatesOf(letter: string, runs: readonly string[]): Set<number> | undefined {
  let candidates: Set<number> | undefined;
  for (const run of runs) {
    const terms = index.termsWith(letter, run, MAX_TERMS);
    if (terms === undefined) continue;
    const having = index.withAny(terms, 0, index.lastId);
    candidates = candidates === undefined ? having : intersection(candidates, having);
    if (candidates.size === 0) break;
  }
  return candidates;
}

function intersection(a: Set<number>, b: Set<number>): Set<number> {
  return new Set([...a].filter((id) => b.has(id)));
}

/** Reads the messages that `read` names, and notes which of them pass the test. A message that is gone does not. */
function scan(
  messageIds: Float64Array,
  matches: Uint8Array,
  test: (octets: Buffer) => boolean,
  header: boolean,
  read: (at: number) => boolean = () => true,
): void {
  for (let at = 0; at < messageIds.length; at++) {
    if (!read(at)) continue;
    const id = messageIds[at] as number;
    const octets = header ? headerOf(id) : reader.octets(id);
    matches[at] = octets !== undefined && test(octets) ? 1 : 0;
  }
}

/** A message up to the end of its header, or more. */
function headerOf(id: number): Buffer | undefined {
  const octets = reader.octets(id, HEADER_OCTETS);
  if (octets === undefined || octets.length < HEADER_OCTETS) return octets;
  return readHeader(octets, 0, octets.length).emptyLine < octets.length ? octets : reader.octets(id);
}

/** Indexes everything when too many of these messages are not in the index: reading them costs as much, each time. */
function catchUp(messageIds: Float64Array): void {
  let missing = 0;
  for (const id of messageIds) if (id > index.lastId) missing++;
  if (missing > MANY) while (indexSome());
}

/** Indexes the next messages; false when there are no more. */
function indexSome(): boolean {
  const ids = reader.idsAfter(index.lastId, INDEXED_AT_ONCE);
  const last = ids.at(-1);
  if (last === undefined) return false;
  const messages: IndexedMessage[] = [];
  for (const id of ids) {
    const octets = reader.octets(id);
    if (octets !== undefined) messages.push(termsOf(id, octets));
  }
  index.add(messages, last);
  return ids.length === INDEXED_AT_ONCE;
}

function termsOf(id: number, octets: Buffer): IndexedMessage {
  const message = scanMessage(octets);
  const terms = new Set<string>();
  for (const field of ['subject', 'from', 'to', 'cc', 'bcc'] as const)
    addTerms(terms, FIELD_LETTERS[field], fieldText(message.header, field));
  const body = bodyText(octets, message);
  addTerms(terms, FIELD_LETTERS.body, body.slice(0, INDEXED_TEXT));
  return { id, terms, partial: body.length > INDEXED_TEXT };
}
