/**
 * Taking mail that comes from elsewhere for people of this server.
 * RFC 5321 §4.4 (trace fields), §4.5.1 and RFC 2033 (an answer for each recipient).
 * Header and body in; trace fields above them, one delivery for all recipients.
 * Elsewhere: mailboxes (delivery.ts), who the recipients are (local-recipients.ts).
 */
import { DomainError } from '../errors.ts';
import type { Delivery, Recipient } from './delivery.ts';
import type { MessageStage } from './message-stage.ts';
import { receivedField, returnPathField, type Trace } from './trace-fields.ts';

export interface ReceivedMessage {
  /** Envelope sender; '' for none. */
  readonly mailFrom: string;
  readonly recipients: readonly Recipient[];
  readonly trace: Trace;
  /** With its empty line. */
  readonly header: Buffer;
  readonly body: AsyncIterable<Buffer>;
}

export class Reception {
  private readonly delivery: Delivery;
  private readonly hostname: string;
  private readonly now: () => number;

  constructor(delivery: Delivery, hostname: string, now: () => number) {
    this.delivery = delivery;
    this.hostname = hostname;
    this.now = now;
  }

  /**
   * Delivers to all recipients or to none; on disk when it resolves.
   * @throws DomainError over-quota, too-large, unavailable
   */
  async take(message: ReceivedMessage): Promise<void> {
    const stage = await this.staged(message);
    await this.delivery.deliver(await stage.finish(), message.recipients);
  }

  /**
   * Delivers to those who have room: one outcome for each recipient, in order, undefined for the message is on disk.
   * @throws DomainError too-large, unavailable
   */
  async takeForEach(message: ReceivedMessage): Promise<(DomainError | undefined)[]> {
    const { recipients } = message;
    const stage = await this.staged(message);
    const full = new Set(await this.delivery.withoutRoom(recipients, stage.size));
    const others = recipients.filter((recipient) => !full.has(recipient));
    if (others.length === 0) await stage.discard();
    else await this.delivery.deliver(await stage.finish(), others);
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

  private async staged({ mailFrom, recipients, trace, header, body }: ReceivedMessage): Promise<MessageStage> {
    const accountId = recipients.flatMap(({ accountIds }) => accountIds)[0];
    if (accountId === undefined) throw new DomainError('not-found', 'The list has no members.');
    const stage = this.delivery.stage(accountId);
    const trail = returnPathField(mailFrom) + receivedField(trace, this.hostname, this.now());
    try {
      await stage.write(Buffer.concat([Buffer.from(trail), header]));
      for await (const octets of body) await stage.write(octets);
    } catch (error) {
      await stage.discard();
      throw error;
    }
    return stage;
  }
}
