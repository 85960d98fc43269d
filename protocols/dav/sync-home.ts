/**
 * The sync-collection report on a home: which collections came, changed or left since a token.
 * RFC 6578 §3. A collection changes with its members, so a client that watches the home asks only those that changed.
 * Elsewhere: the log of a home (src/collections/home-changes.ts), one collection (sync-collection.ts).
 */
import { DomainError } from '../../src/errors.ts';
import type { Exchange, HomeResource, LiveProperty, Report } from './contract.ts';
import { badRequest, DavError } from './dav-error.ts';
import { encodeSegment } from './hrefs.ts';
import { startMultistatus, statusResponse } from './multistatus.ts';
import { DAV } from './namespaces.ts';
import { collectionAt } from './paths.ts';
import { limitOf, tokenXml } from './sync-collection.ts';
import { homeBookmarkOf, homeTokenOf } from './sync-token.ts';
import type { Element } from './xml.ts';

export const syncHome: Report = {
  namespace: DAV,
  name: 'sync-collection',
  on: ['home'],
  async run(exchange, { resource, body }) {
    if (resource.kind !== 'home') throw badRequest('Only collections can be synchronised.');
    const { server, viewer } = exchange;
    const { extension, principal } = resource;
    checkLevel(body);
    const limit = limitOf(body);
    const asked = server.properties.ask(exchange, body, 'nothing');
    const from = bookmarkIn(body);
    const { changed, gone, bookmark } = await server.homeChanges.since(viewer, principal, extension.home, from);
    // §3.7: a home is told as a whole or not at all.
    if (changed.length + gone.length > limit)
      throw new DavError(507, 'More has changed.', '<D:number-of-matches-within-limits/>');
    const answer = startMultistatus(exchange);
    for (const segment of changed) answer.add(await respond(exchange, resource, segment, asked));
    for (const segment of gone)
      answer.add(statusResponse(`${resource.href}${encodeSegment(segment)}/`, '404 Not Found'));
    await answer.end(tokenXml(homeTokenOf(bookmark)));
  },
};

export const homeSyncToken: LiveProperty = {
  namespace: DAV,
  name: 'sync-token',
  on: ['home'],
  async read(resource, { server }) {
    if (resource.kind !== 'home') return undefined;
    return homeTokenOf(await server.homeChanges.bookmark(resource.principal, resource.extension.home));
  },
};

async function respond(
  { server, viewer }: Exchange,
  home: HomeResource,
  segment: string,
  asked: ReturnType<Exchange['server']['properties']['ask']>,
): Promise<string> {
  const collection = await server.collections.find(viewer, home.principal, home.extension.home, segment);
  if (!collection?.rights.read) return statusResponse(`${home.href}${encodeSegment(segment)}/`, '404 Not Found');
  return asked.respond(collectionAt(server, home, collection));
}

/** §3.3: the members of the collections are not told here. */
function checkLevel(body: Element): void {
  const level = body.child(DAV, 'sync-level')?.text().trim();
  if (level === undefined || level === '1') return;
  if (level !== 'infinite' && level !== 'infinity') throw badRequest('DAV:sync-level must be 1 or infinite.');
  throw new DavError(403, 'Ask each collection for its members.', '<D:sync-traversal-supported/>');
}

function bookmarkIn(body: Element) {
  const token = body.child(DAV, 'sync-token')?.text().trim() ?? '';
  if (token === '') return undefined;
  const bookmark = homeBookmarkOf(token);
  if (bookmark === undefined) throw new DomainError('sync-token-invalid', 'This is not a sync token of a home.');
  return bookmark;
}
