/**
 * Inbound SMTP: anybody delivers to addresses of this server, and nobody gets anything relayed.
 * RFC 5321 §3.6, §4.4 and §7.
 * Elsewhere: the conversation (session.ts), taking the message (src/mail/reception.ts).
 */
import type { Recipient } from '../../src/mail/delivery.ts';
import type { Greylisting } from '../../src/mail/greylisting.ts';
import type { LocalRecipients } from '../../src/mail/local-recipients.ts';
import type { Reception } from '../../src/mail/reception.ts';
import type { Door } from './door.ts';
import { isHere, localRecipient, relayRefused } from './recipients.ts';
import { SmtpRefusal } from './refusal.ts';

export function inboundDoor(
  recipients: LocalRecipients,
  reception: Reception,
  greylisting: Greylisting,
): Door<Recipient> {
  return {
    name: 'smtp',
    login: false,
    extensions: [],
    mailParameters: new Set(['SIZE', 'BODY', 'SMTPUTF8']),
    recipientParameters: new Set(),
    async sender() {},
    async recipient(transaction, path) {
      if (!(await isHere(path, recipients))) throw relayRefused();
      const recipient = await localRecipient(path, recipients);
      // One reply after the message stands for all recipients, so who has no room is better told apart here.
      if (!(await reception.hasRoom(recipient, Number(transaction.parameters.get('SIZE') ?? 1))))
        throw new SmtpRefusal(452, '4.2.2', 'The mailbox has no room.');
      const wait = await greylisting.wait(transaction.peer.address, transaction.sender.address, recipient.address);
      // RFC 6647 §5: a temporary refusal, of which a mail server makes another attempt.
      if (wait > 0) throw new SmtpRefusal(451, '4.7.1', `Greylisted; try again in ${Math.ceil(wait / 1000)} seconds.`);
      return recipient;
    },
    async message(transaction, message) {
      const { id, helo, peer, protocol, sender } = transaction;
      await reception.take({
        mailFrom: sender.address,
        recipients: transaction.recipients,
        trace: { id, helo, protocol, address: peer.address },
        client: { address: peer.address, helo },
        ...message,
      });
      return `2.0.0 Delivered as ${id}`;
    },
  };
}
