/**
 * The description of the API: OpenAPI 3.1, served at /api/openapi.json.
 * Elsewhere: the schemas (schemas.ts), the operations themselves (scheduling.ts).
 */
import { packageVersion } from '../../src/package-root.ts';
import { type SchemaName, schemas } from './schemas.ts';

const json = (schema: SchemaName) => ({
  'application/json': { schema: { $ref: `#/components/schemas/${schema}` } },
});
const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

const operation = (id: string, summary: string, request: SchemaName, response: SchemaName) => ({
  operationId: id,
  summary,
  tags: ['scheduling'],
  requestBody: { required: true, content: json(request) },
  responses: {
    200: { description: 'The answer.', content: json(response) },
    400: problem('The body is not JSON.'),
    401: { description: 'Nobody is logged in.', content: { 'text/plain': { schema: { type: 'string' } } } },
    403: { description: 'A password without TLS.', content: { 'text/plain': { schema: { type: 'string' } } } },
    413: problem('The body is larger than 256 kB.'),
    415: problem('The body is not application/json in UTF-8.'),
    422: problem('The body is JSON, and not a request: every place that is wrong is named.'),
    429: { description: 'Too many failed log-ins.', content: { 'text/plain': { schema: { type: 'string' } } } },
  },
});

export function openApiDocument(): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Convene',
      version: packageVersion(),
      description: 'Who is busy when, and when people can meet. Log in with HTTP Basic, as for CalDAV.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    servers: [{ url: '/' }],
    security: [{ basic: [] }],
    tags: [{ name: 'scheduling', description: 'Free/busy and times to meet.' }],
    paths: {
      '/api/scheduling/suggestions': {
        post: operation(
          'suggestTimes',
          'Suggests times to meet, with reasons.',
          'SuggestionRequest',
          'SuggestionResponse',
        ),
      },
      '/api/scheduling/free-busy': {
        post: operation('readFreeBusy', 'Tells when people are busy.', 'FreeBusyRequest', 'FreeBusyResponse'),
      },
      '/api/openapi.json': {
        get: {
          operationId: 'describe',
          summary: 'This document.',
          tags: ['scheduling'],
          security: [],
          responses: {
            200: { description: 'OpenAPI 3.1.', content: { 'application/json': { schema: { type: 'object' } } } },
          },
        },
      },
    },
    components: { schemas, securitySchemes: { basic: { type: 'http', scheme: 'basic' } } },
  };
}
