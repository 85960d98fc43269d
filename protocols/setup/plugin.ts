/**
 * Where programs and people look for how to set up a client: autoconfig, autodiscover, configuration profiles, /setup.
 * Everything is told without a log-in and alike for every address; only a one-time link tells more.
 * Elsewhere: what is told (src/setup), the pages (page.ts).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../../src/errors.ts';
import { accountProfile, subscriptionProfile } from '../../src/setup/apple-profile.ts';
import { autoconfig } from '../../src/setup/autoconfig.ts';
import { autodiscover, autodiscoverError, autodiscoverJson, readAutodiscover } from '../../src/setup/autodiscover.ts';
import { DEVICES, deviceName, deviceOf, LANGUAGES, languageOf } from '../../src/setup/guide.ts';
import type { Services } from '../../src/setup/service-records.ts';
import type { SetupLinks } from '../../src/setup/setup-links.ts';
import { errorReplies } from '../error-replies.ts';
import { PAGE_POLICY } from '../html-page.ts';
import { guidePage, linkPage, preparedPage, sentencePage } from './page.ts';

export interface SetupOptions {
  readonly links: SetupLinks;
  readonly services: () => Services;
  /** Domains of this server, the first one the default. */
  readonly domains: () => Promise<readonly string[]>;
  /** Signs a profile; undefined when there is no certificate that devices trust. */
  readonly sign: (profile: Buffer) => Buffer | undefined;
  readonly now: () => number;
}

const MAX_BODY = 64 * 1024;
const PROFILE_TYPE = 'application/x-apple-aspen-config';

/** Registers all of it. */
export async function setup(fastify: FastifyInstance, options: SetupOptions): Promise<void> {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'string', bodyLimit: MAX_BODY }, (_request, body, done) =>
    done(null, body),
  );
  fastify.setErrorHandler((error, request, reply) => {
    const known = error instanceof DomainError;
    const status = known
      ? errorReplies[error.code].dav.status
      : Number((error as { statusCode?: number }).statusCode ?? 500);
    if (status >= 500) request.log.error({ err: error, id: request.id }, 'set-up failed');
    const sentence = known ? error.message : 'This did not work.';
    return html(reply.code(status), sentencePage(languageFor(request), sentence));
  });
  addAutoconfig(fastify, options);
  addAutodiscover(fastify, options);
  addPages(fastify, options);
}

const anonymous = { config: { anonymous: true }, bodyLimit: MAX_BODY };

function addAutoconfig(fastify: FastifyInstance, { services, domains }: SetupOptions): void {
  for (const url of ['/mail/config-v1.1.xml', '/.well-known/autoconfig/mail/config-v1.1.xml'])
    fastify.get<{ Querystring: { emailaddress?: string } }>(url, anonymous, async (request, reply) => {
      const asked = request.query.emailaddress?.split('@').at(-1)?.toLowerCase();
      const own = await domains();
      const domain = asked === undefined ? own[0] : own.find((name) => name === asked);
      if (domain === undefined) throw new DomainError('not-found', 'This server has no such domain.');
      return reply.type('text/xml; charset=utf-8').send(autoconfig(domain, services()));
    });
}

function addAutodiscover(fastify: FastifyInstance, { services, domains, now }: SetupOptions): void {
  const anyCase = [...'autodiscover'].map((letter) => `[${letter}${letter.toUpperCase()}]`).join('');
  fastify.route<{ Body: unknown; Params: { '*': string }; Querystring: Record<string, string> }>({
    ...anonymous,
    method: ['GET', 'POST'],
    url: `/:folder(^${anyCase}$)/*`,
    exposeHeadRoute: false,
    async handler(request, reply) {
      const file = request.params['*'].toLowerCase();
      if (/^autodiscover\.json(\/v1\.0\/|$)/.test(file)) {
        const protocol = Object.entries(request.query).find(([name]) => name.toLowerCase() === 'protocol')?.[1];
        const { status, body } = autodiscoverJson(String(protocol ?? ''), services().origin);
        return reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body));
      }
      if (file !== 'autodiscover.xml') throw new DomainError('not-found', 'There is nothing at this address.');
      const asked = typeof request.body === 'string' ? readAutodiscover(request.body) : undefined;
      const own = await domains();
      const known = asked !== undefined && own.includes(asked.address.split('@').at(-1)?.toLowerCase() ?? '');
      const text = known ? autodiscover(asked.address, services()) : autodiscoverError(now());
      return reply.type('application/xml; charset=utf-8').header('cache-control', 'private').send(text);
    },
  });
}

function addPages(fastify: FastifyInstance, { links, services, sign }: SetupOptions): void {
  fastify.get('/setup', anonymous, (request, reply) => html(reply, guidePage(optionsFor(request, services()))));
  fastify.get<{ Params: { token: string } }>('/setup/link/:token', anonymous, async (request, reply) => {
    const { addresses, name } = await links.look(request.params.token);
    return html(reply, linkPage(languageFor(request), addresses[0] ?? name));
  });
  fastify.post<{ Params: { token: string } }>('/setup/link/:token', anonymous, async (request, reply) => {
    const options = optionsFor(request, services());
    const device = deviceName(deviceOf(request.headers['user-agent'] ?? ''), 'en');
    const made = await links.use(request.params.token, device, request.peer.address);
    const address = made.principal.addresses[0] ?? made.principal.name;
    const path = `/setup/profile/${made.profileToken}/convene.mobileconfig`;
    return html(reply, preparedPage(options, address, made.password, path));
  });
  fastify.get<{ Params: { token: string } }>(
    '/setup/profile/:token/convene.mobileconfig',
    anonymous,
    async (request, reply) => {
      const { uuid, displayName, addresses, name } = links.profileOwner(request.params.token);
      const owner = { uuid, displayName, address: addresses[0] ?? name };
      return sendProfile(reply, accountProfile(owner, services()), sign);
    },
  );
  // The secret of the link is the key here too; whether it is open is seen when the calendar is fetched.
  fastify.get<{ Params: { token: string; name: string } }>(
    '/feeds/:token/:name/subscribe.mobileconfig',
    anonymous,
    async (request, reply) => {
      const { token, name } = request.params;
      if (!/^[A-Za-z0-9_-]{22}$/.test(token) || !/^[A-Za-z0-9._-]{1,64}\.ics$/.test(name))
        throw new DomainError('not-found', 'There is no such published calendar.');
      const url = `${services().origin}/feeds/${token}/${name}`;
      return sendProfile(reply, subscriptionProfile(url, name.replace(/\.ics$/, '')), sign);
    },
  );
}

function sendProfile(reply: FastifyReply, profile: string, sign: SetupOptions['sign']): FastifyReply {
  const plain = Buffer.from(profile);
  return reply
    .type(PROFILE_TYPE)
    .header('content-disposition', 'attachment; filename="convene.mobileconfig"')
    .header('cache-control', 'no-store')
    .send(sign(plain) ?? plain);
}

function optionsFor(request: FastifyRequest, services: Services) {
  const { device } = request.query as { device?: string };
  const known = DEVICES.find((name) => name === device) ?? deviceOf(request.headers['user-agent'] ?? '');
  return { language: languageFor(request), device: known, services };
}

function languageFor(request: FastifyRequest) {
  const { lang } = (request.query ?? {}) as { lang?: string };
  return LANGUAGES.find((language) => language === lang) ?? languageOf(request.headers['accept-language'] ?? '');
}

function html(reply: FastifyReply, text: string): FastifyReply {
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', PAGE_POLICY)
    .header('cache-control', 'no-store')
    .header('vary', 'accept-language, user-agent')
    .send(text);
}
