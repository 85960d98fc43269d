/**
 * The HTTP door: one Fastify instance behind a plain and a TLS listener, with every limit explicit.
 * RFC 9110, RFC 9112, RFC 6585 §4.
 * A request passes: refusals by its head alone → Fastify's router → authentication → its turn, when many arrive at once → the
 * plugin that owns the path.
 * Elsewhere: those refusals (protocols/http-guard.ts), whose request it is (protocols/http-peer.ts, http-login.ts), its log
 * line (http-log.ts), what each protocol answers (its plugin, with its own error handler).
 */
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { JSON_VALIDATION } from '../protocols/api/validation.ts';
import { errorReplies } from '../protocols/error-replies.ts';
import {
  answerUnreadable,
  bodyPending,
  linger,
  MAX_BODY,
  MAX_HEAD,
  refusalOf,
  refuse,
} from '../protocols/http-guard.ts';
import { loggableUrl, logRequests, requestId } from '../protocols/http-log.ts';
import { authenticationHook, refuseText } from '../protocols/http-login.ts';
import { type Peer, peerOf, publicOrigin } from '../protocols/http-peer.ts';
import { serveMetrics } from '../protocols/metrics.ts';
import { bindProblem } from './bind-problem.ts';
import type { Config, Listener } from './config.ts';
import { DomainError } from './errors.ts';
import type { Metrics } from './metrics.ts';
import type { Principal } from './principals/access.ts';
import type { Authentication } from './principals/authentication.ts';
import type { Sessions } from './principals/sessions.ts';
import { beginning } from './slices.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is logged in. Only on routes without `anonymous`. */
    principal: Principal;
    /** Undefined until authentication has passed. */
    login: Principal | undefined;
    readonly peer: Peer;
    /** Origin for absolute URLs without '/' at the end, or '' when only a path is safe to tell. */
    readonly publicOrigin: string;
  }
  interface FastifyContextConfig {
    /** The route answers without a log-in. */
    anonymous?: boolean;
  }
}

/** Times in milliseconds. */
export interface HttpLimits {
  /** From the first octet, or from connecting, to the end of the head; to the end of the body. */
  readonly head: number;
  readonly request: number;
  /** Without any octet in or out, during a request and between requests. */
  readonly idle: number;
  readonly keepAlive: number;
  /** How often the first two are checked. */
  readonly check: number;
  readonly connections: number;
  readonly requestsPerConnection: number;
  /** What requests in flight are given when the server stops. */
  readonly grace: number;
}

export const HTTP_LIMITS: HttpLimits = {
  head: 20_000,
  request: 60_000,
  idle: 120_000,
  keepAlive: 10_000,
  check: 2_000,
  connections: 8_192,
  requestsPerConnection: 1_000,
  grace: 10_000,
};

export interface HttpOptions {
  readonly config: Config;
  readonly authentication: Authentication;
  readonly sessions: Sessions;
  readonly log: FastifyBaseLogger;
  /** PEM; without it there is no TLS listener. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** What keeps the server from working, in a few words; undefined when nothing does. */
  readonly problem: () => Promise<string | undefined>;
  readonly metrics: Metrics;
  readonly limits?: Partial<HttpLimits>;
}

export interface Http {
  readonly fastify: FastifyInstance;
  /** Binds the listeners. Rejects when a port is taken. */
  listen(): Promise<{ http: AddressInfo | undefined; https: AddressInfo | undefined }>;
  /** New connections are served with this certificate. */
  renew(tls: { readonly cert: string; readonly key: string }): void;
  /** Answers what is in flight, refuses what is new, and ends within the grace. */
  close(): Promise<void>;
}

/** A write is tried at most this often, however often readiness is asked. */
const READINESS_MS = 1_000;

