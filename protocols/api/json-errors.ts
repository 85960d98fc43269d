/**
 * How the JSON API says no: `{"error": {"code", "message"}}` with the status of the error table.
 * RFC 9110 §15.5. Elsewhere: the table (protocols/error-replies.ts), the routes (beside this file).
 */
import type { FastifyError, FastifyInstance } from 'fastify';
import { DomainError } from '../../src/errors.ts';
import { errorReplies } from '../error-replies.ts';
import { loggableUrl } from '../http-log.ts';

declare module 'fastify' {
  interface FastifySchema {
    /** For descriptions of the API. */
    readonly tags?: readonly string[];
    readonly summary?: string;
  }
}

/** Octets of a JSON body. */
export const MAX_JSON = 64 * 1024;

/** Shape of every refusal, for descriptions of routes. */
export const errorSchema = {
  type: 'object',
  properties: {
    error: {
      type: 'object',
      properties: { code: { type: 'string' }, message: { type: 'string' } },
      required: ['code', 'message'],
    },
  },
  required: ['error'],
} as const;

/** Makes a plugin's routes answer errors in JSON, and keeps their answers out of caches. */
export function answerErrorsInJson(fastify: FastifyInstance): void {
  // What a form of another site could send without asking is no JSON.
  fastify.removeContentTypeParser('text/plain');
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (reply.getHeader('cache-control') === undefined) reply.header('cache-control', 'no-store');
    done();
  });
  fastify.setErrorHandler((error: FastifyError | DomainError, request, reply) => {
    if (error instanceof DomainError) {
      if (error.details.retryAfter !== undefined) reply.header('retry-after', error.details.retryAfter);
      return reply.code(errorReplies[error.code].json).send({ error: { code: error.code, message: error.message } });
    }
    const status = error.validation !== undefined ? 400 : (error.statusCode ?? 500);
    if (status >= 500)
      request.log.error(
        { err: error, id: request.id, method: request.method, url: loggableUrl(request.url) },
        'request failed',
      );
    const message = status >= 500 ? 'The server made a mistake.' : error.message;
    return reply.code(status).send({ error: { code: status >= 500 ? 'server-error' : 'invalid-request', message } });
  });
}
