/**
 * The JSON API of published calendars: /api/feeds.
 * Each route describes itself by its schema. Elsewhere: the service (src/calendar/feeds.ts), the links themselves (protocols/feeds).
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { FEED_LEVELS, type Feeds, type NewLink } from '../../src/calendar/feeds.ts';
import type { FeedLevel } from '../../storage/store.ts';
import { answerErrorsInJson, errorSchema, MAX_JSON } from './json-errors.ts';
import { idOf, idParameters } from './values.ts';

const level = { type: 'string', enum: [...FEED_LEVELS] };
const time = { type: ['integer', 'null'], description: 'Milliseconds since 1970-01-01T00:00:00Z; null for never.' };
const recordProperties = {
  id: { type: 'integer' },
  name: { type: 'string' },
  calendar: { type: 'string', description: 'Last segment of the path of the calendar.' },
  level,
  state: { type: 'string', enum: ['open', 'expired', 'revoked'] },
  createdAt: { type: 'integer' },
  expiresAt: time,
  fetches: { type: 'integer' },
} as const;
const record = { type: 'object', properties: recordProperties };
const link = {
  type: 'object',
  properties: {
    ...recordProperties,
    url: { type: 'string', description: 'The link. It cannot be shown again, only replaced.' },
    webcal: { type: 'string' },
  },
};
const fetches = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      at: { type: 'integer' },
      peer: { type: 'string' },
      client: { type: 'string' },
      status: { type: 'integer' },
    },
  },
};

type ById = { Params: { id: string } };

/** Registers /api/feeds. */
export async function feedsApi(fastify: FastifyInstance, { service }: { service: Feeds }): Promise<void> {
  answerErrorsInJson(fastify);
  const describe = (summary: string, rest: object = {}) => ({
    schema: { tags: ['Published calendars'], summary, ...rest },
    bodyLimit: MAX_JSON,
  });
  fastify.get(
    '/api/feeds',
    describe('List the links to own calendars', {
      response: { 200: { type: 'array', items: record }, '4xx': errorSchema },
    }),
    (request) => service.list(request.principal),
  );
  fastify.post<{ Body: { calendar: string; level: FeedLevel; name?: string; expiresAt?: number | null } }>(
    '/api/feeds',
    describe('Publish a calendar', {
      body: {
        type: 'object',
        properties: { calendar: { type: 'string' }, level, name: { type: 'string' }, expiresAt: time },
        required: ['calendar', 'level'],
        additionalProperties: false,
      },
      response: { 201: link, '4xx': errorSchema },
    }),
    async (request, reply) => {
      reply.code(201);
      return withUrls(request, await service.create(request.principal, request.body));
    },
  );
  fastify.patch<ById & { Body: { name?: string; level?: FeedLevel; expiresAt?: number | null } }>(
    '/api/feeds/:id',
    describe('Change name, level or end of a link', {
      params: idParameters,
      body: {
        type: 'object',
        properties: { name: { type: 'string' }, level, expiresAt: time },
        additionalProperties: false,
      },
      response: { 200: record, '4xx': errorSchema },
    }),
    (request) => service.change(request.principal, idOf(request), request.body),
  );
  fastify.post<ById>(
    '/api/feeds/:id/rotate',
    describe('Replace a link; the old one is gone', {
      params: idParameters,
      response: { 200: link, '4xx': errorSchema },
    }),
    async (request) => withUrls(request, await service.rotate(request.principal, idOf(request))),
  );
  fastify.delete<ById>(
    '/api/feeds/:id',
    describe('Revoke a link', { params: idParameters, response: { 204: { type: 'null' }, '4xx': errorSchema } }),
    async (request, reply) => {
      await service.revoke(request.principal, idOf(request));
      return reply.code(204).send();
    },
  );
  fastify.get<ById>(
    '/api/feeds/:id/fetches',
    describe('Who fetched a link lately', { params: idParameters, response: { 200: fetches, '4xx': errorSchema } }),
    (request) => service.fetches(request.principal, idOf(request)),
  );
}

function withUrls(request: FastifyRequest, made: NewLink) {
  const { path, ...rest } = made;
  const url = `${request.publicOrigin}${path}`;
  return { ...rest, url, webcal: url.replace(/^https?:/, 'webcal:') };
}
