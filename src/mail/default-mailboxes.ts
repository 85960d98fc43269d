/**
 * The mailboxes an account starts with: INBOX, and those that clients would otherwise make under names of their own.
 * RFC 6154 §2 (special uses).
 * Elsewhere: who calls it (src/principals/principals.ts for new individuals, delivery.ts for accounts without an INBOX).
 */
import type { Store, Writes } from '../../storage/store.ts';
import { INBOX, type SpecialUse } from './mailbox-names.ts';

const DEFAULT_MAILBOXES: readonly (readonly [name: string, specialUse: SpecialUse | ''])[] = [
  [INBOX, ''],
  ['Archive', '\\Archive'],
  ['Drafts', '\\Drafts'],
  ['Junk', '\\Junk'],
  ['Sent', '\\Sent'],
  ['Trash', '\\Trash'],
];

/** Accounts in one transaction, so that others do not wait long for theirs. */
const AT_ONCE = 50;

/** Makes the mailboxes of an account that has none, and subscribes its principal to them. Returns the id of INBOX. */
export async function addDefaultMailboxes(write: Writes, accountId: number, now: number): Promise<number> {
  const modseq = await write.accounts.nextModseq(accountId, []);
  const ids: number[] = [];
  for (const [name, specialUse] of DEFAULT_MAILBOXES) {
    ids.push(await write.mailboxes.add({ accountId, name, specialUse, modseq, now }));
    await write.mailboxes.subscribe(accountId, name);
  }
  return ids[0] as number;
}

/** Gives every individual its mailboxes who came before mail did. */
export async function addMissingMailboxes(store: Store, now: () => number): Promise<void> {
  const accounts = await store.mailboxes.withoutInbox();
  for (let from = 0; from < accounts.length; from += AT_ONCE)
    await store.transaction(async (write) => {
      for (const accountId of accounts.slice(from, from + AT_ONCE)) await addDefaultMailboxes(write, accountId, now());
    });
}
