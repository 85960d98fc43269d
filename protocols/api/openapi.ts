/**
 * The description of the API: OpenAPI 3.1, served at /api/openapi.json.
 * Scheduling is described here, all other routes by the schemas they are registered with.
 * Elsewhere: the schemas of scheduling (schemas.ts), the operations themselves (beside this file).
 */
import type { FastifyInstance, RouteOptions } from 'fastify';
import { packageVersion } from '../../src/package-root.ts';
import { SESSION_COOKIE } from '../http-login.ts';
import { type SchemaName, schemas } from './schemas.ts';

const json = (schema: SchemaName) => ({
  'application/json': { schema: { $ref: `#/components/schemas/${schema}` } },
});
const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

const text = (description: string) => ({ description, content: { 'text/plain': { schema: { type: 'string' } } } });
const ABOUT_LOGIN = {
  401: text('Nobody is logged in.'),
  403: text('A password without TLS.'),
  429: text('Too many failed log-ins.'),
};
const ABOUT_BODY = {
  400: problem('The body is not JSON.'),
  413: problem('The body is larger than 256 kB.'),
  415: problem('The body is not application/json in UTF-8.'),
  422: problem('The body is JSON, and not a request: every place that is wrong is named.'),
};

/** An operation; without `request` it has no body. */
const operation = (id: string, summary: string, response: SchemaName, request?: SchemaName) => ({
  operationId: id,
  summary,
  tags: ['scheduling'],
  ...(request === undefined ? {} : { requestBody: { required: true, content: json(request) } }),
  responses: {
    200: { description: 'The answer.', content: json(response) },
    ...ABOUT_LOGIN,
    ...(request === undefined ? {} : ABOUT_BODY),
  },
});

/** A route of the API with tags and a summary. */
export interface DescribedRoute {
  readonly method: string;
  readonly url: string;
  readonly anonymous: boolean;
  readonly schema: NonNullable<RouteOptions['schema']>;
}

/** Notes the routes that describe themselves, of every plugin that is registered afterwards. */
export function describedRoutes(fastify: FastifyInstance): readonly DescribedRoute[] {
  const routes: DescribedRoute[] = [];
  fastify.addHook('onRoute', ({ method, url, schema, config }) => {
    if (schema?.tags === undefined || !url.startsWith('/api/')) return;
    const anonymous = config?.anonymous === true;
    for (const one of Array.isArray(method) ? method : [method])
      if (one !== 'HEAD') routes.push({ method: one.toLowerCase(), url, anonymous, schema });
  });
  return routes;
}

/** What a route says of itself, as operations by path and method. */
function pathsOf(routes: readonly DescribedRoute[]): Record<string, Record<string, object>> {
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, url, anonymous, schema } of routes) {
    const path = url.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [method]: operationOf(schema, anonymous) };
  }
  return paths;
}

/** What a schema of parameters lists, as OpenAPI describes parameters. */
function parametersOf(schema: unknown, place: 'path' | 'query'): object[] {
  const { properties = {}, required = [] } = (schema ?? {}) as { properties?: object; required?: readonly string[] };
  return Object.entries(properties).map(([name, one]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: one,
  }));
}

function operationOf(schema: DescribedRoute['schema'], anonymous: boolean): object {
  const { tags, summary, params, querystring, body, response } = schema;
  const parameters = [...parametersOf(params, 'path'), ...parametersOf(querystring, 'query')];
  const answers = Object.entries((response ?? {}) as Record<string, { type?: string }>);
  return {
    tags,
    summary,
    ...(anonymous ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: Object.fromEntries(
      answers.map(([status, answer]) => {
        if (/^4/.test(status)) return [status.toUpperCase(), problem('Refused.')];
        const content = answer.type === 'null' ? {} : { content: { 'application/json': { schema: answer } } };
        return [status, { description: 'Done.', ...content }];
      }),
    ),
  };
}

const securitySchemes = {
  basic: { type: 'http', scheme: 'basic' },
  session: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE },
  csrf: { type: 'apiKey', in: 'header', name: 'X-CSRF-Token' },
};

export function openApiDocument(described: readonly DescribedRoute[]): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Convene',
      version: packageVersion(),
      description:
        'What no standard covers: times to meet, links, devices, what was deleted. Log in with HTTP Basic, as for CalDAV; ' +
        'whoever has a second factor begins a session at /api/session, and sends its `csrf` with each request that changes something.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    servers: [{ url: '/' }],
    security: [{ basic: [] }, { session: [], csrf: [] }],
    tags: [...new Set(['scheduling', ...described.flatMap(({ schema }) => schema.tags ?? [])])].map((name) => ({
      name,
    })),
    paths: {
      ...pathsOf(described),
      '/api/scheduling/suggestions': {
        post: operation(
          'suggestTimes',
          'Suggests times to meet, with reasons.',
          'SuggestionResponse',
          'SuggestionRequest',
        ),
      },
      '/api/scheduling/free-busy': {
        post: operation('readFreeBusy', 'Tells when people are busy.', 'FreeBusyResponse', 'FreeBusyRequest'),
      },
      '/api/scheduling/sharing': {
        get: operation('readSharing', 'Tells who may ask when one is busy.', 'FreeBusySharing'),
        put: operation('changeSharing', 'Says who may ask when one is busy.', 'FreeBusySharing', 'FreeBusySharing'),
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
    components: { schemas, securitySchemes },
  };
}
