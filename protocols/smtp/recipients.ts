/**
 * What RCPT is answered for addresses of this server and for others.
 * RFC 5321 §3.6.2 and §7.3 (no relaying for strangers), RFC 3463 §3.2.
 */
import type { Recipient } from '../../src/mail/delivery.ts';
import type { LocalRecipients } from '../../src/mail/local-recipients.ts';
import type { Path } from './path-command.ts';
import { SmtpRefusal } from './refusal.ts';

/** Characters by which old mail systems wrote a further hop into a local part. */
const FURTHER_HOP = /[%!@]/;

/** Is the mailbox at a domain of this server, or the domainless postmaster? */
export async function isHere(path: Path, recipients: LocalRecipients): Promise<boolean> {
  return path.domain === '' || (await recipients.isLocalDomain(path.domain));
}

/**
 * Whose mail a local address is.
 * @throws SmtpRefusal when nobody has it
 */
export async function localRecipient(path: Path, recipients: LocalRecipients): Promise<Recipient> {
  const recipient = await recipients.find(path.local, path.domain);
  if (recipient !== undefined && recipient.accountIds.length > 0) return recipient;
  if (recipient === undefined && FURTHER_HOP.test(path.local)) throw relayRefused();
  throw new SmtpRefusal(550, '5.1.1', 'Nobody here has that address.');
}

/** The answer to a stranger who wants mail sent on. */
export function relayRefused(): SmtpRefusal {
  return new SmtpRefusal(550, '5.7.1', 'This server takes mail for its own domains only.');
}
