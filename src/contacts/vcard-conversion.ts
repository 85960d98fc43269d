/**
 * A card in the other version: 4.0 for readers of 3.0 and the other way round.
 * RFC 6352 §5.1.1 and §10.4; RFC 2426 and RFC 6350 property by property, RFC 6350 Appendix A for what went and came.
 * A card is stored as received and converted each time it is asked for, so nothing may get lost: what the other version has
 * no word for keeps its name, which both grammars allow. One property becomes one property wherever possible, for a client
 * that writes a converted card back must not leave two versions of one fact. Messengers (IMPP, X-JABBER …) therefore stay as
 * they are: readers of both versions know both.
 * Elsewhere: each direction (vcard-to-3.ts, vcard-to-4.ts), single values (vcard-values.ts).
 */
import { parseVCard, printVCard } from './vcard.ts';
import { toVersion3 } from './vcard-to-3.ts';
import { toVersion4 } from './vcard-to-4.ts';
import type { VCardVersion } from './vcard-validation.ts';

/**
 * The card in the version asked for: the same octets when it is in that version already.
 * @param stored the version of `octets`, known since it was stored
 */
export function convertVCard(octets: string, stored: string, asked: VCardVersion): string {
  if (stored === asked) return octets;
  const card = parseVCard(octets);
  return printVCard(asked === '3.0' ? toVersion3(card) : toVersion4(card));
}
