/**
 * The collations of text-match, for calendars and address books.
 * RFC 4790 §9.2 (i;ascii-casemap), §9.3 (i;octet), RFC 5051 (i;unicode-casemap); RFC 4791 §7.5, RFC 6352 §8.3.
 * Matching is plain: folded text compared by code unit, never a pattern.
 */
import { DomainError } from '../errors.ts';

export type Collation = 'i;ascii-casemap' | 'i;octet' | 'i;unicode-casemap';

/** What supported-collation-set lists. */
export const COLLATIONS: readonly Collation[] = ['i;ascii-casemap', 'i;octet', 'i;unicode-casemap'];

/**
 * The collation of that name; 'default' and none mean `fallback`.
 * @throws DomainError unsupported-collation
 */
export function collationOf(name: string | undefined, fallback: Collation): Collation {
  if (name === undefined || name === 'default') return fallback;
  const found = COLLATIONS.find((collation) => collation === name);
  if (!found)
    throw new DomainError(
      'unsupported-collation',
      `The collation ${JSON.stringify(name.slice(0, 60))} is not supported.`,
    );
  return found;
}

// Nearly all text that is searched; folding it this way gives the same and costs a tenth.
const ASCII = /^[\x00-\x7f]*$/;

/** Text as the collation compares it: equal strings after folding are equal text. */
export function fold(text: string, collation: Collation): string {
  if (collation === 'i;unicode-casemap' && ASCII.test(text)) return text.toLowerCase();
  switch (collation) {
    case 'i;octet':
      return text;
    case 'i;ascii-casemap':
      return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
    case 'i;unicode-casemap':
      // RFC 5051 §2: titlecase, then compatibility decomposition; lower case after upper joins what titlecase would.
      // The small sigma at the end of a word is the same letter.
      return text.toUpperCase().toLowerCase().replaceAll('ς', 'σ').normalize('NFKD');
  }
}

/** Whether a text holds another as a substring, equal under the collation. */
export function contains(text: string, part: string, collation: Collation): boolean {
  return fold(text, collation).includes(fold(part, collation));
}
