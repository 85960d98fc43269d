/**
 * The DAV server as a Fastify plugin: one wildcard route for each method, method and kind of resource to handler, errors to answers.
 * RFC 4918 §18 and RFC 3744 §7.2, RFC 5689 §3.1, RFC 4791 §5.1, RFC 6352 §6.1 (the DAV header); RFC 4918 §16 (error bodies).
 * Authentication has happened before (src/http.ts). Elsewhere: discovery without log-in (well-known.ts), paths (paths.ts).
 */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Changes } from '../../src/collections/changes.ts';
import { Collections } from '../../src/collections/collections.ts';
import { Files } from '../../src/collections/files.ts';
import { Grants } from '../../src/collections/grants.ts';
import { HomeChanges } from '../../src/collections/home-changes.ts';
import { KeptProperties } from '../../src/collections/kept-properties.ts';
import { quotaOf } from '../../src/collections/quota.ts';
import { Sharing } from '../../src/collections/sharing.ts';
import { DomainError } from '../../src/errors.ts';
import { Directory } from '../../src/principals/directory.ts';
import type { Store } from '../../storage/store.ts';
import { errorReplies } from '../error-replies.ts';
import { aclProperties } from './acl.ts';
import { acl } from './acl-method.ts';
import { aclReports } from './acl-reports.ts';
import { addMemberProperty } from './add-member.ts';
import type { DavExtension, DavServer, Exchange, HomeExtension, Report, Resource } from './contract.ts';
import { copyOrMove } from './copy-move.ts';
import { DavError } from './dav-error.ts';
import { depthOf } from './depth.ts';
import { expandProperty } from './expand-property.ts';
import { filesExtension } from './files.ts';
import { encodeSegment } from './hrefs.ts';
import { liveProperties } from './live-properties.ts';
import { get, put, remove } from './members.ts';
import { allowOf, methodsOf, notAllowed } from './methods.ts';
import { makeCollection } from './mkcol.ts';
import { type ClientGone, XML_CONTENT_TYPE } from './multistatus.ts';
import { DECLARATIONS } from './namespaces.ts';
import { notificationUrl, printNotice } from './notifications.ts';
import { resolve, splitPath, type Target } from './paths.ts';
import { post } from './post.ts';
import { principalReports } from './principal-reports.ts';
import { LiveProperties } from './properties.ts';
import { propfind } from './propfind.ts';
import { proppatch } from './proppatch.ts';
import { proxyProperties } from './proxies.ts';
import { quotaProperties } from './quota.ts';
import { sharingProperties } from './sharing.ts';
import { syncCollection } from './sync-collection.ts';
import { homeSyncToken, syncHome } from './sync-home.ts';
import { addDiscovery } from './well-known.ts';
import { parseXml } from './xml-parser.ts';

/** Octets of an XML body; above it 413, before it is read when the length is told. */
const MAX_XML = 8 * 1024 * 1024;

/** Answers a method on what a path names. */
type Handler = (exchange: Exchange, target: Target, body: Buffer) => Promise<void>;

/** On something that is there and that the viewer may read. */
const onResource =
  (run: (exchange: Exchange, resource: Resource, body: Buffer) => Promise<void>): Handler =>
  (exchange, target, body) =>
    run(exchange, readable(target, exchange.request.method), body);

