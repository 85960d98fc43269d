/**
 * Published free/busy: GET and HEAD of /freebusy/ADDRESS.ifb (or .vfb), without a log-in, of those who chose "everyone".
 * RFC 5546 §3.3.1 (PUBLISH), RFC 5545 §3.6.4. Classic Outlook and others put the two parts of an address into such a URL.
 * Who does not publish looks like who does not exist. Elsewhere: whose and what (src/scheduling/free-busy.ts).
 */
import type { FastifyInstance } from 'fastify';
import { DAY } from '../../src/calendar/date-time.ts';
import { DomainError } from '../../src/errors.ts';
import { foldAddress } from '../../src/principals/addresses.ts';
import { printFreeBusy } from '../../src/scheduling/busy-periods.ts';
import type { FreeBusy } from '../../src/scheduling/free-busy.ts';
import { errorReplies } from '../error-replies.ts';

/** What is told, from the start of today. */
const PERIOD = 62 * DAY;
/** Octets of an address with its ending. */
const MAX_NAME = 400;

export interface FreeBusyAddressOptions {
  readonly freeBusy: FreeBusy;
  readonly now: () => number;
}

export async function freeBusyAddresses(
  fastify: FastifyInstance,
  { freeBusy, now }: FreeBusyAddressOptions,
): Promise<void> {
  fastify.setErrorHandler((error, request, reply) => {
    const status = error instanceof DomainError ? errorReplies[error.code].dav.status : 500;
    if (status === 500) request.log.error({ err: error }, 'published free/busy failed');
    const sentence = error instanceof DomainError ? error.message : 'The server made a mistake.';
    return reply
      .code(status)
      .header('cache-control', 'no-store')
      .type('text/plain; charset=utf-8')
      .send(`${sentence}\n`);
  });
  fastify.route<{ Params: { file: string } }>({
    method: ['GET', 'HEAD'],
    url: '/freebusy/:file',
    exposeHeadRoute: false,
    config: { anonymous: true },
    async handler({ params: { file } }, reply) {
      const address = file.length > MAX_NAME ? '' : foldAddress(/^(.+@.+)\.[iv]fb$/i.exec(file)?.[1] ?? '');
      const from = now() - (now() % DAY);
      const range = { from, until: from + PERIOD };
      const published = address === '' ? undefined : await freeBusy.publishedAt(address, range);
      if (published === undefined) throw new DomainError('not-found', 'Nobody publishes free/busy at this address.');
      const { principal, periods } = published;
      const body = printFreeBusy({
        range,
        periods,
        stamp: now(),
        icalUid: `freebusy-${principal.uuid}`,
        method: 'PUBLISH',
        properties: [['organizer', {}, 'unknown', `mailto:${address}`]],
      });
      return reply
        .header('content-type', 'text/calendar; charset=utf-8')
        .header('cache-control', 'public, max-age=300')
        .header('x-robots-tag', 'noindex')
        .send(body);
    },
  });
}
