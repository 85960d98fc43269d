/**
 * How texts are compared in searches of address books.
 * RFC 6352 §8.3; RFC 4790 §9.2 (i;ascii-casemap), §9.3 (i;octet); RFC 5051 (i;unicode-casemap). Pure.
 */

export const COLLATIONS = ['i;ascii-casemap', 'i;octet', 'i;unicode-casemap'] as const;
export type Collation = (typeof COLLATIONS)[number];

export function isCollation(name: string): name is Collation {
  return (COLLATIONS as readonly string[]).includes(name);
}

/** The key of a text: two texts are equal, or one is part of the other, exactly when their keys are. */
export const COLLATION_KEYS: Record<Collation, (text: string) => string> = {
  'i;octet': (text) => text,
  'i;ascii-casemap': (text) => (NOT_ASCII.test(text) ? text.replace(/[a-z]+/g, upper) : text.toUpperCase()),
  'i;unicode-casemap': (text) => (NOT_ASCII.test(text) ? casemap(text) : text.toUpperCase()),
};

const NOT_ASCII = /[^\x00-\x7f]/;

function upper(text: string): string {
  return text.toUpperCase();
}

/** RFC 5051 §2: the titlecase of each character, then compatibility decomposition. */
function casemap(text: string): string {
  let mapped = '';
  for (const character of text) mapped += character < '\x80' ? character.toUpperCase() : titlecase(character);
  return mapped.normalize('NFKD');
}

/** Digraphs have a titlecase of their own, between the capital and the small letter: each stands in the middle of three. */
const DIGRAPHS = new Map(
  ['Ǆǅǆ', 'Ǉǈǉ', 'Ǌǋǌ', 'Ǳǲǳ'].flatMap((three) => [...three].map((one) => [one, three[1] as string] as const)),
);

function titlecase(character: string): string {
  const digraph = DIGRAPHS.get(character);
  if (digraph !== undefined) return digraph;
  const mapped = character.toUpperCase();
  // Only single characters map to each other (UnicodeData); 'ß' has no titlecase there and stays.
  if (mapped.length <= 2 && [...mapped].length === 1) return mapped;
  const code = character.codePointAt(0) as number;
  // Greek with iota subscript has one, which JavaScript has no word for: the capital letter keeps the subscript.
  if (code < 0x1f80 || code > 0x1ffc) return character;
  const [base = '', ...marks] = character.normalize('NFD');
  return base.toUpperCase() + marks.join('');
}