/** Every method that has an answer of its own. */
const HANDLERS: Readonly<Record<string, Handler>> = {
  OPTIONS: onResource(options),
  GET: onResource(get),
  HEAD: onResource(get),
  PUT: put,
  POST: (exchange, target, body) => post(exchange, target, body, (at) => readable(at, 'POST')),
  DELETE: onResource(remove),
  PROPFIND: onResource(propfind),
  PROPPATCH: onResource(proppatch),
  REPORT: onResource(report),
  MKCOL: (exchange, target, body) => makeCollection(exchange, target, 'MKCOL', body),
  MKCALENDAR: (exchange, target, body) => makeCollection(exchange, target, 'MKCALENDAR', body),
  COPY: onResource((exchange, resource) => copyOrMove(exchange, resource, 'COPY')),
  MOVE: onResource((exchange, resource) => copyOrMove(exchange, resource, 'MOVE')),
  ACL: onResource(acl),
};
/** Answered 405 with Allow. */
const REFUSED = ['PATCH', 'LOCK', 'UNLOCK', 'SEARCH', 'BIND', 'UNBIND', 'REBIND'];
const METHODS = [...Object.keys(HANDLERS), ...REFUSED];
/** Methods of Fastify itself; the others are added. */
const KNOWN = new Set(['OPTIONS', 'GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'PATCH']);

/** Tokens of the DAV header beside those of the extensions. */
const TOKENS = ['1', '3', 'access-control', 'extended-mkcol', 'calendar-proxy', 'calendarserver-sharing'];

export interface DavOptions {
  readonly store: Store;
  readonly now: () => number;
  readonly extensions: readonly HomeExtension[];
}

/** The parts of the server, also for extensions that are built with them. */
export function createDavServer({ store, now, extensions }: DavOptions): DavServer {
  const directory = new Directory(store);
  const collections = new Collections(store, directory, now);
  const files = filesExtension(new Files(store, now));
  const kinds = [...extensions, files];
  const byShape = new Map<string, readonly Report[]>();
  return {
    collections,
    keptProperties: new KeptProperties(store),
    changes: new Changes(store),
    homeChanges: new HomeChanges(store),
    grants: new Grants(store, directory, now),
    sharing: new Sharing(store, directory, printNotice, now),
    quota: (accountId) => quotaOf(store, accountId),
    directory,
    extensions,
    files,
    properties: new LiveProperties(CORE_PROPERTIES, kinds),
    reportsOf(resource) {
      const shape = shapeOf(resource);
      const known = byShape.get(shape) ?? reportsFor(kinds, resource);
      byShape.set(shape, known);
      return known.filter((report) => report.appliesTo?.(resource) !== false);
    },
  };
}

const CORE_PROPERTIES = [
  ...liveProperties,
  ...aclProperties,
  ...quotaProperties,
  ...sharingProperties,
  ...proxyProperties,
  notificationUrl,
  addMemberProperty,
  homeSyncToken,
];
const CORE_REPORTS: readonly Report[] = [...principalReports, ...aclReports, expandProperty, syncCollection, syncHome];

function shapeOf(resource: Resource): string {
  return 'extension' in resource ? `${resource.kind} ${resource.extension.kind}` : resource.kind;
}

function reportsFor(extensions: readonly DavExtension[], resource: Resource): readonly Report[] {
  const own = extensions.filter((extension) => !('extension' in resource) || resource.extension === extension);
  const found = [...CORE_REPORTS, ...own.flatMap(({ reports }) => reports)];
  return found.filter(({ on }) => on.includes(resource.kind));
}

/** Registers everything DAV on an instance. */
export async function dav(fastify: FastifyInstance, options: DavOptions): Promise<void> {
  const server = createDavServer(options);
  const davHeader = [...TOKENS, ...options.extensions.flatMap(({ tokens }) => tokens)].join(', ');
  for (const method of METHODS) {
    if (!KNOWN.has(method) && !fastify.supportedMethods.includes(method))
      fastify.addHttpMethod(method, { hasBody: true });
  }
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  fastify.setErrorHandler((error: FastifyError, request, reply) => answerError(error, request, reply));
  // The extensions' own addresses tell it too.
  fastify.addHook('onRequest', (_request, reply, done) => {
    reply.header('dav', davHeader);
    done();
  });
  // On every answer, also of errors: clients read it from different methods (RFC 4918 §10.1 asks for OPTIONS only).
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (reply.statusCode === 401) reply.header('dav', davHeader);
    done();
  });

  const largest = Math.max(MAX_XML, ...[...options.extensions, server.files].map((one) => one.maxResourceSize));
  for (const method of METHODS) {
    const handler = async (request: FastifyRequest, reply: FastifyReply) => {
      reply.header('dav', davHeader);
      const exchange: Exchange = { server, viewer: request.principal, request, reply };
      try {
        await handle(exchange, method);
      } finally {
        // An answer that broke off in the middle must not look complete.
        if (reply.raw.headersSent && !reply.raw.writableEnded && reply.sent) reply.raw.destroy();
      }
      return reply;
    };
    const bodyLimit = method === 'PUT' || method === 'POST' ? largest : MAX_XML;
    for (const url of ['/', '/dav', '/dav/*', '/principals', '/principals/*']) {
      if (url === '/' && (method === 'GET' || method === 'HEAD')) continue;
      fastify.route({ method, url, bodyLimit, exposeHeadRoute: false, handler });
    }
  }
  for (const extension of options.extensions) extension.routes?.(fastify, server);
  addDiscovery(fastify);
}

/** What a request is about, for the answer to its error. */
const extensionOf = new WeakMap<FastifyRequest, DavExtension>();

async function handle(exchange: Exchange, method: string): Promise<void> {
  const { server, viewer, request } = exchange;
  const target = await resolve(server, viewer, request.url);
  const about = target.resource ?? target.parent;
  if (about !== undefined && 'extension' in about) extensionOf.set(request, about.extension);
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const handler = HANDLERS[method];
  // Free/busy alone opens a calendar of somebody else for reports only.
  if (target.foreign && !(method === 'REPORT' && target.resource !== undefined)) {
    // That a principal has a home is no secret, nor which methods are for homes.
    if (method === 'ACL' && target.parent?.kind === 'homes')
      throw new DavError(405, 'Homes have no list of their own.');
    throw forbidden();
  }
  if (handler === undefined) throw notAllowed(readable(target, method));
  await handler(exchange, target, body);
}

