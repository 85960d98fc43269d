/**
 * All listeners of SMTP and LMTP of one server, as the configuration has them.
 * Elsewhere: what they do (the doors), sending on (transport.ts).
 */
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { Config, Listener } from '../../src/config.ts';
import type { Greylisting } from '../../src/mail/greylisting.ts';
import type { LocalRecipients } from '../../src/mail/local-recipients.ts';
import type { Reception } from '../../src/mail/reception.ts';
import type { Submission } from '../../src/mail/submission.ts';
import type { SubmissionLimits } from '../../src/mail/submission-limits.ts';
import type { Authentication } from '../../src/principals/authentication.ts';
import type { CertificatePair, SocketListener } from '../listener.ts';
import type { Door } from './door.ts';
import { inboundDoor } from './inbound.ts';
import { lmtpDoor } from './lmtp.ts';
import type { SessionLimits } from './session-limits.ts';
import { listenSmtp, type SmtpOptions } from './session-server.ts';
import { submissionDoor } from './submission.ts';

export interface SmtpServices {
  readonly config: Config;
  readonly authentication: Authentication;
  readonly recipients: LocalRecipients;
  readonly submission: Submission;
  readonly submissionLimits: SubmissionLimits;
  readonly reception: Reception;
  readonly greylisting: Greylisting;
  readonly tls: CertificatePair | undefined;
  readonly log: Logger;
  readonly limits?: Partial<SessionLimits>;
}

export type SmtpListenerName = Extract<Listener, 'submission' | 'submissions' | 'smtp' | 'lmtp'>;

export interface SmtpListeners {
  readonly addresses: Readonly<Partial<Record<SmtpListenerName, AddressInfo>>>;
  /** New connections, and those that begin TLS, get this certificate. */
  renew(tls: CertificatePair): void;
  close(): Promise<void>;
}

/** Strangers wait this long for the greeting: who talks before it is no mail server (RFC 5321 §4.3.1). */
const GREETING_DELAY = 100;

/** Opens those that have a port; all or none. */
export async function openSmtp(services: SmtpServices): Promise<SmtpListeners> {
  const { config, authentication, recipients, submission, submissionLimits, reception, greylisting, tls, log } =
    services;
  const opened = new Map<SmtpListenerName, SocketListener>();
  const close = async (): Promise<void> => {
    await Promise.all([...opened.values()].map((listener) => listener.close()));
  };
  async function open<R>(name: SmtpListenerName, door: Door<R>, more: Partial<SmtpOptions> = {}): Promise<void> {
    const port = config.ports[name];
    if (port === undefined) return;
    const { mailHostname: hostname, plaintextLogin } = config;
    const at = {
      name,
      // LMTP knows no passwords: it is for this machine, whatever the host says.
      host: name === 'lmtp' ? '127.0.0.1' : config.host,
      port,
      implicitTls: name === 'submissions',
    };
    const limits = { ...more.limits, ...services.limits };
    const options = { hostname, authentication, plaintextLogin, tls, log, ...more, limits };
    opened.set(name, await listenSmtp(door, at, options));
  }
  try {
    const submissions = submissionDoor(recipients, submission, submissionLimits);
    await open('submission', submissions);
    await open('submissions', submissions);
    await open('smtp', inboundDoor(recipients, reception, greylisting), { limits: { greetingDelay: GREETING_DELAY } });
    await open('lmtp', lmtpDoor(recipients, reception), { tls: undefined });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    addresses: Object.fromEntries([...opened].map(([name, { address }]) => [name, address])),
    renew(renewed) {
      for (const listener of opened.values()) listener.renew(renewed);
    },
    close,
  };
}
