/**
 * What a principal is told about sharing, as the XML that Apple's clients read.
 * calendarserver's caldav-notifications.txt §5 (the collection, notificationtype) and caldav-sharing.txt §5.2 (invite-notification,
 * invite-reply): drafts without an RFC, kept by all clients that share.
 * Elsewhere: when somebody is told (src/collections/sharing.ts), where it is found (paths.ts).
 */
import type { Notice, PrintedNotice } from '../../src/collections/sharing.ts';
import type { InvitationRow } from '../../storage/store.ts';
import type { LiveProperty } from './contract.ts';
import { encodeSegment, homeHref, notificationsHref, principalHref } from './hrefs.ts';
import { CALENDARSERVER, DECLARATIONS } from './namespaces.ts';
import { escapeXml, hrefXml } from './xml.ts';

/** How an invitation stands. */
export const STATUS: Readonly<Record<InvitationRow['status'], string>> = {
  pending: '<CS:invite-noresponse/>',
  accepted: '<CS:invite-accepted/>',
  declined: '<CS:invite-declined/>',
};

/** What an invitation gives. */
export function accessXml(rights: InvitationRow['rights']): string {
  return `<CS:access><CS:${rights}/></CS:access>`;
}

/** Whoever invited. */
export function organizerXml({ name, displayName }: { readonly name: string; readonly displayName: string }): string {
  const commonName = `<CS:common-name>${escapeXml(displayName)}</CS:common-name>`;
  return `<CS:organizer>${hrefXml(principalHref(name))}${commonName}</CS:organizer>`;
}

/** A notification as it is kept. */
export function printNotice(notice: Notice): PrintedNotice {
  const { kind, uid, at, collection } = notice;
  const element = kind === 'invitation' ? 'invite-notification' : 'invite-reply';
  const type = ` shared-type="${collection.kind}"`;
  const content = kind === 'invitation' ? invitationXml(notice) : replyXml(notice);
  const stamp = new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');
  const body =
    `<?xml version="1.0" encoding="utf-8"?>\n<CS:notification${DECLARATIONS}><CS:dtstamp>${stamp}</CS:dtstamp>` +
    `<CS:${element}${type}>${content}</CS:${element}></CS:notification>\n`;
  const xml = `<notificationtype xmlns="${CALENDARSERVER}"><${element}${type} uid="${uid}"/></notificationtype>`;
  return {
    contentType: 'application/xml; charset=utf-8',
    body,
    property: { namespace: CALENDARSERVER, name: 'notificationtype', xml },
  };
}

function invitationXml({ invitation, sharer, ...notice }: Notice): string {
  const { uid, href, status, rights, summary } = invitation;
  const components = notice.collection.components
    .split(',')
    .filter((name) => name !== '')
    .map((name) => `<C:comp name="${name}"/>`)
    .join('');
  const set =
    components === '' ? '' : `<C:supported-calendar-component-set>${components}</C:supported-calendar-component-set>`;
  return (
    `<CS:uid>${uid}</CS:uid>${hrefXml(href)}${STATUS[status]}${accessXml(rights)}${hostXml(notice.collection, sharer.name)}` +
    `${organizerXml(sharer)}<CS:summary>${escapeXml(summary)}</CS:summary>${set}`
  );
}

function replyXml({ invitation, sharer, sharee, collection }: Notice): string {
  const { uid, href, status, summary } = invitation;
  return (
    `${hrefXml(href)}<CS:common-name>${escapeXml(sharee.displayName)}</CS:common-name>${STATUS[status]}` +
    `${hostXml(collection, sharer.name)}<CS:in-reply-to>${uid}</CS:in-reply-to><CS:summary>${escapeXml(summary)}</CS:summary>`
  );
}

function hostXml({ home, segment }: Notice['collection'], owner: string): string {
  const above = homeHref(home, owner);
  return `<CS:hosturl>${hrefXml(`${above}${segment.split('/').map(encodeSegment).join('/')}/`)}</CS:hosturl>`;
}

export const notificationUrl: LiveProperty = {
  namespace: CALENDARSERVER,
  name: 'notification-URL',
  on: ['principal'],
  read: (resource) =>
    resource.kind === 'principal' && resource.principal.kind === 'individual'
      ? hrefXml(notificationsHref(resource.principal.name))
      : undefined,
};
