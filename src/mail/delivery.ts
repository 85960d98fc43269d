/**
 * The one way into mailboxes for mail from elsewhere: SMTP, LMTP, submission, imports.
 * RFC 5321 §3.9 (aliases and lists), §4.5.1 (postmaster), RFC 2142 §4 (abuse), RFC 5233 (sub-addresses).
 * Addresses in, recipients of this server out; then one transaction for all of them.
 * Elsewhere: the queue for others (outbound.ts), trace headers (protocols/smtp).
 */
import type { PrincipalRow, Store, Writes } from '../../storage/store.ts';
import { quotaOf } from '../collections/quota.ts';
import { foldAddress, foldDomain } from '../principals/addresses.ts';
import { addDefaultMailboxes } from './default-mailboxes.ts';
import { INBOX } from './mailbox-names.ts';
import type { MailboxDelta } from './mailbox-view.ts';
import type { MailboxViews } from './mailbox-views.ts';
import { copyChunks, discardBlob, MessageStage, type StagedMessage } from './message-stage.ts';
import { blobOf, place, storeMessage } from './placing.ts';
import type { TextSearch } from './text-search.ts';

/** Whom an address of this server means. */
export interface Recipient {
  /** As it was asked for, folded. */
  readonly address: string;
  /** Accounts whose INBOX gets the message: one, or those of a group's members. */
  readonly accountIds: readonly number[];
  /** What stands after the `+`; '' for none. */
  readonly detail: string;
}

/** What else happens in the transaction of a delivery. */
export interface AlsoWrite {
  /** The account that keeps the message for it, usually the sender's. */
  readonly accountId: number;
  /** Runs inside the transaction, so only storage calls, and perhaps twice. */
  readonly run: (write: Writes, blobId: number) => Promise<void>;
}

/** Members of one group and of the groups in it. */
const MAX_MEMBERS = 10_000;

export class Delivery {
  private readonly store: Store;
  private readonly views: MailboxViews;
  private readonly texts: TextSearch;
  private readonly now: () => number;

  constructor(store: Store, views: MailboxViews, texts: TextSearch, now: () => number) {
    this.store = store;
    this.views = views;
    this.texts = texts;
    this.now = now;
  }

  /** Whether mail to this domain belongs here, known recipient or not. */
  async isLocalDomain(domain: string): Promise<boolean> {
    return (await this.store.organisations.domain(foldDomain(domain))) !== undefined;
  }

  /**
   * Whom an address of a local domain means: by address, alias, the address before a `+`, or the catch-all `*@domain`; of a
   * group, its members.
   * Undefined when nobody has it.
   */
  async resolve(address: string): Promise<Recipient | undefined> {
    const folded = foldAddress(address);
    const at = folded.lastIndexOf('@');
    const local = folded.slice(0, Math.max(at, 0));
    const domain = folded.slice(at + 1);
    const plus = local.indexOf('+', 1);
    let detail = '';
    let principal = await this.store.principals.byAddress(folded);
    if (principal === undefined && plus > 0) {
      principal = await this.store.principals.byAddress(`${local.slice(0, plus)}@${domain}`);
      detail = local.slice(plus + 1);
    }
    // RFC 5321 §4.5.1, RFC 2142 §4: these reach somebody whether or not they were given to anyone.
    if (principal === undefined && /^(?:postmaster|abuse)$/.test(local)) principal = await this.ownerOf(domain);
    principal ??= await this.store.principals.byAddress(`*@${domain}`);
    if (principal === undefined) return undefined;
    const accountIds = principal.kind === 'group' ? await this.membersOf(principal.id) : [principal.id];
    return { address: folded, accountIds, detail };
  }

  /** Of these recipients, those with an account that has no room for so many octets now. */
  async withoutRoom(recipients: readonly Recipient[], octets: number): Promise<Recipient[]> {
    const full: Recipient[] = [];
    for (const recipient of recipients)
      for (const accountId of recipient.accountIds) {
        const { used, limit } = await quotaOf(this.store, accountId);
        if (limit === undefined || used + octets <= limit) continue;
        full.push(recipient);
        break;
      }
    return full;
  }

  /** Where the octets of a message are put as they arrive; for the account of the first recipient, or of the sender. */
  stage(accountId: number): MessageStage {
    return new MessageStage(this.store, accountId, this.now);
  }

