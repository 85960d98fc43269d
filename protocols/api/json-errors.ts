/**
 * How the JSON API says no: problem details with the status of the error table.
 * RFC 9457, RFC 9110 §15.5. Elsewhere: the table (protocols/error-replies.ts), their form (problem.ts), the routes (beside this file).
 */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../../src/errors.ts';
import { errorReplies } from '../error-replies.ts';
import { loggableUrl } from '../http-log.ts';
import { Problem, sendProblem } from './problem.ts';
import { schemas } from './schemas.ts';
import { refusalOf } from './validation.ts';

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
export const errorSchema = schemas.Problem;

/** Makes a plugin's routes answer errors as problem details, and keeps their answers out of caches. */
export function answerErrorsInJson(fastify: FastifyInstance): void {
  // What a form of another site could send without asking is no JSON.
  fastify.removeContentTypeParser('text/plain');
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (reply.getHeader('cache-control') === undefined) reply.header('cache-control', 'no-store');
    done();
  });
  fastify.setErrorHandler(answerProblem(MAX_JSON));
}

/** The answer to an error, of routes whose bodies have at most `maxBody` octets. */
export function answerProblem(maxBody: number) {
  return (error: FastifyError | DomainError | Problem, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if (error instanceof Problem) return sendProblem(reply, error);
    if (error instanceof DomainError) {
      if (error.details.retryAfter !== undefined) reply.header('retry-after', error.details.retryAfter);
      return sendProblem(reply, new Problem(errorReplies[error.code].json, error.code, error.message));
    }
    if (error.validation !== undefined) {
      const missing = error.validationContext === 'body' && request.body === undefined;
      const noBody = new Problem(400, 'not-json', 'There is no body.');
      return sendProblem(reply, missing ? noBody : refusalOf(error.validation, error.validationContext));
    }
    const status = error.statusCode ?? 500;
    if (status === 413) return sendProblem(reply, new Problem(413, '', `A body has at most ${maxBody} octets.`));
    if (status === 415) return sendProblem(reply, new Problem(415, '', 'Send application/json in UTF-8.'));
    if (status === 400) return sendProblem(reply, new Problem(400, 'not-json', 'The body is not JSON in UTF-8.'));
    if (status >= 400 && status < 500)
      return sendProblem(reply, new Problem(status, '', 'The request is not acceptable.'));
    const { id, method, url } = request;
    request.log.error({ err: error, id, method, url: loggableUrl(url) }, 'request failed');
    return sendProblem(reply, new Problem(500, '', 'The server made a mistake.'));
  };
}
