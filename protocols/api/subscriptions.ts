/**
 * The JSON API of subscribed calendars: /api/subscriptions.
 * Elsewhere: the service (src/calendar/subscriptions.ts).
 */
import type { FastifyInstance } from 'fastify';
import type { NewSubscription, Subscriptions } from '../../src/calendar/subscriptions.ts';
import { answerErrorsInJson, errorSchema, MAX_JSON } from './json-errors.ts';

const time = { type: ['integer', 'null'], description: 'Milliseconds since 1970-01-01T00:00:00Z.' };
const record = {
  type: 'object',
  properties: {
    id: { type: 'integer' },
    segment: { type: 'string', description: 'Last segment of the path of the calendar.' },
    url: { type: 'string' },
    everyMinutes: { type: 'integer' },
    fetchedAt: time,
    changedAt: time,
    nextFetchAt: time,
    failures: { type: 'integer' },
    error: { type: 'string', description: 'Why the last fetch failed; empty when it did not.' },
  },
};
const params = { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] };
type ById = { Params: { id: number } };

/** Registers /api/subscriptions. */
export async function subscriptionsApi(
  fastify: FastifyInstance,
  { service }: { service: Subscriptions },
): Promise<void> {
  answerErrorsInJson(fastify);
  const describe = (summary: string, rest: object) => ({
    schema: { tags: ['Subscribed calendars'], summary, ...rest },
    bodyLimit: MAX_JSON,
  });
  fastify.get(
    '/api/subscriptions',
    describe('List own subscriptions and their state', {
      response: { 200: { type: 'array', items: record }, '4xx': errorSchema },
    }),
    (request) => service.list(request.principal),
  );
  fastify.post<{ Body: NewSubscription }>(
    '/api/subscriptions',
    describe('Subscribe to a calendar of another server', {
      body: {
        type: 'object',
        properties: {
          url: { type: 'string' },
          name: { type: 'string', maxLength: 255 },
          everyMinutes: { type: 'integer', minimum: 15, maximum: 10_080 },
        },
        required: ['url'],
        additionalProperties: false,
      },
      response: { 201: record, '4xx': errorSchema },
    }),
    async (request, reply) => {
      reply.code(201);
      return service.add(request.principal, request.body);
    },
  );
  fastify.post<ById>(
    '/api/subscriptions/:id/refresh',
    describe('Fetch now', { params, response: { 200: record, '4xx': errorSchema } }),
    (request) => service.refreshNow(request.principal, request.params.id),
  );
  fastify.delete<ById>(
    '/api/subscriptions/:id',
    describe('End a subscription', { params, response: { 204: { type: 'null' }, '4xx': errorSchema } }),
    async (request, reply) => {
      await service.remove(request.principal, request.params.id);
      return reply.code(204).send();
    },
  );
}