  /**
   * Puts a message into the INBOX of each account of all recipients, once for each account, in one transaction: after it
   * everybody has it, or nobody. `also` happens in it too, for queueing what goes elsewhere. What nobody asked for goes to Junk.
   * @throws DomainError over-quota
   */
  async deliver(
    staged: StagedMessage,
    recipients: readonly Recipient[],
    also?: AlsoWrite,
    to: 'inbox' | 'junk' = 'inbox',
  ): Promise<void> {
    const receiving = new Set(recipients.flatMap(({ accountIds }) => accountIds));
    const keeping = new Set([...receiving, ...(also === undefined ? [] : [also.accountId])]);
    // Writes that touch several accounts take them in order of id.
    const accountIds = [...keeping].sort((a, b) => a - b);
    const copies = await this.copiesFor(staged, accountIds);
    const internalDate = this.now();
    await this.store.transaction(
      async (write) => {
        const deltas: MailboxDelta[] = [];
        for (const accountId of accountIds) {
          const copy = copies.get(accountId) as StagedMessage;
          const mailbox = receiving.has(accountId) ? await this.mailboxOf(write, accountId, to) : undefined;
          if (mailbox === undefined) {
            if (also?.accountId === accountId) await also.run(write, await blobOf(write, copy, internalDate));
            continue;
          }
          const modseq = await write.accounts.nextModseq(accountId, [mailbox]);
          const blobId = await blobOf(write, copy, internalDate);
          const stored = await storeMessage(write, accountId, copy, blobId, internalDate);
          const added = await place(write, mailbox, modseq, [{ ...stored, flags: 0 }], internalDate);
          deltas.push({ mailboxId: mailbox, modseq, added });
          if (also?.accountId === accountId) await also.run(write, blobId);
        }
        return deltas;
      },
      (deltas) => this.views.apply(deltas),
    );
    this.texts.arrived();
    if (!keeping.has(staged.accountId)) await discardBlob(this.store, staged.blobId);
  }

  /** Gives up a message that will not be delivered. */
  async discard(staged: StagedMessage): Promise<void> {
    await discardBlob(this.store, staged.blobId);
  }

  /**
   * The INBOX of an account, made when it has none, or its Junk if it has one. Undefined when the account has gone: its mail goes
   * nowhere.
   */
  private async mailboxOf(write: Writes, accountId: number, to: 'inbox' | 'junk'): Promise<number | undefined> {
    if ((await write.principals.get(accountId)) === undefined) return undefined;
    if (to === 'junk') {
      const junk = (await write.mailboxes.list(accountId)).find(({ specialUse }) => specialUse === '\\Junk');
      if (junk !== undefined) return junk.id;
    }
    const inbox = await write.mailboxes.byName(accountId, INBOX);
    return inbox?.id ?? addDefaultMailboxes(write, accountId, this.now());
  }

  /** The message staged for each account; of a large one the chunks are copied before the transaction, one at a time. */
  private async copiesFor(staged: StagedMessage, accountIds: readonly number[]): Promise<Map<number, StagedMessage>> {
    const copies = new Map<number, StagedMessage>();
    for (const accountId of accountIds) {
      const blobId =
        staged.blobId === 0 || accountId === staged.accountId
          ? staged.blobId
          : await copyChunks(this.store, staged, accountId, this.now());
      copies.set(accountId, { ...staged, accountId, blobId });
    }
    return copies;
  }

  private async ownerOf(domain: string): Promise<PrincipalRow | undefined> {
    const row = await this.store.organisations.domain(domain);
    if (row === undefined) return undefined;
    return (await this.store.principals.list(row.organisationId)).find(({ role }) => role === 'owner');
  }

  /** Accounts of the members of a group, and of the groups in it; each once, so that groups may hold one another. */
  private async membersOf(groupId: number): Promise<number[]> {
    const groups = new Set([groupId]);
    const members = new Set<number>();
    for (const group of groups)
      for (const { id, kind } of await this.store.principals.members(group)) {
        if (kind === 'group') groups.add(id);
        else members.add(id);
        if (groups.size + members.size > MAX_MEMBERS) return [...members];
      }
    return [...members];
  }
}
