/**
 * MailTransport: everything by the relay.
 * Elsewhere: the conversation (client.ts), the queue (src/mail/outbound.ts).
 */
import type { Config } from '../../src/config.ts';
import type { MailTransport, Outcome, OutgoingMessage } from '../../src/mail/mail-transport.ts';
import { CLIENT_TIMEOUTS, type ClientTimeouts, sendOver } from './client.ts';
import { relayRoute } from './routes.ts';

export interface TransportOptions {
  /** The name this server greets with. */
  readonly hostname: string;
  readonly relay: Config['relay'];
  readonly timeouts?: Partial<ClientTimeouts>;
}

const NO_WAY: Outcome = {
  status: 'deferred',
  enhanced: '4.4.4',
  reply: 'Mail for other servers waits until CONVENE_RELAY is set.',
};

export function smtpTransport({ hostname, relay, timeouts }: TransportOptions): MailTransport {
  const patience = { ...CLIENT_TIMEOUTS, ...timeouts };
  return {
    destinationOf: (domain) => (relay === undefined ? domain : `relay ${relay.host}:${relay.port}`),
    async send(_destination: string, message: OutgoingMessage, signal: AbortSignal): Promise<Outcome[]> {
      if (relay === undefined) return message.recipients.map(() => NO_WAY);
      const attempt = await sendOver(relayRoute(relay), hostname, message, patience, signal);
      return 'outcomes' in attempt ? attempt.outcomes : message.recipients.map(() => attempt.unusable);
    },
  };
}
