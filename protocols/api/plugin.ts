/**
 * The JSON API of scheduling as a Fastify plugin, and the description of the whole API.
 * RFC 8259 §8.1 (UTF-8), RFC 9110 §15.5.6 (Allow), OpenAPI 3.1.
 * Authentication has happened before (protocols/http-login.ts). Elsewhere: the operations (scheduling.ts), errors (json-errors.ts),
 * what the description says (openapi.ts).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Directory } from '../../src/principals/directory.ts';
import type { FreeBusyChoices } from '../../src/principals/free-busy-sharing.ts';
import type { FreeBusy } from '../../src/scheduling/free-busy.ts';
import type { SlotSuggestions } from '../../src/scheduling/suggestions.ts';
import type { FreeBusySharing, Store } from '../../storage/store.ts';
import { answerProblem } from './json-errors.ts';
import { type DescribedRoute, openApiDocument } from './openapi.ts';
import { Problem } from './problem.ts';
import { type FreeBusyBody, readFreeBusy, type SuggestionBody, suggest } from './scheduling.ts';
import { type SchemaName, schemas } from './schemas.ts';

/** Octets of a body. */
const MAX_BODY = 256 * 1024;
/** Commas in a body: more values than any request has would only cost time to refuse one by one. */
const MAX_COMMAS = 2_000;
const POST_PATHS = ['/api/scheduling/suggestions', '/api/scheduling/free-busy'] as const;
const SHARING = '/api/scheduling/sharing';
const DESCRIPTION = '/api/openapi.json';

export interface ApiServices {
  readonly store: Store;
  readonly freeBusy: FreeBusy;
  readonly suggestions: SlotSuggestions;
  readonly freeBusyChoices: FreeBusyChoices;
  /** Routes of the API that describe themselves. */
  readonly described: readonly DescribedRoute[];
}

export async function api(fastify: FastifyInstance, services: ApiServices): Promise<void> {
  const { store, freeBusy, suggestions, freeBusyChoices, described } = services;
  const directory = new Directory(store);
  let description: string | undefined;

  fastify.addSchema({ $id: 'convene', components: { schemas } });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) =>
    jsonOf(request, body),
  );
  fastify.setErrorHandler(answerProblem(MAX_BODY));

  const answer = async (reply: FastifyReply, value: Promise<object>) =>
    reply
      .code(200)
      .header('content-type', 'application/json; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(JSON.stringify(await value));
  const limits = { bodyLimit: MAX_BODY };
  fastify.post<{ Body: SuggestionBody }>(
    POST_PATHS[0],
    { ...limits, schema: { body: bodyOf('SuggestionRequest') } },
    (request, reply) => answer(reply, suggest(suggestions, request.principal, request.body)),
  );
  fastify.post<{ Body: FreeBusyBody }>(
    POST_PATHS[1],
    { ...limits, schema: { body: bodyOf('FreeBusyRequest') } },
    (request, reply) => answer(reply, readFreeBusy({ directory, freeBusy }, request.principal, request.body)),
  );
  fastify.get(SHARING, (request, reply) => {
    const sharedWith = freeBusyChoices.of(request.principal);
    return answer(
      reply,
      sharedWith.then((choice) => ({ sharedWith: choice })),
    );
  });
  fastify.put<{ Body: { sharedWith: FreeBusySharing } }>(
    SHARING,
    { ...limits, schema: { body: bodyOf('FreeBusySharing') } },
    async (request, reply) => {
      const { sharedWith } = request.body;
      await freeBusyChoices.set(request.principal, sharedWith);
      return answer(reply, Promise.resolve({ sharedWith }));
    },
  );
  fastify.get(DESCRIPTION, { config: { anonymous: true } }, (_request, reply) => {
    // By the first question all routes are there.
    description ??= JSON.stringify(openApiDocument(described));
    return reply
      .header('content-type', 'application/json; charset=utf-8')
      .header('cache-control', 'no-cache')
      .send(description);
  });
  for (const url of POST_PATHS)
    fastify.route({ method: ['GET', 'PUT', 'DELETE', 'PATCH'], url, ...limits, handler: refusesAllBut('POST') });
  fastify.route({
    method: ['POST', 'DELETE', 'PATCH'],
    url: SHARING,
    ...limits,
    handler: refusesAllBut('GET, HEAD, PUT'),
  });
  fastify.route({
    method: ['POST', 'PUT', 'DELETE', 'PATCH'],
    url: DESCRIPTION,
    ...limits,
    handler: refusesAllBut('GET, HEAD'),
  });
  fastify.route({
    method: ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'],
    url: '/api/*',
    ...limits,
    handler: async () => {
      throw new Problem(404, '', 'There is nothing at this address; /api/openapi.json lists what there is.');
    },
  });
}

function refusesAllBut(allow: string) {
  return async (_request: FastifyRequest, reply: FastifyReply) => {
    reply.header('allow', allow);
    throw new Problem(405, '', `Only ${allow} works here.`);
  };
}

/** A reference into the schemas that the description shows. */
function bodyOf(name: SchemaName) {
  return { $ref: `convene#/components/schemas/${name}` };
}

/** The body as JSON; every wrong one has an answer of its own. */
function jsonOf({ headers }: FastifyRequest, body: Buffer): unknown {
  const [mediaType = '', ...parameters] = String(headers['content-type'] ?? '')
    .toLowerCase()
    .split(';');
  const charset = parameters.map((part) => /^\s*charset\s*=\s*"?([^"\s]+)"?\s*$/.exec(part)?.[1]).find(Boolean);
  if (mediaType.trim() !== 'application/json' || (charset !== undefined && charset !== 'utf-8'))
    throw new Problem(415, '', 'Send application/json in UTF-8.');
  let commas = 0;
  for (let at = body.indexOf(0x2c); at !== -1; at = body.indexOf(0x2c, at + 1)) {
    if (++commas > MAX_COMMAS) throw new Problem(422, 'limit-exceeded', 'The body holds more values than any request.');
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new Problem(400, 'not-json', 'The body is not JSON in UTF-8.');
  }
}