export function createHttp(options: HttpOptions): Http {
  const { config, log } = options;
  const limits = { ...HTTP_LIMITS, ...options.limits };
  let stopping = false;
  const awaiting100 = new WeakSet<IncomingMessage>();
  const servers: Server[] = [];
  const secure: TlsServer[] = [];

  const fastify = Fastify({
    loggerInstance: log,
    ajv: { customOptions: JSON_VALIDATION },
    logController: new LogController({ disableRequestLogging: true }),
    // One logger for all requests: a child for each costs more than the line it prints.
    childLoggerFactory: (logger) => logger,
    genReqId: requestId,
    bodyLimit: MAX_BODY,
    routerOptions: { maxParamLength: 16_384 },
    // Never listens: both listeners below hand their requests to Fastify's router.
    serverFactory: (handler) => createServer(handler),
    frameworkErrors: (_error, request, reply) =>
      refuse(request.raw, reply.raw, { status: 400, message: 'The request target is not a path.' }),
  });

  function handle(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'; sandbox");
    const refusal = stopping
      ? { status: 503, message: 'The server is stopping.', headers: { 'Retry-After': '5' } }
      : refusalOf(request);
    if (refusal === undefined) fastify.routing(request, response);
    else refuse(request, response, refusal);
  }

  function listener(server: Server): Server {
    server.maxConnections = limits.connections;
    server.maxRequestsPerSocket = limits.requestsPerConnection;
    server.timeout = limits.idle;
    server.on('request', handle);
    // RFC 9110 §10.1.1: 100 is sent when the body is wanted (below), not before a refusal.
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      awaiting100.add(request);
      handle(request, response);
    });
    server.on('clientError', answerUnreadable);
    server.on('connection', (socket) => {
      options.metrics.connection('http', 1);
      socket.once('close', () => options.metrics.connection('http', -1));
    });
    servers.push(server);
    return server;
  }

  const serverOptions: ServerOptions = {
    maxHeaderSize: MAX_HEAD,
    headersTimeout: limits.head,
    requestTimeout: limits.request,
    keepAliveTimeout: limits.keepAlive,
    connectionsCheckingInterval: limits.check,
    requireHostHeader: true,
    insecureHTTPParser: false,
    noDelay: true,
  };

  fastify.decorateRequest('login', undefined);
  fastify.decorateRequest('principal', {
    getter() {
      if (this.login === undefined) throw new Error('a route without log-in asked for the principal');
      return this.login;
    },
  });
  fastify.decorateRequest('peer', {
    getter() {
      return peerOf(this.raw, config);
    },
  });
  fastify.decorateRequest('publicOrigin', {
    getter() {
      return publicOrigin(this.raw, config);
    },
  });
  fastify.addHook('onRequest', authenticationHook(options));
  fastify.addHook('preParsing', (request, reply, _payload, done) => {
    if (request.headers.expect !== undefined && awaiting100.delete(request.raw)) reply.raw.writeContinue();
    done();
  });
  fastify.addHook('preHandler', (_request, _reply, done) => {
    const wait = beginning();
    if (wait === undefined) done();
    else wait.then(() => done());
  });
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    const { raw } = request;
    // A client that was not told to continue may or may not send its body: only a new connection is unambiguous.
    const early = bodyPending(raw) && reply.statusCode >= 400;
    if (early) linger(raw);
    if (early || stopping || awaiting100.has(raw)) reply.header('Connection', 'close');
    reply.header('X-Request-Id', request.id);
    done();
  });
  if (log.level !== 'silent') logRequests(fastify, config);
  fastify.setNotFoundHandler((_request, reply) => reply.code(404).type('text/plain').send('Not found.\n'));
  fastify.setErrorHandler(answerError);
  addHealth(fastify, () => !stopping, options.problem);
  serveMetrics(fastify, options.metrics, config.metricsFrom);

  return {
    fastify,
    async listen() {
      await fastify.ready();
      const { http, https } = config.ports;
      const bound = { http: undefined as AddressInfo | undefined, https: undefined as AddressInfo | undefined };
      if (http !== undefined) bound.http = await bind(listener(createServer(serverOptions)), 'http', config);
      if (https !== undefined && options.tls !== undefined) {
        const tls = { ...options.tls, minVersion: 'TLSv1.2' as const, handshakeTimeout: limits.head };
        const server = createTlsServer({ ...serverOptions, ...tls });
        secure.push(server);
        bound.https = await bind(listener(server), 'https', config);
      }
      return bound;
    },
    renew(tls) {
      for (const server of secure) server.setSecureContext({ ...tls, minVersion: 'TLSv1.2' });
    },
    async close() {
      stopping = true;
      await Promise.all(servers.map((server) => closeServer(server, limits.grace)));
      await fastify.close();
    },
  };
}

/** The last resort: plugins have error handlers of their own. */
function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof DomainError) return refuseText(reply, errorReplies[error.code].dav.status, error.message);
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500) return refuseText(reply, status, 'The request is not acceptable.');
  request.log.error(
    { err: error, id: request.id, method: request.method, url: loggableUrl(request.url) },
    'request failed',
  );
  return refuseText(reply, 500, 'The server made a mistake.');
}

function addHealth(fastify: FastifyInstance, running: () => boolean, problem: () => Promise<string | undefined>): void {
  let checked: { at: number; result: Promise<string | undefined> } | undefined;
  fastify.get('/health/live', { config: { anonymous: true } }, (_request, reply) =>
    reply.type('text/plain').send('live\n'),
  );
  fastify.get('/health/ready', { config: { anonymous: true } }, async (_request, reply) => {
    const now = performance.now();
    if (checked === undefined || now - checked.at > READINESS_MS)
      checked = { at: now, result: problem().catch(() => 'the check failed') };
    const wrong = running() ? await checked.result : 'the server is stopping';
    return wrong === undefined ? refuseText(reply, 200, 'ready') : refuseText(reply, 503, `not ready: ${wrong}`);
  });
}

function bind(server: Server, listener: Listener, { host, ports }: Config): Promise<AddressInfo> {
  const port = ports[listener];
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(bindProblem(error, listener, host, port)));
    server.listen({ port, host }, () => {
      server.removeAllListeners('error');
      resolve(server.address() as AddressInfo);
    });
  });
}

async function closeServer(server: Server, grace: number): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection becomes idle when its answer is out; Node would keep it for the keep-alive time.
  const idle = setInterval(() => server.closeIdleConnections(), 20);
  const deadline = setTimeout(() => server.closeAllConnections(), grace);
  await closed;
  clearInterval(idle);
  clearTimeout(deadline);
}
