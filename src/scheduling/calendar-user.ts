/**
 * Calendar user addresses: comparing them, and telling whose they are.
 * RFC 5545 §3.3.3 (CAL-ADDRESS), RFC 6638 §2.4.1 (a principal has several).
 * Addresses in, one folded form out, in which two spellings of one address are equal.
 * Elsewhere: which addresses a principal has (src/principals/principals.ts).
 */
import type { Principal } from '../principals/access.ts';

/** What stands for a principal that is named by its path, which ends in its name. */
const PRINCIPAL = 'principal:';

/** An address in the one form it is compared in: `user@example.org`, `principal:name`, or the folded URI. */
export function foldCalendarUser(address: string): string {
  const folded = address.trim().toLowerCase();
  if (folded.startsWith('mailto:')) return decoded(folded.slice('mailto:'.length).replace(/\?.*$/s, '')).trim();
  const path = /^(?:https?:\/\/[^/]*)?\/(?:[^?#]*\/)?principals\/(?:[^/?#]+\/)*?([^/?#]+)\/?$/.exec(folded);
  return path === null ? folded : PRINCIPAL + decoded(path[1] ?? '');
}

/** Whether an address is one of the principal's. */
export function isCalendarUser(principal: Principal, address: string): boolean {
  return isFoldedUser(principal, foldCalendarUser(address));
}

export function isFoldedUser(principal: Principal, folded: string): boolean {
  if (principal.addresses.includes(folded) || folded === PRINCIPAL + principal.name) return true;
  return folded === `urn:uuid:${principal.uuid.toLowerCase()}`;
}

/** How a folded address is looked up: by mail address, or by the name of a principal. */
export function lookupOf(folded: string): { address: string } | { name: string } | undefined {
  if (folded.startsWith(PRINCIPAL)) return { name: folded.slice(PRINCIPAL.length) };
  return /^[^@\s]+@[^@\s]+$/.test(folded) ? { address: folded } : undefined;
}

function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
