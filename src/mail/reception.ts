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

/** Told of a message that was delivered, when it is not large; it is not answered before this has resolved. */
export type Arrived = (accountIds: readonly number[], octets: Buffer) => Promise<void>;

/** Octets up to which a message is shown to whoever looks into what arrives. */
const SHOWN_OCTETS = 1024 * 1024;

export class Reception {
  private readonly delivery: Delivery;
  private readonly arrived: Arrived;
  private readonly hostname: string;
  private readonly now: () => number;

  constructor(delivery: Delivery, hostname: string, now: () => number, arrived: Arrived = async () => {}) {
    this.delivery = delivery;
    this.arrived = arrived;
    this.hostname = hostname;
    this.now = now;
  }

  /**
   * Delivers to all recipients or to none; on disk when it resolves.
   * @throws DomainError over-quota, too-large, unavailable
   */
  async take(message: ReceivedMessage): Promise<void> {
    const { stage, octets } = await this.staged(message);
    await this.delivery.deliver(await stage.finish(), message.recipients);
    await this.tell(message.recipients, octets);
  }

  /**
   * Delivers to those who have room: one outcome for each recipient, in order, undefined for the message is on disk.
   * @throws DomainError too-large, unavailable
   */
  async takeForEach(message: ReceivedMessage): Promise<(DomainError | undefined)[]> {
    const { recipients } = message;
    const { stage, octets } = await this.staged(message);
    const full = new Set(await this.delivery.withoutRoom(recipients, stage.size));
    const others = recipients.filter((recipient) => !full.has(recipient));
    if (others.length === 0) await stage.discard();
    else {
      await this.delivery.deliver(await stage.finish(), others);
      await this.tell(others, octets);
    }
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

  private async tell(recipients: readonly Recipient[], octets: Buffer | undefined): Promise<void> {
    if (octets === undefined) return;
    await this.arrived([...new Set(recipients.flatMap(({ accountIds }) => accountIds))], octets);
  }

  /** The message as it is stored, and its own octets as far as they are shown. */
  private async staged({
    mailFrom,
    recipients,
    trace,
    header,
    body,
  }: ReceivedMessage): Promise<{ stage: MessageStage; octets: Buffer | undefined }> {
    const accountId = recipients.flatMap(({ accountIds }) => accountIds)[0];
    if (accountId === undefined) throw new DomainError('not-found', 'The list has no members.');
    const stage = this.delivery.stage(accountId);
    const pieces = [header];
    let size = header.length;
    const trail = returnPathField(mailFrom) + receivedField(trace, this.hostname, this.now());
    try {
      await stage.write(Buffer.concat([Buffer.from(trail), header]));
      for await (const octets of body) {
        await stage.write(octets);
        size += octets.length;
        if (size <= SHOWN_OCTETS) pieces.push(octets);
        else pieces.length = 0;
      }
    } catch (error) {
      await stage.discard();
      throw error;
    }
    return { stage, octets: size <= SHOWN_OCTETS ? Buffer.concat(pieces) : undefined };
  }
}
