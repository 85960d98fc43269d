/**
 * Inbound SMTP: anybody delivers to addresses of this server, and nobody gets anything relayed.
 * RFC 5321 §3.6, §4.4 and §7.
 * Elsewhere: the conversation (session.ts), taking the message (src/mail/reception.ts).
 */
import type { Recipient } from '../../src/mail/delivery.ts';
import type { LocalRecipients } from '../../src/mail/local-recipients.ts';
import type { Reception } from '../../src/mail/reception.ts';
import { guardMessage } from './data-guard.ts';
import type { Door } from './door.ts';
import { isHere, localRecipient, relayRefused } from './recipients.ts';

export function inboundDoor(recipients: LocalRecipients, reception: Reception): Door<Recipient> {
  return {
    name: 'smtp',
    login: false,
    extensions: [],
    mailParameters: new Set(['SIZE', 'BODY', 'SMTPUTF8']),
    recipientParameters: new Set(),
    async sender() {},
    async recipient(_transaction, path) {
      if (!(await isHere(path, recipients))) throw relayRefused();
      return localRecipient(path, recipients);
    },
    async message(transaction, octets) {
      const { id, helo, peer, protocol, sender } = transaction;
      await reception.take({
        mailFrom: sender.address,
        recipients: transaction.recipients,
        trace: { id, helo, protocol, address: peer.address },
        ...(await guardMessage(octets)),
      });
      return `2.0.0 Delivered as ${id}`;
    },
  };
}
