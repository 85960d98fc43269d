/**
 * Published calendars over HTTP: GET and HEAD of /feeds/{secret}/{name}.ics.
 * RFC 9110 §8.8 (validators), §13.1 (conditions), §15.4.5 (304); RFC 5545 §8.1 (text/calendar).
 * The secret is the key: no log-in, no cookies. Never compressed: a fetcher of Microsoft has refused that. A large calendar is
 * written piece by piece as its reader takes it.
 * Elsewhere: what is in it (src/calendar/feeds.ts), free/busy addresses.
 */
import { once } from 'node:events';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Feeds, OpenFeed } from '../../src/calendar/feeds.ts';
import { DomainError } from '../../src/errors.ts';
import { errorReplies } from '../error-replies.ts';

/** Characters that are held back before an answer begins without a length. */
const WHOLE = 256 * 1024;
const CONTENT_TYPE = 'text/calendar; charset=utf-8';

/** Registers the addresses of published calendars. */
export async function feeds(fastify: FastifyInstance, { service }: { service: Feeds }): Promise<void> {
  fastify.setErrorHandler((error, request, reply) => {
    const refusal = error instanceof DomainError ? errorReplies[error.code].dav.status : 500;
    if (refusal === 500) request.log.error({ err: error, id: request.id }, 'a feed failed');
    const sentence = error instanceof DomainError ? error.message : 'The server made a mistake.';
    return reply
      .code(refusal)
      .header('cache-control', 'no-store')
      .type('text/plain; charset=utf-8')
      .send(`${sentence}\n`);
  });
  fastify.route<{ Params: { token: string; name: string } }>({
    method: ['GET', 'HEAD'],
    url: '/feeds/:token/:name',
    exposeHeadRoute: false,
    config: { anonymous: true },
    async handler(request, reply) {
      const { token, name } = request.params;
      if (!name.endsWith('.ics')) throw new DomainError('not-found', 'There is no such published calendar.');
      const note = (status: number) =>
        service.noteFetch(token, {
          peer: request.peer.address,
          client: request.headers['user-agent'] ?? '',
          status,
        });
      const open = await service.open(token).catch((error: unknown) => {
        if (error instanceof DomainError && error.code === 'gone') note(errorReplies.gone.dav.status);
        throw error;
      });
      const unchanged = isUnchanged(request, open);
      note(unchanged ? 304 : 200);
      reply
        .header('etag', `"${open.etag}"`)
        .header('last-modified', new Date(open.modifiedAt).toUTCString())
        .header('cache-control', 'private, max-age=300')
        .header('x-robots-tag', 'noindex');
      if (unchanged) return reply.code(304).send();
      reply.header('content-type', CONTENT_TYPE);
      if (request.method === 'HEAD') return reply.send();
      return send(reply, service.content(open));
    },
  });
}

/** RFC 9110 §13.1.2 and §13.1.3: a tag decides alone where one is given. */
function isUnchanged({ headers }: FastifyRequest, { etag, modifiedAt }: OpenFeed): boolean {
  const tags = headers['if-none-match'];
  if (tags !== undefined)
    return tags.trim() === '*' || tags.split(',').some((tag) => tag.trim().replace(/^W\//, '') === `"${etag}"`);
  const since = Date.parse(headers['if-modified-since'] ?? '');
  return Math.floor(modifiedAt / 1000) * 1000 <= since;
}

async function send(reply: FastifyReply, content: AsyncGenerator<string>): Promise<FastifyReply> {
  let held = '';
  for (let piece = await content.next(); piece.done !== true; piece = await content.next()) {
    held += piece.value;
    if (held.length > WHOLE) return stream(reply, held, content);
  }
  return reply.send(held);
}

async function stream(reply: FastifyReply, held: string, rest: AsyncGenerator<string>): Promise<FastifyReply> {
  const { raw } = reply;
  reply.hijack();
  raw.writeHead(200, reply.getHeaders() as Record<string, string>);
  try {
    await write(raw, held);
    for await (const piece of rest) await write(raw, piece);
    raw.end();
  } catch (error) {
    // An answer that broke off must not look complete.
    if (!raw.destroyed) reply.log.error({ err: error, id: reply.request.id }, 'a feed broke off');
    raw.destroy();
  }
  return reply;
}

async function write(raw: FastifyReply['raw'], text: string): Promise<void> {
  if (raw.destroyed) throw new Error('the reader has gone');
  if (raw.write(text)) return;
  await Promise.race([once(raw, 'drain'), once(raw, 'close')]);
}
