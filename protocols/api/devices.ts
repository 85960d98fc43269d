/**
 * The JSON API of signing in: sessions, device passwords, the second factor, and what happened to the account.
 * RFC 6265 §4.1 (Set-Cookie). Sessions are for the web; programs use Basic with the chosen password when no second factor is on.
 * Elsewhere: who may pass (protocols/http-login.ts), the services (src/principals).
 */
import type { FastifyInstance } from 'fastify';
import QR from 'qr';
import type { AuditLog } from '../../src/administration/audit-log.ts';
import { DomainError } from '../../src/errors.ts';
import type { Authentication } from '../../src/principals/authentication.ts';
import { DEVICE_SCOPES, type DevicePasswords, type NewDevicePassword } from '../../src/principals/device-passwords.ts';
import type { SecondFactors } from '../../src/principals/second-factor.ts';
import type { Sessions } from '../../src/principals/sessions.ts';
import { type HttpLoginOptions, mayLogIn, sessionCookie, sessionOf } from '../http-login.ts';
import { answerErrorsInJson, errorSchema, MAX_JSON } from './json-errors.ts';
import { idOf, idParameters } from './values.ts';

export interface DevicesApiOptions {
  readonly config: HttpLoginOptions['config'];
  readonly authentication: Authentication;
  readonly sessions: Sessions;
  readonly devicePasswords: DevicePasswords;
  readonly secondFactors: SecondFactors;
  readonly audit: AuditLog;
}

const text = { type: 'string' } as const;
const texts = { type: 'array', items: text } as const;
const time = { type: ['integer', 'null'], description: 'Milliseconds since 1970-01-01T00:00:00Z; null for never.' };
const deviceProperties = {
  id: { type: 'integer' },
  name: text,
  scopes: texts,
  networks: texts,
  createdAt: { type: 'integer' },
  expiresAt: time,
  lastUsedAt: time,
  lastPeer: text,
  lastClient: text,
} as const;
const device = { type: 'object', properties: deviceProperties };
const codeBody = {
  type: 'object',
  properties: { code: { type: 'string', maxLength: 20 } },
  required: ['code'],
  additionalProperties: false,
};
const done = { 204: { type: 'null' }, '4xx': errorSchema };
const MAX_AUDIT = 200;

/** Registers /api/session, /api/device-passwords, /api/second-factor and /api/audit. */
export async function devicesApi(fastify: FastifyInstance, options: DevicesApiOptions): Promise<void> {
  answerErrorsInJson(fastify);
  addSessions(fastify, options);
  addDevicePasswords(fastify, options);
  addSecondFactor(fastify, options);
  fastify.get(
    '/api/audit',
    describe('Signing in', 'What happened to the own account lately', {
      response: {
        200: {
          type: 'array',
          items: {
            type: 'object',
            properties: { at: { type: 'integer' }, action: text, target: text, peer: text, details: text },
          },
        },
        '4xx': errorSchema,
      },
    }),
    (request) => options.audit.last(request.principal.name, MAX_AUDIT),
  );
}

function describe(tag: string, summary: string, schema: object) {
  return { schema: { tags: [tag], summary, ...schema }, bodyLimit: MAX_JSON };
}

function addSessions(fastify: FastifyInstance, { config, authentication, sessions }: DevicesApiOptions): void {
  const session = { type: 'object', properties: { name: text, csrf: text } };
  fastify.post<{ Body: { name: string; password: string; code?: string } }>(
    '/api/session',
    {
      ...describe('Signing in', 'Start a session', {
        body: {
          type: 'object',
          properties: {
            name: { type: 'string', maxLength: 320 },
            password: { type: 'string', maxLength: 4_096 },
            code: { type: 'string', maxLength: 20 },
          },
          required: ['name', 'password'],
          additionalProperties: false,
        },
        response: { 201: session, '4xx': errorSchema },
      }),
      config: { anonymous: true },
    },
    async (request, reply) => {
      const { peer } = request;
      if (!mayLogIn(peer, config))
        throw new DomainError('encryption-required', 'A password is taken over TLS only; use https.');
      const { name, password, code } = request.body;
      const client = request.headers['user-agent'];
      const principal = await authentication.signIn({ name, password, peer: peer.address, client }, code);
      // A new secret at each sign-in; what the browser had before ends with it.
      const before = sessionOf(request);
      if (before !== undefined) sessions.end(before);
      const { id, csrf } = sessions.start(principal);
      return reply.code(201).header('set-cookie', sessionCookie(id)).send({ name: principal.name, csrf });
    },
  );
  fastify.delete('/api/session', describe('Signing in', 'End the session', { response: done }), (request, reply) => {
    const id = sessionOf(request);
    if (id !== undefined) sessions.end(id);
    return reply.code(204).header('set-cookie', sessionCookie(undefined)).send();
  });
}