/** What a target names, when the viewer may read it and the method is for it. */
function readable({ resource }: Target, method: string): Resource {
  const seen = resource?.kind !== 'collection' || resource.collection.rights.read || method === 'REPORT';
  if (resource === undefined || !seen) throw new DomainError('not-found', 'There is nothing at this address.');
  // What takes POST is known when it was tried.
  if (method in HANDLERS && method !== 'POST' && !methodsOf(resource).includes(method)) throw notAllowed(resource);
  return resource;
}

/** RFC 3744 §7.1.1; what is there and what is not look alike. */
function forbidden(): DomainError {
  return new DomainError('forbidden', 'This is not yours, and was not shared with you.');
}

async function options({ reply }: Exchange, resource: Resource): Promise<void> {
  await reply.code(200).header('allow', allowOf(resource)).header('content-length', 0).send();
}

/** RFC 3253 §3.6. */
async function report(exchange: Exchange, resource: Resource, body: Buffer): Promise<void> {
  const depth = depthOf(exchange);
  const root = parseXml(body);
  const found = exchange.server.reportsOf(resource).find(({ namespace, name }) => root.is(namespace, name));
  const readable = resource.kind !== 'collection' || resource.collection.rights.read;
  if (!readable && found?.right !== 'freeBusy') throw forbidden();
  if (found === undefined) throw new DavError(403, 'This report is not for this resource.', '<D:supported-report/>');
  return found.run(exchange, { resource, body: root, depth });
}

interface Refusal {
  readonly status: number;
  readonly condition?: string;
  readonly headers?: Readonly<Record<string, string | number>>;
}

/** The one place where errors become answers. */
function answerError(
  error: FastifyError | DomainError | DavError | ClientGone,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { status, condition, headers = {} } = refusalOf(error, request);
  if (status >= 500 && !(error instanceof DomainError || error instanceof DavError)) {
    request.log.error({ err: error, method: request.method, url: request.url }, 'request failed');
  }
  reply.code(status).headers(headers);
  if (condition === undefined) {
    const sentence = status === 500 ? 'The server made a mistake.' : error.message;
    return reply.type('text/plain; charset=utf-8').send(`${sentence}\n`);
  }
  // RFC 4918 §16: exactly the condition; clients and suites do not expect anything beside it.
  const text = `<?xml version="1.0" encoding="utf-8"?>\n<D:error${DECLARATIONS}>${condition}</D:error>`;
  return reply.header('content-type', XML_CONTENT_TYPE).send(text);
}

function refusalOf(error: FastifyError | DomainError | DavError | ClientGone, request: FastifyRequest): Refusal {
  if (error instanceof DavError) return error;
  if (error instanceof DomainError) return domainRefusal(error, request);
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500;
  return { status: status >= 400 && status < 500 ? status : 500 };
}

function domainRefusal(error: DomainError, request: FastifyRequest): Refusal {
  const extension = extensionOf.get(request);
  const { retryAfter } = error.details;
  const headers: Record<string, number> = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
  // RFC 4918 §9.8.4: a target that appeared meanwhile, with Overwrite: F.
  if (error.code === 'already-exists' && (request.method === 'COPY' || request.method === 'MOVE'))
    return { status: 412 };
  // Thunderbird's address book starts over on 400 only; any other status stops it for good.
  const thunderbird = extension?.kind === 'addressbook' && /Thunderbird/.test(request.headers['user-agent'] ?? '');
  if (error.code === 'sync-token-invalid' && thunderbird) return { status: 400, condition: '<D:valid-sync-token/>' };
  const refusal = extension?.refusal(error, (name) => hrefBeside(request, name));
  // RFC 4918 §9.8.5: a destination that cannot take the resource; no person is there to mend it, as with a PUT.
  const transfer = request.method === 'COPY' || request.method === 'MOVE';
  if (error.code === 'uid-conflict' && transfer && refusal !== undefined) return { ...refusal, status: 403 };
  return { ...(refusal ?? errorReplies[error.code].dav), headers };
}

/** The href of another member of the collection a request wrote to. */
function hrefBeside(request: FastifyRequest, name: string): string {
  const { destination } = request.headers;
  const written = typeof destination === 'string' ? destination.replace(/^https?:\/\/[^/]*/i, '') : request.url;
  const segments = splitPath(written).slice(0, 4);
  return `/${[...segments, name].map(encodeSegment).join('/')}`;
}
