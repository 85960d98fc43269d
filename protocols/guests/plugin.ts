/**
 * The page on which guests answer invitations, without a log-in: the link is the key.
 * GET and HEAD show and change nothing, because mail programs look at links in advance (RFC 9110 §9.2.1); buttons POST.
 * Elsewhere: the answers (src/scheduling/guest-answers.ts), the page (page.ts).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { findTimeZone } from '../../src/calendar/time-zones.ts';
import { DomainError } from '../../src/errors.ts';
import { GUEST_ANSWERS, type GuestAnswers } from '../../src/scheduling/guest-answers.ts';
import { languageOf } from '../../src/setup/guide.ts';
import { PAGE_POLICY } from '../html-page.ts';
import { invitationPage, type Sentence, sentencePage } from './page.ts';

const MAX_BODY = 16 * 1024;
const PATH = '/invitation/:token';

/** What went wrong, as a page. */
const SENTENCES: Readonly<Record<string, readonly [number, Sentence]>> = {
  'not-found': [404, 'gone'],
  'limit-exceeded': [429, 'many'],
  'invalid-data': [400, 'invalid'],
};

/** Registers /invitation. */
export async function guests(fastify: FastifyInstance, { answers }: { answers: GuestAnswers }): Promise<void> {
  const anonymous = { config: { anonymous: true }, bodyLimit: MAX_BODY };
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: MAX_BODY },
    (_request, body, done) => done(null, new URLSearchParams(String(body))),
  );
  fastify.setErrorHandler((error, request, reply) => {
    const known = error instanceof DomainError ? SENTENCES[error.code] : undefined;
    const [status, sentence] = known ?? [Number((error as { statusCode?: number }).statusCode ?? 500), 'invalid'];
    if (status >= 500) request.log.error({ err: error, id: request.id }, 'a guest’s answer failed');
    return html(reply.code(status), sentencePage(languageFor(request), sentence));
  });
  fastify.get<{ Params: { token: string }; Querystring: { zone?: unknown } }>(
    PATH,
    anonymous,
    async (request, reply) => {
      const { zone } = request.query;
      const known = typeof zone === 'string' ? findTimeZone(zone)?.id : undefined;
      return html(reply, invitationPage(languageFor(request), await answers.look(request.params.token), known));
    },
  );
  fastify.post<{ Params: { token: string }; Body: unknown }>(PATH, anonymous, async (request, reply) => {
    const { token } = request.params;
    const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
    const chosen = form.get('answer') ?? '';
    const comment = form.get('comment') ?? '';
    if (chosen === 'COUNTER') {
      await answers.propose(token, form.get('start') ?? '', comment);
      return html(reply, sentencePage(languageFor(request), 'sent', request.url));
    }
    const partstat = GUEST_ANSWERS.find((answer) => answer === chosen);
    if (partstat === undefined) throw new DomainError('invalid-data', 'There is no such answer.');
    await answers.answer(token, partstat, comment);
    // RFC 9110 §15.4.4: loading the page again does not answer again.
    return reply.code(303).header('location', request.url).header('cache-control', 'no-store').send();
  });
}

function languageFor(request: FastifyRequest) {
  return languageOf(request.headers['accept-language'] ?? '');
}

function html(reply: FastifyReply, text: string): FastifyReply {
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', PAGE_POLICY)
    .header('cache-control', 'no-store')
    .header('referrer-policy', 'no-referrer')
    .header('vary', 'accept-language')
    .send(text);
}