function addDevicePasswords(fastify: FastifyInstance, { devicePasswords }: DevicesApiOptions): void {
  const tag = 'Device passwords';
  fastify.get(
    '/api/device-passwords',
    describe(tag, 'List own device passwords', {
      response: { 200: { type: 'array', items: device }, '4xx': errorSchema },
    }),
    (request) => devicePasswords.list(request.principal),
  );
  fastify.post<{ Body: NewDevicePassword }>(
    '/api/device-passwords',
    describe(tag, 'Make a device password; it is shown only in this answer', {
      body: {
        type: 'object',
        properties: {
          name: text,
          scopes: { type: 'array', items: { type: 'string', enum: [...DEVICE_SCOPES] } },
          networks: texts,
          expiresAt: time,
        },
        required: ['name'],
        additionalProperties: false,
      },
      response: {
        201: {
          type: 'object',
          properties: {
            ...deviceProperties,
            password: text,
            qr: { type: 'string', description: 'The password as SVG.' },
          },
        },
        '4xx': errorSchema,
      },
    }),
    async (request, reply) => {
      const made = await devicePasswords.create(request.principal, request.body);
      reply.code(201);
      return { ...made, qr: QR(made.password, 'svg') };
    },
  );
  fastify.delete<{ Params: { id: string } }>(
    '/api/device-passwords/:id',
    describe(tag, 'Revoke a device password', { params: idParameters, response: done }),
    async (request, reply) => {
      await devicePasswords.revoke(request.principal, idOf(request));
      return reply.code(204).send();
    },
  );
}

function addSecondFactor(
  fastify: FastifyInstance,
  { authentication, secondFactors, sessions, audit }: DevicesApiOptions,
): void {
  const tag = 'Second factor';
  fastify.get(
    '/api/second-factor',
    describe(tag, 'Whether codes are asked for', {
      response: { 200: { type: 'object', properties: { on: { type: 'boolean' } } }, '4xx': errorSchema },
    }),
    async (request) => ({ on: await secondFactors.isOn(request.principal.id) }),
  );
  fastify.post(
    '/api/second-factor',
    describe(tag, 'Make a secret; it counts once a code confirmed it', {
      response: { 201: { type: 'object', properties: { secret: text, uri: text, qr: text } }, '4xx': errorSchema },
    }),
    async (request, reply) => {
      const made = await secondFactors.begin(request.principal);
      reply.code(201);
      return { ...made, qr: QR(made.uri, 'svg') };
    },
  );
  fastify.post<{ Body: { code: string } }>(
    '/api/second-factor/confirm',
    describe(tag, 'Turn the second factor on with its first code', { body: codeBody, response: done }),
    async (request, reply) => {
      const { principal } = request;
      if (!(await secondFactors.confirm(principal.id, request.body.code)))
        throw new DomainError('forbidden', 'The code is wrong.');
      // Whatever is logged in with the chosen password has to prove itself again, but for the session that asked.
      authentication.forget(principal.id);
      await audit.record({ actor: principal.name, action: 'second-factor.on', peer: request.peer.address });
      const had = sessionOf(request);
      if (had !== undefined) reply.header('set-cookie', sessionCookie(sessions.start(principal).id));
      return reply.code(204).send();
    },
  );
  fastify.delete<{ Body: { code: string; password: string } }>(
    '/api/second-factor',
    describe(tag, 'Turn the second factor off; needs password and code again', {
      body: {
        ...codeBody,
        properties: { ...codeBody.properties, password: { type: 'string', maxLength: 4_096 } },
        required: ['code', 'password'],
      },
      response: done,
    }),
    async (request, reply) => {
      const { principal } = request;
      const { code, password } = request.body;
      await authentication.signIn({ name: principal.name, password, peer: request.peer.address }, code);
      await secondFactors.remove(principal.id);
      authentication.forget(principal.id);
      await audit.record({ actor: principal.name, action: 'second-factor.off', peer: request.peer.address });
      return reply.code(204).header('set-cookie', sessionCookie(undefined)).send();
    },
  );
}
