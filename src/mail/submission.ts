/**
 * Taking a message from a person of this server: are sender and author theirs, who gets it here, what goes elsewhere.
 * RFC 6409 §6.1 (rights), §8 (completing the header), RFC 5321 §4.4 (trace fields), RFC 3461 (what senders want to hear).
 * Header and body in; then one transaction for the local copies and the queue, and everybody is told of it after its commit.
 * Elsewhere: header fields (submission-header.ts), telling of deliveries (delivered-notices.ts), mailboxes (delivery.ts), sending on (outbound.ts).
 */
import type { Store } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import { maySendAs, type Principal } from '../principals/access.ts';
import { foldAddress, quoted } from '../principals/addresses.ts';
import { withoutForgedResults } from './authentication-results.ts';
import { DeliveredNotices } from './delivered-notices.ts';
import type { Delivery, Recipient } from './delivery.ts';
import { type QueueOptions, writeQueueOptions } from './queue-options.ts';
import { type Arrival, SHOWN_OCTETS } from './reception.ts';
import { authorsOf, completedHeader } from './submission-header.ts';
import { receivedField, returnPathField, type Trace } from './trace-fields.ts';

/** Whom a submitted message goes to: somebody here, or an address elsewhere. */
export type SubmissionRecipient =
  | { readonly local: Recipient; readonly options: QueueOptions }
  | { readonly remote: { readonly address: string; readonly options: QueueOptions } };

export interface SubmittedMessage {
  readonly principal: Principal;
  /** Envelope sender; '' for none. */
  readonly mailFrom: string;
  readonly recipients: readonly SubmissionRecipient[];
  readonly trace: Trace;
  /** With its empty line. */
  readonly header: Buffer;
  readonly body: AsyncIterable<Buffer>;
}

export interface SubmissionOptions {
  readonly hostname: string;
  readonly now: () => number;
  /** Told after a commit that put something into the queue. */
  readonly queued: () => void;
  /** Told of a message that was delivered to people here; it is not answered before this has resolved. */
  readonly arrived: (arrival: Arrival) => Promise<void>;
}

export class Submission {
  private readonly store: Store;
  private readonly delivery: Delivery;
  private readonly options: SubmissionOptions;
  private readonly notices: DeliveredNotices;

  constructor(store: Store, delivery: Delivery, options: SubmissionOptions) {
    this.store = store;
    this.delivery = delivery;
    this.options = options;
    this.notices = new DeliveredNotices(delivery, options.hostname, options.now);
  }

  /**
   * Whether somebody may send under an address.
   * @throws DomainError forbidden
   */
  async checkSender(principal: Principal, address: string): Promise<void> {
    if (!(await this.maySendAs(principal, address)))
      throw new DomainError('forbidden', `${principal.name} may not send as ${quoted(address)}.`);
  }

  /**
   * Takes a message; it is on disk when this resolves.
   * @throws DomainError forbidden and invalid-data for what the header says; over-quota; too-large
   */
  async accept(message: SubmittedMessage): Promise<void> {
    const { principal, mailFrom, recipients, trace, header, body } = message;
    await this.checkAuthors(principal, header);
    const { hostname, queued, arrived } = this.options;
    const now = this.options.now();
    const locals = recipients.flatMap((recipient) => ('local' in recipient ? [recipient.local] : []));
    // An address that was given twice gets the message once.
    const remotes = new Map(
      recipients.flatMap((recipient) =>
        'remote' in recipient ? [[recipient.remote.address, recipient.remote.options] as const] : [],
      ),
    );
    const domain = mailFrom.split('@').at(-1) || hostname;
    const returnPath = Buffer.from(returnPathField(mailFrom));
    const completed = completedHeader(withoutForgedResults(header, hostname), now, { unique: trace.id, domain });
    const shown = [completed];
    let size = completed.length;
    // The sender's account keeps what is queued; what stays here is first put where it belongs.
    const stage = this.delivery.stage(remotes.size > 0 ? principal.id : (locals[0]?.accountIds[0] ?? principal.id));
    try {
      await stage.write(Buffer.concat([returnPath, Buffer.from(receivedField(trace, hostname, now)), completed]));
      for await (const octets of body) {
        await stage.write(octets);
        if (locals.length > 0 && size < SHOWN_OCTETS) shown.push(octets);
        size += octets.length;
      }
    } catch (error) {
      await stage.discard();
      throw error;
    }
    const staged = await stage.finish();
    const skip = returnPath.length;
    await this.delivery.deliver(
      staged,
      locals,
      remotes.size === 0
        ? undefined
        : {
            accountId: principal.id,
            async run(write, blobId) {
              for (const [address, options] of remotes)
                await write.submissions.add({
                  accountId: principal.id,
                  blobId,
                  mailFrom,
                  rcptTo: address,
                  options: writeQueueOptions({ ...options, skip }),
                  state: 'queued',
                  attempts: 0,
                  nextAttemptAt: now,
                  lastError: null,
                  createdAt: now,
                });
            },
          },
    );
    if (remotes.size > 0) queued();
    const here = recipients.flatMap((recipient) =>
      'local' in recipient ? [{ address: recipient.local.address, options: recipient.options }] : [],
    );
    await this.notices.tell(mailFrom, here, completed);
    const accountIds = [...new Set(locals.flatMap((recipient) => recipient.accountIds))];
    // Who is logged in may write as the author: nobody vouches better for a message.
    if (accountIds.length > 0) await arrived({ accountIds, octets: Buffer.concat(shown), trust: 'pass' });
  }

  private async checkAuthors(principal: Principal, header: Buffer): Promise<void> {
    const { from, sender } = authorsOf(header);
    // RFC 5322 §3.6.2 lets several people be authors; one log-in speaks for one of them.
    if (from.length > 1 || sender.length > 1) throw new DomainError('forbidden', 'A message is from one address.');
    for (const address of [...from, ...sender]) await this.checkSender(principal, address);
  }

  private async maySendAs(principal: Principal, written: string): Promise<boolean> {
    const address = foldAddress(written);
    if (principal.addresses.includes(address) || principal.addresses.includes(withoutDetail(address))) return true;
    const owner =
      (await this.store.principals.byAddress(address)) ??
      (await this.store.principals.byAddress(withoutDetail(address)));
    return owner !== undefined && maySendAs(this.store, principal, owner);
  }
}

/** RFC 5233 §1: `anna+list@example.org` is an address of anna. */
function withoutDetail(address: string): string {
  return address.replace(/^([^+@]+)\+[^@]*@/, '$1@');
}
