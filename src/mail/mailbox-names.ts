/**
 * Names of mailboxes: decoded Unicode text, '/' between levels, INBOX in any case.
 * RFC 9051 §5.1 and §6.3.4, RFC 3501 §5.1, RFC 6154 §2 (special uses). Pure.
 * Elsewhere: modified UTF-7 and quoting (protocols/imap/grammar.ts).
 */
import { DomainError } from '../errors.ts';

export const DELIMITER = '/';
export const INBOX = 'INBOX';

/** Octets of a name in UTF-8, of one level of it, and levels. */
export const MAX_NAME_OCTETS = 1_000;
export const MAX_LEVEL_OCTETS = 255;
export const MAX_LEVELS = 40;

/** RFC 6154 §2; one mailbox for each at most. \All and \Flagged are views that Convene does not offer. */
export type SpecialUse = '\\Archive' | '\\Drafts' | '\\Junk' | '\\Sent' | '\\Trash';
export const SPECIAL_USES: readonly SpecialUse[] = ['\\Archive', '\\Drafts', '\\Junk', '\\Sent', '\\Trash'];

/** The special use of that name in any case; undefined for an unknown one. */
export function specialUseOf(name: string): SpecialUse | undefined {
  return SPECIAL_USES.find((use) => use.toLowerCase() === name.toLowerCase());
}

/** The name as it is stored: INBOX in upper case as the first level (RFC 9051 §5.1). Accepts any text. */
export function canonicalName(name: string): string {
  return /^inbox(\/|$)/i.test(name) ? INBOX + name.slice(INBOX.length) : name;
}

/**
 * The name of a mailbox to be made, canonical, without a delimiter at the end (RFC 9051 §6.3.4).
 * @throws DomainError invalid-data: empty levels, controls, the wildcards of LIST, `.` or `..` as a level (programs that
 *   mirror mailboxes as folders would leave their own), too long, too deep
 */
export function parseNewName(text: string): string {
  const name = canonicalName(text.endsWith(DELIMITER) ? text.slice(0, -1) : text);
  const levels = name.split(DELIMITER, MAX_LEVELS + 1);
  if (levels.length > MAX_LEVELS || Buffer.byteLength(name) > MAX_NAME_OCTETS)
    throw new DomainError(
      'invalid-data',
      `A mailbox name has at most ${MAX_NAME_OCTETS} octets and ${MAX_LEVELS} levels.`,
    );
  if (/[\p{Cc}\p{Cs}\u2028\u2029*%]/u.test(name))
    throw new DomainError('invalid-data', 'A mailbox name cannot hold control characters, * or %.');
  for (const level of levels) {
    if (level === '' || level === '.' || level === '..')
      throw new DomainError('invalid-data', 'No level of a mailbox name can be empty, "." or "..".');
    if (Buffer.byteLength(level) > MAX_LEVEL_OCTETS)
      throw new DomainError('invalid-data', `A level of a mailbox name has at most ${MAX_LEVEL_OCTETS} octets.`);
  }
  return name;
}

/** The names above a name, the outermost first. */
export function parentsOf(name: string): string[] {
  const levels = name.split(DELIMITER);
  return levels.slice(1).map((_, index) => levels.slice(0, index + 1).join(DELIMITER));
}

/** Whether `name` lies below `parent`. */
export function isBelow(name: string, parent: string): boolean {
  return name.startsWith(parent + DELIMITER);
}
