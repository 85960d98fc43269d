/**
 * Calendar user addresses in the one form they are compared in.
 * RFC 5545 §3.3.3 (CAL-ADDRESS), RFC 6638 §2.4.1 (a principal has several). Pure.
 * Elsewhere: whose an address is (src/scheduling/calendar-user.ts).
 */

/** What stands for a principal that is named by its path, which ends in its name. */
export const PRINCIPAL = 'principal:';

/** An address in the one form it is compared in: `user@example.org`, `principal:name`, or the folded URI. */
export function foldCalendarUser(address: string): string {
  const folded = address.trim().toLowerCase();
  if (folded.startsWith('mailto:')) return decoded(folded.slice('mailto:'.length).replace(/\?.*$/s, '')).trim();
  const path = /^(?:https?:\/\/[^/]*)?\/(?:[^?#]*\/)?principals\/(?:[^/?#]+\/)*?([^/?#]+)\/?$/.exec(folded);
  return path === null ? folded : PRINCIPAL + decoded(path[1] ?? '');
}

function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
