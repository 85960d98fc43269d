/**
 * MKCALENDAR, MKCOL and extended MKCOL: new collections with properties. Calendars and address books are made directly in a home
 * of their kind, plain collections in any home and in each other.
 * RFC 4791 §5.3.1, RFC 5689 §3, RFC 4918 §9.3.
 * Elsewhere: how one property is judged (property-update.ts), what a new calendar gets that nobody asked for (the extension).
 */
import { DomainError } from '../../src/errors.ts';
import { ALL_RIGHTS, type Principal } from '../../src/principals/access.ts';
import type { Home } from '../../storage/store.ts';
import { preconditionOf } from './conditional.ts';
import type { CollectionResource, DavExtension, DavServer, Exchange, HomeExtension } from './contract.ts';
import { badRequest, DavError } from './dav-error.ts';
import { startMultistatus, XML_CONTENT_TYPE } from './multistatus.ts';
import { CALDAV, CALENDARSERVER, DAV, DECLARATIONS } from './namespaces.ts';
import { isNameAllowed, type Target } from './paths.ts';
import { type Instruction, instructionsOf, judge } from './property-update.ts';
import type { Element } from './xml.ts';
import { parseXml } from './xml-parser.ts';

/** Answers MKCALENDAR and MKCOL. */
export async function makeCollection(
  exchange: Exchange,
  target: Target,
  method: 'MKCALENDAR' | 'MKCOL',
  body: Buffer,
): Promise<void> {
  const { server, viewer, reply } = exchange;
  const root = body.length === 0 ? undefined : bodyOf(exchange, method, body);
  if (target.resource !== undefined) {
    // RFC 4918 §9.3.1 against RFC 5689 §3.5 and RFC 4791 §5.3.1.2.
    if (method === 'MKCOL' && root === undefined) throw new DavError(405, 'There is something at this path already.');
    throw new DomainError('already-exists', 'There is something at this path already.');
  }
  const place = placeOf(exchange, target, method);
  const instructions = root === undefined ? [] : instructionsOf(root);
  const source = place.extension === undefined ? undefined : subscribedTo(place.extension, instructions);
  const extension =
    source !== undefined && place.extension !== undefined
      ? place.extension
      : typeOf(server, place, method, instructions);
  if (!isNameAllowed(target.name)) throw new DavError(403, 'The name is too long.');

  const rest = instructions.filter(({ namespace, name }) => !isType(namespace, name, source !== undefined));
  const { changes, columns, failure } = judge(server.properties, sampleOf(place, extension, target), rest, {
    creating: true,
    shared: true,
    unknown: true,
  });
  if (failure !== undefined) {
    await answerFailure(exchange, target, method, failure);
    return;
  }
  // RFC 9110 §13.2.1: conditions matter only to what would be done. Nothing is there yet, so most of them fail.
  (await preconditionOf(exchange))(undefined);
  const properties = changes.flatMap(({ xml, ...property }) => (xml === undefined ? [] : [{ ...property, xml }]));
  if (source !== undefined && extension.subscribe !== undefined) {
    if (place.principal.id !== viewer.id) throw new DavError(403, 'You may not subscribe here.');
    await extension.subscribe(viewer, target.name, source, properties);
    await reply.code(201).header('cache-control', 'no-cache').send();
    return;
  }
  await server.collections.create(viewer, place.principal, place.home, place.above + target.name, {
    kind: extension.kind,
    columns: extension.columnsOf?.({ columns, properties }),
    properties,
  });
  await reply.code(201).header('cache-control', 'no-cache').send();
}

/** Properties that say what is made, and are kept elsewhere. */
function isType(namespace: string, name: string, subscribed: boolean): boolean {
  if (namespace === DAV && name === 'resourcetype') return true;
  return subscribed && namespace === CALENDARSERVER && name === 'source';
}

/**
 * The URL of a collection of Apple's type `subscribed` (caldav-subscribed): its CS:source holds an href.
 * @throws DavError 403 when there is none
 */
function subscribedTo(extension: DavExtension, instructions: readonly Instruction[]): string | undefined {
  const type = instructions.find(({ namespace, name }) => namespace === DAV && name === 'resourcetype')?.value;
  if (type?.child(CALENDARSERVER, 'subscribed') === undefined || extension.subscribe === undefined) return undefined;
  const source = instructions.find(({ namespace, name }) => namespace === CALENDARSERVER && name === 'source')?.value;
  const url = source?.child(DAV, 'href')?.text().trim() ?? '';
  if (url === '') throw new DavError(403, 'A subscribed calendar needs its source.', '<D:valid-resourcetype/>');
  return url;
}

