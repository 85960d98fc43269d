/**
 * GET of a whole calendar or address book as one document, for programs that subscribe or take a copy.
 * RFC 9110 §9.3.1 and §13 (conditions), §8.8.2 (Last-Modified). Members are read and sent a batch at a time, at the pace of
 * the client, so that a large collection is never in memory.
 * Elsewhere: what the document looks like (the extensions).
 */

import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { MemberRow } from '../../storage/store.ts';
import { isNotModified } from './conditional.ts';
import type { CollectionResource, Exchange } from './contract.ts';
import { DAV } from './namespaces.ts';
import { holderOf } from './properties.ts';
import { parseXml } from './xml-parser.ts';

/** Octets of members in memory at once, and rows of one page. */
const BATCH_OCTETS = 1024 * 1024;
const PAGE_ROWS = 200;
/** Milliseconds of printing after which other requests get their turn. */
const SLICE = 10;

/** Answers GET and HEAD when members of this kind make a document together. */
export async function getWhole(exchange: Exchange, resource: CollectionResource): Promise<boolean> {
  const { reply, request, server } = exchange;
  const whole = await resource.extension.whole?.(exchange, resource);
  if (whole === undefined) return false;
  const { collection } = resource;
  const { boot } = server.changes.bookmark(collection);
  // The modseq of the collection moves with its members and properties; a restored copy counts again under another boot.
  const etag = `${collection.id}-${boot}-${collection.modseq}`;
  const [last] = await server.changes.page(
    collection,
    { modseq: collection.modseq - 1, memberId: Number.MAX_SAFE_INTEGER },
    1,
  );
  reply.header('etag', `"${etag}"`).header('cache-control', 'private, no-cache').header('vary', 'Accept');
  // When the last change was no member's, its time is not known, and there is no date to compare with.
  if (last !== undefined) reply.header('last-modified', new Date(last.modifiedAt).toUTCString());
  if (isNotModified(exchange, etag, last?.modifiedAt ?? Number.POSITIVE_INFINITY)) {
    await reply.code(304).send();
    return true;
  }
  reply.header('content-type', whole.contentType);
  if (request.method === 'HEAD') await reply.send();
  else await reply.send(Readable.from(paced(whole.parts), { objectMode: false }));
  return true;
}

/** Text as octets; other requests get their turn between the parts. */
async function* paced(parts: AsyncIterable<string>): AsyncGenerator<Buffer> {
  let since = performance.now();
  for await (const part of parts) {
    if (part !== '') yield Buffer.from(part);
    if (performance.now() - since < SLICE) continue;
    await setImmediate();
    since = performance.now();
  }
}

/** All members with their octets, in order of their last change, a bounded number of octets at a time. */
export async function* membersOf(
  { server }: Exchange,
  { collection }: CollectionResource,
): AsyncGenerator<MemberRow & { data: string }> {
  let after = { modseq: 0, memberId: 0 };
  for (;;) {
    const rows = await server.changes.page(collection, after, PAGE_ROWS);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = { modseq: last.modseq, memberId: last.id };
    for (const batch of batchesOf(rows)) {
      const names = batch.map(({ name }) => name);
      const found = await server.changes.withData(collection, names);
      const byName = new Map(found.map((member) => [member.name, member]));
      for (const name of names) {
        const member = byName.get(name);
        if (member !== undefined) yield member;
      }
    }
    if (rows.length < PAGE_ROWS) return;
  }
}

function batchesOf(rows: readonly MemberRow[]): MemberRow[][] {
  const batches: MemberRow[][] = [];
  let octets = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    if (octets + row.size > BATCH_OCTETS) {
      batches.push([]);
      octets = 0;
    }
    batches.at(-1)!.push(row);
    octets += row.size;
  }
  return batches;
}

/** The name the viewer gave a collection. */
export async function displayNameOf({ server, viewer }: Exchange, resource: CollectionResource): Promise<string> {
  const holder = holderOf(resource);
  const rows = holder === undefined ? [] : await server.keptProperties.list(viewer, holder);
  const row = rows.find(({ namespace, name }) => namespace === DAV && name === 'displayname');
  return row === undefined ? resource.collection.segment : parseXml(Buffer.from(row.xml)).text();
}
