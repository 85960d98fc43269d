/**
 * Who else may use a mailbox: the access control list of RFC 4314, kept as grants.
 * RFC 4314 §3. Identifiers are names and addresses of principals, groups among them, and `anyone`, which is everybody in the
 * organisation but externals; negative rights do not exist.
 * Elsewhere: what the letters let somebody do (mail-rights.ts), finding mailboxes (mailboxes.ts).
 */
import type { MailGrantRow, Store, Writes } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import { EVERYBODY, maySeePrincipal, type Principal } from '../principals/access.ts';
import { foldAddress } from '../principals/addresses.ts';
import { ALL_MAIL_RIGHTS, grantFor, type MailRight, type MailRights, rightsOf } from './mail-rights.ts';
import type { Mailbox, Mailboxes } from './mailboxes.ts';
import { mailboxIn } from './placing.ts';

export interface AclEntry {
  /** The name of a principal, or `anyone`. */
  readonly identifier: string;
  readonly rights: MailRights;
}

/** What somebody always has on a mailbox, and what else can be given, each letter by itself (RFC 4314 §3.4). */
export interface GrantableRights {
  readonly always: MailRights;
  readonly others: MailRights;
}

export type AclMode = 'replace' | 'add' | 'remove';

/** RFC 4314 §2: the identifier of everybody. */
const ANYONE = 'anyone';
const MAX_ENTRIES = 1_000;

export class MailboxAcl {
  private readonly store: Store;
  private readonly mailboxes: Mailboxes;
  private readonly now: () => number;

  constructor(store: Store, mailboxes: Mailboxes, now: () => number) {
    this.store = store;
    this.mailboxes = mailboxes;
    this.now = now;
  }

  /**
   * Everybody who has rights on a mailbox, its owner first.
   * @throws DomainError not-found, forbidden
   */
  async entries(viewer: Principal, name: string): Promise<AclEntry[]> {
    const { id, accountId } = await this.mailboxes.find(viewer, name, 'a');
    const grants = await this.store.mailRights.on(accountId, id);
    const entries: AclEntry[] = [];
    for (const granteeId of new Set([accountId, ...grants.map((grant) => grant.granteeId)])) {
      const name = granteeId === EVERYBODY ? ANYONE : (await this.store.principals.get(granteeId))?.name;
      const rights = granteeId === accountId ? ALL_MAIL_RIGHTS : rightsOf(ofGrantee(grants, granteeId));
      if (name !== undefined && rights.size > 0) entries.push({ identifier: name, rights });
    }
    return entries;
  }

  /**
   * Changes what somebody may do with a mailbox; with no rights left, its entry goes.
   * @throws DomainError not-found, forbidden, invalid-data for an unknown identifier, limit-exceeded
   */
  async change(viewer: Principal, name: string, identifier: string, mode: AclMode, rights: MailRights): Promise<void> {
    const mailbox = await this.mailboxes.find(viewer, name, 'a');
    const grantee = await this.grantee(viewer, identifier);
    if (grantee === mailbox.accountId) {
      if (mode === 'add' || (mode === 'replace' && rights.size === ALL_MAIL_RIGHTS.size)) return;
      throw new DomainError('forbidden', 'The owner of a mailbox always has every right on it.');
    }
    await this.write(mailbox, grantee, (before) => changed(before, mode, rights));
  }

  /**
   * Takes an entry away; what somebody may do with the whole account, or as a member of a group, stays.
   * @throws DomainError not-found, forbidden, invalid-data for an unknown identifier
   */
  async remove(viewer: Principal, name: string, identifier: string): Promise<void> {
    await this.change(viewer, name, identifier, 'replace', new Set());
  }

  /** @throws DomainError not-found, forbidden, invalid-data for an unknown identifier */
  async grantable(viewer: Principal, name: string, identifier: string): Promise<GrantableRights> {
    const { id, accountId } = await this.mailboxes.find(viewer, name, 'a');
    const grantee = await this.grantee(viewer, identifier);
    const everywhere = (await this.store.mailRights.on(accountId, id)).filter(({ mailboxId }) => mailboxId === 0);
    const always = grantee === accountId ? ALL_MAIL_RIGHTS : rightsOf(ofGrantee(everywhere, grantee));
    return { always, others: new Set([...ALL_MAIL_RIGHTS].filter((right) => !always.has(right))) };
  }

  /**
   * The viewer's own rights; for those who have any that RFC 4314 §4 names for MYRIGHTS.
   * @throws DomainError not-found
   */
  async mine(viewer: Principal, name: string): Promise<MailRights> {
    const { rights } = await this.mailboxes.find(viewer, name, 'l', 'r', 'i', 'k', 'x', 'a');
    return rights;
  }

  /** The id that grants to an identifier have. */
  private async grantee(viewer: Principal, identifier: string): Promise<number> {
    const folded = foldAddress(identifier);
    if (folded === ANYONE) return EVERYBODY;
    const { principals } = this.store;
    // Who knows an address may share with it; names are told within an organisation only.
    if (folded.includes('@')) return (await principals.byAddress(folded))?.id ?? unknown(identifier);
    const row = await principals.byName(folded);
    return row !== undefined && maySeePrincipal(viewer, row) ? row.id : unknown(identifier);
  }

  private async write(
    { id, accountId }: Mailbox,
    granteeId: number,
    change: (before: MailRights) => MailRights,
  ): Promise<void> {
    await this.store.transaction(async (write: Writes) => {
      await write.accounts.nextModseq(accountId, []);
      await mailboxIn(write, id);
      const here = (await write.mailRights.on(accountId, id)).filter(({ mailboxId }) => mailboxId === id);
      const after = change(rightsOf(ofGrantee(here, granteeId)));
      // Sending in somebody's name is no right of RFC 4314.
      for (const grant of await write.grants.on(accountId, id))
        if (grant.granteeId === granteeId && grant.rights !== 'send-as') await write.grants.remove(grant.id);
      if (after.size > 0 && new Set(here.map((grant) => grant.granteeId)).add(granteeId).size > MAX_ENTRIES)
        throw new DomainError('limit-exceeded', `A mailbox is shared with at most ${MAX_ENTRIES} people and groups.`, {
          limit: MAX_ENTRIES,
        });
      const { rights, letters } = grantFor(after);
      if (after.size > 0)
        await write.grants.add({ accountId, collectionId: id, granteeId, rights, createdAt: this.now() });
      await write.mailRights.setLetters(id, granteeId, letters);
    });
  }
}

function changed(before: MailRights, mode: AclMode, rights: MailRights): MailRights {
  const keeps = (right: MailRight) => {
    if (mode === 'replace') return rights.has(right);
    return mode === 'add' ? before.has(right) || rights.has(right) : before.has(right) && !rights.has(right);
  };
  return new Set([...ALL_MAIL_RIGHTS].filter(keeps));
}

function ofGrantee(grants: readonly MailGrantRow[], granteeId: number): MailGrantRow[] {
  return grants.filter((grant) => grant.granteeId === granteeId);
}

function unknown(identifier: string): never {
  throw new DomainError('invalid-data', `There is nobody called ${JSON.stringify(identifier.slice(0, 100))}.`);
}
