/**
 * Configuration profiles for iOS and macOS: mail, CalDAV, CardDAV, and a subscribed calendar.
 * Apple device-management, mdm/profiles: com.apple.mail.managed, caldav.account, carddav.account, subscribedcalendar.account.
 * Identifiers and UUIDs are those of the account, so that installing again replaces. No password is in it: the device asks.
 * Elsewhere: signing (signed-data.ts), how people get to it (setup-links.ts).
 */
import { hash } from 'node:crypto';
import { escapeXml } from '../collections/property-text.ts';
import { type Services, serviceOf } from './service-records.ts';

type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

export interface ProfileOwner {
  readonly uuid: string;
  readonly displayName: string;
  readonly address: string;
}

/** The profile of an account. */
export function accountProfile(owner: ProfileOwner, services: Services): string {
  const payloads = [mail(owner, services), dav('CalDAV', owner, services), dav('CardDAV', owner, services)];
  return profile(
    owner.uuid,
    owner.address,
    `Convene (${owner.address})`,
    payloads.filter((one) => one !== undefined),
  );
}

/** The profile of a published calendar. @param url of the feed, https */
export function subscriptionProfile(url: string, title: string): string {
  const id = hash('sha256', url);
  const payload = {
    ...head('com.apple.subscribedcalendar.account', id, title),
    SubCalAccountHostName: url,
    SubCalAccountUseSSL: url.startsWith('https:'),
    SubCalAccountDescription: title,
  };
  return profile(id, id.slice(0, 16), title, [payload]);
}

function mail({ uuid, displayName, address }: ProfileOwner, services: Services) {
  const incoming = serviceOf(services, 'imap');
  const outgoing = serviceOf(services, 'submission');
  if (incoming === undefined || outgoing === undefined) return undefined;
  return {
    ...head('com.apple.mail.managed', uuid, `Mail (${address})`),
    EmailAccountType: 'EmailTypeIMAP',
    EmailAccountName: displayName,
    EmailAccountDescription: address,
    EmailAddress: address,
    IncomingMailServerAuthentication: 'EmailAuthPassword',
    IncomingMailServerHostName: services.host,
    IncomingMailServerPortNumber: incoming.port,
    IncomingMailServerUseSSL: true,
    IncomingMailServerUsername: address,
    OutgoingMailServerAuthentication: 'EmailAuthPassword',
    OutgoingMailServerHostName: services.host,
    OutgoingMailServerPortNumber: outgoing.port,
    OutgoingMailServerUseSSL: true,
    OutgoingMailServerUsername: address,
    OutgoingPasswordSameAsIncomingPassword: true,
  };
}

/** Without a principal URL: the device finds it by discovery, as it does when somebody types the account in. */
function dav(kind: 'CalDAV' | 'CardDAV', { uuid, address }: ProfileOwner, { host, webPort, origin }: Services) {
  return {
    ...head(`com.apple.${kind.toLowerCase()}.account`, uuid, `${kind} (${address})`),
    [`${kind}AccountDescription`]: address,
    [`${kind}HostName`]: host,
    [`${kind}Port`]: webPort,
    [`${kind}UseSSL`]: origin.startsWith('https:'),
    [`${kind}Username`]: address,
  };
}

function head(type: string, id: string, name: string) {
  return {
    PayloadType: type,
    PayloadVersion: 1,
    PayloadIdentifier: `org.convene.${uuidOf(id, 'root')}.${type}`,
    PayloadUUID: uuidOf(id, type),
    PayloadDisplayName: name,
  };
}

function profile(id: string, organization: string, name: string, payloads: readonly Value[]): string {
  const root: Value = {
    PayloadType: 'Configuration',
    PayloadVersion: 1,
    PayloadIdentifier: `org.convene.${uuidOf(id, 'root')}`,
    PayloadUUID: uuidOf(id, 'root'),
    PayloadDisplayName: name,
    PayloadOrganization: organization,
    PayloadContent: payloads,
  };
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" ' +
    `"http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n<plist version="1.0">\n${plist(root)}</plist>\n`
  );
}

/** The same for the same account and payload, always. */
function uuidOf(id: string, name: string): string {
  const digest = hash('sha256', `${id} ${name}`).toUpperCase();
  const version = `4${digest.slice(13, 16)}`;
  const variant = `8${digest.slice(17, 20)}`;
  return [digest.slice(0, 8), digest.slice(8, 12), version, variant, digest.slice(20, 32)].join('-');
}

function plist(value: Value): string {
  if (typeof value === 'string') return `<string>${escapeXml(value)}</string>\n`;
  if (typeof value === 'number') return `<integer>${value}</integer>\n`;
  if (typeof value === 'boolean') return value ? '<true/>\n' : '<false/>\n';
  if (Array.isArray(value)) return `<array>\n${value.map(plist).join('')}</array>\n`;
  const entries = Object.entries(value).map(([key, inner]) => `<key>${escapeXml(key)}</key>${plist(inner as Value)}`);
  return `<dict>\n${entries.join('')}</dict>\n`;
}
