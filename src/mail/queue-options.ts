/**
 * What a row of the queue holds beside its addresses, as JSON: DSN parameters and how the message is to be read.
 * RFC 3461 §4 (NOTIFY, ORCPT, RET, ENVID).
 */

export type NotifyCondition = 'SUCCESS' | 'FAILURE' | 'DELAY';

export interface QueueOptions {
  /** When the sender wants to hear of it; undefined: as every server does, of failures. Empty: never. */
  readonly notify?: readonly NotifyCondition[];
  /** The recipient as the sender first wrote it, `rfc822;anna@example.org`. */
  readonly originalRecipient?: string;
  /** What a notification brings back. */
  readonly returned?: 'FULL' | 'HDRS';
  readonly envelopeId?: string;
  /** Octets at the begin of the blob that are for local mailboxes only. */
  readonly skip?: number;
  /** It was sent with SMTPUTF8 (RFC 6531): its header may hold UTF-8. */
  readonly utf8?: boolean;
  /** When the sender was told of a delay; epoch milliseconds. */
  readonly delayToldAt?: number;
}

export function writeQueueOptions(options: QueueOptions): string {
  return JSON.stringify(options);
}

export function readQueueOptions(json: string): QueueOptions {
  return JSON.parse(json) as QueueOptions;
}
