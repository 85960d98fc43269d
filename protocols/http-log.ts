/**
 * One log line for each request, with an id, and without the secrets that stand in paths.
 * The id is told in X-Request-Id and stands in every line about the request. Elsewhere: counting requests (metrics.ts).
 */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { type PeerRules, peerOf } from './http-peer.ts';

const PROCESS = randomBytes(4).toString('hex');
let counter = 0;

/** An id that no other request of this installation has lately had. */
export function requestId(): string {
  counter += 1;
  return `${PROCESS}-${counter.toString(36)}`;
}

/** A request target as it may be logged: links are their own key, and queries hold addresses. */
export function loggableUrl(url: string): string {
  return url
    .replace(/^(\/feeds\/|\/invitation\/|\/setup\/(?:link|profile)\/)[^/?#]+/i, '$1[secret]')
    .replace(/\?.*$/s, (query) => (query.length > 1 ? '?…' : query));
}

/** Logs requests as they end. */
export function logRequests(fastify: FastifyInstance, rules: PeerRules): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    request.log.info(
      {
        id: request.id,
        method: request.method,
        url: loggableUrl(request.url),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        peer: peerOf(request.raw, rules).address,
        user: request.login?.name,
      },
      'request',
    );
    done();
  });
}
