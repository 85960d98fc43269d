/**
 * What a principal may do with a mailbox, by the letters of RFC 4314 §2.1. A grant stands for some of them, or has letters of
 * its own; those of several grants add up, and an owner has all.
 * Elsewhere: changing who may (mailbox-acl.ts), other collections (src/principals/access.ts).
 */
import type { GrantRights, MailGrantRow, Reads } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import { EVERYBODY, isColleague, type Principal } from '../principals/access.ts';
import { ALL_FLAGS, DELETED, SEEN, without } from './flags.ts';

/**
 * Lookup, read, keep seen, write flags, insert, post, create children (k), delete the mailbox (x), delete messages (t),
 * expunge (e), administer (a).
 */
export type MailRight = 'l' | 'r' | 's' | 'w' | 'i' | 'p' | 'k' | 'x' | 't' | 'e' | 'a';

/** The letters of a principal's rights on a mailbox. */
export type MailRights = ReadonlySet<MailRight>;

export const ALL_MAIL_RIGHTS: MailRights = new Set<MailRight>(['l', 'r', 's', 'w', 'i', 'p', 'k', 'x', 't', 'e', 'a']);

const GRANTED: Record<GrantRights, readonly MailRight[]> = {
  'free-busy': [],
  read: ['l', 'r'],
  'read-write': ['l', 'r', 's', 'w', 'i', 'p', 'k', 't', 'e'],
  manage: [...ALL_MAIL_RIGHTS],
  'send-as': [],
};

/** Rights of `viewer` on a mailbox of an account; with the id 0, on the account as a whole. */
export async function mailRightsOn(
  reads: Reads,
  viewer: Principal,
  mailbox: { accountId: number; id: number },
): Promise<MailRights> {
  if (mailbox.accountId === viewer.id) return ALL_MAIL_RIGHTS;
  const grantees = await granteesIn(reads, viewer, mailbox.accountId);
  return rightsOf(await reads.mailRights.forMailbox(mailbox.accountId, mailbox.id, grantees));
}

/** Rights of `viewer` on each mailbox of an account, read at once. */
export async function mailRightsIn(
  reads: Reads,
  viewer: Principal,
  accountId: number,
): Promise<(mailboxId: number) => MailRights> {
  if (accountId === viewer.id) return () => ALL_MAIL_RIGHTS;
  const grants = await reads.mailRights.forGrantees(accountId, await granteesIn(reads, viewer, accountId));
  return (id) => rightsOf(grants.filter(({ mailboxId }) => mailboxId === 0 || mailboxId === id));
}

/** Accounts in which something of mail may be granted to `viewer`. */
export async function accountsShared(reads: Reads, viewer: Principal): Promise<number[]> {
  const grantees = [EVERYBODY, viewer.id, ...(await reads.principals.groupsOf(viewer.id))];
  return (await reads.mailRights.accounts(grantees)).filter((accountId) => accountId !== viewer.id);
}

/** Those whose grants in an account count for `viewer`: itself, its groups, and everybody among colleagues. */
async function granteesIn(reads: Reads, viewer: Principal, accountId: number): Promise<number[]> {
  const grantees = [viewer.id, ...(await reads.principals.groupsOf(viewer.id))];
  return (await isColleague(reads, viewer, accountId)) ? [EVERYBODY, ...grantees] : grantees;
}

/** What these grants give together. */
export function rightsOf(grants: readonly MailGrantRow[]): MailRights {
  return new Set(
    grants.flatMap(({ rights, letters }) => (letters === '' ? GRANTED[rights] : ([...letters] as MailRight[]))),
  );
}

/** The grant that stands for these letters, or for as many of them as one can; `letters` is '' when it stands for all. */
export function grantFor(rights: MailRights): { readonly rights: GrantRights; readonly letters: string } {
  const levels: readonly GrantRights[] = ['manage', 'read-write', 'read'];
  const level = levels.find((name) => GRANTED[name].every((right) => rights.has(right))) ?? 'free-busy';
  return { rights: level, letters: GRANTED[level].length === rights.size ? '' : [...rights].join('') };
}

/**
 * The rights of letters as clients write them; undefined when one is unknown (RFC 4314 §3.1: BAD).
 * §2.1.1: `c` and `d` of the older standard are create (k, x) and delete (t, e).
 */
export function parseMailRights(text: string): MailRights | undefined {
  const letters = [...text.replaceAll('c', 'kx').replaceAll('d', 'te')] as MailRight[];
  const rights = new Set(letters);
  for (const right of rights) if (!ALL_MAIL_RIGHTS.has(right)) return undefined;
  return new Set([...ALL_MAIL_RIGHTS].filter((right) => rights.has(right)));
}

/** The letters of rights, with `c` and `d` where a client of the older standard would expect them. */
export function printMailRights(rights: MailRights): string {
  const letters = [...ALL_MAIL_RIGHTS].filter((right) => rights.has(right)).join('');
  return `${letters}${/[kx]/.test(letters) ? 'c' : ''}${/[te]/.test(letters) ? 'd' : ''}`;
}

/** @throws DomainError forbidden when one of these rights is missing */
export function need(rights: MailRights, ...needed: readonly MailRight[]): void {
  if (!needed.every((right) => rights.has(right)))
    throw new DomainError('forbidden', 'You may not do this in this mailbox.');
}

/** The bits that rights let change (RFC 4314 §4): s for \Seen, t for \Deleted, w for all others. */
export function flagsAllowed(rights: MailRights): number {
  const others = rights.has('w') ? without(ALL_FLAGS, SEEN + DELETED) : 0;
  return others + (rights.has('s') ? SEEN : 0) + (rights.has('t') ? DELETED : 0);
}
