/**
 * The DAV server as a Fastify plugin: one wildcard route for each method, method and kind of resource to handler, errors to answers.
 * RFC 4918 §18 and RFC 3744 §7.2, RFC 5689 §3.1, RFC 4791 §5.1, RFC 6352 §6.1 (the DAV header); RFC 4918 §16 (error bodies).
 * Authentication has happened before (src/http.ts). Elsewhere: discovery without log-in (well-known.ts), paths (paths.ts).
 */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Changes } from '../../src/collections/changes.ts';
import { Collections } from '../../src/collections/collections.ts';
import { DomainError } from '../../src/errors.ts';
import { Directory } from '../../src/principals/directory.ts';
import type { Store } from '../../storage/store.ts';
import { errorReplies } from '../error-replies.ts';
import { aclProperties } from './acl.ts';
import { addMember, addMemberProperty } from './add-member.ts';
import type { DavExtension, DavServer, Exchange, Report, Resource } from './contract.ts';
import { copyOrMove } from './copy-move.ts';
import { DavError } from './dav-error.ts';
import { depthOf } from './depth.ts';
import { encodeSegment } from './hrefs.ts';
import { liveProperties } from './live-properties.ts';
import { get, put, remove } from './members.ts';
import { allowOf, methodsOf, notAllowed } from './methods.ts';
import { makeCollection } from './mkcol.ts';
import { type ClientGone, XML_CONTENT_TYPE } from './multistatus.ts';
import { DECLARATIONS } from './namespaces.ts';
import { resolve, splitPath, type Target } from './paths.ts';
import { principalReports } from './principal-reports.ts';
import { LiveProperties } from './properties.ts';
import { propfind } from './propfind.ts';
import { proppatch } from './proppatch.ts';
import { syncCollection } from './sync-collection.ts';
import { addDiscovery } from './well-known.ts';
import { parseXml } from './xml-parser.ts';

/** Octets of an XML body; above it 413, before it is read when the length is told. */
const MAX_XML = 8 * 1024 * 1024;

