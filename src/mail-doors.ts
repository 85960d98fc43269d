/**
 * The listeners of mail, and the services that take mail in and send it out.
 * Elsewhere: what each protocol does (protocols/imap, pop3, smtp).
 */
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { httpClient } from '../protocols/http-client.ts';
import { openImap } from '../protocols/imap/listeners.ts';
import type { ImapLimits } from '../protocols/imap/session.ts';
import type { CertificatePair } from '../protocols/listener.ts';
import { openPop3 } from '../protocols/pop3/listeners.ts';
import type { Pop3Limits } from '../protocols/pop3/session.ts';
import { type RspamdOptions, rspamd } from '../protocols/rspamd.ts';
import { openSmtp } from '../protocols/smtp/listeners.ts';
import type { SessionLimits } from '../protocols/smtp/session-limits.ts';
import { smtpTransport, type TransportOptions } from '../protocols/smtp/transport.ts';
import type { Config, Listener } from './config.ts';
import { Greylisting } from './mail/greylisting.ts';
import { LocalRecipients } from './mail/local-recipients.ts';
import { Outbound } from './mail/outbound.ts';
import { type Arrival, Reception } from './mail/reception.ts';
import { SenderVerification, type VerificationOptions } from './mail/sender-verification.ts';
import { Signing } from './mail/signing.ts';
import { SpamLessons, type SpamLessonsOptions } from './mail/spam-lessons.ts';
import { StsPolicies } from './mail/sts-policies.ts';
import { Submission } from './mail/submission.ts';
import { SubmissionLimits } from './mail/submission-limits.ts';
import { packageVersion } from './package-root.ts';
import type { Services } from './services.ts';

/** Of the mail listeners, those that speak TLS at once or on request. */
export const TLS_MAIL_LISTENERS: readonly Listener[] = [
  'imap',
  'imaps',
  'pop3',
  'pop3s',
  'submission',
  'submissions',
  'smtp',
];

export interface MailDoorsOptions {
  readonly imapLimits?: Partial<ImapLimits>;
  readonly pop3Limits?: Partial<Pop3Limits>;
  readonly smtpLimits?: Partial<SessionLimits>;
  readonly mailTransport?: Partial<TransportOptions>;
  readonly verification?: Partial<VerificationOptions>;
  readonly rspamd?: Partial<RspamdOptions>;
  readonly lessons?: Partial<SpamLessonsOptions>;
}

/** What all of them are given. */
export interface MailDoorsContext {
  readonly config: Config;
  readonly services: Services;
  readonly tls: CertificatePair | undefined;
  readonly log: Logger;
  readonly now: () => number;
}

interface Door {
  readonly addresses: Readonly<Partial<Record<Listener, AddressInfo>>>;
  /** New connections get this certificate. */
  renew(tls: CertificatePair): void;
  close(): Promise<void>;
}

export interface MailDoors extends Door {
  readonly outbound: Outbound;
}

/** Opens the listeners that have a port, and starts to send what is queued; all or nothing. */
export async function openMailDoors(
  { config, services, tls, log, now }: MailDoorsContext,
  options: MailDoorsOptions,
): Promise<MailDoors> {
  const { store, mail, authentication, domainKeys, queue } = services;
  const { mailHostname: hostname, relay } = config;
  const recipients = new LocalRecipients(store, mail.delivery);
  const { dnsServers, deliverTo: allowed } = config;
  const program = `Convene/${packageVersion()}`;
  // RFC 8461 §3.3: no redirects, and no file larger than a policy needs.
  const fetcher = httpClient({ allowed: [], program, redirects: 0, maxOctets: 65_536 });
  const policies = new StsPolicies(store);
  const transport = smtpTransport({
    hostname,
    relay,
    dnsServers,
    allowed,
    fetcher,
    policies,
    now,
    ...options.mailTransport,
  });
  const outbound = new Outbound(store, mail.delivery, recipients, transport, {
    hostname,
    now,
    log,
    signing: new Signing(domainKeys, now),
    outcomes: services.scheduling.trackedMail.outcomes(),
  });
  const verification = new SenderVerification({ servers: config.dnsServers, log, ...options.verification });
  const spam = config.rspamd === undefined ? undefined : rspamd({ ...config.rspamd, log, ...options.rspamd });
  const lessons = spam?.learns ? new SpamLessons(store, spam, { log, ...options.lessons }) : undefined;
  mail.messages.onPlaced((placed) => lessons?.placed(placed));
  const arrived = (message: Arrival) => services.scheduling.incoming.arrived(message, log);
  const flow = {
    recipients,
    reception: new Reception(mail.delivery, {
      hostname,
      now,
      verification,
      dmarc: config.dmarc,
      spam,
      arrived,
    }),
    greylisting: new Greylisting(store, config.greylistSeconds * 1000, now),
    submissionLimits: new SubmissionLimits(config.submissionLimits, now),
    submission: new Submission(store, mail.delivery, { hostname, now, queued: () => outbound.wake(), arrived }),
  };
  const common = { config, authentication, tls, log };
  const version = packageVersion();
  const doors: Door[] = [];
  const close = async (): Promise<void> => {
    await Promise.all([...doors.map((door) => door.close()), outbound.stop()]);
    await Promise.all([verification.close(), lessons?.stop()]);
  };
  try {
    doors.push(await openImap({ ...common, ...mail, version, limits: options.imapLimits }));
    doors.push(await openPop3({ ...common, ...mail, version, limits: options.pop3Limits }));
    doors.push(await openSmtp({ ...common, ...flow, limits: options.smtpLimits }));
    await outbound.start();
    queue.onChange(() => outbound.wake());
  } catch (error) {
    await close();
    throw error;
  }
  return {
    addresses: Object.assign({}, ...doors.map(({ addresses }) => addresses)),
    outbound,
    renew(renewed) {
      for (const door of doors) door.renew(renewed);
    },
    close,
  };
}
