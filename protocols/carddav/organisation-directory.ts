/**
 * The organisation's people as an address book that can only be read, for programs that look colleagues up.
 * draft-daboo-carddav-directory-gateway §3 (CARDDAV:directory-gateway of a principal) and §4 (the CARDDAV:directory resource
 * type); RFC 6352 §8.6, §8.7; RFC 4918 §9.1. PROPFIND, the two reports of address books and GET; nothing else.
 * Its cards are made of principals for each request: there is no change log, so no sync-collection.
 * Elsewhere: the cards (src/contacts/directory-cards.ts), address books (protocols/dav with addressbook-query.ts).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { compileFilter, fullTextOf } from '../../src/contacts/card-filter.ts';
import type { DirectoryCard, DirectoryCards } from '../../src/contacts/directory-cards.ts';
import { parseVCard } from '../../src/contacts/vcard.ts';
import { DomainError } from '../../src/errors.ts';
import { isNotModified } from '../dav/conditional.ts';
import type { CollectionResource, DavExtension, DavServer, Exchange, LiveProperty } from '../dav/contract.ts';
import { badRequest, DavError } from '../dav/dav-error.ts';
import { depthOf } from '../dav/depth.ts';
import { COLLECTION_PAGE } from '../dav/members.ts';
import { type Multistatus, PAGE_ROWS, startMultistatus, statusResponse } from '../dav/multistatus.ts';
import { CARDDAV, DAV } from '../dav/namespaces.ts';
import { splitPath } from '../dav/paths.ts';
import { memberOf } from '../dav/propfind.ts';
import { sendMember } from '../dav/representation.ts';
import { type Element, escapeXml, hrefXml } from '../dav/xml.ts';
import { parseXml } from '../dav/xml-parser.ts';
import { prepareAddressData } from './address-data.ts';
import { readFilter } from './addressbook-filter.ts';
import { limitOf } from './addressbook-query.ts';

export const DIRECTORY = '/dav/directory/';

/** The resource types of the directory, beside DAV:collection. */
export const DIRECTORY_TYPES = ['addressbook', 'directory'];

const ALLOWED = ['OPTIONS', 'GET', 'HEAD', 'PROPFIND', 'REPORT'];

export const directoryGateway: LiveProperty = {
  namespace: CARDDAV,
  name: 'directory-gateway',
  on: ['principal'],
  read: () => hrefXml(DIRECTORY),
};

/** Serves the directory. `extension` is the one its properties belong to. */
export function directoryRoutes(cards: DirectoryCards, extension: () => DavExtension) {
  return (fastify: FastifyInstance, server: DavServer): void => {
    const handler = async (request: FastifyRequest, reply: FastifyReply) => {
      await answer({ server, viewer: request.principal, request, reply }, cards, extension());
      return reply;
    };
    for (const url of ['/dav/directory', '/dav/directory/*']) {
      fastify.route({ method: fastify.supportedMethods, url, exposeHeadRoute: false, handler });
    }
  };
}

async function answer(exchange: Exchange, source: DirectoryCards, extension: DavExtension): Promise<void> {
  const { server, viewer, request, reply } = exchange;
  const { method } = request;
  const [, , name, ...more] = splitPath(request.url);
  const cards = more.length > 0 ? [] : await source.list(server.directory, viewer);
  const collection = source.collection(viewer, cards);
  const parent: CollectionResource = { kind: 'collection', href: DIRECTORY, extension, principal: viewer, collection };
  const card = name === undefined ? undefined : cards.find((one) => one.name === name);
  if (name !== undefined && card === undefined) throw new DomainError('not-found', 'There is nothing at this address.');
  if (!ALLOWED.includes(method)) {
    if (method === 'POST' || method === 'LOCK' || method === 'UNLOCK') {
      throw new DavError(405, 'This method is not for this resource.', undefined, { allow: ALLOWED.join(', ') });
    }
    throw new DomainError('forbidden', 'The directory is changed by administrators.');
  }
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  switch (method) {
    case 'OPTIONS':
      await reply.code(200).header('allow', ALLOWED.join(', ')).header('content-length', 0).send();
      return;
    case 'PROPFIND':
      return propfind(exchange, parent, card === undefined ? cards : [card], card, body);
    case 'REPORT':
      return report(exchange, parent, card === undefined ? cards : [card], body);
    default:
      return get(exchange, parent, card);
  }
}

