/**
 * Whose a calendar user address is. RFC 6638 §2.4.1 (a principal has several).
 * Elsewhere: which addresses a principal has (src/principals/principals.ts).
 */
import { foldCalendarUser, PRINCIPAL } from '../calendar/calendar-user-address.ts';
import type { Principal } from '../principals/access.ts';

/** Whether an address is one of the principal's. */
export function isCalendarUser(principal: Principal, address: string): boolean {
  return isFoldedUser(principal, foldCalendarUser(address));
}

export function isFoldedUser(principal: Principal, folded: string): boolean {
  return foldedUsersOf(principal).includes(folded);
}

/** All folded addresses of a principal. */
export function foldedUsersOf({ addresses, name, uuid }: Principal): string[] {
  return [...addresses, PRINCIPAL + name, `urn:uuid:${uuid.toLowerCase()}`];
}

/** How a folded address is looked up: by mail address, or by the name of a principal. */
export function lookupOf(folded: string): { address: string } | { name: string } | undefined {
  if (folded.startsWith(PRINCIPAL)) return { name: folded.slice(PRINCIPAL.length) };
  return /^[^@\s]+@[^@\s]+$/.test(folded) ? { address: folded } : undefined;
}
