/**
 * Taking mail that comes from elsewhere for people of this server.
 * RFC 5321 §4.4 (trace fields), §4.5.1 and RFC 2033 (an answer for each recipient), RFC 8601 §5, RFC 7489 §6.6.2 and §10.3.
 * Header and body in; trace fields and what is known of the sender above them, one delivery for all recipients.
 * Elsewhere: mailboxes (delivery.ts), who the recipients are (local-recipients.ts), who it is from (sender-verification.ts).
 */
import { DomainError } from '../errors.ts';
import { authenticationResultsField, withoutForgedResults } from './authentication-results.ts';
import type { Delivery, Recipient } from './delivery.ts';
import type { StagedMessage } from './message-stage.ts';
import type { SendingClient, Verdict } from './sender-checks.ts';
import type { SenderVerification } from './sender-verification.ts';
import type { SpamFilter } from './spam-filter.ts';
import { receivedField, returnPathField, spamStatusField, type Trace } from './trace-fields.ts';

export interface ReceivedMessage {
  /** Envelope sender; '' for none. */
  readonly mailFrom: string;
  readonly recipients: readonly Recipient[];
  readonly trace: Trace;
  /** The server at the border that the message came from; undefined when nobody knows. */
  readonly client: SendingClient | undefined;
  /** With its empty line. */
  readonly header: Buffer;
  readonly body: AsyncIterable<Buffer>;
}

/** A message that was delivered. */
export interface Arrival {
  readonly accountIds: readonly number[];
  /** As it came, without the fields of this server. */
  readonly octets: Buffer;
  /** Whether its author's domain vouches for it. */
  readonly trust: 'pass' | 'none' | 'fail';
}

export interface ReceptionOptions {
  readonly hostname: string;
  readonly now: () => number;
  readonly verification: SenderVerification;
  /** What follows when the author's domain wants a message refused or put aside. */
  readonly dmarc: 'apply' | 'junk' | 'ignore';
  /** Undefined: there is none. */
  readonly spam: SpamFilter | undefined;
  /** Told of a message that was delivered, when it is not large; it is not answered before this has resolved. */
  readonly arrived: (arrival: Arrival) => Promise<void>;
}

/** Octets of a message that are shown to whoever looks into what arrives. */
export const SHOWN_OCTETS = 1024 * 1024;

interface Taken {
  readonly staged: StagedMessage;
  /** The message as it came, or as much of its beginning as is shown. */
  readonly head: Buffer;
  readonly verdict: Verdict;
  readonly spam: boolean;
}

export class Reception {
  private readonly delivery: Delivery;
  private readonly options: ReceptionOptions;

  constructor(delivery: Delivery, options: ReceptionOptions) {
    this.delivery = delivery;
    this.options = options;
  }

  /**
   * Delivers to all recipients or to none; on disk when it resolves.
   * @throws DomainError over-quota, too-large, unavailable; forbidden when the author's domain wants it refused
   */
  async take(message: ReceivedMessage): Promise<void> {
    const taken = await this.taken(message);
    const { verdict } = taken;
    // RFC 5321 §4.5.1: who looks after the server hears of its faults, whoever tells of them.
    const forCaretakers = message.recipients.every(({ address }) => /^(?:postmaster|abuse)@/.test(address));
    if (this.options.dmarc === 'apply' && verdict.policy === 'reject' && !forCaretakers) {
      await this.discard(taken);
      // RFC 7489 §10.3: said while the sender listens, so that nobody is sent a notice.
      throw new DomainError('forbidden', `DMARC fails, and ${verdict.domain} asks to refuse such mail.`);
    }
    await this.deliver(taken, message.recipients);
  }

  /**
   * Delivers to those who have room: one outcome for each recipient, in order, undefined for the message is on disk. Nothing is
   * refused for its author: the server that brings it took it already, and would send notices to whoever was named.
   * @throws DomainError too-large, unavailable
   */
  async takeForEach(message: ReceivedMessage): Promise<(DomainError | undefined)[]> {
    const { recipients } = message;
    const taken = await this.taken(message);
    const full = new Set(await this.delivery.withoutRoom(recipients, taken.staged.size));
    const others = recipients.filter((recipient) => !full.has(recipient));
    if (others.length === 0) await this.discard(taken);
    else await this.deliver(taken, others);
    return recipients.map((recipient) =>
      full.has(recipient)
        ? new DomainError('over-quota', `The mailbox of ${recipient.address} has no room for the message.`)
        : undefined,
    );
  }

  /** Whether the account of an address can take so many octets now. */
  async hasRoom(recipient: Recipient, octets: number): Promise<boolean> {
    return (await this.delivery.withoutRoom([recipient], octets)).length === 0;
  }

  private async deliver({ staged, head, verdict, spam }: Taken, recipients: readonly Recipient[]): Promise<void> {
    const unwanted = spam || (this.options.dmarc !== 'ignore' && verdict.policy !== 'none');
    await this.delivery.deliver(staged, recipients, undefined, unwanted ? 'junk' : 'inbox');
    const accountIds = [...new Set(recipients.flatMap((recipient) => recipient.accountIds))];
    // What is in Junk does nothing by itself.
    const trust = spam ? 'fail' : verdict.dmarc === 'temperror' ? 'none' : verdict.dmarc;
    await this.options.arrived({ accountIds, octets: head, trust });
  }

  /** The message as it is stored, its own octets as far as they are shown, and who it is from. */
  private async taken({ mailFrom, recipients, trace, client, header, body }: ReceivedMessage): Promise<Taken> {
    const { hostname, now, verification, spam: filter } = this.options;
    const accountId = recipients.flatMap(({ accountIds }) => accountIds)[0];
    if (accountId === undefined) throw new DomainError('not-found', 'The list has no members.');
    const stage = this.delivery.stage(accountId);
    stage.expectTop();
    const check = verification.begin(header);
    const pieces = [header];
    let size = header.length;
    try {
      for await (const octets of body) {
        await Promise.all([stage.write(octets), check.write(octets)]);
        size += octets.length;
        if (size <= SHOWN_OCTETS) pieces.push(octets);
      }
    } catch (error) {
      check.drop();
      await stage.discard();
      throw error;
    }
    const head = Buffer.concat(pieces);
    const scanned = { id: trace.id, mailFrom, recipients: recipients.map(({ address }) => address), client, size };
    const octets = size > SHOWN_OCTETS ? joined(header, stage.written()) : joined(head);
    const [{ results, verdict }, opinion] = await Promise.all([
      check.finish(client, mailFrom),
      filter?.check({ ...scanned, octets }),
    ]);
    const trail =
      returnPathField(mailFrom) +
      receivedField(trace, hostname, now()) +
      authenticationResultsField(hostname, results) +
      (opinion === undefined ? '' : spamStatusField(opinion));
    const top = Buffer.concat([Buffer.from(trail), withoutForgedResults(header, hostname)]);
    return { staged: await stage.finish(top), head, verdict, spam: opinion?.spam === true };
  }

  private async discard({ staged }: Taken): Promise<void> {
    await this.delivery.discard(staged);
  }
}

async function* joined(first: Buffer, rest?: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  if (rest !== undefined) yield* rest;
}
