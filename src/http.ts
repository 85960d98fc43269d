/**
 * The HTTP door: one Fastify instance behind a plain and a TLS listener, with every limit explicit.
 * RFC 9110, RFC 9112, RFC 7617 (Basic), RFC 6585 §4.
 * A request passes: refusals by its head alone → Fastify's router → authentication → the plugin that owns the path.
 * Elsewhere: those refusals (protocols/http-guard.ts), whose request it is (protocols/http-peer.ts), who may log in
 * (principals/authentication.ts), what each protocol answers (its plugin, with its own error handler).
 */
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
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
import { isCrossSite, type Peer, peerOf, publicOrigin } from '../protocols/http-peer.ts';
import { type Config, ConfigError, type Listener, portName } from './config.ts';
import { DomainError } from './errors.ts';
import type { Principal } from './principals/access.ts';
import type { Authentication, Scope } from './principals/authentication.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is logged in. Only on routes without `anonymous`. */
    principal: Principal;
    /** Undefined until authentication has passed. */
    login: Principal | undefined;
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
  readonly log: FastifyBaseLogger;
  /** PEM; without it there is no TLS listener. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Whether a write would succeed now. */
  readonly writable: () => Promise<boolean>;
  readonly limits?: Partial<HttpLimits>;
}

export interface Http {
  readonly fastify: FastifyInstance;
  /** Binds the listeners. Rejects when a port is taken. */
  listen(): Promise<{ http: AddressInfo | undefined; https: AddressInfo | undefined }>;
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

  const fastify = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    // One logger for all requests: a child for each costs more than the line it prints.
    childLoggerFactory: (logger) => logger,
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
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    const { raw } = request;
    // A client that was not told to continue may or may not send its body: only a new connection is unambiguous.
    const early = bodyPending(raw) && reply.statusCode >= 400;
    if (early) linger(raw);
    if (early || stopping || awaiting100.has(raw)) reply.header('Connection', 'close');
    done();
  });
  if (log.level !== 'silent')
    fastify.addHook('onResponse', (request, reply, done) => {
      log.info(
        {
          method: request.method,
          url: request.url,
          status: reply.statusCode,
          ms: Math.round(reply.elapsedTime * 10) / 10,
          peer: peerOf(request.raw, config).address,
          user: request.login?.name,
        },
        'request',
      );
      done();
    });
  fastify.setNotFoundHandler((_request, reply) => reply.code(404).type('text/plain').send('Not found.\n'));
  fastify.setErrorHandler(answerError);
  addHealth(fastify, () => !stopping, options.writable);

  return {
    fastify,
    async listen() {
      await fastify.ready();
      const { http, https } = config.ports;
      const bound = { http: undefined as AddressInfo | undefined, https: undefined as AddressInfo | undefined };
      if (http !== undefined) bound.http = await bind(listener(createServer(serverOptions)), 'http', config);
      if (https !== undefined && options.tls !== undefined) {
        const tls = { ...options.tls, minVersion: 'TLSv1.2' as const, handshakeTimeout: limits.head };
        bound.https = await bind(listener(createTlsServer({ ...serverOptions, ...tls })), 'https', config);
      }
      return bound;
    },
    async close() {
      stopping = true;
      await Promise.all(servers.map((server) => closeServer(server, limits.grace)));
      await fastify.close();
    },
  };
}

/** Lets a request through when its route is anonymous or its log-in is known; everything slower is left to `logIn`. */
function authenticationHook({ authentication, config, log }: HttpOptions) {
  return (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    if (request.routeOptions.config.anonymous === true) {
      done();
      return;
    }
    if (isCrossSite(request.raw, config)) {
      void refuseText(reply, 403, 'Pages of other sites may not change anything here.');
      return;
    }
    const peer = peerOf(request.raw, config);
    if (!peer.encrypted && !(peer.loopback && config.plaintextLogin === 'loopback')) {
      // Asking for the password first would only make the client send it in the clear.
      void refuseText(reply, 403, 'A password is taken over TLS only; use https.');
      return;
    }
    const { authorization } = request.headers;
    if (authorization === undefined) {
      void askForLogin(reply, 'Log in first.');
      return;
    }
    const key = authentication.keyOf(authorization);
    const scopes = scopesOf(request.url);
    request.login = authentication.recall(key, peer.address, scopes);
    if (request.login !== undefined) {
      done();
      return;
    }
    logIn(authentication, key, authorization, peer, scopes).then(
      (principal) => {
        request.login = principal;
        done();
      },
      (error: unknown) => {
        if (!(error instanceof DomainError)) log.error({ err: error }, 'log-in failed unexpectedly');
        void answerLoginError(reply, error);
      },
    );
  };
}

