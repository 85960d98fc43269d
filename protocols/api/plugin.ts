/**
 * The JSON API as a Fastify plugin: its routes, the one place where its errors become answers, and its description.
 * RFC 9457 (errors), RFC 8259 §8.1 (UTF-8), RFC 9110 §15.5.6 (Allow), OpenAPI 3.1.
 * Authentication has happened before (src/http.ts). Elsewhere: the operations (scheduling.ts), validation (validation.ts).
 */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../../src/errors.ts';
import { Directory } from '../../src/principals/directory.ts';
import type { FreeBusy } from '../../src/scheduling/free-busy.ts';
import type { SlotSuggestions } from '../../src/scheduling/suggestions.ts';
import type { Store } from '../../storage/store.ts';
import { errorReplies } from '../error-replies.ts';
import { openApiDocument } from './openapi.ts';
import { Problem, sendProblem } from './problem.ts';
import { type FreeBusyBody, readFreeBusy, type SuggestionBody, suggest } from './scheduling.ts';
import { type SchemaName, schemas } from './schemas.ts';
import { refusalOf } from './validation.ts';

/** Octets of a body. */
const MAX_BODY = 256 * 1024;
const POST_PATHS = ['/api/scheduling/suggestions', '/api/scheduling/free-busy'] as const;
const DESCRIPTION = '/api/openapi.json';

export interface ApiServices {
  readonly store: Store;
  readonly freeBusy: FreeBusy;
  readonly suggestions: SlotSuggestions;
}

export async function api(fastify: FastifyInstance, { store, freeBusy, suggestions }: ApiServices): Promise<void> {
  const directory = new Directory(store);
  const description = JSON.stringify(openApiDocument());

  fastify.addSchema({ $id: 'convene', components: { schemas } });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) =>
    jsonOf(request, body),
  );
  fastify.setErrorHandler(answerError);

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
  fastify.get(DESCRIPTION, { config: { anonymous: true } }, (_request, reply) =>
    reply
      .header('content-type', 'application/json; charset=utf-8')
      .header('cache-control', 'no-cache')
      .send(description),
  );
  for (const url of POST_PATHS)
    fastify.route({ method: ['GET', 'PUT', 'DELETE', 'PATCH'], url, ...limits, handler: refusesAllBut('POST') });
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
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new Problem(400, 'not-json', 'The body is not JSON in UTF-8.');
  }
}

function answerError(
  error: FastifyError | DomainError | Problem,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (error instanceof Problem) return sendProblem(reply, error);
  if (error instanceof DomainError) {
    if (error.details.retryAfter !== undefined) reply.header('retry-after', error.details.retryAfter);
    return sendProblem(reply, new Problem(errorReplies[error.code].json, error.code, error.message));
  }
  if (error.validation !== undefined)
    return sendProblem(
      reply,
      request.body === undefined ? new Problem(400, 'not-json', 'There is no body.') : refusalOf(error.validation),
    );
  const status = error.statusCode ?? 500;
  if (status === 413) return sendProblem(reply, new Problem(413, '', `A body has at most ${MAX_BODY} octets.`));
  if (status >= 400 && status < 500)
    return sendProblem(reply, new Problem(status, '', 'The request is not acceptable.'));
  request.log.error({ err: error, method: request.method, url: request.url }, 'request failed');
  return sendProblem(reply, new Problem(500, '', 'The server made a mistake.'));
}