async function get(exchange: Exchange, parent: CollectionResource, card: DirectoryCard | undefined): Promise<void> {
  const { reply } = exchange;
  if (card === undefined) {
    await reply.type('text/plain; charset=utf-8').header('cache-control', 'no-store').send(COLLECTION_PAGE);
    return;
  }
  reply.header('etag', `"${card.etag}"`).header('cache-control', 'private, no-cache');
  if (isNotModified(exchange, card.etag, card.modifiedAt)) {
    await reply.code(304).send();
    return;
  }
  await sendMember(exchange, memberOf(parent, card), card.data);
}

async function propfind(
  exchange: Exchange,
  parent: CollectionResource,
  cards: readonly DirectoryCard[],
  card: DirectoryCard | undefined,
  body: Buffer,
): Promise<void> {
  const depth = depthOf(exchange) ?? 'infinity';
  const root = body.length === 0 ? undefined : parseXml(body);
  if (root !== undefined && !root.is(DAV, 'propfind')) throw badRequest('The body must be a DAV:propfind element.');
  if (depth === 'infinity' && card === undefined) {
    throw new DavError(403, 'Ask with Depth 0 or 1.', '<D:propfind-finite-depth/>');
  }
  const asked = exchange.server.properties.ask(exchange, root);
  const multistatus = startMultistatus(exchange);
  if (card === undefined) multistatus.add(await asked.respond(parent));
  if (card !== undefined || depth === 1) {
    await printCards(multistatus, cards, (one) => asked.respond(memberOf(parent, one, one.data)));
  }
  await multistatus.end();
}

async function report(
  exchange: Exchange,
  parent: CollectionResource,
  cards: readonly DirectoryCard[],
  body: Buffer,
): Promise<void> {
  const root = parseXml(body);
  const isQuery = root.is(CARDDAV, 'addressbook-query');
  if (!isQuery && !root.is(CARDDAV, 'addressbook-multiget')) {
    throw new DavError(403, 'This report is not for this resource.', '<D:supported-report/>');
  }
  const filter = isQuery ? readFilter(root.child(CARDDAV, 'filter')) : undefined;
  const limit = limitOf(root);
  prepareAddressData(root);
  const asked = exchange.server.properties.ask(exchange, root, 'nothing');
  const multistatus = startMultistatus(exchange);
  const respond = (one: DirectoryCard) => asked.respond(memberOf(parent, one, one.data));
  if (filter === undefined) await multiget(multistatus, root, cards, respond);
  else {
    const compiled = compileFilter(filter);
    const found = cards.filter(({ data }) => compiled.matches(fullTextOf(parseVCard(data))));
    if (found.length > limit) {
      // RFC 6352 §8.6.2.
      multistatus.add(statusResponse(DIRECTORY, '507 Insufficient Storage', '<D:number-of-matches-within-limits/>'));
    }
    await printCards(multistatus, found.slice(0, limit), respond);
  }
  await multistatus.end();
}

async function multiget(
  multistatus: Multistatus,
  root: Element,
  cards: readonly DirectoryCard[],
  respond: (card: DirectoryCard) => string | Promise<string>,
): Promise<void> {
  const byName = new Map(cards.map((card) => [card.name, card]));
  const hrefs = [...new Set(root.elements(DAV, 'href').map((element) => element.text().trim()))];
  let rows = 0;
  for (const href of hrefs) {
    const card = byName.get(nameIn(href));
    multistatus.add(card === undefined ? statusResponse(escapeXml(href), '404 Not Found') : await respond(card));
    if (++rows % PAGE_ROWS === 0) await multistatus.page();
  }
}

/** The name of the card that an href means; '' for what is not below the directory. */
function nameIn(href: string): string {
  try {
    const [dav, directory, name = '', ...more] = splitPath(href.replace(/^https?:\/\/[^/]*/i, ''));
    return dav === 'dav' && directory === 'directory' && more.length === 0 ? name : '';
  } catch (error) {
    if (error instanceof DavError) return '';
    throw error;
  }
}

async function printCards(
  multistatus: Multistatus,
  cards: readonly DirectoryCard[],
  respond: (card: DirectoryCard) => string | Promise<string>,
): Promise<void> {
  for (const [index, card] of cards.entries()) {
    multistatus.add(await respond(card));
    if ((index + 1) % PAGE_ROWS === 0) await multistatus.page();
  }
}
