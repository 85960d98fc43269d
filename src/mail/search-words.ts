/**
 * The words of the search index, and which of them a text that is searched for could be part of. Pure.
 * Folded text in, terms out: a letter for the field, then the word. A message contains a text only if for each run of letters and
 * digits in the text it has a term that contains this run; if the text is one such run, that is enough.
 * Elsewhere: folding and fields (message-text.ts), the table of terms (storage/search.ts).
 */
import type { TextCriterion, TextField } from './message-text.ts';

/** The letter of each field. BODY has its own; TEXT and HEADER look at headers, which are not indexed as a whole. */
export const FIELD_LETTERS: Readonly<Record<TextField | 'body', string>> = {
  subject: 's',
  from: 'f',
  to: 't',
  cc: 'c',
  bcc: 'x',
  body: 'b',
};

/** A longer word is kept as pieces that overlap by half, so that every run of this half is inside one of them. */
const PIECE = 48;
export const LONGEST_RUN = PIECE / 2;

const WORD = /[\p{L}\p{N}\p{M}]+/gu;

/** Adds the terms of a folded text to a set. */
export function addTerms(terms: Set<string>, letter: string, text: string): void {
  for (const [word] of text.matchAll(WORD)) {
    if (word.length <= PIECE) terms.add(letter + word);
    else for (let at = 0; at < word.length - LONGEST_RUN; at += LONGEST_RUN) terms.add(letter + piece(word, at));
  }
}

/** A piece of a word that splits no pair of surrogates: it may be a little longer. */
function piece(word: string, at: number): string {
  const start = isLow(word, at) ? at - 1 : at;
  const end = at + PIECE;
  return word.slice(start, isLow(word, end) ? end + 1 : end);
}

function isLow(word: string, at: number): boolean {
  const code = word.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff;
}

/** What the index can say about a text. */
export interface Runs {
  /** Each is part of a term of every message that contains the text. */
  readonly runs: readonly string[];
  /** Having such terms is all there is to it. */
  readonly exact: boolean;
}

/** @param needle folded */
export function runsOf(needle: string): Runs {
  const words = [...needle.matchAll(WORD)].map(([word]) => word);
  const runs = words.map((word) => (word.length <= LONGEST_RUN ? word : shortened(word)));
  // The longest is likely the rarest.
  runs.sort((a, b) => b.length - a.length);
  return { runs, exact: runs.length === 1 && runs[0] === needle };
}

function shortened(word: string): string {
  return word.slice(0, isLow(word, LONGEST_RUN) ? LONGEST_RUN - 1 : LONGEST_RUN);
}

/** The field of the index that decides a criterion; undefined when headers must be read. */
export function indexedField(criterion: TextCriterion): TextField | 'body' | undefined {
  if (criterion.kind === 'subject' || criterion.kind === 'body') return criterion.kind;
  return criterion.kind === 'address' ? criterion.field : undefined;
}
