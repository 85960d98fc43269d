/**
 * The answer Thunderbird (and programs like it) asks a domain for: where mail, calendars and contacts are.
 * Format: draft-ietf-mailmaint-autoconfig, Mozilla "config-v1.1". The same for every address of a domain.
 * Elsewhere: which services there are (service-records.ts), the addresses it is asked at (protocols/setup).
 */
import { escapeXml } from '../collections/property-text.ts';
import type { MailService, Services } from './service-records.ts';

export function autoconfig(domain: string, services: Services): string {
  const { host, origin, mail } = services;
  const web = (element: string, type: string) =>
    `    <${element} type="${type}">\n      <username>%EMAILADDRESS%</username>\n` +
    `      <authentication>http-basic</authentication>\n      <serverURL>${escapeXml(`${origin}/dav/`)}</serverURL>\n    </${element}>\n`;
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n<clientConfig version="1.1">\n' +
    `  <emailProvider id="${escapeXml(domain)}">\n    <domain>${escapeXml(domain)}</domain>\n` +
    `    <displayName>${escapeXml(domain)}</displayName>\n    <displayShortName>${escapeXml(domain)}</displayShortName>\n` +
    mail.map((service) => server(service, host)).join('') +
    `${web('addressBook', 'carddav')}${web('calendar', 'caldav')}  </emailProvider>\n</clientConfig>\n`
  );
}

function server({ kind, port, security }: MailService, host: string): string {
  const element = kind === 'submission' ? 'outgoingServer' : 'incomingServer';
  return (
    `    <${element} type="${kind === 'submission' ? 'smtp' : kind}">\n      <hostname>${escapeXml(host)}</hostname>\n` +
    `      <port>${port}</port>\n      <socketType>${security === 'tls' ? 'SSL' : 'STARTTLS'}</socketType>\n` +
    `      <authentication>password-cleartext</authentication>\n      <username>%EMAILADDRESS%</username>\n    </${element}>\n`
  );
}
