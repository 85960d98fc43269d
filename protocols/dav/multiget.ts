/**
 * Multiget: named members with their properties and octets, of calendars and address books alike.
 * RFC 4791 §7.9, RFC 6352 §8.7. Hrefs are found below the resource asked; everything else is 404 in its own response, whether
 * it exists elsewhere or not. Answers come in the order of the hrefs, each once.
 * Elsewhere: what the octets look like in an answer (calendar-data, address-data of the extensions).
 */
import { setImmediate } from 'node:timers/promises';
import { DomainError } from '../../src/errors.ts';
import type { AskedProperties, CollectionResource, Exchange, MemberResource, ReportRequest } from './contract.ts';
import { badRequest, DavError } from './dav-error.ts';
import { encodeSegment } from './hrefs.ts';
import { startMultistatus, statusResponse } from './multistatus.ts';
import { DAV } from './namespaces.ts';
import { splitPath } from './paths.ts';
import { memberOf } from './propfind.ts';
import { escapeXml } from './xml.ts';

/** Octets of members worth having in memory at once. */
const BATCH_OCTETS = 4 * 1024 * 1024;
/** Members of the first batch, before their size is known; of any batch. */
const FIRST_BATCH = 20;
const LARGEST_BATCH = 200;
/** Milliseconds of printing after which other requests get their turn. */
const SLICE = 10;

/** Answers a multiget whose properties were resolved already. */
export async function answerMultiget(
  exchange: Exchange,
  { resource, body }: ReportRequest,
  asked: AskedProperties,
): Promise<void> {
  const hrefs = [...new Set(body.elements(DAV, 'href').map((element) => element.text().trim()))];
  const answer = startMultistatus(exchange);
  if (resource.kind === 'member') {
    // RFC 6352 §8.7: asked of a member, it is about that member.
    const data = String(await resource.extension.members.read(resource.member, resource.collection));
    const wanted = hrefs.length === 0 ? [resource.href] : hrefs;
    for (const href of wanted) {
      const same = samePath(pathOf(href), splitPath(resource.href));
      answer.add(same ? await asked.respond({ ...resource, data }) : statusResponse(escapeXml(href), '404 Not Found'));
    }
    return answer.end();
  }
  if (hrefs.length === 0) throw badRequest('A multiget names at least one DAV:href.');
  const find = finder(exchange, resource);
  let next = 0;
  let size = FIRST_BATCH;
  while (next < hrefs.length) {
    const batch: Wanted[] = [];
    for (const href of hrefs.slice(next, next + size)) batch.push({ href, ...(await find(pathOf(href))) });
    next += size;
    const { text, octets } = await print(exchange, batch, asked);
    answer.add(text);
    await answer.page();
    size = Math.max(1, Math.min(LARGEST_BATCH, Math.floor((BATCH_OCTETS * batch.length) / Math.max(octets, 1))));
  }
  return answer.end();
}

interface Found {
  readonly parent?: CollectionResource;
  readonly name?: string;
}

interface Wanted extends Found {
  readonly href: string;
}

/** Finds the collection and name a path means, below the resource asked. */
function finder(exchange: Exchange, resource: ReportRequest['resource']): (path: readonly string[]) => Promise<Found> {
  const above = splitPath(resource.href);
  const known = new Map<string, CollectionResource | undefined>();
  const collectionOf = async (segment: string): Promise<CollectionResource | undefined> => {
    if (resource.kind === 'collection') return resource;
    if (resource.kind !== 'home') return undefined;
    if (known.has(segment)) return known.get(segment);
    const { server, viewer } = exchange;
    const { extension, principal } = resource;
    const collection = await server.collections.find(viewer, principal, extension.home, segment);
    const href = `${resource.href}${encodeSegment(segment)}/`;
    const found = collection?.rights.read
      ? ({ kind: 'collection', href, extension, principal, collection } as const)
      : undefined;
    known.set(segment, found);
    return found;
  };
  return async (path) => {
    const [, , , segment, name] = path;
    if (path.length !== 5 || segment === undefined || name === undefined) return {};
    if (!samePath(path.slice(0, above.length), above)) return {};
    const parent = await collectionOf(segment);
    return parent === undefined ? {} : { parent, name };
  };
}

/** Responses of a batch in its order, and how many octets were read for them. */
async function print(
  exchange: Exchange,
  batch: readonly Wanted[],
  asked: AskedProperties,
): Promise<{ text: string; octets: number }> {
  const names = new Map<CollectionResource, string[]>();
  for (const { parent, name } of batch) {
    if (parent === undefined || name === undefined) continue;
    const others = names.get(parent);
    if (others === undefined) names.set(parent, [name]);
    else others.push(name);
  }
  let octets = 0;
  const members = new Map<string, string>();
  let since = performance.now();
  for (const [parent, wanted] of names) {
    for (const { data, ...row } of await exchange.server.changes.withData(parent.collection, wanted)) {
      octets += row.size;
      members.set(parent.href + row.name, await respond(asked, memberOf(parent, row, data)));
      if (performance.now() - since < SLICE) continue;
      await setImmediate();
      since = performance.now();
    }
  }
  let text = '';
  for (const { href, parent, name } of batch) {
    const response = parent === undefined ? undefined : members.get(parent.href + name);
    text += response ?? statusResponse(escapeXml(href), '404 Not Found');
  }
  return { text, octets };
}

/** A member whose data would pass what one answer may hold is told as such; the others stand. */
async function respond(asked: AskedProperties, member: MemberResource): Promise<string> {
  try {
    return await asked.respond(member);
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'too-many-instances') throw error;
    return statusResponse(escapeXml(member.href), '507 Insufficient Storage');
  }
}

/** The decoded segments of an href, which may be a whole URL; none when no resource of ours can have it. */
function pathOf(href: string): string[] {
  try {
    return splitPath(href.replace(/^https?:\/\/[^/]*/i, ''));
  } catch (error) {
    if (error instanceof DavError) return [];
    throw error;
  }
}

/** Names of principals, the third segment, are the same in any case. */
function samePath(one: readonly string[], other: readonly string[]): boolean {
  return (
    one.length === other.length &&
    one.every(
      (segment, index) =>
        segment === other[index] || (index === 2 && segment.toLowerCase() === other[2]?.toLowerCase()),
    )
  );
}
