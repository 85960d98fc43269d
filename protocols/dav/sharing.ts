/**
 * Sharing by invitation: POST of CS:share on a calendar or an address book, of CS:invite-reply on the home of who was invited, and
 * the properties that show it.
 * calendarserver's caldav-sharing.txt §4.3 (properties), §5.3 (share), §5.5 (reply): a draft without an RFC.
 * Elsewhere: what an invitation does (src/collections/sharing.ts), how it is told (notifications.ts).
 */
import type { NewInvitation } from '../../src/collections/sharing.ts';
import type { Principal } from '../../src/principals/access.ts';
import type { CollectionResource, Exchange, HomeResource, LiveProperty } from './contract.ts';
import { badRequest, DavError } from './dav-error.ts';
import { encodeSegment, homeHref } from './hrefs.ts';
import { startMultistatus, statusResponse, XML_CONTENT_TYPE } from './multistatus.ts';
import { CALENDARSERVER, DAV, DECLARATIONS } from './namespaces.ts';
import { accessXml, organizerXml, STATUS } from './notifications.ts';
import { principalOf } from './principal-hrefs.ts';
import { type Element, escapeXml, hrefXml } from './xml.ts';

/** People named in one request. */
const MAX_INVITED = 200;
const MAX_TEXT = 1000;

/** Answers CS:share: 200, or 207 when some of those named are nobody to share with. */
export async function share(exchange: Exchange, { collection }: CollectionResource, body: Element): Promise<void> {
  const { server } = exchange;
  const sets = body.elements(CALENDARSERVER, 'set');
  const removes = body.elements(CALENDARSERVER, 'remove');
  if (sets.length + removes.length === 0 || sets.length + removes.length > MAX_INVITED)
    throw badRequest(`CS:share names between one and ${MAX_INVITED} people.`);
  if (!collection.rights.manage || !server.sharing.canBeShared(collection))
    throw new DavError(403, 'This cannot be shared, or not by you.', '<D:need-privileges/>');
  const outcome = new Map<string, '200 OK' | '403 Forbidden'>();
  const wanted = new Map<number, NewInvitation>();
  const withdrawn = new Map<number, Principal>();
  for (const element of sets) {
    const invitation = readSet(element);
    const invitee = await principalOf(exchange, invitation.href);
    const fits = invitee !== undefined && invitee.id !== collection.accountId && invitee.kind === 'individual';
    outcome.set(invitation.href, fits ? '200 OK' : '403 Forbidden');
    if (fits) wanted.set(invitee.id, { ...invitation, invitee });
  }
  const known = await server.sharing.list(collection);
  for (const element of removes) {
    const href = hrefIn(element);
    // Somebody who cannot be seen any more can still be taken from the list.
    const sharee =
      known.find((one) => one.href.toLowerCase() === href.toLowerCase())?.invitee ??
      (await principalOf(exchange, href));
    outcome.set(href, sharee === undefined ? '403 Forbidden' : '200 OK');
    if (sharee !== undefined) withdrawn.set(sharee.id, sharee);
  }
  await server.sharing.invite(collection, [...wanted.values()], [...withdrawn.values()]);
  if ([...outcome.values()].every((status) => status === '200 OK')) {
    await exchange.reply.code(200).header('content-length', 0).send();
    return;
  }
  const answer = startMultistatus(exchange);
  for (const [href, status] of outcome) answer.add(statusResponse(escapeXml(href), status));
  await answer.end();
}

