/**
 * Delegation: who reads, or reads and writes, all calendars of somebody, as two groups below each principal.
 * calendarserver's caldav-proxy.txt §5 (calendar-proxy-read, -write, and the -for properties): a draft without an RFC, read by Apple's
 * clients and the Outlook plug-in. The groups are changed by PROPPATCH of DAV:group-member-set (RFC 3744 §4.3).
 * Elsewhere: the grants behind it (src/collections/grants.ts).
 */
import type { ProxyAccess } from '../../src/collections/grants.ts';
import { DomainError } from '../../src/errors.ts';
import type { Principal } from '../../src/principals/access.ts';
import { checkCollection } from './conditional.ts';
import type { Exchange, LiveProperty, ProxyResource, Resource } from './contract.ts';
import { badRequest } from './dav-error.ts';
import { principalHref, proxyHref } from './hrefs.ts';
import { startMultistatus } from './multistatus.ts';
import { CALENDARSERVER, DAV } from './namespaces.ts';
import { principalOf } from './principal-hrefs.ts';
import { instructionsOf, propstat } from './property-update.ts';
import { type Element, hrefXml, qualifiedName } from './xml.ts';
import { parseXml } from './xml-parser.ts';

/** Delegates of one person for one kind of access. */
const MAX_DELEGATES = 200;
/** The two groups of each principal. */
export const PROXY_ACCESS: readonly ProxyAccess[] = ['read', 'write'];

export const proxyProperties: readonly LiveProperty[] = PROXY_ACCESS.map((access) => ({
  namespace: CALENDARSERVER,
  name: `calendar-proxy-${access}-for`,
  on: ['principal'] as const,
  async read(resource: Resource, { server, viewer }: Exchange) {
    // Whose calendars somebody looks after is their own affair.
    if (resource.kind !== 'principal' || resource.principal.id !== viewer.id) return undefined;
    const owners = await server.grants.proxyFor(resource.principal, access);
    return owners.map(({ name }) => hrefXml(principalHref(name))).join('');
  },
}));

/** The members of a proxy group, for the one whose calendars it is about and for them. */
export async function delegatesOf(
  { principal, access }: ProxyResource,
  { server, viewer }: Exchange,
): Promise<Principal[]> {
  const delegates = await server.grants.proxiesOf(principal, access);
  return viewer.id === principal.id ? delegates : delegates.filter(({ id }) => id === viewer.id);
}

/** The proxy groups that somebody is in. */
export async function proxyGroupsOf({ server }: Exchange, principal: Principal): Promise<string[]> {
  const hrefs: string[] = [];
  for (const access of PROXY_ACCESS)
    for (const { name } of await server.grants.proxyFor(principal, access)) hrefs.push(proxyHref(name, access));
  return hrefs;
}

/** Answers PROPPATCH on a proxy group: its members are all that can be set. */
export async function patchProxies(exchange: Exchange, resource: ProxyResource, body: Buffer): Promise<void> {
  const { principal, access, href } = resource;
  const { server, viewer } = exchange;
  if (principal.id !== viewer.id) throw new DomainError('forbidden', 'Everybody chooses their own delegates.');
  const root = parseXml(body);
  const instructions = root.is(DAV, 'propertyupdate') ? instructionsOf(root) : [];
  if (instructions.length === 0)
    throw badRequest('The body must be a DAV:propertyupdate element that names a property.');
  await checkCollection(exchange);
  const isMembers = ({ namespace, name }: { namespace: string; name: string }) =>
    namespace === DAV && name === 'group-member-set';
  const members = await readMembers(exchange, instructions.filter(isMembers).at(-1)?.value);
  const refused = instructions.some((one) => !isMembers(one)) || members === undefined;
  if (!refused) await server.grants.setProxies(principal, access, members);
  const answer = startMultistatus(exchange);
  const propstats = instructions.map((one) => {
    const { tag, declaration } = qualifiedName(one.namespace, one.name);
    const element = `<${tag}${declaration}/>`;
    if (!refused) return propstat(element, '200 OK');
    if (!isMembers(one)) return propstat(element, '403 Forbidden', '<D:cannot-modify-protected-property/>');
    // RFC 3744 §8.1.1 has the word for it, though of ACL.
    return members === undefined
      ? propstat(element, '403 Forbidden', '<D:recognized-principal/>')
      : propstat(element, '424 Failed Dependency');
  });
  answer.add(`<D:response><D:href>${href}</D:href>${propstats.join('')}</D:response>`);
  await answer.end();
}

/** The principals in a group-member-set; undefined when one is none, or is the viewer. Removing the property empties it. */
async function readMembers(exchange: Exchange, value: Element | undefined): Promise<Principal[] | undefined> {
  const hrefs = (value?.elements(DAV, 'href') ?? []).map((href) => href.text().trim());
  if (hrefs.length > MAX_DELEGATES)
    throw new DomainError('limit-exceeded', `There are at most ${MAX_DELEGATES} delegates.`, { limit: MAX_DELEGATES });
  const members: Principal[] = [];
  for (const href of hrefs) {
    const principal = await principalOf(exchange, href);
    if (principal === undefined || principal.id === exchange.viewer.id) return undefined;
    members.push(principal);
  }
  return members;
}
