/**
 * The JSON API of what the person logged in deleted and can have back: /api/deleted.
 * Elsewhere: the service (src/collections/restoring.ts).
 */
import type { FastifyInstance } from 'fastify';
import type { RestoringDeleted } from '../../src/collections/restoring.ts';
import { answerErrorsInJson, errorSchema, MAX_JSON } from './json-errors.ts';
import { idOf, idParameters } from './values.ts';

const time = { type: 'integer', description: 'Milliseconds since 1970-01-01T00:00:00Z.' };
const list = {
  type: 'object',
  properties: {
    items: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          id: { type: 'integer' },
          kind: { type: 'string', enum: ['calendar-object', 'card'] },
          name: { type: 'string', description: 'Last segment of its path.' },
          uid: { type: 'string' },
          deletedAt: time,
        },
      },
    },
    collections: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          id: { type: 'integer' },
          kind: { type: 'string' },
          place: { type: 'string', description: 'calendars/work' },
          deletedAt: time,
        },
      },
    },
  },
};
const restored = {
  type: 'object',
  properties: {
    place: { type: 'string', description: 'Where it is now.' },
    result: { type: 'string', enum: ['added', 'replaced', 'same'] },
  },
};

/** Registers /api/deleted. */
export async function deletedApi(fastify: FastifyInstance, { service }: { service: RestoringDeleted }): Promise<void> {
  answerErrorsInJson(fastify);
  const describe = (summary: string, rest: object) => ({
    schema: { tags: ['Deleted'], summary, ...rest },
    bodyLimit: MAX_JSON,
  });
  fastify.get(
    '/api/deleted',
    describe('What can be had back', { response: { 200: list, '4xx': errorSchema } }),
    (request) => service.list(request.principal),
  );
  fastify.post<{ Params: { id: string } }>(
    '/api/deleted/items/:id/restore',
    describe('Put an event, task or contact back, silently', {
      params: idParameters,
      response: { 200: restored, '4xx': errorSchema },
    }),
    (request) => service.restoreItem(request.principal, idOf(request)),
  );
  fastify.post<{ Params: { id: string } }>(
    '/api/deleted/collections/:id/restore',
    describe('Put a calendar or address book back with all that was in it', {
      params: idParameters,
      response: { 200: restored, '4xx': errorSchema },
    }),
    (request) => service.restoreCollection(request.principal, idOf(request)),
  );
}