function bodyOf({ request }: Exchange, method: 'MKCALENDAR' | 'MKCOL', body: Buffer): Element {
  // RFC 4918 §9.3: a body of an unknown kind is 415. Some clients label XML as something else, so only '<' decides.
  const type = request.headers['content-type'] ?? '';
  if (!/xml/i.test(type) && !/^\s*(\ufeff)?\s*</.test(body.subarray(0, 64).toString())) {
    throw new DavError(415, `The body of ${method} must be XML.`);
  }
  const root = parseXml(body);
  const expected = method === 'MKCALENDAR' ? root.is(CALDAV, 'mkcalendar') : root.is(DAV, 'mkcol');
  if (!expected) throw badRequest(`The body of ${method} has the wrong root element.`);
  return root;
}

/** Where a collection is about to be made. */
interface Place {
  readonly principal: Principal;
  readonly home: Home;
  /** What collections of the home's own kind are made with; undefined inside of plain collections. */
  readonly extension: HomeExtension | undefined;
  /** The path below the home, with '/' at the end, '' in the home itself. */
  readonly above: string;
}

function placeOf({ server }: Exchange, { parent }: Target, method: 'MKCALENDAR' | 'MKCOL'): Place {
  if (parent === undefined) throw new DavError(409, 'What should hold the collection does not exist.');
  if (parent.kind === 'home' && (method === 'MKCOL' || parent.extension.createMethod === method)) {
    const { principal, extension } = parent;
    return { principal, home: extension.home, extension, above: '' };
  }
  if (parent.kind === 'collection' && parent.extension === server.files && method === 'MKCOL') {
    const { home, segment, kind } = parent.collection;
    if (kind === 'plain') return { principal: parent.principal, home, extension: undefined, above: `${segment}/` };
  }
  // RFC 4791 §5.3.1.2, §4.2: calendars do not hold collections.
  const condition = method === 'MKCALENDAR' ? '<C:calendar-collection-location-ok/>' : undefined;
  throw new DavError(403, 'Collections are made in a home of their kind, plain ones also in each other.', condition);
}

/**
 * What the new collection is: of the type of its home, or plain. MKCALENDAR means the former without saying so, MKCOL without
 * types the latter (RFC 4918 §9.3). RFC 5689 §3.3 for all others.
 */
function typeOf(
  server: DavServer,
  { extension }: Place,
  method: 'MKCALENDAR' | 'MKCOL',
  instructions: readonly Instruction[],
): DavExtension {
  const type = instructions.find(({ namespace, name }) => namespace === DAV && name === 'resourcetype')?.value;
  if (type === undefined && method === 'MKCALENDAR' && extension !== undefined) return extension;
  const types = (type?.elements() ?? []).filter((one) => !one.is(DAV, 'collection'));
  const [first] = types;
  if (first === undefined && method === 'MKCOL') return server.files;
  if (types.length === 1 && extension !== undefined && first?.is(extension.namespace, extension.resourceType))
    return extension;
  throw new DavError(403, 'A collection of this type cannot be here.', '<D:valid-resourcetype/>');
}

/** What the new collection would be, for properties to judge. */
function sampleOf(
  { principal, home, above }: Place,
  extension: DavExtension,
  { href, name }: Target,
): CollectionResource {
  const nothing = {
    id: 0,
    bindingId: 0,
    bindingModseq: 0,
    position: 0,
    modseq: 0,
    createdAt: 0,
    components: '',
    timeZone: '',
    transparent: 0,
    subscribed: 0,
  };
  const place = {
    accountId: principal.id,
    principalId: principal.id,
    home,
    segment: above + name,
    kind: extension.kind,
  };
  const collection = { ...nothing, ...place, owner: principal, rights: ALL_RIGHTS };
  return { kind: 'collection', href, extension, principal, collection };
}

/** RFC 5689 §3.4 and §5.3. MKCALENDAR answers like PROPPATCH: its own element is for successes (RFC 4791 §5.3.1). */
async function answerFailure(
  exchange: Exchange,
  { href }: Target,
  method: 'MKCALENDAR' | 'MKCOL',
  propstats: string,
): Promise<void> {
  if (method === 'MKCALENDAR') {
    const answer = startMultistatus(exchange);
    answer.add(`<D:response><D:href>${href}</D:href>${propstats}</D:response>`);
    return answer.end();
  }
  const text = `<?xml version="1.0" encoding="utf-8"?>\n<D:mkcol-response${DECLARATIONS}>${propstats}</D:mkcol-response>`;
  await exchange.reply.code(403).header('content-type', XML_CONTENT_TYPE).send(text);
}