/** Handled below, or answered 405 with Allow. */
const METHODS = [
  'OPTIONS',
  'GET',
  'HEAD',
  'PUT',
  'DELETE',
  'PROPFIND',
  'PROPPATCH',
  'MKCOL',
  'MKCALENDAR',
  'COPY',
  'MOVE',
  'REPORT',
];
const REFUSED = ['POST', 'PATCH', 'LOCK', 'UNLOCK', 'ACL', 'SEARCH', 'BIND', 'UNBIND', 'REBIND'];
/** Methods of Fastify itself; the others are added. */
const KNOWN = new Set(['OPTIONS', 'GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'PATCH']);

export interface DavOptions {
  readonly store: Store;
  readonly now: () => number;
  readonly extensions: readonly DavExtension[];
}

/** The parts of the server, also for extensions that are built with them. */
export function createDavServer({ store, now, extensions }: DavOptions): DavServer {
  const directory = new Directory(store);
  const core: readonly Report[] = [...principalReports, syncCollection];
  const byShape = new Map<string, readonly Report[]>();
  return {
    collections: new Collections(store, directory, now),
    changes: new Changes(store),
    directory,
    extensions,
    properties: new LiveProperties([...liveProperties, ...aclProperties, addMemberProperty], extensions),
    reportsOf(resource) {
      const shape = shapeOf(resource);
      const known = byShape.get(shape) ?? reportsFor(core, extensions, resource);
      byShape.set(shape, known);
      return known.filter((report) => report.appliesTo?.(resource) !== false);
    },
  };
}

function shapeOf(resource: Resource): string {
  return 'extension' in resource ? `${resource.kind} ${resource.extension.kind}` : resource.kind;
}

function reportsFor(
  core: readonly Report[],
  extensions: readonly DavExtension[],
  resource: Resource,
): readonly Report[] {
  const own = extensions.filter((extension) => !('extension' in resource) || resource.extension === extension);
  const found = [...core, ...own.flatMap(({ reports }) => reports)];
  return found.filter(({ on }) => on.includes(resource.kind));
}

/** Registers everything DAV on an instance. */
export async function dav(fastify: FastifyInstance, options: DavOptions): Promise<void> {
  const server = createDavServer(options);
  const davHeader = ['1', '3', 'extended-mkcol', ...options.extensions.flatMap(({ tokens }) => tokens)].join(', ');
  for (const method of [...METHODS, ...REFUSED]) {
    if (!KNOWN.has(method) && !fastify.supportedMethods.includes(method))
      fastify.addHttpMethod(method, { hasBody: true });
  }
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  fastify.setErrorHandler((error: FastifyError, request, reply) =>
    answerError(options.extensions, error, request, reply),
  );
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

  const largest = Math.max(MAX_XML, ...options.extensions.map(({ maxResourceSize }) => maxResourceSize));
  for (const method of [...METHODS, ...REFUSED]) {
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

async function handle(exchange: Exchange, method: string): Promise<void> {
  const { server, viewer, request, reply } = exchange;
  const target = await resolve(server, viewer, request.url);
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  if (method === 'PUT') return put(exchange, target, body);
  if (method === 'MKCOL' || method === 'MKCALENDAR') return makeCollection(exchange, target, method, body);
  if (method === 'POST' && (await addMember(exchange, target, body))) return;
  const resource = readable(target, method);
  switch (method) {
    case 'PROPFIND':
      return propfind(exchange, resource, body);
    case 'REPORT':
      return report(exchange, resource, body);
    case 'GET':
    case 'HEAD':
      return get(exchange, resource);
    case 'PROPPATCH':
      return proppatch(exchange, resource, body);
    case 'DELETE':
      return remove(exchange, resource);
    case 'COPY':
    case 'MOVE':
      return copyOrMove(exchange, resource, method);
    case 'OPTIONS':
      await reply.code(200).header('allow', allowOf(resource)).header('content-length', 0).send();
      return;
    case 'POST':
      if ('extension' in resource && (await resource.extension.post?.(exchange, resource, body))) return;
      throw notAllowed(resource);
    default:
      throw notAllowed(resource);
  }
}

/** What a target names, when the viewer may read it. Free/busy alone opens a calendar for reports only. */
function readable({ resource }: Target, method: string): Resource {
  const seen = resource?.kind !== 'collection' || resource.collection.rights.read || method === 'REPORT';
  if (resource === undefined || !seen) throw new DomainError('not-found', 'There is nothing at this address.');
  if (METHODS.includes(method) && !methodsOf(resource).includes(method)) throw notAllowed(resource);
  return resource;
}

/** RFC 3253 §3.6. */
async function report(exchange: Exchange, resource: Resource, body: Buffer): Promise<void> {
  const depth = depthOf(exchange);
  const root = parseXml(body);
  const found = exchange.server.reportsOf(resource).find(({ namespace, name }) => root.is(namespace, name));
  const readable = resource.kind !== 'collection' || resource.collection.rights.read;
  if (!readable && found?.right !== 'freeBusy') throw new DomainError('not-found', 'There is nothing at this address.');
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
  extensions: readonly DavExtension[],
  error: FastifyError | DomainError | DavError | ClientGone,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { status, condition, headers = {} } = refusalOf(extensions, error, request);
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

function refusalOf(
  extensions: readonly DavExtension[],
  error: FastifyError | DomainError | DavError | ClientGone,
  request: FastifyRequest,
): Refusal {
  if (error instanceof DavError) return error;
  if (error instanceof DomainError) return domainRefusal(extensions, error, request);
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500;
  return { status: status >= 400 && status < 500 ? status : 500 };
}

function domainRefusal(extensions: readonly DavExtension[], error: DomainError, request: FastifyRequest): Refusal {
  const path = request.url;
  const extension = extensions.find(({ home }) => path.startsWith(`/dav/${home}/`));
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
