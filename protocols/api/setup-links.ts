/** The JSON API of one-time set-up links: /api/setup-links. Elsewhere: their pages (protocols/setup). */
import type { FastifyInstance } from 'fastify';
import QR from 'qr';
import type { Services } from '../../src/setup/service-records.ts';
import type { SetupLinks } from '../../src/setup/setup-links.ts';
import { answerErrorsInJson, errorSchema, MAX_JSON } from './json-errors.ts';

/** Registers /api/setup-links. */
export async function setupLinksApi(
  fastify: FastifyInstance,
  { links, services }: { links: SetupLinks; services: () => Services },
): Promise<void> {
  answerErrorsInJson(fastify);
  const text = { type: 'string' };
  fastify.post(
    '/api/setup-links',
    {
      schema: {
        tags: ['Device passwords'],
        summary: 'Make a link that sets up one device, once',
        response: {
          201: { type: 'object', properties: { url: text, qr: text, expiresAt: { type: 'integer' } } },
          '4xx': errorSchema,
        },
      },
      bodyLimit: MAX_JSON,
    },
    async (request, reply) => {
      const { path, expiresAt } = await links.create(request.principal);
      const url = `${services().origin}${path}`;
      reply.code(201);
      return { url, expiresAt, qr: QR(url, 'svg') };
    },
  );
}
