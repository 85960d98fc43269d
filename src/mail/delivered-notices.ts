/**
 * Tells senders what was delivered here, when they asked for it.
 * RFC 3461 §4.1 and §5.2 (NOTIFY=SUCCESS; what is told of a delivery brings the header back alone), RFC 5321 §4.5.5.
 * Recipients with their DSN parameters in, a notification in the sender's INBOX out.
 * Elsewhere: its text (delivery-status.ts), what is told of mail that went elsewhere (outbound.ts).
 */
import { randomBytes } from 'node:crypto';
import { DomainError } from '../errors.ts';
import type { Delivery } from './delivery.ts';
import { composeNotification } from './delivery-status.ts';
import type { QueueOptions } from './queue-options.ts';

export interface DeliveredHere {
  readonly address: string;
  readonly options: QueueOptions;
}

export class DeliveredNotices {
  private readonly delivery: Delivery;
  private readonly hostname: string;
  private readonly now: () => number;

  constructor(delivery: Delivery, hostname: string, now: () => number) {
    this.delivery = delivery;
    this.hostname = hostname;
    this.now = now;
  }

  /**
   * Tells the sender of those recipients of which it wants to hear; on disk when it resolves. A sender without room hears nothing:
   * the message is delivered whatever becomes of the notification.
   * @param header of the message, which comes back with the notification
   */
  async tell(mailFrom: string, recipients: readonly DeliveredHere[], header: Buffer): Promise<void> {
    const wanted = recipients.filter(({ options }) => options.notify?.includes('SUCCESS'));
    const [first] = wanted;
    if (first === undefined || mailFrom === '') return;
    const sender = await this.delivery.resolve(mailFrom);
    const accountId = sender?.accountIds[0];
    if (sender === undefined || accountId === undefined) return;
    const now = this.now();
    const octets = composeNotification({
      kind: 'delivered',
      hostname: this.hostname,
      to: mailFrom,
      recipients: wanted.map(({ address, options }) => ({
        address,
        originalRecipient: options.originalRecipient,
        enhanced: '2.0.0',
        reply: 'Delivered.',
        host: undefined,
        lastAttemptAt: now,
      })),
      arrivedAt: now,
      now,
      retriedUntil: now,
      envelopeId: first.options.envelopeId,
      original: header,
      originalIsWhole: false,
      unique: randomBytes(12).toString('hex'),
    });
    const stage = this.delivery.stage(accountId);
    await stage.write(Buffer.concat([Buffer.from('Return-Path: <>\r\n'), octets]));
    try {
      await this.delivery.deliver(await stage.finish(), [sender]);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
    }
  }
}
