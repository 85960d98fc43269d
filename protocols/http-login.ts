/**
 * Log-in of HTTP requests: Basic for programs, a session cookie for the web, and what browsers may not send for others.
 * RFC 7617 (Basic), RFC 9110 §11.6 and §15.5.2 (challenges), RFC 6265 §4.1 and §5.3 (cookies).
 * Elsewhere: whose password it is (src/principals/authentication.ts), sessions (src/principals/sessions.ts), whose connection
 * it is (http-peer.ts).
 */
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../src/errors.ts';
import type { Principal } from '../src/principals/access.ts';
import type { Authentication, Scope } from '../src/principals/authentication.ts';
import type { Sessions } from '../src/principals/sessions.ts';
import { errorReplies } from './error-replies.ts';
import { isCrossSite, type Peer, type PeerRules, peerOf, publicOrigin } from './http-peer.ts';

export interface HttpLoginOptions {
  readonly config: PeerRules & { readonly plaintextLogin: 'loopback' | 'never' };
  readonly authentication: Authentication;
  readonly sessions: Sessions;
  readonly log: FastifyBaseLogger;
}

/** __Host-: over TLS (or to this machine), for this host and no other, for every path. */
export const SESSION_COOKIE = '__Host-convene';
export const CSRF_HEADER = 'x-csrf-token';
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
const LOGIN_TEXT = 'Log in first.';
const SCOPES_BELOW_DAV: ReadonlyMap<string, readonly Scope[]> = new Map([
  ['calendars', ['calendars']],
  ['addressbooks', ['contacts']],
  ['directory', ['contacts']],
]);

/** The cookie that carries a session; without one, the cookie that ends it. */
export function sessionCookie(id: string | undefined): string {
  const attributes = 'Path=/; Secure; HttpOnly; SameSite=Strict';
  return id === undefined ? `${SESSION_COOKIE}=; Max-Age=0; ${attributes}` : `${SESSION_COOKIE}=${id}; ${attributes}`;
}

/** The session a request names; undefined without one. */
export function sessionOf(request: FastifyRequest): string | undefined {
  const cookies = (request.headers.cookie ?? '').slice(0, 8_192).split(/; */);
  const found = cookies.find((cookie) => cookie.startsWith(`${SESSION_COOKIE}=`));
  return found === undefined ? undefined : found.slice(SESSION_COOKIE.length + 1) || undefined;
}

/**
 * Why a request of a browser is refused: another site's page wrote it. Programs send neither header. Nothing of another origin
 * is ever allowed to read answers: there are no CORS headers.
 */
export function crossSite(request: FastifyRequest, rules: PeerRules): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers;
  const safe = SAFE.has(request.method);
  if (site === 'cross-site' && !safe) return true;
  if (isCrossSite(request.raw, rules)) return true;
  if (origin === undefined || !isApi(request.url)) return false;
  const own = publicOrigin(request.raw, rules);
  return own === '' || origin.toLowerCase() !== own.toLowerCase();
}

/** Lets a request through when its route is anonymous or its log-in is known; everything slower is left to `logIn`. */
export function authenticationHook({ authentication, sessions, config, log }: HttpLoginOptions) {
  return (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    if (crossSite(request, config)) {
      void refuseText(reply, 403, 'A page of another site may not do this.');
      return;
    }
    if (request.routeOptions.config.anonymous === true) {
      done();
      return;
    }
    const peer = peerOf(request.raw, config);
    if (!mayLogIn(peer, config)) {
      // Asking for the password first would only make the client send it in the clear.
      void refuseText(reply, 403, 'A password is taken over TLS only; use https.');
      return;
    }
    const { authorization } = request.headers;
    if (authorization === undefined) {
      useSession(request, reply, sessions, done);
      return;
    }
    const key = authentication.keyOf(authorization);
    const scopes = scopesOf(request.url);
    request.login = authentication.recall(key, peer.address, scopes);
    if (request.login !== undefined) {
      done();
      return;
    }
    const client = request.headers['user-agent'];
    logIn(authentication, key, authorization, { peer: peer.address, scopes, client }).then(
      (principal) => {
        request.login = principal;
        done();
      },
      (error: unknown) => {
        if (!(error instanceof DomainError)) log.error({ err: error, id: request.id }, 'log-in failed unexpectedly');
        void answerLoginError(reply, error);
      },
    );
  };
}

/** Whether a password may be sent over this connection. */
export function mayLogIn(peer: Peer, config: HttpLoginOptions['config']): boolean {
  return peer.encrypted || (peer.loopback && config.plaintextLogin === 'loopback');
}

/** A session opens the JSON API only; DAV programs have passwords. */
function useSession(request: FastifyRequest, reply: FastifyReply, sessions: Sessions, done: () => void): void {
  const id = isApi(request.url) ? sessionOf(request) : undefined;
  const principal = id === undefined ? undefined : sessions.find(id);
  if (id === undefined || principal === undefined) {
    void askForLogin(reply, LOGIN_TEXT);
    return;
  }
  const csrf = request.headers[CSRF_HEADER];
  if (!SAFE.has(request.method) && !(typeof csrf === 'string' && sessions.matches(id, csrf))) {
    void refuseText(reply, 403, 'The request does not carry the token of its session in X-CSRF-Token.');
    return;
  }
  request.login = principal;
  done();
}

async function logIn(
  authentication: Authentication,
  key: string,
  authorization: string,
  where: { peer: string; scopes: readonly Scope[]; client: string | undefined },
): Promise<Principal> {
  const basic = readBasic(authorization);
  if (basic === undefined) throw new DomainError('authentication-failed', 'Use HTTP Basic.');
  return authentication.login(key, { ...basic, ...where });
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

function isApi(url: string): boolean {
  return /^\/api(?:[/?]|$)/.test(url);
}

/**
 * What a device password must be good for, by the path as the plugins read it: decoded, and without empty segments. One of
 * these is enough; what leads from one home to another is refused where paths are resolved (protocols/dav/paths.ts).
 */
function scopesOf(url: string): readonly Scope[] {
  if (url.startsWith('/dav/calendars/')) return ['calendars'];
  if (url.startsWith('/dav/addressbooks/')) return ['contacts'];
  let segments: readonly string[];
  try {
    segments = url.split('?', 1)[0]!.split('/').filter(Boolean).map(decodeURIComponent);
  } catch {
    return ['web'];
  }
  const [first, second] = segments;
  if (first === 'api') return ['web'];
  if (first !== 'dav') return ['calendars', 'contacts'];
  return SCOPES_BELOW_DAV.get(second ?? '') ?? ['calendars', 'contacts'];
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

export function refuseText(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(`${message}\n`);
}
