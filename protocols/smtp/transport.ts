/**
 * MailTransport: everything by the relay, or without one to the mail exchangers of each domain, one after the other.
 * RFC 5321 §5.1, RFC 3207 §4.1, RFC 7435 §3 (opportunistic encryption), RFC 8461 §5 (encryption that a domain asks for).
 * Elsewhere: the conversation (client.ts), who takes mail (mail-exchangers.ts), what a domain asks for (mta-sts.ts), the queue (src/mail/outbound.ts).
 */
import type { Config } from '../../src/config.ts';
import type { MailTransport, Outcome, OutgoingMessage } from '../../src/mail/mail-transport.ts';
import { type Attempt, CLIENT_TIMEOUTS, type ClientTimeouts, sendOver } from './client.ts';
import { MailExchangers, type MailExchangersOptions } from './mail-exchangers.ts';
import { MtaSts, type MtaStsOptions, names } from './mta-sts.ts';
import { exchangerRoute, type Route, relayRoute } from './routes.ts';

export interface TransportOptions extends MailExchangersOptions, MtaStsOptions {
  readonly relay: Config['relay'];
  readonly timeouts?: Partial<ClientTimeouts>;
  /** Where mail exchangers listen; 25 but in tests. */
  readonly port?: number;
  /** Certificates to believe instead of those of Node, as PEM; for tests. */
  readonly authorities?: string;
}

export function smtpTransport({
  relay,
  timeouts,
  port = 25,
  authorities,
  ...options
}: TransportOptions): MailTransport {
  const patience = { ...CLIENT_TIMEOUTS, ...timeouts };
  const exchangers = new MailExchangers(options);
  const policies = new MtaSts(options);
  const attempt = (route: Route, message: OutgoingMessage, signal: AbortSignal) =>
    sendOver(route, options.hostname, message, patience, signal);

  async function direct(domain: string, message: OutgoingMessage, signal: AbortSignal): Promise<Outcome[]> {
    const [found, policy] = await Promise.all([exchangers.find(domain), policies.policyOf(domain)]);
    if ('none' in found) return message.recipients.map(() => found.none);
    const enforced = policy?.mode === 'enforce';
    // RFC 8461 §5: who is not named gets nothing, and nothing goes in the clear.
    const allowed = enforced ? found.exchangers.filter(({ host }) => names(policy, host)) : found.exchangers;
    if (allowed.length === 0) return message.recipients.map(() => unnamed(domain));
    let last: Attempt | undefined;
    for (const exchanger of allowed) {
      if (signal.aborted) break;
      const route = exchangerRoute(exchanger, port, enforced, authorities);
      last = await attempt(route, message, signal);
      // RFC 7435 §3: encryption that fails where none was promised is no reason to keep the mail.
      if ('unusable' in last && last.encryption && !enforced)
        last = await attempt({ ...route, tls: 'none' }, message, signal);
      if (!leavesToNext(last)) break;
    }
    return outcomesOf(last, message);
  }

  return {
    destinationOf: (domain) => (relay === undefined ? domain.toLowerCase() : `relay ${relay.host}:${relay.port}`),
    async send(destination, message, signal) {
      if (relay === undefined) return direct(destination, message, signal);
      return outcomesOf(await attempt(relayRoute(relay), message, signal), message);
    },
  };
}

/** Whether another server is asked too: nothing was taken or refused for good, and nothing may have arrived (RFC 5321 §5.1). */
function leavesToNext(attempt: Attempt): boolean {
  if ('unusable' in attempt) return true;
  return !attempt.doubtful && attempt.outcomes.every(({ status }) => status === 'deferred');
}

function unnamed(domain: string): Outcome {
  const reply = `The policy of ${domain} (MTA-STS) names none of its mail exchangers.`;
  return { status: 'deferred', enhanced: '4.7.0', reply };
}

const STOPPED: Outcome = { status: 'deferred', enhanced: '4.3.2', reply: 'This server stopped meanwhile.' };

function outcomesOf(attempt: Attempt | undefined, { recipients }: OutgoingMessage): Outcome[] {
  if (attempt === undefined) return recipients.map(() => STOPPED);
  return 'outcomes' in attempt ? attempt.outcomes : recipients.map(() => attempt.unusable);
}
