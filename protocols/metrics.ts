/**
 * GET /metrics for Prometheus, and the counting of HTTP requests.
 * Only peers of CONVENE_METRICS_FROM are answered; to all others the address does not exist.
 * Elsewhere: what is counted (src/metrics.ts).
 */
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../src/metrics.ts';
import { contains, type Network, parseAddress } from '../src/networks.ts';

const PARTS: readonly [prefix: RegExp, protocol: string][] = [
  [/^\/dav\/calendars\//, 'caldav'],
  [/^\/dav\/addressbooks\//, 'carddav'],
  [/^\/(?:dav|principals|\.well-known\/(?:caldav|carddav))(?:\/|$)/, 'dav'],
  [/^\/(?:feeds|freebusy)\//, 'feeds'],
  [/^\/api\//, 'api'],
  [/^\/(?:setup|mail|autodiscover|\.well-known\/autoconfig)/i, 'setup'],
  [/^\/(?:health|metrics)/, 'health'],
];
const METHODS = new Set([
  'GET',
  'HEAD',
  'PUT',
  'POST',
  'DELETE',
  'OPTIONS',
  'PROPFIND',
  'PROPPATCH',
  'REPORT',
  'MKCOL',
]);

/** Registers the address, and counts requests as they end. */
export function serveMetrics(fastify: FastifyInstance, metrics: Metrics, from: readonly Network[]): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const protocol = PARTS.find(([prefix]) => prefix.test(request.url))?.[1] ?? 'other';
    const operation = METHODS.has(request.method) ? request.method : 'other';
    metrics.request(protocol, operation, `${Math.floor(reply.statusCode / 100)}xx`, reply.elapsedTime / 1000);
    done();
  });
  fastify.get('/metrics', { config: { anonymous: true } }, async (request, reply) => {
    const address = parseAddress(request.peer.address);
    const allowed = address !== undefined && from.some((network) => contains(network, address));
    // A proxy that speaks for somebody else is not the machine it runs on.
    if (!allowed || request.headers['x-forwarded-for'] !== undefined)
      return reply.code(404).type('text/plain').send('Not found.\n');
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics.print());
  });
}