/** Answers CS:invite-reply. */
export async function replyToInvitation(exchange: Exchange, home: HomeResource, body: Element): Promise<void> {
  const { server, viewer, reply } = exchange;
  if (home.principal.id !== viewer.id)
    throw new DavError(403, 'This is the home of somebody else.', '<D:need-privileges/>');
  const uid = body.child(CALENDARSERVER, 'in-reply-to')?.text().trim() ?? '';
  const accepted = body.child(CALENDARSERVER, 'invite-accepted') !== undefined;
  const declined = body.child(CALENDARSERVER, 'invite-declined') !== undefined;
  if (uid === '' || accepted === declined) throw badRequest('CS:invite-reply accepts or declines one invitation.');
  const bound = await server.sharing.reply(viewer, uid, accepted, textIn(body, 'summary'));
  if (bound === undefined) {
    await reply.code(200).header('content-length', 0).send();
    return;
  }
  const href = `${homeHref(bound.home, viewer.name)}${encodeSegment(bound.segment)}/`;
  const text = `<?xml version="1.0" encoding="utf-8"?>\n<CS:shared-as${DECLARATIONS}>${hrefXml(href)}</CS:shared-as>`;
  await reply.code(200).header('content-type', XML_CONTENT_TYPE).send(text);
}

function readSet(element: Element): Omit<NewInvitation, 'invitee'> {
  const write = ['read-write', 'read-write-schedule'].some((name) => element.child(CALENDARSERVER, name) !== undefined);
  if (!write && element.child(CALENDARSERVER, 'read') === undefined) throw badRequest('CS:set gives no access.');
  return {
    href: hrefIn(element),
    commonName: textIn(element, 'common-name'),
    summary: textIn(element, 'summary'),
    rights: write ? 'read-write' : 'read',
  };
}

function hrefIn(element: Element): string {
  const href = element.child(DAV, 'href')?.text().trim() ?? '';
  if (href === '' || href.length > MAX_TEXT) throw badRequest('Name whom to share with by DAV:href.');
  return href;
}

function textIn(element: Element, name: string): string {
  return (element.child(CALENDARSERVER, name)?.text().trim() ?? '').slice(0, MAX_TEXT);
}

export const sharingProperties: readonly LiveProperty[] = [
  {
    namespace: CALENDARSERVER,
    name: 'allowed-sharing-modes',
    on: ['collection'],
    read: (resource, { server }) =>
      resource.kind === 'collection' &&
      resource.collection.rights.manage &&
      server.sharing.canBeShared(resource.collection)
        ? '<CS:can-be-shared/>'
        : undefined,
  },
  {
    namespace: CALENDARSERVER,
    name: 'invite',
    on: ['collection'],
    read: (resource, exchange) => invite(resource as CollectionResource, exchange),
  },
  {
    namespace: CALENDARSERVER,
    name: 'shared-url',
    on: ['collection'],
    // For who was invited: where the collection is at its owner's.
    async read(resource, { server, viewer }) {
      if (resource.kind !== 'collection' || resource.collection.accountId === viewer.id) return undefined;
      const { collection } = resource;
      if ((await server.sharing.invitationOf(collection, viewer)) === undefined) return undefined;
      const segment = await server.sharing.ownSegment(collection);
      return hrefXml(`${homeHref(collection.home, collection.owner.name)}${encodeSegment(segment)}/`);
    },
  },
];

/** Who was invited; for who was, by whom and oneself. */
async function invite({ collection }: CollectionResource, { server, viewer }: Exchange): Promise<string | undefined> {
  if (!server.sharing.canBeShared(collection)) return undefined;
  const all = await server.sharing.list(collection);
  const shown = collection.rights.manage ? all : all.filter(({ invitee }) => invitee.id === viewer.id);
  if (shown.length === 0) return undefined;
  const users = shown.map(
    ({ uid, href, invitee, commonName, rights, status }) =>
      `<CS:user><CS:uid>${uid}</CS:uid>${hrefXml(href)}<CS:common-name>${escapeXml(commonName || invitee.displayName)}</CS:common-name>` +
      `${accessXml(rights)}${STATUS[status]}</CS:user>`,
  );
  return `${organizerXml(collection.owner)}${users.join('')}`;
}

/** What a collection shows in its resource type: shared by its owner, or shared with the viewer. */
export async function sharedType({ collection }: CollectionResource, { server, viewer }: Exchange): Promise<string> {
  if (!server.sharing.canBeShared(collection)) return '';
  if (collection.accountId === viewer.id)
    return (await server.sharing.isShared(collection)) ? '<CS:shared-owner/>' : '';
  return collection.principalId === viewer.id ? '<CS:shared/>' : '';
}
