/**
 * Discovery without log-in: where CalDAV and CardDAV begin.
 * RFC 6764 §5, RFC 8615. Any method, with and without '/' at the end, leads to the DAV root on the same origin.
 * Elsewhere: everything behind the redirect (plugin.ts).
 */
import type { FastifyInstance } from 'fastify';
import { XML_CONTENT_TYPE } from './multistatus.ts';

const ROOT = '/dav/';
/** Requests for discovery are small; what is larger is not one. */
const MAX_BODY = 64 * 1024;

/** What a client sees that looks at `/.well-known/` itself. */
const FOLDER =
  '<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:"><D:response><D:href>/.well-known/</D:href><D:propstat>' +
  '<D:prop><D:resourcetype><D:collection/></D:resourcetype></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>' +
  '</D:response></D:multistatus>';

/** Registers the redirects of `/.well-known/caldav` and `/.well-known/carddav`, and the folder they are in. */
export function addDiscovery(fastify: FastifyInstance): void {
  const route = { bodyLimit: MAX_BODY, exposeHeadRoute: false, config: { anonymous: true } };
  for (const service of ['caldav', 'carddav']) {
    for (const end of ['', '/']) {
      fastify.route({
        ...route,
        method: [...fastify.supportedMethods],
        url: `/.well-known/${service}${end}`,
        handler: (request, reply) =>
          reply
            .code(301)
            .header('location', `${request.publicOrigin}${ROOT}`)
            .header('cache-control', 'no-cache')
            .send(),
      });
    }
  }
  for (const url of ['/.well-known', '/.well-known/']) {
    fastify.route({
      ...route,
      method: 'PROPFIND',
      url,
      handler: (_request, reply) => reply.code(207).header('content-type', XML_CONTENT_TYPE).send(FOLDER),
    });
    fastify.route({
      ...route,
      method: ['GET', 'HEAD'],
      url,
      handler: (_request, reply) => reply.type('text/plain; charset=utf-8').send('caldav\ncarddav\n'),
    });
  }
}