async function logIn(
  authentication: Authentication,
  key: string,
  authorization: string,
  peer: Peer,
  scopes: readonly Scope[],
): Promise<Principal> {
  const basic = readBasic(authorization);
  if (basic === undefined) throw new DomainError('authentication-failed', 'Use HTTP Basic.');
  return authentication.login(key, { ...basic, peer: peer.address, scopes });
}

/** Name and password of RFC 7617 §2: UTF-8, or Latin-1 from clients that have not heard of it. */
function readBasic(authorization: string): { name: string; password: string } | undefined {
  const match = /^basic +([A-Za-z0-9+/_-]+=*) *$/i.exec(authorization);
  if (match === null) return undefined;
  const octets = Buffer.from(match[1]!, 'base64');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    text = octets.toString('latin1');
  }
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** What a device password must be good for, by the path. */
function scopesOf(url: string): readonly Scope[] {
  if (url.startsWith('/dav/calendars/')) return ['calendars'];
  if (url.startsWith('/dav/addressbooks/') || url.startsWith('/dav/directory/')) return ['contacts'];
  if (!url.includes('%')) return ['calendars', 'contacts'];
  try {
    const decoded = decodeURIComponent(url.split('?', 1)[0]!);
    return decoded.includes('%') ? ['calendars', 'contacts'] : scopesOf(decoded);
  } catch {
    return ['calendars', 'contacts'];
  }
}

function askForLogin(reply: FastifyReply, message: string): FastifyReply {
  // RFC 7617 §2.1: the realm, and that names and passwords are UTF-8.
  reply.header('WWW-Authenticate', 'Basic realm="Convene", charset="UTF-8"');
  return refuseText(reply, 401, message);
}

function answerLoginError(reply: FastifyReply, error: unknown): FastifyReply {
  if (!(error instanceof DomainError)) return refuseText(reply, 500, 'The log-in could not be checked.');
  if (error.code === 'authentication-failed') return askForLogin(reply, error.message);
  if (error.details.retryAfter !== undefined) reply.header('Retry-After', error.details.retryAfter);
  return refuseText(reply, errorReplies[error.code].dav.status, error.message);
}

/** The last resort: plugins have error handlers of their own. */
function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof DomainError) return refuseText(reply, errorReplies[error.code].dav.status, error.message);
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500) return refuseText(reply, status, 'The request is not acceptable.');
  request.log.error({ err: error, method: request.method, url: request.url }, 'request failed');
  return refuseText(reply, 500, 'The server made a mistake.');
}

function refuseText(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(`${message}\n`);
}

function addHealth(fastify: FastifyInstance, running: () => boolean, writable: () => Promise<boolean>): void {
  let checked: { at: number; result: Promise<boolean> } | undefined;
  fastify.get('/health/live', { config: { anonymous: true } }, (_request, reply) =>
    reply.type('text/plain').send('live\n'),
  );
  fastify.get('/health/ready', { config: { anonymous: true } }, async (_request, reply) => {
    const now = performance.now();
    if (checked === undefined || now - checked.at > READINESS_MS) checked = { at: now, result: writable() };
    const ready = running() && (await checked.result);
    return refuseText(reply, ready ? 200 : 503, ready ? 'ready' : 'not ready');
  });
}

function bind(server: Server, listener: Listener, { host, ports }: Config): Promise<AddressInfo> {
  const port = ports[listener];
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const sentence = BIND_PROBLEMS[error.code ?? '']?.(`${host} port ${port}`, portName(listener));
      reject(sentence === undefined ? error : new ConfigError([sentence]));
    });
    server.listen({ port, host }, () => {
      server.removeAllListeners('error');
      resolve(server.address() as AddressInfo);
    });
  });
}

const BIND_PROBLEMS: Readonly<Record<string, (place: string, name: string) => string>> = {
  EADDRINUSE: (place, name) => `Something else listens on ${place}; stop it, or set ${name} to another port.`,
  EACCES: (place, name) => `This user may not listen on ${place}; set ${name} to a port above 1023.`,
  EADDRNOTAVAIL: (place) => `This machine has no address for ${place}; set CONVENE_HOST to one of its own.`,
  ENOTFOUND: (place) => `The host of ${place} is not known; set CONVENE_HOST to an IP address of this machine.`,
};

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
