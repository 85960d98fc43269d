/**
 * LMTP: a mail server in front of this one hands over mail for addresses of this server.
 * RFC 2033 (an outcome for each recipient, in order).
 * Elsewhere: the conversation (session.ts), taking the message (src/mail/reception.ts).
 */
import type { Recipient } from '../../src/mail/delivery.ts';
import { frontClient } from '../../src/mail/front-client.ts';
import type { LocalRecipients } from '../../src/mail/local-recipients.ts';
import type { Reception } from '../../src/mail/reception.ts';
import type { Door } from './door.ts';
import { isHere, localRecipient, relayRefused } from './recipients.ts';
import { refusalOf } from './refusal.ts';

export function lmtpDoor(recipients: LocalRecipients, reception: Reception): Door<Recipient> {
  return {
    name: 'lmtp',
    login: false,
    extensions: [],
    mailParameters: new Set(['SIZE', 'BODY', 'SMTPUTF8']),
    recipientParameters: new Set(),
    async sender() {},
    async recipient(_transaction, path) {
      if (!(await isHere(path, recipients))) throw relayRefused();
      return localRecipient(path, recipients);
    },
    async message(transaction, message) {
      const { id, helo, peer, protocol, sender } = transaction;
      const outcomes = await reception.takeForEach({
        mailFrom: sender.address,
        recipients: transaction.recipients,
        trace: { id, helo, protocol, address: peer.address },
        client: frontClient(message.header),
        ...message,
      });
      // RFC 2033 §4.2: one for each RCPT, also where two of them mean the same mailbox.
      return transaction.recipients.map(({ address }, index) => {
        const refused = outcomes[index];
        return refused === undefined ? `2.0.0 Delivered to ${address} as ${id}` : refusalOf(refused);
      });
    },
  };
}
