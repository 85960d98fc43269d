/**
 * The addressbook-query and addressbook-multiget reports.
 * RFC 6352 §8.6, §8.7, §10.6 (limit). One request in, a multistatus out, a page of cards at a time.
 * Without a Depth header a query on an address book looks at its cards, as all clients mean it.
 * Elsewhere: which cards match (src/contacts/card-search.ts), the filter's XML (addressbook-filter.ts), multiget of both
 * protocols (protocols/dav/multiget.ts).
 */
import { compileFilter, fullTextOf } from '../../src/contacts/card-filter.ts';
import type { CardSearch } from '../../src/contacts/card-search.ts';
import { parseVCard } from '../../src/contacts/vcard.ts';
import type { CardRow, MemberRow } from '../../storage/store.ts';
import type { AskedProperties, CollectionResource, Exchange, Report } from '../dav/contract.ts';
import { badRequest } from '../dav/dav-error.ts';
import { encodeSegment } from '../dav/hrefs.ts';
import { answerMultiget } from '../dav/multiget.ts';
import { type Multistatus, PAGE_ROWS, startMultistatus, statusResponse } from '../dav/multistatus.ts';
import { CARDDAV } from '../dav/namespaces.ts';
import { memberOf, printListed, sampleOf } from '../dav/propfind.ts';
import type { Element } from '../dav/xml.ts';
import { prepareAddressData } from './address-data.ts';
import { readFilter } from './addressbook-filter.ts';

/** Octets of cards in memory at once. */
const BATCH_OCTETS = 2 * 1024 * 1024;

export function addressbookQuery(search: CardSearch): Report {
  return {
    namespace: CARDDAV,
    name: 'addressbook-query',
    on: ['collection', 'member'],
    async run(exchange, { resource, body, depth }) {
      const filter = readFilter(body.child(CARDDAV, 'filter'));
      const limit = limitOf(body);
      prepareAddressData(body);
      const asked = exchange.server.properties.ask(exchange, body, 'nothing');
      const answer = startMultistatus(exchange);
      if (resource.kind === 'member') {
        const data = String(await resource.extension.members.read(resource.member, resource.collection));
        const matches = compileFilter(filter).matches(fullTextOf(parseVCard(data)));
        if (matches) answer.add(await asked.respond({ ...resource, data }));
      } else if (resource.kind === 'collection' && depth !== 0) {
        let rows = await search.matches(resource.collection, filter);
        if (rows.length > limit) {
          // RFC 6352 §8.6.2: the request's own URL says that this is not everything, and does not count.
          answer.add(statusResponse(resource.href, '507 Insufficient Storage', '<D:number-of-matches-within-limits/>'));
          rows = inOrderOfHref(rows).slice(0, limit);
        }
        await print(exchange, resource, rows, asked, answer);
      }
      await answer.end();
    },
  };
}

export const addressbookMultiget: Report = {
  namespace: CARDDAV,
  name: 'addressbook-multiget',
  on: ['home', 'collection', 'member'],
  run(exchange, request) {
    prepareAddressData(request.body);
    return answerMultiget(exchange, request, exchange.server.properties.ask(exchange, request.body, 'nothing'));
  },
};

/** RFC 6352 §10.6: CARDDAV:nresults. */
export function limitOf(body: Element): number {
  const results = body.child(CARDDAV, 'limit')?.child(CARDDAV, 'nresults')?.text().trim();
  if (results === undefined) return Number.POSITIVE_INFINITY;
  if (!/^\d+$/.test(results)) throw badRequest('nresults is a number.');
  return Number(results);
}

/** Which cards a limit lets through is then the same each time. */
function inOrderOfHref(rows: readonly CardRow[]): CardRow[] {
  const keyed = rows.map((row) => ({ row, key: encodeSegment(row.name) }));
  keyed.sort((one, other) => (one.key < other.key ? -1 : 1));
  return keyed.map(({ row }) => row);
}

/** Milliseconds of printing after which other requests get their turn. */
const SLICE = 10;

async function print(
  exchange: Exchange,
  resource: CollectionResource,
  rows: readonly CardRow[],
  asked: AskedProperties,
  answer: Multistatus,
): Promise<void> {
  const sample = sampleOf(resource);
  const pieces = asked.listingPieces(sample);
  const withData = asked.needsData(sample);
  for (const batch of batchesOf(rows, withData)) {
    if (pieces !== undefined) {
      for (const { name, etag } of batch) answer.add(printListed(pieces, resource.href, name, etag));
      await answer.page();
      continue;
    }
    const names = batch.map(({ name }) => name);
    const cards: readonly (MemberRow & { data?: string })[] = withData
      ? await exchange.server.changes.withData(resource.collection, names)
      : batch;
    let since = performance.now();
    for (const card of cards) {
      answer.add(await asked.respond(memberOf(resource, card, card.data)));
      // Conversion of a card takes far longer than printing one.
      if (performance.now() - since < SLICE) continue;
      await answer.page();
      since = performance.now();
    }
    await answer.page();
  }
}

function batchesOf(rows: readonly CardRow[], withData: boolean): CardRow[][] {
  const batches: CardRow[][] = [];
  let batch: CardRow[] = [];
  let octets = 0;
  for (const row of rows) {
    if (batch.length === PAGE_ROWS || (withData && batch.length > 0 && octets + row.size > BATCH_OCTETS)) {
      batches.push(batch);
      batch = [];
      octets = 0;
    }
    batch.push(row);
    octets += row.size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
