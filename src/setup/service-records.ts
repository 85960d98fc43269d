/**
 * Under which names and ports clients reach this server, and the DNS records that say so.
 * RFC 6186 §3 (mail), RFC 8314 §5.1 (submission over TLS), RFC 6764 §3 and §4 (CalDAV, CardDAV), RFC 2782 (SRV).
 * Elsewhere: what single programs ask for (autoconfig.ts, autodiscover.ts, apple-profile.ts).
 */
import type { Config } from '../config.ts';

export interface MailService {
  readonly kind: 'imap' | 'pop3' | 'submission';
  readonly port: number;
  /** TLS from the first octet, or by STARTTLS. */
  readonly security: 'tls' | 'starttls';
}

export interface Services {
  /** Name of the host, for web and mail alike. */
  readonly host: string;
  /** Name under which other mail servers bring mail. */
  readonly mailHost: string;
  /** Origin of CalDAV, CardDAV and this page, without '/' at the end. */
  readonly origin: string;
  readonly webPort: number;
  /** Preferred ones first. */
  readonly mail: readonly MailService[];
}

/** Listener, what it serves, and the port it has for clients where standard ports are published. */
const MAIL = [
  ['imaps', 'imap', 'tls', 993],
  ['imap', 'imap', 'starttls', 143],
  ['pop3s', 'pop3', 'tls', 995],
  ['submissions', 'submission', 'tls', 465],
  ['submission', 'submission', 'starttls', 587],
] as const;

/**
 * What clients are told. With a public URL on the standard port, mail is taken to be on its standard ports too, because the
 * same machine or container publishes both; otherwise the listeners are named as they are.
 * @param bound ports that were picked by the system
 */
export function servicesOf(config: Config, bound: Partial<Record<string, number>> = {}): Services {
  const url = config.publicUrl === undefined ? undefined : new URL(config.publicUrl);
  const standard = url?.protocol === 'https:' && url.port === '';
  const host = url?.hostname ?? config.domain;
  const https = bound['https'] ?? config.ports.https;
  const http = bound['http'] ?? config.ports.http;
  const origin =
    config.publicUrl ??
    (https !== undefined ? `https://${host}:${https}` : `http://${host}:${http ?? config.ports.http}`);
  const mail: MailService[] = [];
  for (const [listener, kind, security, port] of MAIL) {
    const own = bound[listener] ?? config.ports[listener];
    if (own === undefined) continue;
    // STARTTLS for reading mail is not recommended (RFC 8314 §3) and not published by the container.
    if (standard && listener === 'imap') continue;
    mail.push({ kind, security, port: standard ? port : own });
  }
  const webPort = Number(new URL(origin).port) || (origin.startsWith('https:') ? 443 : 80);
  return { host, mailHost: config.mailHostname, origin, webPort, mail };
}

/** The first service of a kind. */
export function serviceOf(services: Services, kind: MailService['kind']): MailService | undefined {
  return services.mail.find((service) => service.kind === kind);
}

const SRV: Readonly<Record<string, string>> = {
  'imap tls': '_imaps._tcp',
  'imap starttls': '_imap._tcp',
  'pop3 tls': '_pop3s._tcp',
  'submission tls': '_submissions._tcp',
  'submission starttls': '_submission._tcp',
};

/** Lines for the zone of a domain. */
export function zoneLines(domain: string, services: Services): string[] {
  const { host, mailHost, webPort, mail, origin } = services;
  const suffix = origin.startsWith('https:') ? 's' : '';
  const lines = [`${domain}. IN MX 10 ${mailHost}.`];
  for (const { kind, security, port } of mail)
    lines.push(`${SRV[`${kind} ${security}`]}.${domain}. IN SRV 0 1 ${port} ${host}.`);
  for (const service of ['caldav', 'carddav']) {
    lines.push(`_${service}${suffix}._tcp.${domain}. IN SRV 0 1 ${webPort} ${host}.`);
    // RFC 6764 §4: where to begin, for clients that do not ask the well-known address.
    lines.push(`_${service}${suffix}._tcp.${domain}. IN TXT "path=/dav/"`);
  }
  if (suffix === 's') {
    lines.push(`_autodiscover._tcp.${domain}. IN SRV 0 1 ${webPort} ${host}.`);
    lines.push(`autoconfig.${domain}. IN CNAME ${host}.`, `autodiscover.${domain}. IN CNAME ${host}.`);
  }
  return lines;
}
