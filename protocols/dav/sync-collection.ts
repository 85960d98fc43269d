/**
 * The sync-collection report: what changed in a collection since a token.
 * RFC 6578 §3; clients send Depth 0, 1 or nothing, all of which mean the same here: collections have no collections in them.
 * Elsewhere: the change log (src/collections/changes.ts), how a token looks (sync-token.ts).
 */
import { type Change, LOG_START } from '../../src/collections/changes.ts';
import { DomainError } from '../../src/errors.ts';
import { turn } from '../../src/slices.ts';
import type { LogPosition } from '../../storage/store.ts';
import type { AskedProperties, CollectionResource, Exchange, Report } from './contract.ts';
import { badRequest } from './dav-error.ts';
import { encodeSegment } from './hrefs.ts';
import { PAGE_ROWS, startMultistatus, statusResponse } from './multistatus.ts';
import { DAV } from './namespaces.ts';
import { dataOf, memberOf, printListed, sampleOf } from './propfind.ts';
import { bookmarkOf, isSynchronised, tokenOf } from './sync-token.ts';
import type { Element } from './xml.ts';

/** Members whose octets are in memory at once. */
const DATA_ROWS = 50;

export const syncCollection: Report = {
  namespace: DAV,
  name: 'sync-collection',
  on: ['collection'],
  appliesTo: (resource) => resource.kind === 'collection' && isSynchronised(resource),
  async run(exchange, { resource, body }) {
    if (resource.kind !== 'collection') throw badRequest('Only collections can be synchronised.');
    const { server } = exchange;
    const { collection } = resource;
    checkLevel(body);
    const limit = limitOf(body);
    const { began, ...start } = await startOf(exchange, resource, body.child(DAV, 'sync-token')?.text().trim() ?? '');
    const asked = server.properties.ask(exchange, body, 'nothing');
    const print = printer(exchange, resource, asked);

    const answer = startMultistatus(exchange);
    const { modseq } = collection;
    // Everything is asked for: this is long, and those that began before come first.
    if (start.modseq === LOG_START.modseq) await turn();
    let position: LogPosition = start;
    for (let left = limit; ; ) {
      const steps = { after: position, until: modseq, began };
      const page = await server.changes.since(collection, steps, Math.min(left, print.rows), print.whole);
      answer.add(await print.page(page.changes));
      left -= page.changes.length;
      const last = page.changes[page.changes.length - 1];
      if (page.complete || last === undefined)
        return answer.end(tokenXml(tokenOf(server.changes.bookmark(collection))));
      position = { modseq: last.modseq, memberId: last.memberId };
      if (left <= 0) {
        // RFC 6578 §3.6: more is to come; the request's own URL says so.
        answer.add(statusResponse(resource.href, '507 Insufficient Storage', '<D:number-of-matches-within-limits/>'));
        return answer.end(tokenXml(tokenOf(server.changes.bookmark(collection, position, began))));
      }
      await answer.page();
    }
  },
};

interface Printer {
  /** Rows that one page may have. */
  readonly rows: number;
  /** Whether whole rows are needed. */
  readonly whole: boolean;
  page(changes: readonly Change[]): Promise<string> | string;
}

function printer(exchange: Exchange, parent: CollectionResource, asked: AskedProperties): Printer {
  const gone = ({ name }: Change) => statusResponse(parent.href + encodeSegment(name), '404 Not Found');
  const pieces = asked.listingPieces(sampleOf(parent));
  if (pieces !== undefined) {
    const print = (change: Change) =>
      change.etag === undefined ? gone(change) : printListed(pieces, parent.href, change.name, change.etag);
    return {
      rows: PAGE_ROWS,
      whole: false,
      page(changes) {
        let text = '';
        for (const change of changes) text += print(change);
        return text;
      },
    };
  }
  const withData = asked.needsData(sampleOf(parent));
  return {
    rows: withData ? DATA_ROWS : PAGE_ROWS,
    whole: true,
    async page(changes) {
      const names = changes.filter(({ member }) => member !== undefined).map(({ name }) => name);
      const octets = withData && names.length > 0 ? await dataOf(exchange, parent, names) : undefined;
      let text = '';
      for (const change of changes) {
        if (change.member === undefined) {
          text += gone(change);
          continue;
        }
        // A member that left since its row was read is told with the next token.
        const current = withData ? octets?.get(change.name) : change.member;
        if (current !== undefined)
          text += await asked.respond(memberOf(parent, current, octets?.get(change.name)?.data));
      }
      return text;
    },
  };
}

export function tokenXml(token: string): string {
  return `<D:sync-token>${token}</D:sync-token>`;
}

/** RFC 6578 §6.3: 1 or infinite; 'infinity' is what older clients write, nothing what the oldest do. */
function checkLevel(body: Element): void {
  const level = body.child(DAV, 'sync-level')?.text().trim();
  if (level !== undefined && level !== '1' && level !== 'infinite' && level !== 'infinity') {
    throw badRequest('DAV:sync-level must be 1 or infinite.');
  }
}

/** RFC 6578 §3.7, RFC 5323 §5.17. */
export function limitOf(body: Element): number {
  const results = body.child(DAV, 'limit')?.child(DAV, 'nresults')?.text().trim();
  if (results === undefined) return Number.MAX_SAFE_INTEGER;
  if (!/^\d+$/.test(results) || Number(results) === 0) throw badRequest('DAV:nresults must be a positive number.');
  return Math.min(Number(results), Number.MAX_SAFE_INTEGER);
}

/** The position a token names; the empty token is the beginning. */
async function startOf(
  { server }: Exchange,
  { collection }: CollectionResource,
  token: string,
): Promise<LogPosition & { began: number }> {
  if (token === '') return { ...LOG_START, began: collection.modseq };
  const bookmark = bookmarkOf(token);
  if (bookmark === undefined) throw new DomainError('sync-token-invalid', 'This is not a sync token of this server.');
  await server.changes.verify(collection, bookmark);
  return bookmark;
}
