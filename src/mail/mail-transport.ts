/**
 * The port by which mail leaves: what the queue asks for and what it hears back. protocols/smtp/client.ts implements it.
 */
import type { QueueOptions } from './queue-options.ts';

export interface OutgoingRecipient {
  readonly address: string;
  readonly options: QueueOptions;
}

/** One message for recipients of one destination. */
export interface OutgoingMessage {
  /** '' for the null sender. */
  readonly mailFrom: string;
  readonly recipients: readonly OutgoingRecipient[];
  /** Octets. */
  readonly size: number;
  /** Its header holds UTF-8, and whoever sent it said so (RFC 6531 §3.4). */
  readonly utf8: boolean;
  /** The octets; may be asked for once for each attempt. */
  readonly octets: () => AsyncIterable<Buffer>;
}

/** What became of one recipient. `deferred` is tried again. */
export interface Outcome {
  readonly status: 'sent' | 'deferred' | 'failed';
  /** What the other side said, or why it was not asked; one line without control characters. */
  readonly reply: string;
  /** RFC 3463, `5.1.1`. */
  readonly enhanced: string;
  /** The host that said it; undefined when none did. */
  readonly host?: string;
  /** The other side tells the sender itself when it delivers (it has the DSN extension). */
  readonly relaysNotifications?: boolean;
}

export interface MailTransport {
  /** What mail to this domain shares connections and waiting with: the domain, or the relay of everything. */
  destinationOf(domain: string): string;
  /** One outcome for each recipient, in order. Never rejects. */
  send(destination: string, message: OutgoingMessage, signal: AbortSignal): Promise<Outcome[]>;
}
