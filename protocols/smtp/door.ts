/**
 * What differs between submission, inbound SMTP and LMTP: one door each. The conversation is the same (session.ts).
 */
import type { Principal } from '../../src/principals/access.ts';
import type { SocketPeer } from '../listener.ts';
import type { GuardedMessage } from './data-guard.ts';
import type { Path } from './path-command.ts';
import type { SmtpRefusal } from './refusal.ts';

/** One message from MAIL to the reply after its last octet. */
export interface Transaction<Recipient> {
  /** Unique, for Received fields and log lines. */
  readonly id: string;
  readonly peer: SocketPeer;
  /** As the client named itself; only characters of host names and literals. */
  readonly helo: string;
  /** What Received says after "with": ESMTPSA and the like (RFC 3848). */
  readonly protocol: string;
  /** Who logged in; undefined where nobody does. */
  readonly principal: Principal | undefined;
  readonly sender: Path;
  /** Of MAIL, those the session does not use itself. */
  readonly parameters: ReadonlyMap<string, string>;
  /** The client uses UTF-8 in addresses and headers (RFC 6531). */
  readonly utf8: boolean;
  /** One for each successful RCPT, in order. */
  readonly recipients: Recipient[];
}

/** One reply of LMTP after the message (RFC 2033 §4.2). */
export type Outcome = string | SmtpRefusal;

export interface Door<Recipient> {
  readonly name: 'submission' | 'smtp' | 'lmtp';
  /** Offers AUTH, and takes no mail without it. */
  readonly login: boolean;
  /** Announced extensions beyond those every door has, and the parameters that come with them. */
  readonly extensions: readonly string[];
  readonly mailParameters: ReadonlySet<string>;
  readonly recipientParameters: ReadonlySet<string>;
  /** @throws SmtpRefusal, DomainError when this sender may not */
  sender(transaction: Transaction<Recipient>): Promise<void>;
  /** @throws SmtpRefusal, DomainError when mail to this path is not taken */
  recipient(
    transaction: Transaction<Recipient>,
    path: Path,
    parameters: ReadonlyMap<string, string>,
  ): Promise<Recipient>;
  /**
   * Takes the message; when it resolves, the message is on disk. SMTP: the words after 250. LMTP: one outcome for each
   * recipient.
   * @throws SmtpRefusal, DomainError
   */
  message(transaction: Transaction<Recipient>, message: GuardedMessage): Promise<string | Outcome[]>;
}
